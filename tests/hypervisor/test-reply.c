/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an answer does to its vCPU. */
#include "fake-env.h"

#include <string.h>

#define PAUSED XM_EV_FLAG_VCPU_PAUSED

static struct xm_domain d;

/* vCPU 1 is stopped because it wrote to gfn 3. */
static void violate(enum xm_kind kind, bool views)
{
    fake_domain(&d, kind, 17, views);
    ck_assert_int_eq(fake_set(&d, 3, 1, XM_ACCESS_R), 0);
    ck_assert_int_eq(fake_access(&d, 1, 3, XM_DO_W), XM_V_STOPPED);
}

static void start(void)
{
    violate(XM_KIND_X86_EPT, true);
}

static void stop(void)
{
    fake_end(&d);
}

START_TEST(resume_unpauses_once)
{
    struct xm_ev rsp = *fake_last(&d);

    ck_assert_int_eq(fake_answer(&d, &rsp), 0);
    ck_assert_int_eq(fake.pauses[1], 0);
    ck_assert_uint_eq(d.vcpu[1].pending_reason, 0);
    ck_assert_int_eq(fake_answer(&d, &rsp), 0);
    ck_assert_int_eq(fake.pauses[1], 0);
    ck_assert_uint_eq(d.stats.double_answers, 1);
}
END_TEST

START_TEST(an_answer_without_paused_leaves_it_paused)
{
    ck_assert_int_eq(fake_resume(&d, 1, 0), 0);
    ck_assert_int_eq(fake.pauses[1], 1);
}
END_TEST

START_TEST(orders_for_a_vcpu_that_runs_are_ignored)
{
    struct xm_reply reply;
    struct xm_ev rsp = *fake_last(&d);

    rsp.vcpu_id = 2;
    rsp.flags = XM_EV_FLAG_EMULATE | XM_EV_FLAG_TOGGLE_SINGLESTEP | XM_EV_FLAG_SET_REGISTERS;
    rsp.data.x86.rip = 0x666;
    ck_assert_int_eq(fake_answer(&d, &rsp), 0);
    ck_assert(!xm_reply_take(&d, 2, &reply));
    ck_assert(!d.vcpu[2].single_step);
    ck_assert_uint_eq(fake.regs[2].x86.rip, 0);
    ck_assert_uint_eq(d.stats.double_answers, 0);
}
END_TEST

START_TEST(emulate_is_handed_on_once)
{
    struct xm_reply reply;

    ck_assert_int_eq(fake_resume(&d, 1, PAUSED | XM_EV_FLAG_EMULATE | XM_EV_FLAG_EMULATE_NOWRITE),
                     0);
    ck_assert(xm_reply_take(&d, 1, &reply));
    ck_assert_uint_eq(reply.flags, XM_EV_FLAG_EMULATE | XM_EV_FLAG_EMULATE_NOWRITE);
    ck_assert_uint_eq(reply.reason, XM_EV_REASON_MEM_ACCESS);
    ck_assert(!reply.deny);
    ck_assert(!xm_reply_take(&d, 1, &reply));
}
END_TEST

START_TEST(emulate_only_where_the_rights_are_still_in_the_way)
{
    struct xm_reply reply;

    ck_assert_int_eq(fake_set(&d, 3, 1, XM_ACCESS_RW), 0);
    ck_assert_int_eq(fake_resume(&d, 1, PAUSED | XM_EV_FLAG_EMULATE), 0);
    ck_assert(!xm_reply_take(&d, 1, &reply));
    ck_assert_int_eq(fake.pauses[1], 0);
}
END_TEST

START_TEST(emulate_on_a_gfn_that_is_gone)
{
    struct xm_reply reply;

    ck_assert_int_eq(xm_p2m_unmap(&d, xm_gfn(3), 0), 0);
    ck_assert_int_eq(fake_resume(&d, 1, PAUSED | XM_EV_FLAG_EMULATE), 0);
    ck_assert(xm_reply_take(&d, 1, &reply));
}
END_TEST

