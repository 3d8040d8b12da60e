/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest's access meets rights: it stops, is answered, goes on as the answer says. */
#include "sim/sim-test.h"

#define PAGE(n) ((uint64_t)(n) << XM_PAGE_SHIFT)

/* vCPU 0 does one op on a page with these rights; the request that comes of it. */
static struct xm_ev violate(struct listener *l, uint8_t rights, uint8_t code, uint64_t value)
{
    struct xm_ev ev = {0};

    ck_assert_int_eq(set_rights(l, 1, 1, rights), 0);
    one_op(l->d, code, PAGE(1) + 0x18, value);
    ck_assert_uint_eq(xmi_sim_domain_run(l->d, 100), 1);
    ck_assert(take(l, &ev));
    ck_assert_uint_eq(ev.reason, XM_EV_REASON_MEM_ACCESS);
    ck_assert_uint_eq(ev.u.mem_access.gfn, 1);
    ck_assert_uint_eq(ev.u.mem_access.offset, 0x18);
    ck_assert_uint_eq(vcpu(l->d, 0).done, 0);
    ck_assert_int_eq(vcpu(l->d, 0).state, SIM_VCPU_PAUSED);
    ck_assert_uint_eq(xmi_sim_domain_run(l->d, 100), 0);
    ck_assert(xmi_sim_domain_runnable(l->d));
    return ev;
}

static void ends_clean(struct listener *l, uint64_t done)
{
    struct sim_report r;

    ck_assert_uint_eq(vcpu(l->d, 0).done, done);
    ck_assert_int_eq(ring_disable(l), 0);
    r = report(l->d);
    ck_assert_uint_eq(r.forbidden, 0);
    ck_assert_uint_eq(r.unanswered, 0);
    ck_assert_uint_eq(r.leaked_slots, 0);
    ck_assert_uint_eq(r.leftover_pauses, 0);
    ck_assert_uint_eq(r.leftover_monitors, 0);
    xmi_sim_machine_destroy(l->m);
}

START_TEST(test_relax_and_retry)
{
    struct listener l = new_listener(1, SIM_X86_EPT, 1, 16);
    struct xm_ev ev = violate(&l, XM_ACCESS_RX, SIM_OP_WRITE, 42), next;

    ck_assert_uint_eq(ev.u.mem_access.flags & XM_DO_W, XM_DO_W);
    ck_assert_uint_eq(ev.data.x86.rip, vcpu(l.d, 0).pc);
    ck_assert_uint_eq(ev.data.x86.cr3, xmi_sim_x86_cr3(&l.d->vcpu[0]));
    /* Without a change it faults again. */
    answer(&l, &ev, 0);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 1);
    ck_assert(take(&l, &next));
    ck_assert_uint_eq(report(l.d).unanswered, 1);
    ck_assert_int_eq(set_rights(&l, 1, 1, XM_ACCESS_RWX), 0);
    answer(&l, &next, 0);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 1);
    ck_assert_uint_eq(peek64(l.d, PAGE(1) + 0x18), 42);
    ends_clean(&l, 1);
}
END_TEST

START_TEST(test_emulate)
{
    struct listener l = new_listener(1, SIM_X86_EPT, 1, 16);
    struct xm_ev ev = violate(&l, XM_ACCESS_N, SIM_OP_WRITE, 42);

    answer(&l, &ev, XM_EV_FLAG_EMULATE);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 1);
    ck_assert_uint_eq(peek64(l.d, PAGE(1) + 0x18), 42);
    ends_clean(&l, 1);
}
END_TEST

START_TEST(test_emulate_nowrite)
{
    struct listener l = new_listener(1, SIM_X86_EPT, 1, 16);
    struct xm_ev ev = violate(&l, XM_ACCESS_R, SIM_OP_RMW, 42);

    answer(&l, &ev, XM_EV_FLAG_EMULATE | XM_EV_FLAG_EMULATE_NOWRITE);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 1);
    ck_assert_uint_eq(peek64(l.d, PAGE(1) + 0x18), 0);
    ends_clean(&l, 1);
}
END_TEST

START_TEST(test_read_data)
{
    struct listener l = new_listener(1, SIM_X86_EPT, 1, 16);
    struct xm_ev ev = violate(&l, XM_ACCESS_X, SIM_OP_READ, 0);

    memset(&ev.data.read, 0, sizeof(ev.data.read));
    ev.data.read.size = 3;
    memcpy(ev.data.read.data, "\x11\x22\x33\x44", 4);
    answer(&l, &ev, XM_EV_FLAG_EMULATE | XM_EV_FLAG_SET_EMUL_READ_DATA);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 1);
    ck_assert_uint_eq(vcpu(l.d, 0).result, 0x332211);
    ends_clean(&l, 1);
}
END_TEST

