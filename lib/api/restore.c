/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Monitoring and its end, and the session's: everything as it was found, nobody left waiting. */
#include "base/base.h"
#include "events/events.h"
#include "ledger/ledger.h"
#include "api/api-int.h"
#include "rights/rights.h"
#include "views/views.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#define STEPS_MS 2000   /* for steps on the way to end */
#define DISABLE_MS 2000 /* for vCPUs that wait for a slot to get one */
#define LOOKS_MIN 64u   /* whatever the clock says: the tool itself may not have run */

/* How long something is waited for. */
struct patience {
    int64_t end;
    unsigned looks;
};

static struct patience patience_of(int64_t ms)
{
    return (struct patience){.end = xmi_clock_ms() + ms};
}

static bool patient(struct patience *p)
{
    return p->looks++ < LOOKS_MIN || xmi_clock_ms() < p->end;
}

/* ---- monitoring ---- */

/* No vCPU runs while monitoring ends. What is not held is not let go either. */
static int hold_all(struct xmem_domain *d)
{
    int rc = d->dead || d->monitoring->held ? 0 : xmi_ledger_pause(d);
    d->monitoring->held = !rc && !d->dead;
    return rc ? xmi_domain_fail(d, rc, 0, "domain %" PRIu32 " cannot be paused", d->domid) : 0;
}

static int let_all_go(struct xmem_domain *d)
{
    int rc = d->dead || !d->monitoring->held ? 0 : xmi_domain_unpause_own(d);
    d->monitoring->held = false;
    return rc ? xmi_domain_fail(d, rc, 0, "domain %" PRIu32 " cannot be unpaused", d->domid) : 0;
}

/* vCPUs that single step now end that with an event; they run for it, the others are held. */
static void finish_steps(struct xmem_domain *d)
{
    struct patience p = patience_of(STEPS_MS);
    xmi_events_finishing(d, true);
    if (xmi_events_in_steps(d)) {
        xmi_ledger_lift(d);
        while (xmi_events_in_steps(d) && xmi_events_readable(d) && patient(&p))
            (void)xmi_events_let_run(d);
        (void)xmi_ledger_lower(d); /* else it is owed, and disabling says so */
    }
    xmi_events_finishing(d, false);
}

/* A moment of running, or its end. */
static int run_on(struct xmem_domain *d, bool on)
{
    int rc = 0;
    if (on)
        xmi_ledger_lift(d);
    if (on == d->monitoring->held)
        rc = on ? xmi_ledger_unpause(d) : xmi_ledger_pause(d);
    if (rc) /* it may have been for this one time */
        rc = on ? xmi_ledger_unpause(d) : xmi_ledger_pause(d);
    d->monitoring->held = rc ? on : !on;
    d->monitoring->not_held = d->monitoring->not_held || rc;
    if (!on || rc)
        (void)xmi_ledger_lower(d);
    return rc;
}

/* All run, with events answered on the way, until each did. False: some did not, or the domain could not be let run. */
static bool run_all(struct xmem_domain *d, struct patience *p, bool *any)
{
    bool ran = false;
    xmi_events_all_ran(d, true);
    if (run_on(d, true))
        return d->dead;
    do {
        *any = xmi_events_let_run(d) || *any;
        ran = xmi_events_all_ran(d, false);
    } while (!ran && !d->dead && patient(p));
    if (run_on(d, false))
        return d->dead; /* they go on to run: the ring cannot be ended under them */
    *any = xmi_events_drain(d) || *any;
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
    bool any = xmi_events_parking(d, true), all = true;
    while (any && all && !d->dead) {
        any = false;
        all = patient(p) && run_all(d, p, &any);
    }
    xmi_events_parking(d, false);
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
        int rc = all ? xmi_events_last_answers(d)
                     : -EBUSY; /* else who is parked stays so: the next call goes on */
        if (rc)
            return rc;
        rc = d->ops->monitor_disable(d->dom);
        if (rc != -EBUSY || !patient(&p) || d->dead || run_on(d, true))
            return rc;
        (void)xmi_events_let_run(d);
        if (run_on(d, false))
            return rc;
    }
}

static int disable_again(struct xmem_domain *d)
{
    int rc = d->enabled ? xmi_events_last_answers(d) : 0;
    return rc ? rc : d->ops->monitor_disable(d->dom);
}

/* A ring that a failed call left is read first, since who came to it meanwhile would wait for good. */
static void read_left(struct xmem_domain *d)
{
    d->monitoring->ring_stays = false;
    d->enabled = true;
    xmi_events_drain(d);
}

