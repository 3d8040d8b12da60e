/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake-env.h"

#include <string.h>

static struct xm_domain d;

static void start(void)
{
    fake_domain(&d, XM_KIND_X86_EPT, 17, true);
}

static void stop(void)
{
    fake_end(&d);
}

/* What vCPU 0 has there. */
static int access_of(uint64_t gfn)
{
    struct xm_access_res res;

    ck_assert(xm_access_lookup(&d, 0, xm_gfn(gfn), &res));
    return res.access;
}

static int host_access_of(uint64_t gfn)
{
    return xm_p2m_get(&d, 0, xm_gfn(gfn)).access;
}

static void ring_off(void)
{
    struct xm_domctl_vm_event_op op = {.op = XM_VM_EVENT_DISABLE, .mode = XM_VM_EVENT_MODE_MONITOR};

    ck_assert_int_eq(xm_hc_vm_event(&d, &op), 0);
}

START_TEST(what_is_allowed_goes_through_with_its_bits)
{
    struct xm_access_req req = {.gfn = xm_gfn(3), .what = XM_DO_W};
    struct xm_access_res res;

    ck_assert_int_eq(fake_set(&d, 3, 1, XM_ACCESS_RW), 0);
    ck_assert_int_eq(xm_access_check(&d, &req, &res), XM_V_OK);
    ck_assert_uint_eq(res.mfn.n, FAKE_GUEST_MFN + 3);
    ck_assert_uint_eq(res.bits, XM_DO_R | XM_DO_W);
    ck_assert_uint_eq(res.access, XM_ACCESS_RW);
    ck_assert_uint_eq(res.view, 0);
    ck_assert_int_eq(fake_access(&d, 0, 3, XM_DO_R | XM_DO_W), XM_V_OK);
    ck_assert_int_eq(fake_access(&d, 0, 99, XM_DO_R), XM_V_UNMAPPED);
    ck_assert_int_eq(fake_access(&d, 77, 3, XM_DO_R), XM_V_UNMAPPED);
}
END_TEST

START_TEST(a_violation_stops_the_vcpu_and_is_told)
{
    const struct xm_ev *ev;

    ck_assert_int_eq(fake_set(&d, 3, 1, XM_ACCESS_RW), 0);
    fake.regs[2].x86.rip = 0x1234;
    ck_assert_int_eq(fake_access(&d, 2, 3, XM_DO_X), XM_V_STOPPED);
    ev = fake_last(&d);
    ck_assert_uint_eq(ev->version, 7);
    ck_assert_uint_eq(ev->reason, XM_EV_REASON_MEM_ACCESS);
    ck_assert_uint_eq(ev->vcpu_id, 2);
    ck_assert_uint_eq(ev->flags, XM_EV_FLAG_VCPU_PAUSED | XM_EV_FLAG_ALTERNATE_P2M);
    ck_assert_uint_eq(ev->u.mem_access.gfn, 3);
    ck_assert_uint_eq(ev->u.mem_access.offset, 8);
    ck_assert_uint_eq(ev->u.mem_access.gla, 0xf003);
    ck_assert_uint_eq(ev->u.mem_access.flags,
                      XM_DO_X | XM_EV_ACCESS_GLA_VALID | XM_EV_ACCESS_WITH_GLA);
    ck_assert_uint_eq(ev->data.x86.rip, 0x1234);
    ck_assert_int_eq(fake.pauses[2], 1);
    ck_assert_uint_eq(fake.notifies, 1);
    ck_assert_uint_eq(d.vcpu[2].pending_reason, XM_EV_REASON_MEM_ACCESS);
}
END_TEST

START_TEST(a_write_on_x86_reports_a_read_too_and_on_arm_not)
{
    ck_assert_int_eq(fake_set(&d, 3, 1, XM_ACCESS_R), 0);
    ck_assert_int_eq(fake_access(&d, 0, 3, XM_DO_W), XM_V_STOPPED);
    ck_assert_uint_eq(fake_last(&d)->u.mem_access.flags & 7, XM_DO_R | XM_DO_W);
    fake_end(&d);
    fake_domain(&d, XM_KIND_ARM_S2, 17, false);
    fake.regs[0].arm.pc = 0x5678;
    ck_assert_int_eq(fake_set(&d, 3, 1, XM_ACCESS_R), 0);
    ck_assert_int_eq(fake_access(&d, 0, 3, XM_DO_W), XM_V_STOPPED);
    ck_assert_uint_eq(fake_last(&d)->u.mem_access.flags & 7, XM_DO_W);
    ck_assert_uint_eq(fake_last(&d)->data.arm.pc, 0x5678);
    ck_assert_uint_eq(fake_last(&d)->flags, XM_EV_FLAG_VCPU_PAUSED);
}
END_TEST

