/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of runs: so many gfns from one on with the same rights. */
#ifndef XMEM_RUNS_H
#define XMEM_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct run {
    uint64_t gfn;
    uint64_t nr_rights; /* nr << 8 | rights: a run takes 16 bytes, a batch holds millions */
};

static inline uint64_t run_nr(const struct run *r)
{
    return r->nr_rights >> 8;
}
static inline uint8_t run_rights(const struct run *r)
{
    return (uint8_t)r->nr_rights;
}
static inline uint64_t run_end(const struct run *r)
{
    return r->gfn + run_nr(r);
}

struct runs {
    struct run *v;
    size_t n, cap;
};

/* Room for so many more. -ENOMEM. */
int runs_reserve(struct runs *r, size_t more);
/* Adds a run as it is, for lists that are not in order; room was reserved. */
static inline void runs_append(struct runs *r, uint64_t gfn, uint64_t nr, uint8_t rights)
{
    r->v[r->n].gfn = gfn;
    r->v[r->n++].nr_rights = nr << 8 | rights;
}
/* Adds a run, joined to the last one where that is possible. -ENOMEM. */
static inline int runs_push(struct runs *r, uint64_t gfn, uint64_t nr, uint8_t rights)
{
    struct run *last = r->n ? &r->v[r->n - 1] : NULL;
    if (last && run_rights(last) == rights && run_end(last) == gfn) {
        last->nr_rights += nr << 8;
        return 0;
    }
    int rc = r->n < r->cap ? 0 : runs_reserve(r, 1);
    if (!rc)
        runs_append(r, gfn, nr, rights);
    return rc;
}
void runs_free(struct runs *r);
uint64_t runs_gfns(const struct runs *r);
/* The run of a list in order that holds gfn or, if none does, the first behind it (n: none). */
size_t runs_find(const struct runs *r, uint64_t gfn);

/*
 * in: runs in any order, overlapping; a later one wins. out (empty before): the same
 * sorted, disjoint, joined. in stays. -ENOMEM.
 */
int runs_normalize(const struct runs *in, struct runs *out);

#endif
