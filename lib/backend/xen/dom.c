/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looking a domain up. */
#include "backend/xen/backend-xen.h"

#include <string.h>

#define DOMID_FIRST_RESERVED 0x7ff0u /* public/xen.h */

/* The next domain from domid on; one at a time, because the length of the element varies by release. */
int xmi_xen_look_from(void *xch, const struct xen_api *api, uint32_t domid,
                      struct xen_domain_info *info)
{
    memset(info, 0, sizeof(*info));
    int n = api->getinfolist(xch, domid, 1, info);
    if (n < 0)
        return errno ? -errno : -EIO;
    return n ? 0 : -ESRCH;
}

int xmi_xen_dom_look(void *xch, const struct xen_api *api, uint32_t domid,
                     struct xen_domain_info *info)
{
    if (domid >= DOMID_FIRST_RESERVED)
        return -ESRCH;
    int rc = xmi_xen_look_from(xch, api, domid, info);
    return rc ? rc : info->domid == domid ? 0 : -ESRCH;
}

bool xmi_xen_info_is_dead(const struct xen_domain_info *info)
{
    if (info->flags & XEN_INFO_DYING)
        return true;
    /* A suspended domain may go on; one that shut down or crashed never does. */
    return info->flags & XEN_INFO_SHUTDOWN && XEN_INFO_REASON(info->flags) != XEN_SHUTDOWN_SUSPEND;
}