/* The ring goes when every answer has reached the hypervisor, and not before. */
static int drop_ring(struct xmem_domain *d)
{
    if (d->monitoring->ring_stays)
        read_left(d);
    int rc = d->enabled ? xmi_events_send(d) : 0;
    if (rc || !d->led->ring_taken)
        return rc;
    d->monitoring->not_held = false;
    rc = d->enabled ? disable_ring(d) : d->ops->monitor_disable(d->dom);
    if (rc && rc != -EBUSY && !d->dead) /* it may have been for this one time */
        rc = disable_again(d);
    uint8_t rights;
    if (rc && rc != -EBUSY && d->ops->rights_get(d->dom, 0, UINT64_MAX, &rights)) {
        d->monitoring->ring_stays = d->enabled && d->ops->ring_is_on(d->dom);
        d->enabled =
            false; /* the ring is off, or not to be counted on; what came with it is not off */
    }
    if (rc)
        return xmi_domain_fail(
            d, rc, 0, "monitoring of domain %" PRIu32 " cannot be disabled%s", d->domid,
            rc != -EBUSY              ? ""
            : d->monitoring->not_held ? ", it cannot be unpaused for vCPUs that wait for a slot of "
                                        "its ring, or not be paused again"
                                      : ", vCPUs that wait for a slot of its ring do not run; is "
                                        "it paused by somebody else?");
    d->led->ring_taken = d->enabled = d->monitoring->ring_stays = false;
    xmi_events_ring_gone(d);
    return 0;
}

/* One that a failed call left; no vCPU runs while it is read and ended. */
static int drop_left(struct xmem_domain *d)
{
    if (!d->monitoring->ring_stays)
        return drop_ring(d);
    struct outcome o = {0};
    int rc = hold_all(d);
    if (rc)
        return rc;
    xmi_outcome_note(d, &o, drop_ring(d));
    xmi_outcome_note(d, &o, let_all_go(d));
    return xmi_outcome_of(d, &o);
}

static void stop_paused(struct xmem_domain *d, struct outcome *o)
{
    if (d->enabled)
        xmi_outcome_note(d, o, xmi_events_end(d));
    xmi_ledger_undo(d, LEDGER_STEPS, o);
    xmi_ledger_undo(d, LEDGER_STATE, o);
    if (d->enabled)
        xmi_events_drain(d);
    xmi_ledger_undo(d, LEDGER_MONITORS, o);
    xmi_outcome_note(d, o, drop_ring(d));
}

/* Of a domain that died nothing is left to be undone; the ring and the channel are this process's too. */
static void forget_all(struct xmem_domain *d)
{
    if (d->led->ring_taken)
        (void)d->ops->monitor_disable(d->dom);
    d->led->ring_taken = d->enabled = false;
    xmi_events_forget(d);
}

/* Rights of the host view that are left can be set with a ring only. */
static int ring_for_rights(struct xmem_domain *d)
{
    int rc = d->led->ring_taken && !d->enabled ? drop_left(d) : 0; /* it is no use any more */
    if (rc)
        return rc;
    bool needed = !d->enabled && !d->dead && xmi_ledger_needs_ring(d);
    return needed ? xmem_domain_enable(d) : 0;
}

int xmi_domain_stop(struct xmem_domain *d)
{
    struct outcome o = {0}, ring = {0};
    if (d->owed && !d->dead) /* a pause that is left keeps vCPUs from running on the way */
        d->pay(d);
    xmi_outcome_note(d, &ring, ring_for_rights(d));
    if (d->enabled)
        finish_steps(d);
    xmi_outcome_note(d, &o, hold_all(d));
    if (!d->dead)
        stop_paused(d, &o);
    xmi_outcome_note(d, &o, let_all_go(d));
    if (ring.rc && (d->led->ring_taken || xmi_ledger_needs_ring(d))) /* or it was ended since */
        o = ring;
    xmi_step_kept_free(d);
    if (d->dead)
        forget_all(d);
    if (!d->enabled)
        xmi_events_reset(d);
    d->monitoring->unfinished = o.rc && !d->dead;
    return d->dead ? 0 : xmi_outcome_of(d, &o);
}

int xmi_domain_end(struct xmem_domain *d)
{
    struct outcome o = {0};
    if (xmi_ledger_any(d) || d->enabled)
        xmi_outcome_note(d, &o, xmi_domain_stop(d));
    xmi_ledger_undo(d, LEDGER_LAST, &o);
    if (xmi_domain_is_dead(d)) {
        forget_all(d);
        return 0;
    }
    return xmi_outcome_of(d, &o);
}

