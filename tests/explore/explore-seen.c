/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "explore-seen.h"

#include <errno.h>
#include <stdlib.h>

#define ROOM_FIRST 4096u

static size_t place(const struct seen *s, uint64_t hash)
{
    size_t i = hash & (s->room - 1);
    while (s->hash[i] && s->hash[i] != hash)
        i = (i + 1) & (s->room - 1);
    return i;
}

static uint64_t never_0(uint64_t hash)
{
    return hash ? hash : 1;
}

static int grow(struct seen *s)
{
    struct seen t = {.room = s->room ? s->room * 2 : ROOM_FIRST, .n = s->n};
    t.hash = calloc(t.room, sizeof(*t.hash));
    t.paths = calloc(t.room, sizeof(*t.paths));
    if (!t.hash || !t.paths) {
        seen_free(&t);
        return -ENOMEM;
    }
    for (size_t i = 0; i < s->room; i++) {
        if (!s->hash[i])
            continue;
        size_t j = place(&t, s->hash[i]);
        t.hash[j] = s->hash[i];
        t.paths[j] = s->paths[i];
    }
    free(s->hash);
    free(s->paths);
    *s = t;
    return 0;
}

int seen_put(struct seen *s, uint64_t hash, bool *is_new)
{
    int rc = s->n * 2 >= s->room ? grow(s) : 0;
    if (rc)
        return rc;
    size_t i = place(s, never_0(hash));
    *is_new = !s->hash[i];
    if (*is_new) {
        s->hash[i] = never_0(hash);
        s->n++;
    }
    return 0;
}

double *seen_paths(struct seen *s, uint64_t hash)
{
    return &s->paths[place(s, never_0(hash))];
}

void seen_free(struct seen *s)
{
    free(s->hash);
    free(s->paths);
    *s = (struct seen){0};
}
