/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What goes through while an access is stepped over, and nobody saw. */
#include "sim/sim-pv-test.h"

#define OPEN (FIRST + 2)  /* the page that is opened for a step */
#define OTHER (FIRST + 3) /* another restricted one */
#define KINDS_END (SIM_ARMV8R_MPU + 1)

static struct listener begin(enum sim_kind kind)
{
    const struct sim_domain_cfg cfg = {.kind = kind,
                                       .vcpus = 2,
                                       .pages = PAGES,
                                       .first_gfn = FIRST,
                                       .altp2m = kind == SIM_X86_EPT,
                                       .name = "guest"};
    struct listener l = {.m = new_machine(1)};

    ck_assert_int_eq(xmi_sim_domain_create(l.m, &cfg, &l.d), 0);
    if (kind == SIM_X86_PV)
        ck_assert_int_eq(access_on(&l), 0);
    ck_assert_int_eq(ring_enable(&l), 0);
    return l;
}

static void script(struct listener *l, uint32_t v, uint8_t code, uint64_t addr, uint64_t repeat)
{
    const struct sim_op op = {.code = code, .addr = addr, .value = 1};

    ck_assert_int_eq(xmi_sim_vcpu_script(l->d, v, &op, 1, repeat), 0);
}

/* vCPU 0's access to OPEN is told; the page is opened for it as a step by relaxing does. */
static void open_for_step(struct listener *l, uint8_t code, uint64_t addr, struct xm_ev *ev,
                          bool noted)
{
    ck_assert_int_eq(set_rights(l, OPEN, 1, XM_ACCESS_N), 0);
    script(l, 0, code, addr, 1);
    ck_assert_uint_eq(xmi_sim_domain_run(l->d, 1), 1);
    ck_assert(take(l, ev));
    ck_assert_uint_eq(ev->u.mem_access.gfn, OPEN);
    if (noted)
        ck_assert_int_eq(xmi_sim_step_note(l->d, 0, OPEN, 0, XM_ACCESS_N, true), 0);
    ck_assert_int_eq(set_rights(l, OPEN, 1, XM_ACCESS_RWX), 0);
}

/* What passes by a page that is open for another's step: forbidden on Arm, which need not open it. */
static uint64_t passed(const struct listener *l)
{
    return sim_is_arm(l->d) ? report(l->d).forbidden : report(l->d).unseen;
}

static void end(struct listener *l, uint64_t forbidden, uint64_t unseen)
{
    bool arm = sim_is_arm(l->d);

    ck_assert_uint_eq(report(l->d).forbidden, forbidden + (arm ? unseen : 0));
    ck_assert_uint_eq(report(l->d).unseen, arm ? 0 : unseen);
    xmi_sim_machine_destroy(l->m);
}

/* The instruction that was told goes through; others of the same vCPU are not seen. */
START_TEST(test_own_instruction)
{
    struct listener l = begin((enum sim_kind)_i);
    struct xm_ev ev;

    open_for_step(&l, SIM_OP_WRITE, at(OPEN), &ev, true);
    answer(&l, &ev, 0);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 1), 1);
    ck_assert_uint_eq(vcpu(l.d, 0).done, 1);
    ck_assert_uint_eq(passed(&l), 0);
    script(&l, 0, SIM_OP_WRITE, at(OPEN), 5);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 10), 5);
    ck_assert_int_eq(set_rights(&l, OPEN, 1, XM_ACCESS_N), 0);
    ck_assert_int_eq(xmi_sim_step_note(l.d, 0, OPEN, 0, XM_ACCESS_N, false), 0);
    end(&l, 0, 5);
}
END_TEST

