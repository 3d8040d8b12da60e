/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Monitoring and its end, and the session's: everything as it was found, nobody left waiting. */
#include "events/finish.h"
#include "ledger/ledger.h"
#include "events/step.h"
#include "events/step-ahead.h"
#include "api/end.h"
#include "rights/access.h"
#include "views/views.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>

#define STEPS_MS 2000      /* for steps on the way to end */
#define DISABLE_MS 2000    /* for vCPUs that wait for a slot to get one */
#define LOOKS_MIN 64u      /* whatever the clock says: the tool itself may not have run */
#define DRAIN_ROUNDS 1000u /* of a ring that never gets empty */

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* How long something is waited for. */
struct patience {
    int64_t end;
    unsigned looks;
};

static struct patience patience_of(int64_t ms)
{
    return (struct patience){.end = now_ms() + ms};
}

static bool patient(struct patience *p)
{
    return p->looks++ < LOOKS_MIN || now_ms() < p->end;
}

/* ---- answering all ---- */

/* Its answer frees the slot, and leaves the vCPU where it is: without that flag it does not go on. */
static void park(struct xmem_domain *d, struct event *ev)
{
    if (!(ev->req.flags & RING_FLAG_VCPU_PAUSED))
        return;
    ev->req.flags &= ~RING_FLAG_VCPU_PAUSED;
    d->vcpus[ev->pub.vcpu].parked = true;
}

/* Resumed for good: single step goes off with the answer, where it was on. */
static void quit_event(struct xmem_domain *d, struct event *ev)
{
    if (d->finishing && step_see_through(d, ev))
        return;
    bool off = (ev->pub.flags & XMEM_EVENT_PAUSED) && step_forget(d, ev);
    finish_at_end(d, ev);
    if (d->parking)
        park(d, ev);
    event_answer(d, ev, off ? RING_FLAG_TOGGLE_SINGLESTEP : 0);
}

static void quit_held(struct xmem_domain *d)
{
    for (unsigned i = 0; i < EVENT_POOL && events_of(d)->held; i++)
        if (events_of(d)->pool[i].state != EVENT_FREE && events_of(d)->pool[i].state != EVENT_ANSWERED)
            quit_event(d, &events_of(d)->pool[i]);
}

/* Until the ring is empty. True: something was answered. */
static bool drain(struct xmem_domain *d)
{
    struct event *ev;
    bool any = events_of(d)->held;
    quit_held(d);
    for (unsigned i = 0; i < DRAIN_ROUNDS && !d->dead; i++) {
        int n = 0;
        while (!d->broken && event_take_raw(d, &ev) > 0) {
            quit_event(d, ev);
            n++;
        }
        if (events_send(d) || !n)
            break;
        any = true;
    }
    return any;
}

/* A moment of running: answers reach the vCPUs, the last events come. True: some came. */
static bool let_run(struct xmem_domain *d)
{
    struct pollfd p = {.fd = d->ops->event_fd(d->dom), .events = POLLIN};
    int rc = d->ops->event_ack(d->dom);
    if (rc >= 0)
        rc = d->ops->event_idle(d->dom);
    if (rc == -ESHUTDOWN)
        d->dead = true;
    if (drain(d))
        return true;
    if (!d->dead)
        poll(&p, 1, 1);
    return false;
}

/* One that no request asked for. */
static int resume_blindly(struct xmem_domain *d, uint32_t vcpu)
{
    struct ring_head head = {.version = d->ring.version, .flags = RING_FLAG_VCPU_PAUSED, .vcpu = vcpu};
    ring_answer(&d->ring, &head, NULL, 0);
    return events_send(d);
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
        if (!d->vcpus[i].parked)
            continue;
        d->vcpus[i].parked = false;
        d->broken = true;
        rc = resume_blindly(d, i);
    }
    return rc;
}

/* Before each try to end the ring: Xen reads no answer once it is gone, and who waits then does so for good. */
static int last_answers(struct xmem_domain *d)
{
    return d->broken ? answer_blindly(d) : release_parked(d);
}

/* ---- monitoring ---- */

