/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The events of a session: those that wait, and their answers, put into the ring. */
#include "events/events-int.h"

#include "ledger/ledger.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- the pool ---- */

int xmi_events_init(struct xmem_domain *d)
{
    size_t bytes = EVENT_POOL * sizeof(struct event);
    struct vcpu *v = steps_of(d)->vcpus = calloc(d->vcpu_n ? d->vcpu_n : 1, sizeof(*v));
    events_of(d)->pool = aligned_alloc(sizeof(struct event), bytes);
    if (!v || !events_of(d)->pool)
        return -ENOMEM;
    memset(events_of(d)->pool, 0, bytes);
    for (uint32_t i = 0; i < d->vcpu_n; i++)
        v[i].led = xmi_ledger_vcpu(d, i);
    xmi_list_init(&events_of(d)->monitors, xmi_ledger_arena(d), &d->led->monitors);
    xmi_list_init(&steps_of(d)->relaxed, xmi_ledger_arena(d), &d->led->open);
    return 0;
}

void xmi_events_free(struct xmem_domain *d)
{
    xmi_list_end(&events_of(d)->monitors);
    xmi_list_end(&steps_of(d)->relaxed);
    free(events_of(d)->pool);
    free(events_of(d)->patched);
    free(steps_of(d)->vcpus);
    free(steps_of(d)->views);
    free(steps_of(d)->looked);
    events_of(d)->pool = NULL;
}

void xmi_events_reset(struct xmem_domain *d)
{
    for (unsigned i = 0; i < EVENT_POOL; i++)
        events_of(d)->pool[i].state = EVENT_FREE;
    memset(events_of(d)->owner, 0, sizeof(events_of(d)->owner));
    events_of(d)->held = events_of(d)->own_n = 0;
    events_of(d)->switched = false;
}

/* ---- the session's own ---- */

struct event *xmi_event_own(struct xmem_domain *d, struct event *ev, const struct xmem_event_mem *m,
                            uint64_t pc)
{
    struct xmem_regs regs = XMEM_INIT(regs);
    struct event **owner = &events_of(d)->owner[ev->req.index & (ring_of(d)->slots - 1)];
    (void)xmi_event_data(d, ev);
    struct event *own = event_unused(events_of(d));
    *own = *ev;
    own->pub.u.mem = *m;
    own->pub.flags &= ~XMEM_EVENT_STUCK;
    own->pub.stepped = own->pub.passes = 0;
    if (ring_of(d)->arch == XMEM_ARCH_ARM) {
        xmi_ring_regs_decode(ring_of(d), own->data, &regs);
        regs.u.arm.pc = pc;
        xmi_ring_regs_encode(ring_of(d), &regs, own->data);
    }
    if (*owner == ev)
        *owner = own;
    ev->state = EVENT_ANSWERED;
    own->state = EVENT_OWN;
    events_of(d)->own_n++;
    if (d->ops->event_poke)
        (void)d->ops->event_poke(d->dom);
    return own;
}

/* ---- answering ---- */

const uint8_t *xmi_event_data(struct xmem_domain *d, struct event *ev)
{
    if (!ev->saved) {
        xmi_ring_copy(ring_of(d), &ev->req, &ev->head);
        memcpy(ev->data, ring_slot(ring_of(d), ev->req.index) + RING_DATA_OFFSET,
               xmi_ring_data_size(ring_of(d)->version));
        __asm__ volatile("" ::: "memory"); /* read once */
        ev->saved = true;
    }
    return ev->data;
}

/* The slot of the next answer may hold a request that is not answered yet: it is kept. */
static void make_way(struct xmem_domain *d, const struct event *ev)
{
    struct events *e = events_of(d);
    uint32_t mask = ring_of(d)->slots - 1, slot = ring_answer_index(ring_of(d)) & mask;
    struct event *owner = e->owner[slot];
    if (owner && owner != ev)
        (void)xmi_event_data(d, owner);
    e->owner[slot] = NULL;
}