/* ---- enabling ---- */

/* The ring is there; what could not be asked for before is asked now. */
static int enabled_start(struct xmem_domain *d, const struct backend_ring *b)
{
    int rc = xmi_events_ring(d, b);
    if (rc)
        return rc;
    xmi_events_reset(d);
    xmi_events_ring_gone(d);
    d->monitoring->ring_stays = true; /* from now on it is not ended unread */
    if (d->led->default_found == KNOWN_NOTHING) {
        rc = d->ops->rights_get(d->dom, 0, UINT64_MAX, &d->led->default_found);
        if (rc) {
            d->led->default_found = KNOWN_NOTHING;
            return xmi_domain_fail(d, rc, 0,
                                   "domain %" PRIu32 ": the default rights cannot be asked "
                                   "for",
                                   d->domid);
        }
        d->led->default_now = d->led->default_found;
    }
    d->monitoring->ring_stays = false;
    d->enabled = true;
    return xmi_view_shut_pages(d, d->views[0]);
}

static int not_enabled(struct xmem_domain *d, int rc)
{
    struct xmem_domain_info info = XMEM_INIT(info);
    if (rc == -EOPNOTSUPP && !d->ops->domain_info(d->dom, &info) && info.kind == XMEM_KIND_X86_PV)
        return xmi_domain_refuse(d, rc,
                                 "domain %" PRIu32 " is not supported: this hypervisor has no PV "
                                 "mem_access",
                                 d->domid);
    return xmi_domain_fail(d, rc, 0, "monitoring of domain %" PRIu32 " cannot be enabled",
                           d->domid);
}

/* The enabling failed: as before, or the next enabling, disabling or closing sees to it. */
static int enable_undone(struct xmem_domain *d, int rc)
{
    struct xmem_error why = d->error;
    int rc2 = d->led->ring_taken ? xmi_domain_stop(d) : 0;
    if (rc2)
        xmi_error_add(&why, "; and %s: %s",
                      d->led->ring_taken ? "its ring is left" : "not all of that is undone",
                      d->error.text);
    d->error = why;
    return rc;
}

/* What failed is undone before any vCPU runs into it. */
static int enable_ended(struct xmem_domain *d, int rc)
{
    if (rc)
        rc = enable_undone(d, rc);
    int rc2 = xmi_domain_unpause_own(d);
    if (!rc2 || rc)
        return rc;
    rc = xmi_domain_fail(d, rc2, 0, "domain %" PRIu32 " cannot be unpaused", d->domid);
    return enable_undone(d, rc);
}

int xmem_domain_enable(struct xmem_domain *d)
{
    struct backend_ring b = {0};
    int rc = domain_usable(d);
    if (rc || d->enabled)
        return rc;
    /* Paused: a request put before the ring is initialised would be lost. */
    if (d->led->ring_taken && (rc = xmi_domain_stop(d))) /* what a failed call left */
        return rc;
    rc = xmi_ledger_pause(d);
    if (rc)
        return xmi_domain_fail(d, rc, 0, "domain %" PRIu32 " cannot be paused", d->domid);
    d->led->ring_taken = true;
    ledger_begin(d, LEDGER_RING, 0, 0, 0);
    rc = d->ops->monitor_enable(d->dom, &b);
    d->led->ring_taken = !rc || b.left;
    if (rc == -EBUSY)
        rc = xmi_domain_fail(d, rc, MAY_BUSY,
                             "domain %" PRIu32 " has a listener already, or one died "
                             "(xmem_domain_recover() takes its ring over)",
                             d->domid);
    else if (rc)
        rc = not_enabled(d, rc);
    else
        rc = enabled_start(d, &b);
    return enable_ended(d, rc);
}

int xmem_domain_disable(struct xmem_domain *d)
{
    int rc = domain_usable(d);
    if (rc || !(d->led->ring_taken || d->monitoring->unfinished))
        return rc;
    xmi_domain_rewind_batches(d);
    rc = xmi_domain_stop(d);
    return rc || xmi_ledger_lower(d)
               ? rc
               : xmi_domain_refuse(d, -EIO,
                                   "domain %" PRIu32 ": its monitoring is disabled, but the pause "
                                   "by xmem_domain_pause() cannot be made again yet",
                                   d->domid);
}
