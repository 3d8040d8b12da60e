/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bringing back a domain whose tool died. */
#include "backend/backend.h"
#include "ring/ring.h"
#include "session/session.h"
#include "base/base.h"
#include "api/api-int.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DISABLE_TRIES 200u
#define STEP_ROUNDS 5u
#define QUEUE_ROUNDS 100u
#define SEEN_MS 10000 /* a host with many vCPUs on few processors */
#define WAITS_MS 100  /* where it is known who waits */

struct recovery {
    const struct xmem_backend_ops *ops;
    void *dom;
    struct xmem_domain_info info;
    struct xmem_caps caps;
    struct ring ring;
    bool held;     /* paused by this */
    uint64_t *ran; /* of each vCPU: how long, when it was noted; NULL: not asked */
    struct xmem_recovery out;
    struct owed_pauses *owed;
    struct xmem_error err;
};

static int code_of(int rc)
{
    static const int known[] = {0, -EPERM, -EACCES, -ENOMEM, -EOPNOTSUPP, -ESRCH, -ESHUTDOWN};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (rc == known[i])
            return rc;
    return -EIO;
}

static int failed(struct recovery *r, int rc, const char *what)
{
    return xmi_error_set(&r->err, code_of(rc), "domain %" PRIu32 ": %s: %s", r->info.domid, what,
                         strerror(-rc));
}

/* ---- pauses: what was not made is not ended, and the other way round ---- */

static int hold(struct recovery *r)
{
    int rc = r->held ? 0 : r->ops->pause(r->dom);
    r->held = !rc;
    return rc;
}

static int let_go(struct recovery *r)
{
    int rc = r->held ? r->ops->unpause(r->dom) : 0;
    if (rc) /* it may have been for this one time */
        rc = r->ops->unpause(r->dom);
    r->held = rc != 0;
    return rc;
}

/* For good. A pause that cannot be ended is kept in mind by the connection, for the next call on that domain. */
static int unpause(struct recovery *r)
{
    int rc = let_go(r);
    r->owed->n += r->held;
    r->held = false;
    return rc;
}

/* ---- the ring's content ---- */

/* Answers what stands in the ring: resumed, and single step off where that was the event. */
static void answer_requests(struct recovery *r)
{
    struct ring_request q;
    struct ring_head head;
    if (!r->ring.page)
        return;
    while (ring_take(&r->ring, &q, NULL) > 0) {
        xmi_ring_copy(&r->ring, &q, &head);
        head.flags &= RING_FLAG_VCPU_PAUSED;
        if (head.flags && head.reason == XMEM_EVENT_SINGLESTEP)
            head.flags |= RING_FLAG_TOGGLE_SINGLESTEP;
        xmi_ring_answer(&r->ring, &head, NULL, 0);
    }
    if (xmi_ring_publish(&r->ring))
        (void)r->ops->event_notify(r->dom);
}

/* For as long as the guest needs to go on from what it was answered. The domain is not paused. */
static void let_run(struct recovery *r)
{
    struct timespec ms = {.tv_nsec = 1000000};
    (void)r->ops->event_idle(r->dom);
    nanosleep(&ms, NULL);
    answer_requests(r);
}

/* vCPUs that wait for a slot keep the ring busy (-EBUSY): running for a moment they get one. */
static int ring_off(struct recovery *r)
{
    int rc = -EBUSY;
    for (unsigned i = 0; i < DISABLE_TRIES && rc == -EBUSY; i++) {
        rc = r->ops->monitor_disable(r->dom);
        if (rc != -EBUSY)
            break;
        int rc2 = let_go(r);
        if (!rc2) {
            let_run(r);
            rc2 = hold(r);
        }
        rc = rc2 ? rc2 : rc;
    }
    r->ring.page = NULL;
    return rc;
}

static int use_ring(struct recovery *r, const struct backend_ring *b, bool adopt)
{
    int rc = (adopt ? xmi_ring_adopt : xmi_ring_init)(&r->ring, b->page, b->interface_version,
                                                      b->arch, r->info.vcpus);
    return rc ? failed(r, rc, "its vm_event interface is not known") : 0;
}

/* A ring of our own, or the dead listener's as it is. Rights can be set with either. */
static int get_ring(struct recovery *r)
{
    struct backend_ring b = {0};
    int rc = r->ops->monitor_enable(r->dom, &b);
    if (!rc)
        return use_ring(r, &b, false);
    if (rc != -EBUSY)
        return failed(r, rc, "its ring cannot be enabled");
    r->out.ring_was_active = 1;
    if (r->ops->monitor_attach && !r->ops->monitor_attach(r->dom, &b))
        return use_ring(r, &b, true);
    return 0;
}

