/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gfns that a view shows a copy of: less than what is wanted is in force there. */
#include "rights/rights.h"

#include "base/base.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* By gfn. */
struct guards {
    struct guard **v;
    size_t n, cap;
};

size_t xmi_guards_n(const struct xmem_domain *d)
{
    return d->guarded ? d->guarded->n : 0;
}

struct guard *xmi_guards_at(const struct xmem_domain *d, size_t i)
{
    return d->guarded->v[i];
}

size_t xmi_guards_from(const struct xmem_domain *d, uint64_t gfn)
{
    size_t low = 0, high = xmi_guards_n(d);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (d->guarded->v[middle]->gfn < gfn)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int xmi_guards_room(struct xmem_domain *d)
{
    struct guards *t = d->guarded ? d->guarded : calloc(1, sizeof(*t));
    d->guarded = t;
    if (t && !xmi_array_room((void **)&t->v, t->n, &t->cap, sizeof(*t->v)))
        return 0;
    xmi_guards_trim(d);
    return -ENOMEM;
}

void xmi_guards_put(struct xmem_domain *d, struct guard *g)
{
    struct guards *t = d->guarded;
    size_t i = xmi_guards_from(d, g->gfn);
    memmove(&t->v[i + 1], &t->v[i], (t->n++ - i) * sizeof(*t->v));
    t->v[i] = g;
}

void xmi_guards_take(struct xmem_domain *d, size_t i)
{
    struct guards *t = d->guarded;
    memmove(&t->v[i], &t->v[i + 1], (--t->n - i) * sizeof(*t->v));
}

void xmi_guards_trim(struct xmem_domain *d)
{
    struct guards *t = d->guarded;
    if (!t || t->n)
        return;
    free(t->v);
    free(t);
    d->guarded = NULL;
}

bool xmi_guards_any(const struct xmem_domain *d, uint64_t gfn)
{
    const struct guards *t = d->guarded;
    for (size_t i = t ? xmi_guards_from(d, gfn) : 0; t && i < t->n && t->v[i]->gfn == gfn; i++)
        if (!t->v[i]->gone)
            return true;
    return false;
}

/* n2rwx lets nothing through before it was told: xmi_copies_claim_write(). */
static uint8_t without_w(uint8_t rights)
{
    if (rights < XMEM_N || rights == XMEM_N2RWX || rights == XMEM_R_PW)
        return rights;
    return (uint8_t)(XMEM_N + (rights_allow(rights) & (XMEM_ACCESS_R | XMEM_ACCESS_X)));
}

uint8_t xmi_guards_narrow_far(const struct xmem_domain *d, const struct view *v, uint64_t gfn,
                              uint8_t rights)
{
    return v->step || !xmi_guards_any(d, gfn) ? rights : without_w(rights);
}

void xmi_guards_narrow_all(const struct xmem_domain *d, const struct view *v, const uint64_t *gfns,
                           uint8_t *rights, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        rights[i] = xmi_guards_narrow_far(d, v, gfns[i], rights[i]);
}

uint64_t xmi_guards_run_far(const struct xmem_domain *d, uint64_t gfn, uint64_t nr)
{
    const struct guards *t = d->guarded;
    size_t i = xmi_guards_from(d, gfn);
    if (i == t->n || t->v[i]->gfn - gfn >= nr)
        return nr;
    return t->v[i]->gfn == gfn ? 1 : t->v[i]->gfn - gfn;
}
