/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ops that monitors watch. */
#include "sim/sim-test.h"

static struct xm_ev run_op(struct listener *l, struct sim_op op)
{
    struct xm_ev ev = {0};

    ck_assert_int_eq(xmi_sim_vcpu_script(l->d, 0, &op, 1, 1), 0);
    ck_assert_uint_eq(xmi_sim_domain_run(l->d, 100), 1);
    ck_assert_msg(take(l, &ev), "op %u: no event", op.code);
    return ev;
}

static void monitor(struct listener *l, uint32_t event, uint32_t arg)
{
    ck_assert_int_eq(domctl(l, XM_DOMCTL_MONITOR_OP, event, arg), 0);
}

START_TEST(test_unwatched)
{
    struct listener l = new_listener(1, SIM_X86_EPT, 1, 16);
    struct sim_op op = {0};
    struct xm_ev ev;

    for (uint8_t c = SIM_OP_GUEST_REQUEST; c <= SIM_OP_VMEXIT; c++) {
        op = (struct sim_op){.code = c, .index = 1, .value = 0x123};
        ck_assert_int_eq(xmi_sim_vcpu_script(l.d, 0, &op, 1, 1), 0);
        ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 1);
        ck_assert(!take(&l, &ev));
    }
    ck_assert_uint_eq(l.d->vcpu[0].regs.x86.cr3, 0x123);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

START_TEST(test_guest_request)
{
    struct listener l = new_listener(1, SIM_X86_EPT, 1, 16);
    struct sim_op op = {.code = SIM_OP_GUEST_REQUEST};
    struct xm_ev ev;

    monitor(&l, XM_MONITOR_GUEST_REQUEST, 1);
    ev = run_op(&l, op);
    ck_assert_uint_eq(ev.reason, XM_EV_REASON_GUEST_REQUEST);
    ck_assert_uint_ne(ev.flags & XM_EV_FLAG_VCPU_PAUSED, 0);
    ck_assert_uint_eq(vcpu(l.d, 0).done, 1);
    ck_assert_int_eq(vcpu(l.d, 0).state, SIM_VCPU_PAUSED);
    answer(&l, &ev, 0);
    ck_assert_int_eq(vcpu(l.d, 0).state, SIM_VCPU_IDLE);
    /* From user mode nobody asked for it. */
    op.flags = SIM_OP_F_USER;
    ck_assert_int_eq(xmi_sim_vcpu_script(l.d, 0, &op, 1, 1), 0);
    xmi_sim_domain_run(l.d, 100);
    ck_assert(!take(&l, &ev));
    xmi_sim_machine_destroy(l.m);
}
END_TEST

/* Control registers wait for the answer when the listener asked to hold them. */
static struct xm_ev write_cr3(struct listener *l)
{
    struct xm_domctl op = {.cmd = XM_DOMCTL_MONITOR_OP,
                           .interface_version = xm_domctl_version(MINOR),
                           .domain = 1,
                           .u.monitor_op = {.op = XM_MONITOR_CONTROL_REGISTERS}};
    struct xm_ev ev;

    ck_assert_int_eq(xmi_sim_hc_domctl(l->m, &op), 0);
    op.u.monitor_op = (struct xm_domctl_monitor_op){.op = XM_MONITOR_ENABLE,
                                                    .event = XM_MONITOR_WRITE_CTRLREG};
    op.u.monitor_op.u.mov_to_cr.index = XM_EV_CR3;
    op.u.monitor_op.u.mov_to_cr.sync = 1;
    ck_assert_int_eq(xmi_sim_hc_domctl(l->m, &op), 0);
    ev = run_op(l, (struct sim_op){.code = SIM_OP_CTRLREG, .index = XM_EV_CR3, .value = 0x5000});
    ck_assert_uint_eq(ev.u.ctrlreg.index, XM_EV_CR3);
    ck_assert_uint_eq(ev.u.ctrlreg.new_value, 0x5000);
    ck_assert_uint_eq(ev.u.ctrlreg.old_value, xmi_sim_x86_cr3(&l->d->vcpu[0]));
    ck_assert_uint_eq(vcpu(l->d, 0).done, 0);
    return ev;
}

START_TEST(test_ctrlreg)
{
    struct listener l = new_listener(1, SIM_X86_EPT, 1, 16);
    struct xm_ev ev = write_cr3(&l);
    bool deny = _i != 0;

    answer(&l, &ev, deny ? XM_EV_FLAG_DENY : 0);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 1);
    ck_assert_uint_eq(vcpu(l.d, 0).done, 1);
    ck_assert_uint_eq(l.d->vcpu[0].regs.x86.cr3, deny ? xmi_sim_x86_cr3(&l.d->vcpu[0]) : 0x5000);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

