/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Random accesses under random regions, overlaps included; the host compares (../differ.c). */
#include "../differ.h"
#include "board.h"

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
