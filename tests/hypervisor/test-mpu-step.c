/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers with STEP: what is open for whom, on which core, and until when; over fake-env.c. */
#include "mpu-test.h"

#define PAGES 32u
#define G MPU_GFN
#define PC UINT64_C(0x20100040) /* in page 0 */
#define R XM_DO_R
#define W XM_DO_W
#define X XM_DO_X

static struct mpu_core core[2]; /* of vCPU 0 and 1 */
static struct xm_domain d;
static enum xm_mpu_insn at_pc;
static unsigned asked;

static void start_with(unsigned nr, enum xm_mpu_mode mode, bool step)
{
    struct xm_domctl op = {.cmd = XM_DOMCTL_VM_EVENT_OP,
                           .interface_version = xm_domctl_version(17)};
    struct xm_domain_cfg cfg = {
        .kind = XM_KIND_ARM_MPU, .vcpus = 2, .mpu_mode = (uint8_t)mode, .mpu_step = step};

    for (unsigned i = 0; i < 2; i++)
        mpu_start(&core[i], nr, true, false);
    cfg.mpu_budget = (uint16_t)xm_mpu_budget(&core[0].m);
    fake_start(&d, &cfg);
    for (uint64_t i = 0; i < PAGES; i++)
        ck_assert_int_eq(xm_p2m_map(&d, xm_gfn(G + i), xm_mfn(G + i), XM_ORDER_4K), 0);
    op.u.vm_event_op.op = XM_VM_EVENT_ENABLE;
    op.u.vm_event_op.mode = XM_VM_EVENT_MODE_MONITOR;
    ck_assert_int_eq(xm_hc_domctl(&d, &op), 0);
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_int_eq(xm_mpu_refresh(&d, &core[i].m), 0);
        fake.regs[i].arm.pc = PC;
    }
    at_pc = XM_MPU_INSN_PLAIN;
    asked = 0;
}

static void start(unsigned nr, enum xm_mpu_mode mode)
{
    start_with(nr, mode, true);
}

static void set(uint64_t i, uint32_t nr, enum xm_access a)
{
    ck_assert_int_eq(fake_set(&d, G + i, nr, (uint8_t)a), 0);
    for (unsigned c = 0; c < 2; c++) /* in xm_env_tlb_flush() */
        ck_assert_int_eq(xm_mpu_refresh(&d, &core[c].m), 0);
}

static enum xm_mpu_insn insn(void *ctx, uint64_t pc)
{
    ck_assert_ptr_eq(ctx, &at_pc);
    ck_assert_uint_eq(pc, fake.regs[0].arm.pc);
    asked++;
    return at_pc;
}

static enum xm_mpu_entry enter(void)
{
    return xm_mpu_step_enter(&d, &core[0].m, 0, fake.regs[0].arm.pc, insn, &at_pc);
}

static void leave(bool done)
{
    xm_mpu_step_leave(&d, &core[0].m, 0, done);
}

static bool may(unsigned c, uint64_t i, unsigned what)
{
    return xmi_mpu_model_access(&core[c].hw, ((xm_mpu_reg)(G + i) << XM_PAGE_SHIFT) + 8, what, 1) ==
           0;
}

static enum xm_verdict fault(uint64_t i, unsigned what)
{
    const struct xm_access_req req = {
        .gfn = {G + i}, .offset = 8, .what = (uint8_t)what, .kind = XM_ACC_WITH_GLA};
    struct xm_access_res res;

    leave(false);
    return xm_mpu_check(&d, &core[0].m, &req, &res);
}

/* As the library's own answer: the request, with the flag. */
static void answer(uint32_t flags)
{
    ck_assert_int_eq(fake_resume(&d, 0, flags), 0);
}

static void tell(uint64_t i, unsigned what)
{
    ck_assert(!may(0, i, what));
    ck_assert_int_eq(fault(i, what), XM_V_STOPPED);
    ck_assert_uint_eq(fake_last(&d)->u.mem_access.gfn, G + i);
    ck_assert_uint_eq(fake_last(&d)->u.mem_access.flags & 7u, what);
}