START_TEST(test_msr)
{
    struct listener l = new_listener(1, SIM_X86_EPT, 1, 16);
    struct xm_domctl op = {
        .cmd = XM_DOMCTL_MONITOR_OP,
        .interface_version = xm_domctl_version(MINOR),
        .domain = 1,
        .u.monitor_op = {.op = XM_MONITOR_ENABLE, .event = XM_MONITOR_MOV_TO_MSR}};
    static const uint32_t msrs[] = {0x174,      0x175,      0x176,      0xc0000080, 0xc0000081,
                                    0xc0000082, 0xc0000100, 0xc0000101, 0xc0000102, 0x10};
    struct xm_ev ev;

    for (size_t i = 0; i < sizeof(msrs) / sizeof(msrs[0]); i++) {
        op.u.monitor_op.u.mov_to_msr.msr = msrs[i];
        ck_assert_int_eq(xmi_sim_hc_domctl(l.m, &op), 0);
        ev = run_op(&l, (struct sim_op){.code = SIM_OP_MSR, .index = msrs[i], .value = 0x77});
        ck_assert_uint_eq(ev.u.msr.msr, msrs[i]);
        answer(&l, &ev, 0);
        xmi_sim_domain_run(l.d, 100);
    }
    ck_assert_uint_eq(l.d->vcpu[0].regs.x86.msr_lstar, 0x77);
    ck_assert_uint_eq(report(l.d).leftover_monitors, 1 + sizeof(msrs) / sizeof(msrs[0]));
    xmi_sim_machine_destroy(l.m);
}
END_TEST

/* These are done again until the listener moves the pc, as on Xen. */
START_TEST(test_again_until_moved)
{
    static const struct {
        struct sim_op op;
        uint32_t monitor, reason;
    } v[] = {
        {{.code = SIM_OP_CPUID, .index = 0}, XM_MONITOR_CPUID, XM_EV_REASON_CPUID},
        {{.code = SIM_OP_BREAKPOINT, .addr = 0x3000},
         XM_MONITOR_SOFTWARE_BREAKPOINT,
         XM_EV_REASON_SOFTWARE_BREAKPOINT},
        {{.code = SIM_OP_DESCRIPTOR, .index = XM_EV_DESC_IDTR, .value = 1},
         XM_MONITOR_DESC_ACCESS,
         XM_EV_REASON_DESCRIPTOR_ACCESS},
    };
    struct listener l = new_listener(1, SIM_X86_EPT, 1, 16);
    struct xm_ev ev;

    monitor(&l, v[_i].monitor, 0);
    ev = run_op(&l, v[_i].op);
    ck_assert_uint_eq(ev.reason, v[_i].reason);
    answer(&l, &ev, 0);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 1);
    ck_assert_uint_eq(vcpu(l.d, 0).done, 0);
    ck_assert(take(&l, &ev));
    ev.data.x86.rip += 2;
    answer(&l, &ev, XM_EV_FLAG_SET_REGISTERS);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 1);
    ck_assert(!take(&l, &ev));
    ck_assert_uint_eq(vcpu(l.d, 0).done, 1);
    ck_assert_uint_eq(vcpu(l.d, 0).pc, ev.data.x86.rip);
    if (v[_i].reason == XM_EV_REASON_CPUID)
        ck_assert_uint_eq(vcpu(l.d, 0).result, 0x16);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

START_TEST(test_emulated_descriptor)
{
    struct listener l = new_listener(1, SIM_X86_EPT, 1, 16);
    struct sim_op op = {.code = SIM_OP_DESCRIPTOR, .index = XM_EV_DESC_TR};
    struct xm_ev ev;

    monitor(&l, XM_MONITOR_DESC_ACCESS, 0);
    ev = run_op(&l, op);
    ck_assert_uint_eq(ev.u.desc.descriptor, XM_EV_DESC_TR);
    answer(&l, &ev, XM_EV_FLAG_EMULATE);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 1);
    ck_assert(!take(&l, &ev));
    ck_assert_uint_eq(vcpu(l.d, 0).done, 1);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

