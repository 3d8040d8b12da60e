/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a gfn to the rule that speaks of it. The extents of a view are sorted. A table
 * divides the space from the first to the last into about as many equal buckets as
 * there are extents and says where in the list each begins; a bucket in which many end is
 * divided again by a table of its own. So a look-up reads one table, seldom two or three,
 * and then a few neighbours in the list, however many gfns and extents there are.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "policy/policy-int.h"

static int compare_entries(const void *a, const void *b)
{
    const struct policy_entry *x = a, *y = b;

    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    return x->rule < y->rule ? -1 : x->rule > y->rule;
}

static void report_overlap(const struct xmem_policy *p, struct xmem_report *r,
                           const struct policy_entry *a, const struct policy_entry *b)
{
    uint32_t late = a->rule > b->rule ? a->rule : b->rule;
    const struct policy_rule *other = &p->rules[a->rule < b->rule ? a->rule : b->rule];
    uint64_t first = a->first > b->first ? a->first : b->first;
    uint64_t last = a->last < b->last ? a->last : b->last;
    char path[48];

    snprintf(path, sizeof(path), "/rules/%u/region", late);
    xmi_policy_error(p, r, XM_MSG_OVERLAP, p->rules[late].region_pos, path,
                     "overlaps rule \"%s\" (line %u, column %u) in view \"%s\": 0x%" PRIx64
                     "-0x%" PRIx64 " is in both",
                     other->name, other->region_pos.line, other->region_pos.column,
                     p->views[other->view].name, first, last);
}

/* Each rule is named once at the most: the first place says enough. How many, or -ENOMEM. */
static int check_overlaps(const struct xmem_policy *p, struct xmem_report *r,
                          const struct policy_index *x)
{
    const struct policy_entry *top = x->n ? &x->entries[0] : NULL;
    bool *said = calloc(p->n_rules, sizeof(*said));
    int n = said ? 0 : -ENOMEM;

    /* nobody would see more than a report shows */
    for (uint32_t i = 1; said && i < x->n && n <= (int)REPORT_MAX; i++) {
        const struct policy_entry *e = &x->entries[i];
        uint32_t late = e->rule > top->rule ? e->rule : top->rule;

        if (e->first <= top->last && !said[late]) {
            said[late] = true;
            report_overlap(p, r, top, e);
            n++;
        }
        if (e->last > top->last)
            top = e;
    }
    free(said);
    return n;
}

#define BUCKET_MAX 8u               /* extents that end in a bucket, before it is divided */
#define IS_PART (UINT32_C(1) << 31) /* in a bucket: the rest is the number of a part */

/* Room for more parts and buckets; zeroed. */
static bool grow(struct policy_index *x, size_t buckets)
{
    struct policy_part *parts = realloc(x->parts, (x->n_parts + 1) * sizeof(*parts));
    uint32_t *all = realloc(x->buckets, (x->n_buckets + buckets) * sizeof(*all));

    x->parts = parts ? parts : x->parts;
    x->buckets = all ? all : x->buckets;
    return parts && all;
}

/*
 * A part for [base, base + span): entries from *at on, of which `ends` end in it. *at is
 * then the first that ends behind it. The recursion is shallow: each level divides the
 * span by 8 or more.
 */
static bool build_part(struct policy_index *x, uint64_t base, uint64_t span, uint32_t ends,
                       uint32_t *at)
{
    struct policy_part part = {.base = base, .buckets = (uint32_t)x->n_buckets};
    uint32_t n;

    while ((span - 1) >> part.shift >= ends)
        part.shift++;
    n = (uint32_t)((span - 1) >> part.shift) + 1;
    if (!grow(x, n))
        return false;
    x->parts[x->n_parts++] = part;
    x->n_buckets += n;
    for (uint32_t b = 0; b < n; b++) {
        uint64_t begin = base + ((uint64_t)b << part.shift);
        uint32_t first = *at, next = first;

        while (next < x->n && x->entries[next].last - begin < UINT64_C(1) << part.shift)
            next++;
        x->buckets[part.buckets + b] = first;
        if (next - first > BUCKET_MAX) {
            x->buckets[part.buckets + b] = IS_PART | (uint32_t)x->n_parts;
            if (!build_part(x, begin, UINT64_C(1) << part.shift, next - first, at))
                return false;
        }
        *at = next;
    }
    return true;
}

