/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Host rights while altp2m is on: see host-copy.h. */
#include "backend-xen.h"

static bool needed(const struct xen_dom *d)
{
    return d->views && !(d->release->quirks & QUIRK_VIEW_COPIES_HOST_RIGHTS);
}

static int make_entry(void *dom, uint64_t gfn)
{
    struct xen_dom *d = dom;
    int rc = xen_rc(d, d->api->altp2m_change_gfn(d->xch, d->domid, 0, (xen_gfn_arg)gfn,
                                                 (xen_gfn_arg)gfn));
    return rc == -ESRCH ? 0 : rc; /* a hole: nothing to be seen through it */
}

int xen_host_changed(struct xen_dom *d, uint64_t gfn, uint64_t nr, uint8_t rights)
{
    if (!needed(d) || rights == XMEM_RWX)
        return 0;
    return host_copy_note(&d->host, gfn, nr, d->views_on ? make_entry : NULL, d);
}

/* The copy's default is what the host's is when altp2m is turned on; 0 without a ring: it is rwx. */
static int default_for_copy(struct xen_dom *d, uint8_t *before)
{
    uint8_t rights = XMEM_RWX;
    int rc = needed(d) ? xen_rights_get(d, 0, UINT64_MAX, &rights) : 0;
    *before = rights;
    if (rc || rights == XMEM_RWX)
        return rc == -ENODEV ? 0 : rc;
    return xen_rights_set(d, 0, UINT64_MAX, 0, XMEM_RWX, NULL);
}

int xen_host_turn_views_on(struct xen_dom *d)
{
    uint8_t before;
    int rc = default_for_copy(d, &before);
    if (rc)
        return rc;
    rc = xen_rc(d, d->api->altp2m_set_state(d->xch, d->domid, true));
    int rc2 = before == XMEM_RWX ? 0 : xen_rights_set(d, 0, UINT64_MAX, 0, before, NULL);
    return rc ? rc : rc2;
}

int xen_host_views_on(struct xen_dom *d)
{
    return needed(d) ? host_copy_each(&d->host, make_entry, d) : 0;
}
