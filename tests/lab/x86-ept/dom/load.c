/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What goes into a new domain's memory. */
#include "dom.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "../guest/layout.h"

#define IMAGE_PAGES ((LAB_SCRATCH_BASE - LAB_IMAGE_BASE) / DOM_PAGE)

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
int dom_load_guest(struct dom *dom, const char *image)
{
    xen_pfn_t gfns[IMAGE_PAGES];
    size_t i;
    char *map;
    int rc;

    for (i = 0; i < IMAGE_PAGES; i++)
        gfns[i] = LAB_IMAGE_BASE / DOM_PAGE + i;
    map = xenforeignmemory_map(dom->fmem, dom->domid, PROT_READ | PROT_WRITE, IMAGE_PAGES, gfns,
                               NULL);
    if (!map)
        return dom_error("mapping guest memory");
    memset(map, 0, (size_t)IMAGE_PAGES * DOM_PAGE);
    rc = read_image(image, map, LAB_MAILBOX_BASE - LAB_IMAGE_BASE);
    xenforeignmemory_unmap(dom->fmem, map, IMAGE_PAGES);
    return rc ? rc : dom_start(dom, LAB_IMAGE_BASE);
}