/* All rights times all accesses: stopped exactly where the rights say so. */
START_TEST(every_right_and_every_access)
{
    uint8_t a;
    unsigned what;

    for (a = 0; a < XM_ACCESS_RX2RW; a++) {
        if (!xm_rights_expressible(XM_KIND_X86_EPT, (enum xm_access)a))
            continue;
        ck_assert_int_eq(fake_set(&d, 3, 1, a), 0);
        for (what = 1; what < 8; what <<= 1) {
            unsigned needs = what == XM_DO_W ? XM_DO_R | XM_DO_W : what;
            bool stops = (needs & ~(unsigned)xm_rights_bits((enum xm_access)a)) != 0;

            ck_assert_int_eq(fake_access(&d, 1, 3, what), stops ? XM_V_STOPPED : XM_V_OK);
            if (stops)
                ck_assert_int_eq(fake_resume(&d, 1, XM_EV_FLAG_VCPU_PAUSED), 0);
            ck_assert_int_eq(fake.pauses[1], 0);
        }
    }
}
END_TEST

START_TEST(rx2rw_turns_silently)
{
    ck_assert_int_eq(fake_set(&d, 3, 1, XM_ACCESS_RX2RW), 0);
    fake.flushes = 0;
    ck_assert_int_eq(fake_access(&d, 0, 3, XM_DO_X), XM_V_OK);
    ck_assert_int_eq(fake_access(&d, 0, 3, XM_DO_W), XM_V_RETRY_NOW);
    ck_assert_int_eq(access_of(3), XM_ACCESS_RW);
    ck_assert_int_eq(host_access_of(3), XM_ACCESS_RX2RW); /* views are on: only the copy turns */
    ck_assert_int_eq(fake_access(&d, 0, 3, XM_DO_W), XM_V_OK);
    ck_assert_uint_eq(fake.flushes, 1);
    ck_assert_uint_eq(d.stats.events, 0);
    ck_assert_int_eq(fake_access(&d, 0, 3, XM_DO_X), XM_V_STOPPED);
}
END_TEST

START_TEST(n2rwx_tells_and_goes_on)
{
    ck_assert_int_eq(fake_set(&d, 3, 1, XM_ACCESS_N2RWX), 0);
    ck_assert_int_eq(fake_access(&d, 0, 3, XM_DO_R), XM_V_RETRY_NOW);
    ck_assert_uint_eq(fake_last(&d)->flags & XM_EV_FLAG_VCPU_PAUSED, 0);
    ck_assert_int_eq(access_of(3), XM_ACCESS_RWX);
    ck_assert_int_eq(fake.pauses[0], 0);
    ck_assert_int_eq(fake_access(&d, 0, 3, XM_DO_W), XM_V_OK);
}
END_TEST

START_TEST(n2rwx_without_a_slot_leaves_no_trace)
{
    unsigned i;

    d.vcpus = 1; /* seven free slots are enough for one: nobody is blocked */
    for (i = 0; i < 8; i++) {
        ck_assert_int_eq(fake_set(&d, i, 1, XM_ACCESS_N2RWX), 0);
        ck_assert_int_eq(fake_access(&d, 0, i, XM_DO_R), i < 7 ? XM_V_RETRY_NOW : XM_V_STOPPED);
    }
    d.vcpus = 4;
    ck_assert_int_eq(fake_set(&d, 8, 1, XM_ACCESS_N2RWX), 0);
    ck_assert_int_eq(fake_access(&d, 1, 8, XM_DO_R), XM_V_STOPPED);
    ck_assert(fake.waits[1]);
    ck_assert_int_eq(access_of(8), XM_ACCESS_N2RWX);
    ck_assert_int_eq(fake_resume(&d, 0, 0), 0);
    ck_assert(!fake.waits[1]);
    ck_assert_int_eq(fake_access(&d, 1, 8, XM_DO_R), XM_V_STOPPED); /* sent, then blocked */
    ck_assert_int_eq(access_of(8), XM_ACCESS_RWX);
    ck_assert_int_eq(fake.pauses[1], 1);
}
END_TEST

START_TEST(without_a_listener_rights_are_lifted)
{
    ck_assert_int_eq(fake_set(&d, 3, 2, XM_ACCESS_R), 0);
    ring_off();
    ck_assert_int_eq(fake_access(&d, 0, 3, XM_DO_W), XM_V_RETRY_NOW);
    ck_assert_int_eq(access_of(3), XM_ACCESS_RWX);
    ck_assert_int_eq(access_of(4), XM_ACCESS_R);
    ck_assert_ptr_null(fake.crash);
}
END_TEST

