/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ring, and what answers ask of a vCPU. */
#include <string.h>

#include "fake-env.h"

static struct xm_domain d;

static void start(void)
{
    struct xm_domain_cfg cfg = {.kind = XM_KIND_X86_EPT, .vcpus = 12};
    struct xm_domctl_vm_event_op on = {.op = XM_VM_EVENT_ENABLE, .mode = XM_VM_EVENT_MODE_MONITOR};

    fake_start(&d, &cfg);
    ck_assert_int_eq(xm_hc_vm_event(&d, &on), 0);
}

static void stop(void)
{
    fake_end(&d);
}

static int send(uint32_t vcpu, bool sync)
{
    struct xm_ev ev = {.reason = XM_EV_REASON_GUEST_REQUEST};

    ev.u.raw[0] = vcpu + 1000;
    return xm_event_send(&d, &d.vcpu[vcpu], sync, &ev);
}

/* Answers what the i-th request was. */
static struct xm_ev request(unsigned i)
{
    return xm_ring_page(&d)->slot[i % XM_RING_SLOTS];
}

START_TEST(requests_are_in_order_and_counted)
{
    for (unsigned i = 0; i < 8; i++)
        ck_assert_int_eq(send(i, true), 1);
    for (unsigned i = 0; i < 8; i++) {
        ck_assert_uint_eq(request(i).vcpu_id, i);
        ck_assert_uint_eq(request(i).u.raw[0], i + 1000);
    }
    ck_assert_uint_eq(xm_ring_page(&d)->req_prod, 8);
    ck_assert_uint_eq(xm_ring_outstanding(&d), 8);
    ck_assert_uint_eq(fake.notifies, 8);
}
END_TEST

START_TEST(a_full_ring_puts_vcpus_to_sleep_in_order)
{
    struct xm_ev rsp;

    for (unsigned i = 0; i < 12; i++)
        ck_assert_int_eq(send(i, true), i < 8 ? 1 : -XM_EAGAIN);
    ck_assert(!fake.waits[7] && fake.waits[8] && fake.waits[11]);
    ck_assert_int_eq(send(9, true), -XM_EAGAIN); /* asleep already */
    ck_assert_uint_eq(d.stats.waits, 4);
    rsp = request(3); /* out of order: matched by vcpu_id */
    ck_assert_int_eq(fake_answer(&d, &rsp), 0);
    ck_assert_int_eq(fake.pauses[3], 0);
    ck_assert(!fake.waits[8] && fake.waits[9]);
    ck_assert_int_eq(send(8, true), 1);
    ck_assert_uint_eq(xm_ring_outstanding(&d), 8);
}
END_TEST

START_TEST(who_was_woken_and_lost_the_slot_keeps_its_place)
{
    struct xm_ev first = {.version = 7, .flags = XM_EV_FLAG_VCPU_PAUSED};

    for (unsigned i = 0; i < 10; i++)
        send(i, true);
    ck_assert_int_eq(fake_answer(&d, &first), 0);
    ck_assert(!fake.waits[8]);
    ck_assert_int_eq(send(11, true), 1); /* overtakes */
    ck_assert_int_eq(send(8, true), -XM_EAGAIN);
    first.vcpu_id = 1;
    ck_assert_int_eq(fake_answer(&d, &first), 0);
    ck_assert(!fake.waits[8] && fake.waits[9]);
}
END_TEST

START_TEST(with_too_few_free_slots_even_an_asynchronous_sender_pauses)
{
    struct xm_ev rsp = {.version = 7};

    ck_assert_int_eq(send(0, false), 0); /* 7 free, 12 vCPUs */
    ck_assert_int_eq(fake.pauses[0], 1);
    ck_assert(d.vcpu[0].blocked);
    ck_assert_uint_eq(d.vcpu[0].event_pause, 0);
    ck_assert_int_eq(fake_answer(&d, &rsp), 0);
    ck_assert_int_eq(fake.pauses[0], 0);
    ck_assert(!d.vcpu[0].blocked);
}
END_TEST

START_TEST(few_vcpus_are_not_paused_until_slots_are_few)
{
    d.vcpus = 3;
    for (unsigned i = 0; i < 5; i++) {
        ck_assert_int_eq(send(0, false), 0);
        ck_assert_int_eq(fake.pauses[0], 0);
    }
    ck_assert_int_eq(send(0, false), 0); /* 2 free < 3 */
    ck_assert_int_eq(fake.pauses[0], 1);
    ck_assert_int_eq(send(1, true), 1); /* paused for its event: not twice */
    ck_assert_int_eq(fake.pauses[1], 1);
    d.vcpus = 12;
}
END_TEST

