/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest's access meets the rights: hvm_hap_nested_page_fault and p2m_mem_access_check in Xen. */
#include <xm/base.h>
#include <xm/rights.h>

struct check {
    struct xm_domain *d;
    struct xm_vcpu *v;
    struct xm_p2m *p2m;
    const struct xm_access_req *req;
    struct xm_p2m_entry e;
    unsigned what;
};

static enum xm_verdict crash(struct check *c, const char *why)
{
    xm_env_domain_crash(c->d->env, why);
    return XM_V_CRASH;
}

/* The listener is not asked, or need not be: from now on the page has these rights. */
static enum xm_verdict relax(struct check *c, enum xm_access to)
{
    struct xm_p2m_entry e = c->e;

    e.access = (uint8_t)to;
    if (xm_table_set(c->d, c->p2m, c->req->gfn, XM_ORDER_4K, &e) != 0)
        return crash(c, "no memory for the second-stage table");
    xm_p2m_note_flush(c->d, c->p2m->view);
    return XM_V_RETRY_NOW;
}

static enum xm_verdict no_listener(struct check *c)
{
    if (c->d->access_required)
        return crash(c, "access violation without a listener");
    return relax(c, XM_ACCESS_RWX);
}

void xm_access_event_fill(const struct xm_access_req *req, unsigned what, struct xm_ev *ev)
{
    struct xm_ev_mem_access *m = &ev->u.mem_access;

    memset(ev, 0, sizeof(*ev));
    ev->reason = XM_EV_REASON_MEM_ACCESS;
    m->gfn = req->gfn.n;
    m->offset = req->offset & (XM_PAGE_SIZE - 1);
    m->flags = what;
    if (req->gla_valid) {
        m->gla = req->gla;
        m->flags |= XM_EV_ACCESS_GLA_VALID;
    }
    if (req->kind == XM_ACC_WITH_GLA)
        m->flags |= XM_EV_ACCESS_WITH_GLA;
    else if (req->kind == XM_ACC_IN_GPT)
        m->flags |= XM_EV_ACCESS_IN_GPT;
}

/* The event first, then n2rwx's conversion: a vCPU that finds no slot must leave no trace. */
static enum xm_verdict tell(struct check *c)
{
    bool sync = c->e.access != XM_ACCESS_N2RWX;
    enum xm_verdict verdict;
    struct xm_ev ev;
    int rc;

    xm_access_event_fill(c->req, c->what, &ev);
    rc = xm_event_send(c->d, c->v, sync, &ev);
    if (rc < 0)
        return rc == -XM_EAGAIN ? XM_V_STOPPED : crash(c, "cannot send an event");
    if (sync)
        return XM_V_STOPPED;
    verdict = relax(c, XM_ACCESS_RWX);
    return verdict == XM_V_RETRY_NOW && c->v->blocked ? XM_V_STOPPED : verdict;
}

static bool guest_handles(struct check *c)
{
    uint64_t gpa = (c->req->gfn.n << XM_PAGE_SHIFT) | (c->req->offset & (XM_PAGE_SIZE - 1));

    if (!c->d->views_active || c->e.suppress_ve)
        return false;
    return c->d->ops->views->deliver(c->v, gpa, c->req->gla, c->what,
                                     xm_rights_bits((enum xm_access)c->e.access));
}

static enum xm_verdict handle_violation(struct check *c)
{
    if (guest_handles(c))
        return XM_V_VE;
    if (c->e.access == XM_ACCESS_RX2RW && (c->what & XM_DO_W) != 0)
        return relax(c, XM_ACCESS_RW);
    if (!c->d->ring.enabled)
        return no_listener(c);
    if (c->req->kind == XM_ACC_IN_GPT && c->d->monitor.inguest_pagefault_disabled)
        return XM_V_EMULATE;
    return tell(c);
}

static int find(struct check *c)
{
    int rc;

    c->p2m = xm_view_table(c->d, c->v->view);
    if (c->p2m == &c->d->view[0]) {
        c->e = xm_table_get(c->d, c->p2m, c->req->gfn);
        return 0;
    }
    rc = c->d->ops->views->copy(c->d, c->p2m, c->req->gfn, &c->e);
    return rc < 0 ? rc : 0;
}

static void result_fill(const struct check *c, struct xm_access_res *res)
{
    res->mfn = c->e.mfn;
    res->access = c->e.access;
    res->bits = xm_mfn_valid(c->e.mfn) ? xm_rights_bits((enum xm_access)c->e.access) : 0;
    res->view = c->p2m->view;
}

static enum xm_verdict decide(struct check *c)
{
    bool walk = c->req->kind == XM_ACC_IN_GPT;

    if (find(c) != 0)
        return crash(c, "no memory to copy an entry into a view");
    if (!xm_mfn_valid(c->e.mfn))
        return XM_V_UNMAPPED;
    if (!xm_rights_violated((enum xm_access)c->e.access, c->what, walk))
        return XM_V_OK;
    return handle_violation(c);
}

enum xm_verdict xm_access_check(struct xm_domain *d, const struct xm_access_req *req,
                                struct xm_access_res *res)
{
    struct check c = {.d = d, .v = xm_vcpu_get(d, req->vcpu), .req = req, .what = req->what & 7u};
    enum xm_verdict verdict;

    if (c.v == NULL)
        return XM_V_UNMAPPED;
    /* SDM on EPT violations: whether a write also reports a read is the processor's choice; Xen
     * (ept_handle_violation) reports both always. */
    if (d->ops->write_reads && (c.what & XM_DO_W) != 0)
        c.what |= XM_DO_R;
    xm_p2m_lock(d);
    verdict = decide(&c);
    if (verdict == XM_V_OK || verdict == XM_V_EMULATE)
        result_fill(&c, res);
    xm_p2m_unlock(d);
    return verdict;
}

/* What the table has, or a first touch would give it. */
static bool would_have(struct check *c, xm_gfn_t gfn)
{
    if (c->p2m != &c->d->view[0])
        return c->d->ops->views->would_have(c->d, c->p2m, gfn, &c->e);
    c->e = xm_table_get(c->d, c->p2m, gfn);
    return xm_mfn_valid(c->e.mfn);
}

bool xm_access_lookup_view(struct xm_domain *d, unsigned view, xm_gfn_t gfn,
                           struct xm_access_res *res)
{
    struct check c = {.d = d};
    bool mapped = false;

    xm_p2m_lock(d);
    if (view < d->max_views && (view == 0 || d->view[view].active)) {
        c.p2m = xm_view_table(d, view);
        mapped = would_have(&c, gfn);
    }
    if (mapped)
        result_fill(&c, res);
    xm_p2m_unlock(d);
    return mapped;
}

bool xm_access_lookup(struct xm_domain *d, uint32_t vcpu, xm_gfn_t gfn, struct xm_access_res *res)
{
    const struct xm_vcpu *v = xm_vcpu_get(d, vcpu);

    return v != NULL && xm_access_lookup_view(d, v->view, gfn, res);
}
