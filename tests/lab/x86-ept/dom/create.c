/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Creation of a PVH domain on EPT: the steps that libxl would take, and no others. */
#include "dom.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xen/domctl.h>
#include <xen/hvm/params.h>

#define SUPERPAGE_ORDER 9u

/* Below the 16 MiB that libxl leaves for special pages at the end of the first 4 GiB. */
#define MONITOR_GFN 0xfeffeu

/* What older releases have without asking. */
#define ALTP2M_VIEWS 10u
#define XEN_4_21     0x40015 /* as XENVER_version has it */

/* EPT pages of the host view and of ten alternate ones. */
#define POOL_BYTES (16u << 20)

int dom_error(const char *what)
{
    int error = errno ? errno : EIO;

    fprintf(stderr, "labdom: %s: %s\n", what, strerror(error));
    return -error;
}

/*
 * altp2m is a domctl option from 4.19 on (older releases: an HVM parameter set later). The word is
 * there in all of them; from 4.21 on its upper half is the number of views.
 */
static void ask_for_altp2m(struct dom *dom, struct xen_domctl_createdomain *create)
{
#ifdef XEN_DOMCTL_ALTP2M_mode
    uint32_t word = XEN_DOMCTL_ALTP2M_mode(XEN_DOMCTL_ALTP2M_external);
    size_t at = offsetof(struct xen_domctl_createdomain, vmtrace_size) - sizeof(word);

    if (xc_version(dom->xc, XENVER_version, NULL) >= XEN_4_21)
        word |= ALTP2M_VIEWS << 16;
    memcpy((char *)create + at, &word, sizeof(word));
#else
    (void)dom;
    (void)create;
#endif
}

static int set_altp2m_param(struct dom *dom)
{
#ifndef XEN_DOMCTL_ALTP2M_mode
    if (xc_hvm_param_set(dom->xc, dom->domid, HVM_PARAM_ALTP2M, XEN_ALTP2M_external))
        return dom_error("HVM_PARAM_ALTP2M");
#else
    (void)dom;
#endif
    return 0;
}

static int create_empty(struct dom *dom)
{
    struct xen_domctl_createdomain create;
    uint32_t domid = DOM_ANY_DOMID;

    memset(&create, 0, sizeof(create));
    create.flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap;
    create.max_vcpus = dom->config.vcpus;
    create.max_evtchn_port = 1023;
    create.max_grant_frames = 4;
    create.max_maptrack_frames = 4;
    create.grant_opts = XEN_DOMCTL_GRANT_version(1);
    create.arch.emulation_flags = XEN_X86_EMU_LAPIC;
    if (!dom->config.no_altp2m)
        ask_for_altp2m(dom, &create);
    if (xc_domain_create(dom->xc, &domid, &create))
        return dom_error("xc_domain_create");
    dom->domid = domid;
    if (xc_domain_max_vcpus(dom->xc, dom->domid, dom->config.vcpus))
        return dom_error("xc_domain_max_vcpus");
    return 0;
}

static int populate(struct dom *dom)
{
    unsigned int order = dom->config.small_pages ? 0 : SUPERPAGE_ORDER;
    unsigned long i, count = ((unsigned long)dom->config.mem_mib << 8) >> order;
    xen_pfn_t *gfns = calloc(count, sizeof(*gfns));
    int rc = 0;

    if (!gfns)
        return dom_error("memory map");
    for (i = 0; i < count; i++)
        gfns[i] = i << order;
    if (xc_domain_populate_physmap_exact(dom->xc, dom->domid, count, order, 0, gfns))
        rc = dom_error("xc_domain_populate_physmap_exact");
    free(gfns);
    return rc;
}

static int set_up_memory(struct dom *dom)
{
    if (xc_domain_setmaxmem(dom->xc, dom->domid, dom->config.mem_mib * 1024u + 1024u))
        return dom_error("xc_domain_setmaxmem");
    if (xc_set_paging_mempool_size(dom->xc, dom->domid, POOL_BYTES))
        return dom_error("xc_set_paging_mempool_size");
    return populate(dom);
}

int dom_create(struct dom *dom, const struct dom_config *config)
{
    int rc;

    memset(dom, 0, sizeof(*dom));
    dom->config = *config;
    dom->xc = xc_interface_open(NULL, NULL, 0);
    dom->fmem = xenforeignmemory_open(NULL, 0);
    if (!dom->xc || !dom->fmem)
        return dom_error("opening Xen");
    rc = create_empty(dom);
    if (!rc)
        rc = set_up_memory(dom);
    if (!rc && !config->no_altp2m)
        rc = set_altp2m_param(dom);
    /* libxenctrl populates this hole itself when the monitor ring is enabled. */
    if (!rc && xc_hvm_param_set(dom->xc, dom->domid, HVM_PARAM_MONITOR_RING_PFN, MONITOR_GFN))
        rc = dom_error("HVM_PARAM_MONITOR_RING_PFN");
    return rc;
}

void dom_close(struct dom *dom)
{
    if (dom->fmem)
        xenforeignmemory_close(dom->fmem);
    if (dom->xc)
        xc_interface_close(dom->xc);
}
