/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Extents and the planner, against flat arrays and against all the ways there are to cut. */
#include "mpu-test.h"

#define CASES 1000000u
#define GFNS 9u /* of a small case: 2^8 ways to cut */
#define SPAN 64u
#define ROOM 256u

static struct xm_mpu_extent room[ROOM];
static struct xm_mpu_extents x;

static void start(uint32_t n)
{
    x = (struct xm_mpu_extents){.e = room, .room = n};
}

static int map(uint64_t first, uint64_t last, enum xm_access a, uint8_t attr)
{
    const struct xm_mpu_extent e = {
        .first = first, .last = last, .access = (uint8_t)a, .attr = attr};

    return xm_mpu_extents_map(&x, &e);
}

/* Sorted, apart, and neighbours differ. */
static void ck_form(void)
{
    uint64_t gfns = 0;

    for (uint32_t i = 0; i < x.n; i++) {
        const struct xm_mpu_extent *e = &x.e[i];

        must(e->first <= e->last);
        gfns += e->last - e->first + 1;
        if (i == 0)
            continue;
        must(e[-1].last < e->first);
        must(e[-1].last + 1 != e->first || e[-1].access != e->access || e[-1].attr != e->attr ||
             e[-1].sh != e->sh);
    }
    must(gfns == x.gfns);
}

START_TEST(extents_by_hand)
{
    start(16);
    ck_assert_int_eq(map(10, 19, XM_ACCESS_RWX, 0), 0);
    ck_assert_int_eq(map(20, 29, XM_ACCESS_RWX, 0), 0);
    ck_assert_uint_eq(x.n, 1);
    ck_assert_int_eq(map(30, 39, XM_ACCESS_RWX, 1), 0); /* other attributes */
    ck_assert_uint_eq(x.n, 2);
    ck_assert_int_eq(xm_mpu_extents_set(&x, 0, 100, XM_ACCESS_RX), 0);
    ck_assert_uint_eq(x.n, 2);
    ck_assert_int_eq(xm_mpu_extents_set(&x, 15, 15, XM_ACCESS_N), 0);
    ck_assert_uint_eq(x.n, 4);
    ck_assert_int_eq(xm_mpu_extents_set(&x, 15, 15, XM_ACCESS_RX), 0);
    ck_assert_uint_eq(x.n, 2);
    ck_assert_int_eq(xm_mpu_extents_unmap(&x, 12, 35), 0);
    ck_assert_uint_eq(x.n, 2);
    ck_assert_uint_eq(x.gfns, 6);
    ck_assert_ptr_null(xm_mpu_extents_find(&x, 12));
    ck_assert_uint_eq(xm_mpu_extents_find(&x, 36)->attr, 1);
    ck_form();
    ck_assert_int_eq(map(5, 4, XM_ACCESS_R, 0), -XM_EINVAL);
    ck_assert_int_eq(map(0, UINT64_MAX, XM_ACCESS_R, 0), -XM_EINVAL);
    ck_assert_int_eq(xm_mpu_extents_unmap(&x, 1, UINT64_MAX), -XM_EINVAL);
    start(4);
    ck_assert_int_eq(map(0, 100, XM_ACCESS_R, 0), 0);
    ck_assert_int_eq(xm_mpu_extents_set(&x, 50, 50, XM_ACCESS_RW), 0);
    ck_assert_int_eq(xm_mpu_extents_set(&x, 70, 70, XM_ACCESS_RW), -XM_ENOMEM);
    ck_assert_uint_eq(x.n, 3);
    ck_form();
}
END_TEST

/* Per gfn: 0 a hole, else 1 + rights. */
static uint8_t flat[SPAN], flat_attr[SPAN];

static void ck_flat(void)
{
    for (unsigned g = 0; g < SPAN; g++) {
        const struct xm_mpu_extent *e = xm_mpu_extents_find(&x, g);

        must((e != NULL) == (flat[g] != 0));
        if (e != NULL) {
            must(e->access + 1u == flat[g]);
            must(e->attr == flat_attr[g]);
        }
    }
}

static void random_op(void)
{
    uint64_t first = mpu_random(SPAN), last = first + mpu_random(SPAN - first);
    uint8_t a = (uint8_t)mpu_random(XM_ACCESS_DEFAULT), attr = (uint8_t)mpu_random(2);
    unsigned how = (unsigned)mpu_random(5);
    int rc;

    if (how == 0)
        rc = map(first, last, (enum xm_access)a, attr);
    else if (how == 1)
        rc = xm_mpu_extents_unmap(&x, first, last);
    else
        rc = xm_mpu_extents_set(&x, first, last, (enum xm_access)a);
    ck_assert_int_eq(rc, 0);
    for (uint64_t g = first; g <= last; g++) {
        if (how == 0)
            flat_attr[g] = attr;
        if (how < 2 || flat[g] != 0)
            flat[g] = how == 1 ? 0 : (uint8_t)(a + 1);
    }
}

START_TEST(extents_random)
{
    for (unsigned k = 0; k < 400; k++) {
        start(ROOM);
        memset(flat, 0, sizeof(flat));
        for (unsigned i = 0; i < 60; i++) {
            random_op();
            ck_form();
            ck_flat();
        }
    }
}
END_TEST

/* ---- the planner ---- */

