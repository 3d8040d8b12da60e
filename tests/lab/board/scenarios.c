/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's tables (tests/hypervisor/mpu-scenario.c), with a guest at EL1 and real registers. */
#include "board.h"
#include "differ.h"

#include <mpu-scenario.h>

/* Stands for all that is the hypervisor's own; long enough for each access of the tables. */
static uint32_t own[XM_PAGE_SIZE / 4] __attribute__((aligned(256)));

static int start(struct mpu_bed *b, enum xm_mpu_mode mode)
{
    unsigned i;

    board_reset(mode);
    if (xm_mpu_of(&board_a.core)->budget != MPU_BED_BUDGET)
        return -XM_EINVAL;
    /* Pages that can be called. */
    for (i = 0; i < MPU_BED_PAGES; i++) {
        if (board_guest(&board_a.vcpu[0], BARE_OP_WRITE,
                        (uintptr_t)((b->first + i) << XM_PAGE_SHIFT),
                        ARCH_RETURN) != XM_MPU_FAULT_LOADED)
            return -XM_EFAULT;
    }
    return 0;
}

static int set(struct mpu_bed *b, uint64_t first, uint64_t gfns, enum xm_access a)
{
    (void)b;
    return bare_dom_set(&board_a, first, gfns, a);
}

static int guest(struct mpu_bed *b, uintptr_t addr, unsigned what)
{
    struct bare_vcpu *v = &board_a.vcpu[0];
    int rc;

    (void)b;
    v->fault_addr = 0;
    if (what == XM_DO_X)
        rc = board_guest(v, BARE_OP_EXEC, addr, 0);
    else if (what == XM_DO_W)
        rc = board_guest(v, BARE_OP_WRITE, addr + 128, 7);
    else
        rc = board_guest(v, BARE_OP_READ, addr, 0);
    /* It was refused there and for that, if it was. */
    if (rc > XM_MPU_FAULT_ONCE && (v->fault_what != what || v->fault_addr >> 8 != addr >> 8))
        return -XM_EFAULT;
    return rc;
}

static bool el2(struct mpu_bed *b, uintptr_t addr, unsigned what)
{
    (void)b;
    return what == XM_DO_W ? bare_probe_write(addr, ARCH_RETURN) : bare_probe_read(addr);
}

void board_scenarios(void)
{
    struct bare_cpu *cpu = arch_cpu();
    struct mpu_bed b = {.m = &cpu->mpu,
                        .core = cpu->id,
                        .first = BOARD_A,
                        .xen_data = (uintptr_t)own,
                        .sh = ARCH_SH,
                        .attr = ARCH_ATTR_RAM,
                        .start = start,
                        .set = set,
                        .guest = guest,
                        .el2 = el2};
    struct mpu_failure f;
    unsigned i;

    for (i = 0; i < mpu_scenario_count; i++) {
        const struct mpu_scenario *s = &mpu_scenarios[i];
        bool ok = mpu_scenario_play(&b, s, &f);

        board_ok(ok, "scenario %s: %u steps", s->name, s->steps);
        if (!ok)
            bare_print("# step %u, page %u: %d, not %d; faulted at 0x%lx\n", f.step, f.page, f.got,
                       f.expected, (unsigned long)board_a.vcpu[0].fault_addr);
    }
}

/* ---- the cost table ---- */

static uint32_t now(void *ctx)
{
    (void)ctx;
    return arch_counter();
}

void board_measure(void)
{
    struct xm_mpu *m = &arch_cpu()->mpu;
    struct xm_mpu_target t;
    uintptr_t far = (uintptr_t)((BOARD_A + MPU_BED_FAR) << XM_PAGE_SHIFT);
    bool ok;

    board_reset(XM_MPU_DEMAND);
    ok = board_guest(&board_a.vcpu[0], BARE_OP_NOTHING, 0, 0) == 0 &&
         xm_mpu_target_init(m, &t, far, XM_PAGE_SIZE, true, ARCH_SH, ARCH_ATTR_RAM) == 0 &&
         xm_mpu_measure(m, &t, 64, now, NULL) == 0;
    board_ok(ok && m->cost[XM_MPU_BY_WINDOW] != 0 && m->cost[XM_MPU_BY_FLIP] != 0 &&
                 m->cost[XM_MPU_BY_SWITCH] != 0,
             "the cost table is measured");
    bare_print("# ticks of the counter: window %u, flip %u, switch %u\n", m->cost[XM_MPU_BY_WINDOW],
               m->cost[XM_MPU_BY_FLIP], m->cost[XM_MPU_BY_SWITCH]);
    board_ok(xm_mpu_decide(m, &t) == (m->cost[XM_MPU_BY_FLIP] < m->cost[XM_MPU_BY_WINDOW]
                                          ? XM_MPU_BY_FLIP
                                          : XM_MPU_BY_WINDOW) &&
                 !bare_probe_write(far, 0) &&
                 board_guest(&board_a.vcpu[0], BARE_OP_READ, far, 0) == XM_MPU_FAULT_HOLE,
             "and decides; nothing was left open");
}

