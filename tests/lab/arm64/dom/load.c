/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What goes into a new domain's memory. */
#include "dom.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../common/mailbox.h"
#include "../guest/layout.h"

#define CHUNK_PAGES 256u
#define MIB         (1024u * 1024u)

/* Linux, Documentation/arm64/booting: the image header's fields. */
#define LINUX_MAGIC        0x644d5241u
#define LINUX_MAGIC_AT     56u
#define LINUX_TEXT_OFFSET  8u
#define LINUX_IMAGE_SIZE   16u
#define LINUX_HEADER_SIZE  64u

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

static int map_file(const char *path, void **bytes, uint64_t *size)
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
    int rc = map_file(path, &bytes, &length);

    if (rc)
        return rc;
    rc = dom_load_bytes(dom, bytes, length, addr);
    munmap(bytes, length);
    if (!rc)
        *size = length;
    return rc;
}

int dom_load_guest(struct dom *dom, const char *image)
{
    char empty[DOM_PAGE];
    uint64_t size;
    int rc = dom_load_file(dom, image, LAB_IMAGE_BASE, &size);

    if (rc)
        return rc;
    memset(empty, 0, sizeof(empty));
    rc = dom_load_bytes(dom, empty, sizeof(empty), LAB_MAILBOX_BASE);
    return rc ? rc : dom_start(dom, LAB_IMAGE_BASE, 0);
}

static uint64_t header_u64(const char *header, size_t at)
{
    uint64_t value;

    memcpy(&value, header + at, sizeof(value));
    return value;
}

/* Where the kernel goes and how much it needs, from its own header. */
static int linux_place(const char *path, uint64_t *addr, uint64_t *end)
{
    void *bytes;
    uint64_t size;
    uint32_t magic = 0;
    int rc = map_file(path, &bytes, &size);

    if (rc)
        return rc;
    if (size >= LINUX_HEADER_SIZE)
        memcpy(&magic, (const char *)bytes + LINUX_MAGIC_AT, sizeof(magic));
    if (magic == LINUX_MAGIC) {
        *addr = GUEST_RAM0_BASE + 2 * MIB + header_u64(bytes, LINUX_TEXT_OFFSET);
        *end = *addr + header_u64(bytes, LINUX_IMAGE_SIZE);
    } else {
        fprintf(stderr, "labdom: %s is not an arm64 Image\n", path);
        rc = -ENOEXEC;
    }
    munmap(bytes, size);
    return rc;
}

static int load_fdt(struct dom *dom, const struct dom_fdt_input *input, uint64_t addr)
{
    void *blob;
    size_t size;
    int rc = dom_fdt_make(input, &blob, &size);

    if (rc)
        return rc;
    rc = size > MIB ? -E2BIG : dom_load_bytes(dom, blob, size, addr);
    free(blob);
    return rc;
}

int dom_load_linux(struct dom *dom, const char *kernel, const char *initrd, const char *args)
{
    struct dom_fdt_input input = {
        .ram_base = GUEST_RAM0_BASE,
        .ram_size = (uint64_t)dom->config.mem_mib * MIB,
        .vcpus = dom->config.vcpus,
        .args = args,
    };
    uint64_t entry, end, fdt, size;
    int rc = linux_place(kernel, &entry, &end);

    if (rc)
        return rc;
    fdt = (end + 2 * MIB - 1) / (2 * MIB) * (2 * MIB);
    input.initrd_start = fdt + 2 * MIB;
    rc = dom_load_file(dom, kernel, entry, &size);
    if (!rc)
        rc = dom_load_file(dom, initrd, input.initrd_start, &size);
    if (rc)
        return rc;
    input.initrd_end = input.initrd_start + size;
    rc = load_fdt(dom, &input, fdt);
    return rc ? rc : dom_start(dom, entry, fdt);
}
