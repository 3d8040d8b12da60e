/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <xm/core.h>

int xm_pv_enable(struct xm_domain *d)
{
    int rc;

    if (d->kind != XM_KIND_X86_PV)
        return -XM_EOPNOTSUPP;
    rc = xm_ring_make(d);
    if (rc != 0)
        return rc;
    xm_p2m_lock(d);
    xm_pv_turn_on(&d->pv, (enum xm_pv_policy)d->pv.policy, (enum xm_pv_default)d->pv.semantics);
    xm_p2m_unlock(d);
    return 0;
}

int xm_pv_disable(struct xm_domain *d, bool force)
{
    int rc = 0;

    if (d->kind != XM_KIND_X86_PV)
        return -XM_EOPNOTSUPP;
    xm_p2m_lock(d);
    rc = xm_pv_turn_off(&d->pv, !force, d->ring.enabled);
    if (rc == 0)
        xm_p2m_note_flush(d, 0);
    xm_p2m_unlock(d);
    return rc == 0 ? xm_pv_reap(&d->pv) : rc;
}

/* ---- XENMEM_access_op ---- */

int xm_pv_hc_mem_access(struct xm_domain *d, struct xm_mem_access_op *op, uint32_t *start)
{
    struct xm_pv_op mine = {
        .op = op->op,
        .access = op->access,
        .lists = true,
        .nr = op->nr,
        .xen_minor = d->xen_minor,
        .pfn = op->pfn,
        .pfn_list = op->pfn_list,
        .access_list = op->access_list,
    };
    bool flush = false;
    int rc;

    xm_p2m_lock(d);
    rc = xm_pv_op(&d->pv, &mine, start, &flush);
    if (flush)
        xm_p2m_note_flush(d, 0);
    xm_p2m_unlock(d);
    op->access = mine.access;
    return rc;
}

/* ---- accesses ---- */

struct check {
    struct xm_domain *d;
    struct xm_vcpu *v;
    const struct xm_pv_req *req;
    enum xm_access to;
};

static enum xm_verdict crash(struct check *c, const char *why)
{
    xm_env_domain_crash(c->d->env, why);
    return XM_V_CRASH;
}

static enum xm_verdict relax(struct check *c)
{
    bool flush = false;

    if (xm_pv_relax(&c->d->pv, c->req->access.gfn.n, c->to, &flush) != 0)
        return crash(c, "no memory for the table of rights");
    if (flush)
        xm_p2m_note_flush(c->d, 0);
    return XM_V_RETRY_NOW;
}

/* A vCPU that finds no slot sleeps, and leaves no trace: it asks again. */
static enum xm_verdict tell(struct check *c, bool sync)
{
    enum xm_verdict verdict;
    struct xm_ev ev;
    int rc;

    xm_access_event_fill(&c->req->access, c->req->access.what & 7u, &ev);
    rc = xm_event_send(c->d, c->v, sync, &ev);
    if (rc < 0)
        return rc == -XM_EAGAIN ? XM_V_STOPPED : crash(c, "cannot send an event");
    if (sync)
        return rc == 1 ? XM_V_STOPPED : XM_V_RETRY_NOW; /* 0: the ring has just gone */
    verdict = relax(c);
    return verdict == XM_V_RETRY_NOW && c->v->blocked ? XM_V_STOPPED : verdict;
}

static enum xm_verdict notify(struct check *c)
{
    struct xm_ev ev;

    xm_access_event_fill(&c->req->access, c->req->access.what & 7u, &ev);
    xm_event_notify(c->d, c->v, &ev);
    return relax(c) == XM_V_CRASH ? XM_V_CRASH : XM_V_OK;
}

/* A hypercall's items are accesses of their own, though made at one place. */
static bool answered(struct check *c)
{
    const struct xm_access_req *a = &c->req->access;
    struct xm_ev_regs_x86 regs;

    if (c->v->armed.n == 0)
        return false;
    xm_env_vcpu_get_regs(c->d->env, c->v->id, &regs, sizeof(regs));
    if (!xm_pv_is_armed(&c->v->armed, regs.rip, regs.rsp, a->gfn.n, a->what & 7u))
        return false;
    if (c->req->who != XM_PV_BY_GUEST)
        xm_pv_disarm(&c->v->armed, a->gfn.n);
    return true;
}

static enum xm_verdict act(struct check *c, enum xm_pv_verdict verdict)
{
    switch (verdict) {
    case XM_PV_PASS: return XM_V_OK;
    case XM_PV_PASS_ONCE: return XM_V_EMULATE;
    case XM_PV_GUEST_FAULT: return XM_V_GUEST_FAULT;
    case XM_PV_RELAX: return relax(c);
    case XM_PV_EVENT: return answered(c) ? XM_V_ANSWERED : tell(c, true);
    case XM_PV_EVENT_RELAX: return tell(c, false);
    case XM_PV_NOTIFY: return notify(c);
    case XM_PV_EFAULT: return XM_V_EFAULT;
    case XM_PV_CRASH:
    default: return crash(c, "access violation without a listener");
    }
}

enum xm_verdict xm_pv_check(struct xm_domain *d, const struct xm_pv_req *req,
                            struct xm_access_res *res)
{
    struct check c = {.d = d, .v = xm_vcpu_get(d, req->access.vcpu), .req = req};
    uint64_t mfn = req->access.gfn.n;
    enum xm_verdict verdict;

    if (c.v == NULL)
        return XM_V_GUEST_FAULT;
    xm_p2m_lock(d);
    const struct xm_pv_ask ask = {
        .mfn = mfn,
        .what = req->access.what & 7u,
        .who = req->who,
        .guest_allows = req->guest_allows,
        .ours = req->ours,
        .listener = d->ring.enabled,
        .required = d->access_required,
    };
    verdict = act(&c, xm_pv_decide(&d->pv, &ask, &c.to));
    if (verdict == XM_V_OK || verdict == XM_V_EMULATE || verdict == XM_V_ANSWERED) {
        bool held = d->pv.on && req->ours;
        enum xm_access now = held ? xm_pv_rights(&d->pv, mfn) : XM_ACCESS_RWX;

        *res = (struct xm_access_res){
            .mfn = xm_mfn(mfn), .bits = xm_pv_entry_bits(now), .access = (uint8_t)now};
    }
    xm_p2m_unlock(d);
    return verdict;
}
