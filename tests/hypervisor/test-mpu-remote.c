/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ways to memory that the running guest's view does not hold. */
#include "mpu-test.h"

#define G MPU_GFN
#define RW (XM_DO_R | XM_DO_W)
#define FAR (MPU_RAM + UINT64_C(0x800000)) /* in Xen's view, in no guest's */
#define FAR2 (MPU_RAM + UINT64_C(0x900040))

static struct mpu_core core;
static struct xm_mpu *const m = &core.m;
static struct xm_mpu_target t;

/* A guest with rw, ro, rx ranges, and nothing from FAR on. */
static void start(unsigned nr, bool resident)
{
    struct xm_mpu_region r[3] = {mpu_region(G, 4, RW), mpu_region(G + 8, 4, XM_DO_R),
                                 mpu_region(G + 12, 4, XM_DO_R | XM_DO_X)};

    mpu_start(&core, nr, true, resident);
    ck_assert_int_eq(xm_mpu_load(m, r, 3), 0);
}

static void target(xm_mpu_reg addr, size_t len, bool write)
{
    ck_assert_int_eq(xm_mpu_target_init(m, &t, addr, len, write, 0, 0), 0);
}

/* While it is open: EL2 gets there, EL1 gets no more than before. */
static void ck_open(xm_mpu_reg addr, size_t len, bool write)
{
    unsigned what = write ? RW : XM_DO_R;

    ck_assert(!core.hw.unsynced);
    ck_assert(mpu_model_allows(&core.hw, addr, what, 2));
    ck_assert(mpu_model_allows(&core.hw, addr + len - 1, what, 2));
    ck_assert_int_eq(mpu_model_allows(&core.hw, FAR, XM_DO_R, 1), false);
    ck_assert_int_eq(mpu_model_allows(&core.hw, FAR2, XM_DO_R, 1), false);
}

/* Afterwards everything is as before, to the register that is on. */
static void ck_closed(const struct mpu_model *before)
{
    mpu_check(&core);
    for (unsigned i = 0; i < m->nr; i++) {
        bool on = (before->r[i].limit & XM_MPU_EN) != 0;

        ck_assert_int_eq(on, (core.hw.r[i].limit & XM_MPU_EN) != 0);
        ck_assert(!on || (core.hw.r[i].base == before->r[i].base &&
                          core.hw.r[i].limit == before->r[i].limit));
    }
    ck_assert(!mpu_model_allows(&core.hw, FAR, XM_DO_R, 2));
    ck_assert(mpu_model_allows(&core.hw, MPU_RAM, RW, 1));
}

static void ck_way(xm_mpu_reg addr, size_t len, bool write, int how)
{
    struct mpu_model before = core.hw;

    target(addr, len, write);
    ck_assert_int_eq(xm_mpu_remote_begin(m, &t, 0), how);
    ck_open(addr, len, write);
    /* Not re-entered, in no way; regions stay as they are meanwhile. */
    ck_assert_int_eq(xm_mpu_remote_begin(m, &t, 0), -XM_EBUSY);
    ck_assert_int_eq(xm_mpu_load(m, NULL, 0), -XM_EBUSY);
    xm_mpu_remote_end(m);
    ck_closed(&before);
    /* The same again, by the remembered decision. */
    ck_assert_int_eq(xm_mpu_remote_begin(m, &t, 0), how);
    ck_open(addr, len, write);
    ck_assert(!xm_mpu_leave(m)); /* an error path forgot to end it */
    ck_closed(&before);
    ck_assert(xm_mpu_leave(m));
    xm_mpu_remote_end(m);
    ck_closed(&before);
}

