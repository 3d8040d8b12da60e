/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events taken and not yet answered, and what this room keeps of a session. step.h has the steps. */
#ifndef XMEM_EVENTS_INT_H
#define XMEM_EVENTS_INT_H

#include "arena/arena.h"
#include "backend/backend.h"
#include "events/events.h"
#include "ring/ring.h"
#include "session/session.h"

#include <stdbool.h>
#include <stdint.h>

/* ---- how far a vCPU is with the one instruction that it is let through for ---- */

/* Pages of one instruction: a scatter of 16 elements, its code, its stack, and room. */
#define STEP_PAGES 32u

/* A page that was answered for, and what for: XMEM_ACCESS_R, _W, _X. */
struct step_page {
    uint64_t gfn;
    uint32_t need;
    uint32_t zero; /* pages are compared as bytes */
};

struct step_pages {
    uint32_t n;
    struct step_page v[STEP_PAGES];
};

#define NO_VIEW UINT16_MAX

enum step_phase {
    STEP_NONE = 0,
    STEP_RUNS,    /* answered: the instruction is done, or meets another page */
    STEP_STOPPED, /* it met one, which waits for its answer; all pages are closed meanwhile */
    STEP_LATER,   /* answered while the domain was paused: begins when it goes on */
    STEP_ASKED,   /* likewise, but resumed: begins when it meets its page again */
};

struct step_view;
struct event;

struct step {
    uint8_t phase;          /* enum step_phase */
    uint8_t means;          /* the XMEM_STEP_* in use, */
    uint8_t failed;         /* and those that did not do this instruction */
    bool strict;            /* none with XMEM_PASSES_OTHERS or XMEM_PASSES_AGAIN */
    uint16_t origin;        /* view in which the vCPU belongs, */
    uint16_t back;          /* and where it goes then */
    bool unhook;            /* past a breakpoint: the first page shows the host's frame */
    bool sure;              /* by emulation: no page of it is untold */
    bool doubt;             /* but what was told of it came of a look that was not */
    bool exclusive;         /* a store-exclusive, which is not done when the pc moves */
    uint32_t again;         /* events for pages that were open already */
    uint64_t pc;            /* relaxing, asked: of the instruction */
    uint64_t registers;     /* and a sum of its registers, where the event had them */
    struct step_view *in;   /* by view: where it runs */
    struct step_view *was;  /* where it ran last */
    struct step_view *next; /* stopped: where its further page is open too */
    uint64_t looked;        /* the session's count of preparations then */
    struct event *later;    /* whose answer waits */
    struct step_pages pages;
};

/* What a vCPU is at, and what its next answer has to say. */
struct vcpu {
    struct ledger_vcpu *led; /* what the ledger has of it */
    struct step step;
    uint64_t last_pc, last_regs; /* of its last event; last_regs: a sum, made when it repeats */
    uint32_t repeats;
    uint16_t fast_view; /* view in which it is with a fast single step, */
    uint16_t fast_end;  /* which leads here */
    bool fast;          /* and may not be over yet */
    uint8_t fast_looks; /* how often it was waited for, at the session's end */
    bool fast_skips;    /* its pc was set since, which does not tell that it is over */
    bool user_step;     /* single step wanted by the caller */
    bool own_step;      /* single step wanted by the library, for a step */
    bool unsure_step;   /* a fast one that could not be switched off, and may be over since */
    bool hw_step;       /* single step as the last answer left it */
    bool attention;     /* its next answer has something to add: xmi_step_answer() */
    bool parked;        /* answered, and left where it is until the ring ends */
    uint64_t ran;       /* ns on a processor, when that was noted last */
    bool io_again;      /* it may come back to an input instruction that was emulated, */
    uint64_t io_pc;     /* this one */
    uint8_t
        writes; /* its instruction, into the page of gfn written, that has copies; 2: into more */
    uint64_t written;
};

