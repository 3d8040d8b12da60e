/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is watched (monitor.c), and the events that come of it (events.c). */
#include "fake-env.h"

static struct xm_domain d;

static void start(void)
{
    fake_domain(&d, XM_KIND_X86_EPT, 20, true);
}

static void stop(void)
{
    fake_end(&d);
}

static int toggle_cr(bool on, uint8_t index, bool sync, uint64_t mask)
{
    struct xm_domctl_monitor_op op = {
        .op = on ? XM_MONITOR_ENABLE : XM_MONITOR_DISABLE,
        .event = XM_MONITOR_WRITE_CTRLREG,
        .u.mov_to_cr = {.index = index, .sync = sync, .onchangeonly = 1, .bitmask = mask}};

    return xm_hc_monitor(&d, &op);
}

static int toggle_msr(bool on, uint32_t msr, bool onchange)
{
    struct xm_domctl_monitor_op op = {.op = on ? XM_MONITOR_ENABLE : XM_MONITOR_DISABLE,
                                      .event = XM_MONITOR_MOV_TO_MSR,
                                      .u.mov_to_msr = {.msr = msr, .onchangeonly = onchange}};

    return xm_hc_monitor(&d, &op);
}

static int on(uint32_t event)
{
    return fake_monitor(&d, XM_MONITOR_ENABLE, event);
}

/* The vCPU was stopped by an event of that reason; it goes on. */
static void expect(uint32_t vcpu, uint32_t reason)
{
    ck_assert_uint_eq(fake_last(&d)->reason, reason);
    ck_assert_uint_eq(fake_last(&d)->vcpu_id, vcpu);
    ck_assert_uint_ne(fake_last(&d)->flags & XM_EV_FLAG_VCPU_PAUSED, 0);
    ck_assert_int_eq(fake.pauses[vcpu], 1);
    ck_assert_int_eq(fake_resume(&d, vcpu, XM_EV_FLAG_VCPU_PAUSED), 0);
    ck_assert_int_eq(fake.pauses[vcpu], 0);
}

START_TEST(capabilities_are_the_kinds_and_the_releases)
{
    uint32_t caps = xm_monitor_caps(&d);

    ck_assert_uint_eq(caps >> XM_MONITOR_IO & 1, 1);
    ck_assert_uint_eq(caps >> XM_MONITOR_PRIVILEGED_CALL & 1, 0);
    d.xen_minor = 16;
    ck_assert_uint_eq(xm_monitor_caps(&d) >> XM_MONITOR_VMEXIT, 0);
    d.ops = &xm_kind_arm_s2;
    ck_assert_uint_eq(xm_monitor_caps(&d),
                      1u << XM_MONITOR_GUEST_REQUEST | 1u << XM_MONITOR_PRIVILEGED_CALL);
    ck_assert_int_eq(on(XM_MONITOR_SINGLESTEP), -XM_EOPNOTSUPP);
    ck_assert_int_eq(fake_monitor(&d, XM_MONITOR_CONTROL_REGISTERS, 0), -XM_EOPNOTSUPP);
    d.ops = &xm_kind_x86_ept;
}
END_TEST

START_TEST(a_toggle_that_changes_nothing_says_so)
{
    for (uint32_t e = 0; e < 14; e++) {
        if (e == XM_MONITOR_WRITE_CTRLREG || e == XM_MONITOR_MOV_TO_MSR ||
            e == XM_MONITOR_PRIVILEGED_CALL || e == XM_MONITOR_INTERRUPT)
            continue;
        ck_assert_int_eq(fake_monitor(&d, XM_MONITOR_DISABLE, e), -XM_EEXIST);
        ck_assert_int_eq(on(e), 0);
        ck_assert_int_eq(on(e), -XM_EEXIST);
        ck_assert_int_eq(fake_monitor(&d, XM_MONITOR_DISABLE, e), 0);
    }
    ck_assert_uint_eq(d.monitor.enabled, 0);
    ck_assert_int_eq(on(XM_MONITOR_PRIVILEGED_CALL), -XM_EOPNOTSUPP);
    ck_assert_int_eq(on(XM_MONITOR_INTERRUPT), -XM_EOPNOTSUPP);
    ck_assert_int_eq(on(31), -XM_EOPNOTSUPP);
    ck_assert_int_eq(on(32), -XM_EINVAL);
    ck_assert_int_eq(on(UINT32_MAX), -XM_EINVAL);
    ck_assert_int_eq(fake_monitor(&d, 99, 0), -XM_EOPNOTSUPP);
}
END_TEST