START_TEST(ways)
{
    start(16, _i != 0);
    ck_way(MPU_RAM + 8, 8, true, XM_MPU_COVERED);
    ck_way(MPU_RAM + 0x3ff8, 8, true, XM_MPU_COVERED);
    ck_way(MPU_RAM + 0x8000, 64, false, XM_MPU_COVERED);
    ck_way(FAR, 4096, true, XM_MPU_BY_WINDOW);
    ck_way(FAR2, 48, true, XM_MPU_BY_WINDOW);
    /* The guest may only read it: a window would overlap its region. */
    ck_way(MPU_RAM + 0x8000, 64, true, _i != 0 ? XM_MPU_BY_FLIP : XM_MPU_BY_SWITCH);
    /* Half in the guest's region, half not. */
    ck_way(MPU_RAM + 0x3fc0, 128, true, _i != 0 ? XM_MPU_BY_FLIP : XM_MPU_BY_SWITCH);
    ck_assert_uint_eq(m->stats.how[XM_MPU_COVERED], 6);
    ck_assert_uint_eq(m->stats.how[XM_MPU_BY_WINDOW], 4);
}
END_TEST

/* Pool exhausted: the other way, not an error. */
START_TEST(pool_exhausted)
{
    static const unsigned nrs[] = {8, 16, 24, 32, 40, 256};
    struct xm_mpu_region r[XM_MPU_REGIONS_MAX];
    unsigned nr = nrs[_i / 2];

    mpu_start(&core, nr, true, _i % 2 != 0);
    for (unsigned i = 0; i < xm_mpu_budget(m); i++)
        r[i] = mpu_region(G + 2 * i, 1, i == 1 ? XM_DO_R : RW);
    ck_assert_int_eq(xm_mpu_load(m, r, xm_mpu_budget(m)), 0);
    ck_way(FAR, 8, true, XM_MPU_BY_WINDOW);
    /* Regions without a bit in the enable register cannot be flipped off. */
    ck_way(r[1].base, 8, true,
           m->resident != 0 && nr <= 32 ? XM_MPU_BY_FLIP : XM_MPU_BY_SWITCH);
    for (unsigned i = 0; i < xm_mpu_budget(m); i++)
        mpu_check_guest(&core, r[i].base, i == 1 ? XM_DO_R : RW);
}
END_TEST

START_TEST(refusals)
{
    struct mpu_model before;

    start(16, true);
    before = core.hw;
    ck_assert_int_eq(xm_mpu_target_init(m, &t, FAR, 0, true, 0, 0), -XM_EINVAL);
    ck_assert_int_eq(xm_mpu_target_init(m, &t, UINTPTR_MAX - 3, 8, true, 0, 0), -XM_EINVAL);
    ck_assert_int_eq(xm_mpu_target_init(m, &t, MPU_DATA, 8, true, 0, 0), -XM_EINVAL);
    ck_assert_int_eq(xm_mpu_target_init(m, &t, MPU_TEXT - 8, 16, false, 0, 0), -XM_EINVAL);
    ck_assert_int_eq(xm_mpu_target_init(m, &t, FAR, 8, true, 4, 0), -XM_EINVAL);
    /* Attributes that differ: from the guest's region, and from Xen's view. */
    ck_assert_int_eq(xm_mpu_target_init(m, &t, MPU_RAM, 8, true, 0, 1), 0);
    ck_assert_int_eq(xm_mpu_remote_begin(m, &t, 0), -XM_EINVAL);
    ck_assert_int_eq(xm_mpu_target_init(m, &t, FAR, 8, true, 2, 0), 0);
    ck_assert_int_eq(xm_mpu_remote_begin(m, &t, 0), -XM_EINVAL);
    ck_assert_int_eq(m->remote, XM_MPU_NONE);
    ck_closed(&before);
    ck_assert_uint_eq(core.hw.changes, before.changes);
}
END_TEST

