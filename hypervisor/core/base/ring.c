/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The hypervisor's end of the vm_event ring. What counts is kept here; of the shared page
 * only rsp_prod and the answers are read, each once, and checked.
 */
#include <xm/base.h>

#define SLOT_MASK (XM_RING_SLOTS - 1)

static uint32_t available(const struct xm_ring *r)
{
    return XM_RING_SLOTS - r->outstanding - r->claimed;
}

/* ---- who waits for a slot, by ticket: a domain can have thousands of vCPUs ---- */

static struct xm_vcpu *waiter(struct xm_domain *d, uint32_t link)
{
    return link != 0 ? &d->vcpu[link - 1] : NULL;
}

static void waiters_add(struct xm_domain *d, struct xm_vcpu *v)
{
    struct xm_vcpu *last = waiter(d, d->ring.last_waiter);
    uint32_t *link = &d->ring.first_waiter;

    if (last != NULL && last->ticket < v->ticket)
        link = &last->next_waiter;
    while (*link != 0 && waiter(d, *link)->ticket < v->ticket)
        link = &waiter(d, *link)->next_waiter;
    v->next_waiter = *link;
    *link = v->id + 1;
    if (v->next_waiter == 0)
        d->ring.last_waiter = v->id + 1;
    d->ring.waiters++;
}

static struct xm_vcpu *waiters_take(struct xm_domain *d)
{
    struct xm_vcpu *v = waiter(d, d->ring.first_waiter);

    d->ring.first_waiter = v->next_waiter;
    if (v->next_waiter == 0)
        d->ring.last_waiter = 0;
    d->ring.waiters--;
    return v;
}

/* Round-robin, so that high vCPU numbers do not starve under load. */
static struct xm_vcpu *next_blocked(struct xm_domain *d)
{
    uint32_t i, k;

    for (i = 1; i <= d->vcpus; i++) {
        k = (d->ring.last_woken + i) % d->vcpus;
        if (d->vcpu[k].blocked)
            return &d->vcpu[k];
    }
    return NULL;
}

static void wake_one_waiter(struct xm_domain *d)
{
    struct xm_vcpu *v = waiters_take(d);

    v->waiting = false;
    xm_env_vcpu_wake(d->env, v->id);
}

static void unblock_one(struct xm_domain *d)
{
    struct xm_vcpu *v = next_blocked(d);

    v->blocked = false;
    d->ring.blocked--;
    d->ring.last_woken = v->id;
    xm_env_vcpu_unpause(d->env, v->id);
}

/* As many as there are slots; those that could not even send go first. */
static void wake(struct xm_domain *d)
{
    uint32_t n = available(&d->ring);

    for (; n > 0 && d->ring.waiters > 0; n--)
        wake_one_waiter(d);
    for (; n > 0 && d->ring.blocked > 0; n--)
        unblock_one(d);
}

static void wait(struct xm_domain *d, struct xm_vcpu *v)
{
    if (v->waiting)
        return;
    v->waiting = true;
    /* A vCPU that was woken and lost the slot keeps its place. */
    if (v->ticket == 0)
        v->ticket = ++d->ring.next_ticket;
    waiters_add(d, v);
    d->stats.waits++;
    xm_env_vcpu_wait(d->env, v->id);
}

int xm_ring_claim(struct xm_domain *d, struct xm_vcpu *v)
{
    int rc = 0;

    xm_env_lock(&d->ring_lock);
    if (!d->ring.enabled) {
        rc = -XM_EOPNOTSUPP;
    } else if (available(&d->ring) == 0) {
        wait(d, v);
        rc = -XM_EAGAIN;
    } else {
        d->ring.claimed++;
        v->ticket = 0;
    }
    xm_env_unlock(&d->ring_lock);
    return rc;
}

bool xm_ring_try_claim(struct xm_domain *d)
{
    bool ok;

    xm_env_lock(&d->ring_lock);
    ok = d->ring.enabled && available(&d->ring) != 0;
    d->ring.claimed += ok;
    xm_env_unlock(&d->ring_lock);
    return ok;
}

/* Too few slots for every vCPU: whoever sent without being paused for it pauses now. */
static void mark_and_pause(struct xm_domain *d, struct xm_vcpu *v)
{
    if (available(&d->ring) >= d->vcpus || v->event_pause != 0 || v->blocked)
        return;
    v->blocked = true;
    d->ring.blocked++;
    d->stats.blocks++;
    xm_env_vcpu_pause(d->env, v->id);
}

