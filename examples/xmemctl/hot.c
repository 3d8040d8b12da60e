/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events counted by gfn. Bounded: a guest that touches everything must not fill our memory. */
#include <stdlib.h>

#include "watch.h"

#define HOT_FIRST_ROOM 1024u
#define HOT_MAX_ROOM (UINT32_C(1) << 20) /* 16 MiB */

static size_t place_of(const struct hot *h, uint64_t gfn)
{
    size_t i = (size_t)((gfn * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (h->room - 1);

    while (h->counts[i] != 0 && h->keys[i] != gfn) {
        i = (i + 1) & (h->room - 1);
    }
    return i;
}

static bool grow(struct hot *h)
{
    struct hot bigger = {.room = h->room == 0 ? HOT_FIRST_ROOM : h->room * 2, .used = h->used};

    if (bigger.room > HOT_MAX_ROOM) {
        return false;
    }
    bigger.keys = calloc(bigger.room, sizeof(*bigger.keys));
    bigger.counts = calloc(bigger.room, sizeof(*bigger.counts));
    if (bigger.keys == NULL || bigger.counts == NULL) {
        hot_free(&bigger);
        return false;
    }
    for (size_t i = 0; i < h->room; i++) {
        if (h->counts[i] != 0) {
            size_t to = place_of(&bigger, h->keys[i]);
            bigger.keys[to] = h->keys[i];
            bigger.counts[to] = h->counts[i];
        }
    }
    bigger.others = h->others;
    hot_free(h);
    *h = bigger;
    return true;
}

void hot_add(struct hot *h, uint64_t gfn)
{
    bool full = h->used * 2 >= h->room && !grow(h);

    if (h->room == 0) {
        h->others++;
        return;
    }
    size_t i = place_of(h, gfn);
    if (h->counts[i] == 0) {
        if (full) {
            h->others++;
            return;
        }
        h->keys[i] = gfn;
        h->used++;
    }
    h->counts[i]++;
}

size_t hot_top(const struct hot *h, uint64_t *gfns, uint64_t *counts, size_t n)
{
    size_t have = 0;

    for (size_t i = 0; i < h->room; i++) {
        if (h->counts[i] == 0 || (have == n && h->counts[i] <= counts[n - 1])) {
            continue;
        }
        size_t at = have < n ? have++ : n - 1;
        for (; at > 0 && counts[at - 1] < h->counts[i]; at--) {
            gfns[at] = gfns[at - 1];
            counts[at] = counts[at - 1];
        }
        gfns[at] = h->keys[i];
        counts[at] = h->counts[i];
    }
    return have;
}

void hot_free(struct hot *h)
{
    free(h->keys);
    free(h->counts);
    *h = (struct hot){0};
}
