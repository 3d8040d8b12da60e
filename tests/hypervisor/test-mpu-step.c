/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers with STEP: what is open for whom and until when; what cannot be let run. */
#include <xm/mpu.h>

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
    start(16, XM_MPU_DEMAND);
    set(4, 1, XM_ACCESS_R);
    tell(4, W);
    answer(0); /* no STEP */
    ck_assert_int_eq(enter(), XM_MPU_STEP_NONE);
    tell(4, W);
    struct xm_ev ev = *fake_last(&d);
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

/* ---- what cannot be let run ---- */

static const struct row {
    enum xm_mpu_set set;
    uint32_t word;
    enum xm_mpu_insn is;
} table[] = {
    {XM_MPU_A64, 0xc85f7c20u, XM_MPU_INSN_EXCLUSIVE}, /* ldxr x0, [x1] */
    {XM_MPU_A64, 0xc8027c20u, XM_MPU_INSN_EXCLUSIVE}, /* stxr w2, x0, [x1] */
    {XM_MPU_A64, 0x085ffc20u, XM_MPU_INSN_EXCLUSIVE}, /* ldaxrb w0, [x1] */
    {XM_MPU_A64, 0x4802fc20u, XM_MPU_INSN_EXCLUSIVE}, /* stlxrh w2, w0, [x1] */
    {XM_MPU_A64, 0xc87f0820u, XM_MPU_INSN_EXCLUSIVE}, /* ldxp x0, x2, [x1] */
    {XM_MPU_A64, 0xc8230820u, XM_MPU_INSN_EXCLUSIVE}, /* stxp w3, x0, x2, [x1] */
    {XM_MPU_A64, 0xc8dffc20u, XM_MPU_INSN_PLAIN},     /* ldar x0, [x1] */
    {XM_MPU_A64, 0xc89ffc20u, XM_MPU_INSN_PLAIN},     /* stlr x0, [x1] */
    {XM_MPU_A64, 0x48207c82u, XM_MPU_INSN_PLAIN},     /* casp x0, x1, x2, x3, [x4] */
    {XM_MPU_A64, 0xc8a07c41u, XM_MPU_INSN_PLAIN},     /* cas x0, x1, [x2] */
    {XM_MPU_A64, 0xf8200041u, XM_MPU_INSN_PLAIN},     /* ldadd x0, x1, [x2] */
    {XM_MPU_A64, 0xf9000020u, XM_MPU_INSN_PLAIN},     /* str x0, [x1] */
    {XM_MPU_A64, 0xa9400440u, XM_MPU_INSN_PLAIN},     /* ldp x0, x1, [x2] */
    {XM_MPU_A64, 0x3d800020u, XM_MPU_INSN_PLAIN},     /* str q0, [x1] */
    {XM_MPU_A64, 0xd65f03c0u, XM_MPU_INSN_PLAIN},     /* ret */
    {XM_MPU_A64, 0x14000000u, XM_MPU_INSN_PLAIN},     /* b */
    {XM_MPU_A64, 0xd5033f5fu, XM_MPU_INSN_PLAIN},     /* clrex */
    {XM_MPU_A32, 0xe1910f9fu, XM_MPU_INSN_EXCLUSIVE}, /* ldrex r0, [r1] */
    {XM_MPU_A32, 0xe1812f90u, XM_MPU_INSN_EXCLUSIVE}, /* strex r2, r0, [r1] */
    {XM_MPU_A32, 0xe1d10f9fu, XM_MPU_INSN_EXCLUSIVE}, /* ldrexb r0, [r1] */
    {XM_MPU_A32, 0xe1b12f9fu, XM_MPU_INSN_EXCLUSIVE}, /* ldrexd r2, [r1] */
    {XM_MPU_A32, 0xe1910e9fu, XM_MPU_INSN_EXCLUSIVE}, /* ldaex r0, [r1] */
    {XM_MPU_A32, 0xe1e12e90u, XM_MPU_INSN_EXCLUSIVE}, /* stlexh r2, r0, [r1] */
    {XM_MPU_A32, 0x11812f90u, XM_MPU_INSN_EXCLUSIVE}, /* strexne r2, r0, [r1] */
    {XM_MPU_A32, 0xe1910c9fu, XM_MPU_INSN_PLAIN},     /* lda r0, [r1] */
    {XM_MPU_A32, 0xe181fc90u, XM_MPU_INSN_PLAIN},     /* stl r0, [r1] */
    {XM_MPU_A32, 0xe5810000u, XM_MPU_INSN_PLAIN},     /* str r0, [r1] */
    {XM_MPU_A32, 0xe4910004u, XM_MPU_INSN_PLAIN},     /* ldr r0, [r1], #4 */
    {XM_MPU_A32, 0xe8a100ffu, XM_MPU_INSN_PLAIN},     /* stmia r1!, {r0 to r7} */
    {XM_MPU_A32, 0xe89100ffu, XM_MPU_INSN_PLAIN},     /* ldm r1, {r0 to r7} */
    {XM_MPU_A32, 0xe1c200d0u, XM_MPU_INSN_PLAIN},     /* ldrd r0, [r2] */
    {XM_MPU_A32, 0xe1c100b0u, XM_MPU_INSN_PLAIN},     /* strh r0, [r1] */
    {XM_MPU_A32, 0xe0810002u, XM_MPU_INSN_PLAIN},     /* add r0, r1, r2 */
    {XM_MPU_A32, 0xe0000291u, XM_MPU_INSN_PLAIN},     /* mul r0, r1, r2 */
    {XM_MPU_A32, 0xe3500001u, XM_MPU_INSN_PLAIN},     /* cmp r0, #1 */
    {XM_MPU_A32, 0xe1100001u, XM_MPU_INSN_PLAIN},     /* tst r0, r1 */
    {XM_MPU_A32, 0xee070f15u, XM_MPU_INSN_PLAIN},     /* mcr 15, 0, r0, cr7, cr5, {0} */
    {XM_MPU_A32, 0xe591f000u, XM_MPU_INSN_BACK},      /* ldr pc, [r1] */
    {XM_MPU_A32, 0xe791f002u, XM_MPU_INSN_BACK},      /* ldr pc, [r1, r2] */
    {XM_MPU_A32, 0xe8bd8010u, XM_MPU_INSN_BACK},      /* pop {r4, pc} */
    {XM_MPU_A32, 0xe12fff1eu, XM_MPU_INSN_BACK},      /* bx lr */
    {XM_MPU_A32, 0xe12fff33u, XM_MPU_INSN_BACK},      /* blx r3 */
    {XM_MPU_A32, 0xe1a0f00eu, XM_MPU_INSN_BACK},      /* mov pc, lr */
    {XM_MPU_A32, 0xe1b0f00eu, XM_MPU_INSN_BACK},      /* movs pc, lr */
    {XM_MPU_A32, 0xe08ff000u, XM_MPU_INSN_BACK},      /* add pc, pc, r0 */
    {XM_MPU_A32, 0xe25ef004u, XM_MPU_INSN_BACK},      /* subs pc, lr, #4 */
    {XM_MPU_A32, 0xe160006eu, XM_MPU_INSN_BACK},      /* eret */
    {XM_MPU_A32, 0xf8bd0a00u, XM_MPU_INSN_BACK},      /* rfeia sp! */
    {XM_MPU_A32, 0xeafffffeu, XM_MPU_INSN_BACK},      /* b */
    {XM_MPU_A32, 0x1afffffeu, XM_MPU_INSN_BACK},      /* bne */
    {XM_MPU_A32, 0xebfffffeu, XM_MPU_INSN_BACK},      /* bl */
    {XM_MPU_A32, 0xea000000u, XM_MPU_INSN_PLAIN},     /* b */
    {XM_MPU_A32, 0xeb000002u, XM_MPU_INSN_PLAIN},     /* bl */
    {XM_MPU_A32, 0xf57ff04fu, XM_MPU_INSN_PLAIN},     /* dsb sy */
    {XM_MPU_T32, 0xe8510f00u, XM_MPU_INSN_EXCLUSIVE}, /* ldrex r0, [r1] */
    {XM_MPU_T32, 0xe8410200u, XM_MPU_INSN_EXCLUSIVE}, /* strex r2, r0, [r1] */
    {XM_MPU_T32, 0xe8d10f4fu, XM_MPU_INSN_EXCLUSIVE}, /* ldrexb r0, [r1] */
    {XM_MPU_T32, 0xe8c10372u, XM_MPU_INSN_EXCLUSIVE}, /* strexd r2, r0, r3, [r1] */
    {XM_MPU_T32, 0xe8d10fdfu, XM_MPU_INSN_EXCLUSIVE}, /* ldaexh r0, [r1] */
    {XM_MPU_T32, 0xe8d10fafu, XM_MPU_INSN_PLAIN},     /* lda r0, [r1] */
    {XM_MPU_T32, 0x60080000u, XM_MPU_INSN_PLAIN},     /* str r0, [r1, #0] */
    {XM_MPU_T32, 0xf8c10000u, XM_MPU_INSN_PLAIN},     /* str.w r0, [r1] */
    {XM_MPU_T32, 0xf8d10004u, XM_MPU_INSN_PLAIN},     /* ldr.w r0, [r1, #4] */
    {XM_MPU_T32, 0xb5010000u, XM_MPU_INSN_PLAIN},     /* push {r0, lr} */
    {XM_MPU_T32, 0xe8910005u, XM_MPU_INSN_PLAIN},     /* ldmia.w r1, {r0, r2} */
    {XM_MPU_T32, 0xe92100fcu, XM_MPU_INSN_PLAIN},     /* stmdb r1!, {r2 to r7} */
    {XM_MPU_T32, 0xe9d20100u, XM_MPU_INSN_PLAIN},     /* ldrd r0, r1, [r2] */
    {XM_MPU_T32, 0xeb010002u, XM_MPU_INSN_PLAIN},     /* add.w r0, r1, r2 */
    {XM_MPU_T32, 0x28010000u, XM_MPU_INSN_PLAIN},     /* cmp r0, #1 */
    {XM_MPU_T32, 0xdf000000u, XM_MPU_INSN_PLAIN},     /* svc 0 */
    {XM_MPU_T32, 0xde000000u, XM_MPU_INSN_PLAIN},     /* udf #0 */
    {XM_MPU_T32, 0xf8d1f000u, XM_MPU_INSN_BACK},      /* ldr.w pc, [r1] */
    {XM_MPU_T32, 0xbd100000u, XM_MPU_INSN_BACK},      /* pop {r4, pc} */
    {XM_MPU_T32, 0xe8bd81f0u, XM_MPU_INSN_BACK},      /* ldmia.w sp!, {r4 to r8, pc} */
    {XM_MPU_T32, 0x47700000u, XM_MPU_INSN_BACK},      /* bx lr */
    {XM_MPU_T32, 0x47980000u, XM_MPU_INSN_BACK},      /* blx r3 */
    {XM_MPU_T32, 0x46f70000u, XM_MPU_INSN_BACK},      /* mov pc, lr */
    {XM_MPU_T32, 0x448f0000u, XM_MPU_INSN_BACK},      /* add pc, r1 */
    {XM_MPU_T32, 0xe8dff000u, XM_MPU_INSN_BACK},      /* tbb [pc, r0] */
    {XM_MPU_T32, 0xf3de8f04u, XM_MPU_INSN_BACK},      /* subs pc, lr, #4 */
    {XM_MPU_T32, 0xf3c18f00u, XM_MPU_INSN_BACK},      /* bxj r1 */
    {XM_MPU_T32, 0xe9bdc000u, XM_MPU_INSN_BACK},      /* rfeia sp! */
    {XM_MPU_T32, 0xe7fe0000u, XM_MPU_INSN_BACK},      /* b.n */
    {XM_MPU_T32, 0xd1fe0000u, XM_MPU_INSN_BACK},      /* bne.n */
    {XM_MPU_T32, 0xf7ffbffeu, XM_MPU_INSN_BACK},      /* b.w */
    {XM_MPU_T32, 0xf7fffffeu, XM_MPU_INSN_BACK},      /* bl */
    {XM_MPU_T32, 0xf47faffeu, XM_MPU_INSN_BACK},      /* bne.w */
    {XM_MPU_T32, 0xe0020000u, XM_MPU_INSN_PLAIN},     /* b.n */
    {XM_MPU_T32, 0xf3bf8f4fu, XM_MPU_INSN_PLAIN},     /* dsb sy */
    {XM_MPU_A64, 0xd5300240u, XM_MPU_INSN_DEBUG},     /* mrs x0, mdscr_el1 */
    {XM_MPU_A64, 0xd5100240u, XM_MPU_INSN_DEBUG},     /* msr mdscr_el1, x0 */
    {XM_MPU_A64, 0xd5381000u, XM_MPU_INSN_PLAIN},     /* mrs x0, sctlr_el1 */
    {XM_MPU_A32, 0xee100e52u, XM_MPU_INSN_DEBUG},     /* mrc p14, 0, r0, c0, c2, 2 */
    {XM_MPU_A32, 0xee110f10u, XM_MPU_INSN_PLAIN},     /* mrc p15, 0, r0, c1, c0, 0 */
    {XM_MPU_T32, 0xee100e52u, XM_MPU_INSN_DEBUG},     /* mrc p14, 0, r0, c0, c2, 2 */
    {XM_MPU_A64, 0xd503207fu, XM_MPU_INSN_WAIT},      /* wfi */
    {XM_MPU_A64, 0xd503205fu, XM_MPU_INSN_WAIT},      /* wfe */
    {XM_MPU_A64, 0xd5031023u, XM_MPU_INSN_WAIT},      /* wfit x3 */
    {XM_MPU_A64, 0xd5031003u, XM_MPU_INSN_WAIT},      /* wfet x3 */
    {XM_MPU_A64, 0xd503201fu, XM_MPU_INSN_PLAIN},     /* nop */
    {XM_MPU_A64, 0xd503203fu, XM_MPU_INSN_PLAIN},     /* yield */
    {XM_MPU_A64, 0xd503209fu, XM_MPU_INSN_PLAIN},     /* sev */
    {XM_MPU_A32, 0xe320f003u, XM_MPU_INSN_WAIT},      /* wfi */
    {XM_MPU_A32, 0x1320f003u, XM_MPU_INSN_WAIT},      /* wfine */
    {XM_MPU_A32, 0xe320f002u, XM_MPU_INSN_WAIT},      /* wfe */
    {XM_MPU_A32, 0xe320f001u, XM_MPU_INSN_PLAIN},     /* yield */
    {XM_MPU_A32, 0xe320f000u, XM_MPU_INSN_PLAIN},     /* nop */
    {XM_MPU_T32, 0xbf300000u, XM_MPU_INSN_WAIT},      /* wfi */
    {XM_MPU_T32, 0xbf200000u, XM_MPU_INSN_WAIT},      /* wfe */
    {XM_MPU_T32, 0xf3af8003u, XM_MPU_INSN_WAIT},      /* wfi.w */
    {XM_MPU_T32, 0xf3af8002u, XM_MPU_INSN_WAIT},      /* wfe.w */
    {XM_MPU_T32, 0xbf100000u, XM_MPU_INSN_PLAIN},     /* yield */
    {XM_MPU_T32, 0xf3af8000u, XM_MPU_INSN_PLAIN},     /* nop.w */
};
#define ROWS (sizeof(table) / sizeof(table[0]))