/* All steps of a session. */
struct stepping {
    struct vcpu *vcpus;       /* d->vcpu_n of them */
    struct step_view **views; /* for stepping over */
    size_t view_n, view_cap;
    uint64_t prepared;         /* times that what is open in one changed */
    uint32_t n;                /* vCPUs in a step */
    uint32_t holding_n;        /* of them, such as the others are held for */
    uint32_t later_n;          /* of them, such as have not begun */
    struct arena_list relaxed; /* pages that are open in the vCPU's own view: struct relaxed */
    struct looked *looked;     /* instructions; NULL: not needed yet */
    struct step_arm *arm;      /* NULL: not needed yet */
    struct step_ahead *ahead;  /* likewise */
    bool own_change;           /* rights are being changed for a step */
    bool owed;                 /* a step's end failed: xmi_step_pay() */
    bool finishing;            /* the session ends: steps by view are seen through */
    bool hold_asked;           /* whether vCPUs can be held; then */
    bool no_hold;              /* they cannot */
};

/* An instruction that was looked at before Xen's emulator got it: step-look.c */
struct looked {
    uint64_t rip, cr3;
    bool known, never; /* never: it cannot be emulated */
};

/* ---- events ---- */

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

/* ---- finish.c: who finishes the instruction of an event, by its reason and its answer ---- */

#define REPLY_ACTIONS (XMEM_REPLY_REINJECT + 1)

enum finish {
    FINISH_REFUSED = 0, /* no such answer to this event */
    FINISH_DONE,        /* the hypervisor: before the event, or when it is answered */
    FINISH_DROPPED,     /* nobody: it is not done */
    FINISH_AGAIN,       /* the vCPU tries again; the rights in force decide */
    FINISH_SKIPPED,     /* its results are there: the library moves the pc behind it */
    FINISH_EMULATED,    /* the hypervisor's emulator */
    FINISH_STEPPED,     /* the vCPU, by a step of the library */
    FINISH_INJECTED,    /* an exception: the guest's own handler */
};

/* What the table says of an event that waits, on this kind of machine. */
enum finish xmi_finish_who(const struct xmem_domain *d, const struct event *ev, uint32_t action);
/*
 * Adds to the answer of a reply what finishes the instruction. data has RING_DATA_MAX bytes; with
 * SET_REGS the registers are there. A failure has a text, and nothing happened.
 */
int xmi_finish_answer(struct xmem_domain *d, struct event *ev, const struct xmem_reply *r,
                      struct answer *a, uint8_t *data);
/* The answer of a reply lets its vCPU get on: it is not stuck. */
void xmi_finish_progress(struct xmem_domain *d, const struct event *ev, const struct xmem_reply *r);
void xmi_finish_send(struct xmem_domain *d, struct event *ev, const struct answer *a);
/* Resumes, and finishes what Xen left to the listener. A failure has a text. */
int xmi_finish_go_on(struct xmem_domain *d, struct event *ev);
/* Before the event is answered at the session's end, where nobody is told of it any more. */
void xmi_finish_at_end(struct xmem_domain *d, struct event *ev);
/* An event that finishing another one caused is answered. 1: it was one, 0: it was none. */
int xmi_finish_swallow(struct xmem_domain *d, struct event *ev);

/* reinject.c: the guest's own breakpoint goes to the guest; where that cannot be, it is skipped. */
int xmi_event_reinject(struct xmem_domain *d, struct event *ev);
/* Into the vCPU that waits; the answer makes it go on in its handler. A text. */
int xmi_event_inject(struct xmem_domain *d, const struct event *ev);
/* An instruction that cannot be emulated: the guest gets an invalid-opcode exception. A text. */
int xmi_event_inject_undefined(struct xmem_domain *d, const struct event *ev);
/* Is it the guest's own, not one that the session put there? In the view where it goes on. */
bool xmi_event_is_guests(const struct xmem_domain *d, const struct event *ev, uint16_t view);
/* Is the breakpoint instruction still in the host view's memory? True where nobody can tell. */
bool xmi_event_still_there(struct xmem_domain *d, struct event *ev);

/* ---- monitor.c: events other than accesses, for the library's own use ---- */

