/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bare environment around one instruction: what the core and the debug registers are asked for, and when. */
#include "mpu-test.h"

static bool watch_under_lock(const struct xm_mpu_step *s, const struct xm_mpu_view *v, unsigned i);

#define xm_mpu_step_watch watch_under_lock
#include "../../hypervisor/env/bare/step.c"
#undef xm_mpu_step_watch

#define G MPU_GFN
#define AT(i) ((uintptr_t)((G + (i)) << XM_PAGE_SHIFT))

struct bare_cpu bare_cpus[BARE_CPUS];
static struct mpu_core core;
static struct bare_dom dom;
static struct bare_vcpu *v = &dom.vcpu[0];
static uint32_t code[2 * XM_PAGE_SIZE / 4] __attribute__((aligned(4096)));
static struct {
    bool refuses, over;                         /* of the debug registers */
    unsigned on, off, pages, looks, way, works; /* works: the way that does; 9: none */
    uintptr_t page[ARCH_WATCHES];
    bool virq;
} seen;

static bool watch_under_lock(const struct xm_mpu_step *s, const struct xm_mpu_view *view,
                             unsigned i)
{
    ck_assert(fake_holds(XM_RANK_P2M));
    seen.looks++;
    return xm_mpu_step_watch(s, view, i);
}

struct bare_cpu *arch_cpu(void)
{
    return &bare_cpus[0];
}

void arch_virq(bool pending)
{
    seen.virq = pending;
}

bool arch_step_on(struct arch_debug *dbg, struct bare_regs *regs, const uintptr_t *page, unsigned n)
{
    ck_assert(!fake_holds(XM_RANK_P2M));
    dbg->pc = regs->pc;
    if (seen.refuses)
        return false;
    seen.on++;
    seen.pages = n;
    for (unsigned i = 0; i < n; i++)
        seen.page[i] = page[i];
    return true;
}

bool arch_step_off(struct arch_debug *dbg, struct bare_regs *regs, bool done)
{
    ck_assert_uint_eq(dbg->pc, regs->pc);
    seen.off++;
    return done || seen.over;
}

void arch_step_take(unsigned way)
{
    seen.way = way;
}

/* As the guest would: its first instruction, and one exit that is not for it before. */
int bare_op(struct bare_vcpu *u, enum bare_op op, uintptr_t a, uintptr_t b)
{
    ck_assert(op == BARE_OP_NOTHING && a == 0 && b == 0);
    for (unsigned i = 0; i < 2; i++) {
        ck_assert(bare_step_enter(&bare_cpus[0], u, &u->regs));
        (void)bare_step_leave(&bare_cpus[0], u, &u->regs, i == 1 && seen.way == seen.works);
    }
    return BARE_END_DONE;
}

static void start(void)
{
    struct xm_domctl op = {.cmd = XM_DOMCTL_VM_EVENT_OP,
                           .interface_version = xm_domctl_version(17)};
    struct xm_domain_cfg cfg = {.kind = XM_KIND_ARM_MPU, .vcpus = 1, .mpu_step = true};

    mpu_start(&core, 16, true, false);
    cfg.mpu_budget = (uint16_t)xm_mpu_budget(&core.m);
    fake_start(&dom.core, &cfg);
    for (uint64_t i = 0; i < 16; i++)
        ck_assert_int_eq(xm_p2m_map(&dom.core, xm_gfn(G + i), xm_mfn(G + i), XM_ORDER_4K), 0);
    op.u.vm_event_op.op = XM_VM_EVENT_ENABLE;
    op.u.vm_event_op.mode = XM_VM_EVENT_MODE_MONITOR;
    ck_assert_int_eq(xm_hc_domctl(&dom.core, &op), 0);
    ck_assert_int_eq(xm_mpu_refresh(&dom.core, &core.m), 0);
    bare_cpus[0].mpu = core.m;
    can_step = false;
    memset(v, 0, sizeof(*v));
    v->dom = &dom;
    v->regs = (struct bare_regs){.pc = (uintptr_t)&code[20], .set = XM_MPU_A32};
    memset(&seen, 0, sizeof(seen));
    for (unsigned i = 0; i < sizeof(code) / 4; i++)
        code[i] = 0xe5810000u; /* str r0, [r1] */
}

/* Told, answered with STEP; the vCPU does not run yet. */
static void answered(uint64_t i, unsigned what)
{
    const struct xm_access_req req = {
        .gfn = {G + i}, .offset = 8, .what = (uint8_t)what, .kind = XM_ACC_WITH_GLA};
    struct xm_access_res res;

    fake.regs[0].arm.pc = v->regs.pc;
    ck_assert_int_eq(xm_mpu_check(&dom.core, &bare_cpus[0].mpu, &req, &res), XM_V_STOPPED);
    ck_assert_int_eq(fake_resume(&dom.core, 0, XM_EV_FLAG_STEP), 0);
}

static bool enter(void)
{
    return bare_step_enter(&bare_cpus[0], v, &v->regs);
}

static void leave(bool done)
{
    bool open = xm_mpu_step_of(&dom.core.vcpu[0])->open;

    ck_assert(bare_step_leave(&bare_cpus[0], v, &v->regs, done) == open);
}

