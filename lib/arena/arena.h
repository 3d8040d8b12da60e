/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory for what a session changed: units of 256 bytes, told by their numbers, so that it means the same
 * in every process that sees it. It grows a few pages at a time and never moves. Its pages are this
 * process's own, or those of a file (a memfd) that others map.
 */
#ifndef XMEM_ARENA_H
#define XMEM_ARENA_H

#include <stddef.h>
#include <stdint.h>

#define ARENA_UNIT 256u
#define ARENA_PAGE 4096u
#define ARENA_PAGE_UNITS (ARENA_PAGE / ARENA_UNIT)
#define ARENA_BIG 4u /* units of the larger kind of piece; the other kind is one */
#define ARENA_UNITS_MAX UINT32_C(0x7fffffff)

struct arena {
    uint8_t **page; /* where each is in this process */
    uint32_t pages, page_cap;
    int fd;         /* -1: this process's own memory */
    uint32_t next;  /* units never given out begin here */
    uint32_t free_one, free_big;
    uint64_t *freed;    /* counts pieces given back, where a reader looks for it; NULL: nowhere */
    uint32_t *told;     /* pages there are, likewise */
};

/* fd is not closed with it. Its first ARENA_BIG units are the caller's then, and zeroes. -ENOMEM. */
int arena_init(struct arena *a, int fd);
void arena_end(struct arena *a);

static inline void *arena_at(const struct arena *a, uint32_t unit)
{
    return a->page[unit / ARENA_PAGE_UNITS] + (size_t)(unit % ARENA_PAGE_UNITS) * ARENA_UNIT;
}

/* One unit, or ARENA_BIG of them, side by side; its contents are anything. 0: no memory. */
uint32_t arena_take(struct arena *a, unsigned units);
/* Nothing leads to it any more, in any other process either. */
void arena_give(struct arena *a, uint32_t unit, unsigned units);

#endif