/* The caller's pauses, for as long as vCPUs must run. What fails is not counted as done. */
static void lift_pauses(struct xmem_domain *d, bool lift)
{
    while (lift && d->lifted < d->pauses && !d->dead && (!ledger_unpause(d) ||
                                                         !ledger_unpause(d)))
        d->lifted++;
    for (; !lift && d->lifted && !d->dead; d->lifted--)
        d->pauses -= ledger_pause(d) != 0;
}

/* vCPUs that single step now end that with an event; they run for it, the others are held. */
static void finish_steps(struct xmem_domain *d)
{
    struct patience p = patience_of(STEPS_MS);
    d->finishing = true;
    drain(d);
    if (step_any(d) || d->later_n) {
        lift_pauses(d, true);
        while ((step_any(d) || d->later_n) && !d->dead && !d->broken && patient(&p))
            (void)let_run(d);
        lift_pauses(d, false);
    }
    d->finishing = false;
}

static int run_on(struct xmem_domain *d, bool on)
{
    lift_pauses(d, on);
    int rc = on ? ledger_unpause(d) : ledger_pause(d);
    if (rc) /* it may have been for this one time */
        rc = on ? ledger_unpause(d) : ledger_pause(d);
    if (rc && on)
        lift_pauses(d, false);
    return rc;
}

/* Has every vCPU that neither sleeps nor is parked been on a processor since it was noted? */
static bool all_ran(struct xmem_domain *d, bool note)
{
    bool all = true;
    for (uint32_t i = 0; i < d->vcpu_n && all; i++) {
        uint64_t ns = 0;
        bool idle = true;
        if (d->vcpus[i].parked || d->ops->vcpu_ran(d->dom, i, &ns, &idle))
            continue;
        if (note)
            d->vcpus[i].ran = ns;
        else
            all = idle || ns != d->vcpus[i].ran;
    }
    return all;
}

/* All run, with events answered on the way, until each did. False: some did not, or the domain could not be let run. */
static bool run_all(struct xmem_domain *d, struct patience *p, bool *any)
{
    bool ran = false;
    all_ran(d, true);
    if (run_on(d, true))
        return d->dead;
    do {
        *any = let_run(d) || *any;
        ran = all_ran(d, false);
    } while (!ran && !d->dead && patient(p));
    if (run_on(d, false))
        return d->dead; /* they go on to run: the ring cannot be ended under them */
    *any = drain(d) || *any;
    return ran || d->dead;
}

/*
 * Where the ring was full some may have queued for a slot. Xen takes a vCPU that it wakes out of
 * the queue at once, but the vCPU looks at the ring only when it runs, which has to be before the
 * ring ends (vm_event_wake_queued(), vm_event_disable()): all of them run, until a time when no
 * event came of that. Who has an event then is parked: rights that stay would give it the next one at
 * once, and so without an end; a ring that is not read parks nobody. False: not all could be seen to.
 */
static bool run_woken(struct xmem_domain *d, struct patience *p)
{
    bool any = d->ring.was_full && d->ops->vcpu_ran, all = true;
    d->parking = any && !d->broken;
    while (any && all && !d->dead) {
        any = false;
        all = patient(p) && run_all(d, p, &any);
    }
    d->parking = false;
    return all;
}

/*
 * vCPUs that wait for a slot keep the ring busy: they run a moment to get one. A ring that some have still to
 * look at is not ended: their events could not be answered any more.
 */
static int disable_ring(struct xmem_domain *d)
{
    struct patience p = patience_of(DISABLE_MS);
    for (;;) {
        bool all = run_woken(d, &p);
        int rc = all ? last_answers(d) : -EBUSY; /* else who is parked stays so: the next call goes on */
        if (rc)
            return rc;
        rc = d->ops->monitor_disable(d->dom);
        if (rc != -EBUSY || !patient(&p) || d->dead || run_on(d, true))
            return rc;
        (void)let_run(d);
        if (run_on(d, false))
            return rc;
    }
}

static int disable_again(struct xmem_domain *d)
{
    int rc = d->enabled ? last_answers(d) : 0;
    return rc ? rc : d->ops->monitor_disable(d->dom);
}

/* A ring that a failed call left is read first, since who came to it meanwhile would wait for good. */
static void read_left(struct xmem_domain *d)
{
    d->ring_stays = false;
    d->enabled = true;
    drain(d);
}