/* A decision is for the regions of its time, and each core has its own. */
START_TEST(decisions_age)
{
    struct xm_mpu_region r[2] = {mpu_region(G, 4, RW), mpu_region(FAR >> 12, 1, RW)};

    start(16, true);
    target(FAR, 8, true);
    ck_assert_int_eq(xm_mpu_remote_begin(m, &t, 0), XM_MPU_BY_WINDOW);
    xm_mpu_remote_end(m);
    ck_assert_int_eq(xm_mpu_load(m, r, 2), 0);
    ck_assert_int_eq(xm_mpu_remote_begin(m, &t, 0), XM_MPU_COVERED);
    xm_mpu_remote_end(m);
    ck_assert_int_eq(xm_mpu_load(m, r, 1), 0);
    ck_assert_int_eq(xm_mpu_remote_begin(m, &t, XM_MPU_CORES), XM_MPU_BY_WINDOW);
    xm_mpu_remote_end(m);
    r[1] = mpu_region(FAR >> 12, 1, XM_DO_R);
    ck_assert_int_eq(xm_mpu_fill(m, &r[1], 0), 0);
    ck_assert_int_eq(xm_mpu_remote_begin(m, &t, 0), XM_MPU_BY_FLIP);
    xm_mpu_remote_end(m);
    mpu_check(&core);
}
END_TEST

/* The window of the last target is one bit away: two writes in all, else three. */
START_TEST(window_writes)
{
    uint64_t w;

    start(16, true);
    target(FAR, 64, true);
    for (unsigned k = 0; k < 3; k++) {
        w = core.hw.changes;
        ck_assert_int_eq(xm_mpu_remote_begin(m, &t, 0), XM_MPU_BY_WINDOW);
        xm_mpu_remote_end(m);
        ck_assert_uint_eq(core.hw.changes - w, k == 0 ? 3 : 2);
    }
    target(FAR, 64, false); /* read-only is another window */
    w = core.hw.changes;
    ck_assert_int_eq(xm_mpu_remote_begin(m, &t, 0), XM_MPU_BY_WINDOW);
    ck_assert(!mpu_model_allows(&core.hw, FAR, XM_DO_W, 2));
    xm_mpu_remote_end(m);
    ck_assert_uint_eq(core.hw.changes - w, 3);
    mpu_check(&core);
}
END_TEST

static bool seen_open;

static void see(struct mpu_model *hw, void *ctx, bool after)
{
    xm_mpu_reg addr = *(const xm_mpu_reg *)ctx;

    if (after && mpu_model_allows(hw, addr, RW, 2))
        seen_open = true;
    must(!mpu_model_allows(hw, FAR, XM_DO_R, 1));
}

/* One word by a decision that was remembered: as begin and end, or not at all. */
static void ck_fast(xm_mpu_reg addr, int how, unsigned writes)
{
    struct mpu_model before;
    uint32_t word = 1;

    target(addr, 4, true);
    ck_assert_int_eq(xm_mpu_remote_or_fast(m, &core.hw.ops, &t, 0, &word, 2), XM_MPU_NONE);
    ck_assert_uint_eq(word, 1);
    ck_assert_int_eq(xm_mpu_remote_begin(m, &t, 0), how);
    ck_assert_int_eq(xm_mpu_remote_or_fast(m, &core.hw.ops, &t, 0, &word, 2), XM_MPU_NONE);
    xm_mpu_remote_end(m);
    before = core.hw;
    core.hw.hook = see;
    core.hw.hook_ctx = &addr;
    seen_open = how == XM_MPU_COVERED;
    ck_assert_int_eq(xm_mpu_remote_or_fast(m, &core.hw.ops, &t, 0, &word, 2),
                     how == XM_MPU_BY_SWITCH ? XM_MPU_NONE : how);
    core.hw.hook = NULL;
    ck_assert_uint_eq(word, how == XM_MPU_BY_SWITCH ? 1 : 3);
    ck_assert_int_eq(seen_open, how != XM_MPU_BY_SWITCH);
    ck_assert_uint_eq(core.hw.changes - before.changes, writes);
    ck_closed(&before);
}

START_TEST(one_word)
{
    start(16, true);
    ck_fast(MPU_RAM + 8, XM_MPU_COVERED, 0);
    ck_fast(FAR, XM_MPU_BY_WINDOW, 2);
    ck_fast(MPU_RAM + 0x8000, XM_MPU_BY_FLIP, 2);
    start(16, false);
    ck_fast(MPU_RAM + 0x8000, XM_MPU_BY_SWITCH, 0);
}
END_TEST

