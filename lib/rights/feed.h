/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs that are made one by one and sent in lots. Needs no memory, and uses some where there is:
 * what puts things back as they were goes this way.
 */
#ifndef XMEM_FEED_H
#define XMEM_FEED_H

#include "rights/changes.h"

#define FEED_FEW 64u

struct feed {
    struct xmem_domain *d;
    struct view *v;
    bool past;  /* goes on past what is refused; a gfn that is not mapped any more is no failure */
    /* changes_reapply(): what a lot overwrote in other views is set there again; or NULL */
    int (*again)(struct xmem_domain *d, const struct runs *list);
    struct runs lot;
    struct run few[FEED_FEW];
    unsigned failures;
    int rc; /* the first failure, */
    struct xmem_error text;
};

void feed_begin(struct feed *f, struct xmem_domain *d, struct view *v);
void feed_add(struct feed *f, uint64_t gfn, uint64_t nr, uint8_t rights);
/* Sends the rest. The first failure, with its text. */
int feed_end(struct feed *f);

#endif
