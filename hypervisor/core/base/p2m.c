/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The p2m lock, which views there are, and mapping in the host view. */
#include <xm/base.h>

/* ---- the lock, and the flush that comes with its release ---- */

#define FLUSH_NONE 0u
#define FLUSH_ALL (~0u)

void xm_p2m_lock(struct xm_domain *d)
{
    xm_env_lock(&d->p2m_lock);
}

void xm_p2m_unlock(struct xm_domain *d)
{
    unsigned flush = d->flush;

    d->flush = FLUSH_NONE;
    if (flush != FLUSH_NONE) {
        xm_env_tlb_flush(d->env, flush == FLUSH_ALL ? XM_VIEW_ALL : flush - 1);
        d->stats.tlb_flushes++;
    }
    xm_env_unlock(&d->p2m_lock);
}

void xm_p2m_note_flush(struct xm_domain *d, uint16_t view)
{
    unsigned mine = view + 1u;

    if (d->flush == FLUSH_NONE)
        d->flush = mine;
    else if (d->flush != mine)
        d->flush = FLUSH_ALL;
}

/* ---- which views there are, and who is in which; what they hold a kind with views knows ---- */

struct xm_p2m *xm_view_find(struct xm_domain *d, unsigned view)
{
    return view < d->max_views && d->view[view].active ? &d->view[view] : NULL;
}

struct xm_p2m *xm_view_table(struct xm_domain *d, unsigned view)
{
    return view == 0 && d->views_active ? &d->copy : &d->view[view];
}

bool xm_vcpu_switch_view(struct xm_domain *d, uint32_t vcpu, unsigned view)
{
    struct xm_vcpu *v = xm_vcpu_get(d, vcpu);
    bool ok;

    xm_p2m_lock(d);
    ok = v != NULL && xm_view_find(d, view) != NULL;
    if (ok)
        v->view = (uint16_t)view;
    xm_p2m_unlock(d);
    return ok;
}

int xm_hc_altp2m(struct xm_domain *d, struct xm_altp2m_op *op)
{
    return d->ops->views != NULL ? d->ops->views->hypercall(d, op) : d->ops->no_views;
}

/* ---- the host view ---- */

static int range_check(xm_gfn_t gfn, unsigned order)
{
    uint64_t span;

    if (order != XM_ORDER_4K && order != XM_ORDER_2M && order != XM_ORDER_1G)
        return -XM_EINVAL;
    span = UINT64_C(1) << order;
    if ((gfn.n & (span - 1)) != 0)
        return -XM_EINVAL;
    return gfn.n < XM_GFN_LIMIT ? 0 : -XM_ERANGE;
}

static int host_set(struct xm_domain *d, xm_gfn_t gfn, unsigned order, const struct xm_p2m_entry *e)
{
    int rc = xm_table_set(d, &d->view[0], gfn, order, e);

    if (rc != 0)
        return rc;
    if (d->ops->views != NULL)
        d->ops->views->changed(d, gfn, order);
    xm_p2m_note_flush(d, 0);
    return xm_views_follow(d, gfn, order, e);
}

int xm_p2m_map(struct xm_domain *d, xm_gfn_t gfn, xm_mfn_t mfn, unsigned order)
{
    struct xm_p2m *host = &d->view[0];
    struct xm_p2m_entry e = {.mfn = mfn, .suppress_ve = true};
    uint64_t last = gfn.n + (UINT64_C(1) << (order & 31)) - 1;
    int rc = range_check(gfn, order);

    if (rc != 0)
        return rc;
    if (!xm_mfn_valid(mfn) || (mfn.n & ((UINT64_C(1) << order) - 1)) != 0)
        return -XM_EINVAL;
    xm_p2m_lock(d);
    e.access = host->default_access;
    rc = host_set(d, gfn, order, &e);
    if (rc == 0 && last > host->max_gfn)
        host->max_gfn = last;
    xm_p2m_unlock(d);
    return rc;
}

int xm_p2m_unmap(struct xm_domain *d, xm_gfn_t gfn, unsigned order)
{
    struct xm_p2m_entry hole = {.mfn = xm_mfn(XM_GFN_NONE), .suppress_ve = true};
    int rc = range_check(gfn, order);

    if (rc != 0)
        return rc;
    xm_p2m_lock(d);
    rc = host_set(d, gfn, order, &hole);
    xm_p2m_unlock(d);
    return rc;
}

uint64_t xm_p2m_highest_gfn(const struct xm_domain *d)
{
    return d->view[0].max_gfn;
}

struct xm_p2m_entry xm_p2m_get(struct xm_domain *d, uint16_t view, xm_gfn_t gfn)
{
    struct xm_p2m_entry e = {.mfn = xm_mfn(XM_GFN_NONE), .suppress_ve = true};
    struct xm_p2m *p2m;

    xm_p2m_lock(d);
    p2m = xm_view_find(d, view);
    if (p2m != NULL)
        e = xm_table_get(d, p2m, gfn);
    xm_p2m_unlock(d);
    return e;
}