/* A clock by which a flip is cheap, or a window: register writes weigh what the test says. */
static unsigned weight_enable, weight_other;

static uint32_t clock_of(void *ctx)
{
    (void)ctx;
    return (uint32_t)(core.hw.writes.enable * weight_enable +
                      (core.hw.writes.base + core.hw.writes.limit) * weight_other);
}

START_TEST(measured)
{
    struct mpu_model before;

    start(16, true);
    before = core.hw;
    target(FAR, 64, true);
    weight_enable = 1, weight_other = 10;
    ck_assert_int_eq(xm_mpu_measure(m, &t, 3, clock_of, NULL), 0);
    ck_closed(&before);
    ck_assert_uint_eq(m->cost[XM_MPU_BY_WINDOW], 21);
    ck_assert_uint_eq(m->cost[XM_MPU_BY_FLIP], 2);
    ck_assert_uint_gt(m->cost[XM_MPU_BY_SWITCH], 40);
    ck_way(FAR, 64, true, XM_MPU_BY_FLIP);
    weight_enable = 100, weight_other = 1;
    target(FAR, 64, true);
    ck_assert_int_eq(xm_mpu_measure(m, &t, 3, clock_of, NULL), 0);
    ck_way(FAR, 64, true, XM_MPU_BY_WINDOW);
    target(MPU_RAM, 64, true);
    ck_assert_int_eq(xm_mpu_measure(m, &t, 3, clock_of, NULL), -XM_EACCES);
    target(FAR, 64, true);
    ck_assert_int_eq(xm_mpu_measure(m, &t, 0, clock_of, NULL), -XM_EACCES);
    ck_assert_int_gt(xm_mpu_remote_begin(m, &t, 0), 0);
    ck_assert_int_eq(xm_mpu_measure(m, &t, 3, clock_of, NULL), -XM_EBUSY);
    xm_mpu_remote_end(m);
}
END_TEST

/* Any target, any guest: EL2 gets what it asked for, EL1 nothing, and then all is as before. */
START_TEST(random_targets)
{
    start(16 + 8 * (unsigned)(_i % 3), _i < 3);
    for (unsigned k = 0; k < 3000; k++) {
        xm_mpu_reg addr = MPU_RAM + mpu_random(32) * XM_PAGE_SIZE / 2 + mpu_random(128) * 8;
        struct mpu_model before = core.hw;
        size_t len = 1 + mpu_random(4096);
        bool write = mpu_random(2) != 0;
        int how;

        target(addr, len, write);
        how = xm_mpu_remote_begin(m, &t, 0);
        must(how > 0);
        for (xm_mpu_reg a = MPU_RAM; a < MPU_RAM + 0x12000; a += 0x200) {
            must(how == XM_MPU_BY_FLIP || how == XM_MPU_BY_SWITCH ||
                 mpu_model_allows(&core.hw, a, XM_DO_R, 1) ==
                     mpu_model_allows(&before, a, XM_DO_R, 1));
            must(!mpu_model_allows(&core.hw, a, XM_DO_W, 1) ||
                 mpu_model_allows(&before, a, XM_DO_W, 1));
        }
        must(mpu_model_allows(&core.hw, addr, write ? RW : XM_DO_R, 2));
        must(mpu_model_allows(&core.hw, addr + len - 1, write ? RW : XM_DO_R, 2));
        xm_mpu_remote_end(m);
        for (unsigned i = 0; i < m->nr; i++)
            must((core.hw.r[i].limit & 1) == (before.r[i].limit & 1));
        mpu_check(&core);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("mpu-remote");
    TCase *tc = tcase_create("all");

    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, ways, 0, 2);
    tcase_add_loop_test(tc, pool_exhausted, 0, 12);
    tcase_add_test(tc, refusals);
    tcase_add_test(tc, decisions_age);
    tcase_add_test(tc, window_writes);
    tcase_add_test(tc, one_word);
    tcase_add_test(tc, measured);
    tcase_add_loop_test(tc, random_targets, 0, 6);
    suite_add_tcase(s, tc);
    return fake_run(s);
}
