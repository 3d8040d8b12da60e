/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An abort of EL2's own at each register write of a change: skipped, the change goes on; or it
 * leads out of the change for good, and xm_mpu_recover() makes the core usable again.
 */
#include "board.h"

/* In no view at all. */
#define NOBODYS ((uintptr_t)ARCH_UNMAPPED)
#define PAGE(d, n) ((uintptr_t)(((d) + (n)) << XM_PAGE_SHIFT))

static unsigned step, at;

static void here(void)
{
    if (step++ != at)
        return;
    if (arch_cpu()->trying)
        arch_store(NOBODYS, 0);
    else if (bare_probe_write(NOBODYS, 0))
        xm_env_panic("an address of nobody's is reachable");
}

static void base(void *hw, unsigned region, xm_mpu_reg v)
{
    here();
    arch_mpu_ops.base(hw, region, v);
    here();
}

static void limit(void *hw, unsigned region, xm_mpu_reg v)
{
    here();
    arch_mpu_ops.limit(hw, region, v);
    here();
}

static void enable(void *hw, uint32_t v)
{
    here();
    arch_mpu_ops.enable(hw, v);
    here();
}

static void sync(void *hw)
{
    arch_mpu_ops.sync(hw);
    here();
}

static struct xm_mpu_ops ops;

/* ---- changes ---- */

static void load(void *arg)
{
    if (xm_mpu_view_load(&arch_cpu()->mpu, xm_mpu_of(&((struct bare_dom *)arg)->core)) != 0)
        xm_env_panic("load");
}

/* Twice: to and fro. */
static void load_both(void *arg)
{
    load(&board_b);
    load(arg);
}

static void rights(void *arg)
{
    if (bare_dom_set(arg, BOARD_A + 20, 2, XM_ACCESS_R) != 0 ||
        bare_dom_set(arg, BOARD_A + 20, 2, XM_ACCESS_RWX) != 0)
        xm_env_panic("rights");
}

static void open_and_close(uintptr_t addr)
{
    struct xm_mpu *m = &arch_cpu()->mpu;
    struct xm_mpu_target t;

    if (xm_mpu_target_init(m, &t, addr, XM_PAGE_SIZE, true, ARCH_SH, ARCH_ATTR_RAM) != 0 ||
        xm_mpu_remote_begin(m, &t, 0) < 0)
        xm_env_panic("remote");
    xm_mpu_remote_end(m);
}

static void remote(void *arg)
{
    open_and_close(*(uintptr_t *)arg);
}

/* Never the last target again, of which the registers would be there already. */
static void window(void *arg)
{
    static unsigned turn;

    open_and_close(*(uintptr_t *)arg + turn++ % 2 * XM_PAGE_SIZE);
}

/* ---- afterwards everything must be as ever ---- */

static bool sound(void)
{
    struct bare_vcpu *a = &board_a.vcpu[0], *b = &board_b.vcpu[0];

    return board_guest(a, BARE_OP_WRITE, PAGE(BOARD_A, 21), 1) == 0 &&
           board_guest(a, BARE_OP_READ, PAGE(BOARD_A, 30), 0) == 0 &&
           board_guest(a, BARE_OP_WRITE, PAGE(BOARD_A, 30), 0) == XM_MPU_FAULT_DENIED &&
           board_guest(a, BARE_OP_READ, PAGE(BOARD_B, 0), 0) == XM_MPU_FAULT_HOLE &&
           board_guest(a, BARE_OP_READ, NOBODYS, 0) == XM_MPU_FAULT_HOLE &&
           board_guest(b, BARE_OP_WRITE, PAGE(BOARD_B, 1), 1) == 0 &&
           !bare_probe_write(NOBODYS, 0) && !bare_probe_write(PAGE(BOARD_A, 0), 0);
}

static bool start(bool resident)
{
    bool ok = bare_mpu_start(arch_cpu(), &arch_mpu_ops, resident) == 0;
    unsigned i;

    board_reset(XM_MPU_DEMAND);
    for (i = 30; i < 38; i += 2)
        ok = ok && bare_dom_set(&board_a, BOARD_A + i, 1, XM_ACCESS_R) == 0;
    (void)board_guest(&board_b.vcpu[0], BARE_OP_NOTHING, 0, 0);
    return ok && board_guest(&board_a.vcpu[0], BARE_OP_NOTHING, 0, 0) == 0;
}

/* At every step there is; how many there were. */
static unsigned everywhere(void (*change)(void *), void *arg, bool trying, bool *ok)
{
    struct bare_cpu *cpu = arch_cpu();

    for (at = 0;; at++) {
        bool came_back = true;

        step = 0;
        load(&board_a);
        cpu->mpu.ops = &ops;
        if (trying)
            came_back = bare_try(change, arg);
        else
            change(arg);
        cpu->mpu.ops = &arch_mpu_ops;
        if (!came_back) {
            xm_mpu_recover(&cpu->mpu);
            board_a.core.p2m_lock.held = 0; /* its holder is gone */
            board_a.core.flush = 0;
            (void)bare_dom_set(&board_a, BOARD_A + 20, 2, XM_ACCESS_RWX);
        }
        *ok = *ok && came_back == !(trying && step > at) && sound();
        if (step <= at)
            return at;
    }
}

static void both(const char *what, void (*change)(void *), void *arg)
{
    bool ok = true;
    unsigned n = everywhere(change, arg, false, &ok);

    board_ok(ok && n > 1, "%s: an abort at each of %u points is survived", what, n);
    ok = true;
    n = everywhere(change, arg, true, &ok);
    board_ok(ok && n > 1, "%s: led out at each of %u points, recovered", what, n);
}

void board_faults(void)
{
    uintptr_t far = PAGE(BOARD_B, 40), read_only = PAGE(BOARD_A, 30);

    ops = (struct xm_mpu_ops){.start = arch_mpu_ops.start,
                              .base = base,
                              .limit = limit,
                              .enable = enable,
                              .sync = sync,
                              .ap_shift = arch_mpu_ops.ap_shift,
                              .xn_shift = arch_mpu_ops.xn_shift,
                              .sh_shift = arch_mpu_ops.sh_shift};
    board_ok(start(true), "Xen's view resident");
    both("views of two guests", load_both, &board_a);
    both("rights", rights, &board_a);
    both("window", window, &far);
    both("flip", remote, &read_only);
    board_ok(start(false), "Xen's view not resident");
    both("switch", remote, &read_only);
    board_ok(start(true), "Xen's view resident again");
}
