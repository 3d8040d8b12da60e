/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Instructions that the hypervisor carries over: each access is told, the guest's memory is what it would
 * be, and nothing of the step is seen by anyone else.
 */

#include "board.h"

#define PAGE(d, n) ((uintptr_t)(((d) + (n)) << XM_PAGE_SHIFT))
#define A (&board_a.vcpu[0])
#define STORES 500u

/* Lets it run and answers; what was told, and how it ended. */
struct served {
    unsigned told, others;
    int end;
};

static struct served serve(struct bare_vcpu *v, uint32_t flags, void (*between)(void))
{
    struct served s = {0};

    for (;;) {
        const struct xm_ev *ev;

        s.end = bare_run(v);
        ev = board_next(v->dom);
        if (s.end != BARE_END_STOPPED || ev == NULL)
            return s;
        if (ev->reason == XM_EV_REASON_MEM_ACCESS)
            s.told++;
        else
            s.others++;
        if (between != NULL)
            between();
        (void)board_answer(v->dom, flags);
    }
}

static uint32_t look(uintptr_t addr)
{
    struct bare_cpu *cpu = arch_cpu();
    struct xm_mpu_target t;
    uint32_t v = 0;

    if (bare_target(cpu, &t, addr, 4) == 0 &&
        xm_mpu_remote_begin(&cpu->mpu, &t, XM_MPU_CORES) > 0) {
        v = *(volatile uint32_t *)addr;
        xm_mpu_remote_end(&cpu->mpu);
    }
    return v;
}

static void start(unsigned page, unsigned pages, enum xm_access a)
{
    board_reset(XM_MPU_DEMAND);
    board_a.listening = true;
    if (bare_dom_set(&board_a, BOARD_A + page, pages, a) != 0)
        xm_env_panic("rights");
}

/* ---- a loop of stores ---- */

static void stores(void)
{
    uintptr_t at = PAGE(BOARD_A, 4) + 0x40;
    struct served s;
    uint32_t ticks;

    start(4, 1, XM_ACCESS_R);
    bare_tell(A, BARE_OP_STORES, at, STORES);
    ticks = arch_counter();
    s = serve(A, XM_EV_FLAG_STEP, NULL);
    ticks = arch_counter() - ticks;
    bare_print("# ticks of the counter for a step, its event and answer: %u\n", ticks / STORES);
    board_ok(s.end == BARE_END_DONE && s.told == STORES && s.others == 0 && look(at) == STORES,
             "a loop of %u stores, stepped: %u told, %u unseen", STORES, s.told, STORES - s.told);
    board_ok(A->steps == STORES && A->kicked == false, "each of them in one step: %u", A->steps);
    /* Closed: EL1 may not, and EL2 reaches no more than before. */
    board_ok(board_guest(A, BARE_OP_WRITE, at, 0) == BARE_END_STOPPED &&
                 board_answer(&board_a, 0) == 0 && look(at) == STORES,
             "and the page is closed behind them");
}

/* The same by rights: what the first one opens, all others pass through. */
static void relaxed(void)
{
    uintptr_t at = PAGE(BOARD_A, 4) + 0x40;
    unsigned told = 0;
    int end;

    start(4, 1, XM_ACCESS_R);
    bare_tell(A, BARE_OP_STORES, at, STORES);
    while ((end = bare_run(A)) == BARE_END_STOPPED) {
        told++;
        (void)bare_dom_set(&board_a, BOARD_A + 4, 1, XM_ACCESS_RW);
        (void)board_answer(&board_a, 0);
    }
    board_ok(end == BARE_END_DONE && look(at) == STORES && told < STORES,
             "by relaxing, for comparison: %u told, %u unseen", told, STORES - told);
}

static void free_code(void)
{
    if (board_next(&board_a)->reason == XM_EV_REASON_EMUL_UNIMPLEMENTED)
        (void)bare_dom_set(&board_a, board_a.code >> XM_PAGE_SHIFT, 1, XM_ACCESS_RX);
}

static void kick(void)
{
    __atomic_store_n(&A->kicked, true, __ATOMIC_SEQ_CST);
}

/* A virtual interrupt is pending at each step: it waits for the instruction's end. */
static void interrupts(void)
{
    uintptr_t at = PAGE(BOARD_A, 4) + 0x40;
    struct guest_data *g;
    struct served s;
    uint32_t upcalls;

    start(4, 1, XM_ACCESS_R);
    g = (struct guest_data *)(board_a.code + 2 * XM_PAGE_SIZE - GUEST_DATA_BYTES);
    upcalls = look((uintptr_t)&g->upcalls);
    bare_tell(A, BARE_OP_STORES_LISTEN, at, STORES);
    s = serve(A, XM_EV_FLAG_STEP, kick);
    upcalls = look((uintptr_t)&g->upcalls) - upcalls;
    board_ok(s.end == BARE_END_DONE && s.told == STORES && look(at) == STORES,
             "with an interrupt pending at each: %u told, %u unseen", s.told, STORES - s.told);
    board_ok(upcalls == STORES && A->steps == STORES,
             "and the guest took %u interrupts, in %u steps", upcalls, A->steps);
}