START_TEST(nobody_stays_blocked_when_all_is_answered)
{
    struct xm_ev rsp = {.version = 7};

    for (unsigned i = 0; i < 8; i++)
        ck_assert_int_eq(send(i, false), 0);
    for (unsigned i = 8; i < 12; i++)
        ck_assert_int_eq(send(i, false), -XM_EAGAIN);
    for (unsigned i = 0; i < 8; i++)
        ck_assert_int_eq(fake_answer(&d, &rsp), 0);
    ck_assert_uint_eq(d.ring.blocked, 0);
    ck_assert_uint_eq(d.ring.waiters, 0);
    for (unsigned i = 0; i < 12; i++)
        ck_assert(fake.pauses[i] == 0 && !fake.waits[i]);
}
END_TEST

START_TEST(indexes_wrap)
{
    struct xm_ring_page *page = xm_ring_page(&d);

    d.ring.req_prod = d.ring.rsp_cons = UINT32_MAX - 2;
    page->req_prod = page->rsp_prod = UINT32_MAX - 2;
    for (unsigned i = 0; i < 8; i++) {
        ck_assert_int_eq(send(1, true), 1);
        ck_assert_int_eq(fake_resume(&d, 1, XM_EV_FLAG_VCPU_PAUSED), 0);
    }
    ck_assert_uint_eq(d.ring.rsp_cons, 5);
    ck_assert_int_eq(fake.pauses[1], 0);
}
END_TEST

START_TEST(indexes_that_cannot_be_take_nothing)
{
    struct xm_ring_page *page = xm_ring_page(&d);
    static const uint32_t bad[] = {9, 100, 0x80000000u, UINT32_MAX};

    ck_assert_int_eq(send(0, true), 1);
    for (unsigned i = 0; i < 4; i++) {
        page->rsp_prod = bad[i];
        ck_assert_int_eq(xm_ring_consume(&d), -XM_EINVAL);
    }
    ck_assert_uint_eq(fake.logs, 1);
    ck_assert_uint_eq(d.stats.bad_responses, 4);
    ck_assert_int_eq(fake.pauses[0], 1);
    page->rsp_prod = 1;
    ck_assert_int_eq(xm_ring_consume(&d), 0);
    ck_assert_int_eq(fake.pauses[0], 0);
    page->rsp_prod = 0;
    ck_assert_int_eq(xm_ring_consume(&d), -XM_EINVAL);
    ck_assert_uint_eq(fake.logs, 2);
}
END_TEST

START_TEST(answers_without_a_request_are_taken_and_make_no_slots)
{
    struct xm_ev rsp = {.version = 7, .flags = XM_EV_FLAG_VCPU_PAUSED};

    for (unsigned i = 0; i < 3; i++)
        ck_assert_int_eq(fake_answer(&d, &rsp), 0);
    ck_assert_uint_eq(d.stats.double_answers, 3);
    for (unsigned i = 0; i < 9; i++)
        ck_assert_int_eq(send(i, true), i < 8 ? 1 : -XM_EAGAIN);
    for (unsigned i = 0; i < 8; i++) {
        rsp.vcpu_id = i;
        ck_assert_int_eq(fake_answer(&d, &rsp), 0);
    }
    ck_assert_uint_eq(xm_ring_outstanding(&d), 0);
    ck_assert_int_eq(fake.pauses[7], 0);
    ck_assert(!fake.waits[8]);
}
END_TEST

START_TEST(the_pages_request_index_is_not_believed)
{
    struct xm_ring_page *page = xm_ring_page(&d);

    page->req_prod = 0xdeadbeef;
    ck_assert_int_eq(send(5, true), 1);
    ck_assert_uint_eq(page->req_prod, 1);
    ck_assert_uint_eq(page->slot[0].vcpu_id, 5);
}
END_TEST

START_TEST(answers_of_no_use_free_their_slot_and_no_more)
{
    ck_assert_int_eq(send(0, true), 1);
    ck_assert_int_eq(send(1, true), 1);
    ck_assert_int_eq(send(2, true), 1);
    struct xm_ev rsp = request(0);
    rsp.vcpu_id = 12;
    ck_assert_int_eq(fake_answer(&d, &rsp), 0);
    rsp = request(1);
    rsp.version = 6;
    ck_assert_int_eq(fake_answer(&d, &rsp), 0);
    rsp = request(2);
    rsp.vcpu_id = 9; /* not paused: somebody answers twice */
    ck_assert_int_eq(fake_answer(&d, &rsp), 0);
    ck_assert_uint_eq(d.stats.bad_responses, 2);
    ck_assert_uint_eq(d.stats.double_answers, 1);
    ck_assert_uint_eq(xm_ring_outstanding(&d), 0);
    ck_assert_int_eq(fake.pauses[0] + fake.pauses[1] + fake.pauses[2], 3);
}
END_TEST

