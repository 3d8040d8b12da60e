/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* View 0 while views are on: vCPUs run on a copy that fills when they touch a page (altp2m.c). */
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

int main(void)
{
    Suite *s = suite_create("view-0");
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
    return fake_run(s);
}