/* Another vCPU comes by; scripts, recordings and random accesses alike. */
START_TEST(test_other_vcpu)
{
    const struct sim_random_cfg random = {.count = 1000, .first_gfn = OPEN, .gfns = 1, .read = 1};
    struct listener l = begin((enum sim_kind)_i);
    struct xm_ev ev;

    script(&l, 1, SIM_OP_READ, at(OPEN), 1);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 10), 1); /* its TLB knows the page */
    open_for_step(&l, SIM_OP_READ, at(OPEN), &ev, true);
    ck_assert_int_eq(xmi_sim_vcpu_random(l.d, 1, &random), 0);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 2000), 1000);
    ck_assert_uint_eq(passed(&l), 1000);
    /* A page that the rights leave alone is nobody's business. */
    script(&l, 1, SIM_OP_READ, at(OTHER), 3);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 10), 3);
    end(&l, 0, 1000);
}
END_TEST

/* On its own way over another page, too. */
START_TEST(test_other_steps)
{
    struct listener l = begin((enum sim_kind)_i);
    struct xm_ev ev, second;

    ck_assert_int_eq(set_rights(&l, OTHER, 1, XM_ACCESS_R), 0);
    open_for_step(&l, SIM_OP_READ, at(OPEN), &ev, true);
    script(&l, 1, SIM_OP_WRITE, at(OTHER) - 4, 1);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 1), 1);
    ck_assert(take(&l, &second));
    ck_assert_uint_eq(second.u.mem_access.gfn, OTHER);
    ck_assert_int_eq(xmi_sim_step_note(l.d, 0, OTHER, 1, XM_ACCESS_R, true), 0);
    ck_assert_int_eq(set_rights(&l, OTHER, 1, XM_ACCESS_RWX), 0);
    answer(&l, &second, 0);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 1), 1);
    ck_assert_uint_eq(vcpu(l.d, 1).done, 1);
    end(&l, 0, 1);
}
END_TEST

/* What the tool itself opened is open. */
START_TEST(test_tools_own_change)
{
    struct listener l = begin((enum sim_kind)_i);
    struct xm_ev ev;

    open_for_step(&l, SIM_OP_READ, at(OPEN), &ev, false);
    script(&l, 1, SIM_OP_READ, at(OPEN), 3);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 10), 3);
    end(&l, 0, 0);
}
END_TEST

/* Closed again: what the TLBs and the fast path know is of no use any more. */
START_TEST(test_closed_again)
{
    struct listener l = begin((enum sim_kind)_i);
    struct xm_ev ev;

    open_for_step(&l, SIM_OP_READ, at(OPEN), &ev, true);
    answer(&l, &ev, 0);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 1), 1);
    ck_assert_int_eq(set_rights(&l, OPEN, 1, XM_ACCESS_RWX), 0);
    ck_assert_int_eq(xmi_sim_step_note(l.d, 0, OPEN, 0, XM_ACCESS_N, false), 0);
    ck_assert_int_eq(xmi_sim_step_note(l.d, 0, OPEN, 0, XM_ACCESS_N, false), -XM_ENOENT);
    script(&l, 1, SIM_OP_READ, at(OPEN), 3);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 10), 3);
    end(&l, 0, 0);
}
END_TEST

/* The answer was about reading; the same instruction writes, too. */
START_TEST(test_more_than_was_told)
{
    struct listener l = begin((enum sim_kind)_i);
    bool arm = sim_is_arm(l.d);
    struct xm_ev ev;

    open_for_step(&l, SIM_OP_RMW, at(OPEN), &ev, true);
    answer(&l, &ev, 0);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 1), 1);
    ck_assert_uint_eq(vcpu(l.d, 0).done, 1);
    end(&l, arm ? 1 : 0, 0);
}
END_TEST

