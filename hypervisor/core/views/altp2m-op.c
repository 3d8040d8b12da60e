/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* HVMOP_altp2m: decoding; order of checks and errnos as do_altp2m_op in Xen. */
#include <xm/base.h>
#include <xm/altp2m.h>
#include <xm/rights.h>

#define MINOR_VISIBILITY 14u /* altp2m_set_visibility came with 4.14 */

static int set_state(struct xm_domain *d, bool on)
{
    int rc = 0;

    xm_p2m_lock(d);
    if (!on && d->views_active)
        xm_views_off(d);
    if (on && !d->views_active)
        rc = xm_views_on(d);
    xm_p2m_unlock(d);
    return rc;
}

static int create(struct xm_domain *d, struct xm_altp2m_view *op)
{
    enum xm_access a;
    int rc = -XM_EINVAL;

    if (!xm_rights_from_wire(d->xen_minor, op->hvmmem_default_access, &a))
        return rc;
    xm_p2m_lock(d);
    if (a == XM_ACCESS_DEFAULT)
        a = (enum xm_access)d->view[0].default_access;
    if (xm_kind_expresses(d->ops, a))
        rc = xm_view_create(d, a, &op->view);
    xm_p2m_unlock(d);
    return rc;
}

static int destroy(struct xm_domain *d, unsigned view)
{
    int rc;

    xm_p2m_lock(d);
    rc = xm_view_destroy(d, view);
    xm_p2m_unlock(d);
    return rc;
}

static int switch_all(struct xm_domain *d, unsigned view)
{
    struct xm_p2m *p2m;
    int rc = -XM_EINVAL;

    xm_p2m_lock(d);
    p2m = xm_view_find(d, view);
    if (p2m != NULL && p2m->visible) {
        for (uint32_t i = 0; i < d->vcpus; i++)
            d->vcpu[i].view = (uint16_t)view;
        rc = 0;
    }
    xm_p2m_unlock(d);
    return rc;
}

static int remap(struct xm_domain *d, struct xm_p2m *p2m, xm_gfn_t gfn, xm_gfn_t to)
{
    struct xm_p2m_entry e;
    int rc = xm_view_effective(d, p2m, gfn, true, &e);

    if (rc == 0)
        rc = xm_view_effective(d, p2m, to, false, &e);
    if (rc != 0)
        return rc;
    e.suppress_ve = true;
    rc = xm_table_set(d, p2m, gfn, XM_ORDER_4K, &e);
    if (rc != 0)
        return rc;
    if (to.n < p2m->min_remapped)
        p2m->min_remapped = to.n;
    if (to.n > p2m->max_remapped)
        p2m->max_remapped = to.n;
    return 0;
}

static int change_gfn(struct xm_domain *d, const struct xm_altp2m_change_gfn *op)
{
    struct xm_p2m_entry hole = {.mfn = xm_mfn(XM_GFN_NONE)};
    xm_gfn_t gfn = xm_gfn(op->old_gfn);
    struct xm_p2m *p2m;
    int rc = -XM_EINVAL;

    if (op->pad1 != 0 || op->pad2 != 0)
        return rc;
    xm_p2m_lock(d);
    p2m = xm_view_find(d, op->view);
    if (p2m != NULL) {
        p2m = xm_view_table(d, op->view); /* of view 0 the copy: the host view stays as it is */
        if (op->new_gfn != XM_GFN_NONE)
            rc = remap(d, p2m, gfn, xm_gfn(op->new_gfn));
        else
            rc = xm_mfn_valid(xm_table_get(d, p2m, gfn).mfn)
                     ? xm_table_set(d, p2m, gfn, XM_ORDER_4K, &hole)
                     : 0;
        xm_p2m_note_flush(d, p2m->view);
    }
    xm_p2m_unlock(d);
    return rc;
}

static int set_access(struct xm_domain *d, const struct xm_altp2m_mem_access *op)
{
    uint32_t start = 0;

    if (op->pad != 0)
        return -XM_EINVAL;
    return xm_access_set(d, op->view, op->gfn, 1, &start, op->access);
}

static int set_multi(struct xm_domain *d, struct xm_altp2m_set_multi *op)
{
    uint32_t start = (uint32_t)op->opaque;
    int rc;

    if (op->pad != 0 || op->opaque > op->nr)
        return -XM_EINVAL;
    rc = xm_access_set_multi(d, op->view, op->pfn_list, op->access_list, op->nr, &start);
    if (rc == XM_CONTINUE)
        op->opaque = start;
    return rc;
}

