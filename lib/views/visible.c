/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which views the guest can switch to by itself (VMFUNC), view 0 among them. */
#include "ledger/ledger.h"
#include "views/views-int.h"

#include <errno.h>
#include <inttypes.h>

bool xmi_views_can_hide(const struct xmem_domain *d)
{
    return d->ops->view_set_visible && (d->caps.flags & XMEM_CAP_VISIBILITY);
}

int xmi_view_set_shown(struct xmem_domain *d, struct view *v, bool visible)
{
    ledger_begin(d, LEDGER_VISIBLE, v->id, 0, 0);
    int rc = d->ops->view_set_visible(d->dom, v->id, visible);
    if (!rc)
        v->led->hidden = !visible;
    return rc;
}

/* One that fails is tried again with every call. */
static int hide_again(struct xmem_domain *d, struct view *v)
{
    int rc = d->ops->view_set_visible(d->dom, v->id, false);
    if (rc)
        rc = d->ops->view_set_visible(d->dom, v->id, false);
    v->led->hide_owed = rc != 0;
    d->owed = d->owed || rc;
    return rc;
}

/* Paused: what is shown for a moment must not be a way out for a vCPU. */
static int switch_to_hidden(struct xmem_domain *d, uint16_t id)
{
    int rc = xmi_ledger_pause(d);
    if (rc)
        return rc;
    domain_view(d, id)->led->hide_owed = true;
    rc = d->ops->view_set_visible(d->dom, id, true);
    if (!rc) {
        rc = d->ops->view_switch(d->dom, id);
        int rc2 = hide_again(d, domain_view(d, id));
        rc = rc ? rc : rc2;
    } else {
        domain_view(d, id)->led->hide_owed = false;
    }
    int rc2 = xmi_domain_unpause_own(d);
    return rc ? rc : rc2;
}

int xmi_view_switch_all(struct xmem_domain *d, uint16_t id)
{
    const struct view *v = domain_view(d, id);
    int rc = d->ops->view_switch(d->dom, id);
    if (rc == -EINVAL) /* it may have been for this one time */
        rc = d->ops->view_switch(d->dom, id);
    bool may_be_hidden = rc == -EINVAL && xmi_views_can_hide(d) && v &&
                         (!v->own || v->led->hidden || v->step);
    return may_be_hidden ? switch_to_hidden(d, id) : rc;
}

int xmi_views_show_again(struct xmem_domain *d)
{
    int first = 0;
    for (uint32_t id = 0; id < d->caps.max_views; id++) {
        struct view *v = d->views[id];
        if (!v || v->own || !v->led->hidden)
            continue;
        int rc = xmi_view_set_shown(d, v, true);
        if (rc && !first)
            first = xmi_domain_fail(d, rc, 0, "view %" PRIu32 " cannot be shown to the guest again",
                                    id);
    }
    return first;
}

void xmi_view_owe_switch(struct xmem_domain *d, uint16_t id, bool owed)
{
    d->view_set->back_owed = owed;
    d->view_set->back_to = id;
}