/* ---- who runs ---- */

/* Notes how long each vCPU ran. */
static int note_all(struct recovery *r)
{
    bool idle;
    int rc = 0;
    if (!r->ops->vcpu_ran)
        return 0;
    if (!r->ran)
        r->ran = calloc(r->info.vcpus, sizeof(*r->ran));
    if (!r->ran)
        return -ENOMEM;
    for (uint32_t i = 0; i < r->info.vcpus && !rc; i++)
        rc = r->ops->vcpu_ran(r->dom, i, &r->ran[i], &idle);
    return rc;
}

/*
 * 1: was on a processor since it was noted, or sleeps; 0: neither; negative: it cannot be asked. Who sleeps can
 * wait for an answer as well, with the event of the instruction that made it sleep: asked where that can be.
 */
static int goes_on(struct recovery *r, uint32_t vcpu)
{
    uint64_t ns = 0;
    bool idle = true;
    if (r->ran) {
        int rc = r->ops->vcpu_ran(r->dom, vcpu, &ns, &idle);
        if (rc || !idle)
            return rc ? rc : ns != r->ran[vcpu];
    }
    int waits = r->ops->vcpu_waits ? r->ops->vcpu_waits(r->dom, vcpu) : 0;
    return waits < 0 ? waits : !waits;
}

/* The first that does not; all go on: how many there are. */
static int first_still(struct recovery *r, uint32_t *vcpu)
{
    int rc = 1;
    for (*vcpu = 0; *vcpu < r->info.vcpus && rc > 0; ++*vcpu) {
        rc = goes_on(r, *vcpu);
        if (rc <= 0)
            break;
    }
    return rc < 0 ? rc : 0;
}

/* Lets the domain run until each vCPU was seen to, or the time is over. */
static int watch(struct recovery *r, int64_t ms, uint32_t *still)
{
    int64_t end = xmi_clock_ms() + ms;
    int rc = note_all(r);
    do {
        let_run(r);
        if (!rc)
            rc = first_still(r, still);
    } while (!rc && *still < r->info.vcpus && xmi_clock_ms() < end);
    return rc;
}

/* Whoever paused a domain, its tool or its owner: nothing can be seen until that is undone. */
static int see_all_run(struct recovery *r)
{
    struct xmem_domain_info info = {.size = sizeof(info)};
    uint32_t still = 0;
    int rc = r->ops->domain_info(r->dom, &info);
    if (!rc && (info.flags & XMEM_DOMAIN_PAUSED))
        return xmi_error_set(&r->err, -EIO,
                             "domain %" PRIu32 " is put right, but somebody paused it, "
                             "maybe the tool that died: unpause it, and recover it once more to "
                             "see that all its vCPUs go on",
                             r->info.domid);
    if (!rc)
        rc = watch(r, r->ops->vcpu_ran ? SEEN_MS : WAITS_MS, &still);
    if (rc)
        return failed(r, rc, "its vCPUs cannot be watched");
    return still < r->info.vcpus
               ? xmi_error_set(&r->err, -EIO,
                               "domain %" PRIu32 ": vCPU %" PRIu32 " was not seen to go on",
                               r->info.domid, still)
               : 0;
}

/*
 * A vCPU that the dead listener's last answers woke out of the queue for a slot looks at the ring when it
 * runs: it must do so before that ring is gone. The domain is paused.
 */
static int run_queued(struct recovery *r)
{
    uint32_t still;
    if (!r->ops->vcpu_ran || r->info.vcpus <= r->caps.ring_slots)
        return 0;
    int rc = let_go(r);
    if (!rc) {
        (void)watch(r, QUEUE_ROUNDS, &still);
        rc = hold(r);
    }
    return rc;
}

/* ---- the ring ---- */

/* Ends the dead listener's ring, with an answer to everything in it, and takes a new one. */
static int change_ring(struct recovery *r)
{
    struct backend_ring b = {0};
    if (!r->out.ring_was_active)
        return 0;
    answer_requests(r);
    int rc = run_queued(r);
    if (rc)
        return failed(r, rc, "its vCPUs cannot be let run a moment");
    rc = ring_off(r);
    if (!rc)
        rc = r->ops->monitor_enable(r->dom, &b);
    if (rc == -EBUSY)
        return failed(r, rc,
                      "vCPUs wait for its ring, and the ring of a listener that is gone "
                      "cannot be answered: destroy the domain");
    return rc ? failed(r, rc, "its ring cannot be taken over") : use_ring(r, &b, false);
}

/*
 * Disabling a ring leaves the vCPUs paused whose events were in it. An answer that nobody
 * asked for lets one of these go on, and harms no other.
 */