/* Every page of both cores is as the rights say: nothing was left open, nothing is missing. */
static void ck_closed(void)
{
    mpu_check(&core[0]);
    mpu_check(&core[1]);
    for (unsigned c = 0; c < 2; c++) {
        for (uint64_t i = 0; i < PAGES; i++) {
            const struct xm_mpu_extent *e = xm_mpu_extents_find(&xm_mpu_of(&d)->x, G + i);
            unsigned bits = xm_mpu_plan_bits((enum xm_access)e->access);

            for (unsigned what = R; what <= X; what <<= 1) {
                if ((what & ~bits) != 0)
                    must(!may(c, i, what));
                else if (xm_mpu_of(&d)->regions <= xm_mpu_budget(&core[c].m))
                    must(may(c, i, what));
            }
        }
    }
}

/* ---- one page ---- */

START_TEST(one_access)
{
    static const struct {
        enum xm_access rights;
        unsigned what, then; /* what is open then */
    } cases[] = {
        {XM_ACCESS_N, R, R},          {XM_ACCESS_N, W, R | W},     {XM_ACCESS_N, X, R | X},
        {XM_ACCESS_R, W, R | W},      {XM_ACCESS_R, X, R | X},     {XM_ACCESS_RX, W, R | W | X},
        {XM_ACCESS_RW, X, R | W | X}, {XM_ACCESS_W, R, R | W},     {XM_ACCESS_X, R, R | X},
        {XM_ACCESS_WX, R, R | W | X}, {XM_ACCESS_X, W, R | W | X},
    };

    for (unsigned k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
        start(k % 2 != 0 ? 16 : 9, k % 3 != 0 ? XM_MPU_DEMAND : XM_MPU_WHOLE);
        set(4, 1, cases[k].rights);
        tell(4, cases[k].what);
        answer(XM_EV_FLAG_STEP);
        ck_closed(); /* not before it runs */
        ck_assert_int_eq(enter(), XM_MPU_STEP_OPEN);
        for (unsigned what = R; what <= X; what <<= 1)
            ck_assert_int_eq(may(0, 4, what), (what & cases[k].then) != 0);
        mpu_check(&core[0]);
        /* A read that the encoding gives away is watched. */
        ck_assert_int_eq(xm_mpu_step_watch(xm_mpu_step_of(&d.vcpu[0]), xm_mpu_of(&d), 0),
                         cases[k].what != R && (xm_rights_bits(cases[k].rights) & R) == 0);
        /* Nobody else, and nothing else. */
        ck_assert(!may(1, 4, cases[k].what));
        ck_assert(may(0, 3, 7) && may(0, 5, 7));
        leave(true);
        ck_closed();
        ck_assert_int_eq(enter(), XM_MPU_STEP_NONE); /* once */
        tell(4, cases[k].what);
        fake_end(&d);
    }
}
END_TEST

/* In the middle of a run of pages with equal rights, and at its ends. */
START_TEST(in_a_run)
{
    for (uint64_t i = 8; i < 16; i++) {
        start(16, XM_MPU_DEMAND);
        set(8, 8, XM_ACCESS_R);
        tell(i, W);
        answer(XM_EV_FLAG_STEP);
        ck_assert_int_eq(enter(), XM_MPU_STEP_OPEN);
        for (uint64_t k = 8; k < 16; k++) {
            ck_assert_int_eq(may(0, k, W), k == i);
            ck_assert(may(0, k, R));
        }
        leave(true);
        ck_closed();
        fake_end(&d);
    }
}
END_TEST

START_TEST(other_answers)
{
    struct xm_ev ev;

    start(16, XM_MPU_DEMAND);
    set(4, 1, XM_ACCESS_R);
    tell(4, W);
    answer(0); /* no STEP */
    ck_assert_int_eq(enter(), XM_MPU_STEP_NONE);
    tell(4, W);
    ev = *fake_last(&d);
    ev.flags |= XM_EV_FLAG_STEP;
    ev.u.mem_access.gfn++; /* another page than the one that was told */
    ck_assert_int_eq(fake_answer(&d, &ev), 0);
    ck_assert_int_eq(enter(), XM_MPU_STEP_NONE);
    tell(4, W);
    ev = *fake_last(&d);
    ev.flags |= XM_EV_FLAG_STEP;
    ev.u.mem_access.flags |= 7u; /* more than was told */
    ck_assert_int_eq(fake_answer(&d, &ev), 0);
    ck_assert_int_eq(enter(), XM_MPU_STEP_OPEN);
    ck_assert(may(0, 4, W) && !may(0, 4, X));
    leave(true);
    /* Twice, and for nothing: an answer that nobody waits for. */
    ck_assert_int_eq(fake_answer(&d, &ev), 0);
    ck_assert_int_eq(enter(), XM_MPU_STEP_NONE);
    ck_closed();
    fake_end(&d);
}
END_TEST

