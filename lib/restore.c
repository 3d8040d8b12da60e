/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The end of monitoring and of the session: everything as it was found, nobody left waiting. */
#include "changes.h"
#include "copies.h"
#include "finish.h"
#include "rights.h"
#include "step.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>

#define STEPS_MS 2000      /* for steps on the way to end */
#define DISABLE_MS 2000    /* for vCPUs that wait for a slot to get one */
#define LOOKS_MIN 64u      /* whatever the clock says: the tool itself may not have run */
#define DRAIN_ROUNDS 1000u /* of a ring that never gets empty */
#define FAILURES_MAX 64u   /* gfns refused before restoring gives up */

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

/* The first failure of several counts; its text is put back when it is over. */
struct outcome {
    int rc;
    struct xmem_error text;
};

static void note(struct xmem_domain *d, struct outcome *o, int rc)
{
    if (rc < 0 && !o->rc) {
        o->rc = rc;
        o->text = d->error;
    }
}

/* ---- answering all ---- */

/* Resumed for good: single step goes off with the answer, where it was on. */
static void quit_event(struct xmem_domain *d, struct event *ev)
{
    if (d->finishing && step_see_through(d, ev))
        return;
    bool off = (ev->pub.flags & XMEM_EVENT_PAUSED) && step_forget(d, ev);
    finish_at_end(d, ev);
    event_answer(d, ev, off ? RING_FLAG_TOGGLE_SINGLESTEP : 0);
}

static void quit_held(struct xmem_domain *d)
{
    for (unsigned i = 0; i < EVENT_POOL && d->events.held; i++)
        if (d->events.pool[i].state != EVENT_FREE && d->events.pool[i].state != EVENT_ANSWERED)
            quit_event(d, &d->events.pool[i]);
}

