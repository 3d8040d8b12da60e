/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Taking events from the ring: what is the library's own is dealt with, what is the caller's is given. */
#include "events/events-int.h"

#include "views/views.h"
#include "session/session.h"
#include "base/base.h"
#include "events/step.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>

/* Rounds of an idle machine in one call: a guest that never stops must not keep the caller. */
#define IDLE_ROUNDS 64
#define REPEATS 999u /* of an event at the same pc, before a vCPU counts as stuck */

/* ---- taking ---- */

static int mark_broken(struct xmem_domain *d, const char *why)
{
    events_of(d)->broken = true;
    return xmi_domain_refuse(d, -EPROTO,
                             "domain %" PRIu32 ": the ring holds garbage: %s; the session "
                             "does not look at it again until monitoring is disabled and enabled",
                             d->domid, why);
}

/*
 * The vCPU is where it was, for the REPEATS-th time: with the same registers it does not get
 * anywhere. Two that agree are enough; a loop changes them.
 */
static void note_repeat(struct xmem_domain *d, struct event *ev, struct vcpu *v)
{
    uint64_t sum = ev->pub.u.raw[0] ^ ev->pub.reason;
    const uint8_t *data = xmi_event_data(d, ev);
    size_t words = xmi_ring_data_size(ring_of(d)->version) / 8;
    for (size_t i = 0; i < words; i++) {
        uint64_t word;
        memcpy(&word, data + i * 8, sizeof(word));
        sum = (sum ^ word) * UINT64_C(0x100000001b3);
    }
    if (sum == v->last_regs) {
        ev->pub.flags |= XMEM_EVENT_STUCK;
        d->stats.stuck++;
    }
    v->last_regs = sum;
}

static inline void look_for_progress(struct xmem_domain *d, struct event *ev)
{
    struct vcpu *v = vcpu_of(d, ev);
    uint64_t pc = ring_pc(ring_of(d), &ev->req);
    if (pc != v->last_pc) {
        v->last_pc = pc;
        v->repeats = 0;
    } else if (++v->repeats >= REPEATS) {
        note_repeat(d, ev, v);
    }
}

/* A vCPU whose request was in the ring already belongs where it was switched to since. */
static void set_switched_home(struct events *e, struct event *ev)
{
    e->switched = ev->moved = (int32_t)(ev->req.index - e->switched_at) < 0;
    if (ev->moved)
        ev->home = e->switched_to;
}

static inline int take(struct xmem_domain *d, struct event **out)
{
    struct events *e = events_of(d);
    if (events_of(d)->broken)
        return -EPROTO;
    struct event *ev = event_unused(e);
    const char *why = NULL;
    int rc = ring_take(ring_of(d), &ev->req, &why);
    if (rc <= 0)
        return rc ? mark_broken(d, why) : 0;
    ev->state = EVENT_HELD;
    ev->saved = false;
    ring_decode(ring_of(d), &ev->req, &ev->pub);
    ev->home = ev->pub.view;
    ev->moved = false;
    if (e->switched)
        set_switched_home(e, ev);
    look_for_progress(d, ev);
    e->owner[ev->req.index & (ring_of(d)->slots - 1)] = ev;
    e->held++;
    d->stats.events++;
    *out = ev;
    return 1;
}

int xmi_event_take_raw(struct xmem_domain *d, struct event **out)
{
    return take(d, out);
}

/* The further page of a step that met it before? */
static inline bool is_further(struct xmem_domain *d, struct event *ev)
{
    const struct step *s = &vcpu_of(d, ev)->step;
    return s->in && ev->pub.view == s->in->v->id && (ev->pub.flags & XMEM_EVENT_PAUSED) &&
           !steps_of(d)->later_n && xmi_step_view_further(d, ev);
}

/* Has it to do with a step, or may it? */
static inline bool for_step(const struct xmem_domain *d, const struct event *ev)
{
    return vcpu_of(d, ev)->step.phase || vcpu_of(d, ev)->fast ||
           ev->pub.reason == XMEM_EVENT_SINGLESTEP || (ev->pub.view && steps_of(d)->view_n) ||
           (ev->pub.reason == XMEM_EVENT_EMUL_UNIMPLEMENTED && d->led->emul_monitor);
}

static struct event *take_own(struct xmem_domain *d)
{
    struct event *ev = events_of(d)->pool;
    while (ev->state != EVENT_OWN)
        ev++;
    ev->state = EVENT_HELD;
    events_of(d)->own_n--;
    return ev;
}

