/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake-env.h"

#include <string.h>

#define N 0
#define R 1
#define RX 5
#define RWX 7
#define DEFAULT 10
#define DEFAULT_420 11
#define ALL UINT64_MAX

static struct xm_domain d;

static void start(void)
{
    fake_domain(&d, XM_KIND_X86_EPT, 17, false);
}

static void stop(void)
{
    fake_end(&d);
}

static int multi(const uint64_t *gfns, const uint8_t *rights, uint32_t nr, uint32_t *start)
{
    struct xm_mem_access_op op = {.op = XM_MEM_ACCESS_SET_MULTI,
                                  .nr = nr,
                                  .pfn_list = (uintptr_t)gfns,
                                  .access_list = (uintptr_t)rights};

    return xm_hc_mem_access(&d, &op, start);
}

START_TEST(set_and_get)
{
    ck_assert_int_eq(fake_get(&d, 3), RWX);
    ck_assert_int_eq(fake_set(&d, 3, 2, RX), 0);
    ck_assert_int_eq(fake_get(&d, 2), RWX);
    ck_assert_int_eq(fake_get(&d, 3), RX);
    ck_assert_int_eq(fake_get(&d, 4), RX);
    ck_assert_int_eq(fake_get(&d, 5), RWX);
}
END_TEST

START_TEST(every_right_that_ept_has_is_kept_and_the_others_refused)
{
    uint8_t n;

    for (n = 0; n < 10; n++) {
        bool bad = n == XM_ACCESS_W || n == XM_ACCESS_WX;

        ck_assert_int_eq(fake_set(&d, 1, 1, n), bad ? -XM_EINVAL : 0);
        ck_assert_int_eq(fake_get(&d, 1) == n, !bad);
    }
    ck_assert_int_eq(fake_set(&d, 1, 1, 11), -XM_EINVAL);
    ck_assert_int_eq(fake_set(&d, 1, 1, 255), -XM_EINVAL);
    ck_assert_int_eq(fake_get(&d, 1), XM_ACCESS_N2RWX);
}
END_TEST

START_TEST(without_a_ring_nothing_answers)
{
    struct xm_mem_access_op bad = {.op = 99};
    uint32_t at = 0;

    ck_assert_int_eq(xm_hc_mem_access(&d, &bad, &at), -XM_ENOSYS);
    xm_ring_kill(&d);
    ck_assert_int_eq(fake_set(&d, 1, 1, R), -XM_ENODEV);
    ck_assert_int_eq(fake_get(&d, 1), -XM_ENODEV);
    ck_assert_int_eq(fake_get(&d, 999), -XM_ENODEV);
    ck_assert_int_eq(xm_hc_mem_access(&d, &bad, &at), -XM_ENODEV);
}
END_TEST

START_TEST(ranges_outside_the_guest_are_refused)
{
    ck_assert_int_eq(fake_set(&d, 16, 1, R), -XM_EINVAL);
    ck_assert_int_eq(fake_set(&d, 15, 2, R), -XM_EINVAL);
    ck_assert_int_eq(fake_set(&d, ALL - 1, 4, R), -XM_EINVAL);
    ck_assert_int_eq(fake_set(&d, 0, 0, R), -XM_EINVAL);
    ck_assert_int_eq(fake_set(&d, 5, 0, R), -XM_EINVAL);
    ck_assert_int_eq(fake_get(&d, 16), -XM_EINVAL);
    ck_assert_int_eq(fake_get(&d, 15), RWX);
}
END_TEST

START_TEST(a_hole_cannot_be_asked_and_takes_a_set_without_a_word)
{
    ck_assert_int_eq(xm_p2m_unmap(&d, xm_gfn(7), 0), 0);
    ck_assert_int_eq(fake_get(&d, 7), -XM_ESRCH);
    ck_assert_int_eq(fake_set(&d, 6, 3, R), 0);
    ck_assert_int_eq(fake_get(&d, 7), -XM_ESRCH);
    ck_assert_int_eq(fake_get(&d, 8), R);
}
END_TEST

