/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every call on a session stands on: its failures, whether it can be used, which gfns there are. */
#include "session/session.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

bool xmi_domain_is_dead(struct xmem_domain *d)
{
    struct xmem_domain_info info = XMEM_INIT(info);
    if (!d->dead) {
        int rc = d->ops->domain_info(d->dom, &info);
        d->dead = rc == -ESRCH || rc == -ESHUTDOWN || (!rc && info.flags & XMEM_DOMAIN_DYING);
    }
    return d->dead;
}

/* Codes that every call may answer (xmem.h, "Errors common to calls on a session"). */
int xmi_domain_code(int rc, unsigned may)
{
    static const struct {
        int code;
        unsigned may;
    } some[] = {{-ESRCH, MAY_SRCH},   {-EBUSY, MAY_BUSY},   {-ENOSPC, MAY_NOSPC},
                {-ENODEV, MAY_NODEV}, {-ENOENT, MAY_NOENT}, {-ERANGE, MAY_RANGE}};
    switch (rc) {
    case 0: return 0;
    case -ENOSYS: return -EOPNOTSUPP;
    case -ENOMEM:
    case -EPERM:
    case -EACCES:
    case -EOPNOTSUPP:
    case -EPROTO:
    case -ESHUTDOWN: return rc;
    default: break;
    }
    for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++)
        if (rc == some[i].code && (may & some[i].may))
            return rc;
    return -EIO;
}

static const char *remedy_of(int code)
{
    switch (code) {
    case -EACCES:
        return " (libxenctrl's version and the hypervisor's differ, or its security policy, XSM, "
               "refuses)";
    case -EPERM:
        return " (the hypervisor refuses this caller: run it as root of the control domain)";
    case -EOPNOTSUPP: return " (this kind of machine cannot do it: see its capabilities)";
    case -ENODEV: return " (monitoring is not enabled)";
    default: return "";
    }
}

int xmi_domain_fail(struct xmem_domain *d, int rc, unsigned may, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    xmi_error_vset(&d->error, rc, fmt, ap);
    va_end(ap);
    if (rc == -ESHUTDOWN)
        d->dead = true;
    if (rc != -ENOMEM && xmi_domain_is_dead(d)) {
        xmi_error_add(&d->error, ": the domain died");
        return -ESHUTDOWN;
    }
    int code = xmi_domain_code(rc, may);
    xmi_error_add(&d->error, ": %s%s", strerror(-rc), remedy_of(code));
    return code;
}

int xmi_domain_refuse(struct xmem_domain *d, int code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    xmi_error_vset(&d->error, code, fmt, ap);
    va_end(ap);
    return code;
}

int xmi_domain_not_usable(struct xmem_domain *d)
{
    if (!d)
        return -EINVAL;
    if (d->dead)
        return xmi_domain_refuse(d, -ESHUTDOWN, "domain %" PRIu32 " died", d->domid);
    if (d->owed)
        d->pay(d);
    return 0;
}

int xmi_domain_check_gfns(struct xmem_domain *d, uint64_t gfn, uint64_t nr)
{
    if (!nr)
        return xmi_domain_refuse(d, -EINVAL, "gfn 0x%" PRIx64 ": a range of no gfns", gfn);
    uint64_t last = gfn + nr - 1;
    if (last < gfn)
        return xmi_domain_refuse(d, -ERANGE,
                                 "gfn 0x%" PRIx64 " and 0x%" PRIx64 " more: beyond the "
                                 "end of all numbers",
                                 gfn, nr - 1);
    if (last <= d->caps.highest_gfn)
        return 0;
    struct xmem_domain_info info = XMEM_INIT(info); /* it may have grown */
    if (!d->ops->domain_info(d->dom, &info) && info.highest_gfn > d->caps.highest_gfn)
        d->caps.highest_gfn = info.highest_gfn;
    if (last <= d->caps.highest_gfn)
        return 0;
    return xmi_domain_refuse(d, -ERANGE, "gfn 0x%" PRIx64 " is above the highest, 0x%" PRIx64, last,
                             d->caps.highest_gfn);
}
