/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Views that the guest cannot go to by itself, the host view among them, and what is left of
 * that when the session ends, or its tool dies. */
#include <errno.h>

#include <xm/abi.h>

#include "policy-machine.h"

static uint16_t view;

static void make(uint32_t xen_minor)
{
    struct sim_machine_cfg cfg = {.seed = 1, .xen_minor = xen_minor};
    struct sim_domain_cfg dom = {
        .kind = SIM_X86_EPT, .vcpus = VCPUS, .pages = PAGES, .altp2m = true, .name = "g"};

    ck_assert_int_eq(xmi_sim_machine_create(&cfg, &machine), 0);
    ck_assert_int_eq(xmi_sim_domain_create(machine, &dom, &guest), 0);
    ck_assert_int_eq(xmi_open_machine(machine, &conn), 0);
    ck_assert_int_eq(xmem_report_new(&report), 0);
    policy = NULL;
    session = NULL;
}

static void open_session(uint32_t restore)
{
    struct xmem_domain_opts opts = XMEM_INIT(opts);

    opts.restore = restore;
    ck_assert_int_eq(xmem_domain_open(conn, 1, &opts, &session), 0);
}

static void close_session(void)
{
    ck_assert_int_eq(xmem_domain_close(session), 0);
    session = NULL;
}

/* All vCPUs in a view of the session's, that one and the host view hidden. */
static void jail(uint32_t restore)
{
    open_session(restore);
    ck_assert_int_eq(xmem_domain_enable(session), 0);
    ck_assert_int_eq(xmem_view_create(session, NULL, &view), 0);
    ck_assert_int_eq(xmem_view_switch(session, view), 0);
    ck_assert_int_eq(xmem_view_set_visible(session, view, 0), 0);
    ck_assert_int_eq(xmem_view_set_visible(session, 0, 0), 0);
}

static void setup(void)
{
    make(20);
}

static uint16_t view_of(uint32_t vcpu)
{
    struct sim_vcpu_info info;

    ck_assert_int_eq(xmi_sim_vcpu_info(guest, vcpu, &info), 0);
    return info.view;
}

/* The guest's vCPU 0 goes to this view, or tries. */
static uint16_t goes_to(uint64_t to)
{
    const struct sim_op op = {.code = SIM_OP_VMFUNC, .value = to};

    ck_assert_int_eq(xmi_sim_vcpu_script(guest, 0, &op, 1, 1), 0);
    xmi_sim_domain_run(guest, 10);
    return view_of(0);
}

START_TEST(the_guest_stays)
{
    jail(XMEM_RESTORE_AUTO);
    ck_assert_uint_eq(goes_to(0), view);
    ck_assert_int_eq(xmem_view_set_visible(session, 0, 1), 0);
    ck_assert_uint_eq(goes_to(0), 0);
    ck_assert_uint_eq(goes_to(view), 0);
    close_session();
}
END_TEST

START_TEST(closing_shows_it_again)
{
    jail(XMEM_RESTORE_AUTO);
    close_session();
    ck_assert_uint_eq(view_of(0), 0);
}
END_TEST

START_TEST(disabling_shows_it_again)
{
    jail(XMEM_RESTORE_AUTO);
    ck_assert_int_eq(xmem_domain_disable(session), 0);
    ck_assert_uint_eq(view_of(0), 0);
    close_session();
}
END_TEST

/* Hidden before views were made: they are turned on for it. */
START_TEST(the_first_call_of_all)
{
    open_session(XMEM_RESTORE_AUTO);
    ck_assert_int_eq(xmem_view_set_visible(session, 0, 0), 0);
    close_session();
}
END_TEST

/* A switch of all vCPUs to a hidden view leaves it hidden. */
START_TEST(switching_to_hidden_views)
{
    jail(XMEM_RESTORE_AUTO);
    ck_assert_int_eq(xmem_view_switch(session, 0), 0);
    ck_assert_uint_eq(view_of(1), 0);
    ck_assert_uint_eq(goes_to(view), 0);
    ck_assert_int_eq(xmem_view_switch(session, view), 0);
    ck_assert_uint_eq(view_of(1), view);
    ck_assert_uint_eq(goes_to(0), view);
    close_session();
}
END_TEST