static int release_vcpus(struct recovery *r)
{
    struct ring_head head = {.version = r->ring.version, .flags = RING_FLAG_VCPU_PAUSED};
    for (head.vcpu = 0; head.vcpu < r->info.vcpus; head.vcpu++) {
        if (r->ops->vcpu_hold)
            (void)r->ops->vcpu_hold(r->dom, head.vcpu, false);
        int waits = r->ops->vcpu_waits ? r->ops->vcpu_waits(r->dom, head.vcpu) : 1;
        if (waits <= 0)
            continue;
        xmi_ring_answer(&r->ring, &head, NULL, 0);
        xmi_ring_publish(&r->ring);
        int rc = r->ops->event_notify(r->dom);
        if (rc)
            return failed(r, rc, "a waiting vCPU cannot be released");
        r->out.vcpus_released++;
    }
    return 0;
}

/* Single steps that the dead tool began, switched off from outside. -EOPNOTSUPP: not possible. */
static int steps_off(struct recovery *r)
{
    int rc = r->ops->vcpu_step_off ? 0 : -EOPNOTSUPP;
    if (!(r->caps.monitors & (1u << XMEM_EVENT_SINGLESTEP)))
        return 0;
    for (uint32_t i = 0; i < r->info.vcpus && !rc; i++)
        rc = r->ops->vcpu_step_off(r->dom, i);
    return rc == -ENOSYS ? -EOPNOTSUPP : rc;
}

/* Else they end with an event each, where these are monitored. */
static void end_steps(struct recovery *r)
{
    struct backend_monitor m = {.reason = XMEM_EVENT_SINGLESTEP, .on = true, .sync = true};
    if (r->ops->monitor_set(r->dom, &m))
        return;
    for (unsigned i = 0; i < STEP_ROUNDS; i++)
        let_run(r);
    m.on = false;
    (void)r->ops->monitor_set(r->dom, &m);
}

/* The dead tool may have hidden it, and Xen switches all vCPUs to visible views only. */
static int back_to_host(struct recovery *r)
{
    int rc = r->ops->view_switch(r->dom, 0);
    if (rc != -EINVAL || !(r->caps.flags & XMEM_CAP_VISIBILITY))
        return rc;
    rc = r->ops->view_set_visible(r->dom, 0, true);
    return rc ? rc : r->ops->view_switch(r->dom, 0);
}

static int drop_views(struct recovery *r)
{
    bool on = false;
    int rc = r->ops->views_get_state ? r->ops->views_get_state(r->dom, &on) : 0;
    if ((rc == -EOPNOTSUPP && r->caps.max_views <= 1) || (!rc && !on))
        return 0;
    if (!rc)
        rc = back_to_host(r);
    for (uint32_t id = 1; !rc && id < r->caps.max_views; id++) {
        int there = r->ops->view_exists(r->dom, (uint16_t)id);
        if (there > 0)
            rc = r->ops->view_destroy(r->dom, (uint16_t)id);
        r->out.views_destroyed += there > 0 && !rc;
    }
    if (!rc)
        rc = r->ops->views_set_state(r->dom, false);
    return rc ? failed(r, rc, "its views cannot be destroyed") : 0;
}

/* The first of nr gfns that cannot be set: halves are set until it is found. nr: none. */
static uint64_t find_refused(struct recovery *r, uint64_t gfn, uint64_t nr)
{
    uint64_t lo = 0, hi = nr, done;
    while (lo < hi) {
        uint64_t half = hi - lo > 1 ? (hi - lo) / 2 : 1;
        if (!r->ops->rights_set(r->dom, 0, gfn + lo, half, XMEM_RWX, &done))
            lo += half;
        else if (half == 1)
            break;
        else
            hi = lo + half;
    }
    return lo;
}

/* Every gfn that is mapped; holes are passed over one by one, since nobody says where they end. */
static int reset_rights(struct recovery *r)
{
    uint64_t done, gfn = 0, last = r->info.highest_gfn;
    bool hole = true; /* gfn 0 often is one */
    int rc = r->ops->rights_set(r->dom, 0, UINT64_MAX, 0, XMEM_RWX, &done);
    if (rc)
        return failed(r, rc, "its default rights cannot be reset");
    if (r->caps.flags & XMEM_CAP_DEFAULT_ALL) { /* that was all */
        r->out.rights_reset = r->info.pages;
        return 0;
    }
    while (gfn <= last) {
        uint64_t nr = hole ? 1 : last - gfn + 1;
        rc = r->ops->rights_set(r->dom, 0, gfn, nr, XMEM_RWX, &done);
        if (rc && rc != -ESRCH)
            return failed(r, rc, "its rights cannot be reset");
        if (!rc)
            done = nr;
        else if (nr == 1)
            done = 0;
        else if (done > nr)
            done = find_refused(r, gfn, nr);
        r->out.rights_reset += done;
        gfn += done + (rc != 0);
        hole = rc != 0;
    }
    /* Some kinds take rights for holes too. */
    if (r->out.rights_reset > r->info.pages)
        r->out.rights_reset = r->info.pages;
    return 0;
}

