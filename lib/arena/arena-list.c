/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/base.h"
#include "arena/arena.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void xmi_list_init(struct arena_list *l, struct arena *a, struct arena_list_top *top)
{
    *l = (struct arena_list){.arena = a, .top = top};
}

void xmi_list_end(struct arena_list *l)
{
    free(l->unit);
    *l = (struct arena_list){0};
}

/* Told last: whoever follows the numbers finds the unit filled. */
static void tell_unit(struct arena_list *l, uint32_t unit)
{
    uint32_t *place = l->units ? (uint32_t *)(void *)l->unit[l->units - 1] : &l->top->first;
    __atomic_store_n(place, unit, __ATOMIC_RELEASE);
}

static void tell_n(struct arena_list *l, uint32_t n)
{
    l->n = n;
    __atomic_store_n(&l->top->n, n, __ATOMIC_RELEASE);
}

void xmi_list_give(struct arena_list *l)
{
    uint32_t unit = l->top->first;
    tell_n(l, 0);
    __atomic_store_n(&l->top->first, 0, __ATOMIC_RELEASE);
    while (unit) {
        uint32_t next = *(uint32_t *)arena_at(l->arena, unit);
        xmi_arena_give(l->arena, unit, 1);
        unit = next;
    }
    l->units = 0;
}

int xmi_list_room(struct arena_list *l)
{
    if (l->n < l->units * LIST_ENTRIES)
        return 0;
    if (xmi_array_room((void **)&l->unit, l->units, &l->cap, sizeof(*l->unit)))
        return -ENOMEM;
    uint32_t unit = xmi_arena_take(l->arena, 1);
    if (!unit)
        return -ENOMEM;
    memset(arena_at(l->arena, unit), 0, ARENA_UNIT);
    tell_unit(l, unit);
    l->unit[l->units++] = arena_at(l->arena, unit);
    return 0;
}

void *xmi_list_push(struct arena_list *l, const void *entry)
{
    void *at = list_at(l, l->n);
    memcpy(at, entry, LIST_ENTRY);
    tell_n(l, l->n + 1);
    return at;
}

void xmi_list_drop(struct arena_list *l, uint32_t i)
{
    if (i != l->n - 1)
        memcpy(list_at(l, i), list_at(l, l->n - 1), LIST_ENTRY);
    tell_n(l, l->n - 1);
}

void xmi_list_cut(struct arena_list *l, uint32_t n)
{
    tell_n(l, n);
}