START_TEST(emulate_each_rep_wants_a_listener)
{
    ck_assert_int_eq(fake_monitor(&d, XM_MONITOR_EMULATE_EACH_REP, 1), 0);
    ck_assert(d.monitor.emulate_each_rep);
    xm_ring_kill(&d);
    ck_assert_int_eq(fake_monitor(&d, XM_MONITOR_EMULATE_EACH_REP, 1), -XM_EINVAL);
}
END_TEST

START_TEST(control_registers)
{
    struct xm_domctl_monitor_op bad = {
        .op = XM_MONITOR_ENABLE, .event = XM_MONITOR_WRITE_CTRLREG, .u.mov_to_cr.pad1 = 1};

    ck_assert_int_eq(xm_event_ctrlreg(&d, 1, XM_EV_CR3, 1, 2), XM_GO_ON);
    ck_assert_int_eq(toggle_cr(true, 4, true, 0), -XM_EINVAL);
    ck_assert_int_eq(xm_hc_monitor(&d, &bad), -XM_EINVAL);
    ck_assert_int_eq(toggle_cr(false, XM_EV_CR3, true, 0), -XM_EEXIST);
    ck_assert_int_eq(toggle_cr(true, XM_EV_CR3, true, 0xf0), 0);
    ck_assert_int_eq(toggle_cr(true, XM_EV_CR3, true, 0), -XM_EEXIST);
    ck_assert_int_eq(xm_event_ctrlreg(&d, 1, XM_EV_CR3, 5, 5), XM_GO_ON);
    ck_assert_int_eq(xm_event_ctrlreg(&d, 1, XM_EV_CR3, 0, 0x30), XM_GO_ON);
    ck_assert_int_eq(xm_event_ctrlreg(&d, 1, XM_EV_CR4, 1, 2), XM_GO_ON);
    ck_assert_int_eq(xm_event_ctrlreg(&d, 1, XM_EV_CR3, 1, 2), XM_GO_DONE);
    ck_assert_uint_eq(fake_last(&d)->u.ctrlreg.index, XM_EV_CR3);
    ck_assert_uint_eq(fake_last(&d)->u.ctrlreg.old_value, 1);
    ck_assert_uint_eq(fake_last(&d)->u.ctrlreg.new_value, 2);
    expect(1, XM_EV_REASON_WRITE_CTRLREG);
    ck_assert_int_eq(toggle_cr(false, XM_EV_CR3, false, 0), 0);
    ck_assert_int_eq(toggle_cr(true, XM_EV_CR3, false, 0), 0);
    ck_assert_int_eq(xm_event_ctrlreg(&d, 1, XM_EV_CR3, 1, 2), XM_GO_ON);
    ck_assert_uint_eq(fake_last(&d)->flags & XM_EV_FLAG_VCPU_PAUSED, 0);
    ck_assert_int_eq(xm_event_ctrlreg(&d, 9, XM_EV_CR3, 1, 2), XM_GO_ON);
    ck_assert_int_eq(xm_event_ctrlreg(&d, 1, 77, 1, 2), XM_GO_ON);
}
END_TEST

START_TEST(msrs_in_three_ranges)
{
    static const uint32_t msr[] = {0x10, 0x1fff, 0x40000001, 0xc0000080};

    for (unsigned i = 0; i < 4; i++) {
        ck_assert_int_eq(xm_event_msr(&d, 0, msr[i], 1, 2), XM_GO_ON);
        ck_assert_int_eq(toggle_msr(true, msr[i], i == 1), 0);
        ck_assert_int_eq(toggle_msr(true, msr[i], false), -XM_EEXIST);
        ck_assert_int_eq(xm_event_msr(&d, 0, msr[i], 1, 2), XM_GO_DONE);
        ck_assert_uint_eq(fake_last(&d)->u.msr.msr, msr[i]);
        expect(0, XM_EV_REASON_MOV_TO_MSR);
        ck_assert_int_eq(xm_event_msr(&d, 0, msr[i], 2, 2), i == 1 ? XM_GO_ON : XM_GO_DONE);
        if (i != 1)
            expect(0, XM_EV_REASON_MOV_TO_MSR);
        ck_assert_int_eq(xm_event_msr(&d, 0, msr[i] ^ 2, 1, 2), XM_GO_ON);
        ck_assert_int_eq(toggle_msr(false, msr[i], false), 0);
        ck_assert_int_eq(xm_event_msr(&d, 0, msr[i], 1, 2), XM_GO_ON);
    }
    ck_assert_int_eq(toggle_msr(true, 0x2000, false), -XM_EINVAL);
    ck_assert_int_eq(toggle_msr(false, 0x2000, false), -XM_EEXIST);
    ck_assert_int_eq(xm_event_msr(&d, 0, 0x2000, 1, 2), XM_GO_ON);
}
END_TEST

