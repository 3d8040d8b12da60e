/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Host rights while altp2m is on: see host-copy.h. */
#include "backend/xen/backend-xen.h"

bool xmi_xen_host_needed(const struct xen_dom *d)
{
    return d->views && !(d->release->quirks & QUIRK_VIEW_COPIES_HOST_RIGHTS);
}

static int make_entry(void *dom, uint64_t gfn)
{
    struct xen_dom *d = dom;
    int rc = xen_rc(
        d, d->api->altp2m_change_gfn(d->xch, d->domid, 0, (xen_gfn_arg)gfn, (xen_gfn_arg)gfn));
    return rc == -ESRCH ? 0 : rc; /* a hole: nothing to be seen through it */
}

int xmi_xen_host_note(struct xen_dom *d, uint64_t gfn, uint64_t nr, uint8_t rights)
{
    if (!xmi_xen_host_needed(d) || rights == XMEM_RWX)
        return 0;
    return xmi_host_copy_note(&d->host, gfn, nr, d->views_on ? make_entry : NULL, d);
}

int xmi_xen_host_make_entries(struct xen_dom *d)
{
    return xmi_xen_host_needed(d) ? xmi_host_copy_each(&d->host, make_entry, d) : 0;
}