/* ---- more than one page ---- */

/* Each has an event and an answer of its own; in the end all are open at once. */
START_TEST(several_pages)
{
    static const uint64_t pages[] = {9, 4, 20, 5};
    unsigned nr = _i == 0 ? 16 : 1 + MPU_OWNS + XM_MPU_FLOOR;

    start(nr, XM_MPU_DEMAND);
    if (_i == 2)
        set(0, PAGES, XM_ACCESS_R); /* nothing but pages may be written */
    set(4, 2, XM_ACCESS_R);
    set(9, 1, XM_ACCESS_N);
    set(20, 1, XM_ACCESS_N);
    for (unsigned k = 0; k < 4; k++) {
        for (unsigned j = 0; j < 4; j++)
            ck_assert_int_eq(k != 0 && may(0, pages[j], W), j < k);
        tell(pages[k], W);
        ck_closed(); /* while it is stopped nothing is open */
        answer(XM_EV_FLAG_STEP);
        ck_assert_int_eq(enter(), XM_MPU_STEP_OPEN);
    }
    for (unsigned j = 0; j < 4; j++)
        ck_assert(may(0, pages[j], W) && !may(1, pages[j], W));
    leave(true);
    ck_closed();
    fake_end(&d);
}
END_TEST

/* Read, then written: one page, two events, both rights at the second try. */
START_TEST(read_then_write)
{
    start(16, XM_MPU_DEMAND);
    set(4, 1, XM_ACCESS_N);
    tell(4, R);
    answer(XM_EV_FLAG_STEP);
    ck_assert_int_eq(enter(), XM_MPU_STEP_OPEN);
    tell(4, W);
    answer(XM_EV_FLAG_STEP);
    ck_assert_int_eq(enter(), XM_MPU_STEP_OPEN);
    ck_assert(may(0, 4, R | W));
    ck_assert(!xm_mpu_step_watch(xm_mpu_step_of(&d.vcpu[0]), xm_mpu_of(&d), 0));
    leave(true);
    ck_closed();
    fake_end(&d);
}
END_TEST

/* What it needs besides and may have: its region is put there, though there are but four. */
START_TEST(needs)
{
    start(1 + MPU_OWNS + XM_MPU_FLOOR, XM_MPU_DEMAND);
    for (uint64_t i = 2; i < PAGES; i += 2)
        set(i, 1, XM_ACCESS_R); /* many regions */
    set(9, 1, XM_ACCESS_W);     /* allowed, and no region can say so */
    tell(4, W);
    answer(XM_EV_FLAG_STEP);
    for (unsigned tries = 0;; tries++) {
        uint64_t missing = 0;

        ck_assert_int_eq(enter(), XM_MPU_STEP_OPEN);
        ck_assert(may(0, 4, W));
        if (!may(0, 0, X))
            missing = 32;
        else if (!may(0, 31, R))
            missing = 31;
        else if (!may(0, 9, W))
            missing = 9;
        else
            break;
        ck_assert_uint_lt(tries, 4);
        ck_assert_int_eq(fault(missing % 32, missing == 32  ? X
                                             : missing == 9 ? W
                                                            : R),
                         XM_V_RETRY_NOW);
    }
    ck_assert_int_eq(xm_mpu_step_watch(xm_mpu_step_of(&d.vcpu[0]), xm_mpu_of(&d), 2),
                     true); /* page 9: w has no r */
    leave(true);
    ck_closed();
    fake_end(&d);
}
END_TEST

/* ---- what comes in between ---- */

START_TEST(interrupted)
{
    start(16, XM_MPU_DEMAND);
    set(4, 1, XM_ACCESS_R);
    tell(4, W);
    answer(XM_EV_FLAG_STEP);
    for (unsigned k = 0; k < 5; k++) { /* an interrupt at EL2, and back to the same place */
        ck_assert_int_eq(enter(), XM_MPU_STEP_OPEN);
        leave(false);
        ck_closed();
    }
    /* Rights that come or go meanwhile: the core follows, and what is open with them. */
    ck_assert_int_eq(enter(), XM_MPU_STEP_OPEN);
    set(5, 1, XM_ACCESS_N);
    ck_assert(!may(0, 4, W) && !may(0, 5, R)); /* no page is open any more */
    leave(false);
    ck_closed();
    ck_assert_int_eq(enter(), XM_MPU_STEP_OPEN);
    ck_assert(may(0, 4, W) && !may(0, 5, R));
    leave(true);
    ck_closed();
    fake_end(&d);
}
END_TEST

