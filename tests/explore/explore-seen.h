/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The states that were seen, with the number of schedules from each. */
#ifndef EXPLORE_SEEN_H
#define EXPLORE_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct seen {
    uint64_t *hash; /* 0: free */
    double *paths;
    size_t n, room; /* room: a power of two */
};

/* Where it is, or was put. *is_new says which. -ENOMEM. */
int seen_put(struct seen *s, uint64_t hash, bool *is_new);
/* Schedules from a state that was put; 0 while it is on the path. */
double *seen_paths(struct seen *s, uint64_t hash);
void seen_free(struct seen *s);

#endif