START_TEST(read_data_comes_with_a_size_that_fits)
{
    struct xm_reply reply;
    struct xm_ev rsp = *fake_last(&d);

    rsp.flags = PAUSED | XM_EV_FLAG_EMULATE | XM_EV_FLAG_SET_EMUL_READ_DATA;
    rsp.data.read.size = UINT32_MAX;
    memset(rsp.data.read.data, 0x5a, sizeof(rsp.data.read.data));
    ck_assert_int_eq(fake_answer(&d, &rsp), 0);
    ck_assert(xm_reply_take(&d, 1, &reply));
    ck_assert_uint_ne(reply.flags & XM_EV_FLAG_SET_EMUL_READ_DATA, 0);
    ck_assert_uint_eq(reply.data.read.size, sizeof(reply.data.read.data));
    ck_assert_uint_eq(reply.data.read.data[7], 0x5a);
}
END_TEST

START_TEST(instruction_bytes_are_for_breakpoints)
{
    const struct xm_ev_debug b = {.gfn = 3};
    struct xm_reply reply;
    struct xm_ev rsp;

    ck_assert_int_eq(fake_resume(&d, 1, PAUSED), 0);
    ck_assert_int_eq(fake_monitor(&d, XM_MONITOR_ENABLE, XM_MONITOR_SOFTWARE_BREAKPOINT), 0);
    ck_assert_int_eq(xm_event_breakpoint(&d, 1, &b), XM_GO_AGAIN);
    rsp = *fake_last(&d);
    rsp.flags = PAUSED | XM_EV_FLAG_EMULATE | XM_EV_FLAG_SET_EMUL_INSN_DATA;
    memset(rsp.data.insn.data, 0xff, sizeof(rsp.data.insn.data));
    ck_assert_int_eq(fake_answer(&d, &rsp), 0);
    ck_assert(xm_reply_take(&d, 1, &reply));
    ck_assert_uint_eq(reply.flags, XM_EV_FLAG_EMULATE | XM_EV_FLAG_SET_EMUL_INSN_DATA);
    ck_assert_uint_eq(reply.data.insn.data[0], 0xff);
    ck_assert_uint_eq(reply.data.insn.data[15], 0xff);
    ck_assert_int_eq(xm_event_breakpoint(&d, 1, &b), XM_GO_AGAIN);
    ck_assert_int_eq(fake_resume(&d, 1, PAUSED | XM_EV_FLAG_EMULATE), 0);
    ck_assert(!xm_reply_take(&d, 1, &reply));
}
END_TEST

START_TEST(emulate_for_descriptors_and_not_for_others)
{
    const struct xm_ev_desc_access a = {.descriptor = XM_EV_DESC_TR};
    struct xm_reply reply;

    ck_assert_int_eq(fake_resume(&d, 1, PAUSED), 0);
    ck_assert_int_eq(fake_monitor(&d, XM_MONITOR_ENABLE, XM_MONITOR_DESC_ACCESS), 0);
    ck_assert_int_eq(fake_monitor(&d, XM_MONITOR_ENABLE, XM_MONITOR_CPUID), 0);
    ck_assert_int_eq(xm_event_descriptor(&d, 1, &a), XM_GO_AGAIN);
    ck_assert_int_eq(fake_resume(&d, 1, PAUSED | XM_EV_FLAG_EMULATE), 0);
    ck_assert(xm_reply_take(&d, 1, &reply));
    ck_assert_int_eq(xm_event_cpuid(&d, 1, 2, 0, 0), XM_GO_AGAIN);
    ck_assert_int_eq(fake_resume(&d, 1, PAUSED | XM_EV_FLAG_EMULATE), 0);
    ck_assert(!xm_reply_take(&d, 1, &reply));
}
END_TEST

