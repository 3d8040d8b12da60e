/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rights of a direct-mapped domain as sorted extents, and extents to regions. The fewest: a region has one
 * set of bits and may not reach over what has other bits, so that each run of neighbours with equal bits
 * needs one, and one will do.
 */
#include <xm/mpu.h>

/* ---- extents ---- */

#define GFN_END (UINT64_C(1) << 36) /* XM_GFN_LIMIT of <xm/base.h> */

/* The first extent that ends at gfn or above; n: none. */
static uint32_t index_at(const struct xm_mpu_extents *x, uint64_t gfn)
{
    uint32_t low = 0, high = x->n;

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;

        if (x->e[mid].last < gfn)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

const struct xm_mpu_extent *xm_mpu_extents_find(const struct xm_mpu_extents *x, uint64_t gfn)
{
    uint32_t i = index_at(x, gfn);

    return i < x->n && x->e[i].first <= gfn ? &x->e[i] : NULL;
}

static void make_room(struct xm_mpu_extents *x, uint32_t at)
{
    for (uint32_t i = x->n; i > at; i--)
        x->e[i] = x->e[i - 1];
    x->n++;
}

/* Afterwards no extent has both gfn - 1 and gfn. Answers the index of the first from gfn on. */
static uint32_t cut(struct xm_mpu_extents *x, uint64_t gfn)
{
    uint32_t i = index_at(x, gfn);

    if (i == x->n || x->e[i].first >= gfn)
        return i;
    make_room(x, i);
    x->e[i].last = gfn - 1;
    x->e[i + 1].first = gfn;
    return i + 1;
}

static bool joins(const struct xm_mpu_extent *a, const struct xm_mpu_extent *b)
{
    return a->last + 1 == b->first && a->access == b->access && a->sh == b->sh &&
           a->attr == b->attr;
}

/* Joins what can be joined among extents from..to and their neighbours, and closes the gaps. */
static void join(struct xm_mpu_extents *x, uint32_t from, uint32_t to)
{
    uint32_t i = from > 0 ? from : 1, w = i - 1;

    for (; i < x->n; i++) {
        if (i <= to && joins(&x->e[w], &x->e[i]))
            x->e[w].last = x->e[i].last;
        else if (i != ++w)
            x->e[w] = x->e[i];
        else if (i > to)
            return; /* nothing was joined: the rest is where it belongs */
    }
    if (x->n != 0)
        x->n = w + 1;
}

static int check(const struct xm_mpu_extents *x, uint64_t first, uint64_t last)
{
    if (last < first || last >= GFN_END)
        return -XM_EINVAL;
    return x->room - x->n >= XM_MPU_EXTENTS_MORE ? 0 : -XM_ENOMEM;
}

/* Takes out extents i to end - 1. */
static void take_out(struct xm_mpu_extents *x, uint32_t i, uint32_t end)
{
    for (uint32_t k = i; k < end; k++)
        x->gfns -= x->e[k].last - x->e[k].first + 1;
    for (uint32_t k = end; k < x->n; k++)
        x->e[i + k - end] = x->e[k];
    x->n -= end - i;
}

int xm_mpu_extents_unmap(struct xm_mpu_extents *x, uint64_t first, uint64_t last)
{
    int rc = check(x, first, last);
    uint32_t i;

    if (rc != 0)
        return rc;
    i = cut(x, first);
    take_out(x, i, cut(x, last + 1));
    return 0;
}

int xm_mpu_extents_map(struct xm_mpu_extents *x, const struct xm_mpu_extent *e)
{
    int rc = check(x, e->first, e->last);
    uint32_t i;

    if (rc != 0)
        return rc;
    i = cut(x, e->first);
    take_out(x, i, cut(x, e->last + 1));
    make_room(x, i);
    x->e[i] = *e;
    x->gfns += e->last - e->first + 1;
    join(x, i, i + 1);
    return 0;
}

int xm_mpu_extents_set(struct xm_mpu_extents *x, uint64_t first, uint64_t last, enum xm_access a)
{
    int rc = check(x, first, last);
    uint32_t i, k, end;

    if (rc != 0)
        return rc;
    i = cut(x, first);
    end = cut(x, last + 1);
    for (k = i; k < end; k++)
        x->e[k].access = (uint8_t)a;
    join(x, i, end);
    return 0;
}

/* ---- regions ---- */

uint8_t xm_mpu_plan_bits(enum xm_access a)
{
    uint8_t bits = xm_rights_bits(a);

    return (bits & XM_DO_R) != 0 ? bits : 0;
}

static uint8_t bits_of(const struct xm_mpu_extent *e)
{
    return xm_mpu_plan_bits((enum xm_access)e->access);
}

/* One region can hold both: b follows a. */
static bool same_run(const struct xm_mpu_extent *a, const struct xm_mpu_extent *b)
{
    return a->last + 1 == b->first && bits_of(a) == bits_of(b) && a->sh == b->sh &&
           a->attr == b->attr;
}

static int region_of(const struct xm_mpu_extent *e, uint64_t first, uint64_t last,
                     struct xm_mpu_region *out)
{
    uint8_t bits = bits_of(e);

    if (last > (uint64_t)(UINTPTR_MAX >> XM_PAGE_SHIFT))
        return -XM_ERANGE;
    out->base = (xm_mpu_reg)(first << XM_PAGE_SHIFT);
    out->last = (xm_mpu_reg)((last << XM_PAGE_SHIFT) | (XM_PAGE_SIZE - 1));
    out->ap = (bits & XM_DO_W) != 0 ? XM_MPU_ALL_RW : XM_MPU_ALL_RO;
    out->xn = (bits & XM_DO_X) == 0;
    out->sh = e->sh;
    out->attr = e->attr;
    return 0;
}

/* Behind the run that begins at i. */
static uint32_t run_end(const struct xm_mpu_extents *x, uint32_t i)
{
    while (i + 1 < x->n && same_run(&x->e[i], &x->e[i + 1]))
        i++;
    return i + 1;
}

int xm_mpu_plan(const struct xm_mpu_extents *x, struct xm_mpu_region *out, unsigned max)
{
    uint32_t i, end;
    unsigned n = 0;
    int rc;

    for (i = 0; i < x->n; i = end) {
        end = run_end(x, i);
        if (bits_of(&x->e[i]) == 0)
            continue;
        if (n == max)
            return -XM_ENOSPC;
        rc = region_of(&x->e[i], x->e[i].first, x->e[end - 1].last, &out[n++]);
        if (rc != 0)
            return rc;
    }
    return (int)n;
}

uint32_t xm_mpu_plan_count(const struct xm_mpu_extents *x)
{
    uint32_t i, end, n = 0;

    for (i = 0; i < x->n; i = end) {
        end = run_end(x, i);
        n += bits_of(&x->e[i]) != 0;
    }
    return n;
}

int xm_mpu_plan_at(const struct xm_mpu_extents *x, uint64_t gfn, struct xm_mpu_region *out)
{
    const struct xm_mpu_extent *e = xm_mpu_extents_find(x, gfn);
    uint32_t i, end;
    int rc;

    if (e == NULL || bits_of(e) == 0)
        return 0;
    i = (uint32_t)(e - x->e);
    end = run_end(x, i);
    while (i > 0 && same_run(&x->e[i - 1], &x->e[i]))
        i--;
    rc = region_of(e, x->e[i].first, x->e[end - 1].last, out);
    return rc != 0 ? rc : 1;
}
