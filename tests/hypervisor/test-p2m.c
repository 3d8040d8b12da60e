/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake-env.h"

#include <string.h>

static struct xm_domain d;

static void start(void)
{
    struct xm_domain_cfg cfg = {.kind = XM_KIND_X86_EPT, .vcpus = 2, .highest_gfn = 5};

    fake_start(&d, &cfg);
}

static void stop(void)
{
    fake_end(&d);
}

static uint64_t mfn_at(uint64_t gfn)
{
    return xm_p2m_get(&d, 0, xm_gfn(gfn)).mfn.n;
}

static int map(uint64_t gfn, uint64_t mfn, unsigned order)
{
    return xm_p2m_map(&d, xm_gfn(gfn), xm_mfn(mfn), order);
}

static int unmap(uint64_t gfn, unsigned order)
{
    return xm_p2m_unmap(&d, xm_gfn(gfn), order);
}

START_TEST(nothing_is_mapped_at_first)
{
    struct xm_p2m_entry e = xm_p2m_get(&d, 0, xm_gfn(0));

    ck_assert(!xm_mfn_valid(e.mfn));
    ck_assert_uint_gt(e.order, XM_ORDER_1G);
    ck_assert(!xm_mfn_valid(xm_p2m_get(&d, 0, xm_gfn(UINT64_MAX)).mfn));
    ck_assert(!xm_mfn_valid(xm_p2m_get(&d, 1, xm_gfn(0)).mfn));
    ck_assert_uint_eq(xm_p2m_highest_gfn(&d), 5);
    ck_assert_uint_eq(d.view[0].tables, 1);
}
END_TEST

START_TEST(a_mapping_is_found_where_it_is_and_nowhere_else)
{
    static const uint64_t gfns[] = {0, 1, 511, 512, 0x12345, XM_GFN_LIMIT - 1};

    for (size_t i = 0; i < 6; i++)
        ck_assert_int_eq(map(gfns[i], 0x7000 + i, 0), 0);
    for (size_t i = 0; i < 6; i++)
        ck_assert_uint_eq(mfn_at(gfns[i]), 0x7000 + i);
    ck_assert_uint_eq(mfn_at(2), XM_GFN_NONE);
    ck_assert_uint_eq(mfn_at(0x12344), XM_GFN_NONE);
    ck_assert_uint_eq(d.view[0].mapped, 6);
    ck_assert_uint_eq(xm_p2m_highest_gfn(&d), XM_GFN_LIMIT - 1);
}
END_TEST

START_TEST(new_mappings_have_the_default_rights_of_then)
{
    ck_assert_int_eq(map(0, 1, 0), 0);
    d.view[0].default_access = XM_ACCESS_RX;
    ck_assert_int_eq(map(1, 2, 0), 0);
    ck_assert_uint_eq(xm_p2m_get(&d, 0, xm_gfn(0)).access, XM_ACCESS_RWX);
    ck_assert_uint_eq(xm_p2m_get(&d, 0, xm_gfn(1)).access, XM_ACCESS_RX);
    ck_assert(xm_p2m_get(&d, 0, xm_gfn(1)).suppress_ve);
}
END_TEST

START_TEST(large_pages_translate_inside)
{
    ck_assert_int_eq(map(512, 0x10000, XM_ORDER_2M), 0);
    ck_assert_int_eq(map(UINT64_C(1) << 18, UINT64_C(1) << 20, XM_ORDER_1G), 0);
    struct xm_p2m_entry e = xm_p2m_get(&d, 0, xm_gfn(512 + 77));
    ck_assert_uint_eq(e.mfn.n, 0x10000 + 77);
    ck_assert_uint_eq(e.order, XM_ORDER_2M);
    e = xm_p2m_get(&d, 0, xm_gfn((UINT64_C(1) << 18) + 123456));
    ck_assert_uint_eq(e.mfn.n, (UINT64_C(1) << 20) + 123456);
    ck_assert_uint_eq(e.order, XM_ORDER_1G);
    ck_assert_uint_eq(d.view[0].mapped, 512 + (UINT64_C(1) << 18));
}
END_TEST

