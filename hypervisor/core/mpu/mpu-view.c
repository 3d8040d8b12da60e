/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain's view on a core: whole, or as much of it as was asked for. */
#include <xm/mpu.h>

void xm_mpu_view_accept(struct xm_mpu_view *v)
{
    v->regions = xm_mpu_plan_count(&v->x);
    v->version++;
}

int xm_mpu_view_changed(struct xm_mpu_view *v)
{
    if (v->mode == XM_MPU_WHOLE && xm_mpu_plan_count(&v->x) > v->budget)
        return -XM_ENOSPC;
    xm_mpu_view_accept(v);
    return 0;
}

/* Of a view that does not fit: the regions in which those begin that are there now. */
static int still_right(struct xm_mpu *m, const struct xm_mpu_view *v)
{
    unsigned i, n = 0;

    for (i = 0; i < m->live; i++) {
        struct xm_mpu_region now, want;
        int rc;

        xm_mpu_guest_region(m, i, &now);
        rc = xm_mpu_plan_at(&v->x, now.base >> XM_PAGE_SHIFT, &want);
        if (rc < 0)
            return rc;
        if (rc == 1 && (n == 0 || m->scratch[n - 1].base != want.base))
            m->scratch[n++] = want;
    }
    return (int)n;
}

int xm_mpu_view_load(struct xm_mpu *m, const struct xm_mpu_view *v)
{
    unsigned budget = xm_mpu_budget(m);
    int n, rc;

    if (m->view == v && m->version == v->version)
        return 0;
    if (v->regions <= budget)
        n = xm_mpu_plan(&v->x, m->scratch, budget);
    else
        n = m->view == v ? still_right(m, v) : 0;
    rc = n < 0 ? n : xm_mpu_load(m, m->scratch, (unsigned)n);
    if (rc != 0)
        return rc;
    m->view = v;
    m->version = v->version;
    return 0;
}

int xm_mpu_view_fault(struct xm_mpu *m, const struct xm_mpu_view *v, uint64_t addr, unsigned what)
{
    const struct xm_mpu_extent *e = xm_mpu_extents_find(&v->x, addr >> XM_PAGE_SHIFT);
    struct xm_mpu_region r;
    int rc;

    if (m->view != v || m->version != v->version) {
        rc = xm_mpu_view_load(m, v);
        return rc != 0 ? rc : XM_MPU_FAULT_STALE;
    }
    if (e == NULL)
        return XM_MPU_FAULT_HOLE;
    if (xm_rights_violated((enum xm_access)e->access, what, false))
        return XM_MPU_FAULT_DENIED;
    if ((what & ~(unsigned)xm_mpu_plan_bits((enum xm_access)e->access)) != 0)
        return XM_MPU_FAULT_ONCE;
    rc = xm_mpu_plan_at(&v->x, addr >> XM_PAGE_SHIFT, &r);
    if (rc > 0)
        rc = xm_mpu_fill(m, &r, 0);
    return rc != 0 ? rc : XM_MPU_FAULT_LOADED;
}