static int get_access(struct xm_domain *d, struct xm_altp2m_mem_access *op)
{
    uint8_t wire;
    int rc;

    if (op->pad != 0 || (!d->views_active && op->view != 0))
        return -XM_EINVAL;
    rc = xm_access_get(d, op->view, op->gfn, &wire);
    if (rc == 0)
        op->access = wire;
    return rc;
}

static int p2m_idx(struct xm_domain *d, struct xm_altp2m_p2m_idx *op)
{
    struct xm_vcpu *v = xm_vcpu_get(d, op->vcpu_id);

    if (v == NULL)
        return -XM_EINVAL;
    op->altp2m_idx = v->view;
    return 0;
}

static int set_visible(struct xm_domain *d, const struct xm_altp2m_visibility *op)
{
    struct xm_p2m *p2m;
    int rc = -XM_EINVAL;

    if (d->xen_minor < MINOR_VISIBILITY)
        return -XM_EOPNOTSUPP;
    if (op->pad != 0)
        return rc;
    xm_p2m_lock(d);
    p2m = xm_view_find(d, op->altp2m_idx);
    if (p2m != NULL) {
        p2m->visible = op->visible != 0;
        rc = 0;
    }
    xm_p2m_unlock(d);
    return rc;
}

static int views_op(struct xm_domain *d, struct xm_altp2m_op *op)
{
    switch (op->cmd) {
    case XM_ALTP2M_GET_DOMAIN_STATE: op->u.domain_state.state = d->views_active; return 0;
    case XM_ALTP2M_SET_DOMAIN_STATE: return set_state(d, op->u.domain_state.state != 0);
    case XM_ALTP2M_CREATE_P2M: return create(d, &op->u.view);
    case XM_ALTP2M_DESTROY_P2M: return destroy(d, op->u.view.view);
    case XM_ALTP2M_SWITCH_P2M: return switch_all(d, op->u.view.view);
    case XM_ALTP2M_GET_P2M_IDX: return p2m_idx(d, &op->u.p2m_idx);
    case XM_ALTP2M_SET_VISIBILITY: return set_visible(d, &op->u.visibility);
    case XM_ALTP2M_VCPU_ENABLE_NOTIFY: return xm_altp2m_notify_on(d, &op->u.enable_notify);
    default: return xm_altp2m_notify_off(d, op->u.disable_notify.vcpu_id);
    }
}

static int gfn_op(struct xm_domain *d, struct xm_altp2m_op *op)
{
    switch (op->cmd) {
    case XM_ALTP2M_SET_MEM_ACCESS: return set_access(d, &op->u.mem_access);
    case XM_ALTP2M_SET_MEM_ACCESS_MULTI: return set_multi(d, &op->u.set_multi);
    case XM_ALTP2M_GET_MEM_ACCESS: return get_access(d, &op->u.mem_access);
    case XM_ALTP2M_CHANGE_GFN: return change_gfn(d, &op->u.change_gfn);
    case XM_ALTP2M_SET_SUPPRESS_VE: return xm_altp2m_set_sve(d, &op->u.suppress_ve);
    case XM_ALTP2M_SET_SUPPRESS_VE_MULTI:
        return xm_altp2m_set_sve_multi(d, &op->u.suppress_ve_multi);
    case XM_ALTP2M_GET_SUPPRESS_VE: return xm_altp2m_get_sve(d, &op->u.suppress_ve);
    default: return views_op(d, op);
    }
}

static bool is_state_op(uint32_t cmd)
{
    return cmd == XM_ALTP2M_GET_DOMAIN_STATE || cmd == XM_ALTP2M_SET_DOMAIN_STATE;
}

int xm_altp2m_op(struct xm_domain *d, struct xm_altp2m_op *op)
{
    if (op->pad1 != 0 || op->pad2 != 0 || op->version != XM_ALTP2M_INTERFACE_VERSION)
        return -XM_EINVAL;
    if (op->cmd < XM_ALTP2M_GET_DOMAIN_STATE || op->cmd > XM_ALTP2M_SET_VISIBILITY)
        return -XM_EOPNOTSUPP;
    if (!is_state_op(op->cmd) && !d->views_active)
        return -XM_EOPNOTSUPP;
    if (!d->views_allowed)
        return -XM_EINVAL;
    return gfn_op(d, op);
}
