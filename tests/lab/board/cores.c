/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two cores, an MPU each: what one changes holds on the other when the call comes back. */
#include "board.h"

#define PAGE(d, n) ((uintptr_t)(((d) + (n)) << XM_PAGE_SHIFT))
#define PATIENCE 1000000000u /* some ten seconds, emulated on a busy host */

static struct {
    struct bare_vcpu *run; /* for the second core */
    void (*other)(void);   /* something else for it, again and again */
    int end;
    bool ready;
} work;

void board_second(void)
{
    if (bare_mpu_start(arch_cpu(), &arch_mpu_ops, true) != 0)
        return;
    __atomic_store_n(&work.ready, true, __ATOMIC_SEQ_CST);
    for (;;) {
        struct bare_vcpu *v = __atomic_load_n(&work.run, __ATOMIC_SEQ_CST);

        void (*other)(void) = __atomic_load_n(&work.other, __ATOMIC_SEQ_CST);

        if (other != NULL)
            other();
        if (v == NULL)
            continue;
        work.end = bare_run(v);
        __atomic_store_n(&work.run, (struct bare_vcpu *)NULL, __ATOMIC_SEQ_CST);
    }
}

static void run_there(struct bare_vcpu *v, enum bare_op op, uintptr_t a)
{
    bare_tell(v, op, a, 0);
    __atomic_store_n(&work.run, v, __ATOMIC_SEQ_CST);
}

static bool over(int end)
{
    unsigned i;

    for (i = 0; i < PATIENCE; i++) {
        if (__atomic_load_n(&work.run, __ATOMIC_SEQ_CST) == NULL)
            return work.end == end;
    }
    return false;
}

static uint32_t look(uintptr_t addr)
{
    struct xm_mpu *m = &arch_cpu()->mpu;
    struct xm_mpu_target t;
    uint32_t v = 0;

    if (xm_mpu_target_init(m, &t, addr, 4, false, ARCH_SH, ARCH_ATTR_RAM) == 0 &&
        xm_mpu_remote_begin(m, &t, XM_MPU_CORES) > 0) {
        v = *(volatile uint32_t *)addr;
        xm_mpu_remote_end(m);
    }
    return v;
}

static bool moves(uintptr_t addr)
{
    uint32_t before = look(addr);
    unsigned i;

    for (i = 0; i < PATIENCE / 1000; i++) {
        if (look(addr) != before)
            return true;
    }
    return false;
}

static bool still(uintptr_t addr)
{
    uint32_t before = look(addr);
    unsigned i;

    for (i = 0; i < 200; i++) {
        if (look(addr) != before)
            return false;
    }
    return true;
}

/* The other core's guest writes a page all the time; this core takes the right away. */
static void taken_away(unsigned rounds)
{
    struct bare_vcpu *v = &board_a.vcpu[1];
    unsigned i, bad = 0;

    for (i = 0; i < rounds; i++) {
        enum xm_access a = i % 2 != 0 ? XM_ACCESS_R : XM_ACCESS_N;
        uintptr_t at = PAGE(BOARD_A, i % 16);

        run_there(v, BARE_OP_HAMMER, at);
        bad += !moves(at);
        /* A change of another page first: the guest goes on, with the new regions. */
        bad += bare_dom_set(&board_a, BOARD_A + 40 + i % 8, 1, a) != 0 || !moves(at);
        bad += bare_dom_set(&board_a, BOARD_A + i % 16, 1, a) != 0 || !still(at);
        bad += !over(XM_MPU_FAULT_DENIED) || v->fault_addr != at || v->fault_what != XM_DO_W;
        bad += board_guest(&board_a.vcpu[0], BARE_OP_WRITE, at, 0) != XM_MPU_FAULT_DENIED;
        bad += bare_dom_set(&board_a, BOARD_A + i % 16, 1, XM_ACCESS_RWX) != 0;
    }
    board_ok(
        bad == 0 && v->reloads > rounds / 2,
        "%u times a right taken away from the other core's guest, %u wrong; it followed %u times",
        rounds, bad, v->reloads);
}

static void given(void)
{
    struct bare_vcpu *v = &board_a.vcpu[1];

    board_a.listening = true;
    (void)bare_dom_set(&board_a, BOARD_A + 2, 1, XM_ACCESS_R);
    run_there(v, BARE_OP_HAMMER, PAGE(BOARD_A, 2));
    board_ok(over(BARE_END_STOPPED) && board_event(&board_a, BOARD_A + 2, XM_DO_W) &&
                 v->pauses == 1 && board_a.vcpu[0].pauses == 0,
             "a violation there: that vCPU is stopped, and no other");
}

/* B waits on the second core, with interrupts on. */
static void event_across(void)
{
    unsigned i, bad = 0;

    for (i = 0; i < 50; i++) {
        run_there(&board_b.vcpu[0], BARE_OP_LISTEN, (uintptr_t)1 << 24);
        (void)bare_op(&board_a.vcpu[0], BARE_OP_HYPERCALL, BARE_HC_SEND, 1 + i % 30);
        bad += !over(BARE_END_DONE) || (uint32_t)board_b.vcpu[0].answer != 1u << (1 + i % 30);
    }
    board_ok(bad == 0, "50 events to a guest that runs on the other core, %u wrong", bad);
}