START_TEST(a_required_listener_that_is_not_there_kills)
{
    struct xm_domctl op = {.cmd = XM_DOMCTL_SET_ACCESS_REQUIRED,
                           .interface_version = 0x15,
                           .u.access_required.access_required = 1};

    ck_assert_int_eq(fake_set(&d, 3, 1, XM_ACCESS_R), 0);
    ck_assert_int_eq(xm_hc_domctl(&d, &op), 0);
    ring_off();
    ck_assert_int_eq(fake_access(&d, 0, 3, XM_DO_W), XM_V_CRASH);
    ck_assert_ptr_nonnull(fake.crash);
    ck_assert_int_eq(access_of(3), XM_ACCESS_R);
}
END_TEST

START_TEST(page_walks_can_be_kept_out)
{
    struct xm_access_req req = {
        .gfn = xm_gfn(3), .what = XM_DO_W, .kind = XM_ACC_IN_GPT, .offset = 0x1018};
    struct xm_access_res res;

    ck_assert_int_eq(fake_set(&d, 3, 1, XM_ACCESS_R), 0);
    ck_assert_int_eq(xm_access_check(&d, &req, &res), XM_V_STOPPED);
    ck_assert_uint_eq(fake_last(&d)->u.mem_access.flags, XM_DO_R | XM_DO_W | XM_EV_ACCESS_IN_GPT);
    ck_assert_uint_eq(fake_last(&d)->u.mem_access.offset, 0x18);
    ck_assert_int_eq(fake_monitor(&d, XM_MONITOR_ENABLE, XM_MONITOR_INGUEST_PAGEFAULT), 0);
    ck_assert_int_eq(xm_access_check(&d, &req, &res), XM_V_EMULATE);
    ck_assert_uint_eq(res.mfn.n, FAKE_GUEST_MFN + 3);
}
END_TEST

START_TEST(looking_changes_nothing)
{
    struct xm_access_res res;
    int view = fake_view_create(&d, XM_ACCESS_RWX);

    ck_assert_int_eq(fake_set(&d, 3, 1, XM_ACCESS_N2RWX), 0);
    ck_assert(xm_access_lookup(&d, 0, xm_gfn(3), &res));
    ck_assert_uint_eq(res.bits, 0);
    ck_assert_uint_eq(res.access, XM_ACCESS_N2RWX);
    ck_assert_int_eq(access_of(3), XM_ACCESS_N2RWX);
    ck_assert(!xm_access_lookup(&d, 0, xm_gfn(99), &res));
    ck_assert(!xm_access_lookup(&d, 99, xm_gfn(3), &res));
    ck_assert(xm_vcpu_switch_view(&d, 1, (unsigned)view));
    ck_assert(xm_access_lookup(&d, 1, xm_gfn(4), &res));
    ck_assert_uint_eq(res.mfn.n, FAKE_GUEST_MFN + 4);
    ck_assert_uint_eq(res.view, (unsigned)view);
    ck_assert_uint_eq(d.view[view].mapped, 0);
    ck_assert(!xm_access_lookup(&d, 1, xm_gfn(99), &res));
    ck_assert_uint_eq(d.stats.events, 0);
}
END_TEST

START_TEST(no_memory_to_relax_or_to_copy_kills_cleanly)
{
    int view = fake_view_create(&d, XM_ACCESS_RWX);

    ck_assert_int_eq(fake_set(&d, UINT64_MAX, 0, XM_ACCESS_RX2RW), 0);
    ck_assert_int_eq(xm_p2m_map(&d, xm_gfn(512), xm_mfn(512), XM_ORDER_2M), 0);
    fake.frames_left = 0;
    ck_assert_int_eq(fake_access(&d, 0, 512, XM_DO_W), XM_V_CRASH);
    ck_assert_ptr_nonnull(fake.crash);
    fake.crash = NULL;
    ck_assert(xm_vcpu_switch_view(&d, 1, (unsigned)view));
    ck_assert_int_eq(fake_access(&d, 1, 512, XM_DO_R), XM_V_CRASH);
    ck_assert_ptr_nonnull(fake.crash);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("access-check");
    TCase *t = tcase_create("access-check");

    tcase_add_checked_fixture(t, start, stop);
    tcase_add_test(t, what_is_allowed_goes_through_with_its_bits);
    tcase_add_test(t, a_violation_stops_the_vcpu_and_is_told);
    tcase_add_test(t, a_write_on_x86_reports_a_read_too_and_on_arm_not);
    tcase_add_test(t, every_right_and_every_access);
    tcase_add_test(t, rx2rw_turns_silently);
    tcase_add_test(t, n2rwx_tells_and_goes_on);
    tcase_add_test(t, n2rwx_without_a_slot_leaves_no_trace);
    tcase_add_test(t, without_a_listener_rights_are_lifted);
    tcase_add_test(t, a_required_listener_that_is_not_there_kills);
    tcase_add_test(t, page_walks_can_be_kept_out);
    tcase_add_test(t, looking_changes_nothing);
    tcase_add_test(t, no_memory_to_relax_or_to_copy_kills_cleanly);
    suite_add_tcase(s, t);
    return fake_run(s);
}