START_TEST(alone)
{
    for (size_t i = 0; i < ROWS; i++)
        ck_assert_msg(xm_mpu_step_insn(table[i].set, &table[i].word, 1) == table[i].is, "row %zu",
                      i);
}
END_TEST

/* Behind a load-exclusive, near enough, and no store-exclusive between the two. */
START_TEST(between)
{
    static const struct {
        enum xm_mpu_set set;
        uint32_t load, store, plain;
    } sets[] = {
        {XM_MPU_A64, 0xc85f7c20u, 0xc8027c20u, 0xf9000020u},
        {XM_MPU_A32, 0xe1910f9fu, 0xe1812f90u, 0xe5810000u},
        {XM_MPU_T32, 0xe8510f00u, 0xe8410200u, 0x60080000u},
    };

    for (unsigned k = 0; k < 3; k++) {
        uint32_t word[XM_MPU_STEP_BEFORE + 2];
        unsigned n = XM_MPU_STEP_BEFORE + 2;

        for (unsigned i = 0; i < n; i++)
            word[i] = sets[k].plain;
        ck_assert_int_eq(xm_mpu_step_insn(sets[k].set, word, n), XM_MPU_INSN_PLAIN);
        word[0] = sets[k].load; /* too far */
        ck_assert_int_eq(xm_mpu_step_insn(sets[k].set, word, n), XM_MPU_INSN_PLAIN);
        ck_assert_int_eq(xm_mpu_step_insn(sets[k].set, word, n - 1), XM_MPU_INSN_EXCLUSIVE);
        word[n - 2] = sets[k].load;
        ck_assert_int_eq(xm_mpu_step_insn(sets[k].set, word, n), XM_MPU_INSN_EXCLUSIVE);
        word[n - 2] = sets[k].store;
        word[n - 3] = sets[k].load;
        ck_assert_int_eq(xm_mpu_step_insn(sets[k].set, word, n), XM_MPU_INSN_PLAIN);
    }
}
END_TEST

static void add_mpu_step_insn(Suite *s)
{
    TCase *tc = tcase_create("all");

    tcase_add_test(tc, alone);
    tcase_add_test(tc, between);
    suite_add_tcase(s, tc);
}

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
    add_mpu_step_insn(s);
    return fake_run(s);
}