START_TEST(msrs_want_a_ring)
{
    struct xm_domctl_vm_event_op off = {.op = XM_VM_EVENT_DISABLE,
                                        .mode = XM_VM_EVENT_MODE_MONITOR};

    ck_assert_int_eq(xm_hc_vm_event(&d, &off), 0);
    ck_assert_int_eq(toggle_msr(true, 0x10, false), -XM_ENXIO);
    ck_assert_int_eq(toggle_msr(false, 0x10, false), -XM_EEXIST);
}
END_TEST

START_TEST(a_held_write_can_be_denied)
{
    struct xm_reply reply;

    ck_assert_int_eq(fake_monitor(&d, XM_MONITOR_CONTROL_REGISTERS, 0), 0);
    ck_assert_int_eq(toggle_cr(true, XM_EV_CR0, true, 0), 0);
    ck_assert_int_eq(xm_event_ctrlreg(&d, 1, XM_EV_CR0, 1, 2), XM_GO_HELD);
    ck_assert_int_eq(fake_resume(&d, 1, XM_EV_FLAG_VCPU_PAUSED | XM_EV_FLAG_DENY), 0);
    ck_assert(xm_reply_take(&d, 1, &reply) && reply.deny);
    ck_assert_uint_eq(reply.reason, XM_EV_REASON_WRITE_CTRLREG);
    ck_assert(!xm_reply_take(&d, 1, &reply));
    /* An answer that does not echo which register it was denies nothing. */
    ck_assert_int_eq(xm_event_ctrlreg(&d, 1, XM_EV_CR0, 1, 2), XM_GO_HELD);
    struct xm_ev rsp = *fake_last(&d);
    rsp.flags |= XM_EV_FLAG_DENY;
    rsp.u.ctrlreg.index = XM_EV_CR4;
    ck_assert_int_eq(fake_answer(&d, &rsp), 0);
    ck_assert(!xm_reply_take(&d, 1, &reply));
    ck_assert_int_eq(toggle_msr(true, 0x10, false), 0);
    ck_assert_int_eq(xm_event_msr(&d, 1, 0x10, 1, 2), XM_GO_HELD);
    ck_assert_int_eq(fake_resume(&d, 1, XM_EV_FLAG_VCPU_PAUSED | XM_EV_FLAG_DENY), 0);
    ck_assert(xm_reply_take(&d, 1, &reply) && reply.deny);
    ck_assert(!xm_reply_take(&d, 99, &reply));
}
END_TEST

START_TEST(deny_without_control_registers_comes_too_late)
{
    struct xm_reply reply;

    ck_assert_int_eq(toggle_cr(true, XM_EV_CR0, true, 0), 0);
    ck_assert_int_eq(xm_event_ctrlreg(&d, 1, XM_EV_CR0, 1, 2), XM_GO_DONE);
    ck_assert_int_eq(fake_resume(&d, 1, XM_EV_FLAG_VCPU_PAUSED | XM_EV_FLAG_DENY), 0);
    ck_assert(!xm_reply_take(&d, 1, &reply));
}
END_TEST