/* Elsewhere: at a vector, in a hypercall, at a fault of another instruction, moved by an answer. */
START_TEST(elsewhere)
{
    start(16, XM_MPU_DEMAND);
    set(4, 2, XM_ACCESS_R);
    tell(4, W);
    answer(XM_EV_FLAG_STEP);
    if (_i == 0) {
        fake.regs[0].arm.pc = PC + 4;
        ck_assert_int_eq(enter(), XM_MPU_STEP_NONE);
    } else if (_i == 1) {
        xm_mpu_step_forget(xm_mpu_step_of(&d.vcpu[0]));
    } else if (_i == 2) {
        fake.regs[0].arm.pc = PC + 4;
        tell(5, W);
        answer(XM_EV_FLAG_STEP); /* for that one alone */
        ck_assert_int_eq(enter(), XM_MPU_STEP_OPEN);
        ck_assert(may(0, 5, W) && !may(0, 4, W));
        leave(true);
    } else {
        ck_assert_int_eq(enter(), XM_MPU_STEP_OPEN); /* its exception at EL1 ended it */
        leave(true);
    }
    fake.regs[0].arm.pc = PC;
    ck_assert_int_eq(enter(), XM_MPU_STEP_NONE);
    ck_closed();
    tell(4, W);
    fake_end(&d);
}
END_TEST

/* Open for that and faults nevertheless: told again, not tried for ever. */
START_TEST(no_help)
{
    start(16, XM_MPU_DEMAND);
    set(4, 1, XM_ACCESS_R);
    tell(4, W);
    answer(XM_EV_FLAG_STEP);
    ck_assert_int_eq(enter(), XM_MPU_STEP_OPEN);
    ck_assert_int_eq(fault(4, W), XM_V_STOPPED);
    ck_assert_uint_eq(xm_mpu_step_of(&d.vcpu[0])->n, 0);
    answer(0);
    ck_assert_int_eq(enter(), XM_MPU_STEP_NONE);
    /* Unmapped before it runs. */
    tell(4, W);
    answer(XM_EV_FLAG_STEP);
    ck_assert_int_eq(xm_p2m_unmap(&d, xm_gfn(G + 4), XM_ORDER_4K), 0);
    ck_assert_int_eq(enter(), XM_MPU_STEP_NONE);
    ck_assert(!may(0, 4, R));
    fake_end(&d);
}
END_TEST

/* Exclusives and what may lead back to itself: told, where somebody wants to be. */
START_TEST(not_so)
{
    start(16, XM_MPU_DEMAND);
    ck_assert_uint_ne(xm_monitor_caps(&d) & XM_MONITOR_CAP_STEP, 0);
    ck_assert_int_eq(fake_monitor(&d, XM_MONITOR_ENABLE, 30), -XM_EOPNOTSUPP);
    set(4, 1, XM_ACCESS_R);
    at_pc = _i == 0 ? XM_MPU_INSN_EXCLUSIVE : XM_MPU_INSN_BACK;
    tell(4, W);
    answer(XM_EV_FLAG_STEP);
    ck_assert_int_eq(enter(), XM_MPU_STEP_NONE);
    tell(4, W);
    ck_assert_int_eq(fake_monitor(&d, XM_MONITOR_ENABLE, XM_MONITOR_EMUL_UNIMPLEMENTED), 0);
    answer(XM_EV_FLAG_STEP);
    ck_assert_int_eq(enter(), XM_MPU_STEP_STOPPED);
    ck_assert_uint_eq(fake_last(&d)->reason, XM_EV_REASON_EMUL_UNIMPLEMENTED);
    ck_assert_uint_eq(asked, 2);
    answer(XM_EV_FLAG_STEP); /* to this it means nothing */
    ck_assert_int_eq(enter(), XM_MPU_STEP_NONE);
    ck_closed();
    /* The surroundings find out later that they cannot. */
    at_pc = XM_MPU_INSN_PLAIN;
    tell(4, W);
    answer(XM_EV_FLAG_STEP);
    ck_assert_int_eq(enter(), XM_MPU_STEP_OPEN);
    ck_assert_int_eq(xm_mpu_step_refuse(&d, &core[0].m, 0), XM_MPU_STEP_STOPPED);
    ck_assert_uint_eq(fake_last(&d)->reason, XM_EV_REASON_EMUL_UNIMPLEMENTED);
    ck_closed();
    answer(0);
    fake_end(&d);
}
END_TEST

