/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Taking events from the ring, and putting answers into it. */
#include "events/event.h"

#include "views/copies.h"
#include "session/domain.h"
#include "events/finish.h"
#include "base/sized.h"
#include "events/step.h"
#include "events/step-ahead.h"
#include "events/step-copies.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

/* Rounds of an idle machine in one call: a guest that never stops must not keep the caller. */
#define IDLE_ROUNDS 64
#define REPEATS 999u /* of an event at the same pc, before a vCPU counts as stuck */

/* ---- the pool ---- */

int events_init(struct xmem_domain *d)
{
    size_t bytes = EVENT_POOL * sizeof(struct event);
    events_of(d)->pool = aligned_alloc(sizeof(struct event), bytes);
    if (!events_of(d)->pool)
        return -ENOMEM;
    memset(events_of(d)->pool, 0, bytes);
    return 0;
}

void events_free(struct xmem_domain *d)
{
    free(events_of(d)->pool);
    events_of(d)->pool = NULL;
}

void events_reset(struct xmem_domain *d)
{
    for (unsigned i = 0; i < EVENT_POOL; i++)
        events_of(d)->pool[i].state = EVENT_FREE;
    memset(events_of(d)->owner, 0, sizeof(events_of(d)->owner));
    events_of(d)->held = events_of(d)->own_n = 0;
    events_of(d)->switched = false;
}

/* At most as many as slots are held, so the next one that is not is never far. */
static inline struct event *pool_get(struct events *e)
{
    struct event *ev;
    do {
        ev = &e->pool[e->next];
        e->next = (e->next + 1) % EVENT_POOL;
    } while (ev->state == EVENT_HELD || ev->state == EVENT_LATER || ev->state == EVENT_OWN);
    return ev;
}

/* ---- taking ---- */

static int broken(struct xmem_domain *d, const char *why)
{
    d->broken = true;
    return domain_refuse(d, -EPROTO, "domain %" PRIu32 ": the ring holds garbage: %s; the session "
                         "does not look at it again until monitoring is disabled and enabled",
                         d->domid, why);
}

/*
 * The vCPU is where it was, for the REPEATS-th time: with the same registers it does not get
 * anywhere. Two that agree are enough; a loop changes them.
 */
static void repeated(struct xmem_domain *d, struct event *ev, struct vcpu *v)
{
    uint64_t sum = ev->pub.u.raw[0] ^ ev->pub.reason;
    const uint8_t *data = event_data(d, ev);
    size_t words = ring_data_size(d->ring.version) / 8;
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
    struct vcpu *v = &d->vcpus[ev->pub.vcpu];
    uint64_t pc = ring_pc(&d->ring, &ev->req);
    if (pc != v->last_pc) {
        v->last_pc = pc;
        v->repeats = 0;
    } else if (++v->repeats >= REPEATS) {
        repeated(d, ev, v);
    }
}

/* A vCPU whose request was in the ring already belongs where it was switched to since. */
static void home_after_switch(struct events *e, struct event *ev)
{
    e->switched = ev->moved = (int32_t)(ev->req.index - e->switched_at) < 0;
    if (ev->moved)
        ev->home = e->switched_to;
}

static inline int take(struct xmem_domain *d, struct event **out)
{
    struct events *e = events_of(d);
    if (d->broken)
        return -EPROTO;
    struct event *ev = pool_get(e);
    const char *why = NULL;
    int rc = ring_take(&d->ring, &ev->req, &why);
    if (rc <= 0)
        return rc ? broken(d, why) : 0;
    ev->state = EVENT_HELD;
    ev->saved = false;
    ring_decode(&d->ring, &ev->req, &ev->pub);
    ev->home = ev->pub.view;
    ev->moved = false;
    if (e->switched)
        home_after_switch(e, ev);
    look_for_progress(d, ev);
    e->owner[ev->req.index & (d->ring.slots - 1)] = ev;
    e->held++;
    d->stats.events++;
    *out = ev;
    return 1;
}

int event_take_raw(struct xmem_domain *d, struct event **out)
{
    return take(d, out);
}

/* The further page of a step that met it before? */
static inline bool is_further(struct xmem_domain *d, struct event *ev)
{
    const struct step *s = &d->vcpus[ev->pub.vcpu].step;
    return s->in && ev->pub.view == s->in->v->id && (ev->pub.flags & XMEM_EVENT_PAUSED) &&
           !d->later_n && step_view_further(d, ev);
}

/* Has it to do with a step, or may it? */
static inline bool for_step(const struct xmem_domain *d, const struct event *ev)
{
    return d->vcpus[ev->pub.vcpu].step.phase || d->vcpus[ev->pub.vcpu].fast ||
           ev->pub.reason == XMEM_EVENT_SINGLESTEP ||
           (ev->pub.view && d->step_view_n) ||
           (ev->pub.reason == XMEM_EVENT_EMUL_UNIMPLEMENTED && d->led->emul_monitor);
}

/* ---- the session's own ---- */