/* What a gfn of the small case must get; attributes in bit 4. */
static unsigned wanted(const uint8_t *access, const uint8_t *attr, unsigned g)
{
    if (access[g] == 0)
        return 0;
    unsigned bits = xm_rights_bits((enum xm_access)(access[g] - 1));
    return (bits & XM_DO_R) != 0 ? bits | (unsigned)attr[g] << 4 : 0;
}

/* Every way to cut n gfns into pieces; a piece is all alike, and needs a region or none. */
static unsigned brute(const unsigned *want, unsigned n)
{
    unsigned best = n + 1;

    for (unsigned cuts = 0; cuts < 1u << (n - 1); cuts++) {
        unsigned regions = want[0] != 0, g;

        for (g = 1; g < n; g++) {
            if ((cuts >> (g - 1) & 1) != 0)
                regions += want[g] != 0;
            else if (want[g] != want[g - 1])
                break;
        }
        if (g == n && regions < best)
            best = regions;
    }
    return best;
}

static unsigned region_bits(const struct xm_mpu_region *r)
{
    unsigned bits = XM_DO_R;

    if (r->ap == XM_MPU_ALL_RW)
        bits |= XM_DO_W;
    if (r->xn == 0)
        bits |= XM_DO_X;
    return bits | (unsigned)r->attr << 4;
}

/* Exactly what was asked for, to the byte. */
static void ck_exact(const unsigned *want, unsigned n, const struct xm_mpu_region *r, int regions)
{
    unsigned got[GFNS] = {0};

    for (int i = 0; i < regions; i++) {
        must((r[i].base & 0xfff) == 0 && (r[i].last & 0xfff) == 0xfff);
        must(r[i].last >> 12 < n);
        for (xm_mpu_reg g = r[i].base >> 12; g <= r[i].last >> 12; g++) {
            must(got[g] == 0);
            got[g] = region_bits(&r[i]);
        }
    }
    for (unsigned g = 0; g < n; g++)
        must(got[g] == want[g]);
}

static void ck_at(const struct xm_mpu_region *r, int regions, unsigned n)
{
    unsigned g = (unsigned)mpu_random(n);
    struct xm_mpu_region one;
    int i = 0;

    while (i < regions && r[i].last >> 12 < g)
        i++;
    if (i == regions || r[i].base >> 12 > g) {
        must(xm_mpu_plan_at(&x, g, &one) == 0);
        return;
    }
    must(xm_mpu_plan_at(&x, g, &one) == 1);
    must(one.base == r[i].base && one.last == r[i].last && one.ap == r[i].ap && one.xn == r[i].xn &&
         one.attr == r[i].attr);
}

START_TEST(fewest_regions)
{
    uint8_t access[GFNS], attr[GFNS];
    unsigned want[GFNS], most = 0;
    struct xm_mpu_region r[GFNS];

    for (unsigned k = 0; k < CASES; k++) {
        unsigned n = 2 + (unsigned)mpu_random(GFNS - 1), kinds = 2 + (unsigned)mpu_random(10);
        int regions;

        start(ROOM);
        for (unsigned g = 0; g < n; g++) {
            access[g] = (uint8_t)mpu_random(kinds);
            attr[g] = (uint8_t)(mpu_random(8) == 0);
            want[g] = wanted(access, attr, g);
            if (access[g] != 0 && map(g, g, (enum xm_access)(access[g] - 1), attr[g]) != 0)
                ck_abort();
        }
        regions = xm_mpu_plan(&x, r, GFNS);
        if (regions != (int)brute(want, n))
            ck_abort_msg("case %u: %d regions", k, regions);
        must(xm_mpu_plan_count(&x) == (unsigned)regions);
        ck_exact(want, n, r, regions);
        ck_at(r, regions, n);
        most = (unsigned)regions > most ? (unsigned)regions : most;
        if (regions > 0)
            must(xm_mpu_plan(&x, r, (unsigned)regions - 1) == -XM_ENOSPC);
    }
    ck_assert_uint_eq(most, GFNS);
}
END_TEST

START_TEST(no_encoding)
{
    struct xm_mpu_region r[4];

    start(8);
    ck_assert_int_eq(map(1, 1, XM_ACCESS_W, 0), 0);
    ck_assert_int_eq(map(2, 2, XM_ACCESS_X, 0), 0);
    ck_assert_int_eq(map(3, 3, XM_ACCESS_WX, 0), 0);
    ck_assert_int_eq(map(4, 4, XM_ACCESS_N2RWX, 0), 0);
    ck_assert_int_eq(xm_mpu_plan(&x, r, 4), 0);
    ck_assert_int_eq(map(1, 1, XM_ACCESS_RX2RW, 0), 0);
    ck_assert_int_eq(map(2, 2, XM_ACCESS_RX, 0), 0); /* the same to the hardware */
    ck_assert_int_eq(xm_mpu_plan(&x, r, 4), 1);
    ck_assert_uint_eq(region_bits(&r[0]), XM_DO_R | XM_DO_X);
    ck_assert_int_eq(map(4, 4, XM_ACCESS_R_PW, 0), 0);
    ck_assert_int_eq(xm_mpu_plan(&x, r, 4), 2);
    ck_assert_uint_eq(region_bits(&r[1]), XM_DO_R);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("mpu-plan");
    TCase *tc = tcase_create("all");

    tcase_set_timeout(tc, 240);
    tcase_add_test(tc, extents_by_hand);
    tcase_add_test(tc, extents_random);
    tcase_add_test(tc, fewest_regions);
    tcase_add_test(tc, no_encoding);
    suite_add_tcase(s, tc);
    return fake_run(s);
}