/* Until the ring is empty. True: something was answered. */
static bool drain(struct xmem_domain *d)
{
    struct event *ev;
    bool any = d->events.held;
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

/* A ring that cannot be read: an answer for every vCPU that may wait, as for a dead listener's. */
static void answer_blindly(struct xmem_domain *d)
{
    struct ring_head head = {.version = d->ring.version, .flags = RING_FLAG_VCPU_PAUSED};
    for (head.vcpu = 0; head.vcpu < d->vcpu_n && !d->dead; head.vcpu++) {
        ring_answer(&d->ring, &head, NULL, 0);
        (void)events_send(d);
    }
}

/* ---- rights, default, views ---- */

static int collect(void *arg, uint64_t gfn, uint64_t nr, uint8_t byte)
{
    uint8_t set = known_set_of(byte), found = known_found_of(byte);
    if (set == KNOWN_NOTHING || found == KNOWN_NOTHING || set == found)
        return 0;
    return runs_push(arg, gfn, nr, found);
}

/*
 * Sends all of the list; what is refused is left out. A gfn that is not mapped any more is
 * no failure.
 */
static void send_past_failures(struct xmem_domain *d, struct view *v, const struct runs *list,
                               struct outcome *o)
{
    struct place at = {0};
    uint64_t failed;
    unsigned failures = 0;
    while (at.run < list->n && !d->dead && failures < FAILURES_MAX) {
        int rc = send_runs(d, v, list, &at, UINT64_MAX, &failed);
        if (!rc)
            break;
        if (rc != -ESRCH) {
            note(d, o, rc);
            failures++;
        }
        if (at.run < list->n && ++at.off >= run_nr(&list->v[at.run])) {
            at.off = 0;
            at.run++;
        }
    }
}

static void restore_rights(struct xmem_domain *d, struct view *v, struct outcome *o)
{
    struct runs list = {0};
    if (d->opts.restore != XMEM_RESTORE_KEEP && (v->id || d->enabled)) {
        if (known_each(&v->known, collect, &list))
            note(d, o, domain_refuse(d, -ENOMEM, "view %u: out of memory while restoring", v->id));
        send_past_failures(d, v, &list, o);
    }
    runs_free(&list);
    known_clear(&v->known);
}

static void restore_default(struct xmem_domain *d, struct outcome *o)
{
    if (!d->enabled || d->opts.restore == XMEM_RESTORE_KEEP ||
        (d->default_now == d->default_found && !d->default_over_all))
        return;
    int rc = domain_send_default(d, d->default_found);
    if (rc)
        note(d, o, domain_fail(d, rc, 0, "the default rights cannot be restored to %s",
                               xmem_rights_name((enum xmem_rights)d->default_found)));
    d->default_now = d->default_found;
    d->default_over_all = false;
}

/*
 * Xen switches all vCPUs or, by a reply, one: views that differed are restored as far as
 * that goes.
 */
static void restore_switch(struct xmem_domain *d, struct outcome *o)
{
    uint16_t view = d->views_found_on && d->vcpu_n ? d->vcpus[0].found_view : 0;
    if (!d->views_switched || !d->views_on) /* off there is none but view 0 */
        return;
    for (uint32_t i = 0; d->views_found_on && i < d->vcpu_n; i++)
        if (d->vcpus[i].found_view != view)
            note(d, o, domain_refuse(d, -EIO, "vCPU %" PRIu32 " was found in view %u and goes on "
                                     "in %u: all vCPUs are switched together", i,
                                     d->vcpus[i].found_view, view));
    int rc = view_switch_all(d, view);
    if (rc)
        note(d, o, domain_fail(d, rc, 0, "the vCPUs cannot be switched back to view %u", view));
    d->views_switched = false;
}

static void restore_notify(struct xmem_domain *d)
{
    for (uint32_t i = 0; i < d->vcpu_n; i++) {
        if (d->vcpus[i].notify_set)
            (void)d->ops->view_set_notify(d->dom, i, XMEM_GFN_UNDO);
        d->vcpus[i].notify_set = false;
    }
}

static void restore_views(struct xmem_domain *d, struct outcome *o)
{
    bool keep = d->opts.restore == XMEM_RESTORE_KEEP;
    for (uint32_t id = 1; id < d->caps.max_views; id++) {
        struct view *v = d->views[id];
        if (!v || !v->own || (keep && !v->step))
            continue;
        int rc = d->ops->view_destroy(d->dom, v->id);
        if (rc && !(keep && rc == -EBUSY))
            note(d, o, domain_fail(d, rc, MAY_BUSY, "view %" PRIu32 " cannot be destroyed", id));
        view_forget(d, v);
    }
    if (keep || d->views_found_on || !d->views_on)
        return;
    restore_notify(d);
    int rc = d->ops->views_set_state(d->dom, false);
    if (rc)
        note(d, o, domain_fail(d, rc, 0, "alternate views cannot be turned off again"));
    d->views_on = false;
}

static void restore_all(struct xmem_domain *d, struct outcome *o)
{
    bool keep = d->opts.restore == XMEM_RESTORE_KEEP;
    if (!d->dead && d->copies)
        note(d, o, copies_end(d));
    if (!d->dead) /* first: where it is for all pages it ends what was restored before it */
        restore_default(d, o);
    for (uint32_t id = 0; id < d->caps.max_views && !d->dead; id++)
        if (d->views[id] && !d->views[id]->own)
            restore_rights(d, d->views[id], o);
    if (!d->dead && d->access_required)
        (void)d->ops->access_required(d->dom, false);
    d->access_required = false;
    if (!d->dead && (!keep || step_views_used(d)))
        restore_switch(d, o);
    if (!d->dead && !keep)
        note(d, o, views_show_again(d)); /* while views are on */
    if (!d->dead)
        restore_views(d, o);
}

int domain_restore(struct xmem_domain *d)
{
    struct outcome o = {0};
    if (!d->dead)
        restore_all(d, &o);
    if (o.rc)
        d->error = o.text;
    return o.rc;
}

int domain_undo_pauses(struct xmem_domain *d)
{
    int first = 0;
    for (; d->pauses; d->pauses--) {
        int rc = d->dead ? 0 : d->ops->unpause(d->dom);
        if (rc && !first)
            first = domain_fail(d, rc, 0, "domain %" PRIu32 " cannot be unpaused", d->domid);
    }
    return first;
}

/* ---- monitoring ---- */

static void monitors_off(struct xmem_domain *d, struct outcome *o)
{
    struct backend_monitor m = {0};
    for (; d->monitor_n; d->monitor_n--) {
        m.reason = d->monitors[d->monitor_n - 1].reason;
        m.index = d->monitors[d->monitor_n - 1].index;
        int rc = d->dead ? 0 : d->ops->monitor_set(d->dom, &m);
        if (rc && rc != -EEXIST)
            note(d, o, domain_fail(d, rc, 0, "events %s cannot be switched off",
                                   xmem_event_reason_name((enum xmem_event_reason)m.reason)));
    }
    m = (struct backend_monitor){.reason = XMEM_EVENT_SINGLESTEP};
    if (d->step_monitor && !d->dead)
        (void)d->ops->monitor_set(d->dom, &m);
    m.reason = XMEM_EVENT_EMUL_UNIMPLEMENTED;
    if (d->emul_monitor && !d->dead)
        (void)d->ops->monitor_set(d->dom, &m);
    d->step_monitor = d->step_monitor_user = false;
    d->emul_monitor = d->emul_monitor_user = false;
}

/* The caller's pauses, for as long as vCPUs must run. What fails is not counted as done. */
static void lift_pauses(struct xmem_domain *d, bool lift)
{
    while (lift && d->lifted < d->pauses && !d->dead && !d->ops->unpause(d->dom))
        d->lifted++;
    for (; !lift && d->lifted && !d->dead; d->lifted--)
        d->pauses -= d->ops->pause(d->dom) != 0;
}

/* vCPUs that single step now end that with an event; they run for it, the others are held. */
static void finish_steps(struct xmem_domain *d, struct outcome *o)
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
    if (step_any(d) && !d->dead)
        note(d, o, domain_refuse(d, -EIO, "domain %" PRIu32 ": a vCPU did not end its single step",
                                 d->domid));
}

