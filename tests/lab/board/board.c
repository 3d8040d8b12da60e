/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "board.h"

struct bare_dom board_a, board_b;
static unsigned count, failed;

bool board_ok(bool ok, const char *fmt, ...)
{
    va_list ap;

    count++;
    failed += !ok;
    bare_print("%s %u - ", ok ? "ok" : "not ok", count);
    va_start(ap, fmt);
    bare_print_list(fmt, ap);
    va_end(ap);
    bare_print("\n");
    return ok;
}

void board_done(void)
{
    bare_print("1..%u\n", count);
    bare_exit(failed != 0);
}

uint32_t board_random(uint32_t below)
{
    static uint32_t s = 2463534242u;

    s ^= s << 13;
    s ^= s >> 17;
    s ^= s << 5;
    return s % below;
}

void board_reset(enum xm_mpu_mode mode)
{
    int rc;

    bare_heap_reset();
    rc = bare_dom_init(&board_a, "A", BOARD_A, BOARD_PAGES, mode);

    if (rc == 0)
        rc = bare_dom_init(&board_b, "B", BOARD_B, BOARD_PAGES, mode);
    if (rc != 0) {
        bare_print("# domains: %d\n", rc);
        xm_env_panic("no domains");
    }
    board_a.peer = &board_b;
    board_b.peer = &board_a;
    if (bare_evtchn_init(&board_a) != 0 || bare_evtchn_init(&board_b) != 0)
        xm_env_panic("event channels");
}

int board_guest(struct bare_vcpu *v, enum bare_op op, uintptr_t a, uintptr_t b)
{
    unsigned once = v->once;
    int end = bare_op(v, op, a, b);

    if (end == BARE_END_DONE)
        return v->once != once ? XM_MPU_FAULT_ONCE : XM_MPU_FAULT_LOADED;
    return end;
}

void bare_main(void)
{
    int rc = bare_mpu_start(arch_cpu(), &arch_mpu_ops, true);

    bare_print("# EL2 regions: %u\n", arch_regions());
    board_ok(rc == 0, "the MPU is on");
    if (rc != 0)
        board_done();
    board_scenarios();
    board_events();
    board_evtchn();
    board_faults();
    board_step();
    if (!ARCH_PAGES_ONLY) {
        board_policy();
        board_random_accesses();
        board_cores();
    }
    board_measure();
    board_done();
}

void bare_second_main(void)
{
    board_second();
}
