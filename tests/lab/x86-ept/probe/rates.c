/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Figures in emulated time: only their ratios say anything. */
#include "probe.h"

#include <string.h>

#define EVENTS 100u
#define PAGES  1024u

static vm_event_response_t by_step(const vm_event_request_t *event)
{
    vm_event_response_t reply = listener_reply(event);

    reply.flags |= VM_EVENT_FLAG_ALTERNATE_P2M | VM_EVENT_FLAG_FAST_SINGLESTEP;
    reply.altp2m_idx = 0;
    reply.u.fast_singlestep.p2midx = event->altp2m_idx;
    return reply;
}

static vm_event_response_t by_emulation(const vm_event_request_t *event)
{
    vm_event_response_t reply = listener_reply(event);

    reply.flags |= VM_EVENT_FLAG_EMULATE;
    return reply;
}

static void round_trips(struct probe *p, const char *name,
                        vm_event_response_t (*reply_to)(const vm_event_request_t *event))
{
    struct lab_mailbox command = {.op = LAB_OP_WRITE, .addr = (uint64_t)GFN * PAGE, .count = EVENTS};
    vm_event_response_t reply;
    vm_event_request_t event;
    unsigned int events = 0;
    double began = now();

    lab_guest_start(p->guest, 0, &command);
    while (events < EVENTS && next_event(p, &event)) {
        reply = reply_to(&event);
        listener_send(&p->listener, &reply);
        events++;
    }
    check(p, events == EVENTS && finished(p, 0, NULL), "%s: %.0f round trips a second", name,
          events / (now() - began));
}

static void sets(struct probe *p)
{
    static uint8_t access[PAGES];
    static uint64_t gfns[PAGES];
    double began = now(), single, ranged, multi;
    unsigned int i;
    int rc = 0;

    for (i = 0; i < PAGES && !rc; i++)
        rc = set(p, XENMEM_access_rx, WALK_GFN + i, 1);
    single = now() - began;
    began = now();
    if (!rc)
        rc = set(p, XENMEM_access_rwx, WALK_GFN, PAGES);
    ranged = now() - began;
    memset(access, XENMEM_access_r, sizeof(access));
    for (i = 0; i < PAGES; i++)
        gfns[i] = WALK_GFN + i;
    began = now();
    if (!rc)
        rc = xc_set_mem_access_multi(p->xc, p->domid, access, gfns, PAGES);
    multi = now() - began;
    check(p, rc == 0, "rates: a page %.1f us one by one, %.2f us in a range, %.2f us in a list",
          single * 1e6 / PAGES, ranged * 1e6 / PAGES, multi * 1e6 / PAGES);
    set(p, XENMEM_access_rwx, WALK_GFN, PAGES);
}

void rates(struct probe *p)
{
    xc_altp2m_set_mem_access(p->xc, p->domid, p->view, GFN, XENMEM_access_r);
    xc_altp2m_switch_to_view(p->xc, p->domid, p->view);
    round_trips(p, "fast single step", by_step);
    round_trips(p, "EMULATE", by_emulation);
    xc_altp2m_switch_to_view(p->xc, p->domid, 0);
    sets(p);
}
