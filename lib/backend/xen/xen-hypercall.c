/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A domctl carries the version of the hypervisor's interface, and another one's is refused with -EACCES
 * before anything is looked at (do_domctl()). The table of releases names the likely one; a hypervisor
 * that has another is asked for it by a domctl that changes nothing. Size and layout are the same from
 * 4.11 on (public/domctl.h).
 */
#include "backend/xen/backend-xen.h"

#include <errno.h>
#include <string.h>

#define VERSION_FIRST 0x10u /* 4.11; */
#define VERSION_LAST 0x2fu  /* far beyond 4.23's 0x18 */

struct domctl { /* struct xen_domctl */
    uint32_t cmd, interface_version;
    uint16_t domain, pad[3];
    uint8_t arg[128];
};
_Static_assert(sizeof(struct domctl) == 144, "struct xen_domctl");

/* ---- buffers ---- */

int xmi_xen_buffer_open(const struct xen_api *api, struct xen_buffer *b, size_t bytes)
{
    b->xcall = api->call_open(xmi_xen_quiet(), 0);
    if (!b->xcall)
        return -EIO;
    b->at = api->call_alloc(b->xcall, bytes);
    if (b->at) {
        memset(b->at, 0, bytes);
        return 0;
    }
    api->call_close(b->xcall);
    b->xcall = NULL;
    return -ENOMEM;
}

void xmi_xen_buffer_close(const struct xen_api *api, struct xen_buffer *b)
{
    if (b->at)
        api->call_free(b->xcall, b->at);
    if (b->xcall)
        api->call_close(b->xcall);
    *b = (struct xen_buffer){NULL, NULL};
}

int xmi_xen_hypercall(const struct xen_api *api, void *xcall, unsigned op, uint64_t a, uint64_t b)
{
    return api->call2(xcall, op, a, b);
}

/* ---- domctls ---- */

static int make(struct xen_dom *d, const struct xen_buffer *b, uint32_t cmd, uint32_t version)
{
    struct domctl *op = b->at;
    op->cmd = cmd;
    op->interface_version = version;
    op->domain = (uint16_t)d->domid;
    return xen_rc(d, d->api->call1(b->xcall, HYPERCALL_DOMCTL, (uintptr_t)op));
}

/* 0: none is taken, so that -EACCES has another reason. */
static uint32_t probe(struct xen_dom *d, const struct xen_buffer *b)
{
    for (uint32_t v = VERSION_FIRST; v <= VERSION_LAST; v++) {
        memset(b->at, 0, sizeof(struct domctl));
        if (make(d, b, DOMCTL_GETDOMAININFO, v) != -EACCES)
            return v;
    }
    return 0;
}

static int send(struct xen_dom *d, const struct xen_buffer *b, uint32_t cmd, const void *arg,
                size_t bytes)
{
    struct domctl *op = memset(b->at, 0, sizeof(*op));
    memcpy(op->arg, arg, bytes);
    return make(d, b, cmd, d->domctl_version ? d->domctl_version : d->release->domctl_version);
}

static int send_fitting(struct xen_dom *d, const struct xen_buffer *b, uint32_t cmd,
                        const void *arg, size_t bytes)
{
    int rc = send(d, b, cmd, arg, bytes);
    if (rc != -EACCES || d->domctl_version)
        return rc;
    d->domctl_version = probe(d, b);
    return d->domctl_version ? send(d, b, cmd, arg, bytes) : rc;
}

int xmi_xen_domctl(struct xen_dom *d, uint32_t cmd, void *arg, size_t bytes)
{
    struct xen_buffer b;
    int rc = xmi_xen_buffer_open(d->api, &b, sizeof(struct domctl));
    if (rc)
        return rc;
    rc = send_fitting(d, &b, cmd, arg, bytes);
    memcpy(arg, ((const struct domctl *)b.at)->arg, bytes);
    xmi_xen_buffer_close(d->api, &b);
    return rc;
}