START_TEST(test_debug_and_vmexit)
{
    struct listener l = new_listener(1, SIM_X86_EPT, 1, 16);
    struct xm_ev ev;

    monitor(&l, XM_MONITOR_DEBUG_EXCEPTION, 0);
    ev = run_op(&l, (struct sim_op){.code = SIM_OP_DEBUG, .value = 0x4000});
    ck_assert_uint_eq(ev.u.debug.pending_dbg, 0x4000);
    answer(&l, &ev, 0);
    monitor(&l, XM_MONITOR_VMEXIT, 0);
    ev = run_op(&l, (struct sim_op){.code = SIM_OP_VMEXIT, .index = 37, .value = 9});
    ck_assert_uint_eq(ev.u.vmexit.reason, 37);
    ck_assert_uint_eq(ev.u.vmexit.qualification, 9);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

START_TEST(test_arm_privileged_call)
{
    struct listener l = new_listener(1, SIM_ARM_S2, 1, 16);
    struct xm_ev ev;

    monitor(&l, XM_MONITOR_PRIVILEGED_CALL, 0);
    ev = run_op(&l, (struct sim_op){.code = SIM_OP_PRIVCALL});
    ck_assert_uint_eq(ev.reason, XM_EV_REASON_PRIVILEGED_CALL);
    ev.data.arm.pc += 4;
    answer(&l, &ev, XM_EV_FLAG_SET_REGISTERS);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 1);
    ck_assert_uint_eq(vcpu(l.d, 0).done, 1);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

START_TEST(test_next_interrupt)
{
    struct listener l = new_listener(1, SIM_X86_EPT, 1, 16);
    struct sim_op op = {.code = SIM_OP_GUEST_REQUEST};
    struct xm_ev ev;

    monitor(&l, XM_MONITOR_GUEST_REQUEST, 1);
    ev = run_op(&l, op);
    answer(&l, &ev, XM_EV_FLAG_GET_NEXT_INTERRUPT);
    one_op(l.d, SIM_OP_READ, 0, 0);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 1);
    ck_assert(take(&l, &ev));
    ck_assert_uint_eq(ev.reason, XM_EV_REASON_INTERRUPT);
    ck_assert_uint_eq(vcpu(l.d, 0).done, 1);
    answer(&l, &ev, 0);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 1);
    ck_assert_uint_eq(vcpu(l.d, 0).done, 2);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

/* What the emulator does not know: #UD, or an event where that is watched. */
START_TEST(test_emul_unimplemented)
{
    struct listener l = new_listener(1, SIM_X86_EPT, 1, 16);
    struct sim_op op = {.code = SIM_OP_WRITE, .flags = SIM_OP_F_NO_EMUL, .addr = 0x1000};
    bool watched = _i != 0;
    struct xm_ev ev;

    if (watched)
        monitor(&l, XM_MONITOR_EMUL_UNIMPLEMENTED, 0);
    ck_assert_int_eq(set_rights(&l, 1, 1, XM_ACCESS_R), 0);
    ev = run_op(&l, op);
    answer(&l, &ev, XM_EV_FLAG_EMULATE);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 1);
    ck_assert_int_eq(take(&l, &ev), watched);
    if (watched)
        ck_assert_uint_eq(ev.reason, XM_EV_REASON_EMUL_UNIMPLEMENTED);
    ck_assert_uint_eq(vcpu(l.d, 0).traps, watched ? 0 : 1);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

/* What it refuses is the exception, whoever watches. */
START_TEST(test_emul_unhandleable)
{
    struct listener l = new_listener(1, SIM_X86_EPT, 1, 16);
    struct sim_op op = {.code = SIM_OP_WRITE, .flags = SIM_OP_F_UNHANDLEABLE, .addr = 0x1000};
    struct xm_ev ev;

    monitor(&l, XM_MONITOR_EMUL_UNIMPLEMENTED, 0);
    ck_assert_int_eq(set_rights(&l, 1, 1, XM_ACCESS_R), 0);
    ev = run_op(&l, op);
    answer(&l, &ev, XM_EV_FLAG_EMULATE);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 1);
    ck_assert(!take(&l, &ev));
    ck_assert_uint_eq(vcpu(l.d, 0).traps, 1);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

