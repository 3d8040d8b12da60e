/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The end of monitoring, as far as it is about events: all are answered, nobody is left waiting. */
#include "events/events-int.h"
#include "events/step.h"

#include <inttypes.h>
#include <poll.h>

#define DRAIN_ROUNDS 1000u /* of a ring that never gets empty */

/* Its answer frees the slot, and leaves the vCPU where it is: without that flag it does not go on. */
static void park(struct xmem_domain *d, struct event *ev)
{
    if (!(ev->req.flags & RING_FLAG_VCPU_PAUSED))
        return;
    ev->req.flags &= ~RING_FLAG_VCPU_PAUSED;
    vcpu_of(d, ev)->parked = true;
}

/* Resumed for good: single step goes off with the answer, where it was on. */
static void quit_event(struct xmem_domain *d, struct event *ev)
{
    if (steps_of(d)->finishing && xmi_step_see_through(d, ev))
        return;
    bool off = (ev->pub.flags & XMEM_EVENT_PAUSED) && xmi_step_forget(d, ev);
    xmi_finish_at_end(d, ev);
    if (events_of(d)->parking)
        park(d, ev);
    xmi_event_answer(d, ev, off ? RING_FLAG_TOGGLE_SINGLESTEP : 0);
}

static void quit_held(struct xmem_domain *d)
{
    for (unsigned i = 0; i < EVENT_POOL && events_of(d)->held; i++)
        if (events_of(d)->pool[i].state != EVENT_FREE &&
            events_of(d)->pool[i].state != EVENT_ANSWERED)
            quit_event(d, &events_of(d)->pool[i]);
}

/* Until the ring is empty. True: something was answered. */
bool xmi_events_drain(struct xmem_domain *d)
{
    struct event *ev;
    bool any = events_of(d)->held;
    quit_held(d);
    for (unsigned i = 0; i < DRAIN_ROUNDS && !d->dead; i++) {
        int n = 0;
        while (!events_of(d)->broken && xmi_event_take_raw(d, &ev) > 0) {
            quit_event(d, ev);
            n++;
        }
        if (xmi_events_send(d) || !n)
            break;
        any = true;
    }
    return any;
}

/* A moment of running: answers reach the vCPUs, the last events come. True: some came. */
bool xmi_events_let_run(struct xmem_domain *d)
{
    struct pollfd p = {.fd = d->ops->event_fd(d->dom), .events = POLLIN};
    int rc = d->ops->event_ack(d->dom);
    if (rc >= 0)
        rc = d->ops->event_idle(d->dom);
    if (rc == -ESHUTDOWN)
        d->dead = true;
    if (xmi_events_drain(d))
        return true;
    if (!d->dead)
        poll(&p, 1, 1);
    return false;
}

/* One that no request asked for. */
static int resume_blindly(struct xmem_domain *d, uint32_t vcpu)
{
    struct ring_head head = {
        .version = ring_of(d)->version, .flags = RING_FLAG_VCPU_PAUSED, .vcpu = vcpu};
    xmi_ring_answer(ring_of(d), &head, NULL, 0);
    return xmi_events_send(d);
}

/* A ring that cannot be read: an answer for every vCPU that may wait, as for a dead listener's. */
static int answer_blindly(struct xmem_domain *d)
{
    int rc = 0;
    for (uint32_t i = 0; i < d->vcpu_n && !d->dead; i++)
        rc = resume_blindly(d, i);
    return rc; /* what is not notified is so by the next one, or by whoever looks at the ring */
}

/* Answers without requests: the ring is no use after it. */
static int release_parked(struct xmem_domain *d)
{
    int rc = 0;
    for (uint32_t i = 0; i < d->vcpu_n && !d->dead; i++) {
        if (!vcpu_at(d, i)->parked)
            continue;
        vcpu_at(d, i)->parked = false;
        events_of(d)->broken = true;
        rc = resume_blindly(d, i);
    }
    return rc;
}

/* Before each try to end the ring: Xen reads no answer once it is gone, and who waits then does so for good. */
int xmi_events_last_answers(struct xmem_domain *d)
{
    return events_of(d)->broken ? answer_blindly(d) : release_parked(d);
}

/* Has every vCPU that neither sleeps nor is parked been on a processor since it was noted? */
bool xmi_events_all_ran(struct xmem_domain *d, bool note)
{
    bool all = true;
    for (uint32_t i = 0; i < d->vcpu_n && all; i++) {
        uint64_t ns = 0;
        bool idle = true;
        if (vcpu_at(d, i)->parked || d->ops->vcpu_ran(d->dom, i, &ns, &idle))
            continue;
        if (note)
            vcpu_at(d, i)->ran = ns;
        else
            all = idle || ns != vcpu_at(d, i)->ran;
    }
    return all;
}

/* ---- for whom who ends it lets vCPUs run ---- */

void xmi_events_finishing(struct xmem_domain *d, bool on)
{
    steps_of(d)->finishing = on;
    if (on)
        xmi_events_drain(d);
}

bool xmi_events_in_steps(struct xmem_domain *d)
{
    return xmi_step_any(d) || steps_of(d)->later_n;
}

bool xmi_events_readable(const struct xmem_domain *d)
{
    return !d->dead && !events_of(d)->broken;
}

bool xmi_events_parking(struct xmem_domain *d, bool on)
{
    bool any = on && ring_of(d)->was_full && d->ops->vcpu_ran;
    events_of(d)->parking = any && !events_of(d)->broken;
    return any;
}

int xmi_events_end(struct xmem_domain *d)
{
    xmi_events_drain(d);
    if (events_of(d)->broken)
        answer_blindly(d);
    return xmi_step_end_all(d);
}

/* ---- rings that come and go ---- */

int xmi_events_ring(struct xmem_domain *d, const struct backend_ring *b)
{
    int rc = xmi_ring_init(ring_of(d), b->page, b->interface_version, b->arch, d->vcpu_n);
    return rc ? xmi_domain_refuse(d, rc,
                                  "vm_event interface %" PRIu32 " is not known: this library "
                                  "knows %u to %u",
                                  b->interface_version, RING_VERSION_MIN, RING_VERSION_MAX)
              : 0;
}

void xmi_events_ring_gone(struct xmem_domain *d)
{
    events_of(d)->broken = false;
}

void xmi_events_forget(struct xmem_domain *d)
{
    xmi_events_ring_gone(d);
    xmi_list_cut(&events_of(d)->monitors, 0);
    d->led->step_monitor = events_of(d)->step_monitor_user = false;
    d->led->emul_monitor = events_of(d)->emul_monitor_user = false;
    xmi_list_cut(&steps_of(d)->relaxed, 0);
}
