/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events taken and not yet answered. */
#ifndef XMEM_EVENTS_INT_H
#define XMEM_EVENTS_INT_H

#include "events/events.h"
#include "events/step-state.h"
#include "ring/ring.h"
#include "session/session.h"

/* More than the slots, used in turn: a second answer is told apart for a while. */
#define EVENT_POOL 32u

enum event_state {
    EVENT_FREE = 0,
    EVENT_HELD,
    EVENT_ANSWERED,
    EVENT_LATER, /* answered by the caller; it waits */
    EVENT_OWN,   /* the session's own: to be given to the caller next */
};

struct event {
    struct xmem_event pub; /* first: the caller's pointer is ours */
    struct ring_request req;
    uint8_t state; /* enum event_state */
    uint16_t home; /* view in which the vCPU belongs */
    bool moved;    /* there by a switch of all vCPUs, after its request */
    bool strict;   /* to be stepped over only by what nobody else passes beside */
    bool saved;    /* head and data are here: the slot may have gone to another answer */
    struct ring_head head;
    _Alignas(8) uint8_t data[RING_DATA_MAX];
} __attribute__((aligned(512))); /* so that a caller's pointer is checked without a division */
_Static_assert(sizeof(struct event) == 512, "one power of two");

/* What an answer says beyond the echo of the request. */
struct answer {
    uint32_t flags;     /* RING_FLAG_*, beside VCPU_PAUSED */
    uint16_t view;      /* with ALTERNATE_P2M */
    uint16_t step_view; /* with FAST_SINGLESTEP */
    uint32_t reason;    /* instead of the request's; 0: that one */
    const void *data;   /* or NULL */
    size_t bytes;
};

/* What an answer has to say for those above: of a vCPU with attention, for its step's sake. */
struct events_above {
    void (*answer)(struct xmem_domain *d, struct event *ev, struct answer *a);
};

struct events {
    struct ring ring;
    const struct events_above *above;
    struct arena_list monitors; /* as in the ledger */
    bool
        step_monitor_user; /* single step, monitored by the caller; led.step_monitor: by the library */
    bool emul_monitor_user; /* instructions that cannot be emulated, likewise */
    bool broken;            /* the ring held garbage: not looked at again */
    bool parking;           /* vCPUs with an event are to be parked */
    bool died_told;         /* the caller knows */
    bool owed;              /* a notification that failed */
    struct event *pool;     /* EVENT_POOL of them */
    uint32_t next;          /* to be used next */
    uint32_t held;
    struct event *owner[RING_SLOTS_MAX]; /* whose request the slot holds */
    uint64_t seq;
    uint32_t own_n; /* in state EVENT_OWN */
    struct xmem_event died;
    bool switched; /* all vCPUs, to switched_to; requests before switched_at are older */
    uint16_t switched_to;
    uint32_t switched_at;
    uint64_t *patched; /* gfns that breakpoints were written into, in order */
    size_t patched_n, patched_cap;
};

/* A session as it is made, of which the rooms below know the first member only. */
struct events_session {
    struct xmem_domain d;
    struct events events;
    struct stepping steps;
};

static inline struct events *events_of(const struct xmem_domain *d)
{
    return &((struct events_session *)(uintptr_t)d)->events;
}
static inline struct stepping *steps_of(const struct xmem_domain *d)
{
    return &((struct events_session *)(uintptr_t)d)->steps;
}
static inline struct ring *ring_of(const struct xmem_domain *d)
{
    return &events_of(d)->ring;
}
static inline struct vcpu *vcpu_at(const struct xmem_domain *d, uint32_t vcpu)
{
    return &steps_of(d)->vcpus[vcpu];
}
static inline struct vcpu *vcpu_of(const struct xmem_domain *d, const struct event *ev)
{
    return vcpu_at(d, ev->pub.vcpu);
}
static inline struct relaxed *relaxed_at(const struct xmem_domain *d, size_t i)
{
    return list_at(&steps_of(d)->relaxed, i);
}

/* At most as many as slots are held, so the next one that is not is never far. */
static inline struct event *event_unused(struct events *e)
{
    struct event *ev;
    do {
        ev = &e->pool[e->next];
        e->next = (e->next + 1) % EVENT_POOL;
    } while (ev->state == EVENT_HELD || ev->state == EVENT_LATER || ev->state == EVENT_OWN);
    return ev;
}

/* The caller's event as ours: NULL if it is none of this session. */
static inline struct event *event_of(const struct events *e, const struct xmem_event *ev)
{
    uintptr_t off = (uintptr_t)ev - (uintptr_t)e->pool;
    return off < EVENT_POOL * sizeof(struct event) && off % sizeof(struct event) == 0
               ? &e->pool[off / sizeof(struct event)]
               : NULL;
}
/* take.c: next request as an event, the library's own ones dealt with. 1, 0 none, negative errno. */
int xmi_event_take(struct xmem_domain *d, struct event **out);
/* The same with the library's own events too. */
int xmi_event_take_raw(struct xmem_domain *d, struct event **out);
/*
 * The request of ev makes another event, of what m says: ev counts as answered, and its vCPU waits
 * for that one's answer. Its registers are the request's; on Arm with this pc.
 */
struct event *xmi_event_own(struct xmem_domain *d, struct event *ev, const struct xmem_event_mem *m,
                            uint64_t pc);
/* The registers or data behind the request, in private memory. */
const uint8_t *xmi_event_data(struct xmem_domain *d, struct event *ev);
/* Answers with the request's own head and these flags beside VCPU_PAUSED. */
void xmi_event_answer(struct xmem_domain *d, struct event *ev, uint32_t flags);
/* The same with whatever an answer may hold. */
void xmi_event_answer_with(struct xmem_domain *d, struct event *ev, const struct answer *a);
/* Resumed with this program counter. */
void xmi_event_answer_at(struct xmem_domain *d, struct event *ev, uint64_t pc);
/* Resumed so many bytes behind the instruction that made the event. */
void xmi_event_skip(struct xmem_domain *d, struct event *ev, uint32_t bytes);
/* Where the vCPU is, by its registers. */
uint64_t xmi_event_pc(struct xmem_domain *d, struct event *ev);

#endif