START_TEST(default_is_for_what_comes_later)
{
    ck_assert_int_eq(fake_get(&d, ALL), RWX);
    ck_assert_int_eq(fake_set(&d, ALL, 0, RX), 0);
    ck_assert_int_eq(fake_get(&d, ALL), RX);
    ck_assert_int_eq(fake_get(&d, 3), RWX);
    ck_assert_int_eq(xm_p2m_map(&d, xm_gfn(20), xm_mfn(1), 0), 0);
    ck_assert_int_eq(fake_get(&d, 20), RX);
    ck_assert_int_eq(fake_set(&d, 3, 1, DEFAULT), 0);
    ck_assert_int_eq(fake_get(&d, 3), RX);
    ck_assert_int_eq(fake_set(&d, ALL, 0, RWX), 0);
    ck_assert_int_eq(fake_get(&d, 3), RX);
    ck_assert_int_eq(fake_set(&d, ALL, 0, XM_ACCESS_W), -XM_EINVAL);
    ck_assert_int_eq(fake_get(&d, ALL), RWX);
}
END_TEST

START_TEST(from_4_20_ten_is_r_pw)
{
    fake_end(&d);
    fake_domain(&d, XM_KIND_X86_EPT, 20, false);
    ck_assert_int_eq(fake_set(&d, ALL, 0, RX), 0);
    ck_assert_int_eq(fake_set(&d, 1, 1, 10), 0);
    ck_assert_int_eq(fake_set(&d, 2, 1, DEFAULT_420), 0);
    ck_assert_int_eq(fake_get(&d, 1), 10);
    ck_assert_int_eq(fake_get(&d, 2), RX);
    ck_assert_uint_eq(xm_p2m_get(&d, 0, xm_gfn(1)).access, XM_ACCESS_R_PW);
    ck_assert_int_eq(fake_set(&d, 1, 1, 12), -XM_EINVAL);
}
END_TEST

START_TEST(a_range_is_one_flush_and_none_when_nothing_changes)
{
    ck_assert_int_eq(fake_set(&d, 0, 16, R), 0);
    ck_assert_uint_eq(fake.flushes, 1);
    ck_assert_int_eq(fake_set(&d, 0, 16, R), 0);
    ck_assert_uint_eq(fake.flushes, 1);
}
END_TEST

START_TEST(a_long_range_is_continued_every_64_with_one_flush_each)
{
    struct xm_mem_access_op op = {.op = XM_MEM_ACCESS_SET, .access = R, .nr = 200};
    uint32_t at = 0;
    uint64_t i;

    for (i = 16; i < 200; i++)
        ck_assert_int_eq(xm_p2m_map(&d, xm_gfn(i), xm_mfn(i), 0), 0);
    fake.flushes = 0;
    fake.preempt = true;
    ck_assert_int_eq(xm_hc_mem_access(&d, &op, &at), XM_CONTINUE);
    ck_assert_uint_eq(at, 64);
    ck_assert_int_eq(fake_get(&d, 63), R);
    ck_assert_int_eq(fake_get(&d, 64), RWX);
    ck_assert_uint_eq(fake.flushes, 1);
    ck_assert_int_eq(xm_hc_mem_access(&d, &op, &at), XM_CONTINUE);
    ck_assert_int_eq(xm_hc_mem_access(&d, &op, &at), XM_CONTINUE);
    ck_assert_int_eq(xm_hc_mem_access(&d, &op, &at), 0);
    ck_assert_int_eq(fake_get(&d, 199), R);
    ck_assert_uint_eq(fake.flushes, 4);
    at = 201;
    ck_assert_int_eq(xm_hc_mem_access(&d, &op, &at), -XM_EINVAL);
}
END_TEST

START_TEST(get_has_no_continuation)
{
    struct xm_mem_access_op op = {.op = XM_MEM_ACCESS_GET};
    uint32_t at = 64;

    ck_assert_int_eq(xm_hc_mem_access(&d, &op, &at), -XM_ENOSYS);
}
END_TEST

START_TEST(multi_sets_each_its_own)
{
    const uint64_t gfns[] = {9, 2, 2, 5000, ALL};
    const uint8_t rights[] = {R, RX, N, R, R};
    uint32_t at = 0;

    ck_assert_int_eq(multi(gfns, rights, 5, &at), 0);
    ck_assert_int_eq(fake_get(&d, 9), R);
    ck_assert_int_eq(fake_get(&d, 2), N);
    ck_assert_int_eq(fake_get(&d, ALL), RWX);
    ck_assert_uint_eq(fake.flushes, 1);
    at = 0;
    ck_assert_int_eq(multi(gfns, rights, 0, &at), 0);
}
END_TEST