/* The listener does the read itself: new pc, value in rax. */
START_TEST(test_set_registers)
{
    struct listener l = new_listener(1, SIM_X86_EPT, 1, 16);
    struct xm_ev ev = violate(&l, XM_ACCESS_X, SIM_OP_READ, 0);

    ev.data.x86.rip += 5;
    ev.data.x86.rax = 0xabc;
    answer(&l, &ev, XM_EV_FLAG_SET_REGISTERS);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 1);
    ck_assert_uint_eq(vcpu(l.d, 0).pc, ev.data.x86.rip);
    ck_assert_uint_eq(vcpu(l.d, 0).result, 0xabc);
    ends_clean(&l, 1);
}
END_TEST

/* Step over by single step: relax, one instruction, restrict. */
START_TEST(test_single_step)
{
    struct listener l = new_listener(1, SIM_X86_EPT, 1, 16);
    struct xm_ev ev = violate(&l, XM_ACCESS_RX, SIM_OP_WRITE, 42), step;

    ck_assert_int_eq(domctl(&l, XM_DOMCTL_MONITOR_OP, XM_MONITOR_SINGLESTEP, 0), 0);
    ck_assert_int_eq(set_rights(&l, 1, 1, XM_ACCESS_RWX), 0);
    answer(&l, &ev, XM_EV_FLAG_TOGGLE_SINGLESTEP);
    ck_assert(vcpu(l.d, 0).single_step);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 1);
    ck_assert_uint_eq(vcpu(l.d, 0).done, 1);
    ck_assert(take(&l, &step));
    ck_assert_uint_eq(step.reason, XM_EV_REASON_SINGLESTEP);
    ck_assert_uint_eq(step.u.singlestep.gfn, 1);
    ck_assert_int_eq(set_rights(&l, 1, 1, XM_ACCESS_RX), 0);
    answer(&l, &step, XM_EV_FLAG_TOGGLE_SINGLESTEP);
    ck_assert(!vcpu(l.d, 0).single_step);
    ck_assert_uint_eq(report(l.d).leftover_rights, 1);
    ends_clean(&l, 1);
}
END_TEST

/* Views: write-protected in view 1, step in view 0 and back, by one answer. */
START_TEST(test_fast_single_step)
{
    struct listener l = new_listener(1, SIM_X86_EPT, 1, 16);
    struct xm_altp2m_op op = {.u.domain_state.state = 1};
    struct sim_op ops[2] = {{.code = SIM_OP_WRITE, .addr = PAGE(1), .value = 7},
                            {.code = SIM_OP_WRITE, .addr = PAGE(1), .value = 8}};
    struct xm_ev ev;

    ck_assert_int_eq(altp2m(&l, XM_ALTP2M_SET_DOMAIN_STATE, &op), 0);
    op = (struct xm_altp2m_op){.u.view.hvmmem_default_access = XM_ACCESS_RWX};
    ck_assert_int_eq(altp2m(&l, XM_ALTP2M_CREATE_P2M, &op), 0);
    ck_assert_uint_eq(op.u.view.view, 1);
    op = (struct xm_altp2m_op){.u.mem_access = {.view = 1, .access = XM_ACCESS_RX, .gfn = 1}};
    ck_assert_int_eq(altp2m(&l, XM_ALTP2M_SET_MEM_ACCESS, &op), 0);
    op = (struct xm_altp2m_op){.u.view.view = 1};
    ck_assert_int_eq(altp2m(&l, XM_ALTP2M_SWITCH_P2M, &op), 0);
    ck_assert_int_eq(domctl(&l, XM_DOMCTL_MONITOR_OP, XM_MONITOR_SINGLESTEP, 0), 0);

    ck_assert_int_eq(xmi_sim_vcpu_script(l.d, 0, ops, 2, 1), 0);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 1);
    ck_assert(take(&l, &ev));
    ck_assert_uint_eq(ev.altp2m_idx, 1);
    ev.altp2m_idx = 0;
    ev.u.fast_singlestep.p2midx = 1;
    answer(&l, &ev, XM_EV_FLAG_ALTERNATE_P2M | XM_EV_FLAG_FAST_SINGLESTEP);
    ck_assert_uint_eq(vcpu(l.d, 0).view, 0);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 1), 1);
    ck_assert_uint_eq(vcpu(l.d, 0).view, 1);
    ck_assert_uint_eq(peek64(l.d, PAGE(1)), 7);
    /* The next one faults again. */
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 1);
    ck_assert(take(&l, &ev));
    ck_assert_uint_eq(report(l.d).leftover_views, 3); /* on, a view, a vCPU in it */
    answer(&l, &ev, XM_EV_FLAG_EMULATE);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 1);
    ends_clean(&l, 2);
}
END_TEST

