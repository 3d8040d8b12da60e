/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where regions by symbols are in one guest: each slide moves its own by as much as its anchors were
 * found to be moved, and the tables over them are made anew.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "policy/policy-int.h"

/* Changes what the policy has for what the placement has: and back. */
static void swap(struct xmem_policy *p, struct policy_placement *x)
{
    struct policy_index *indexes = p->indexes;
    uint64_t *slides = p->slides;

    p->indexes = x->indexes;
    x->indexes = indexes;
    p->slides = x->slides;
    x->slides = slides;
    for (size_t i = 0; i < p->n_regions; i++) {
        struct policy_region mine = p->regions[i];

        if (!mine.n_slid)
            continue;
        p->regions[i].extents = x->regions[i].extents;
        p->regions[i].n = x->regions[i].n;
        p->regions[i].gfns = x->regions[i].gfns;
        x->regions[i].extents = mine.extents;
        x->regions[i].n = mine.n;
        x->regions[i].gfns = mine.gfns;
    }
}

void xmi_policy_placement_free(const struct xmem_policy *p, struct policy_placement *x)
{
    for (size_t i = 0; x->indexes && i < p->n_views; i++)
        xmi_policy_index_free(&x->indexes[i]);
    for (size_t i = 0; x->regions && i < p->n_regions; i++)
        free(x->regions[i].extents);
    free(x->indexes);
    free(x->regions);
    free(x->slides);
    *x = (struct policy_placement){0};
}

void xmi_policy_placement_undo(struct xmem_policy *p, struct policy_placement *x)
{
    if (x->indexes)
        swap(p, x);
    xmi_policy_placement_free(p, x);
}

static bool slid_extent(const struct policy_slid *s, uint64_t slide, struct policy_extent *out)
{
    uint64_t by = (uint64_t)((int64_t)slide >> PAGE_BITS); /* pages, either way */

    out->first = s->first + by;
    out->last = s->last + by;
    return out->first <= out->last && out->last <= POLICY_GFN_LAST;
}

static int place_region(const struct policy_region *region, const uint64_t *slides,
                        struct policy_region *out)
{
    size_t n = region->n_fixed + region->n_slid;

    out->extents = malloc(n * sizeof(*out->extents));
    if (!out->extents)
        return -ENOMEM;
    if (region->n_fixed)
        memcpy(out->extents, region->fixed, region->n_fixed * sizeof(*out->extents));
    for (size_t i = 0; i < region->n_slid; i++)
        if (!slid_extent(&region->slid[i], slides[region->slid[i].group - 1],
                         &out->extents[region->n_fixed + i]))
            return -ERANGE;
    out->n = n;
    xmi_policy_region_merge(out);
    return 0;
}

static int make(struct xmem_policy *p, struct xmem_report *r, struct policy_placement *x)
{
    int err = 0;

    x->indexes = calloc(p->n_views, sizeof(*x->indexes));
    x->regions = calloc(p->n_regions + 1, sizeof(*x->regions));
    if (!x->indexes || !x->regions)
        return -ENOMEM;
    for (size_t i = 0; i < p->n_regions && !err; i++) {
        if (p->regions[i].n_slid)
            err = place_region(&p->regions[i], x->slides, &x->regions[i]);
        if (err == -ERANGE)
            xmi_policy_error(p, r, XM_MSG_GFN_LIMIT, (struct policy_pos){0, 0}, "/regions",
                             "\"%s\" is beyond all gfns at the address where its anchor is",
                             p->regions[i].name);
    }
    return err;
}

/* The tables are made over the new regions: they are in the policy for as long. */
static int build(struct xmem_policy *p, struct xmem_report *r, struct policy_placement *x)
{
    int err = make(p, r, x);

    if (err)
        return err;
    swap(p, x);
    err = xmi_policy_index_build(p, r, p->indexes);
    if (err)
        swap(p, x);
    return err;
}

int xmi_policy_place(struct xmem_policy *p, struct xmem_domain *d, struct xmem_report *r,
                     struct policy_placement *old)
{
    struct policy_placement x = {.slides = calloc(p->n_slides + 1, sizeof(*x.slides))};
    int err = x.slides ? xmi_policy_anchors_find(p, d, r, x.slides) : -ENOMEM;

    if (!err && p->n_slides && memcmp(x.slides, p->slides, p->n_slides * sizeof(*x.slides)) != 0) {
        err = build(p, r, &x);
        if (!err) {
            *old = x;
            return 0;
        }
    }
    xmi_policy_placement_free(p, &x);
    if (err == -ENOMEM)
        xmi_policy_error(p, r, XM_MSG_SESSION, (struct policy_pos){0, 0}, "/", "out of memory");
    return err;
}