START_TEST(one)
{
    start();
    ck_assert(enter()); /* nothing is answered */
    leave(false);
    ck_assert_uint_eq(seen.on + seen.off, 0);
    ck_assert_int_eq(fake_set(&dom.core, G + 4, 1, XM_ACCESS_R), 0);
    answered(4, XM_DO_W);
    v->kicked = seen.virq = true;
    ck_assert(enter());
    ck_assert(!seen.virq && seen.on == 1 && seen.pages == 0 && v->steps == 1);
    leave(false); /* an interrupt: once more */
    ck_assert(seen.virq && seen.off == 1);
    ck_assert(enter());
    ck_assert(!seen.virq && seen.on == 2);
    seen.over = _i == 1; /* it came behind the instruction */
    leave(_i == 0);
    ck_assert(seen.virq && seen.off == 2);
    ck_assert(enter());
    ck_assert_uint_eq(seen.on, 2);
    fake_end(&dom.core);
}
END_TEST

/* What is open for writing can be read: these pages are watched, two at the most. */
START_TEST(pages)
{
    start();
    ck_assert_int_eq(fake_set(&dom.core, G + 4, 3, XM_ACCESS_N), 0);
    answered(4, XM_DO_W);
    answered(5, XM_DO_W);
    ck_assert(enter());
    ck_assert_uint_eq(seen.looks, 2);
    ck_assert_uint_eq(seen.pages, 2);
    ck_assert_uint_eq(seen.page[0], AT(4));
    ck_assert_uint_eq(seen.page[1], AT(5));
    ck_assert_uint_eq(bare_step_met(v, AT(4) + 8), AT(4) + 8);
    ck_assert_uint_eq(bare_step_met(v, AT(5) + 8), AT(5) + 8);
    ck_assert_uint_eq(bare_step_met(v, AT(3) + 4092), AT(4)); /* where the instruction begins */
    ck_assert_uint_eq(bare_step_met(v, AT(6)), AT(6));
    leave(false);
    answered(6, XM_DO_W);
    ck_assert(enter()); /* told again instead */
    ck_assert_uint_eq(seen.on, 1);
    ck_assert(!xm_mpu_step_of(&dom.core.vcpu[0])->open &&
              xm_mpu_step_of(&dom.core.vcpu[0])->n == 0);
    fake_end(&dom.core);
}
END_TEST

START_TEST(refused)
{
    start();
    ck_assert_int_eq(fake_set(&dom.core, G + 4, 1, XM_ACCESS_R), 0);
    seen.refuses = true;
    answered(4, XM_DO_W);
    ck_assert(enter());
    ck_assert(!xm_mpu_step_of(&dom.core.vcpu[0])->open &&
              xm_mpu_step_of(&dom.core.vcpu[0])->n == 0);
    ck_assert_int_eq(fake_monitor(&dom.core, XM_MONITOR_ENABLE, XM_MONITOR_EMUL_UNIMPLEMENTED), 0);
    answered(4, XM_DO_W);
    ck_assert(!enter());
    ck_assert_uint_eq(fake_last(&dom.core)->reason, XM_EV_REASON_EMUL_UNIMPLEMENTED);
    ck_assert_uint_eq(seen.on + seen.off, 0);
    ck_assert_int_eq(fake_resume(&dom.core, 0, 0), 0);
    fake_end(&dom.core);
}
END_TEST

/* The words before it, of its page alone. */
START_TEST(instructions)
{
    uint16_t *half = (uint16_t *)code;
    struct bare_regs *r = &v->regs;

    start();
    ck_assert_int_eq(insn(r, (uintptr_t)&code[20]), XM_MPU_INSN_PLAIN);
    code[20 - XM_MPU_STEP_BEFORE] = 0xe1910f9fu; /* ldrex */
    ck_assert_int_eq(insn(r, (uintptr_t)&code[20]), XM_MPU_INSN_EXCLUSIVE);
    ck_assert_int_eq(insn(r, (uintptr_t)&code[21]), XM_MPU_INSN_PLAIN);
    code[1023] = 0xe1910f9fu;
    ck_assert_int_eq(insn(r, (uintptr_t)&code[1024]), XM_MPU_INSN_PLAIN);
    ck_assert_int_eq(insn(r, (uintptr_t)&code[1023]), XM_MPU_INSN_EXCLUSIVE);
    r->set = XM_MPU_T32;
    half[41] = 0xe851; /* the same; from an odd halfword */
    half[42] = 0x0f00;
    ck_assert_int_eq(insn(r, (uintptr_t)&half[41]), XM_MPU_INSN_EXCLUSIVE);
    half[2047] = 0xbd10; /* pop {r4, pc} at the end of the page */
    ck_assert_int_eq(insn(r, (uintptr_t)&half[2047]), XM_MPU_INSN_BACK);
    fake_end(&dom.core);
}
END_TEST

/* Domains say so only behind a trial that came to its end. */
START_TEST(trial)
{
    static const char *const name[] = {"first", "second", "third"};

    start();
    seen.works = _i < 3 ? (unsigned)_i : 9;
    ck_assert(!bare_can_step());
    if (_i < 3)
        ck_assert_str_eq(bare_step_find(v), name[_i]);
    else
        ck_assert_ptr_null(bare_step_find(v));
    ck_assert_int_eq(bare_can_step(), _i < 3);
    ck_assert_uint_eq(seen.on, seen.off);
    fake_end(&dom.core);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("bare-step");
    TCase *tc = tcase_create("all");

    tcase_add_loop_test(tc, one, 0, 2);
    tcase_add_test(tc, pages);
    tcase_add_test(tc, refused);
    tcase_add_test(tc, instructions);
    tcase_add_loop_test(tc, trial, 0, 4);
    suite_add_tcase(s, tc);
    return fake_run(s);
}