START_TEST(set_registers_takes_general_ones_flags_and_rip)
{
    struct xm_ev rsp = *fake_last(&d);

    fake.regs[1].x86.cr3 = 0x1000;
    fake.regs[1].x86.dr6 = 0x2000;
    rsp.flags = PAUSED | XM_EV_FLAG_SET_REGISTERS;
    memset(&rsp.data.x86, 0x11, sizeof(rsp.data.x86));
    ck_assert_int_eq(fake_answer(&d, &rsp), 0);
    ck_assert_uint_eq(fake.regs[1].x86.rax, UINT64_C(0x1111111111111111));
    ck_assert_uint_eq(fake.regs[1].x86.r15, UINT64_C(0x1111111111111111));
    ck_assert_uint_eq(fake.regs[1].x86.rflags, UINT64_C(0x1111111111111111));
    ck_assert_uint_eq(fake.regs[1].x86.rip, UINT64_C(0x1111111111111111));
    ck_assert_uint_eq(fake.regs[1].x86.cr3, 0x1000);
    ck_assert_uint_eq(fake.regs[1].x86.dr6, 0x2000);
}
END_TEST

START_TEST(arm_takes_the_pc_and_nothing_else)
{
    struct xm_reply reply;
    struct xm_ev rsp;

    fake_end(&d);
    violate(XM_KIND_ARM_S2, false);
    rsp = *fake_last(&d);
    rsp.flags = PAUSED | XM_EV_FLAG_SET_REGISTERS | XM_EV_FLAG_EMULATE |
                XM_EV_FLAG_TOGGLE_SINGLESTEP | XM_EV_FLAG_ALTERNATE_P2M;
    rsp.data.arm.pc = 0x8004;
    rsp.data.arm.cpsr = 0x666;
    ck_assert_int_eq(fake_answer(&d, &rsp), 0);
    ck_assert_uint_eq(fake.regs[1].arm.pc, 0x8004);
    ck_assert_uint_eq(fake.regs[1].arm.cpsr, 0);
    ck_assert(!xm_reply_take(&d, 1, &reply));
    ck_assert(!d.vcpu[1].single_step);
}
END_TEST

START_TEST(single_step_is_toggled_and_told_when_watched)
{
    ck_assert_int_eq(fake_resume(&d, 1, PAUSED | XM_EV_FLAG_TOGGLE_SINGLESTEP), 0);
    ck_assert(d.vcpu[1].single_step);
    ck_assert_int_eq(xm_event_singlestep(&d, 1, 3), XM_GO_ON);
    ck_assert(d.vcpu[1].single_step);
    ck_assert_int_eq(fake_monitor(&d, XM_MONITOR_ENABLE, XM_MONITOR_SINGLESTEP), 0);
    ck_assert_int_eq(xm_event_singlestep(&d, 0, 3), XM_GO_ON);
    ck_assert_int_eq(xm_event_singlestep(&d, 1, 3), XM_GO_DONE);
    ck_assert_uint_eq(fake_last(&d)->reason, XM_EV_REASON_SINGLESTEP);
    ck_assert_uint_eq(fake_last(&d)->u.singlestep.gfn, 3);
    ck_assert_int_eq(fake_resume(&d, 1, PAUSED | XM_EV_FLAG_TOGGLE_SINGLESTEP), 0);
    ck_assert(!d.vcpu[1].single_step);
}
END_TEST

START_TEST(the_view_is_switched_when_it_exists)
{
    int view = fake_view_create(&d, XM_ACCESS_RWX);
    struct xm_ev rsp = *fake_last(&d);

    rsp.flags = XM_EV_FLAG_ALTERNATE_P2M;
    rsp.altp2m_idx = 7;
    ck_assert_int_eq(fake_answer(&d, &rsp), 0);
    ck_assert_uint_eq(d.vcpu[1].view, 0);
    rsp.altp2m_idx = (uint16_t)view;
    ck_assert_int_eq(fake_answer(&d, &rsp), 0);
    ck_assert_uint_eq(d.vcpu[1].view, (unsigned)view);
    ck_assert_uint_eq(d.vcpu[0].view, 0);
}
END_TEST