/* Single step; what the hypervisor cannot emulate. */
int xmi_monitor_single_step(struct xmem_domain *d);
int xmi_monitor_emul_unimplemented(struct xmem_domain *d);

/* ---- page-cache.c: mappings kept ---- */

/*
 * Mappings of a few of the guest's pages, kept for the next step, since mapping one costs many times
 * what an instruction does with it. What is kept shows the frame that the gfn had when it was mapped: a
 * guest that gives the page away and gets another one there (ballooning) is not seen any more. So
 * whoever asks for a page says how sure it has to be.
 */

#define PAGE_CACHE_SETS 16u
#define PAGE_CACHE_WAYS 4u
#define PAGE_CACHE_PAGES (PAGE_CACHE_SETS * PAGE_CACHE_WAYS)
#define PAGE_CACHE_RETIRED 32u
#define PAGE_CACHE_KEEP_NS 10000000u

enum page_use {
    PAGE_AFRESH, /* data: mapped in this step */
    PAGE_KNOWN,  /* data, and the caller knows that the gfn has the frame that it had when mapped */
    PAGE_RECENT, /* tables and code, which are compared with the event: mapped 10 ms ago or less */
};

struct page_kept {
    uint64_t gfn;
    uint8_t *page; /* NULL: nothing is here */
    uint64_t at;   /* CLOCK_MONOTONIC, ns: when the step began that mapped it */
    uint64_t step;
};

/* All zero is an empty one. */
struct page_cache {
    struct page_kept v[PAGE_CACHE_SETS][PAGE_CACHE_WAYS];
    uint8_t turn[PAGE_CACHE_SETS]; /* which is given up next */
    uint8_t *retired[PAGE_CACHE_RETIRED];
    uint32_t retired_n;
    uint64_t now, step;
    uint64_t mapped; /* page_map so far */
};

/* Before the pages of a step are asked for: the time, and pages of former steps are not used any more. */
void xmi_page_cache_begin(struct page_cache *c, const struct xmem_backend_ops *ops, void *dom);

#define PAGE_CACHE_HASH UINT64_C(0x9e3779b97f4a7c15) /* neighbours in sets of their own */
#define PAGE_CACHE_SHIFT 60u                         /* PAGE_CACHE_SETS */
static inline struct page_kept *page_cache_set(struct page_cache *c, uint64_t gfn)
{
    return c->v[gfn * PAGE_CACHE_HASH >> PAGE_CACHE_SHIFT];
}

static inline bool page_cache_good(const struct page_cache *c, const struct page_kept *k,
                                   enum page_use use)
{
    if (k->step == c->step || use == PAGE_KNOWN)
        return true;
    return use == PAGE_RECENT && c->now - k->at <= PAGE_CACHE_KEEP_NS;
}

int xmi_page_cache_get_far(struct page_cache *c, const struct xmem_backend_ops *ops, void *dom,
                           uint64_t gfn, enum page_use use, uint8_t **out);
/*
 * 4 KiB at gfn, read-write. *out holds until xmi_page_cache_begin() or a drop. Whatever page_map
 * answers, or -ENOBUFS: too many pages in one step.
 */
static inline int page_cache_get(struct page_cache *c, const struct xmem_backend_ops *ops,
                                 void *dom, uint64_t gfn, enum page_use use, uint8_t **out)
{
    const struct page_kept *set = page_cache_set(c, gfn);
    for (uint32_t i = 0; i < PAGE_CACHE_WAYS; i++)
        if (set[i].gfn == gfn && set[i].page && page_cache_good(c, &set[i], use)) {
            *out = set[i].page;
            return 0;
        }
    return xmi_page_cache_get_far(c, ops, dom, gfn, use, out);
}
/* The gfns got other frames, or may have. */
void xmi_page_cache_drop(struct page_cache *c, const struct xmem_backend_ops *ops, void *dom,
                         uint64_t gfn, uint64_t nr);
void xmi_page_cache_drop_all(struct page_cache *c, const struct xmem_backend_ops *ops, void *dom);

#endif