/* False: it could not be stepped over, and is the caller's. */
static bool step_loosely(struct xmem_domain *d, struct event *ev)
{
    ev->strict = false;
    return !xmi_step_over(d, ev);
}

/* A write that only its copies make an event: stepped over, and not the caller's. */
static bool step_over_write(struct xmem_domain *d, struct event *ev)
{
    return d->guarded && xmi_copies_claim_write(d, ev) && step_loosely(d, ev);
}

/* One that the library may have to do with. 1: it is the caller's; 0: it was answered. */
static __attribute__((noinline)) int look_closer(struct xmem_domain *d, struct event *ev)
{
    if (vcpu_of(d, ev)->io_again && xmi_finish_swallow(d, ev))
        return 0;
    int late = d->guarded ? xmi_copies_follow_event(d, ev) : 0;
    int rc = for_step(d, ev) && !is_further(d, ev) ? xmi_step_event(d, ev) : 0;
    if (rc < 0 || (rc && late))
        return rc < 0 ? rc : late;
    return !rc && !step_over_write(d, ev);
}

/* The same, shorter where there is nothing but a step. */
static inline int look(struct xmem_domain *d, struct event *ev)
{
    if (d->guarded || vcpu_of(d, ev)->io_again)
        return look_closer(d, ev);
    if (!for_step(d, ev) || is_further(d, ev))
        return 1;
    int rc = xmi_step_event(d, ev);
    return rc > 0 ? 0 : rc < 0 ? rc : 1;
}

int xmi_event_take(struct xmem_domain *d, struct event **out)
{
    while (events_of(d)->own_n) {
        *out = take_own(d);
        if (!step_over_write(d, *out))
            return 1;
    }
    for (;;) {
        int rc = take(d, out);
        if (rc > 0 && !(rc = look(d, *out)))
            continue;
        return rc;
    }
}

/* ---- the calls ---- */

static int give(struct xmem_domain *d, struct event *ev, const struct xmem_event **out)
{
    ev->pub.seq = ++events_of(d)->seq;
    *out = &ev->pub;
    return 0;
}

static int give_death(struct xmem_domain *d, const struct xmem_event **out)
{
    struct xmem_event *died = &events_of(d)->died;
    xmi_step_kept_free(d); /* what is mapped of it would keep it from going */
    if (events_of(d)->died_told)
        return xmi_domain_refuse(d, -ESHUTDOWN, "domain %" PRIu32 " died", d->domid);
    memset(died, 0, sizeof(*died));
    died->seq = ++events_of(d)->seq;
    died->reason = XMEM_EVENT_DOMAIN_DIED;
    events_of(d)->died_told = true;
    *out = died;
    return 0;
}

/*
 * Behind the acknowledging, which would take away that the fd comes back for those that still wait.
 * 1: some began.
 */
static int begin_waiting(struct xmem_domain *d)
{
    uint32_t waited = steps_of(d)->later_n;
    (void)xmi_step_resume(d); /* one that fails meets its page again, and is told */
    if (steps_of(d)->later_n == waited)
        return 0;
    int rc = xmi_events_send(d);
    return rc ? rc : 1;
}

/* The ring is empty: send, make the fd quiet, look once more. 1: look again, 0: quiet. */
static int settle(struct xmem_domain *d)
{
    int rc = xmi_events_send(d);
    if (!rc && steps_of(d)->owed)
        rc = xmi_step_pay(d);
    if (!rc)
        rc = d->ops->event_ack(d->dom);
    if (!rc && ring_any(ring_of(d)))
        return 1;
    if (!rc)
        rc = d->ops->event_idle(d->dom);
    if (!rc && steps_of(d)->later_n)
        rc = begin_waiting(d);
    if (rc == -ESHUTDOWN || d->dead) {
        d->dead = true;
        return ring_any(ring_of(d)) && !events_of(d)->broken ? 1 : 0;
    }
    if (rc < 0)
        return xmi_domain_fail(d, rc, 0, "domain %" PRIu32 ": its event channel failed", d->domid);
    return rc;
}

static int check_monitoring(struct xmem_domain *d)
{
    if (d->enabled)
        return 0;
    if (d->dead)
        return -ESHUTDOWN;
    return xmi_domain_refuse(d, -ENODEV,
                             "domain %" PRIu32 " is not monitored: call "
                             "xmem_domain_enable() first",
                             d->domid);
}

