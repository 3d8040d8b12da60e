/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Domctls of our own, where libxenctrl has no call. Each carries the version of the hypervisor's
 * interface, and another one's is refused with -EACCES before anything is looked at (do_domctl()).
 * The table of releases names the likely one; a hypervisor that has another is asked for it by a
 * domctl that changes nothing. Size and layout are the same from 4.11 on (public/domctl.h).
 */
#include "backend/xen/backend-xen.h"

#include <string.h>

#define HYPERCALL_DOMCTL 36u /* public/xen.h */
#define DOMCTL_GETDOMAININFO 5u
#define VERSION_FIRST 0x10u /* 4.11; */
#define VERSION_LAST 0x2fu  /* far beyond 4.23's 0x18 */

struct domctl { /* struct xen_domctl */
    uint32_t cmd, interface_version;
    uint16_t domain, pad[3];
    uint8_t arg[128];
};
_Static_assert(sizeof(struct domctl) == 144, "struct xen_domctl");

/* Where the hypercall reads it, and the handle that makes it. */
struct domctl_call {
    void *xcall;
    struct domctl *op;
};

static int make(struct xen_dom *d, const struct domctl_call *c, uint32_t cmd, uint32_t version)
{
    c->op->cmd = cmd;
    c->op->interface_version = version;
    c->op->domain = (uint16_t)d->domid;
    return xen_rc(d, d->api->call1(c->xcall, HYPERCALL_DOMCTL, (uintptr_t)c->op));
}

/* 0: none is taken, so that -EACCES has another reason. */
static uint32_t probe(struct xen_dom *d, const struct domctl_call *c)
{
    for (uint32_t v = VERSION_FIRST; v <= VERSION_LAST; v++) {
        memset(c->op, 0, sizeof(*c->op));
        if (make(d, c, DOMCTL_GETDOMAININFO, v) != -EACCES)
            return v;
    }
    return 0;
}

static int send(struct xen_dom *d, const struct domctl_call *c, uint32_t cmd, const void *arg,
                size_t bytes)
{
    memset(c->op, 0, sizeof(*c->op));
    memcpy(c->op->arg, arg, bytes);
    return make(d, c, cmd, d->domctl_version ? d->domctl_version : d->release->domctl_version);
}

static int send_fitting(struct xen_dom *d, const struct domctl_call *c, uint32_t cmd,
                        const void *arg, size_t bytes)
{
    int rc = send(d, c, cmd, arg, bytes);
    if (rc != -EACCES || d->domctl_version)
        return rc;
    d->domctl_version = probe(d, c);
    return d->domctl_version ? send(d, c, cmd, arg, bytes) : rc;
}

int xen_domctl(struct xen_dom *d, uint32_t cmd, void *arg, size_t bytes)
{
    struct domctl_call c = {.xcall = d->api->call_open(xen_quiet(), 0)};
    if (!c.xcall)
        return -EIO;
    c.op = d->api->call_alloc(c.xcall, sizeof(*c.op));
    int rc = c.op ? send_fitting(d, &c, cmd, arg, bytes) : -ENOMEM;
    if (c.op) {
        memcpy(arg, c.op->arg, bytes);
        d->api->call_free(c.xcall, c.op);
    }
    d->api->call_close(c.xcall);
    return rc;
}