/* The emulator goes past the rights: those of a second page were not asked about. */
START_TEST(test_emulated_crossing)
{
    struct listener l = begin(SIM_X86_EPT);
    struct xm_ev ev;
    bool closed = _i != 0;

    ck_assert_int_eq(set_rights(&l, OTHER, 1, closed ? XM_ACCESS_RX : XM_ACCESS_RWX), 0);
    ck_assert_int_eq(set_rights(&l, OPEN, 1, XM_ACCESS_RX), 0);
    script(&l, 0, SIM_OP_WRITE, at(OTHER) - 4, 1);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 1), 1);
    ck_assert(take(&l, &ev));
    answer(&l, &ev, XM_EV_FLAG_EMULATE);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 1), 1);
    ck_assert_uint_eq(vcpu(l.d, 0).done, 1);
    end(&l, closed ? 1 : 0, 0);
}
END_TEST

/* An event of a write says that it reads, too: what of that page the instruction reads was told. */
START_TEST(test_told_as_the_event_says)
{
    struct listener l = begin(_i ? SIM_X86_NPT : SIM_X86_EPT);
    const struct sim_op copy = {.code = SIM_OP_COPY, .addr = at(OPEN), .to = at(OPEN) + 64};
    struct xm_ev ev;

    ck_assert_int_eq(set_rights(&l, OPEN, 1, XM_ACCESS_RX), 0);
    ck_assert_int_eq(xmi_sim_vcpu_script(l.d, 0, &copy, 1, 1), 0);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 1), 1);
    ck_assert(take(&l, &ev));
    ck_assert_uint_eq(ev.u.mem_access.flags & 7u, XM_DO_R | XM_DO_W);
    ck_assert_int_eq(set_rights(&l, OPEN, 1, XM_ACCESS_N), 0); /* while it waits */
    answer(&l, &ev, XM_EV_FLAG_EMULATE);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 1), 1);
    ck_assert_uint_eq(vcpu(l.d, 0).done, 1);
    end(&l, 0, 0);
}
END_TEST

/* ---- views ---- */

#define STEP_VIEW 1u

/* View 1 is for stepping over accesses of view 0: nothing is forbidden in it. */
static struct listener begin_views(void)
{
    struct listener l = begin(SIM_X86_EPT);
    struct xm_altp2m_op op = {.u.domain_state.state = 1};

    ck_assert_int_eq(altp2m(&l, XM_ALTP2M_SET_DOMAIN_STATE, &op), 0);
    op = (struct xm_altp2m_op){.u.view.hvmmem_default_access = XM_ACCESS_RWX};
    ck_assert_int_eq(altp2m(&l, XM_ALTP2M_CREATE_P2M, &op), 0);
    ck_assert_uint_eq(op.u.view.view, STEP_VIEW);
    ck_assert_int_eq(xmi_sim_view_internal(l.d, STEP_VIEW, 0), 0);
    ck_assert_int_eq(domctl(&l, XM_DOMCTL_MONITOR_OP, XM_MONITOR_SINGLESTEP, 0), 0);
    return l;
}

static void open_in_step_view(struct listener *l, uint64_t gfn)
{
    struct xm_altp2m_op op = {
        .u.mem_access = {.view = STEP_VIEW, .access = XM_ACCESS_RWX, .gfn = gfn}};

    ck_assert_int_eq(altp2m(l, XM_ALTP2M_SET_MEM_ACCESS, &op), 0);
}

static void step_in_view(struct listener *l, struct xm_ev *ev)
{
    ev->altp2m_idx = STEP_VIEW;
    ev->u.fast_singlestep.p2midx = 0;
    answer(l, ev, XM_EV_FLAG_ALTERNATE_P2M | XM_EV_FLAG_FAST_SINGLESTEP);
}

/* One page was told; a second one is open in the step view, whoever opened it. */
START_TEST(test_step_view)
{
    struct listener l = begin_views();
    bool closed = _i != 0;
    struct xm_ev ev;

    ck_assert_int_eq(set_rights(&l, OPEN, 1, XM_ACCESS_RX), 0);
    ck_assert_int_eq(set_rights(&l, OTHER, 1, closed ? XM_ACCESS_RX : XM_ACCESS_RWX), 0);
    open_in_step_view(&l, OPEN);
    open_in_step_view(&l, OTHER);
    script(&l, 0, SIM_OP_WRITE, at(OTHER) - 4, 1);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 1), 1);
    ck_assert(take(&l, &ev));
    step_in_view(&l, &ev);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 1), 1);
    ck_assert_uint_eq(vcpu(l.d, 0).done, 1);
    ck_assert_uint_eq(vcpu(l.d, 0).view, 0);
    end(&l, closed ? 1 : 0, 0);
}
END_TEST