START_TEST(instructions_that_are_done_again)
{
    const struct xm_ev_debug b = {.gfn = 3, .insn_length = 1, .type = 4};
    const struct xm_ev_desc_access a = {.descriptor = XM_EV_DESC_IDTR, .is_write = 1};
    const struct xm_ev_io io = {.bytes = 4, .port = 0x60, .in = 1};

    ck_assert_int_eq(xm_event_cpuid(&d, 2, 2, 1, 0), XM_GO_ON);
    ck_assert_int_eq(on(XM_MONITOR_CPUID), 0);
    ck_assert_int_eq(xm_event_cpuid(&d, 2, 2, 1, 5), XM_GO_AGAIN);
    ck_assert_uint_eq(fake_last(&d)->u.cpuid.insn_length, 2);
    ck_assert_uint_eq(fake_last(&d)->u.cpuid.subleaf, 5);
    expect(2, XM_EV_REASON_CPUID);

    ck_assert_int_eq(xm_event_breakpoint(&d, 2, &b), XM_GO_ON);
    ck_assert_int_eq(on(XM_MONITOR_SOFTWARE_BREAKPOINT), 0);
    ck_assert_int_eq(xm_event_breakpoint(&d, 2, &b), XM_GO_AGAIN);
    ck_assert_uint_eq(fake_last(&d)->u.breakpoint.gfn, 3);
    expect(2, XM_EV_REASON_SOFTWARE_BREAKPOINT);

    ck_assert_int_eq(xm_event_descriptor(&d, 2, &a), XM_GO_ON);
    ck_assert_int_eq(on(XM_MONITOR_DESC_ACCESS), 0);
    ck_assert_int_eq(xm_event_descriptor(&d, 2, &a), XM_GO_AGAIN);
    ck_assert_uint_eq(fake_last(&d)->u.desc.descriptor, XM_EV_DESC_IDTR);
    expect(2, XM_EV_REASON_DESCRIPTOR_ACCESS);

    ck_assert_int_eq(xm_event_io(&d, 2, &io), XM_GO_ON);
    ck_assert_int_eq(on(XM_MONITOR_IO), 0);
    ck_assert_int_eq(xm_event_io(&d, 2, &io), XM_GO_AGAIN);
    ck_assert_uint_eq(fake_last(&d)->u.io.port, 0x60);
    expect(2, XM_EV_REASON_IO_INSTRUCTION);

    ck_assert_int_eq(xm_event_emul_unimplemented(&d, 2), XM_GO_ON);
    ck_assert_int_eq(on(XM_MONITOR_EMUL_UNIMPLEMENTED), 0);
    ck_assert_int_eq(xm_event_emul_unimplemented(&d, 2), XM_GO_AGAIN);
    expect(2, XM_EV_REASON_EMUL_UNIMPLEMENTED);
}
END_TEST

START_TEST(arms_privileged_call_is_done_again)
{
    fake_end(&d);
    fake_domain(&d, XM_KIND_ARM_S2, 17, false);
    ck_assert_int_eq(xm_event_privileged_call(&d, 0), XM_GO_ON);
    ck_assert_int_eq(on(XM_MONITOR_PRIVILEGED_CALL), 0);
    ck_assert_int_eq(xm_event_privileged_call(&d, 0), XM_GO_AGAIN);
    expect(0, XM_EV_REASON_PRIVILEGED_CALL);
}
END_TEST

static int on_sync(uint32_t event, bool sync)
{
    struct xm_domctl_monitor_op op = {.op = XM_MONITOR_ENABLE, .event = event};

    op.u.guest_request.sync = sync; /* the same byte for all that have it */
    return xm_hc_monitor(&d, &op);
}

START_TEST(sync_or_not_as_asked)
{
    const struct xm_ev_debug b = {.pending_dbg = 1};

    for (int sync = 1; sync >= 0; sync--) {
        ck_assert_int_eq(on_sync(XM_MONITOR_GUEST_REQUEST, sync), 0);
        ck_assert_int_eq(on_sync(XM_MONITOR_DEBUG_EXCEPTION, sync), 0);
        ck_assert_int_eq(on_sync(XM_MONITOR_VMEXIT, sync), 0);
        d.vcpus = 1; /* no pauses for a full ring */
        ck_assert_int_eq(xm_event_guest_request(&d, 0, false), sync ? XM_GO_DONE : XM_GO_ON);
        ck_assert_int_eq(fake.pauses[0], sync);
        fake_resume(&d, 0, sync ? XM_EV_FLAG_VCPU_PAUSED : 0);
        ck_assert_int_eq(xm_event_debug(&d, 0, &b), sync ? XM_GO_DONE : XM_GO_ON);
        fake_resume(&d, 0, sync ? XM_EV_FLAG_VCPU_PAUSED : 0);
        ck_assert_int_eq(xm_event_vmexit(&d, 0, 10, 7), sync ? XM_GO_AGAIN : XM_GO_ON);
        ck_assert_uint_eq(fake_last(&d)->u.vmexit.reason, 10);
        fake_resume(&d, 0, sync ? XM_EV_FLAG_VCPU_PAUSED : 0);
        d.vcpus = 4;
        fake_monitor(&d, XM_MONITOR_DISABLE, XM_MONITOR_GUEST_REQUEST);
        fake_monitor(&d, XM_MONITOR_DISABLE, XM_MONITOR_DEBUG_EXCEPTION);
        fake_monitor(&d, XM_MONITOR_DISABLE, XM_MONITOR_VMEXIT);
    }
    ck_assert_uint_eq(d.stats.events, 6);
    ck_assert_int_eq(xm_event_debug(&d, 0, &b), XM_GO_ON);
    ck_assert_int_eq(xm_event_vmexit(&d, 0, 10, 7), XM_GO_ON);
    ck_assert_int_eq(fake.pauses[0], 0);
}
END_TEST

