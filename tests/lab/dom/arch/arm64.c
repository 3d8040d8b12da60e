/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Creation of an arm64 domain: the steps that libxl and libxenguest would take, and no others. */
#include "../dom.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <xen/domctl.h>
#include <xen/hvm/params.h>
#include <xencall.h>

#include "../../guest/arch/arm64.h"

#define CHUNK_PAGES 256u

/* Offsets in the magic area as the toolstack of Xen lays it out. */
#define MAGIC_CONSOLE 0u
#define MAGIC_MONITOR 2u

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
    rc = dom_set_param(dom, HVM_PARAM_CONSOLE_PFN, gfn);
    return rc ? rc : dom_set_param(dom, HVM_PARAM_CONSOLE_EVTCHN, (uint64_t)port);
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

/* ---- what goes into its memory ---- */

static int load_chunk(struct dom *dom, const char *bytes, uint64_t size, uint64_t addr)
{
    xen_pfn_t gfns[CHUNK_PAGES];
    size_t i, pages = (size + DOM_PAGE - 1) / DOM_PAGE;
    char *map;

    for (i = 0; i < pages; i++)
        gfns[i] = addr / DOM_PAGE + i;
    map = xenforeignmemory_map(dom->fmem, dom->domid, PROT_READ | PROT_WRITE, pages, gfns, NULL);
    if (!map)
        return dom_error("mapping guest memory");
    memcpy(map, bytes, size);
    memset(map + size, 0, pages * DOM_PAGE - size);
    xenforeignmemory_unmap(dom->fmem, map, pages);
    return 0;
}

/* `addr` is at the start of a page. */
int dom_load_bytes(struct dom *dom, const void *bytes, uint64_t size, uint64_t addr)
{
    const char *from = bytes;
    uint64_t at = 0, step = CHUNK_PAGES * DOM_PAGE;
    int rc = 0;

    for (at = 0; at < size && !rc; at += step)
        rc = load_chunk(dom, from + at, size - at < step ? size - at : step, addr + at);
    return rc;
}

int dom_map_file(const char *path, void **bytes, uint64_t *size)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;
    void *map = MAP_FAILED;

    if (fd < 0 || fstat(fd, &st) || st.st_size == 0)
        goto out;
    map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
out:
    if (map == MAP_FAILED) {
        rc = dom_error(path);
    } else {
        *bytes = map;
        *size = (uint64_t)st.st_size;
    }
    if (fd >= 0)
        close(fd);
    return rc;
}

int dom_load_file(struct dom *dom, const char *path, uint64_t addr, uint64_t *size)
{
    void *bytes;
    uint64_t length;
    int rc = dom_map_file(path, &bytes, &length);

    if (rc)
        return rc;
    rc = dom_load_bytes(dom, bytes, length, addr);
    munmap(bytes, length);
    if (!rc)
        *size = length;
    return rc;
}

static int load_guest(struct dom *dom)
{
    char empty[DOM_PAGE];
    uint64_t size;
    int rc = dom_load_file(dom, dom->config->image, LAB_ARM64_IMAGE_BASE, &size);

    if (rc)
        return rc;
    memset(empty, 0, sizeof(empty));
    rc = dom_load_bytes(dom, empty, sizeof(empty), LAB_ARM64_MAILBOX_BASE);
    return rc ? rc : dom_start(dom, LAB_ARM64_IMAGE_BASE, 0);
}

/* A paused domain with memory and no contents. */
static int make(struct dom *dom)
{
    struct xen_domctl_createdomain create = {.arch.gic_version = XEN_DOMCTL_CONFIG_GIC_NATIVE};
    int rc = dom_create_empty(dom, &create);

    if (!rc)
        rc = set_64bit(dom);
    if (!rc)
        rc = dom_populate(dom, GUEST_RAM0_BASE, pool_bytes(dom->config));
    if (!rc)
        rc = set_up_console(dom);
    /* libxenctrl populates this hole itself when the monitor ring is enabled. */
    if (!rc)
        rc = dom_set_param(dom, HVM_PARAM_MONITOR_RING_PFN,
                           GUEST_MAGIC_BASE / DOM_PAGE + MAGIC_MONITOR);
    return rc;
}

static int create(const struct dom_config *config, uint32_t *domid)
{
    struct dom dom;
    int rc = dom_open(&dom, config);

    if (!rc)
        rc = make(&dom);
    *domid = dom.domid;
    if (!rc)
        rc = config->initrd ? dom_load_linux(&dom) : load_guest(&dom);
    dom_close(&dom);
    return rc;
}

static int mailbox(uint32_t domid, uint64_t *gfn)
{
    (void)domid;
    *gfn = LAB_ARM64_MAILBOX_BASE / DOM_PAGE;
    return 0;
}

static int console(uint32_t domid, uint64_t *gfn, uint64_t *port)
{
    xc_interface *xc = xc_interface_open(NULL, NULL, 0);
    int rc = 0;

    if (!xc)
        return dom_error("xc_interface_open");
    if (xc_hvm_param_get(xc, domid, HVM_PARAM_CONSOLE_PFN, gfn) ||
        xc_hvm_param_get(xc, domid, HVM_PARAM_CONSOLE_EVTCHN, port))
        rc = dom_error("the domain has no console");
    xc_interface_close(xc);
    return rc;
}

static const char *const op_names[LAB_ARM64_LAST - LAB_ARM64_FIRST] = {
    [LAB_ARM64_EXCLUSIVE - LAB_ARM64_FIRST] = "exclusive",
    [LAB_ARM64_ORDERED - LAB_ARM64_FIRST] = "ordered",
    [LAB_ARM64_INDEXED - LAB_ARM64_FIRST] = "indexed",
    [LAB_ARM64_PAIR - LAB_ARM64_FIRST] = "pair",
    [LAB_ARM64_VECTOR - LAB_ARM64_FIRST] = "vector",
    [LAB_ARM64_ATOMIC - LAB_ARM64_FIRST] = "atomic",
    [LAB_ARM64_SWAP - LAB_ARM64_FIRST] = "swap",
    [LAB_ARM64_FEATURES - LAB_ARM64_FIRST] = "features",
    [LAB_ARM64_TRANSLATE - LAB_ARM64_FIRST] = "translate",
    [LAB_ARM64_CONTEXT - LAB_ARM64_FIRST] = "context",
    [LAB_ARM64_TIMER - LAB_ARM64_FIRST] = "timer",
};

const struct dom_arch dom_arch = {
    .least_mib = 8,
    .most_mib = 3072,
    .first_op = LAB_ARM64_FIRST,
    .last_op = LAB_ARM64_LAST,
    .op_names = op_names,
    .create = create,
    .mailbox = mailbox,
    .console = console,
    .linux_guest = true,
};