/* A guest that nobody listens to is not to be crashed for that. */
static int access_not_required(struct recovery *r)
{
    int rc = r->ops->access_required ? r->ops->access_required(r->dom, false) : 0;
    return rc ? failed(r, rc, "access_required cannot be switched off") : 0;
}

/* The domain is paused. */
static int put_right(struct recovery *r)
{
    int rc = get_ring(r);
    if (!rc)
        rc = drop_views(r);
    if (!rc)
        rc = reset_rights(r);
    if (!rc)
        rc = access_not_required(r);
    return rc ? rc : change_ring(r);
}

/* What is in the ring of our own is answered before it goes: who waits there would wait for ever. */
static int end_ring(struct recovery *r)
{
    int rc = hold(r), rc2, rc3;
    answer_requests(r);
    rc2 = ring_off(r);
    rc3 = unpause(r);
    rc = rc2 ? rc2 : rc ? rc : rc3;
    return rc ? failed(r, rc, "its ring cannot be disabled") : 0;
}

/* From the ring on: the domain runs. */
static int let_all_go(struct recovery *r)
{
    int rc = steps_off(r), rc2;
    bool by_events = rc == -EOPNOTSUPP;
    rc = rc && !by_events ? failed(r, rc, "its single steps cannot be switched off") : 0;
    rc2 = unpause(r);
    if (rc2 && !rc)
        rc = failed(r, rc2, "it cannot be unpaused");
    if (!rc)
        rc = release_vcpus(r);
    if (!rc && by_events)
        end_steps(r);
    return rc;
}

static int recover(struct recovery *r)
{
    struct xmem_error why;
    int rc = hold(r);
    if (rc)
        return failed(r, rc, "it cannot be paused");
    rc = put_right(r);
    if (rc)
        (void)unpause(r);
    else
        rc = let_all_go(r);
    why = r->err;
    int rc2 = r->ring.page ? end_ring(r) : 0;
    if (rc)
        r->err = why;
    rc = rc ? rc : rc2;
    return rc ? rc : see_all_run(r);
}

static int open_domain(struct xmem *x, uint32_t domid, struct recovery *r)
{
    r->owed = calloc(1, sizeof(*r->owed));
    if (!r->owed)
        return xmi_error_set(&r->err, -ENOMEM, "domain %" PRIu32 ": out of memory", domid);
    (void)xmi_domain_settle(x, domid,
                            &r->err); /* what a session left; else all of it is set anew */
    int rc = x->ops->domain_open(x->conn, domid, &r->dom, &r->err);
    if (!rc)
        rc = xmi_connection_pay_pauses(x, domid, r->dom, &r->err);
    if (rc)
        return code_of(rc);
    r->info.size = sizeof(r->info);
    r->caps.size = sizeof(r->caps);
    rc = x->ops->domain_info(r->dom, &r->info);
    if (!rc)
        rc = x->ops->domain_caps(r->dom, &r->caps);
    r->info.domid = domid;
    return rc ? failed(r, rc, "it cannot be asked") : 0;
}

int xmem_domain_recover(struct xmem *x, uint32_t domid, struct xmem_recovery *out)
{
    if (!x || (out && xmi_sized_check(out)))
        return -EINVAL;
    struct recovery r = {.ops = x->ops, .out = {.size = sizeof(r.out)}};
    bool open = false;
    pthread_mutex_lock(&x->lock);
    for (const struct xmem_domain *d = x->sessions; d; d = d->next)
        open = open || d->domid == domid;
    pthread_mutex_unlock(&x->lock);
    int rc = open ? xmi_error_set(&r.err, -EBUSY,
                                  "domain %" PRIu32 " has a session on this "
                                  "connection: close it first",
                                  domid)
                  : open_domain(x, domid, &r);
    if (!rc)
        rc = recover(&r);
    if (!rc)
        xmi_domain_forget_left(x, domid);
    if (r.dom)
        x->ops->domain_close(r.dom);
    xmi_connection_owe_pauses(x, domid, r.owed);
    free(r.ran);
    if (rc)
        return xmi_connection_fail(x, rc, &r.err);
    if (out)
        xmi_sized_out(out, &r.out, sizeof(r.out));
    return 0;
}