/* ---- Random accesses under random regions, overlaps included; the host compares (../differ.c) ---- */

#define AREA ((uintptr_t)(BOARD_B << XM_PAGE_SHIFT))
#define BYTES ((DIFFER_GRANULES + 40u) * 64u)

/* Every word returns to its caller, so that it can be called anywhere. */
static void prepare(void)
{
    struct xm_mpu *m = &arch_cpu()->mpu;
    struct xm_mpu_target t;
    uint32_t i;

    if (xm_mpu_target_init(m, &t, AREA, BYTES, true, ARCH_SH, ARCH_ATTR_RAM) != 0 ||
        xm_mpu_remote_begin(m, &t, 0) < 0)
        xm_env_panic("no way to the area");
    for (i = 0; i < BYTES; i += 4)
        *(volatile uint32_t *)(AREA + i) = ARCH_RETURN;
    arch_code_written(AREA, BYTES);
    xm_mpu_remote_end(m);
}

static void draw_regions(uint32_t *s)
{
    unsigned i;

    for (i = 0; i < DIFFER_REGIONS; i++) {
        struct differ_region d = differ_region(s);
        const struct xm_mpu_region r = {.base = AREA + d.base,
                                        .last = AREA + d.last,
                                        .ap = (uint8_t)d.ap,
                                        .xn = (uint8_t)d.xn,
                                        .sh = ARCH_SH,
                                        .attr = ARCH_ATTR_RAM};
        struct xm_mpu_slot v = xm_mpu_encode(&arch_mpu_ops, &r);

        arch_mpu_ops.limit(NULL, DIFFER_FIRST + i, 0);
        arch_mpu_ops.base(NULL, DIFFER_FIRST + i, v.base);
        arch_mpu_ops.limit(NULL, DIFFER_FIRST + i, d.on ? v.limit : v.limit & ~XM_MPU_EN);
    }
    arch_mpu_ops.sync(NULL);
}

static bool done(const struct differ_access *a)
{
    uintptr_t addr = AREA + a->offset;

    if (a->el == 1) {
        enum bare_op op = a->what == XM_DO_R   ? BARE_OP_READ
                          : a->what == XM_DO_W ? BARE_OP_WRITE
                                               : BARE_OP_EXEC;

        return board_guest(&board_a.vcpu[0], op, addr, ARCH_RETURN) == 0;
    }
    if (a->what == XM_DO_R)
        return bare_probe_read(addr);
    return a->what == XM_DO_W ? bare_probe_write(addr, ARCH_RETURN) : bare_probe_exec(addr);
}

static void afresh(void)
{
    if (bare_mpu_start(arch_cpu(), &arch_mpu_ops, true) != 0)
        xm_env_panic("the MPU does not start again");
}

void board_random_accesses(void)
{
    uint32_t s = 1, round, i;

    afresh();
    board_reset(XM_MPU_WHOLE);
    prepare();
    /* The guest's own three regions come before the drawn ones. */
    if (!board_ok(bare_op(&board_a.vcpu[0], BARE_OP_NOTHING, 0, 0) == BARE_END_DONE &&
                      arch_cpu()->mpu.first_guest + arch_cpu()->mpu.live <= DIFFER_FIRST,
                  "random accesses: %u", DIFFER_ROUNDS * DIFFER_ACCESSES))
        return;
    for (round = 0; round < DIFFER_ROUNDS; round++) {
        uint32_t answer = 0;

        draw_regions(&s);
        for (i = 0; i < DIFFER_ACCESSES; i++) {
            struct differ_access a = differ_access(&s);

            answer |= (uint32_t)done(&a) << i;
        }
        bare_print("# differ %u %08x\n", round, answer);
    }
    afresh(); /* the core knows nothing of what was written behind its back */
}