START_TEST(test_rx2rw_and_n2rwx)
{
    struct listener l = new_listener(1, SIM_X86_EPT, 1, 16);
    struct xm_ev ev;

    ck_assert_int_eq(set_rights(&l, 1, 1, XM_ACCESS_RX2RW), 0);
    one_op(l.d, SIM_OP_WRITE, PAGE(1), 1);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 1);
    ck_assert(!take(&l, &ev));
    ck_assert_uint_eq(vcpu(l.d, 0).done, 1);
    /* With one vCPU there are slots enough not to stop for an event that is told only. */
    ck_assert_int_eq(set_rights(&l, 2, 1, XM_ACCESS_N2RWX), 0);
    one_op(l.d, SIM_OP_WRITE, PAGE(2), 1);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 1);
    ck_assert(take(&l, &ev));
    ck_assert_uint_eq(ev.flags & XM_EV_FLAG_VCPU_PAUSED, 0);
    ck_assert_uint_eq(vcpu(l.d, 0).done, 2);
    answer(&l, &ev, 0);
    ends_clean(&l, 2);
}
END_TEST

START_TEST(test_hypercall_buffer)
{
    struct listener l = new_listener(1, SIM_X86_EPT, 1, 16);
    struct xm_ev ev;

    ck_assert_int_eq(set_rights(&l, 1, 1, XM_ACCESS_N), 0);
    one_op(l.d, SIM_OP_HYPERCALL_BUF, PAGE(1), 99);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 1);
    ck_assert(!take(&l, &ev));
    ck_assert_uint_eq(peek64(l.d, PAGE(1)), 99);
    ends_clean(&l, 1);
}
END_TEST

/* Page walks: under r_pw they may write; where turned off they make no event. */
START_TEST(test_page_walk)
{
    const struct sim_machine_cfg mc = {.xen_minor = 20};
    const struct sim_op walk = {
        .code = SIM_OP_WRITE, .flags = SIM_OP_F_WALK, .addr = PAGE(1), .value = 5};
    struct listener l = {0};
    struct xm_domctl en = {
        .cmd = XM_DOMCTL_VM_EVENT_OP,
        .interface_version = xm_domctl_version(20),
        .domain = 1,
        .u.vm_event_op = {.op = XM_VM_EVENT_ENABLE, .mode = XM_VM_EVENT_MODE_MONITOR}};
    struct xm_ev ev;

    ck_assert_int_eq(xmi_sim_machine_create(&mc, &l.m), 0);
    l.d = new_domain(l.m, SIM_X86_EPT, 1, 16);
    ck_assert_int_eq(xmi_sim_hc_domctl(l.m, &en), 0);
    ck_assert_int_eq(set_rights(&l, 1, 1, 10), 0); /* r_pw, as of 4.20 */
    ck_assert_int_eq(xmi_sim_vcpu_script(l.d, 0, &walk, 1, 1), 0);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 1);
    ck_assert(!take(&l, &ev));
    ck_assert_uint_eq(peek64(l.d, PAGE(1)), 5);
    one_op(l.d, SIM_OP_WRITE, PAGE(1), 6);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 1);
    ck_assert(take(&l, &ev));
    ck_assert_uint_eq(ev.u.mem_access.flags & XM_EV_ACCESS_IN_GPT, 0);
    ck_assert_uint_eq(report(l.d).forbidden, 0);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