/* ---- more than one page ---- */

static void two_pages(void)
{
    uintptr_t at = PAGE(BOARD_A, 5) - 4;
    struct served s;
    unsigned i;

    start(4, 2, XM_ACCESS_R);
    for (i = 0; i < 20; i++) {
        bare_tell(A, BARE_OP_TWO, at, 100 + i);
        s = serve(A, XM_EV_FLAG_STEP, NULL);
        if (s.end != BARE_END_DONE || s.told != 2 || look(at) != 100 + i || look(at + 4) != 100 + i)
            break;
    }
    board_ok(i == 20,
             "one instruction over two pages: an event for each, both open in the end; %u of 20",
             i);
    start(4, 1, XM_ACCESS_R); /* the other one is free: its region is brought in between */
    bare_tell(A, BARE_OP_TWO, at, 7);
    s = serve(A, XM_EV_FLAG_STEP, NULL);
    board_ok(s.end == BARE_END_DONE && s.told == 1 && look(at) == 7 && look(at + 4) == 7,
             "over one of them and a free page: one event");
}

/*
 * Its code in a page without any right: which has no r thereby. What cannot be let run is told as not
 * implemented, and here the page is freed then.
 */
static void fetched(void)
{
    struct xm_domctl op = {.cmd = XM_DOMCTL_MONITOR_OP,
                           .interface_version = xm_domctl_version(board_a.core.xen_minor)};
    uint64_t code;
    struct served s;
    int rc;

    start(4, 1, XM_ACCESS_RWX);
    op.u.monitor_op.op = XM_MONITOR_ENABLE;
    op.u.monitor_op.event = XM_MONITOR_EMUL_UNIMPLEMENTED;
    rc = xm_hc_domctl(&board_a.core, &op);
    code = board_a.code >> XM_PAGE_SHIFT;
    bare_tell(A, BARE_OP_STORES, PAGE(BOARD_A, 6), 10);
    rc = rc == 0 ? bare_dom_set(&board_a, code, 1, XM_ACCESS_N) : rc;
    s = serve(A, XM_EV_FLAG_STEP, free_code);
    board_ok(rc == 0 && s.end == BARE_END_DONE && s.told > 10 && look(PAGE(BOARD_A, 6)) == 10 &&
                 s.others <= 1,
             "a program without rights, instruction by instruction: %u told, %u not to be let run",
             s.told, s.others);
}

/*
 * A load from the page that it is fetched from: what is open for the fetch can be read, so that a
 * watchpoint has to tell.
 */
static unsigned loads_told;

static void count_loads(void)
{
    const struct xm_ev *ev = board_next(&board_a);

    if (ev->reason == XM_EV_REASON_MEM_ACCESS && (ev->u.mem_access.flags & 7u) == XM_DO_R &&
        ev->u.mem_access.gla == board_a.code + 16)
        loads_told++;
}

static void watched(void)
{
    struct served s;

    start(4, 1, XM_ACCESS_RWX);
    loads_told = 0;
    bare_tell(A, BARE_OP_READ, board_a.code + 16, 0);
    if (bare_dom_set(&board_a, board_a.code >> XM_PAGE_SHIFT, 1, XM_ACCESS_N) != 0)
        xm_env_panic("rights");
    s = serve(A, XM_EV_FLAG_STEP, count_loads);
    board_ok(s.end == BARE_END_DONE && loads_told == 1 &&
                 A->answer == *(const uint32_t *)(guest_image + 16),
             "a load from the page of its own instruction is told besides: %u", loads_told);
}

/* ---- the guest's own debug state ---- */

static void kept(void)
{
    uint64_t sum;
    struct served s;

    start(4, 1, XM_ACCESS_N);
    arch_debug_fill();
    sum = arch_debug_sum();
    bare_tell(A, BARE_OP_STORES, PAGE(BOARD_A, 4), 10); /* n: loads of that page are watched */
    s = serve(A, XM_EV_FLAG_STEP, NULL);
    board_ok(s.end == BARE_END_DONE && s.told == 10 && arch_debug_sum() == sum,
             "the guest's debug registers are as they were behind %u steps", s.told);
}

