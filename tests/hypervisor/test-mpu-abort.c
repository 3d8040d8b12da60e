/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An abort at each register write of each kind of change: before the write happens, and after it.
 * Its handler can run; it may look for remote memory and is told that it cannot be now; it may
 * return; it may not, and then Xen's own regions are on, nothing else is, and the core is of use.
 */
#include <setjmp.h>

#include "mpu-test.h"

#define G MPU_GFN
#define SPAN 40u

enum {
    LOAD_LESS,
    LOAD_MORE,
    LOAD_OTHER,
    FILL,
    EVICT,
    WINDOW,
    FLIP,
    SWITCH,
    SWITCH_RESIDENT,
    KINDS
};

static struct mpu_core core;
static struct xm_mpu *const m = &core.m;
static struct xm_mpu_target far_away, read_only;
static unsigned step, abort_at;
static bool returns, taken;
static jmp_buf out;

static unsigned some(struct xm_mpu_region *r, unsigned first, unsigned n, unsigned stride)
{
    static const uint8_t bits[] = {XM_DO_R, 3, 5, 7};

    for (unsigned i = 0; i < n; i++)
        r[i] = mpu_region(G + first + stride * i, 1 + (i + first) % stride, bits[(i + first) % 4]);
    return n;
}

/* The handler: its text, data and stack are there; nothing that was begun is begun again. */
static void handler(struct mpu_model *hw)
{
    must(xmi_mpu_model_allows(hw, MPU_TEXT, XM_DO_R | XM_DO_X, 2));
    must(xmi_mpu_model_allows(hw, MPU_DATA, XM_DO_R | XM_DO_W, 2));
    must(!xmi_mpu_model_allows(hw, MPU_DATA, XM_DO_R, 1));
    must(xm_mpu_remote_begin(m, &far_away, 0) == -XM_EBUSY);
    must(xm_mpu_load(m, NULL, 0) == -XM_EBUSY);
}

static void every_write(struct mpu_model *hw, void *ctx, bool after)
{
    (void)ctx;
    (void)after;
    if (step++ != abort_at)
        return;
    taken = true;
    handler(hw);
    if (!returns)
        longjmp(out, 1);
}

static void remote(struct xm_mpu_target *t, int how)
{
    must(xm_mpu_remote_begin(m, t, 0) == how);
    xm_mpu_remote_end(m);
}

static void prepare(unsigned kind)
{
    struct xm_mpu_region r[SPAN];

    mpu_start(&core, kind >= SWITCH ? 40 : 16, true, kind != SWITCH);
    core.hw.hook = NULL;
    must(xm_mpu_load(m, r, some(r, 0, kind == FILL ? 4 : 11, 2)) == 0);
    must(xm_mpu_target_init(m, &far_away, MPU_RAM2, 64, true, 0, 0) == 0);
    must(xm_mpu_target_init(m, &read_only, MPU_RAM, 64, true, 0, 0) == 0);
    if (kind >= SWITCH) /* some without a bit in the enable register */
        must(xm_mpu_load(m, r, some(r, 0, xm_mpu_budget(m), 2)) == 0);
}

static void change(unsigned kind)
{
    struct xm_mpu_region r[SPAN];

    switch (kind) {
    case LOAD_LESS: must(xm_mpu_load(m, r, some(r, 0, 5, 2)) == 0); break;
    case LOAD_MORE: must(xm_mpu_load(m, r, some(r, 0, 11, 3)) == 0); break;
    case LOAD_OTHER: must(xm_mpu_load(m, r, some(r, 1, 10, 2)) == 0); break;
    case FILL:
    case EVICT:
        (void)some(r, 30, 1, 2);
        must(xm_mpu_fill(m, r, 0) == 0);
        break;
    case WINDOW: remote(&far_away, XM_MPU_BY_WINDOW); break;
    case FLIP: remote(&read_only, XM_MPU_BY_FLIP); break;
    default: remote(&read_only, XM_MPU_BY_SWITCH); break;
    }
}

/* Nobody's view is there; every address is Xen's own, or nobody's. */
static void ck_recovered(void)
{
    struct xm_mpu_region r[SPAN];

    xm_mpu_recover(m);
    mpu_check(&core);
    for (unsigned i = 0; i < core.hw.nr; i++)
        must(((core.hw.r[i].limit & XM_MPU_EN) != 0) == (i >= 1 && i <= MPU_OWNS));
    must(m->live == 0 && m->remote == XM_MPU_NONE);
    must(xm_mpu_load(m, r, some(r, 3, 9, 3)) == 0);
    for (unsigned i = 0; i < 9; i++)
        must(xm_mpu_guest_bits(m, r[i].base) != 0 &&
             xmi_mpu_model_allows(&core.hw, r[i].base, XM_DO_R, 1));
    remote(&far_away, XM_MPU_BY_WINDOW);
    mpu_check(&core);
}

/* False: the change has fewer steps. */
static bool abort_in(unsigned kind, unsigned at, bool back)
{
    prepare(kind);
    step = 0;
    abort_at = at;
    returns = back;
    taken = false;
    core.hw.hook = every_write;
    if (setjmp(out) == 0)
        change(kind);
    core.hw.hook = NULL;
    if (!taken)
        return false;
    if (!back)
        ck_recovered();
    mpu_check(&core);
    return true;
}

START_TEST(at_each_write)
{
    unsigned n = 0;

    while (abort_in((unsigned)_i, n, false) && abort_in((unsigned)_i, n, true))
        n++;
    ck_assert_uint_ge(n, _i == LOAD_LESS ? 2 : 4); /* each write: before, and after */
    ck_assert_uint_eq(n % 2, 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("mpu-abort");
    TCase *tc = tcase_create("all");

    tcase_add_loop_test(tc, at_each_write, 0, KINDS);
    suite_add_tcase(s, tc);
    return fake_run(s);
}