static int run_on(struct xmem_domain *d, bool on)
{
    lift_pauses(d, on);
    int rc = on ? d->ops->unpause(d->dom) : d->ops->pause(d->dom);
    if (rc && on)
        lift_pauses(d, false);
    return rc;
}

/* Has every vCPU that does not sleep been on a processor since it was noted? */
static bool all_ran(struct xmem_domain *d, uint64_t *times, bool note)
{
    bool all = true;
    for (uint32_t i = 0; i < d->vcpu_n && all; i++) {
        uint64_t ns = 0;
        bool idle = true;
        if (d->ops->vcpu_ran(d->dom, i, &ns, &idle))
            continue;
        if (note)
            times[i] = ns;
        else
            all = idle || ns != times[i];
    }
    return all;
}

/*
 * With more vCPUs than slots some may have queued for one. Xen takes a vCPU that it wakes out of
 * the queue at once, but the vCPU looks at the ring only when it runs: ended before, the ring is
 * freed memory, in which the vCPU may wait for ever (vm_event_wake_queued(), vm_event_disable()).
 * So all of them run, until a time when no event came of that.
 */
static void run_woken(struct xmem_domain *d, struct patience *p)
{
    bool any = d->vcpu_n > d->ring.slots && d->ring.req_cons && d->ops->vcpu_ran && !d->broken;
    uint64_t *times = any ? calloc(d->vcpu_n, sizeof(*times)) : NULL;
    while (times && any && !d->dead && patient(p)) {
        all_ran(d, times, true);
        any = false;
        if (run_on(d, true))
            break;
        do
            any = let_run(d) || any;
        while (!all_ran(d, times, false) && !d->dead && patient(p));
        if (run_on(d, false))
            break;
        any = drain(d) || any;
    }
    free(times);
}

/* vCPUs that wait for a slot keep the ring busy: they run a moment to get one. */
static int disable_ring(struct xmem_domain *d)
{
    struct patience p = patience_of(DISABLE_MS);
    int rc;
    run_woken(d, &p);
    while ((rc = d->ops->monitor_disable(d->dom)) == -EBUSY && patient(&p) && !d->dead) {
        if (run_on(d, true))
            break;
        (void)let_run(d);
        if (run_on(d, false))
            break;
        run_woken(d, &p);
    }
    return rc;
}

static void stop_paused(struct xmem_domain *d, struct outcome *o)
{
    drain(d);
    if (d->broken)
        answer_blindly(d);
    note(d, o, step_end_all(d));
    restore_all(d, o);
    drain(d);
    monitors_off(d, o);
    int rc = disable_ring(d);
    if (rc)
        note(d, o, domain_fail(d, rc, 0, "monitoring of domain %" PRIu32 " cannot be disabled",
                               d->domid));
}

int domain_stop(struct xmem_domain *d)
{
    struct outcome o = {0};
    finish_steps(d, &o);
    int rc = d->dead ? 0 : d->ops->pause(d->dom);
    if (rc)
        note(d, &o, domain_fail(d, rc, 0, "domain %" PRIu32 " cannot be paused", d->domid));
    if (d->dead)
        (void)d->ops->monitor_disable(d->dom); /* the ring and the channel are this process's too */
    else
        stop_paused(d, &o);
    if (!rc && !d->dead && (rc = domain_unpause_own(d)))
        note(d, &o, domain_fail(d, rc, 0, "domain %" PRIu32 " cannot be unpaused", d->domid));
    step_arm_free(d);
    events_reset(d);
    d->monitor_n = 0;
    d->step_monitor = d->step_monitor_user = false;
    d->emul_monitor = d->emul_monitor_user = false;
    d->relaxed_n = 0;
    d->enabled = d->broken = false;
    if (d->dead)
        return 0;
    if (o.rc)
        d->error = o.text;
    return o.rc;
}
