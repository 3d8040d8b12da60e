/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Extents to regions. The fewest: a region has one set of bits and may not reach over what has
 * other bits, so that each run of neighbours with equal bits needs one, and one will do.
 */
#include <xm/mpu-plan.h>

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
