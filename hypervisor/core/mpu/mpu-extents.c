/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rights of a direct-mapped domain as sorted extents. */
#include <xm/mpu-plan.h>

#define GFN_END (UINT64_C(1) << 36) /* XM_GFN_LIMIT of <xm/p2m.h> */

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
    uint32_t i;

    for (i = x->n; i > at; i--)
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
    uint32_t k;

    for (k = i; k < end; k++)
        x->gfns -= x->e[k].last - x->e[k].first + 1;
    for (k = end; k < x->n; k++)
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
