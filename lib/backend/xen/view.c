/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Alternate views on Xen: altp2m. */
#include "backend/xen/backend-xen.h"

int xmi_xen_views_get_state(void *dom, bool *on)
{
    struct xen_dom *d = dom;
    if (d->views)
        return xen_rc(d, d->api->altp2m_get_state(d->xch, d->domid, on));
    *on = false;
    return 0;
}

int xmi_xen_views_set_state(void *dom, bool on)
{
    struct xen_dom *d = dom;
    int rc = on ? xmi_xen_host_turn_views_on(d)
                : xen_rc(d, d->api->altp2m_set_state(d->xch, d->domid, false));
    if (rc)
        return rc;
    d->views_on = on;
    rc = on ? xmi_xen_host_make_entries(d) : 0;
    if (rc)
        xmi_xen_views_set_state(d, false);
    return rc;
}

/* Nothing lists views; a question about one that is not there is -EINVAL. */
int xmi_xen_view_exists(void *dom, uint16_t view)
{
    struct xen_dom *d = dom;
    int number;
    if (!d->api->altp2m_get)
        return 0;
    int rc = xen_rc(d, d->api->altp2m_get(d->xch, d->domid, view, 0, &number));
    return rc == -EINVAL || rc == -ENOENT ? 0 : rc == 0 || rc == -ESRCH ? 1 : rc;
}

int xmi_xen_view_create(void *dom, uint8_t default_rights, uint16_t *view)
{
    struct xen_dom *d = dom;
    int number = xmi_xen_access_number(d->release, default_rights);
    if (number < 0)
        return -EOPNOTSUPP;
    /* Xen takes view 0 for an error in some releases' libraries; it never gives it out here. */
    return xen_rc(d, d->api->altp2m_create(d->xch, d->domid, number, view));
}

int xmi_xen_view_destroy(void *dom, uint16_t view)
{
    struct xen_dom *d = dom;
    return xen_rc(d, d->api->altp2m_destroy(d->xch, d->domid, view));
}

int xmi_xen_view_switch(void *dom, uint16_t view)
{
    struct xen_dom *d = dom;
    return xen_rc(d, d->api->altp2m_switch(d->xch, d->domid, view));
}

int xmi_xen_view_get_vcpu(void *dom, uint32_t vcpu, uint16_t *view)
{
    struct xen_dom *d = dom;
    if (!d->api->altp2m_get_vcpu)
        return -EOPNOTSUPP;
    return xen_rc(d, d->api->altp2m_get_vcpu(d->xch, d->domid, vcpu, view));
}

int xmi_xen_view_change_gfn(void *dom, uint16_t view, uint64_t gfn, uint64_t to_gfn)
{
    struct xen_dom *d = dom;
    return xen_rc(d, d->api->altp2m_change_gfn(d->xch, d->domid, view, (xen_gfn_arg)gfn,
                                               (xen_gfn_arg)to_gfn));
}

int xmi_xen_view_set_visible(void *dom, uint16_t view, bool visible)
{
    struct xen_dom *d = dom;
    if (!d->api->altp2m_visibility)
        return -EOPNOTSUPP;
    return xen_rc(d, d->api->altp2m_visibility(d->xch, d->domid, view, visible));
}

int xmi_xen_view_set_suppress_ve(void *dom, uint16_t view, uint64_t gfn, uint64_t nr, bool suppress)
{
    struct xen_dom *d = dom;
    xen_gfn_arg bad = 0;
    int32_t bad_code = 0;
    if (nr > 1 && d->api->altp2m_suppress_ve_multi) {
        int rc = xen_rc(d, d->api->altp2m_suppress_ve_multi(
                               d->xch, d->domid, view, (xen_gfn_arg)gfn,
                               (xen_gfn_arg)(gfn + nr - 1), suppress, &bad, &bad_code));
        return rc ? rc : bad_code; /* the call succeeds and tells the first failure apart */
    }
    for (uint64_t i = 0; i < nr; i++) {
        int rc = xen_rc(d, d->api->altp2m_set_suppress_ve(d->xch, d->domid, view,
                                                          (xen_gfn_arg)(gfn + i), suppress));
        if (rc)
            return rc;
    }
    return 0;
}

int xmi_xen_view_get_suppress_ve(void *dom, uint16_t view, uint64_t gfn, bool *suppress)
{
    struct xen_dom *d = dom;
    if (!d->api->altp2m_get_suppress_ve)
        return -EOPNOTSUPP;
    return xen_rc(
        d, d->api->altp2m_get_suppress_ve(d->xch, d->domid, view, (xen_gfn_arg)gfn, suppress));
}

int xmi_xen_view_set_notify(void *dom, uint32_t vcpu, uint64_t gfn)
{
    struct xen_dom *d = dom;
    if (gfn != XMEM_GFN_UNDO)
        return xen_rc(d, d->api->altp2m_enable_notify(d->xch, d->domid, vcpu, (xen_gfn_arg)gfn));
    if (!d->api->altp2m_disable_notify)
        return -EOPNOTSUPP;
    return xen_rc(d, d->api->altp2m_disable_notify(d->xch, d->domid, vcpu));
}