START_TEST(splitting_keeps_all_but_the_one)
{
    struct xm_p2m_entry e;
    uint64_t base = UINT64_C(1) << 18, i;

    d.view[0].default_access = XM_ACCESS_RX;
    ck_assert_int_eq(map(base, base, XM_ORDER_1G), 0);
    ck_assert_int_eq(map(base + 1000, 0x42, 0), 0);
    ck_assert_uint_eq(mfn_at(base + 1000), 0x42);
    for (i = 0; i < 2048; i++) {
        e = xm_p2m_get(&d, 0, xm_gfn(base + i));
        ck_assert_uint_eq(e.access, XM_ACCESS_RX);
        if (i != 1000)
            ck_assert_uint_eq(e.mfn.n, base + i);
    }
    ck_assert_uint_eq(xm_p2m_get(&d, 0, xm_gfn(base + 600)).order, 0);
    ck_assert_uint_eq(xm_p2m_get(&d, 0, xm_gfn(base + 100)).order, XM_ORDER_2M);
    ck_assert_uint_eq(d.view[0].mapped, UINT64_C(1) << 18);
}
END_TEST

START_TEST(a_large_page_replaces_what_was_below)
{
    uint64_t tables, i;

    for (i = 0; i < 512; i++)
        ck_assert_int_eq(map(i, 0x9000 + i, 0), 0);
    tables = d.view[0].tables;
    ck_assert_int_eq(map(0, 0x200, XM_ORDER_2M), 0);
    ck_assert_uint_eq(d.view[0].tables, tables - 1);
    ck_assert_uint_eq(mfn_at(5), 0x205);
    ck_assert_uint_eq(d.view[0].mapped, 512);
}
END_TEST

START_TEST(unmap_drops_what_is_there)
{
    ck_assert_int_eq(map(0, 0x200, XM_ORDER_2M), 0);
    ck_assert_int_eq(map(600, 0x42, 0), 0);
    ck_assert_int_eq(unmap(3, 0), 0);
    ck_assert_uint_eq(mfn_at(3), XM_GFN_NONE);
    ck_assert_uint_eq(mfn_at(4), 0x204);
    ck_assert_uint_eq(d.view[0].mapped, 512);
    ck_assert_int_eq(unmap(3, 0), 0);
    ck_assert_int_eq(unmap(0, XM_ORDER_2M), 0);
    ck_assert_int_eq(unmap(0, XM_ORDER_1G), 0);
    ck_assert_uint_eq(mfn_at(600), XM_GFN_NONE);
    ck_assert_uint_eq(d.view[0].mapped, 0);
    ck_assert_int_eq(unmap(UINT64_C(5) << 18, XM_ORDER_1G), 0);
    ck_assert_uint_eq(xm_p2m_highest_gfn(&d), 600);
}
END_TEST

START_TEST(impossible_ranges_are_refused)
{
    ck_assert_int_eq(map(1, 0x200, XM_ORDER_2M), -XM_EINVAL);
    ck_assert_int_eq(map(0, 0x201, XM_ORDER_2M), -XM_EINVAL);
    ck_assert_int_eq(map(0, 0x200, 3), -XM_EINVAL);
    ck_assert_int_eq(map(0, 0x200, 64), -XM_EINVAL);
    ck_assert_int_eq(map(0, XM_GFN_NONE, 0), -XM_EINVAL);
    ck_assert_int_eq(map(XM_GFN_LIMIT, 1, 0), -XM_ERANGE);
    ck_assert_int_eq(unmap(XM_GFN_LIMIT, 0), -XM_ERANGE);
    ck_assert_int_eq(unmap(0, 1), -XM_EINVAL);
    ck_assert_uint_eq(d.view[0].mapped, 0);
    ck_assert_uint_eq(xm_p2m_highest_gfn(&d), 5);
}
END_TEST

