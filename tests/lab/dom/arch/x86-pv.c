/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * PV domains, built by libxenguest: the steps that libxl would take, and no others. What a domain's frames
 * are is kept in files.
 */
#include "../dom.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <xen/domctl.h>
#include <xenguest.h>

#include "../../guest/arch/x86-pv.h"

/* Exported by libxenctrl, but not declared in its header. */
struct xc_mmu;
struct xc_mmu *xc_alloc_mmu_updates(xc_interface *xch, unsigned int subject);
int xc_add_mmu_update(xc_interface *xch, struct xc_mmu *mmu, unsigned long long ptr,
                      unsigned long long val);
int xc_flush_mmu_updates(xc_interface *xch, struct xc_mmu *mmu);

#define GUEST_OS "libxmem-lab" /* the small guest's ELF note */

/* The tests' pages are in the image, and should be one run of frames. */
#define ENOUGH_MIB 160u

/* Machine frames of a domain that other programs need. */
struct note {
    uint64_t mailbox;      /* of the small guest; 0: not that guest */
    uint64_t first, count; /* the longest run of frames in its test pages */
    uint64_t console, port;
    uint64_t pages; /* its own page numbers are below this */
};

/*
 * ---- what is known of a domain once its builder has ended: /tmp/labdom.DOMID, lines NAME=VALUE with NAME a
 * member of struct note; which machine frame each of its pages was given: /tmp/labdom.DOMID.p2m ----
 */

static void path_of(uint32_t domid, const char *kind, char path[32])
{
    snprintf(path, 32, "/tmp/labdom.%" PRIu32 "%s", domid, kind);
}

static int note_write(uint32_t domid, const struct note *note)
{
    char path[32];
    FILE *file;

    path_of(domid, "", path);
    file = fopen(path, "w");
    if (!file)
        return dom_error(path);
    fprintf(file, "mailbox=0x%" PRIx64 "\nfirst=0x%" PRIx64 "\ncount=0x%" PRIx64 "\n",
            note->mailbox, note->first, note->count);
    fprintf(file, "console=0x%" PRIx64 "\nport=0x%" PRIx64 "\npages=0x%" PRIx64 "\n", note->console,
            note->port, note->pages);
    return fclose(file) ? dom_error(path) : 0;
}

static uint64_t *member(struct note *note, const char *name)
{
    struct {
        const char *name;
        uint64_t *at;
    } members[] = {
        {"mailbox", &note->mailbox}, {"first", &note->first}, {"count", &note->count},
        {"console", &note->console}, {"port", &note->port},   {"pages", &note->pages},
    };
    size_t i;

    for (i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        if (!strcmp(name, members[i].name))
            return members[i].at;
    return NULL;
}

static int note_read(uint32_t domid, struct note *note)
{
    char path[32], name[16];
    uint64_t value, *at;
    FILE *file;

    path_of(domid, "", path);
    file = fopen(path, "r");
    if (!file)
        return dom_error(path);
    memset(note, 0, sizeof(*note));
    while (fscanf(file, "%15[a-z]=0x%" SCNx64 "\n", name, &value) == 2) {
        at = member(note, name);
        if (at)
            *at = value;
    }
    fclose(file);
    return 0;
}

static int p2m_write(uint32_t domid, const xen_pfn_t *p2m, uint64_t pages)
{
    char path[32];
    FILE *file;
    size_t done;

    path_of(domid, ".p2m", path);
    file = fopen(path, "w");
    if (!file)
        return dom_error(path);
    done = fwrite(p2m, sizeof(*p2m), pages, file);
    return fclose(file) || done != pages ? dom_error(path) : 0;
}

static int p2m_read(uint32_t domid, uint64_t pfn, uint64_t *mfn)
{
    char path[32];
    xen_pfn_t frame;
    FILE *file;
    int rc = 0;

    path_of(domid, ".p2m", path);
    file = fopen(path, "r");
    if (!file)
        return dom_error(path);
    if (fseek(file, (long)(pfn * sizeof(frame)), SEEK_SET) ||
        fread(&frame, sizeof(frame), 1, file) != 1)
        rc = dom_error("no such page");
    else
        *mfn = frame;
    fclose(file);
    return rc;
}

static void forget(uint32_t domid)
{
    char path[32];

    path_of(domid, "", path);
    unlink(path);
    path_of(domid, ".p2m", path);
    unlink(path);
}

/* ---- building one ---- */

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
static int order_frames(struct xc_dom_image *image, struct note *note)
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
        rc = xc_add_mmu_update(image->xch, mmu,
                               image->pv_p2m[pfn] << XC_PAGE_SHIFT | MMU_MACHPHYS_UPDATE, pfn);
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

static void fill_note(struct xc_dom_image *image, struct note *note)
{
    note->console = image->pv_p2m[image->console_pfn];
    note->port = image->console_evtchn;
    note->pages = image->p2m_size;
    if (is_small_guest(image))
        note->mailbox = image->pv_p2m[LAB_PV_MAILBOX_PFN];
}

static int load(struct xc_dom_image *image, const struct dom_config *config, uint32_t domid,
                struct note *note)
{
    int rc;

    if (xc_dom_kernel_file(image, config->image))
        return dom_error(config->image);
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
                 struct note *note)
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
    rc = p2m_write(domid, image->pv_p2m, image->p2m_size);
    if (!rc && xc_dom_boot_image(image))
        rc = dom_error("xc_dom_boot_image");
out:
    if (image)
        xc_dom_release(image);
    return rc;
}

