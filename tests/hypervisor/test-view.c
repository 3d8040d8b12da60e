/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Views: view 0 while they are on, and a gfn with an entry of its own in a large leaf of the host (altp2m.c). */
#include "fake-env.h"

#define N XM_ACCESS_N
#define R XM_ACCESS_R
#define RX XM_ACCESS_RX
#define RWX XM_ACCESS_RWX
#define DEFAULT_GFN UINT64_MAX
#define REVERT UINT64_MAX

static struct xm_domain d;

static void stop(void)
{
    fake_end(&d);
}

static int state(bool on)
{
    struct xm_altp2m_op op = {.u.domain_state.state = on};

    return fake_altp2m(&d, XM_ALTP2M_SET_DOMAIN_STATE, &op);
}

static int change(uint64_t gfn, uint64_t to)
{
    struct xm_altp2m_op op = {.u.change_gfn = {.old_gfn = gfn, .new_gfn = to}};

    return fake_altp2m(&d, XM_ALTP2M_CHANGE_GFN, &op);
}

/* A domain of that release, with views off. */
static void start(uint32_t minor)
{
    fake_domain(&d, XM_KIND_X86_EPT, minor, true);
    ck_assert_int_eq(state(false), 0);
}

static void written(uint64_t gfn, enum xm_verdict verdict)
{
    ck_assert_int_eq(fake_access(&d, 0, gfn, XM_DO_W), verdict);
    if (verdict == XM_V_STOPPED)
        ck_assert_int_eq(fake_resume(&d, 0, XM_EV_FLAG_VCPU_PAUSED), 0);
}

START_TEST(until_4_18_the_copy_has_the_hosts_rights)
{
    start(17);
    ck_assert_int_eq(fake_set(&d, 3, 1, R), 0);
    ck_assert_int_eq(state(true), 0);
    written(3, XM_V_STOPPED);
    written(4, XM_V_OK);
    ck_assert_int_eq(fake_set(&d, 5, 1, RX), 0); /* not touched yet */
    written(5, XM_V_STOPPED);
}
END_TEST

START_TEST(from_4_19_on_it_has_its_default)
{
    start(20);
    ck_assert_int_eq(fake_set(&d, 3, 1, R), 0);
    ck_assert_int_eq(fake_set(&d, 7, 1, R), 0);
    written(3, XM_V_STOPPED);
    ck_assert_int_eq(state(true), 0);
    written(3, XM_V_OK); /* open, whatever the host says */
    ck_assert_int_eq(fake_get(&d, 3), R);
    ck_assert_int_eq(fake_set(&d, 4, 1, R), 0);
    written(4, XM_V_OK);
    ck_assert_int_eq(fake_set(&d, 4, 1, R), 0); /* it has an entry now, which follows */
    written(4, XM_V_STOPPED);
    ck_assert_int_eq(change(7, 7), 0);
    written(7, XM_V_STOPPED);
    ck_assert_int_eq(state(false), 0);
    written(3, XM_V_STOPPED);
}
END_TEST

START_TEST(its_default_is_the_hosts_of_when_views_are_turned_on)
{
    start(20);
    ck_assert_int_eq(fake_set(&d, DEFAULT_GFN, 0, N), 0);
    written(4, XM_V_OK);
    ck_assert_int_eq(state(true), 0);
    ck_assert_int_eq(fake_set(&d, DEFAULT_GFN, 0, RWX), 0);
    written(4, XM_V_STOPPED);
    ck_assert_int_eq(fake_get(&d, 4), RWX);
}
END_TEST

START_TEST(what_an_access_turns_is_turned_in_the_copy)
{
    start(17);
    ck_assert_int_eq(state(true), 0);
    ck_assert_int_eq(fake_set(&d, 3, 1, XM_ACCESS_N2RWX), 0);
    written(3, XM_V_RETRY_NOW);
    written(3, XM_V_OK);
    ck_assert_int_eq(fake_get(&d, 3), XM_ACCESS_N2RWX);
    ck_assert_int_eq(state(false), 0);
    written(3, XM_V_RETRY_NOW);
    ck_assert_int_eq(fake_get(&d, 3), RWX);
}
END_TEST

START_TEST(a_gfn_remapped_in_view_0_leaves_the_host_view_alone)
{
    struct xm_access_res res;

    start(17);
    ck_assert_int_eq(state(true), 0);
    ck_assert_int_eq(change(3, 5), 0);
    ck_assert(xm_access_lookup(&d, 0, xm_gfn(3), &res));
    ck_assert_uint_eq(res.mfn.n, FAKE_GUEST_MFN + 5);
    ck_assert_uint_eq(xm_p2m_get(&d, 0, xm_gfn(3)).mfn.n, FAKE_GUEST_MFN + 3);
    ck_assert_int_eq(change(3, REVERT), 0);
    ck_assert(xm_access_lookup(&d, 0, xm_gfn(3), &res));
    ck_assert_uint_eq(res.mfn.n, FAKE_GUEST_MFN + 3);
    ck_assert_int_eq(change(99, 99), -XM_ESRCH);
}
END_TEST

/* A page that leaves the guest, within what is remapped: the copy is emptied, as on Xen. */
START_TEST(a_dropped_page_resets_the_copy)
{
    start(20);
    ck_assert_int_eq(fake_set(&d, 3, 1, R), 0);
    ck_assert_int_eq(fake_set(&d, 5, 1, R), 0);
    ck_assert_int_eq(state(true), 0);
    ck_assert_int_eq(change(3, 3), 0);
    ck_assert_int_eq(change(5, 5), 0);
    written(3, XM_V_STOPPED);
    ck_assert_int_eq(xm_p2m_unmap(&d, xm_gfn(9), 0), 0);
    written(3, XM_V_STOPPED);
    ck_assert_int_eq(xm_p2m_unmap(&d, xm_gfn(4), 0), 0);
    written(3, XM_V_OK);
}
END_TEST