START_TEST(no_memory_at_any_table_leaves_the_mapping_as_it_was)
{
    ck_assert_int_eq(map(0, 0x40000, XM_ORDER_1G), 0);
    /* Two tables split a leaf of 1 GiB down to 4 KiB. */
    for (long n = 0; n < 2; n++) {
        fake.frames_left = n;
        ck_assert_int_eq(map(1000, 0x42, 0), -XM_ENOMEM);
        ck_assert_uint_eq(mfn_at(1000), 0x40000 + 1000);
        fake.frames_left = -1;
        ck_assert_int_eq(map(0, 0x40000, XM_ORDER_1G), 0);
    }
    fake.frames_left = 2;
    ck_assert_int_eq(map(1000, 0x42, 0), 0);
    fake.frames_left = 0;
    ck_assert_int_eq(unmap(UINT64_C(1) << 18, XM_ORDER_1G), 0);
}
END_TEST

START_TEST(an_operation_flushes_once)
{
    ck_assert_int_eq(map(0, 0x200, XM_ORDER_2M), 0);
    ck_assert_uint_eq(fake.flushes, 1);
    ck_assert_uint_eq(fake.flushed[0], 0);
    ck_assert_int_eq(unmap(7, 0), 0);
    ck_assert_uint_eq(fake.flushes, 2);
    ck_assert_uint_eq(d.stats.tlb_flushes, 2);
    xm_p2m_get(&d, 0, xm_gfn(0));
    ck_assert_uint_eq(fake.flushes, 2);
}
END_TEST

START_TEST(a_dense_guest_costs_little_more_than_eight_bytes_a_page)
{
    uint64_t i, n = 512 * 1024;

    for (i = 0; i < n; i++)
        ck_assert_int_eq(map(i, FAKE_GUEST_MFN + i, 0), 0);
    ck_assert_uint_eq(d.view[0].mapped, n);
    ck_assert_uint_le(d.view[0].tables * XM_PAGE_SIZE, n * 9);
}
END_TEST

/* A flat array beside the table; ops chosen by a fixed generator. */
START_TEST(random_maps_and_unmaps_agree_with_a_flat_array)
{
    static uint64_t flat[4096];
    uint64_t seed = 42, i, mapped;

    memset(flat, 0, sizeof(flat));
    for (unsigned n = 0; n < 4000; n++) {
        unsigned order;
        uint64_t gfn, mfn;

        seed = seed * UINT64_C(6364136223846793005) + 1;
        order = (seed >> 60) == 0 ? XM_ORDER_2M : XM_ORDER_4K;
        gfn = ((seed >> 20) & 4095) & ~((UINT64_C(1) << order) - 1);
        mfn = ((seed >> 33) & 0xfff) << 9;
        if ((seed >> 59 & 1) != 0)
            ck_assert_int_eq(map(gfn, mfn, order), 0);
        else
            ck_assert_int_eq(unmap(gfn, order), 0);
        for (i = 0; i < UINT64_C(1) << order; i++)
            flat[gfn + i] = (seed >> 59 & 1) != 0 ? mfn + i + 1 : 0;
    }
    for (i = 0, mapped = 0; i < 4096; i++) {
        ck_assert_uint_eq(mfn_at(i) + 1, flat[i]);
        mapped += flat[i] != 0;
    }
    ck_assert_uint_eq(d.view[0].mapped, mapped);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("p2m");
    TCase *t = tcase_create("p2m");

    tcase_add_checked_fixture(t, start, stop);
    tcase_add_test(t, nothing_is_mapped_at_first);
    tcase_add_test(t, a_mapping_is_found_where_it_is_and_nowhere_else);
    tcase_add_test(t, new_mappings_have_the_default_rights_of_then);
    tcase_add_test(t, large_pages_translate_inside);
    tcase_add_test(t, splitting_keeps_all_but_the_one);
    tcase_add_test(t, a_large_page_replaces_what_was_below);
    tcase_add_test(t, unmap_drops_what_is_there);
    tcase_add_test(t, impossible_ranges_are_refused);
    tcase_add_test(t, no_memory_at_any_table_leaves_the_mapping_as_it_was);
    tcase_add_test(t, an_operation_flushes_once);
    tcase_add_test(t, a_dense_guest_costs_little_more_than_eight_bytes_a_page);
    tcase_add_test(t, random_maps_and_unmaps_agree_with_a_flat_array);
    tcase_set_timeout(t, 240);
    suite_add_tcase(s, t);
    return fake_run(s);
}