START_TEST(multi_stops_at_the_first_bad_one)
{
    const uint64_t gfns[] = {1, 2, 3};
    const uint8_t rights[] = {R, 77, R};
    uint32_t at = 0;

    ck_assert_int_eq(multi(gfns, rights, 3, &at), -XM_EINVAL);
    ck_assert_uint_eq(at, 1);
    ck_assert_int_eq(fake_get(&d, 1), R);
    ck_assert_int_eq(fake_get(&d, 3), RWX);
    at = 0;
    ck_assert_int_eq(multi(NULL, rights, 3, &at), -XM_EFAULT);
    ck_assert_int_eq(multi(gfns, NULL, 3, &at), -XM_EFAULT);
    ck_assert_uint_eq(at, 0);
}
END_TEST

START_TEST(multi_is_continued_every_64)
{
    uint64_t gfns[130];
    uint8_t rights[130];
    uint32_t at = 0, n = 0;

    memset(rights, R, sizeof(rights));
    for (n = 0; n < 130; n++)
        gfns[n] = n % 16;
    fake.preempt = true;
    for (n = 0; multi(gfns, rights, 130, &at) == XM_CONTINUE; n++)
        ck_assert_uint_eq(at, 64 * (n + 1));
    ck_assert_uint_eq(n, 2);
    ck_assert_uint_eq(at, 130);
}
END_TEST

START_TEST(no_memory_for_a_split_is_said)
{
    ck_assert_int_eq(xm_p2m_map(&d, xm_gfn(512), xm_mfn(512), XM_ORDER_2M), 0);
    fake.frames_left = 0;
    ck_assert_int_eq(fake_set(&d, 600, 1, R), -XM_ENOMEM);
    ck_assert_int_eq(fake_get(&d, 600), RWX);
    fake.frames_left = -1;
    ck_assert_int_eq(fake_set(&d, 600, 1, R), 0);
    ck_assert_int_eq(fake_get(&d, 600), R);
    ck_assert_int_eq(fake_get(&d, 601), RWX);
    ck_assert_uint_eq(xm_p2m_get(&d, 0, xm_gfn(600)).mfn.n, 600);
}
END_TEST

START_TEST(arm_has_all_ten_rights_and_no_multi)
{
    uint64_t gfn = 1;
    uint8_t n = R;
    uint32_t at = 0;

    fake_end(&d);
    fake_domain(&d, XM_KIND_ARM_S2, 17, false);
    /* Nothing was ever set: rwx, even for a hole (p2m->mem_access_enabled). */
    ck_assert_int_eq(xm_p2m_unmap(&d, xm_gfn(7), 0), 0);
    ck_assert_int_eq(fake_get(&d, 7), RWX);
    ck_assert_int_eq(multi(&gfn, &n, 1, &at), -XM_EOPNOTSUPP);
    for (n = 0; n < 10; n++) {
        ck_assert_int_eq(fake_set(&d, 1, 1, n), 0);
        ck_assert_int_eq(fake_get(&d, 1), n);
    }
    ck_assert_int_eq(fake_get(&d, 7), -XM_ESRCH);
    ck_assert_int_eq(fake_set(&d, 16, 1, R), -XM_EINVAL);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("access-op");
    TCase *t = tcase_create("access-op");

    tcase_add_checked_fixture(t, start, stop);
    tcase_add_test(t, set_and_get);
    tcase_add_test(t, every_right_that_ept_has_is_kept_and_the_others_refused);
    tcase_add_test(t, without_a_ring_nothing_answers);
    tcase_add_test(t, ranges_outside_the_guest_are_refused);
    tcase_add_test(t, a_hole_cannot_be_asked_and_takes_a_set_without_a_word);
    tcase_add_test(t, default_is_for_what_comes_later);
    tcase_add_test(t, from_4_20_ten_is_r_pw);
    tcase_add_test(t, a_range_is_one_flush_and_none_when_nothing_changes);
    tcase_add_test(t, a_long_range_is_continued_every_64_with_one_flush_each);
    tcase_add_test(t, get_has_no_continuation);
    tcase_add_test(t, multi_sets_each_its_own);
    tcase_add_test(t, multi_stops_at_the_first_bad_one);
    tcase_add_test(t, multi_is_continued_every_64);
    tcase_add_test(t, no_memory_for_a_split_is_said);
    tcase_add_test(t, arm_has_all_ten_rights_and_no_multi);
    suite_add_tcase(s, t);
    return fake_run(s);
}