/* Surroundings without debug registers: nothing is announced, and an answer with STEP is one without. */
START_TEST(cannot)
{
    start_with(16, XM_MPU_DEMAND, false);
    ck_assert_uint_eq(xm_monitor_caps(&d),
                      1u << XM_MONITOR_GUEST_REQUEST | 1u << XM_MONITOR_PRIVILEGED_CALL);
    ck_assert_int_eq(fake_monitor(&d, XM_MONITOR_ENABLE, XM_MONITOR_EMUL_UNIMPLEMENTED),
                     -XM_EOPNOTSUPP);
    set(4, 1, XM_ACCESS_R);
    for (unsigned i = 0; i < 3; i++) {
        tell(4, W);
        answer(XM_EV_FLAG_STEP);
        ck_assert_int_eq(enter(), XM_MPU_STEP_NONE);
        ck_closed();
    }
    ck_assert_uint_eq(asked, 0);
    fake_end(&d);
}
END_TEST

/* Any rights, any accesses, any order of answers and interruptions: what runs was answered for. */
START_TEST(at_random)
{
    static const enum xm_access some[] = {XM_ACCESS_N,   XM_ACCESS_R, XM_ACCESS_RW, XM_ACCESS_RX,
                                          XM_ACCESS_RWX, XM_ACCESS_W, XM_ACCESS_X};
    unsigned done = 0;

    start(_i == 0 ? 7 : 12, XM_MPU_DEMAND);
    for (unsigned k = 0; k < 3000; k++) {
        uint64_t page[3] = {mpu_random(PAGES), mpu_random(PAGES), 0};
        unsigned what[3] = {X, 1u + (unsigned)mpu_random(2), 1u + (unsigned)mpu_random(2)}, i = 0;

        page[2] = page[1] + 1 < PAGES ? page[1] + 1 : page[1];
        set(mpu_random(PAGES), 1, some[mpu_random(7)]);
        for (unsigned tries = 0; i < 3; tries++) {
            bool open = enter() == XM_MPU_STEP_OPEN;
            enum xm_verdict verdict;

            must(tries < 20);
            if (open && mpu_random(8) == 0) {
                leave(false);
                continue;
            }
            for (i = 0; i < 3 && may(0, page[i], what[i]); i++)
                ;
            if (i == 3) {
                leave(true);
                break;
            }
            verdict = fault(page[i], what[i]);
            must(verdict == XM_V_STOPPED || verdict == XM_V_RETRY_NOW || verdict == XM_V_EMULATE);
            ck_closed();
            if (verdict == XM_V_STOPPED)
                answer(XM_EV_FLAG_STEP);
            if (verdict == XM_V_EMULATE)
                break; /* done by the hypervisor */
        }
        xm_mpu_step_forget(xm_mpu_step_of(&d.vcpu[0]));
        done += i == 3;
        ck_closed();
        fake.regs[0].arm.pc += 4;
    }
    ck_assert_uint_gt(done, 1500);
    fake_end(&d);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("mpu-step");
    TCase *tc = tcase_create("all");

    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, one_access);
    tcase_add_test(tc, in_a_run);
    tcase_add_test(tc, other_answers);
    tcase_add_loop_test(tc, several_pages, 0, 3);
    tcase_add_test(tc, read_then_write);
    tcase_add_test(tc, needs);
    tcase_add_test(tc, interrupted);
    tcase_add_loop_test(tc, elsewhere, 0, 4);
    tcase_add_test(tc, no_help);
    tcase_add_loop_test(tc, not_so, 0, 2);
    tcase_add_test(tc, cannot);
    tcase_add_loop_test(tc, at_random, 0, 2);
    suite_add_tcase(s, tc);
    return fake_run(s);
}