/* What a tool leaves in force the next one can end. */
START_TEST(left_hidden)
{
    jail(XMEM_RESTORE_KEEP);
    close_session();
    ck_assert_uint_eq(goes_to(0), view);
    open_session(XMEM_RESTORE_AUTO);
    ck_assert_int_eq(xmem_view_switch(session, 0), 0);
    ck_assert_uint_eq(view_of(1), 0);
    close_session(); /* the vCPUs are where it found them */
    ck_assert_uint_eq(view_of(1), view);
    ck_assert_uint_eq(goes_to(0), view);
    ck_assert_int_eq(xmem_domain_recover(conn, 1, NULL), 0);
    ck_assert_uint_eq(view_of(0), 0);
}
END_TEST

/* Views of another tool, that go on after the session: what it hid of them is shown again. */
START_TEST(views_of_others)
{
    open_session(XMEM_RESTORE_KEEP);
    ck_assert_int_eq(xmem_view_create(session, NULL, &view), 0);
    close_session();
    open_session(XMEM_RESTORE_AUTO);
    ck_assert_int_eq(xmem_view_set_visible(session, view, 0), 0);
    ck_assert_int_eq(xmem_view_set_visible(session, 0, 0), 0);
    ck_assert_uint_eq(goes_to(view), 0);
    close_session();
    ck_assert_uint_eq(goes_to(view), view);
    ck_assert_uint_eq(goes_to(0), 0);
    ck_assert_int_eq(xmem_domain_recover(conn, 1, NULL), 0);
}
END_TEST

static const int kinds[] = {XM_HC_ALTP2M_SWITCH, XM_HC_ALTP2M_OTHER, XM_HC_PAUSE};
#define KINDS (int)(sizeof(kinds) / sizeof(kinds[0]))

/* A hypercall of closing fails: what is left can be recovered. */
START_TEST(a_failure_while_closing)
{
    for (uint64_t n = 1; n < 4; n++) {
        jail(XMEM_RESTORE_AUTO);
        xmi_sim_inject_errno(guest, n, kinds[_i], EIO);
        int rc = xmem_domain_close(session);
        xmi_sim_inject_errno(guest, 0, 0, 0);
        session = NULL;
        if (rc)
            ck_assert_int_eq(xmem_domain_recover(conn, 1, NULL), 0);
        ck_assert_uint_eq(view_of(0), 0);
        struct xmem_machine_report r = XMEM_INIT(r);
        ck_assert_int_eq(xmem_machine_check(conn, &r), 0);
        ck_assert_uint_eq(r.leftover_views, 0);
    }
}
END_TEST

/* The domain is not left paused when the switch fails, and the session can be closed. */
START_TEST(a_failure_while_switching)
{
    int failed = 0;

    for (uint64_t n = 1; n < 4; n++) {
        struct xmem_domain_info info = XMEM_INIT(info);

        jail(XMEM_RESTORE_AUTO);
        xmi_sim_inject_errno(guest, n, kinds[_i], EIO);
        failed += xmem_view_switch(session, 0) != 0;
        xmi_sim_inject_errno(guest, 0, 0, 0);
        ck_assert_int_eq(xmem_domain_get_info(session, &info), 0);
        ck_assert_uint_eq(info.flags & XMEM_DOMAIN_PAUSED, 0);
        close_session();
    }
    ck_assert_int_gt(failed, 0);
}
END_TEST

START_TEST(the_first_release_with_it)
{
    struct xmem_caps caps = XMEM_INIT(caps);

    make((uint32_t)_i);
    open_session(XMEM_RESTORE_AUTO);
    ck_assert_int_eq(xmem_domain_get_caps(session, &caps), 0);
    ck_assert_int_eq((caps.flags & XMEM_CAP_VISIBILITY) != 0, _i >= 14);
    ck_assert_int_eq(xmem_view_set_visible(session, 0, 0), _i >= 14 ? 0 : -EOPNOTSUPP);
    end_machine();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("view-visible");
    TCase *tc = tcase_create("host view"), *own = tcase_create("own");

    tcase_add_checked_fixture(tc, setup, end_machine);
    tcase_add_test(tc, the_guest_stays);
    tcase_add_test(tc, closing_shows_it_again);
    tcase_add_test(tc, disabling_shows_it_again);
    tcase_add_test(tc, the_first_call_of_all);
    tcase_add_test(tc, switching_to_hidden_views);
    tcase_add_test(tc, left_hidden);
    tcase_add_test(tc, views_of_others);
    tcase_add_loop_test(tc, a_failure_while_closing, 0, KINDS);
    tcase_add_loop_test(tc, a_failure_while_switching, 0, KINDS);
    suite_add_tcase(suite, tc);
    tcase_add_loop_test(own, the_first_release_with_it, 12, 16);
    suite_add_tcase(suite, own);
    return run_suite(suite);
}
