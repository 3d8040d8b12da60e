/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Creation of a PV domain: the steps that libxl would take, and no others. */
#include "dom.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xen/domctl.h>
#include <xenguest.h>

#include "../guest/layout.h"

/* Exported by libxenctrl, but not declared in its header. */
struct xc_mmu;
struct xc_mmu *xc_alloc_mmu_updates(xc_interface *xch, unsigned int subject);
int xc_add_mmu_update(xc_interface *xch, struct xc_mmu *mmu, unsigned long long ptr,
                      unsigned long long val);
int xc_flush_mmu_updates(xc_interface *xch, struct xc_mmu *mmu);

#define GUEST_OS "libxmem-lab" /* the small guest's ELF note */

int dom_error(const char *what)
{
    int error = errno ? errno : EIO;

    fprintf(stderr, "labdom: %s: %s\n", what, strerror(error));
    return -error;
}

static int create_empty(xc_interface *xc, const struct dom_config *config, uint32_t *domid)
{
    struct xen_domctl_createdomain create;
    uint32_t new = DOM_ANY_DOMID;

    memset(&create, 0, sizeof(create));
    create.max_vcpus = config->vcpus;
    create.max_evtchn_port = 1023;
    create.max_grant_frames = 4;
    create.max_maptrack_frames = 4;
    create.grant_opts = XEN_DOMCTL_GRANT_version(1);
    if (xc_domain_create(xc, &new, &create))
        return dom_error("xc_domain_create");
    *domid = new;
    if (xc_domain_max_vcpus(xc, *domid, config->vcpus))
        return dom_error("xc_domain_max_vcpus");
    if (xc_domain_setmaxmem(xc, *domid, config->mem_mib * 1024u + 1024u))
        return dom_error("xc_domain_setmaxmem");
    return 0;
}

static int by_value(const void *a, const void *b)
{
    const xen_pfn_t *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

/* The longest run of consecutive machine frames in a sorted list. */
static void find_run(const xen_pfn_t *frames, size_t count, size_t *first, size_t *length)
{
    size_t i, from = 0;

    *first = *length = 0;
    for (i = 0; i < count; i++) {
        if (i && frames[i] != frames[i - 1] + 1)
            from = i;
        if (i - from + 1 > *length) {
            *first = from;
            *length = i - from + 1;
        }
    }
}

/*
 * A PV domain may have its frames in any order, and Xen gives it pieces of 2 MiB. Tests want ranges of
 * frames, so the longest run becomes the pages that tests may use.
 */
static int order_frames(struct xc_dom_image *image, struct dom_note *note)
{
    size_t count = image->p2m_size, first, length, i, from = 0;
    xen_pfn_t *frames = malloc(count * sizeof(*frames)), *p2m = image->pv_p2m;

    if (!frames)
        return dom_error("frame list");
    memcpy(frames, p2m, count * sizeof(*frames));
    qsort(frames, count, sizeof(*frames), by_value);
    find_run(frames, count, &first, &length);
    if (length > LAB_PV_SCRATCH_PFNS)
        length = LAB_PV_SCRATCH_PFNS;
    for (i = 0; i < count; i++) {
        if (i >= LAB_PV_SCRATCH_PFN && i < LAB_PV_SCRATCH_PFN + length) {
            p2m[i] = frames[first + i - LAB_PV_SCRATCH_PFN];
            continue;
        }
        if (from == first)
            from += length;
        p2m[i] = frames[from++];
    }
    note->first = p2m[LAB_PV_SCRATCH_PFN];
    note->count = length;
    free(frames);
    return 0;
}

/* Xen's own table, from machine frames to page numbers, is told of the new order. */
static int tell_order(const struct xc_dom_image *image, uint32_t domid)
{
    struct xc_mmu *mmu = xc_alloc_mmu_updates(image->xch, domid);
    xen_pfn_t pfn;
    int rc = mmu ? 0 : -1;

    for (pfn = 0; pfn < image->p2m_size && !rc; pfn++)
        rc = xc_add_mmu_update(image->xch, mmu, image->pv_p2m[pfn] << XC_PAGE_SHIFT |
                               MMU_MACHPHYS_UPDATE, pfn);
    if (!rc)
        rc = xc_flush_mmu_updates(image->xch, mmu);
    if (rc)
        rc = dom_error("machine-to-physical table");
    free(mmu);
    return rc;
}

static bool is_small_guest(struct xc_dom_image *image)
{
    const char *os = xc_dom_guest_os(image);

    return os && !strcmp(os, GUEST_OS);
}

static void fill_note(struct xc_dom_image *image, struct dom_note *note)
{
    note->console = image->pv_p2m[image->console_pfn];
    note->port = image->console_evtchn;
    note->pages = image->p2m_size;
    if (is_small_guest(image))
        note->mailbox = image->pv_p2m[LAB_PV_MAILBOX_PFN];
}

static int load(struct xc_dom_image *image, const struct dom_config *config, uint32_t domid,
                struct dom_note *note)
{
    int rc;

    if (xc_dom_kernel_file(image, config->kernel))
        return dom_error(config->kernel);
    if (config->initrd && xc_dom_module_file(image, config->initrd, NULL))
        return dom_error(config->initrd);
    if (xc_dom_boot_xen_init(image, image->xch, domid) || xc_dom_parse_image(image))
        return dom_error("the image is no PV kernel");
    if (xc_dom_mem_init(image, config->mem_mib) || xc_dom_boot_mem_init(image))
        return dom_error("guest memory");
    rc = is_small_guest(image) ? order_frames(image, note) : 0;
    if (!rc && is_small_guest(image))
        rc = tell_order(image, domid);
    if (!rc && xc_dom_build_image(image))
        rc = dom_error("xc_dom_build_image");
    return rc;
}

static int build(xc_interface *xc, const struct dom_config *config, uint32_t domid,
                 struct dom_note *note)
{
    struct xc_dom_image *image = xc_dom_allocate(xc, config->cmdline, NULL);
    int port = xc_evtchn_alloc_unbound(xc, domid, 0), rc = 0;

    if (!image || port < 0) {
        rc = dom_error("image and console port");
        goto out;
    }
    image->container_type = XC_DOM_PV_CONTAINER;
    image->max_vcpus = config->vcpus;
    image->console_evtchn = (unsigned int)port;
    rc = load(image, config, domid, note);
    if (rc)
        goto out;
    fill_note(image, note);
    rc = dom_p2m_write(domid, image->pv_p2m, image->p2m_size);
    if (!rc && xc_dom_boot_image(image))
        rc = dom_error("xc_dom_boot_image");
out:
    if (image)
        xc_dom_release(image);
    return rc;
}

int dom_create(const struct dom_config *config, uint32_t *domid, struct dom_note *note)
{
    /* libxenguest tells what failed on stderr; its progress is not wanted. */
    xc_interface *xc = xc_interface_open(NULL, NULL, 0);
    int rc;

    if (!xc)
        return dom_error("xc_interface_open");
    rc = create_empty(xc, config, domid);
    if (!rc)
        rc = build(xc, config, *domid, note);
    if (!rc)
        rc = dom_note_write(*domid, note);
    if (!rc && xc_domain_unpause(xc, *domid))
        rc = dom_error("xc_domain_unpause");
    xc_interface_close(xc);
    return rc;
}