START_TEST(test_arm)
{
    struct listener l = new_listener(1, SIM_ARM_S2, 1, 16);
    uint64_t pc = vcpu(l.d, 0).pc;
    struct xm_altp2m_op op = {.u.domain_state.state = 1};
    struct xm_mem_access_op multi = {.op = XM_MEM_ACCESS_SET_MULTI, .domid = 1, .nr = 1};
    struct xm_ev ev;

    ck_assert_int_eq(altp2m(&l, XM_ALTP2M_SET_DOMAIN_STATE, &op), -XM_ENOSYS);
    ck_assert_int_eq(xmi_sim_hc_mem_access(l.m, &multi), -XM_EOPNOTSUPP);
    ck_assert_int_eq(domctl(&l, XM_DOMCTL_MONITOR_OP, XM_MONITOR_SINGLESTEP, 0), -XM_EOPNOTSUPP);
    ev = violate(&l, XM_ACCESS_W, SIM_OP_READ, 0);
    ck_assert_uint_eq(ev.data.arm.pc, pc);
    ck_assert_uint_ne(ev.data.arm.ttbr1, 0);
    /* Neither emulated nor stepped: it faults again. */
    answer(&l, &ev, XM_EV_FLAG_EMULATE | XM_EV_FLAG_TOGGLE_SINGLESTEP);
    ck_assert(!vcpu(l.d, 0).single_step);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 1);
    ck_assert(take(&l, &ev));
    ck_assert_uint_eq(vcpu(l.d, 0).done, 0);
    ev.data.arm.pc = pc + 4;
    ev.data.arm.ttbr1 = 1;
    answer(&l, &ev, XM_EV_FLAG_SET_REGISTERS);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 1);
    ck_assert_uint_eq(vcpu(l.d, 0).pc, pc + 4);
    ck_assert_uint_ne(l.d->vcpu[0].regs.arm.ttbr1, 1);
    one_op(l.d, SIM_OP_READ, PAGE(3), 0);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 1);
    ck_assert_uint_eq(vcpu(l.d, 0).pc, pc + 8);
    ends_clean(&l, 2);
}
END_TEST

START_TEST(test_ve)
{
    struct listener l = new_listener(1, SIM_X86_EPT, 1, 16);
    struct xm_altp2m_op op = {.u.domain_state.state = 1};
    struct sim_op ops[2] = {{.code = SIM_OP_VMFUNC, .value = 1},
                            {.code = SIM_OP_WRITE, .addr = PAGE(1), .value = 7}};
    struct xm_ev ev;

    ck_assert_int_eq(altp2m(&l, XM_ALTP2M_SET_DOMAIN_STATE, &op), 0);
    op = (struct xm_altp2m_op){.u.view.hvmmem_default_access = XM_ACCESS_RWX};
    ck_assert_int_eq(altp2m(&l, XM_ALTP2M_CREATE_P2M, &op), 0);
    op = (struct xm_altp2m_op){.u.mem_access = {.view = 1, .access = XM_ACCESS_RX, .gfn = 1}};
    ck_assert_int_eq(altp2m(&l, XM_ALTP2M_SET_MEM_ACCESS, &op), 0);
    op = (struct xm_altp2m_op){.u.enable_notify = {.gfn = 5}};
    ck_assert_int_eq(altp2m(&l, XM_ALTP2M_VCPU_ENABLE_NOTIFY, &op), 0);
    op = (struct xm_altp2m_op){.u.suppress_ve = {.view = 1, .gfn = 1}};
    ck_assert_int_eq(altp2m(&l, XM_ALTP2M_SET_SUPPRESS_VE, &op), 0);
    ck_assert_int_eq(xmi_sim_vcpu_script(l.d, 0, ops, 2, 1), 0);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 2);
    ck_assert_uint_eq(vcpu(l.d, 0).view, 1);
    ck_assert_uint_eq(vcpu(l.d, 0).traps, 1);
    ck_assert(!take(&l, &ev));
    ck_assert_uint_eq(peek64(l.d, PAGE(5)), 48); /* exit reason, and free again */
    ck_assert_uint_eq(peek64(l.d, PAGE(1)), 0);
    /* A view that is not there: an exception. */
    one_op(l.d, SIM_OP_VMFUNC, 0, 9);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 1);
    ck_assert_uint_eq(vcpu(l.d, 0).traps, 2);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

static void fill(TCase *t)
{
    tcase_add_test(t, test_relax_and_retry);
    tcase_add_test(t, test_emulate);
    tcase_add_test(t, test_emulate_nowrite);
    tcase_add_test(t, test_read_data);
    tcase_add_test(t, test_set_registers);
    tcase_add_test(t, test_single_step);
    tcase_add_test(t, test_fast_single_step);
    tcase_add_test(t, test_rx2rw_and_n2rwx);
    tcase_add_test(t, test_hypercall_buffer);
    tcase_add_test(t, test_page_walk);
    tcase_add_test(t, test_arm);
    tcase_add_test(t, test_ve);
}

int main(void)
{
    return run_suite("sim-access", fill);
}
