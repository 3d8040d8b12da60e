/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host view: mapping, unmapping, and the flush that comes with the lock's release. */
#include <xm/core.h>

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

/* A #VE page that leaves the guest may be reused for something else: stop writing into it. */
static void drop_notify(struct xm_domain *d, xm_gfn_t gfn, unsigned order)
{
    uint32_t i;

    for (i = 0; i < d->vcpus; i++) {
        struct xm_vcpu *v = &d->vcpu[i];

        if (v->notify_gfn - gfn.n < (UINT64_C(1) << order)) {
            v->notify_gfn = XM_GFN_NONE;
            v->notify_mfn = xm_mfn(XM_GFN_NONE);
        }
    }
}

static int host_set(struct xm_domain *d, xm_gfn_t gfn, unsigned order, const struct xm_p2m_entry *e)
{
    int rc = xm_table_set(d, &d->view[0], gfn, order, e);

    if (rc != 0)
        return rc;
    drop_notify(d, gfn, order);
    xm_p2m_note_flush(d, 0);
    return xm_views_propagate(d, gfn, order, e);
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
        e = xm_table_get(p2m, gfn);
    xm_p2m_unlock(d);
    return e;
}