/* The ring goes when every answer has reached the hypervisor, and not before. */
static int drop_ring(struct xmem_domain *d)
{
    if (d->ring_stays)
        read_left(d);
    int rc = d->enabled ? events_send(d) : 0;
    if (rc || !d->led->ring_taken)
        return rc;
    rc = d->enabled ? disable_ring(d) : d->ops->monitor_disable(d->dom);
    if (rc && rc != -EBUSY && !d->dead) /* it may have been for this one time */
        rc = disable_again(d);
    uint8_t rights;
    if (rc && rc != -EBUSY && d->ops->rights_get(d->dom, 0, UINT64_MAX, &rights)) {
        d->ring_stays = d->enabled && d->ops->ring_is_on(d->dom);
        d->enabled = false; /* the ring is off, or not to be counted on; what came with it is not off */
    }
    if (rc)
        return domain_fail(d, rc, 0, "monitoring of domain %" PRIu32 " cannot be disabled%s", d->domid,
                           rc == -EBUSY ? ", vCPUs that wait for a slot of its ring do not run; is it paused "
                                          "by somebody else?" : "");
    d->led->ring_taken = d->enabled = d->broken = d->ring_stays = false;
    return 0;
}

/* One that a failed call left; no vCPU runs while it is read and ended. */
static int drop_left(struct xmem_domain *d)
{
    if (!d->ring_stays)
        return drop_ring(d);
    int rc = ledger_pause(d), rc2;
    if (rc)
        return domain_fail(d, rc, 0, "domain %" PRIu32 " cannot be paused", d->domid);
    rc = drop_ring(d);
    rc2 = domain_unpause_own(d);
    return rc2 && !rc ? domain_fail(d, rc2, 0, "domain %" PRIu32 " cannot be unpaused", d->domid) : rc;
}

static void end_events(struct xmem_domain *d, struct outcome *o)
{
    drain(d);
    if (d->broken)
        answer_blindly(d);
    outcome_note(d, o, step_end_all(d));
}

static void stop_paused(struct xmem_domain *d, struct outcome *o)
{
    if (d->enabled)
        end_events(d, o);
    ledger_undo(d, LEDGER_STEPS, o);
    ledger_undo(d, LEDGER_STATE, o);
    if (d->enabled)
        drain(d);
    ledger_undo(d, LEDGER_MONITORS, o);
    outcome_note(d, o, drop_ring(d));
}

/* Of a domain that died nothing is left to be undone; the ring and the channel are this process's too. */
static void forget_all(struct xmem_domain *d)
{
    if (d->led->ring_taken)
        (void)d->ops->monitor_disable(d->dom);
    d->led->ring_taken = d->enabled = d->broken = false;
    list_cut(&d->monitors, 0);
    d->led->step_monitor = d->step_monitor_user = false;
    d->led->emul_monitor = d->emul_monitor_user = false;
    list_cut(&d->relaxed, 0);
}

/* Rights of the host view that are left can be set with a ring only. */
static int ring_for_rights(struct xmem_domain *d)
{
    int rc = d->led->ring_taken && !d->enabled ? drop_left(d) : 0; /* it is no use any more */
    if (rc)
        return rc;
    bool needed = !d->enabled && !d->dead && ledger_needs_ring(d);
    return needed ? xmem_domain_enable(d) : 0;
}

int domain_stop(struct xmem_domain *d)
{
    struct outcome o = {0};
    outcome_note(d, &o, ring_for_rights(d));
    if (d->enabled)
        finish_steps(d);
    int rc = d->dead ? 0 : ledger_pause(d);
    if (rc)
        outcome_note(d, &o, domain_fail(d, rc, 0, "domain %" PRIu32 " cannot be paused", d->domid));
    if (!d->dead)
        stop_paused(d, &o);
    if (!rc && !d->dead && (rc = domain_unpause_own(d)))
        outcome_note(d, &o, domain_fail(d, rc, 0, "domain %" PRIu32 " cannot be unpaused", d->domid));
    step_arm_free(d);
    step_ahead_free(d);
    if (d->dead)
        forget_all(d);
    if (!d->enabled)
        events_reset(d);
    d->unfinished = o.rc && !d->dead;
    return d->dead ? 0 : outcome_of(d, &o);
}

