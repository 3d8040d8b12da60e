/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What goes wrong, and the report that shows it. */
#include "sim/sim-test.h"

#define PAGE(n) ((uint64_t)(n) << XM_PAGE_SHIFT)

START_TEST(test_inject)
{
    struct listener l = new_listener(1, SIM_X86_EPT, 1, 16);

    xmi_sim_inject_errno(l.d, 2, XM_HC_ANY, XM_ENOMEM);
    ck_assert_int_eq(set_rights(&l, 1, 1, XM_ACCESS_R), 0);
    ck_assert_int_eq(set_rights(&l, 1, 1, XM_ACCESS_RW), -XM_ENOMEM);
    ck_assert_uint_eq(report(l.d).leftover_rights, 1);
    ck_assert_int_eq(set_rights(&l, 1, 1, XM_ACCESS_RWX), 0);
    ck_assert_uint_eq(report(l.d).leftover_rights, 0);

    xmi_sim_inject_errno(l.d, 1, XM_HC_UNPAUSE, -XM_EPERM);
    xmi_sim_inject_errno(l.d, 2, XM_HC_ACCESS_SET, XM_EBUSY);
    ck_assert_int_eq(domctl(&l, XM_DOMCTL_PAUSE, 0, 0), 0);
    ck_assert_int_eq(domctl(&l, XM_DOMCTL_UNPAUSE, 0, 0), -XM_EPERM);
    ck_assert_int_eq(domctl(&l, XM_DOMCTL_UNPAUSE, 0, 0), 0);
    ck_assert_int_eq(set_rights(&l, 1, 1, XM_ACCESS_RWX), 0);
    ck_assert_int_eq(set_rights(&l, 1, 1, XM_ACCESS_RWX), -XM_EBUSY);

    xmi_sim_inject_errno(l.d, 1, XM_HC_ANY, XM_EBUSY);
    xmi_sim_inject_errno(l.d, 0, XM_HC_ANY, 0); /* forget it */
    ck_assert_int_eq(set_rights(&l, 1, 1, XM_ACCESS_RWX), 0);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

static int refuse_one(void *ctx, int op)
{
    int *which = ctx;
    return op == *which ? -XM_EBUSY : 0;
}

/* A function is asked before hypercalls, and before frames are mapped, given and taken. */
START_TEST(test_inject_by_function)
{
    struct listener l = new_listener(1, SIM_X86_EPT, 1, 16);
    int which = XM_HC_ACCESS_SET;
    void *page;

    xmi_sim_inject_by(l.d, refuse_one, &which);
    ck_assert_int_eq(set_rights(&l, 1, 1, XM_ACCESS_R), -XM_EBUSY);
    ck_assert_uint_eq(report(l.d).leftover_rights, 0);
    ck_assert_int_eq(xmi_sim_map_gfn(l.d, 1, &page), 0);
    which = SIM_HC_MAP;
    ck_assert_int_eq(xmi_sim_map_gfn(l.d, 1, &page), -XM_EBUSY);
    ck_assert_int_eq(xmi_sim_populate(l.d, 100), 0);
    which = SIM_HC_DEPOPULATE;
    ck_assert_int_eq(xmi_sim_depopulate(l.d, 100), -XM_EBUSY);
    which = SIM_HC_POPULATE;
    ck_assert_int_eq(xmi_sim_depopulate(l.d, 100), 0);
    ck_assert_int_eq(xmi_sim_populate(l.d, 100), -XM_EBUSY);
    xmi_sim_inject_by(l.d, NULL, NULL);
    ck_assert_int_eq(xmi_sim_populate(l.d, 100), 0);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

START_TEST(test_inject_by_name)
{
    static const struct {
        uint32_t cmd;
        int hc;
    } v[] = {
        {XM_ALTP2M_GET_DOMAIN_STATE, XM_HC_ALTP2M_STATE},
        {XM_ALTP2M_CREATE_P2M, XM_HC_ALTP2M_CREATE},
        {XM_ALTP2M_DESTROY_P2M, XM_HC_ALTP2M_DESTROY},
        {XM_ALTP2M_SWITCH_P2M, XM_HC_ALTP2M_SWITCH},
        {XM_ALTP2M_SET_MEM_ACCESS, XM_HC_ALTP2M_SET},
        {XM_ALTP2M_SET_MEM_ACCESS_MULTI, XM_HC_ALTP2M_SET_MULTI},
        {XM_ALTP2M_GET_MEM_ACCESS, XM_HC_ALTP2M_GET},
        {XM_ALTP2M_CHANGE_GFN, XM_HC_ALTP2M_CHANGE_GFN},
        {XM_ALTP2M_SET_VISIBILITY, XM_HC_ALTP2M_OTHER},
    };
    static const struct {
        uint32_t cmd;
        int hc;
    } w[] = {
        {XM_DOMCTL_VM_EVENT_OP, XM_HC_VM_EVENT},
        {XM_DOMCTL_MONITOR_OP, XM_HC_MONITOR},
        {XM_DOMCTL_SET_ACCESS_REQUIRED, XM_HC_ACCESS_REQUIRED},
        {XM_DOMCTL_PAUSE, XM_HC_PAUSE},
        {XM_DOMCTL_GDBSX_PAUSE_VCPU, XM_HC_VCPU_PAUSE},
        {XM_DOMCTL_GDBSX_UNPAUSE_VCPU, XM_HC_VCPU_UNPAUSE},
        {999, XM_HC_DOMCTL_OTHER},
    };
    struct listener l = new_listener(1, SIM_X86_EPT, 1, 16);
    struct xm_mem_access_op a = {.domid = 1, .op = XM_MEM_ACCESS_GET};
    struct xm_altp2m_op op = {0};

    for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
        xmi_sim_inject_errno(l.d, 1, v[i].hc, 1000 + (int)i);
        ck_assert_int_eq(altp2m(&l, v[i].cmd, &op), -1000 - (int)i);
    }
    for (size_t i = 0; i < sizeof(w) / sizeof(w[0]); i++) {
        xmi_sim_inject_errno(l.d, 1, w[i].hc, 2000 + (int)i);
        ck_assert_int_eq(domctl(&l, w[i].cmd, 0, 0), -2000 - (int)i);
    }
    xmi_sim_inject_errno(l.d, 1, XM_HC_ACCESS_GET, 3000);
    ck_assert_int_eq(xmi_sim_hc_mem_access(l.m, &a), -3000);
    a.op = XM_MEM_ACCESS_SET_MULTI;
    xmi_sim_inject_errno(l.d, 1, XM_HC_ACCESS_SET_MULTI, 3001);
    ck_assert_int_eq(xmi_sim_hc_mem_access(l.m, &a), -3001);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

/* vCPU 0 stopped by a write. */
static struct listener stopped(void)
{
    struct listener l = new_listener(1, SIM_X86_EPT, 1, 16);

    ck_assert_int_eq(set_rights(&l, 1, 1, XM_ACCESS_R), 0);
    one_op(l.d, SIM_OP_WRITE, PAGE(1), 1);
    xmi_sim_domain_run(l.d, 10);
    return l;
}

START_TEST(test_listener_dies)
{
    struct listener l = stopped();
    struct xm_ev ev;

    xmi_sim_listener_abandon(l.d);
    ck_assert(!readable(l.d));
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 10), 0);
    ck_assert_uint_eq(report(l.d).unanswered, 1);
    ck_assert_uint_eq(report(l.d).leaked_slots, 1);
    ck_assert_uint_eq(report(l.d).leftover_rights, 1);
    ck_assert_uint_eq(report(l.d).leftover_monitors, 1);
    /* It answers from the grave: nobody hears it. */
    ck_assert(take(&l, &ev));
    answer(&l, &ev, XM_EV_FLAG_EMULATE);
    ck_assert_int_eq(vcpu(l.d, 0).state, SIM_VCPU_PAUSED);
    /* The next listener finds the ring taken; after a disable the vCPU is still paused. */
    ck_assert_int_eq(ring_enable(&l), -XM_EBUSY);
    ck_assert_int_eq(ring_disable(&l), 0);
    ck_assert_int_eq(ring_enable(&l), 0);
    ck_assert_int_eq(vcpu(l.d, 0).state, SIM_VCPU_PAUSED);
    ck_assert_uint_eq(report(l.d).leftover_pauses, 1);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

START_TEST(test_leak_at_disable)
{
    struct listener l = stopped();

    ck_assert_uint_eq(report(l.d).unanswered, 1);
    ck_assert_uint_eq(report(l.d).leaked_slots, 0);
    ck_assert_uint_eq(report(l.d).leftover_pauses, 0);
    ck_assert_int_eq(ring_disable(&l), 0);
    ck_assert_uint_eq(report(l.d).unanswered, 0);
    ck_assert_uint_eq(report(l.d).leaked_slots, 1);
    ck_assert_uint_eq(report(l.d).leftover_pauses, 1);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

START_TEST(test_double_answer)
{
    struct listener l = stopped();
    struct xm_ev ev;

    xmi_sim_domain_run(l.d, 10);
    ck_assert(take(&l, &ev));
    answer(&l, &ev, XM_EV_FLAG_EMULATE);
    ck_assert_uint_eq(report(l.d).double_answers, 0);
    xmi_sim_domain_run(l.d, 10);
    one_op(l.d, SIM_OP_READ, PAGE(2), 0);
    ck_assert_int_eq(domctl(&l, XM_DOMCTL_MONITOR_OP, XM_MONITOR_GUEST_REQUEST, 0), 0);
    one_op(l.d, SIM_OP_GUEST_REQUEST, 0, 0);
    xmi_sim_domain_run(l.d, 10);
    ck_assert(take(&l, &ev));
    /* An event that stopped nobody is answered as if it had. */
    ev.flags |= XM_EV_FLAG_VCPU_PAUSED;
    answer(&l, &ev, 0);
    ck_assert_uint_eq(report(l.d).double_answers, 1);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

static void check_dead(struct listener *l)
{
    struct sim_domain_info i;
    void *page;

    xmi_sim_domain_info(l->d, &i);
    ck_assert(i.dying);
    ck_assert(readable(l->d));
    xmi_sim_evtchn_ack(l->d);
    ck_assert(readable(l->d));
    ck_assert_uint_eq(xmi_sim_domain_run(l->d, 100), 0);
    ck_assert(!xmi_sim_domain_runnable(l->d));
    ck_assert_int_eq(set_rights(l, 1, 1, XM_ACCESS_RWX), -XM_ESRCH);
    ck_assert_int_eq(ring_disable(l), -XM_ESRCH);
    ck_assert_int_eq(xmi_sim_map_gfn(l->d, 1, &page), -XM_ESRCH);
    ck_assert_int_eq(xmi_sim_populate(l->d, 1), -XM_ESRCH);
    ck_assert_ptr_nonnull(xmi_sim_ring_page(l->d)); /* still mapped in the listener */
    xmi_sim_evtchn_notify(l->d);
    ck_assert_uint_eq(report(l->d).leftover_rights, 0);
    ck_assert_uint_eq(report(l->d).unanswered, 0);
}

START_TEST(test_kill)
{
    struct listener l = stopped();
    struct xm_ev ev;

    xmi_sim_domain_kill(l.d);
    check_dead(&l);
    ck_assert(take(&l, &ev));
    answer(&l, &ev, 0);
    xmi_sim_domain_kill(l.d);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

START_TEST(test_death_with_event_pending)
{
    struct listener l = new_listener(1, SIM_X86_EPT, 4, 16);
    const struct sim_op op = {.code = SIM_OP_WRITE, .addr = PAGE(1)};

    xmi_sim_inject_death(l.d, 2);
    ck_assert_int_eq(set_rights(&l, 1, 1, XM_ACCESS_R), 0);
    for (uint32_t i = 0; i < 4; i++)
        ck_assert_int_eq(xmi_sim_vcpu_script(l.d, i, &op, 1, 1), 0);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 1);
    ck_assert_int_eq(set_rights(&l, 2, 1, XM_ACCESS_R), 0);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 1);
    ck_assert_uint_eq(report(l.d).events, 2);
    check_dead(&l);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

START_TEST(test_poweroff_and_crash)
{
    struct listener l = new_listener(1, SIM_X86_EPT, 1, 16);

    if (_i == 0) {
        one_op(l.d, SIM_OP_POWEROFF, 0, 0);
        ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 1);
    } else {
        /* A violation without the listener that is required. */
        ck_assert_int_eq(domctl(&l, XM_DOMCTL_SET_ACCESS_REQUIRED, 1, 0), 0);
        ck_assert_int_eq(set_rights(&l, 1, 1, XM_ACCESS_R), 0);
        ck_assert_int_eq(ring_disable(&l), 0);
        one_op(l.d, SIM_OP_WRITE, PAGE(1), 1);
        ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 0);
    }
    check_dead(&l);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

/* ---- the stale-TLB check ---- */

static const struct sim_op again[] = {{.code = SIM_OP_WRITE, .addr = PAGE(1), .value = 1}};

START_TEST(test_flush_is_obeyed)
{
    struct listener l = new_listener(1, SIM_X86_EPT, 1, 16);

    ck_assert_int_eq(xmi_sim_vcpu_script(l.d, 0, again, 1, 0), 0);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 100);
    ck_assert_int_eq(set_rights(&l, 1, 1, XM_ACCESS_RX), 0);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 1);
    ck_assert_uint_eq(report(l.d).forbidden, 0);
    ck_assert_uint_eq(report(l.d).unanswered, 1);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

START_TEST(test_stale_rights)
{
    struct listener l = new_listener(1, SIM_X86_EPT, 1, 16);
    const struct sim_random_cfg c = {.gfns = 2, .write = 1};

    /* Scripts and the loops made for speed alike. */
    ck_assert_int_eq(
        _i == 0 ? xmi_sim_vcpu_script(l.d, 0, again, 1, 0) : xmi_sim_vcpu_random(l.d, 0, &c), 0);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 100);
    xmi_sim_break_tlb_flush(l.d, true);
    ck_assert_int_eq(set_rights(&l, 0, 2, XM_ACCESS_RX), 0);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 100);
    ck_assert_uint_eq(report(l.d).forbidden, 100);
    /* Rights that allow it again make it legal, flushed or not. */
    ck_assert_int_eq(set_rights(&l, 0, 2, XM_ACCESS_RW), 0);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 100);
    ck_assert_uint_eq(report(l.d).forbidden, 100);
    xmi_sim_break_tlb_flush(l.d, false);
    ck_assert_int_eq(set_rights(&l, 0, 2, XM_ACCESS_RX), 0);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 1);
    ck_assert_uint_eq(report(l.d).forbidden, 100);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

