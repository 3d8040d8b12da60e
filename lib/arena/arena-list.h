/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A list in an arena, of entries of 16 bytes, that another process may read while one comes or goes. */
#ifndef XMEM_ARENA_LIST_H
#define XMEM_ARENA_LIST_H

#include "arena/arena.h"

#define LIST_ENTRY 16u
#define LIST_ENTRIES (ARENA_UNIT / LIST_ENTRY - 1) /* of a unit, behind the number of the next one */

/* In the arena: its first unit, and how many entries count. */
struct arena_list_top {
    uint32_t first, n;
};

struct arena_list {
    struct arena *arena;
    struct arena_list_top *top;
    uint8_t **unit; /* where each is in this process */
    uint32_t units, cap, n;
};

void list_init(struct arena_list *l, struct arena *a, struct arena_list_top *top);
/* The entries stay in the arena; they go with it. */
void list_end(struct arena_list *l);
/* Its units too; nobody reads it any more. */
void list_give(struct arena_list *l);
/* One more entry fits. -ENOMEM. */
int list_room(struct arena_list *l);
/* Room was made. */
void *list_push(struct arena_list *l, const void *entry);
/* The last one takes the place of the i-th. */
void list_drop(struct arena_list *l, uint32_t i);
/* The first n stay. */
void list_cut(struct arena_list *l, uint32_t n);

static inline void *list_at(const struct arena_list *l, size_t i)
{
    return l->unit[i / LIST_ENTRIES] + (1 + i % LIST_ENTRIES) * LIST_ENTRY;
}

#endif