void xm_ring_put(struct xm_domain *d, struct xm_vcpu *v, struct xm_ev *ev)
{
    struct xm_ring *r = &d->ring;

    ev->version = XM_EV_INTERFACE_VERSION;
    xm_env_lock(&d->ring_lock);
    /* Turned off, and perhaps on again, since the claim: that ring and its slot are gone. */
    if (!r->enabled || r->claimed == 0) {
        xm_env_unlock(&d->ring_lock);
        return;
    }
    memcpy(&r->page->slot[r->req_prod & SLOT_MASK], ev, sizeof(*ev));
    r->req_prod++;
    r->outstanding++;
    r->claimed--;
    __atomic_store_n(&r->page->req_prod, r->req_prod, __ATOMIC_RELEASE);
    d->stats.events++;
    wake(d);
    if (v != NULL)
        mark_and_pause(d, v);
    xm_env_unlock(&d->ring_lock);
    xm_env_notify(d->env);
}

/* 1: *rsp is an answer; 0: no more; -XM_EINVAL: the page lies. */
static int take(struct xm_domain *d, struct xm_ev *rsp)
{
    struct xm_ring *r = &d->ring;
    uint32_t prod = __atomic_load_n(&r->page->rsp_prod, __ATOMIC_ACQUIRE);

    if (prod == r->rsp_cons) {
        r->broken = false;
        return 0;
    }
    /*
     * More than the ring holds: nothing in the page can be believed. Answers without a request
     * are taken, as in Xen: a new listener frees the vCPUs of one that died with them.
     */
    if (prod - r->rsp_cons > XM_RING_SLOTS) {
        if (!r->broken)
            xm_env_log("vm_event ring: rsp_prod is %u, rsp_cons %u", prod, r->rsp_cons);
        r->broken = true;
        d->stats.bad_responses++;
        return -XM_EINVAL;
    }
    memcpy(rsp, &r->page->slot[r->rsp_cons & SLOT_MASK], sizeof(*rsp));
    r->rsp_cons++;
    r->outstanding -= r->outstanding != 0;
    __atomic_store_n(&r->page->rsp_event, r->rsp_cons + 1, __ATOMIC_RELEASE);
    d->stats.responses++;
    wake(d);
    return 1;
}

static int take_locked(struct xm_domain *d, struct xm_ev *rsp)
{
    int rc;

    xm_env_lock(&d->ring_lock);
    rc = d->ring.enabled ? take(d, rsp) : -XM_ENODEV;
    xm_env_unlock(&d->ring_lock);
    return rc;
}

static void answer(struct xm_domain *d, const struct xm_ev *rsp)
{
    struct xm_vcpu *v = xm_vcpu_get(d, rsp->vcpu_id);

    if (rsp->version != XM_EV_INTERFACE_VERSION || v == NULL) {
        d->stats.bad_responses++;
        return;
    }
    xm_reply_apply(d, v, rsp);
}

int xm_ring_consume(struct xm_domain *d)
{
    struct xm_ev rsp;
    int rc;

    while ((rc = take_locked(d, &rsp)) == 1)
        answer(d, &rsp);
    return rc;
}

uint32_t xm_ring_outstanding(struct xm_domain *d)
{
    uint32_t n;

    xm_env_lock(&d->ring_lock);
    n = d->ring.enabled ? d->ring.outstanding : 0;
    xm_env_unlock(&d->ring_lock);
    return n;
}

struct xm_ring_page *xm_ring_page(struct xm_domain *d)
{
    return d->ring.page;
}

void xm_ring_kill(struct xm_domain *d)
{
    xm_env_lock(&d->ring_lock);
    while (d->ring.waiters > 0)
        wake_one_waiter(d);
    while (d->ring.blocked > 0)
        unblock_one(d);
    d->ring.enabled = false;
    xm_env_unlock(&d->ring_lock);
}

/* ---- an answer comes to its vCPU (vm_event_resume in Xen); what it asks for a kind knows ---- */

/* Only a vCPU that is paused for an event takes orders: anything else would race with the guest. */
void xm_reply_apply(struct xm_domain *d, struct xm_vcpu *v, const struct xm_ev *rsp)
{
    bool unpause = (rsp->flags & XM_EV_FLAG_VCPU_PAUSED) != 0;

    if (v->event_pause == 0) {
        d->stats.double_answers += unpause;
        return;
    }
    d->ops->answer(d, v, rsp);
    if (!unpause)
        return;
    v->event_pause--;
    v->pending_reason = 0;
    v->held.reason = 0;
    xm_env_vcpu_unpause(d->env, v->id);
}

bool xm_reply_take(struct xm_domain *d, uint32_t vcpu, struct xm_reply *out)
{
    struct xm_vcpu *v = xm_vcpu_get(d, vcpu);

    if (v == NULL || !v->has_reply)
        return false;
    *out = v->reply;
    v->has_reply = false;
    return true;
}
