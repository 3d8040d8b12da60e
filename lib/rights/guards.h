/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Gfns that are guarded, since a view shows a copy of them: a write of the guest to one is an event in
 * every view, also where the rights that are wanted allow it. Those that are in force are narrower,
 * and known has the wanted ones. Who makes copies puts gfns here: views/copies.c.
 */
#ifndef XMEM_GUARDS_H
#define XMEM_GUARDS_H

#include "session/domain.h"

struct guard {
    uint64_t gfn;
    bool gone; /* but rights that are in force may still be narrower */
};

/* They are in order of gfns; each is the first member of what its owner keeps. */
size_t guards_n(const struct xmem_domain *d);
struct guard *guards_at(const struct xmem_domain *d, size_t i);
/* The first one that is not below gfn, or guards_n(). */
size_t guards_from(const struct xmem_domain *d, uint64_t gfn);
/* One more can be put. -ENOMEM. */
int guards_room(struct xmem_domain *d);
/* Room was made. */
void guards_put(struct xmem_domain *d, struct guard *g);
/* The i-th one is none any more, and its owner's again; and where it was the last: guards_trim(). */
void guards_take(struct xmem_domain *d, size_t i);
/* Without any there is no table. */
void guards_trim(struct xmem_domain *d);
bool guards_any(const struct xmem_domain *d, uint64_t gfn);
uint8_t guards_narrow_far(const struct xmem_domain *d, const struct view *v, uint64_t gfn,
                          uint8_t rights);
/* What is in force where rights are wanted. */
static inline uint8_t guards_narrow(const struct xmem_domain *d, const struct view *v,
                                    uint64_t gfn, uint8_t rights)
{
    return d->guarded ? guards_narrow_far(d, v, gfn, rights) : rights;
}
/* The same for a list. */
void guards_narrow_all(const struct xmem_domain *d, const struct view *v, const uint64_t *gfns,
                       uint8_t *rights, uint64_t n);
uint64_t guards_run_far(const struct xmem_domain *d, uint64_t gfn, uint64_t nr);
/* How many of nr gfns are alike: one that is guarded, or those before the next one. */
static inline uint64_t guards_run(const struct xmem_domain *d, uint64_t gfn, uint64_t nr)
{
    return d->guarded ? guards_run_far(d, gfn, nr) : nr;
}

#endif