/* Below B's pages for events: their extents move, one up, one down. */
static void rights_of_b(void)
{
    static unsigned i;
    enum xm_access a = i / 5 % 2 != 0 ? XM_ACCESS_RWX : XM_ACCESS_R;

    if (bare_dom_set(&board_b, BOARD_B + 2 * (i % 5), 1, a) != 0)
        xm_env_panic("rights");
    i++;
}

/* The sender finds the receiver's pages, whatever the other core does to the receiver's extents. */
static void sent_while_rights_change(unsigned n)
{
    unsigned i, bad = 0;

    __atomic_store_n(&work.other, rights_of_b, __ATOMIC_SEQ_CST);
    for (i = 0; i < n; i++) {
        bad += bare_op(&board_a.vcpu[0], BARE_OP_HYPERCALL, BARE_HC_SEND, 1 + i % 30) !=
                   BARE_END_DONE ||
               board_a.vcpu[0].answer > 1;
    }
    __atomic_store_n(&work.other, (void (*)(void))NULL, __ATOMIC_SEQ_CST);
    board_ok(bad == 0, "%u events while the other core changes the receiver's rights, %u wrong", n,
             bad);
}

/* ---- both cores' guests write one page, and this core listens ---- */

#define STORES 300u

struct both {
    unsigned told[BARE_CPUS];
    bool done[BARE_CPUS];
    bool relax;
};

static void answer_all(struct both *b)
{
    const struct xm_ev *ev;

    while ((ev = board_next(&board_a)) != NULL) {
        b->told[ev->vcpu_id % BARE_CPUS]++;
        if (b->relax)
            (void)bare_dom_set(&board_a, BOARD_A + 4, 1, XM_ACCESS_RW);
        (void)board_answer(&board_a, b->relax ? 0 : XM_EV_FLAG_STEP);
    }
}

/* The second core's vCPU goes on, if it can. */
static void drive_there(struct both *b)
{
    struct bare_vcpu *v = &board_a.vcpu[1];

    if (__atomic_load_n(&work.run, __ATOMIC_SEQ_CST) != NULL || b->done[1])
        return;
    if (v->end == BARE_END_DONE)
        b->done[1] = true;
    else if (__atomic_load_n(&v->pauses, __ATOMIC_SEQ_CST) == 0)
        __atomic_store_n(&work.run, v, __ATOMIC_SEQ_CST);
    if (b->relax && !b->done[1])
        (void)bare_dom_set(&board_a, BOARD_A + 4, 1, XM_ACCESS_R);
}

static struct both stores_of_both(uintptr_t at, bool relax)
{
    struct both b = {.relax = relax, .done = {relax, false}};
    unsigned i;

    board_reset(XM_MPU_DEMAND);
    board_a.listening = true;
    (void)bare_dom_set(&board_a, BOARD_A + 4, 1, XM_ACCESS_R);
    for (i = 0; i < BARE_CPUS; i++)
        bare_tell(&board_a.vcpu[i], BARE_OP_STORES, at + 64 * i, STORES);
    for (i = 0; i < PATIENCE / 20 && (!b.done[0] || !b.done[1]); i++) {
        drive_there(&b);
        if (!b.done[0])
            b.done[0] = bare_run(&board_a.vcpu[0]) == BARE_END_DONE;
        answer_all(&b);
    }
    return b;
}

static void stepped(void)
{
    uintptr_t at = PAGE(BOARD_A, 4) + 0x40;
    struct both b = stores_of_both(at, false);
    unsigned all = 2 * STORES, told = b.told[0] + b.told[1];

    board_ok(b.done[0] && b.done[1] && b.told[0] == STORES && b.told[1] == STORES &&
                 look(at) == STORES && look(at + 64) == STORES,
             "%u stores of two cores to one page, stepped: %u told, %u unseen", all, told,
             all - told);
    b = stores_of_both(at, true);
    board_ok(b.done[1] && look(at + 64) == STORES,
             "%u of the other core by relaxing, for comparison: %u told, %u unseen", STORES,
             b.told[1], STORES - b.told[1]);
}

void board_cores(void)
{
    unsigned i;

    for (i = 0; i < PATIENCE && !__atomic_load_n(&work.ready, __ATOMIC_SEQ_CST); i++) {
    }
    if (!board_ok(work.ready, "the second core has its MPU on"))
        return;
    board_reset(XM_MPU_DEMAND);
    taken_away(100);
    (void)bare_op(&board_b.vcpu[0], BARE_OP_HYPERCALL, BARE_HC_VCPU_INFO, PAGE(BOARD_B, 11));
    (void)bare_op(&board_b.vcpu[0], BARE_OP_HYPERCALL, BARE_HC_SHARED_INFO, PAGE(BOARD_B, 10));
    (void)bare_op(&board_b.vcpu[0], BARE_OP_LISTEN, 50, 0);
    event_across();
    sent_while_rights_change(5000);
    given();
    stepped();
}
