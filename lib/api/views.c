/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is done to views, with the events that it concerns: answers take effect before. */
#include "api/api.h"
#include "base/base.h"
#include "events/events.h"
#include "ledger/ledger.h"
#include "views/views.h"

#include <errno.h>
#include <inttypes.h>

int xmem_view_create(struct xmem_domain *d, const struct xmem_view_opts *opts, uint16_t *view)
{
    struct xmem_view_opts o = XMEM_INIT(o);
    struct view *v;
    int rc = xmi_views_usable(d);
    if (rc)
        return rc;
    if (!view)
        return xmi_domain_refuse(d, -EINVAL, "xmem_view_create: nowhere to put the view's number");
    rc = opts ? xmi_sized_in(&o, sizeof(o), opts) : 0;
    if (rc)
        return xmi_domain_refuse(d, rc, "xmem_view_create: opts has a wrong size");
    if (!rights_valid(o.default_rights) || o.reserved)
        return xmi_domain_refuse(d, -EINVAL, "xmem_view_create: %" PRIu32 " is no enum xmem_rights",
                                 o.default_rights);
    uint8_t rights = o.default_rights == XMEM_DEFAULT ? XMEM_RWX : (uint8_t)o.default_rights;
    if (!(d->caps.view_rights & XMEM_RIGHTS_BIT(rights)))
        return xmi_domain_refuse(d, -EOPNOTSUPP,
                                 "views cannot have rights %s on this kind of machine",
                                 xmem_rights_name((enum xmem_rights)rights));
    rc = xmi_view_make(d, rights, VIEW_CALLER, xmi_step_view_drop, &v);
    if (!rc)
        *view = v->id;
    return rc;
}

int xmem_view_destroy(struct xmem_domain *d, uint16_t view)
{
    struct view *v;
    int rc = xmi_view_find(d, view, &v);
    if (rc)
        return rc;
    if (!view)
        return xmi_domain_refuse(d, -EINVAL, "view 0 is the host view: it cannot be destroyed");
    /* Answers may name it: they take effect before its number can come back for another one. */
    rc = d->enabled ? xmi_events_send(d) : 0;
    if (!rc)
        rc = xmi_step_drop_views_of(d, view);
    if (rc)
        return rc;
    ledger_begin(d, LEDGER_DESTROY, view, 0, 0);
    rc = d->ops->view_destroy(d->dom, view);
    if (rc)
        return xmi_domain_fail(d, rc, MAY_BUSY, "view %u cannot be destroyed%s", view,
                               rc == -EBUSY ? ", a vCPU runs in it" : "");
    xmi_view_forget(d, v);
    return d->guarded ? xmi_copies_forget_view(d, view) : 0;
}

int xmi_session_discard_view(struct xmem_domain *d, uint16_t view)
{
    int rc = xmem_view_destroy(d, view);
    struct view *v = domain_view(d, view);
    if (rc && v && v->own)
        v->unwanted = d->owed = true;
    return rc;
}

int xmi_session_switch_back(struct xmem_domain *d, uint16_t view)
{
    int rc = xmem_view_switch(d, view);
    xmi_view_owe_switch(d, view, rc != 0);
    d->owed = d->owed || rc;
    return rc;
}

int xmem_view_switch(struct xmem_domain *d, uint16_t view)
{
    struct view *v;
    int rc = xmi_view_find(d, view, &v);
    if (rc || (!view && !d->led->views_on))
        return rc;
    /* Answers may name views: they take effect before the switch, not after it. */
    rc = d->enabled ? xmi_events_send(d) : 0;
    if (!rc)
        rc = xmi_step_prepare_switch(d);
    if (rc)
        return rc;
    bool before = d->led->views_switched;
    d->led->views_switched = true;
    rc = xmi_view_switch_all(d, view);
    d->led->views_switched = before || !rc;
    if (rc)
        return xmi_domain_fail(d, rc, 0, "domain %" PRIu32 " cannot be switched to view %u",
                               d->domid, view);
    xmi_view_owe_switch(d, view, false);
    xmi_step_note_switch(d, view);
    return 0;
}

int xmem_view_get_vcpu(struct xmem_domain *d, uint32_t vcpu, uint16_t *view)
{
    uint16_t id = 0;
    int rc = xmi_views_usable(d);
    if (rc)
        return rc;
    if (!view)
        return xmi_domain_refuse(d, -EINVAL,
                                 "xmem_view_get_vcpu: nowhere to put the view's number");
    rc = xmi_view_check_vcpu(d, vcpu);
    if (rc)
        return rc;
    rc = d->led->views_on ? d->ops->view_get_vcpu(d->dom, vcpu, &id) : 0;
    if (rc)
        return xmi_domain_fail(d, rc, 0, "vCPU %" PRIu32 ": its view cannot be asked for", vcpu);
    *view = xmi_step_home(d, vcpu, id); /* in another one for one instruction */
    return 0;
}