int domain_end(struct xmem_domain *d)
{
    struct outcome o = {0};
    if (ledger_any(d) || d->enabled)
        outcome_note(d, &o, domain_stop(d));
    ledger_undo(d, LEDGER_LAST, &o);
    if (domain_is_dead(d)) {
        forget_all(d);
        return 0;
    }
    return outcome_of(d, &o);
}

/* ---- enabling ---- */

/* The ring is there; what could not be asked for before is asked now. */
static int enabled_start(struct xmem_domain *d, const struct backend_ring *b)
{
    int rc = ring_init(&d->ring, b->page, b->interface_version, b->arch, d->vcpu_n);
    if (rc)
        return domain_refuse(d, rc, "vm_event interface %" PRIu32 " is not known: this library "
                             "knows %u to %u", b->interface_version, RING_VERSION_MIN,
                             RING_VERSION_MAX);
    if (d->led->default_found == KNOWN_NOTHING) {
        rc = d->ops->rights_get(d->dom, 0, UINT64_MAX, &d->led->default_found);
        if (rc) {
            d->led->default_found = KNOWN_NOTHING;
            return domain_fail(d, rc, 0, "domain %" PRIu32 ": the default rights cannot be asked "
                               "for", d->domid);
        }
        d->led->default_now = d->led->default_found;
    }
    return 0;
}

static int not_enabled(struct xmem_domain *d, int rc)
{
    struct xmem_domain_info info = XMEM_INIT(info);
    if (rc == -EOPNOTSUPP && !d->ops->domain_info(d->dom, &info) &&
        info.kind == XMEM_KIND_X86_PV)
        return domain_refuse(d, rc, "domain %" PRIu32 " is not supported: this hypervisor has no PV "
                             "mem_access", d->domid);
    return domain_fail(d, rc, 0, "monitoring of domain %" PRIu32 " cannot be enabled", d->domid);
}

/* The enabling failed: as before, or the next enabling, disabling or closing sees to it. */
static int enable_undone(struct xmem_domain *d, int rc)
{
    struct xmem_error why = d->error;
    int rc2 = d->led->ring_taken ? domain_stop(d) : 0;
    if (rc2)
        xmem_error_add(&why, "; and its ring is left: %s", d->error.text);
    d->error = why;
    return rc;
}

int xmem_domain_enable(struct xmem_domain *d)
{
    struct backend_ring b = {0};
    int rc = domain_usable(d);
    if (rc || d->enabled)
        return rc;
    /* Paused: a request put before the ring is initialised would be lost. */
    if (d->led->ring_taken && (rc = domain_stop(d))) /* what a failed call left */
        return rc;
    rc = ledger_pause(d);
    if (rc)
        return domain_fail(d, rc, 0, "domain %" PRIu32 " cannot be paused", d->domid);
    d->led->ring_taken = true;
    ledger_begin(d, LEDGER_RING, 0, 0, 0);
    rc = d->ops->monitor_enable(d->dom, &b);
    d->led->ring_taken = !rc || b.left;
    if (rc == -EBUSY)
        rc = domain_fail(d, rc, MAY_BUSY, "domain %" PRIu32 " has a listener already, or one died "
                         "(xmem_domain_recover() takes its ring over)", d->domid);
    else if (rc)
        rc = not_enabled(d, rc);
    else
        rc = enabled_start(d, &b);
    if (!rc) {
        events_reset(d);
        d->enabled = true;
        d->broken = false;
        rc = view_shut_pages(d, d->views[0]);
    }
    int rc2 = domain_unpause_own(d);
    if (rc2 && !rc)
        rc = domain_fail(d, rc2, 0, "domain %" PRIu32 " cannot be unpaused", d->domid);
    return rc ? enable_undone(d, rc) : 0;
}

int xmem_domain_disable(struct xmem_domain *d)
{
    int rc = domain_usable(d);
    if (rc || !(d->led->ring_taken || d->unfinished))
        return rc;
    domain_rewind_batches(d);
    return domain_stop(d);
}