START_TEST(a_page_mapped_anew_is_seen)
{
    struct xm_access_res res;

    start(17);
    ck_assert_int_eq(state(true), 0);
    written(3, XM_V_OK);
    ck_assert_int_eq(xm_p2m_map(&d, xm_gfn(3), xm_mfn(FAKE_GUEST_MFN + 40), 0), 0);
    ck_assert(xm_access_lookup(&d, 0, xm_gfn(3), &res));
    ck_assert_uint_eq(res.mfn.n, FAKE_GUEST_MFN + 40);
}
END_TEST

START_TEST(without_memory_views_stay_off)
{
    start(17);
    ck_assert_int_eq(fake_set(&d, 3, 1, R), 0);
    fake.frames_left = 0;
    ck_assert_int_eq(state(true), -XM_ENOMEM);
    ck_assert_int_eq(fake_view_create(&d, RWX), -XM_EOPNOTSUPP);
    written(3, XM_V_STOPPED);
    fake.frames_left = -1;
    ck_assert_int_eq(state(true), 0);
    written(3, XM_V_STOPPED);
}
END_TEST

/* ---- a gfn with an entry of its own, inside a large leaf of the host ---- */

#define LEAF 512u /* gfns from here on are one leaf of 2 MiB */
#define MINOR_FIRST 17

static uint16_t view;

/* A domain of that release with a leaf, and a view whose default is rx. */
static void start_leaf(int minor)
{
    fake_domain(&d, XM_KIND_X86_EPT, (uint32_t)minor, true);
    ck_assert_int_eq(xm_p2m_map(&d, xm_gfn(LEAF), xm_mfn(0x20000), XM_ORDER_2M), 0);
    int made = fake_view_create(&d, RX);
    ck_assert_int_gt(made, 0);
    view = (uint16_t)made;
}

static int change_leaf(uint64_t gfn, uint64_t to)
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

    start_leaf(minor);
    ck_assert_int_eq(fake_view_set(&d, view, LEAF + 5, R), 0);
    ck_assert_int_eq(fake_view_get(&d, view, LEAF + 5), R);
    ck_assert_int_eq(fake_view_get(&d, view, LEAF + 6), neighbours_by_set(minor));
    ck_assert_int_eq(fake_view_get(&d, view, LEAF + 511), neighbours_by_set(minor));
}
END_TEST

START_TEST(so_does_a_remap)
{
    int minor = MINOR_FIRST + _i;

    start_leaf(minor);
    ck_assert_int_eq(change_leaf(LEAF + 5, 3), 0);
    ck_assert_int_eq(fake_view_get(&d, view, LEAF + 6), neighbours_by_set(minor));
}
END_TEST

START_TEST(a_leaf_that_was_touched_keeps_its_rights)
{
    int minor = MINOR_FIRST + _i;

    start_leaf(minor);
    read_in_view(LEAF + 9);
    ck_assert_int_eq(fake_view_set(&d, view, LEAF + 5, R), 0);
    ck_assert_int_eq(fake_view_get(&d, view, LEAF + 6), minor < 19 ? RWX : RX);
}
END_TEST

START_TEST(a_set_in_a_hole_covers_what_the_view_had_in_the_leaf)
{
    start_leaf(MINOR_FIRST + _i);
    read_in_view(LEAF + 9);
    ck_assert_int_eq(fake_view_set(&d, view, LEAF + 5, R), 0);
    ck_assert_int_eq(change_leaf(LEAF + 7, 3), 0);
    ck_assert_int_eq(change_leaf(LEAF + 7, REVERT), 0);
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

    start_leaf(minor);
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

static void add_view_leaf(Suite *s)
{
    TCase *t = tcase_create("view-leaf");

    tcase_add_checked_fixture(t, NULL, stop);
    tcase_add_loop_test(t, a_set_gives_neighbours_the_hosts_rights_until_4_21, 0, 7);
    tcase_add_loop_test(t, so_does_a_remap, 0, 7);
    tcase_add_loop_test(t, a_leaf_that_was_touched_keeps_its_rights, 0, 7);
    tcase_add_loop_test(t, a_set_in_a_hole_covers_what_the_view_had_in_the_leaf, 0, 7);
    tcase_add_loop_test(t, a_set_in_the_host_view_splits_its_leaf, 0, 7);
    suite_add_tcase(s, t);
}

int main(void)
{
    Suite *s = suite_create("view");
    TCase *t = tcase_create("view-0");

    tcase_add_checked_fixture(t, NULL, stop);
    tcase_add_test(t, until_4_18_the_copy_has_the_hosts_rights);
    tcase_add_test(t, from_4_19_on_it_has_its_default);
    tcase_add_test(t, its_default_is_the_hosts_of_when_views_are_turned_on);
    tcase_add_test(t, what_an_access_turns_is_turned_in_the_copy);
    tcase_add_test(t, a_gfn_remapped_in_view_0_leaves_the_host_view_alone);
    tcase_add_test(t, a_dropped_page_resets_the_copy);
    tcase_add_test(t, a_page_mapped_anew_is_seen);
    tcase_add_test(t, without_memory_views_stay_off);
    suite_add_tcase(s, t);
    add_view_leaf(s);
    return fake_run(s);
}
