/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What domains are. */
#include "backend/xen/backend-xen.h"

enum xmem_kind xmi_xen_kind_of(const struct xen_conn *c, const struct xen_domain_info *info)
{
    if (c->arm)
        return XMEM_KIND_ARM_S2;
    if (!(info->flags & XEN_INFO_HVM))
        return XMEM_KIND_X86_PV;
    if (!(info->flags & XEN_INFO_HAP))
        return XMEM_KIND_UNKNOWN; /* HVM on shadow page tables: no mem_access */
    return c->amd ? XMEM_KIND_X86_NPT : XMEM_KIND_X86_EPT;
}

static void info_out(struct xen_conn *c, void *xch, const struct xen_domain_info *info,
                     struct xmem_domain_info *out)
{
    xen_gfn_arg highest = 0;
    out->domid = info->domid;
    out->kind = xmi_xen_kind_of(c, info);
    out->vcpus = info->max_vcpu_id + 1;
    out->flags = (info->flags & XEN_INFO_PAUSED ? XMEM_DOMAIN_PAUSED : 0) |
                 (xmi_xen_info_is_dead(info) ? XMEM_DOMAIN_DYING : 0);
    out->pages = info->tot_pages;
    /* A PV guest says itself how many pages it has; what counts here are machine frames. */
    if (out->kind != XMEM_KIND_X86_PV && !c->api.maximum_gpfn(xch, info->domid, &highest))
        out->highest_gfn = highest;
}

int xmi_xen_domain_list(void *conn, struct xmem_domain_info *v, size_t room, size_t *n)
{
    struct xen_conn *c = conn;
    struct xen_domain_info info;
    int rc;
    *n = 0;
    for (uint32_t next = 0; !(rc = xmi_xen_look_from(c->xch, &c->api, next, &info)); ++*n) {
        if (*n < room) {
            info_out(c, c->xch, &info, &v[*n]);
            xmi_xen_name_of(&c->names, info.domid, v[*n].name, sizeof(v[*n].name));
        }
        next = info.domid + 1u;
    }
    return rc == -ESRCH ? 0 : rc;
}

int xmi_xen_domain_info_get(void *dom, struct xmem_domain_info *out)
{
    struct xen_dom *d = dom;
    struct xen_domain_info info;
    d->hypercalls += 2;
    int rc = xmi_xen_dom_look(d->xch, d->api, d->domid, &info);
    if (rc)
        return rc;
    info_out(d->conn, d->xch, &info, out);
    out->kind = d->kind;
    if (d->kind == XMEM_KIND_X86_PV)
        out->highest_gfn = xmi_xen_pv_highest(d);
    /* Populated when monitoring is enabled, and "the highest" is never lowered again. */
    if (out->highest_gfn < d->ring_gfn)
        out->highest_gfn = d->ring_gfn;
    xmi_xen_name_of(&d->conn->names, d->domid, out->name, sizeof(out->name));
    return 0;
}