/* Stopped at its store, which was told; what the guest's registers are then, it has set. */
static void at_store(uintptr_t at)
{
    start(4, 1, XM_ACCESS_R);
    bare_tell(A, BARE_OP_WRITE, at, 77);
    if (bare_run(A) != BARE_END_STOPPED)
        xm_env_panic("no event");
}

static void own_step(void)
{
    uintptr_t at = PAGE(BOARD_A, 4) + 8, pc;
    int end;

    at_store(at);
    pc = A->regs.pc;
    if (!arch_debug_own_step(&A->regs, true))
        return;
    (void)board_answer(&board_a, XM_EV_FLAG_STEP);
    end = bare_run(A);
    (void)arch_debug_own_step(&A->regs, false);
    board_ok(end == BARE_END_EXCEPTION && arch_debug_told_step(A->answer) && A->answer2 == pc + 4 &&
                 look(at) == 77,
             "a guest that steps itself has its own exception behind the store");
}

static void own_watch(void)
{
    uintptr_t at = PAGE(BOARD_A, 4) + 16, pc;
    int end;

    at_store(at);
    pc = A->regs.pc;
    arch_debug_own_watch(&A->regs, at, ARCH_OWN_ON);
    (void)board_answer(&board_a, XM_EV_FLAG_STEP);
    end = bare_run(A);
    arch_debug_own_watch(&A->regs, at, ARCH_OWN_NONE);
    board_ok(end == BARE_END_EXCEPTION && arch_debug_told_watch(A->answer) && A->answer2 == pc &&
                 look(at) != 77 && A->told == 1,
             "a guest that watches the place has its own exception before the store");
}

/* Routed to EL2 debug exceptions are masked by nothing that is the guest's. */
static void own_watch_masked(void)
{
    uintptr_t at = PAGE(BOARD_A, 4) + 20;
    uint64_t sum;
    int end;

    at_store(at);
    arch_debug_own_watch(&A->regs, at, ARCH_OWN_MASKED);
    sum = arch_debug_sum();
    (void)board_answer(&board_a, XM_EV_FLAG_STEP);
    end = bare_run(A);
    board_ok(end == BARE_END_DONE && look(at) == 77 && A->told == 0 && arch_debug_sum() == sum,
             "one that has it masked has none");
    arch_debug_own_watch(&A->regs, at, ARCH_OWN_NONE);
}

/* ---- exceptions of the instruction ---- */

/* At EL1: to its own vectors, with nothing of the step in what it saved. */
static void trapped(void)
{
    uint64_t code;
    struct served s;

    start(4, 1, XM_ACCESS_RWX);
    code = board_a.code >> XM_PAGE_SHIFT;
    bare_tell(A, BARE_OP_TRAP, 0, 0);
    if (bare_dom_set(&board_a, code, 1, XM_ACCESS_N) != 0)
        xm_env_panic("rights");
    s = serve(A, XM_EV_FLAG_STEP, NULL);
    board_ok(s.end == BARE_END_EXCEPTION && s.told >= 5 && A->answer2 > board_a.code &&
                 A->answer2 - board_a.code < XM_PAGE_SIZE && !arch_debug_in_saved() && A->told == 0,
             "an exception of the instruction's goes to EL1 as ever: %u told", s.told);
}

/* ---- is it there? ---- */

static bool announced(void)
{
    struct xm_domctl op = {.cmd = XM_DOMCTL_MONITOR_OP,
                           .interface_version = xm_domctl_version(board_a.core.xen_minor)};

    op.u.monitor_op.op = XM_MONITOR_GET_CAPABILITIES;
    return xm_hc_domctl(&board_a.core, &op) == 0 &&
           (op.u.monitor_op.event & XM_MONITOR_CAP_STEP) != 0;
}

/* Before the trial, and behind it. */
static bool found(void)
{
    const char *way;
    bool before;
    int end;

    start(4, 1, XM_ACCESS_R);
    before = announced();
    bare_tell(A, BARE_OP_WRITE, PAGE(BOARD_A, 4), 1);
    end = bare_run(A);
    (void)board_answer(&board_a, XM_EV_FLAG_STEP);
    board_ok(!before && end == BARE_END_STOPPED && bare_run(A) == BARE_END_STOPPED && A->steps == 0,
             "STEP is not announced before the trial, and an answer with it means nothing");
    board_reset(XM_MPU_DEMAND);
    way = bare_step_find(A);
    board_reset(XM_MPU_DEMAND);
    return board_ok(way != NULL && announced(), "one instruction can be let run, by %s; announced",
                    way != NULL ? way : "nothing");
}

void board_step(void)
{
    if (!found())
        return;
    stores();
    relaxed();
    interrupts();
    two_pages();
    fetched();
    watched();
    trapped();
    kept();
    own_step();
    own_watch();
    own_watch_masked();
}
