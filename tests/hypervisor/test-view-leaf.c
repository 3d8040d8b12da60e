/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A gfn that gets an entry of its own in a view, inside a large leaf of the host (altp2m.c). */
#include "fake-env.h"

#define R XM_ACCESS_R
#define RX XM_ACCESS_RX
#define RWX XM_ACCESS_RWX
#define REVERT UINT64_MAX
#define LEAF 512u /* gfns from here on are one leaf of 2 MiB */
#define MINOR_FIRST 17

static struct xm_domain d;
static uint16_t view;

static void stop(void)
{
    fake_end(&d);
}

/* A domain of that release with a leaf, and a view whose default is rx. */
static void start(int minor)
{
    int made;

    fake_domain(&d, XM_KIND_X86_EPT, (uint32_t)minor, true);
    ck_assert_int_eq(xm_p2m_map(&d, xm_gfn(LEAF), xm_mfn(0x20000), XM_ORDER_2M), 0);
    made = fake_view_create(&d, RX);
    ck_assert_int_gt(made, 0);
    view = (uint16_t)made;
}

static int change(uint64_t gfn, uint64_t to)
{
    struct xm_altp2m_op op = {.u.change_gfn = {.view = view, .old_gfn = gfn, .new_gfn = to}};

    return fake_altp2m(&d, XM_ALTP2M_CHANGE_GFN, &op);
}

static void read_in_view(uint64_t gfn)
{
    ck_assert(xm_vcpu_switch_view(&d, 1, view));
    ck_assert_int_eq(fake_access(&d, 1, gfn, XM_DO_R), XM_V_OK);
}

static enum xm_access neighbours_by_set(int minor)
{
    return minor < 22 ? RWX : RX;
}

START_TEST(a_set_gives_neighbours_the_hosts_rights_until_4_21)
{
    int minor = MINOR_FIRST + _i;

    start(minor);
    ck_assert_int_eq(fake_view_set(&d, view, LEAF + 5, R), 0);
    ck_assert_int_eq(fake_view_get(&d, view, LEAF + 5), R);
    ck_assert_int_eq(fake_view_get(&d, view, LEAF + 6), neighbours_by_set(minor));
    ck_assert_int_eq(fake_view_get(&d, view, LEAF + 511), neighbours_by_set(minor));
}
END_TEST

START_TEST(so_does_a_remap)
{
    int minor = MINOR_FIRST + _i;

    start(minor);
    ck_assert_int_eq(change(LEAF + 5, 3), 0);
    ck_assert_int_eq(fake_view_get(&d, view, LEAF + 6), neighbours_by_set(minor));
}
END_TEST

START_TEST(a_leaf_that_was_touched_keeps_its_rights)
{
    int minor = MINOR_FIRST + _i;

    start(minor);
    read_in_view(LEAF + 9);
    ck_assert_int_eq(fake_view_set(&d, view, LEAF + 5, R), 0);
    ck_assert_int_eq(fake_view_get(&d, view, LEAF + 6), minor < 19 ? RWX : RX);
}
END_TEST

START_TEST(a_set_in_a_hole_covers_what_the_view_had_in_the_leaf)
{
    start(MINOR_FIRST + _i);
    read_in_view(LEAF + 9);
    ck_assert_int_eq(fake_view_set(&d, view, LEAF + 5, R), 0);
    ck_assert_int_eq(change(LEAF + 7, 3), 0);
    ck_assert_int_eq(change(LEAF + 7, REVERT), 0);
    ck_assert_int_eq(fake_view_get(&d, view, LEAF + 5), R);
    ck_assert_int_eq(fake_view_set(&d, view, LEAF + 7, R), 0);
    ck_assert_int_eq(fake_view_get(&d, view, LEAF + 7), R);
    ck_assert_int_eq(fake_view_get(&d, view, LEAF + 5), neighbours_by_set(MINOR_FIRST + _i));
}
END_TEST

/* The same rights again, by the call that needs no ring: the host's leaf is small afterwards. */
START_TEST(a_set_in_the_host_view_splits_its_leaf)
{
    int minor = MINOR_FIRST + _i;

    start(minor);
    ck_assert_int_eq(fake_view_set(&d, 0, LEAF + 5, RWX), 0);
    ck_assert_uint_eq(xm_p2m_get(&d, 0, xm_gfn(LEAF + 5)).order, XM_ORDER_4K);
    ck_assert_uint_eq(xm_p2m_get(&d, 0, xm_gfn(LEAF + 6)).order, XM_ORDER_4K);
    ck_assert_int_eq(fake_view_set(&d, view, LEAF + 5, R), 0);
    ck_assert_int_eq(fake_view_get(&d, view, LEAF + 6), -XM_ESRCH);
    read_in_view(LEAF + 6);
    ck_assert_int_eq(fake_view_get(&d, view, LEAF + 6), minor < 19 ? RWX : RX);
    ck_assert_int_eq(fake_view_get(&d, view, LEAF + 5), R);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("view-leaf");
    TCase *t = tcase_create("view-leaf");

    tcase_add_checked_fixture(t, NULL, stop);
    tcase_add_loop_test(t, a_set_gives_neighbours_the_hosts_rights_until_4_21, 0, 7);
    tcase_add_loop_test(t, so_does_a_remap, 0, 7);
    tcase_add_loop_test(t, a_leaf_that_was_touched_keeps_its_rights, 0, 7);
    tcase_add_loop_test(t, a_set_in_a_hole_covers_what_the_view_had_in_the_leaf, 0, 7);
    tcase_add_loop_test(t, a_set_in_the_host_view_splits_its_leaf, 0, 7);
    suite_add_tcase(s, t);
    return fake_run(s);
}