START_TEST(guest_requests_of_user_mode_only_if_allowed)
{
    struct xm_domctl_monitor_op op = {.op = XM_MONITOR_ENABLE,
                                      .event = XM_MONITOR_GUEST_REQUEST,
                                      .u.guest_request = {.sync = 1, .allow_userspace = 1}};

    ck_assert_int_eq(xm_event_guest_request(&d, 0, false), XM_GO_ON);
    ck_assert_int_eq(on_sync(XM_MONITOR_GUEST_REQUEST, true), 0);
    ck_assert_int_eq(xm_event_guest_request(&d, 0, true), XM_GO_ON);
    ck_assert_uint_eq(d.stats.events, 0);
    ck_assert_int_eq(fake_monitor(&d, XM_MONITOR_DISABLE, XM_MONITOR_GUEST_REQUEST), 0);
    ck_assert_int_eq(xm_hc_monitor(&d, &op), 0);
    ck_assert_int_eq(xm_event_guest_request(&d, 0, true), XM_GO_DONE);
    expect(0, XM_EV_REASON_GUEST_REQUEST);
}
END_TEST

START_TEST(without_a_slot_the_op_waits)
{
    ck_assert_int_eq(on(XM_MONITOR_CPUID), 0);
    ck_assert_int_eq(toggle_msr(true, 0x10, false), 0);
    ck_assert_int_eq(fake_monitor(&d, XM_MONITOR_CONTROL_REGISTERS, 0), 0);
    for (unsigned i = 0; i < 8; i++)
        ck_assert_int_eq(xm_event_cpuid(&d, 0, 2, 1, 0), XM_GO_AGAIN);
    ck_assert_int_eq(xm_event_cpuid(&d, 1, 2, 1, 0), XM_GO_WAIT);
    ck_assert_int_eq(xm_event_msr(&d, 2, 0x10, 1, 2), XM_GO_WAIT);
    ck_assert_uint_eq(d.vcpu[2].held.reason, 0);
    ck_assert(fake.waits[1] && fake.waits[2]);
}
END_TEST

START_TEST(the_next_interrupt_is_told_once)
{
    const struct xm_ev_interrupt i = {.vector = 0x20, .cr2 = 5};

    ck_assert_int_eq(on(XM_MONITOR_CPUID), 0);
    ck_assert_int_eq(xm_event_interrupt(&d, 0, &i), XM_GO_ON);
    ck_assert_int_eq(xm_event_cpuid(&d, 0, 2, 1, 0), XM_GO_AGAIN);
    ck_assert_int_eq(fake_resume(&d, 0, XM_EV_FLAG_VCPU_PAUSED | XM_EV_FLAG_GET_NEXT_INTERRUPT), 0);
    ck_assert_int_eq(xm_event_interrupt(&d, 0, &i), XM_GO_DONE);
    ck_assert_uint_eq(fake_last(&d)->u.interrupt.vector, 0x20);
    expect(0, XM_EV_REASON_INTERRUPT);
    ck_assert_int_eq(xm_event_interrupt(&d, 0, &i), XM_GO_ON);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("monitor");
    TCase *t = tcase_create("monitor");

    tcase_add_checked_fixture(t, start, stop);
    tcase_add_test(t, capabilities_are_the_kinds_and_the_releases);
    tcase_add_test(t, a_toggle_that_changes_nothing_says_so);
    tcase_add_test(t, emulate_each_rep_wants_a_listener);
    tcase_add_test(t, control_registers);
    tcase_add_test(t, msrs_in_three_ranges);
    tcase_add_test(t, msrs_want_a_ring);
    tcase_add_test(t, a_held_write_can_be_denied);
    tcase_add_test(t, deny_without_control_registers_comes_too_late);
    tcase_add_test(t, instructions_that_are_done_again);
    tcase_add_test(t, arms_privileged_call_is_done_again);
    tcase_add_test(t, sync_or_not_as_asked);
    tcase_add_test(t, guest_requests_of_user_mode_only_if_allowed);
    tcase_add_test(t, without_a_slot_the_op_waits);
    tcase_add_test(t, the_next_interrupt_is_told_once);
    suite_add_tcase(s, t);
    return fake_run(s);
}
