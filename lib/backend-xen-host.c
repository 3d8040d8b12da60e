/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Host rights while altp2m is on. A vCPU in view 0 then runs on a copy of the host view. Its
 * entries are made when the guest first touches a page, and from 4.19 on they get that copy's
 * default rights, not the host's (p2m_altp2m_get_or_propagate()): what was restricted is open,
 * silently. An entry that is there follows the host's changes (p2m_altp2m_propagate_change()), and
 * "gfn shows gfn" makes one with the host's rights (p2m_change_altp2m_gfn()). So every gfn that
 * is restricted in the host view gets its entry: at once, or when altp2m is turned on.
 */
#include "backend-xen.h"

#include <stdlib.h>
#include <string.h>

static bool needed(const struct xen_dom *d)
{
    return d->views && !(d->release->quirks & QUIRK_VIEW_COPIES_HOST_RIGHTS);
}

static bool noted(const struct xen_dom *d, uint64_t gfn)
{
    return gfn / 8 < d->host_bytes && d->host_set[gfn / 8] & 1u << gfn % 8;
}

static int grow(struct xen_dom *d, uint64_t gfn)
{
    size_t bytes = (size_t)(gfn / 8 + 1);
    if (bytes <= d->host_bytes)
        return 0;
    bytes += bytes / 2;
    uint8_t *p = realloc(d->host_set, bytes);
    if (!p)
        return -ENOMEM;
    memset(p + d->host_bytes, 0, bytes - d->host_bytes);
    d->host_set = p;
    d->host_bytes = bytes;
    return 0;
}

static int make_entry(struct xen_dom *d, uint64_t gfn)
{
    int rc = xen_rc(d, d->api->altp2m_change_gfn(d->xch, d->domid, 0, (xen_gfn_arg)gfn,
                                                 (xen_gfn_arg)gfn));
    return rc == -ESRCH ? 0 : rc; /* a hole: nothing to be seen through it */
}

int xen_host_changed(struct xen_dom *d, uint64_t gfn, uint64_t nr, uint8_t rights)
{
    int rc = 0;
    if (!needed(d) || rights == XMEM_RWX)
        return 0;
    for (uint64_t end = gfn + nr; gfn < end && !rc; gfn++) {
        if (noted(d, gfn))
            continue;
        rc = grow(d, gfn);
        if (!rc && d->views_on)
            rc = make_entry(d, gfn);
        if (!rc)
            d->host_set[gfn / 8] |= (uint8_t)(1u << gfn % 8);
    }
    return rc;
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
    int rc = 0;
    if (!needed(d))
        return 0;
    for (uint64_t gfn = 0; gfn / 8 < d->host_bytes && !rc; gfn++)
        if (noted(d, gfn))
            rc = make_entry(d, gfn);
    return rc;
}