static int next_slow(struct xmem_domain *d, const struct xmem_event **out)
{
    struct event *ev;
    for (unsigned round = 0; round < IDLE_ROUNDS; round++) {
        int more = d->dead ? 0 : settle(d);
        if (more < 0)
            return more;
        int rc = xmi_event_take(d, &ev);
        if (rc)
            return rc < 0 ? rc : give(d, ev, out);
        if (d->dead)
            return give_death(d, out);
        if (!more)
            return -EAGAIN;
    }
    return -EAGAIN;
}

int xmem_event_next(struct xmem_domain *d, const struct xmem_event **out)
{
    struct event *ev;
    if (!d || !out)
        return -EINVAL;
    int rc = check_monitoring(d);
    if (rc)
        return rc;
    rc = xmi_event_take(d, &ev);
    if (rc > 0)
        return give(d, ev, out);
    return rc < 0 ? rc : next_slow(d, out);
}

int xmem_domain_get_fd(struct xmem_domain *d)
{
    int rc = domain_usable(d);
    if (rc && rc != -ESHUTDOWN)
        return rc;
    rc = d->ops->event_fd(d->dom);
    return rc < 0 ? xmi_domain_fail(d, rc, 0, "domain %" PRIu32 " has no fd", d->domid) : rc;
}

int xmem_event_flush(struct xmem_domain *d)
{
    int rc = domain_usable(d);
    if (!rc)
        rc = check_monitoring(d);
    return rc ? rc : xmi_events_send(d);
}

static int wait_once(struct xmem_domain *d, int timeout_ms)
{
    struct pollfd p = {.events = POLLIN};
    if (d->ops->event_wait)
        return d->ops->event_wait(d->dom, timeout_ms);
    p.fd = d->ops->event_fd(d->dom);
    int rc = poll(&p, 1, timeout_ms);
    return rc < 0 ? -errno : rc;
}

/* No event tells that a step which another one waits for is over: looked for meanwhile. */
static int wait_for_fd(struct xmem_domain *d, int timeout_ms)
{
    int rc = 0;
    while (!rc && steps_of(d)->later_n && !d->pauses && timeout_ms) {
        rc = wait_once(d, 1);
        timeout_ms -= timeout_ms > 0;
        if (!rc)
            (void)xmi_step_resume(d);
        if (!rc)
            rc = xmi_events_send(d);
    }
    return rc || !timeout_ms ? rc : wait_once(d, timeout_ms);
}

int xmem_event_wait(struct xmem_domain *d, int timeout_ms)
{
    if (!d)
        return -EINVAL;
    int rc = check_monitoring(d);
    if (rc)
        return rc;
    if (d->dead)
        return events_of(d)->died_told ? domain_usable(d) : 0;
    rc = xmi_events_send(d);
    if (rc == -ESHUTDOWN)
        return 0; /* that is an event */
    if (rc)
        return rc;
    if (events_of(d)->broken || events_of(d)->own_n || ring_any(ring_of(d)))
        return 0;
    rc = wait_for_fd(d, timeout_ms < 0 ? -1 : timeout_ms);
    if (rc > 0)
        return 0;
    if (!rc)
        return xmi_domain_refuse(d, -ETIMEDOUT, "no event within %d ms", timeout_ms);
    if (rc == -EINTR)
        return xmi_domain_refuse(d, rc, "interrupted by a signal");
    return xmi_domain_fail(d, rc, 0, "domain %" PRIu32 ": its fd cannot be waited for", d->domid);
}

int xmem_event_get_regs(struct xmem_domain *d, const struct xmem_event *ev, struct xmem_regs *out)
{
    struct xmem_regs own = XMEM_INIT(own);
    if (!d)
        return -EINVAL;
    struct event *e = ev ? event_of(events_of(d), ev) : NULL;
    if (!e || e->state == EVENT_FREE || xmi_sized_check(out))
        return xmi_domain_refuse(d, -EINVAL, "xmem_event_get_regs: %s",
                                 e ? "out.size is not set" : "no event of this session");
    if (e->state != EVENT_HELD)
        return xmi_domain_refuse(
            d, -EALREADY, "event %" PRIu64 " was answered: its registers are gone", e->pub.seq);
    xmi_ring_regs_decode(ring_of(d), xmi_event_data(d, e), &own);
    xmi_sized_out(out, &own, sizeof(own));
    return 0;
}