START_TEST(a_fast_step_comes_back_by_itself)
{
    int view = fake_view_create(&d, XM_ACCESS_RWX);
    struct xm_ev rsp = *fake_last(&d);

    ck_assert_int_eq(fake_monitor(&d, XM_MONITOR_ENABLE, XM_MONITOR_SINGLESTEP), 0);
    ck_assert(xm_vcpu_switch_view(&d, 1, (unsigned)view));
    rsp.flags = PAUSED | XM_EV_FLAG_ALTERNATE_P2M | XM_EV_FLAG_FAST_SINGLESTEP;
    rsp.altp2m_idx = 0;
    rsp.u.fast_singlestep.p2midx = (uint16_t)view;
    ck_assert_int_eq(fake_answer(&d, &rsp), 0);
    ck_assert_uint_eq(d.vcpu[1].view, 0);
    ck_assert(d.vcpu[1].single_step);
    ck_assert_int_eq(xm_event_singlestep(&d, 1, 3), XM_GO_ON);
    ck_assert_uint_eq(d.vcpu[1].view, (unsigned)view);
    ck_assert(!d.vcpu[1].single_step && !d.vcpu[1].fast_step);
    ck_assert_uint_eq(d.stats.events, 1);
}
END_TEST

START_TEST(until_4_19_a_fast_step_stays_where_it_is_while_steps_are_not_watched)
{
    struct xm_ev rsp = *fake_last(&d);
    int view = fake_view_create(&d, XM_ACCESS_RWX);

    ck_assert(xm_vcpu_switch_view(&d, 1, (unsigned)view));
    rsp.flags = PAUSED | XM_EV_FLAG_ALTERNATE_P2M | XM_EV_FLAG_FAST_SINGLESTEP;
    rsp.altp2m_idx = 0;
    rsp.u.fast_singlestep.p2midx = (uint16_t)view;
    ck_assert_int_eq(fake_answer(&d, &rsp), 0);
    ck_assert_int_eq(xm_event_singlestep(&d, 1, 3), XM_GO_ON);
    ck_assert_uint_eq(d.vcpu[1].view, 0);
    d.xen_minor = 20; /* there it is no matter whether they are */
    ck_assert_int_eq(xm_event_singlestep(&d, 1, 3), XM_GO_ON);
    ck_assert_uint_eq(d.vcpu[1].view, (unsigned)view);
    ck_assert(!d.vcpu[1].single_step);
}
END_TEST

START_TEST(a_fast_step_to_a_number_that_no_view_can_have_is_none)
{
    struct xm_ev rsp = *fake_last(&d);

    rsp.flags = PAUSED | XM_EV_FLAG_FAST_SINGLESTEP;
    rsp.u.fast_singlestep.p2midx = 10;
    ck_assert_int_eq(fake_answer(&d, &rsp), 0);
    ck_assert(!d.vcpu[1].single_step);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("reply");
    TCase *t = tcase_create("reply");

    tcase_add_checked_fixture(t, start, stop);
    tcase_add_test(t, resume_unpauses_once);
    tcase_add_test(t, an_answer_without_paused_leaves_it_paused);
    tcase_add_test(t, orders_for_a_vcpu_that_runs_are_ignored);
    tcase_add_test(t, emulate_is_handed_on_once);
    tcase_add_test(t, emulate_only_where_the_rights_are_still_in_the_way);
    tcase_add_test(t, emulate_on_a_gfn_that_is_gone);
    tcase_add_test(t, read_data_comes_with_a_size_that_fits);
    tcase_add_test(t, instruction_bytes_are_for_breakpoints);
    tcase_add_test(t, emulate_for_descriptors_and_not_for_others);
    tcase_add_test(t, set_registers_takes_general_ones_flags_and_rip);
    tcase_add_test(t, arm_takes_the_pc_and_nothing_else);
    tcase_add_test(t, single_step_is_toggled_and_told_when_watched);
    tcase_add_test(t, the_view_is_switched_when_it_exists);
    tcase_add_test(t, a_fast_step_comes_back_by_itself);
    tcase_add_test(t, until_4_19_a_fast_step_stays_where_it_is_while_steps_are_not_watched);
    tcase_add_test(t, a_fast_step_to_a_number_that_no_view_can_have_is_none);
    suite_add_tcase(s, t);
    return fake_run(s);
}