START_TEST(a_listener_that_overwrites_a_slot_later_changes_nothing)
{
    struct xm_ring_page *page = xm_ring_page(&d);

    ck_assert_int_eq(send(0, true), 1);
    page->slot[0].flags = XM_EV_FLAG_VCPU_PAUSED;
    page->rsp_prod = 1;
    ck_assert_int_eq(xm_ring_consume(&d), 0);
    memset(page, 0xff, sizeof(*page));
    page->rsp_prod = 1;
    ck_assert_int_eq(xm_ring_consume(&d), 0);
    ck_assert_int_eq(send(0, true), 1);
    ck_assert_uint_eq(page->slot[1].vcpu_id, 0);
}
END_TEST

START_TEST(without_a_ring_the_guest_goes_on)
{
    xm_ring_kill(&d);
    ck_assert_int_eq(send(0, true), 0);
    ck_assert_int_eq(fake.pauses[0], 0);
    ck_assert_int_eq(xm_ring_consume(&d), -XM_ENODEV);
    ck_assert_uint_eq(xm_ring_outstanding(&d), 0);
}
END_TEST

START_TEST(a_request_that_comes_after_the_end_is_dropped)
{
    struct xm_domctl_vm_event_op on = {.op = XM_VM_EVENT_ENABLE, .mode = XM_VM_EVENT_MODE_MONITOR};
    struct xm_ev ev = {.reason = XM_EV_REASON_GUEST_REQUEST};

    ck_assert_int_eq(xm_ring_claim(&d, &d.vcpu[0]), 0);
    xm_ring_kill(&d);
    xm_ring_put(&d, &d.vcpu[0], &ev);
    ck_assert_int_eq(xm_hc_vm_event(&d, &on), 0);
    xm_ring_put(&d, &d.vcpu[0], &ev);
    ck_assert_uint_eq(d.stats.events, 0);
    ck_assert_uint_eq(fake.notifies, 0);
    ck_assert_int_eq(send(0, true), 1);
}
END_TEST

START_TEST(death_wakes_all)
{
    for (unsigned i = 0; i < 12; i++)
        send(i, false);
    xm_ring_kill(&d);
    for (unsigned i = 0; i < 12; i++)
        ck_assert(fake.pauses[i] == 0 && !fake.waits[i]);
}
END_TEST

/* ---- answers ---- */

#define PAUSED XM_EV_FLAG_VCPU_PAUSED

/* vCPU 1 is stopped because it wrote to gfn 3. */
static void violate(enum xm_kind kind, bool views)
{
    fake_domain(&d, kind, 17, views);
    ck_assert_int_eq(fake_set(&d, 3, 1, XM_ACCESS_R), 0);
    ck_assert_int_eq(fake_access(&d, 1, 3, XM_DO_W), XM_V_STOPPED);
}

static void start_reply(void)
{
    violate(XM_KIND_X86_EPT, true);
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

    ck_assert_int_eq(fake_resume(&d, 1, PAUSED), 0);
    ck_assert_int_eq(fake_monitor(&d, XM_MONITOR_ENABLE, XM_MONITOR_SOFTWARE_BREAKPOINT), 0);
    ck_assert_int_eq(xm_event_breakpoint(&d, 1, &b), XM_GO_AGAIN);
    struct xm_ev rsp = *fake_last(&d);
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

    fake_end(&d);
    violate(XM_KIND_ARM_S2, false);
    struct xm_ev rsp = *fake_last(&d);
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

static void add_reply(Suite *s)
{
    TCase *t = tcase_create("reply");

    tcase_add_checked_fixture(t, start_reply, stop);
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
}

int main(void)
{
    Suite *s = suite_create("ring");
    TCase *t = tcase_create("ring");

    tcase_add_checked_fixture(t, start, stop);
    tcase_add_test(t, requests_are_in_order_and_counted);
    tcase_add_test(t, a_full_ring_puts_vcpus_to_sleep_in_order);
    tcase_add_test(t, who_was_woken_and_lost_the_slot_keeps_its_place);
    tcase_add_test(t, with_too_few_free_slots_even_an_asynchronous_sender_pauses);
    tcase_add_test(t, few_vcpus_are_not_paused_until_slots_are_few);
    tcase_add_test(t, nobody_stays_blocked_when_all_is_answered);
    tcase_add_test(t, indexes_wrap);
    tcase_add_test(t, indexes_that_cannot_be_take_nothing);
    tcase_add_test(t, answers_without_a_request_are_taken_and_make_no_slots);
    tcase_add_test(t, the_pages_request_index_is_not_believed);
    tcase_add_test(t, answers_of_no_use_free_their_slot_and_no_more);
    tcase_add_test(t, a_listener_that_overwrites_a_slot_later_changes_nothing);
    tcase_add_test(t, without_a_ring_the_guest_goes_on);
    tcase_add_test(t, a_request_that_comes_after_the_end_is_dropped);
    tcase_add_test(t, death_wakes_all);
    suite_add_tcase(s, t);
    add_reply(s);
    return fake_run(s);
}