/* A guest's int3: its own handler gets it where nobody watches, or where the listener injects it. */
START_TEST(test_injected_breakpoint)
{
    struct listener l = new_listener(1, SIM_X86_EPT, 1, 16);
    struct sim_op op = {.code = SIM_OP_BREAKPOINT, .addr = 0x3000};
    struct xm_ev ev;
    uint64_t pc;

    ck_assert_int_eq(xmi_sim_vcpu_script(l.d, 0, &op, 1, 1), 0);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 1);
    ck_assert_uint_eq(vcpu(l.d, 0).breakpoints, 1);
    monitor(&l, XM_MONITOR_SOFTWARE_BREAKPOINT, 0);
    ev = run_op(&l, op);
    pc = vcpu(l.d, 0).pc;
    ck_assert_uint_eq(vcpu(l.d, 0).breakpoints, 1);
    ck_assert_int_eq(xmi_sim_vcpu_inject(l.d, 0, SIM_VECTOR_BP, ev.u.breakpoint.type, 1), 0);
    ck_assert_int_eq(xmi_sim_vcpu_inject(l.d, 0, SIM_VECTOR_BP, 6, 1), -XM_EBUSY);
    answer(&l, &ev, 0);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 1);
    ck_assert(!take(&l, &ev));
    ck_assert_uint_eq(vcpu(l.d, 0).breakpoints, 2);
    ck_assert_uint_eq(vcpu(l.d, 0).traps, 2);
    ck_assert_uint_eq(vcpu(l.d, 0).done, 2);
    ck_assert_uint_eq(vcpu(l.d, 0).pc, pc + 1);
    ck_assert_int_eq(vcpu(l.d, 0).state, SIM_VCPU_IDLE);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

/* It comes behind its instruction, which it does not end; an idle vCPU takes it as well. */
START_TEST(test_injected_debug)
{
    struct listener l = new_listener(1, SIM_X86_EPT, 1, 16);
    struct sim_op op = {.code = SIM_OP_DEBUG, .addr = 0x3000, .value = 0x4000};
    struct xm_ev ev;
    uint64_t pc;

    ck_assert_int_eq(xmi_sim_vcpu_script(l.d, 0, &op, 1, 1), 0);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 1);
    ck_assert_uint_eq(vcpu(l.d, 0).debugs, 1);
    monitor(&l, XM_MONITOR_DEBUG_EXCEPTION, 1);
    ev = run_op(&l, op);
    pc = vcpu(l.d, 0).pc;
    ck_assert_int_eq(xmi_sim_vcpu_inject(l.d, 0, SIM_VECTOR_DB, 3, 0), 0);
    answer(&l, &ev, 0);
    xmi_sim_domain_run(l.d, 100);
    ck_assert_uint_eq(vcpu(l.d, 0).debugs, 2);
    ck_assert_uint_eq(vcpu(l.d, 0).done, 2);
    ck_assert_uint_eq(vcpu(l.d, 0).pc, pc);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

START_TEST(test_inject_refused)
{
    struct listener l = new_listener(1, SIM_X86_EPT, 1, 16);
    struct listener arm = new_listener(1, SIM_ARM_S2, 1, 16);

    ck_assert_int_eq(xmi_sim_vcpu_inject(NULL, 0, 3, 6, 1), -XM_EINVAL);
    ck_assert_int_eq(xmi_sim_vcpu_inject(l.d, 1, 3, 6, 1), -XM_EINVAL);
    ck_assert_int_eq(xmi_sim_vcpu_inject(l.d, 0, 3, 8, 1), -XM_EINVAL);
    ck_assert_int_eq(xmi_sim_vcpu_inject(l.d, 0, 3, 6, 16), -XM_EINVAL);
    ck_assert_int_eq(xmi_sim_vcpu_inject(arm.d, 0, 3, 6, 1), -XM_EOPNOTSUPP);
    xmi_sim_inject_errno(l.d, 1, XM_HC_INJECT_EVENT, XM_ENOMEM);
    ck_assert_int_eq(xmi_sim_vcpu_inject(l.d, 0, 3, 6, 1), -XM_ENOMEM);
    xmi_sim_domain_kill(l.d);
    ck_assert_int_eq(xmi_sim_vcpu_inject(l.d, 0, 3, 6, 1), -XM_ESRCH);
    xmi_sim_machine_destroy(l.m);
    xmi_sim_machine_destroy(arm.m);
}
END_TEST

static void fill(TCase *t)
{
    tcase_add_test(t, test_emul_unhandleable);
    tcase_add_test(t, test_injected_breakpoint);
    tcase_add_test(t, test_injected_debug);
    tcase_add_test(t, test_inject_refused);
    tcase_add_test(t, test_unwatched);
    tcase_add_test(t, test_guest_request);
    tcase_add_loop_test(t, test_ctrlreg, 0, 2);
    tcase_add_test(t, test_msr);
    tcase_add_loop_test(t, test_again_until_moved, 0, 3);
    tcase_add_test(t, test_emulated_descriptor);
    tcase_add_test(t, test_debug_and_vmexit);
    tcase_add_test(t, test_arm_privileged_call);
    tcase_add_test(t, test_next_interrupt);
    tcase_add_loop_test(t, test_emul_unimplemented, 0, 2);
}

int main(void)
{
    return run_suite("sim-event", fill);
}