START_TEST(test_stale_frame)
{
    struct listener l = new_listener(1, SIM_X86_EPT, 1, 16);

    ck_assert_int_eq(xmi_sim_vcpu_script(l.d, 0, again, 1, 0), 0);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 10), 10);
    xmi_sim_break_tlb_flush(l.d, true);
    ck_assert_int_eq(xmi_sim_depopulate(l.d, 1), 0);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 10), 10);
    ck_assert_uint_eq(report(l.d).forbidden, 10);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

/* A view that is made anew under the same number must not see what the old one left behind. */
START_TEST(test_stale_view)
{
    struct listener l = new_listener(1, SIM_X86_EPT, 1, 16);
    struct xm_altp2m_op op = {.u.domain_state.state = 1};
    bool broken = _i != 0;

    xmi_sim_break_tlb_flush(l.d, broken);
    ck_assert_int_eq(altp2m(&l, XM_ALTP2M_SET_DOMAIN_STATE, &op), 0);
    for (int round = 0; round < 2; round++) {
        op = (struct xm_altp2m_op){.u.view.hvmmem_default_access = XM_ACCESS_RWX};
        ck_assert_int_eq(altp2m(&l, XM_ALTP2M_CREATE_P2M, &op), 0);
        if (round == 1) {
            op = (struct xm_altp2m_op){
                .u.mem_access = {.view = 1, .access = XM_ACCESS_RX, .gfn = 1}};
            ck_assert_int_eq(altp2m(&l, XM_ALTP2M_SET_MEM_ACCESS, &op), 0);
        }
        op = (struct xm_altp2m_op){.u.view.view = 1};
        ck_assert_int_eq(altp2m(&l, XM_ALTP2M_SWITCH_P2M, &op), 0);
        one_op(l.d, SIM_OP_WRITE, PAGE(1), 1);
        ck_assert_uint_eq(xmi_sim_domain_run(l.d, 10), 1);
        op = (struct xm_altp2m_op){.u.view.view = 0};
        ck_assert_int_eq(altp2m(&l, XM_ALTP2M_SWITCH_P2M, &op), 0);
        op = (struct xm_altp2m_op){.u.view.view = 1};
        ck_assert_int_eq(altp2m(&l, XM_ALTP2M_DESTROY_P2M, &op), 0);
    }
    ck_assert_uint_eq(report(l.d).forbidden, broken ? 1 : 0);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

/* ---- the report as a whole ---- */

START_TEST(test_report_adds_up)
{
    struct listener l = stopped();
    struct sim_domain *b = new_domain(l.m, SIM_ARM_S2, 1, 32);
    struct sim_report all, one;

    one_op(b, SIM_OP_READ, 0, 0);
    xmi_sim_domain_run(b, 10);
    xmi_sim_report(l.m, NULL, &all);
    xmi_sim_report(l.m, b, &one);
    ck_assert_uint_eq(all.accesses, 1);
    ck_assert_uint_eq(all.mapped_gfns, 16 + 32);
    ck_assert_uint_eq(one.mapped_gfns, 32);
    ck_assert_uint_eq(one.mem_bytes % XM_PAGE_SIZE, 0);
    ck_assert_uint_gt(all.mem_bytes, one.mem_bytes);
    ck_assert_uint_eq(all.events, 1);
    ck_assert_uint_eq(all.hypercalls, 2);
    ck_assert_uint_eq(all.unanswered, 1);
    ck_assert_uint_eq(all.leftover_rights, 1);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

START_TEST(test_leftover_default_and_superpage)
{
    struct listener l = {.m = new_machine(1)};
    const struct sim_domain_cfg c = {
        .kind = SIM_X86_EPT, .vcpus = 1, .pages = 1024, .superpages = true};

    ck_assert_int_eq(xmi_sim_domain_create(l.m, &c, &l.d), 0);
    ck_assert_int_eq(ring_enable(&l), 0);
    ck_assert_int_eq(set_rights(&l, UINT64_MAX, 0, XM_ACCESS_RX), 0);
    ck_assert_uint_eq(report(l.d).leftover_rights, 1);
    ck_assert_int_eq(set_rights(&l, 500, 30, XM_ACCESS_R), 0);
    ck_assert_uint_eq(report(l.d).leftover_rights, 31);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

static void fill(TCase *t)
{
    tcase_add_test(t, test_inject);
    tcase_add_test(t, test_inject_by_function);
    tcase_add_test(t, test_inject_by_name);
    tcase_add_test(t, test_listener_dies);
    tcase_add_test(t, test_leak_at_disable);
    tcase_add_test(t, test_double_answer);
    tcase_add_test(t, test_kill);
    tcase_add_test(t, test_death_with_event_pending);
    tcase_add_loop_test(t, test_poweroff_and_crash, 0, 2);
    tcase_add_test(t, test_flush_is_obeyed);
    tcase_add_loop_test(t, test_stale_rights, 0, 2);
    tcase_add_test(t, test_stale_frame);
    tcase_add_loop_test(t, test_stale_view, 0, 2);
    tcase_add_test(t, test_report_adds_up);
    tcase_add_test(t, test_leftover_default_and_superpage);
}

int main(void)
{
    return run_suite("sim-faults", fill);
}