struct event *event_own(struct xmem_domain *d, struct event *ev, const struct xmem_event_mem *m,
                        uint64_t pc)
{
    struct xmem_regs regs = XMEM_INIT(regs);
    struct event **owner = &events_of(d)->owner[ev->req.index & (d->ring.slots - 1)];
    (void)event_data(d, ev);
    struct event *own = pool_get(events_of(d));
    *own = *ev;
    own->pub.u.mem = *m;
    own->pub.flags &= ~XMEM_EVENT_STUCK;
    own->pub.stepped = own->pub.passes = 0;
    ring_regs_decode(&d->ring, own->data, &regs);
    if (regs.arch == XMEM_ARCH_ARM) {
        regs.u.arm.pc = pc;
        ring_regs_encode(&d->ring, &regs, own->data);
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

static struct event *take_own(struct xmem_domain *d)
{
    struct event *ev = events_of(d)->pool;
    while (ev->state != EVENT_OWN)
        ev++;
    ev->state = EVENT_HELD;
    events_of(d)->own_n--;
    return ev;
}

/* One that the library may have to do with. 1: it is the caller's; 0: it was answered. */
static __attribute__((noinline)) int look_closer(struct xmem_domain *d, struct event *ev)
{
    if (d->vcpus[ev->pub.vcpu].io_again && finish_swallow(d, ev))
        return 0;
    int late = d->guarded ? copies_taken(d, ev) : 0;
    int rc = for_step(d, ev) && !is_further(d, ev) ? step_event(d, ev) : 0;
    if (rc < 0 || (rc && late))
        return rc < 0 ? rc : late;
    return !rc && !(d->guarded && copies_event(d, ev));
}

/* The same, shorter where there is nothing but a step. */
static inline int look(struct xmem_domain *d, struct event *ev)
{
    if (d->guarded || d->vcpus[ev->pub.vcpu].io_again)
        return look_closer(d, ev);
    if (!for_step(d, ev) || is_further(d, ev))
        return 1;
    int rc = step_event(d, ev);
    return rc > 0 ? 0 : rc < 0 ? rc : 1;
}

int event_take(struct xmem_domain *d, struct event **out)
{
    while (events_of(d)->own_n) {
        *out = take_own(d);
        if (!d->guarded || !copies_event(d, *out))
            return 1;
    }
    for (;;) {
        int rc = take(d, out);
        if (rc > 0 && !(rc = look(d, *out)))
            continue;
        return rc;
    }
}

/* ---- answering ---- */

const uint8_t *event_data(struct xmem_domain *d, struct event *ev)
{
    if (!ev->saved) {
        ring_copy(&d->ring, &ev->req, &ev->head);
        memcpy(ev->data, ring_slot(&d->ring, ev->req.index) + RING_DATA_OFFSET,
               ring_data_size(d->ring.version));
        __asm__ volatile("" ::: "memory"); /* read once */
        ev->saved = true;
    }
    return ev->data;
}

/* The slot of the next answer may hold a request that is not answered yet: it is kept. */
static void make_way(struct xmem_domain *d, const struct event *ev)
{
    struct events *e = events_of(d);
    uint32_t mask = d->ring.slots - 1, slot = ring_answer_index(&d->ring) & mask;
    struct event *owner = e->owner[slot];
    if (owner && owner != ev)
        (void)event_data(d, owner);
    e->owner[slot] = NULL;
}

static void answered(struct xmem_domain *d, struct event *ev)
{
    struct event **owner = &events_of(d)->owner[ev->req.index & (d->ring.slots - 1)];
    if (*owner == ev)
        *owner = NULL;
    events_of(d)->own_n -= ev->state == EVENT_OWN;
    ev->state = EVENT_ANSWERED;
    events_of(d)->held--;
    d->stats.answers++;
}

void event_answer_with(struct xmem_domain *d, struct event *ev, const struct answer *given)
{
    struct answer own = *given, *a = &own;
    if (d->vcpus[ev->pub.vcpu].attention)
        step_answer(d, ev, a);
    if (!ev->saved) /* head is a copy from now on; of the rest the answer needs nothing */
        ring_copy(&d->ring, &ev->req, &ev->head);
    make_way(d, ev);
    ev->head.flags = (ev->req.flags & RING_FLAG_VCPU_PAUSED) | a->flags;
    if (a->reason)
        ev->head.reason = a->reason;
    if (a->flags & RING_FLAG_ALTERNATE_P2M)
        ev->head.view = a->view;
    if (a->flags & RING_FLAG_FAST_SINGLESTEP)
        ev->head.u.quarter[0] = a->step_view; /* fast_singlestep.p2midx */
    ring_answer(&d->ring, &ev->head, a->data, a->bytes);
    answered(d, ev);
}

void event_answer(struct xmem_domain *d, struct event *ev, uint32_t flags)
{
    struct answer a = {.flags = flags};
    if (ev->req.index != ring_answer_index(&d->ring) || d->vcpus[ev->pub.vcpu].attention) {
        event_answer_with(d, ev, &a);
        return;
    }
    ring_answer_in_place(&d->ring, &ev->req, (ev->req.flags & RING_FLAG_VCPU_PAUSED) | flags);
    answered(d, ev);
}

int events_send(struct xmem_domain *d)
{
    if (!ring_publish(&d->ring) && !events_of(d)->owed)
        return 0;
    d->stats.notifies++;
    int rc = d->ops->event_notify(d->dom);
    events_of(d)->owed = rc != 0; /* the answers are in the ring, and nobody knows */
    return rc ? domain_fail(d, rc, 0, "domain %" PRIu32 ": answers cannot be notified", d->domid)
              : 0;
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
    step_arm_free(d); /* what is mapped of it would keep it from going */
    step_ahead_free(d);
    if (d->died_told)
        return domain_refuse(d, -ESHUTDOWN, "domain %" PRIu32 " died", d->domid);
    memset(died, 0, sizeof(*died));
    died->seq = ++events_of(d)->seq;
    died->reason = XMEM_EVENT_DOMAIN_DIED;
    d->died_told = true;
    *out = died;
    return 0;
}

/*
 * Behind the acknowledging, which would take away that the fd comes back for those that still wait.
 * 1: some began.
 */
static int begin_waiting(struct xmem_domain *d)
{
    uint32_t waited = d->later_n;
    (void)step_resume(d); /* one that fails meets its page again, and is told */
    if (d->later_n == waited)
        return 0;
    int rc = events_send(d);
    return rc ? rc : 1;
}

/* The ring is empty: send, make the fd quiet, look once more. 1: look again, 0: quiet. */
static int settle(struct xmem_domain *d)
{
    int rc = events_send(d);
    if (!rc && d->step_owed)
        rc = step_pay(d);
    if (!rc)
        rc = d->ops->event_ack(d->dom);
    if (!rc && ring_any(&d->ring))
        return 1;
    if (!rc)
        rc = d->ops->event_idle(d->dom);
    if (!rc && d->later_n)
        rc = begin_waiting(d);
    if (rc == -ESHUTDOWN || d->dead) {
        d->dead = true;
        return ring_any(&d->ring) && !d->broken ? 1 : 0;
    }
    if (rc < 0)
        return domain_fail(d, rc, 0, "domain %" PRIu32 ": its event channel failed", d->domid);
    return rc;
}

static int check_monitoring(struct xmem_domain *d)
{
    if (d->enabled)
        return 0;
    if (d->dead)
        return -ESHUTDOWN;
    return domain_refuse(d, -ENODEV, "domain %" PRIu32 " is not monitored: call "
                         "xmem_domain_enable() first", d->domid);
}

static int next_slow(struct xmem_domain *d, const struct xmem_event **out)
{
    struct event *ev;
    for (unsigned round = 0; round < IDLE_ROUNDS; round++) {
        int more = d->dead ? 0 : settle(d);
        if (more < 0)
            return more;
        int rc = event_take(d, &ev);
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
    rc = event_take(d, &ev);
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
    return rc < 0 ? domain_fail(d, rc, 0, "domain %" PRIu32 " has no fd", d->domid) : rc;
}

int xmem_event_flush(struct xmem_domain *d)
{
    int rc = domain_usable(d);
    if (!rc)
        rc = check_monitoring(d);
    return rc ? rc : events_send(d);
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
    while (!rc && d->later_n && !d->pauses && timeout_ms) {
        rc = wait_once(d, 1);
        timeout_ms -= timeout_ms > 0;
        if (!rc)
            (void)step_resume(d);
        if (!rc)
            rc = events_send(d);
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
        return d->died_told ? domain_usable(d) : 0;
    rc = events_send(d);
    if (rc == -ESHUTDOWN)
        return 0; /* that is an event */
    if (rc)
        return rc;
    if (d->broken || events_of(d)->own_n || ring_any(&d->ring))
        return 0;
    rc = wait_for_fd(d, timeout_ms < 0 ? -1 : timeout_ms);
    if (rc > 0)
        return 0;
    if (!rc)
        return domain_refuse(d, -ETIMEDOUT, "no event within %d ms", timeout_ms);
    if (rc == -EINTR)
        return domain_refuse(d, rc, "interrupted by a signal");
    return domain_fail(d, rc, 0, "domain %" PRIu32 ": its fd cannot be waited for", d->domid);
}

int xmem_event_get_regs(struct xmem_domain *d, const struct xmem_event *ev, struct xmem_regs *out)
{
    struct xmem_regs own = XMEM_INIT(own);
    if (!d)
        return -EINVAL;
    struct event *e = ev ? event_of(events_of(d), ev) : NULL;
    if (!e || e->state == EVENT_FREE || sized_check(out))
        return domain_refuse(d, -EINVAL, "xmem_event_get_regs: %s", e ? "out.size is not set" :
                             "no event of this session");
    if (e->state != EVENT_HELD)
        return domain_refuse(d, -EALREADY, "event %" PRIu64 " was answered: its registers are gone",
                             e->pub.seq);
    ring_regs_decode(&d->ring, event_data(d, e), &own);
    sized_out(out, &own, sizeof(own));
    return 0;
}
