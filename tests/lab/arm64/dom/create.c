/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Creation of an arm64 domain: the steps that libxl and libxenguest would take, and no others. */
#include "dom.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <xen/domctl.h>
#include <xen/hvm/params.h>
#include <xencall.h>

#define SUPERPAGE_ORDER 9u

/* Offsets in the magic area as the toolstack of Xen lays it out. */
#define MAGIC_CONSOLE 0u
#define MAGIC_MONITOR 2u

int dom_error(const char *what)
{
    int error = errno ? errno : EIO;

    fprintf(stderr, "labdom: %s: %s\n", what, strerror(error));
    return -error;
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
    create.arch.gic_version = XEN_DOMCTL_CONFIG_GIC_NATIVE;
    if (xc_domain_create(dom->xc, &domid, &create))
        return dom_error("xc_domain_create");
    dom->domid = domid;
    if (xc_domain_max_vcpus(dom->xc, dom->domid, dom->config.vcpus))
        return dom_error("xc_domain_max_vcpus");
    return 0;
}

/* Xen creates Arm domains as 32-bit ones, and libxenctrl has no public call to change that. */
static int set_64bit(struct dom *dom)
{
    xencall_handle *call = xencall_open(NULL, 0);
    struct xen_domctl *op = NULL;
    int rc = -EIO;

    if (!call)
        return dom_error("xencall_open");
    op = xencall_alloc_buffer(call, sizeof(*op));
    if (!op) {
        rc = dom_error("xencall_alloc_buffer");
        goto out;
    }
    memset(op, 0, sizeof(*op));
    op->cmd = XEN_DOMCTL_set_address_size;
    op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    op->domain = (domid_t)dom->domid;
    op->u.address_size.size = 64;
    rc = xencall1(call, __HYPERVISOR_domctl, (uintptr_t)op) < 0 ? dom_error("set_address_size") : 0;
out:
    xencall_free_buffer(call, op);
    xencall_close(call);
    return rc;
}

/* The p2m's own pages: what libxl gives, and room for every superpage to be shattered. */
static uint64_t pool_bytes(const struct dom_config *config)
{
    uint64_t pages = 256u * config->vcpus + config->mem_mib + config->mem_mib / 2 + 512u;

    return pages * DOM_PAGE;
}

static int populate(struct dom *dom)
{
    unsigned int order = dom->config.small_pages ? 0 : SUPERPAGE_ORDER;
    uint64_t base = GUEST_RAM0_BASE / DOM_PAGE;
    unsigned long i, count = ((unsigned long)dom->config.mem_mib << 8) >> order;
    xen_pfn_t *gfns = calloc(count, sizeof(*gfns));
    int rc = 0;

    if (!gfns)
        return dom_error("memory map");
    for (i = 0; i < count; i++)
        gfns[i] = base + (i << order);
    if (xc_domain_populate_physmap_exact(dom->xc, dom->domid, count, order, 0, gfns))
        rc = dom_error("xc_domain_populate_physmap_exact");
    free(gfns);
    return rc;
}

static int set_up_memory(struct dom *dom)
{
    if (xc_domain_setmaxmem(dom->xc, dom->domid, dom->config.mem_mib * 1024u + 1024u))
        return dom_error("xc_domain_setmaxmem");
    if (xc_set_paging_mempool_size(dom->xc, dom->domid, pool_bytes(&dom->config)))
        return dom_error("xc_set_paging_mempool_size");
    return populate(dom);
}

static int set_param(struct dom *dom, uint32_t param, uint64_t value)
{
    if (xc_hvm_param_set(dom->xc, dom->domid, param, value))
        return dom_error("xc_hvm_param_set");
    return 0;
}

static int set_up_console(struct dom *dom)
{
    xen_pfn_t gfn = GUEST_MAGIC_BASE / DOM_PAGE + MAGIC_CONSOLE;
    void *page;
    int port, rc;

    if (xc_domain_populate_physmap_exact(dom->xc, dom->domid, 1, 0, 0, &gfn))
        return dom_error("console page");
    page = xenforeignmemory_map(dom->fmem, dom->domid, PROT_READ | PROT_WRITE, 1, &gfn, NULL);
    if (!page)
        return dom_error("console page");
    memset(page, 0, DOM_PAGE); /* the lab boots Xen without scrubbing memory */
    xenforeignmemory_unmap(dom->fmem, page, 1);
    port = xc_evtchn_alloc_unbound(dom->xc, dom->domid, 0);
    if (port < 0)
        return dom_error("xc_evtchn_alloc_unbound");
    rc = set_param(dom, HVM_PARAM_CONSOLE_PFN, gfn);
    return rc ? rc : set_param(dom, HVM_PARAM_CONSOLE_EVTCHN, (uint64_t)port);
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
        rc = set_64bit(dom);
    if (!rc)
        rc = set_up_memory(dom);
    if (!rc)
        rc = set_up_console(dom);
    /* libxenctrl populates this hole itself when the monitor ring is enabled. */
    if (!rc)
        rc = set_param(dom, HVM_PARAM_MONITOR_RING_PFN, GUEST_MAGIC_BASE / DOM_PAGE + MAGIC_MONITOR);
    return rc;
}

int dom_start(struct dom *dom, uint64_t entry, uint64_t x0)
{
    vcpu_guest_context_any_t context;

    memset(&context, 0, sizeof(context));
    context.c.user_regs.pc64 = entry;
    context.c.user_regs.x0 = x0;
    context.c.user_regs.cpsr = PSR_GUEST64_INIT;
    context.c.sctlr = SCTLR_GUEST_INIT;
    context.c.flags = VGCF_online;
    if (xc_vcpu_setcontext(dom->xc, dom->domid, 0, &context))
        return dom_error("xc_vcpu_setcontext");
    if (xc_domain_unpause(dom->xc, dom->domid))
        return dom_error("xc_domain_unpause");
    return 0;
}

void dom_close(struct dom *dom)
{
    if (dom->fmem)
        xenforeignmemory_close(dom->fmem);
    if (dom->xc)
        xc_interface_close(dom->xc);
}