static void mark_answered(struct xmem_domain *d, struct event *ev)
{
    struct event **owner = &events_of(d)->owner[ev->req.index & (ring_of(d)->slots - 1)];
    if (*owner == ev)
        *owner = NULL;
    events_of(d)->own_n -= ev->state == EVENT_OWN;
    ev->state = EVENT_ANSWERED;
    events_of(d)->held--;
    d->stats.answers++;
}

void xmi_event_answer_with(struct xmem_domain *d, struct event *ev, const struct answer *given)
{
    struct answer own = *given, *a = &own;
    if (vcpu_of(d, ev)->attention)
        events_of(d)->above->answer(d, ev, a);
    if (!ev->saved) /* head is a copy from now on; of the rest the answer needs nothing */
        xmi_ring_copy(ring_of(d), &ev->req, &ev->head);
    make_way(d, ev);
    ev->head.flags = (ev->req.flags & RING_FLAG_VCPU_PAUSED) | a->flags;
    if (a->reason)
        ev->head.reason = a->reason;
    if (a->flags & RING_FLAG_ALTERNATE_P2M)
        ev->head.view = a->view;
    if (a->flags & RING_FLAG_FAST_SINGLESTEP)
        ev->head.u.quarter[0] = a->step_view; /* fast_singlestep.p2midx */
    xmi_ring_answer(ring_of(d), &ev->head, a->data, a->bytes);
    mark_answered(d, ev);
}

void xmi_event_answer(struct xmem_domain *d, struct event *ev, uint32_t flags)
{
    struct answer a = {.flags = flags};
    if (ev->req.index != ring_answer_index(ring_of(d)) || vcpu_of(d, ev)->attention) {
        xmi_event_answer_with(d, ev, &a);
        return;
    }
    ring_answer_in_place(ring_of(d), &ev->req, (ev->req.flags & RING_FLAG_VCPU_PAUSED) | flags);
    mark_answered(d, ev);
}

uint64_t xmi_event_pc(struct xmem_domain *d, struct event *ev)
{
    struct xmem_regs regs = XMEM_INIT(regs);
    xmi_ring_regs_decode(ring_of(d), xmi_event_data(d, ev), &regs);
    return regs.arch == XMEM_ARCH_ARM ? regs.u.arm.pc : regs.u.x86.rip;
}

void xmi_event_answer_at(struct xmem_domain *d, struct event *ev, uint64_t pc)
{
    uint8_t data[RING_DATA_MAX];
    struct xmem_regs regs = XMEM_INIT(regs);
    size_t n = xmi_ring_data_size(ring_of(d)->version);
    memcpy(data, xmi_event_data(d, ev), n);
    xmi_ring_regs_decode(ring_of(d), data, &regs);
    if (regs.arch == XMEM_ARCH_ARM)
        regs.u.arm.pc = pc;
    else
        regs.u.x86.rip = pc;
    xmi_ring_regs_encode(ring_of(d), &regs, data);
    struct answer a = {.flags = RING_FLAG_SET_REGISTERS, .data = data, .bytes = n};
    xmi_event_answer_with(d, ev, &a);
}

/* With the program counter moved past the instruction. */
void xmi_event_skip(struct xmem_domain *d, struct event *ev, uint32_t bytes)
{
    xmi_event_answer_at(d, ev, xmi_event_pc(d, ev) + bytes);
}

int xmi_events_send(struct xmem_domain *d)
{
    if (!xmi_ring_publish(ring_of(d)) && !events_of(d)->owed)
        return 0;
    d->stats.notifies++;
    int rc = d->ops->event_notify(d->dom);
    events_of(d)->owed = rc != 0; /* the answers are in the ring, and nobody knows */
    return rc ? xmi_domain_fail(d, rc, 0, "domain %" PRIu32 ": answers cannot be notified",
                                d->domid)
              : 0;
}
