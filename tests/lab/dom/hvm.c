/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arm's and PVH domains: what both are made of. */
#include "dom.h"

#include <stdlib.h>
#include <string.h>

#include <xen/domctl.h>

#define SUPERPAGE_ORDER 9u

int dom_open(struct dom *dom, const struct dom_config *config)
{
    memset(dom, 0, sizeof(*dom));
    dom->config = config;
    dom->xc = xc_interface_open(NULL, NULL, 0);
    dom->fmem = xenforeignmemory_open(NULL, 0);
    return dom->xc && dom->fmem ? 0 : dom_error("opening Xen");
}

void dom_close(struct dom *dom)
{
    if (dom->fmem)
        xenforeignmemory_close(dom->fmem);
    if (dom->xc)
        xc_interface_close(dom->xc);
}

int dom_create_empty(struct dom *dom, struct xen_domctl_createdomain *create)
{
    uint32_t domid = DOM_ANY_DOMID;

    create->flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap;
    create->max_vcpus = dom->config->vcpus;
    create->max_evtchn_port = 1023;
    create->max_grant_frames = 4;
    create->max_maptrack_frames = 4;
    create->grant_opts = XEN_DOMCTL_GRANT_version(1);
    if (xc_domain_create(dom->xc, &domid, create))
        return dom_error("xc_domain_create");
    dom->domid = domid;
    if (xc_domain_max_vcpus(dom->xc, dom->domid, dom->config->vcpus))
        return dom_error("xc_domain_max_vcpus");
    return 0;
}

static int populate(struct dom *dom, uint64_t base)
{
    unsigned int order = dom->config->small_pages ? 0 : SUPERPAGE_ORDER;
    unsigned long i, count = ((unsigned long)dom->config->mem_mib << 8) >> order;
    xen_pfn_t *gfns = calloc(count, sizeof(*gfns));
    int rc = 0;

    if (!gfns)
        return dom_error("memory map");
    for (i = 0; i < count; i++)
        gfns[i] = base / DOM_PAGE + (i << order);
    if (xc_domain_populate_physmap_exact(dom->xc, dom->domid, count, order, 0, gfns))
        rc = dom_error("xc_domain_populate_physmap_exact");
    free(gfns);
    return rc;
}

int dom_populate(struct dom *dom, uint64_t base, uint64_t pool)
{
    if (xc_domain_setmaxmem(dom->xc, dom->domid, dom->config->mem_mib * 1024u + 1024u))
        return dom_error("xc_domain_setmaxmem");
    if (xc_set_paging_mempool_size(dom->xc, dom->domid, pool))
        return dom_error("xc_set_paging_mempool_size");
    return populate(dom, base);
}

int dom_set_param(struct dom *dom, uint32_t param, uint64_t value)
{
    if (xc_hvm_param_set(dom->xc, dom->domid, param, value))
        return dom_error("xc_hvm_param_set");
    return 0;
}
