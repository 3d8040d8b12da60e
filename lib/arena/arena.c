/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/base.h"
#include "arena/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Pages that come together when there are so many: a sixteenth more, so that little is never used. */
static uint32_t lot_at(uint32_t pages)
{
    return 1 + pages / 16;
}

/* ---- pages ---- */

/* The file's memory is there before it is mapped: else touching it could end the process. */
static void *map_lot(int fd, uint32_t first, uint32_t n)
{
    off_t at = (off_t)first * ARENA_PAGE;
    size_t bytes = (size_t)n * ARENA_PAGE;
    int rc;
    do
        rc = posix_fallocate(fd, at, (off_t)bytes);
    while (rc == EINTR);
    if (rc)
        return NULL;
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, at);
    return p == MAP_FAILED ? NULL : p;
}

static void *get_lot(const struct arena *a, uint32_t n)
{
    return a->fd < 0 ? malloc((size_t)n * ARENA_PAGE) : map_lot(a->fd, a->pages, n);
}

static void drop_lot(const struct arena *a, void *lot, uint32_t n)
{
    if (a->fd < 0)
        free(lot);
    else
        munmap(lot, (size_t)n * ARENA_PAGE);
}

static int grow(struct arena *a)
{
    uint32_t n = lot_at(a->pages);
    if (a->pages + n > ARENA_UNITS_MAX / ARENA_PAGE_UNITS ||
        xmi_array_reserve((void **)&a->page, a->pages + n, &a->page_cap, sizeof(*a->page)))
        return -ENOMEM;
    uint8_t *lot = get_lot(a, n);
    if (!lot)
        return -ENOMEM;
    for (uint32_t i = 0; i < n; i++)
        a->page[a->pages++] = lot + (size_t)i * ARENA_PAGE;
    if (a->told)
        __atomic_store_n(a->told, a->pages, __ATOMIC_RELEASE);
    return 0;
}

int xmi_arena_init(struct arena *a, int fd)
{
    *a = (struct arena){.fd = fd};
    int rc = grow(a);
    if (rc) {
        xmi_arena_end(a);
        return rc;
    }
    memset(a->page[0], 0, ARENA_BIG * ARENA_UNIT);
    a->next = ARENA_BIG;
    return 0;
}

void xmi_arena_end(struct arena *a)
{
    for (uint32_t i = 0; i < a->pages; i += lot_at(i))
        drop_lot(a, a->page[i], lot_at(i));
    free(a->page);
    *a = (struct arena){.fd = -1};
}

/* ---- pieces ---- */

static uint32_t *free_of(struct arena *a, unsigned units)
{
    return units == ARENA_BIG ? &a->free_big : &a->free_one;
}

static void put_away(struct arena *a, uint32_t unit, unsigned units)
{
    uint32_t *list = free_of(a, units);
    *(uint32_t *)arena_at(a, unit) = *list;
    *list = unit;
}

/* Large ones lie where their size says, so that none is across two pages. */
static int align(struct arena *a, unsigned units)
{
    while (a->next % units) {
        put_away(a, a->next, 1);
        a->next++;
    }
    return a->next < a->pages * ARENA_PAGE_UNITS ? 0 : grow(a);
}

uint32_t xmi_arena_take(struct arena *a, unsigned units)
{
    uint32_t *list = free_of(a, units), unit = *list;
    if (unit) {
        *list = *(uint32_t *)arena_at(a, unit);
        return unit;
    }
    if (align(a, units))
        return 0;
    unit = a->next;
    a->next += units;
    return unit;
}

void xmi_arena_give(struct arena *a, uint32_t unit, unsigned units)
{
    /* Whoever looks meanwhile, or after a sudden end, is led past it before it is written to. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (a->freed)
        __atomic_store_n(a->freed, *a->freed + 1, __ATOMIC_RELEASE);
    put_away(a, unit, units);
}