static bool build_buckets(struct policy_index *x)
{
    uint64_t base = x->entries[0].first;
    uint32_t at = 0;

    return build_part(x, base, (uint64_t)x->entries[x->n - 1].last - base + 1, x->n, &at);
}

const struct policy_entry *xmi_policy_index_find(const struct policy_index *x, uint64_t gfn)
{
    const struct policy_part *part = x->parts;
    const struct policy_entry *e;
    uint32_t at;

    if (x->n == 0 || gfn < part->base || gfn > x->entries[x->n - 1].last)
        return NULL;
    while ((at = x->buckets[part->buckets + ((gfn - part->base) >> part->shift)]) & IS_PART)
        part = &x->parts[at & ~IS_PART];
    e = &x->entries[at];
    while (e->last < gfn) /* at the most BUCKET_MAX times */
        e++;
    return e->first <= gfn ? e : NULL;
}

static bool fill_entries(const struct xmem_policy *p, struct policy_index *x, uint32_t view,
                         size_t n)
{
    x->entries = malloc(n * sizeof(*x->entries));
    if (!x->entries)
        return false;
    for (uint32_t i = 0; i < p->n_rules; i++) {
        const struct policy_region *r = &p->regions[p->rules[i].region];

        for (size_t j = 0; p->rules[i].view == view && j < r->n; j++)
            x->entries[x->n++] = (struct policy_entry){
                .first = r->extents[j].first & POLICY_GFN_LAST,
                .last = r->extents[j].last & POLICY_GFN_LAST,
                .rule = i & 0xffffff, /* masks for the compiler: all is checked */
            };
    }
    qsort(x->entries, x->n, sizeof(*x->entries), compare_entries);
    return true;
}

/* How many extents the rules of a view have. */
static size_t count_extents(const struct xmem_policy *p, uint32_t view)
{
    size_t n = 0;

    for (size_t i = 0; i < p->n_rules; i++)
        if (p->rules[i].view == view)
            n += p->regions[p->rules[i].region].n;
    return n;
}

static int build_view(const struct xmem_policy *p, struct xmem_report *r, uint32_t view,
                      struct policy_index *x)
{
    size_t n = count_extents(p, view);
    int overlaps;

    if (n == 0)
        return 0;
    if (!fill_entries(p, x, view, n))
        return -ENOMEM;
    overlaps = check_overlaps(p, r, x);
    if (overlaps)
        return overlaps < 0 ? overlaps : -EBADMSG;
    return build_buckets(x) ? 0 : -ENOMEM;
}

int xmi_policy_index_build(const struct xmem_policy *p, struct xmem_report *r,
                           struct policy_index *indexes)
{
    size_t total = 0;
    int err = 0;

    for (size_t i = 0; i < p->n_rules; i++)
        total += p->regions[p->rules[i].region].n;
    if (total > POLICY_MAX_RANGES) {
        xmi_policy_error(p, r, XM_MSG_TOO_MANY_RANGES, p->rules_pos, "/rules",
                         "the rules have %zu ranges in all; at most %u are allowed", total,
                         POLICY_MAX_RANGES);
        return -EBADMSG;
    }
    for (uint32_t view = 0; view < p->n_views && err != -ENOMEM; view++) {
        int one = build_view(p, r, view, &indexes[view]);

        err = one ? one : err;
    }
    return err;
}

void xmi_policy_index_free(struct policy_index *x)
{
    free(x->entries);
    free(x->buckets);
    free(x->parts);
}