static int create(const struct dom_config *config, uint32_t *domid)
{
    /* libxenguest tells what failed on stderr; its progress is not wanted. */
    xc_interface *xc = xc_interface_open(NULL, NULL, 0);
    struct note note = {0};
    int rc;

    if (!xc)
        return dom_error("xc_interface_open");
    rc = create_empty(xc, config, domid);
    if (!rc)
        rc = build(xc, config, *domid, &note);
    if (!rc)
        rc = note_write(*domid, &note);
    if (!rc && xc_domain_unpause(xc, *domid))
        rc = dom_error("xc_domain_unpause");
    xc_interface_close(xc);
    return rc;
}

/* ---- what others ask ---- */

static int mailbox(uint32_t domid, uint64_t *gfn)
{
    struct note note;
    int rc = note_read(domid, &note);

    if (!rc)
        *gfn = note.mailbox;
    return rc;
}

static int console(uint32_t domid, uint64_t *gfn, uint64_t *port)
{
    struct note note;
    int rc = note_read(domid, &note);

    if (rc)
        return rc;
    *gfn = note.console;
    *port = note.port;
    return 0;
}

static int print_note(uint32_t domid)
{
    struct note note;
    int rc = note_read(domid, &note);

    if (!rc)
        printf("mailbox=0x%" PRIx64 " first=0x%" PRIx64 " count=%" PRIu64 "\n", note.mailbox,
               note.first, note.count);
    return rc;
}

static int print_mfn(uint32_t domid, const char *pfn)
{
    uint64_t mfn = 0;
    int rc = p2m_read(domid, strtoull(pfn, NULL, 0), &mfn);

    if (!rc)
        printf("0x%" PRIx64 "\n", mfn);
    return rc;
}

static int verb(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "";

    if (!strcmp(word, "pv") && argc == 5)
        return dom_new_guest(argc - 2, argv + 2, 0);
    if (!strcmp(word, "note") && argc == 3)
        return print_note((uint32_t)strtoul(argv[2], NULL, 0));
    if (!strcmp(word, "mfn") && argc == 4)
        return print_mfn((uint32_t)strtoul(argv[2], NULL, 0), argv[3]);
    return -ENOSYS;
}

const struct dom_arch dom_arch = {
    .least_mib = 80,
    .most_mib = 1280,
    .guest_mib = ENOUGH_MIB,
    .first_op = LAB_PV_FIRST,
    .last_op = LAB_PV_LAST,
    .create = create,
    .mailbox = mailbox,
    .console = console,
    .forget = forget,
    .verb = verb,
    .usage =
        "       labdom pv IMAGE MIB VCPUS                       a guest that may be smaller\n"
        "       labdom note DOMID                               its frames (mfns)\n"
        "       labdom mfn DOMID PFN                            the machine frame of one of its pages\n",
    .linux_guest = true,
};
