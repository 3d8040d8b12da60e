/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which views there are, and who is in which; what they hold a kind with views knows. */
#include <xm/p2m.h>

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