/* An event in the step view is as good as one in the vCPU's own. */
START_TEST(test_told_in_step_view)
{
    struct listener l = begin_views();
    struct xm_altp2m_op op = {
        .u.mem_access = {.view = STEP_VIEW, .access = XM_ACCESS_RX, .gfn = OTHER}};
    struct xm_ev ev;

    ck_assert_int_eq(set_rights(&l, OPEN, 2, XM_ACCESS_RX), 0);
    open_in_step_view(&l, OPEN);
    ck_assert_int_eq(altp2m(&l, XM_ALTP2M_SET_MEM_ACCESS, &op), 0);
    script(&l, 0, SIM_OP_WRITE, at(OTHER) - 4, 1);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 1), 1);
    ck_assert(take(&l, &ev));
    step_in_view(&l, &ev);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 1), 1);
    ck_assert(take(&l, &ev));
    ck_assert_uint_eq(ev.u.mem_access.gfn, OTHER);
    open_in_step_view(&l, OTHER);
    step_in_view(&l, &ev);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 1), 1);
    ck_assert_uint_eq(vcpu(l.d, 0).done, 1);
    end(&l, 0, 0);
}
END_TEST

/* The guest goes there by itself. */
START_TEST(test_vmfunc_into_step_view)
{
    const struct sim_random_cfg random = {.count = 50, .first_gfn = OPEN, .gfns = 1, .write = 1};
    struct listener l = begin_views();

    ck_assert_int_eq(set_rights(&l, OPEN, 1, XM_ACCESS_RX), 0);
    open_in_step_view(&l, OPEN);
    script(&l, 0, SIM_OP_VMFUNC, 0, 1);
    l.d->vcpu[0].prog.ops[0].value = STEP_VIEW;
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 1), 1);
    ck_assert_uint_eq(vcpu(l.d, 0).view, STEP_VIEW);
    script(&l, 0, SIM_OP_READ, at(OPEN), 4); /* allowed in view 0 as well */
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 10), 4);
    ck_assert_uint_eq(report(l.d).forbidden, 0);
    script(&l, 0, SIM_OP_WRITE, at(OPEN), 3);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 10), 3);
    ck_assert_uint_eq(report(l.d).forbidden, 3);
    ck_assert_int_eq(xmi_sim_vcpu_random(l.d, 0, &random), 0);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 50);
    end(&l, 53, 0);
}
END_TEST

/* The instruction belongs to the view in which it was told, whatever the way back is. */
START_TEST(test_home)
{
    struct listener l = begin_views();
    struct xm_altp2m_op op = {.u.view.hvmmem_default_access = XM_ACCESS_RX};
    struct xm_ev ev;
    bool switched = _i != 0;

    ck_assert_int_eq(altp2m(&l, XM_ALTP2M_CREATE_P2M, &op), 0);
    for (uint64_t gfn = OPEN; gfn <= OTHER; gfn++) {
        op = (struct xm_altp2m_op){.u.mem_access = {.view = 2, .access = XM_ACCESS_RX, .gfn = gfn}};
        ck_assert_int_eq(altp2m(&l, XM_ALTP2M_SET_MEM_ACCESS, &op), 0);
        open_in_step_view(&l, gfn);
    }
    op = (struct xm_altp2m_op){.u.view.view = 2};
    ck_assert_int_eq(altp2m(&l, XM_ALTP2M_SWITCH_P2M, &op), 0);
    script(&l, 0, SIM_OP_WRITE, at(OTHER) - 4, 1);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 1), 1);
    ck_assert(take(&l, &ev));
    ck_assert_uint_eq(ev.altp2m_idx, 2);
    op = (struct xm_altp2m_op){.u.view.view = 0};
    if (switched)
        ck_assert_int_eq(altp2m(&l, XM_ALTP2M_SWITCH_P2M, &op), 0);
    step_in_view(&l, &ev); /* and back to view 0 */
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 1), 1);
    ck_assert_uint_eq(vcpu(l.d, 0).done, 1);
    end(&l, switched ? 0 : 1, 0);
}
END_TEST

