/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PVH domains, on EPT and on AMD's nested paging: the steps that libxl would take, and no others. */
#include "../dom.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <xen/domctl.h>
#include <xen/hvm/params.h>
#include <xen/hvm/save.h>

#include "../../guest/arch/x86-pvh.h"

#define IMAGE_PAGES ((LAB_X86_SCRATCH_BASE - LAB_X86_IMAGE_BASE) / DOM_PAGE)

/* Below the 16 MiB that libxl leaves for special pages at the end of the first 4 GiB. */
#define MONITOR_GFN 0xfeffeu

/* What older releases have without asking. */
#define ALTP2M_VIEWS 10u
#define XEN_4_21 0x40015 /* as XENVER_version has it */

/* Pages of the host view's tables and of ten alternate ones. */
#define POOL_BYTES (16u << 20)

/* Segment attributes in VMX's form (SDM vol. 3, 24.4.1): present, code or data, 4 GiB, 32 bits. */
#define FLAT_CODE 0xc9bu
#define FLAT_DATA 0xc93u
#define BUSY_TSS 0x8bu

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

/* A paused domain with memory and no contents. */
static int make(struct dom *dom)
{
    struct xen_domctl_createdomain create = {.arch.emulation_flags = XEN_X86_EMU_LAPIC};
    int rc;

    if (!dom->config->no_altp2m)
        ask_for_altp2m(dom, &create);
    rc = dom_create_empty(dom, &create);
    if (!rc)
        rc = dom_populate(dom, 0, POOL_BYTES);
    if (!rc && !dom->config->no_altp2m)
        rc = set_altp2m_param(dom);
    /* libxenctrl populates this hole itself when the monitor ring is enabled. */
    return rc ? rc : dom_set_param(dom, HVM_PARAM_MONITOR_RING_PFN, MONITOR_GFN);
}

/* ---- the first vCPU's registers, handed over as a saved state (public/arch-x86/hvm/save.h) ---- */

struct saved_state {
    struct hvm_save_descriptor header_d;
    HVM_SAVE_TYPE(HEADER) header;
    struct hvm_save_descriptor cpu_d;
    HVM_SAVE_TYPE(CPU) cpu;
    struct hvm_save_descriptor end_d;
    HVM_SAVE_TYPE(END) end;
} __attribute__((packed));

static struct hvm_save_descriptor describe(unsigned int code, size_t length)
{
    return (struct hvm_save_descriptor){.typecode = (uint16_t)code, .length = (uint32_t)length};
}

static void fill_cpu(struct hvm_hw_cpu *cpu, uint32_t entry)
{
    cpu->cs_limit = cpu->ds_limit = cpu->es_limit = cpu->ss_limit = 0xffffffff;
    cpu->fs_limit = cpu->gs_limit = 0xffffffff;
    cpu->cs_arbytes = FLAT_CODE;
    cpu->ds_arbytes = cpu->es_arbytes = cpu->ss_arbytes = FLAT_DATA;
    cpu->fs_arbytes = cpu->gs_arbytes = FLAT_DATA;
    cpu->tr_limit = 0x67;
    cpu->tr_arbytes = BUSY_TSS;
    cpu->cr0 = 0x11; /* PE, ET */
    cpu->rflags = 2;
    cpu->dr6 = 0xffff0ff0;
    cpu->dr7 = 0x400;
    cpu->rip = entry;
}

/* Xen takes a state only with the header that it writes itself: its first record. */
static int own_header(struct dom *dom, struct saved_state *state)
{
    int size = xc_domain_hvm_getcontext(dom->xc, dom->domid, NULL, 0);
    size_t want = sizeof(state->header_d) + sizeof(state->header);
    uint8_t *buffer;
    int rc = 0;

    if (size < (int)want)
        return dom_error("xc_domain_hvm_getcontext");
    buffer = calloc(1, (size_t)size);
    if (!buffer || xc_domain_hvm_getcontext(dom->xc, dom->domid, buffer, (uint32_t)size) < 0)
        rc = dom_error("xc_domain_hvm_getcontext");
    else
        memcpy(&state->header_d, buffer, want);
    free(buffer);
    return rc;
}

static int start(struct dom *dom, uint32_t entry)
{
    struct saved_state state;
    struct hvm_hw_cpu cpu;
    int rc;

    memset(&state, 0, sizeof(state));
    memset(&cpu, 0, sizeof(cpu));
    rc = own_header(dom, &state);
    if (rc)
        return rc;
    fill_cpu(&cpu, entry);
    state.cpu = cpu;
    state.cpu_d = describe(HVM_SAVE_CODE(CPU), sizeof(state.cpu));
    state.end_d = describe(HVM_SAVE_CODE(END), 0);
    if (xc_domain_hvm_setcontext(dom->xc, dom->domid, (uint8_t *)&state,
                                 (uint32_t)offsetof(struct saved_state, end)))
        return dom_error("xc_domain_hvm_setcontext");
    if (xc_domain_unpause(dom->xc, dom->domid))
        return dom_error("xc_domain_unpause");
    return 0;
}

/* ---- what goes into its memory ---- */

static int read_image(const char *path, char *at, size_t room)
{
    FILE *file = fopen(path, "rb");
    size_t got;

    if (!file)
        return dom_error(path);
    got = fread(at, 1, room, file);
    fclose(file);
    if (got && got < room)
        return 0;
    fprintf(stderr, "labdom: %s is empty or too long for its place\n", path);
    return -EINVAL;
}

/* The image, and zeros up to the first address that tests may use: Xen does not scrub here. */
static int load_guest(struct dom *dom)
{
    xen_pfn_t gfns[IMAGE_PAGES];
    size_t i;
    char *map;
    int rc;

    for (i = 0; i < IMAGE_PAGES; i++)
        gfns[i] = LAB_X86_IMAGE_BASE / DOM_PAGE + i;
    map = xenforeignmemory_map(dom->fmem, dom->domid, PROT_READ | PROT_WRITE, IMAGE_PAGES, gfns,
                               NULL);
    if (!map)
        return dom_error("mapping guest memory");
    memset(map, 0, (size_t)IMAGE_PAGES * DOM_PAGE);
    rc = read_image(dom->config->image, map, LAB_X86_MAILBOX_BASE - LAB_X86_IMAGE_BASE);
    xenforeignmemory_unmap(dom->fmem, map, IMAGE_PAGES);
    return rc ? rc : start(dom, LAB_X86_IMAGE_BASE);
}

static int create(const struct dom_config *config, uint32_t *domid)
{
    struct dom dom;
    int rc = dom_open(&dom, config);

    if (!rc)
        rc = make(&dom);
    *domid = dom.domid;
    if (!rc)
        rc = load_guest(&dom);
    dom_close(&dom);
    return rc;
}

static int mailbox(uint32_t domid, uint64_t *gfn)
{
    (void)domid;
    *gfn = LAB_X86_MAILBOX_BASE / DOM_PAGE;
    return 0;
}

const struct dom_arch dom_arch = {
    .least_mib = 8,
    .most_mib = 512,
    .first_op = LAB_X86_FIRST,
    .last_op = LAB_X86_LAST,
    .create = create,
    .mailbox = mailbox,
};
