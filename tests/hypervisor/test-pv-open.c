/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Entries for the hypervisor's own accesses: which are made, kept and closed. */
#include "fake-env.h"

static struct xm_pv_open_entry taken[64];
static uint32_t n;

static void take(struct xm_env_dom *d, uint64_t place, uint64_t mfn)
{
    (void)d;
    taken[n].place = place;
    taken[n++].mfn = mfn;
}

/* One frame, one entry: neither a neighbour nor the next fault gets by. */
START_TEST(test_one)
{
    struct xm_pv_open o = {.n = 0};

    n = 0;
    ck_assert(!xm_pv_open_any(&o));
    ck_assert(!xm_pv_open_passes(&o, 0));
    xm_pv_open_next(&o, 7);
    ck_assert(xm_pv_open_any(&o));
    ck_assert(xm_pv_open_passes(&o, 7));
    ck_assert(!xm_pv_open_passes(&o, 8));
    xm_pv_open_made(&o, 7, 70, NULL, take);
    ck_assert(!xm_pv_open_passes(&o, 7));
    ck_assert(xm_pv_open_any(&o));
    ck_assert(xm_pv_open_close(&o, NULL, take));
    ck_assert_uint_eq(n, 1);
    ck_assert_uint_eq(taken[0].mfn, 7);
    ck_assert_uint_eq(taken[0].place, 70);
    ck_assert(!xm_pv_open_any(&o));
    ck_assert(!xm_pv_open_close(&o, NULL, take));
}
END_TEST

/* Where the entry was not made there is nothing to flush, and nothing is let through later. */
START_TEST(test_not_made)
{
    struct xm_pv_open o = {.n = 0};

    n = 0;
    xm_pv_open_next(&o, 7);
    ck_assert(!xm_pv_open_close(&o, NULL, take));
    ck_assert_uint_eq(n, 0);
    ck_assert(!xm_pv_open_passes(&o, 7));
    ck_assert(!xm_pv_open_any(&o));
}
END_TEST

/* With too many the oldest goes at once, and the flush is still to be made; one twice is one. */
START_TEST(test_too_many)
{
    struct xm_pv_open o = {.n = 0};

    n = 0;
    for (uint32_t i = 0; i < XM_PV_OPEN_MOST + 3; i++) {
        for (unsigned twice = 0; twice < 2; twice++) {
            xm_pv_open_next(&o, i);
            xm_pv_open_made(&o, i, 10 * i, NULL, take);
        }
    }
    ck_assert_uint_eq(o.n, XM_PV_OPEN_MOST);
    ck_assert_uint_eq(n, 3);
    ck_assert(xm_pv_open_close(&o, NULL, take));
    ck_assert_uint_eq(n, XM_PV_OPEN_MOST + 3);
    for (uint32_t i = 0; i < n; i++)
        ck_assert_uint_eq(taken[i].place, 10 * taken[i].mfn);
    for (uint32_t i = 0; i < n; i++)
        ck_assert_uint_eq(taken[i].mfn, i);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("pv-open");
    TCase *t = tcase_create("pv-open");

    tcase_add_test(t, test_one);
    tcase_add_test(t, test_not_made);
    tcase_add_test(t, test_too_many);
    suite_add_tcase(s, t);
    return fake_run(s);
}