/* Not where it is hidden: the guest gets an exception. */
START_TEST(test_vmfunc_hidden)
{
    struct listener l = begin_views();
    struct xm_altp2m_op op = {.u.visibility = {.altp2m_idx = STEP_VIEW, .visible = 0}};

    ck_assert_int_eq(altp2m(&l, XM_ALTP2M_SET_VISIBILITY, &op), 0);
    script(&l, 0, SIM_OP_VMFUNC, 0, 1);
    l.d->vcpu[0].prog.ops[0].value = STEP_VIEW;
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 1), 1);
    ck_assert_uint_eq(vcpu(l.d, 0).view, 0);
    ck_assert_uint_eq(vcpu(l.d, 0).traps, 1);
    end(&l, 0, 0);
}
END_TEST

START_TEST(test_refused)
{
    struct listener l = begin(SIM_X86_EPT);

    ck_assert_int_eq(xmi_sim_step_note(NULL, 0, OPEN, 0, XM_ACCESS_N, true), -XM_EINVAL);
    ck_assert_int_eq(xmi_sim_step_note(l.d, 10, OPEN, 0, XM_ACCESS_N, true), -XM_EINVAL);
    ck_assert_int_eq(xmi_sim_step_note(l.d, 0, OPEN, 2, XM_ACCESS_N, true), -XM_EINVAL);
    ck_assert_int_eq(xmi_sim_step_note(l.d, 0, OPEN, 0, XM_ACCESS_R_PW + 1, true), -XM_EINVAL);
    ck_assert_int_eq(xmi_sim_view_internal(NULL, 1, 0), -XM_EINVAL);
    ck_assert_int_eq(xmi_sim_view_internal(l.d, 0, 0), -XM_EINVAL);
    ck_assert_int_eq(xmi_sim_view_internal(l.d, 10, 0), -XM_EINVAL);
    ck_assert_int_eq(xmi_sim_view_internal(l.d, 1, 10), -XM_EINVAL);
    end(&l, 0, 0);
}
END_TEST

static void fill(TCase *t)
{
    tcase_add_loop_test(t, test_own_instruction, SIM_X86_EPT, KINDS_END);
    tcase_add_loop_test(t, test_other_vcpu, SIM_X86_EPT, KINDS_END);
    tcase_add_loop_test(t, test_other_steps, SIM_X86_EPT, KINDS_END);
    tcase_add_loop_test(t, test_tools_own_change, SIM_X86_EPT, KINDS_END);
    tcase_add_loop_test(t, test_closed_again, SIM_X86_EPT, KINDS_END);
    tcase_add_loop_test(t, test_more_than_was_told, SIM_X86_EPT, KINDS_END);
    tcase_add_loop_test(t, test_emulated_crossing, 0, 2);
    tcase_add_loop_test(t, test_told_as_the_event_says, 0, 2);
    tcase_add_loop_test(t, test_step_view, 0, 2);
    tcase_add_test(t, test_told_in_step_view);
    tcase_add_test(t, test_vmfunc_into_step_view);
    tcase_add_loop_test(t, test_home, 0, 2);
    tcase_add_test(t, test_vmfunc_hidden);
    tcase_add_test(t, test_refused);
}

int main(void)
{
    return run_suite("sim-seen", fill);
}
