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
    ck_assert(xmi_mpu_model_allows(&core.hw, addr, what, 2));
    ck_assert(xmi_mpu_model_allows(&core.hw, addr + len - 1, what, 2));
    ck_assert_int_eq(xmi_mpu_model_allows(&core.hw, FAR, XM_DO_R, 1), false);
    ck_assert_int_eq(xmi_mpu_model_allows(&core.hw, FAR2, XM_DO_R, 1), false);
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
    ck_assert(!xmi_mpu_model_allows(&core.hw, FAR, XM_DO_R, 2));
    ck_assert(xmi_mpu_model_allows(&core.hw, MPU_RAM, RW, 1));
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
    ck_way(r[1].base, 8, true, m->resident != 0 && nr <= 32 ? XM_MPU_BY_FLIP : XM_MPU_BY_SWITCH);
    for (unsigned i = 0; i < xm_mpu_budget(m); i++)
        mpu_check_guest(&core, r[i].base, i == 1 ? XM_DO_R : RW);
}
END_TEST

START_TEST(refusals)
{
    start(16, true);
    struct mpu_model before = core.hw;
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
    ck_assert(!xmi_mpu_model_allows(&core.hw, FAR, XM_DO_W, 2));
    xm_mpu_remote_end(m);
    ck_assert_uint_eq(core.hw.changes - w, 3);
    mpu_check(&core);
}
END_TEST

static bool seen_open;

static void see(struct mpu_model *hw, void *ctx, bool after)
{
    xm_mpu_reg addr = *(const xm_mpu_reg *)ctx;

    if (after && xmi_mpu_model_allows(hw, addr, RW, 2))
        seen_open = true;
    must(!xmi_mpu_model_allows(hw, FAR, XM_DO_R, 1));
}

/* One word without a look at the guest's regions: as begin and end, or not at all. */
static void ck_fast(xm_mpu_reg addr, int how, unsigned writes)
{
    uint32_t word = 1;

    target(addr, 4, true);
    if (how == XM_MPU_BY_WINDOW) { /* far from the guest's: at once */
        ck_assert_int_eq(xm_mpu_remote_or_fast(m, &core.hw.ops, &t, 0, &word, 2), how);
        ck_assert_uint_eq(word, 3);
        word = 1;
    } else {
        ck_assert_int_eq(xm_mpu_remote_or_fast(m, &core.hw.ops, &t, 0, &word, 2), XM_MPU_NONE);
        ck_assert_uint_eq(word, 1);
    }
    ck_assert_int_eq(xm_mpu_remote_begin(m, &t, 0), how);
    ck_assert_int_eq(xm_mpu_remote_or_fast(m, &core.hw.ops, &t, 0, &word, 2), XM_MPU_NONE);
    xm_mpu_remote_end(m);
    struct mpu_model before = core.hw;
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
    start(16, true);
    struct mpu_model before = core.hw;
    target(FAR, 64, true);
    weight_enable = 1, weight_other = 10;
    ck_assert_int_eq(xm_mpu_measure(m, &t, 3, clock_of, NULL), 0);
    ck_closed(&before);
    ck_assert_uint_eq(m->cost[XM_MPU_BY_WINDOW], 21);
    ck_assert_uint_eq(m->cost[XM_MPU_BY_FLIP], 2);
    ck_assert_uint_eq(m->cost[XM_MPU_BY_SWITCH], 2); /* what is resident is not loaded */
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
    start(16, false);
    target(FAR, 64, true);
    weight_enable = 1, weight_other = 10;
    ck_assert_int_eq(xm_mpu_measure(m, &t, 3, clock_of, NULL), 0);
    ck_assert_uint_gt(m->cost[XM_MPU_BY_SWITCH], 40);
}
END_TEST

/* ---- without looking at the guest's regions ---- */

#define ENDS 40u /* pages from the first one that random guests and targets use */

static xm_mpu_reg random_page(void)
{
    static const xm_mpu_reg bases[] = {MPU_RAM, FAR, MPU_RAM + UINT64_C(0x2000000),
                                       ~UINT64_C(0x27fff)};

    return bases[mpu_random(4)] + mpu_random(ENDS) * XM_PAGE_SIZE;
}

/* Up to n regions in order, apart; at the very end of all addresses, too. */
static unsigned random_regions(struct xm_mpu_region *r, unsigned n)
{
    unsigned k = 0;

    for (unsigned i = 0; i < n; i++) {
        struct xm_mpu_region one = mpu_region(0, 1, mpu_random(3) != 0 ? RW : XM_DO_R);
        xm_mpu_reg base = random_page();
        unsigned at = k;

        one.base = base + mpu_random(64) * XM_MPU_GRANULE;
        one.last = base + XM_PAGE_SIZE - 1;
        while (at > 0 && r[at - 1].base > one.base)
            at--;
        if ((at > 0 && r[at - 1].last >= one.base) || (at < k && r[at].base <= one.last))
            continue;
        memmove(&r[at + 1], &r[at], (k - at) * sizeof(*r));
        r[at] = one;
        k++;
    }
    return k;
}

static void change_guest(void)
{
    struct xm_mpu_region r[XM_MPU_REGIONS_MAX];
    unsigned n = random_regions(r, (unsigned)mpu_random(xm_mpu_budget(m) + 1));

    switch (mpu_random(8)) {
    case 0: must(xm_mpu_load(m, r, n) == 0); break;
    case 1: xm_mpu_recover(m); break;
    default:
        for (unsigned i = 0; i < n; i++) { /* with evictions, soon */
            int rc = xm_mpu_fill(m, &r[i], 0);

            must(rc == 0 || rc == -XM_EEXIST);
        }
    }
}

static bool in_the_way(const struct xm_mpu_target *x)
{
    struct xm_mpu_region r;

    for (unsigned i = 0; i < m->live; i++) {
        xm_mpu_guest_region(m, i, &r);
        if (r.base <= x->last && x->first <= r.last)
            return true;
    }
    return false;
}

/*
 * Targets older than the guest's regions: what is taken unseen must be what can be taken, a window
 * only where nothing is in its way, a flip only where it leads to Xen's view.
 */
START_TEST(unseen)
{
    static const unsigned nrs[] = {8, 16, 24, 32, 40};
    enum { TARGETS = 24 };
    struct xm_mpu_target old[TARGETS];
    unsigned taken[XM_MPU_HOWS] = {0}, looked = 0;

    mpu_start(&core, nrs[_i / 2], true, _i % 2 != 0);
    for (unsigned k = 0; k < 20000; k++) {
        struct xm_mpu_target *x = &old[mpu_random(TARGETS)];
        int exact, how;

        if (k < TARGETS || mpu_random(16) == 0) {
            x = &old[k % TARGETS];
            if (xm_mpu_target_init(m, x, random_page() + mpu_random(XM_PAGE_SIZE),
                                   1 + mpu_random(XM_PAGE_SIZE / 2), mpu_random(2) != 0, 0, 0) != 0)
                must(xm_mpu_target_init(m, x, FAR, 8, true, 0, 0) == 0);
        }
        if (mpu_random(3) == 0)
            change_guest();
        exact = xm_mpu_decide(m, x);
        how = xm_mpu_way(m, x, 0);
        looked += how == XM_MPU_NONE;
        must(how != XM_MPU_BY_WINDOW || !in_the_way(x));
        must(how != XM_MPU_BY_FLIP || (m->flips && m->high == 0 && x->in_xen > 0));
        must(how == XM_MPU_NONE || how == XM_MPU_BY_FLIP || how == exact);
        must(how == XM_MPU_NONE || exact > 0);
        how = xm_mpu_remote_begin(m, x, 0);
        must(exact > 0 ? how > 0 : how == exact);
        if (how > 0) {
            taken[how]++;
            must(xmi_mpu_model_allows(&core.hw, x->first, x->write ? RW : XM_DO_R, 2));
            must(xmi_mpu_model_allows(&core.hw, x->last, x->write ? RW : XM_DO_R, 2));
            xm_mpu_remote_end(m);
        }
        mpu_check(&core);
    }
    ck_assert_uint_gt(looked, 100);
    ck_assert_uint_lt(looked, 19000);
    ck_assert_uint_gt(taken[XM_MPU_BY_WINDOW], 1000);
}
END_TEST

/* A region with other attributes in the way is found, however sure the target was of its window. */
START_TEST(unseen_attributes)
{
    struct xm_mpu_region r[2] = {mpu_region(G, 4, RW), mpu_region(FAR >> 12, 1, RW)};

    start(16, true);
    target(FAR, 8, true);
    ck_assert_int_eq(xm_mpu_remote_begin(m, &t, 0), XM_MPU_BY_WINDOW);
    xm_mpu_remote_end(m);
    r[1].attr = 1;
    ck_assert_int_eq(xm_mpu_load(m, r, 2), 0);
    ck_assert_int_eq(xm_mpu_remote_begin(m, &t, 0), -XM_EINVAL);
    ck_assert_int_eq(xm_mpu_target_init(m, &t, FAR + 0x100000, 8, true, 2, 0), 0);
    ck_assert_int_eq(xm_mpu_remote_begin(m, &t, 0), -XM_EINVAL);
    mpu_check(&core);
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
                 xmi_mpu_model_allows(&core.hw, a, XM_DO_R, 1) ==
                     xmi_mpu_model_allows(&before, a, XM_DO_R, 1));
            must(!xmi_mpu_model_allows(&core.hw, a, XM_DO_W, 1) ||
                 xmi_mpu_model_allows(&before, a, XM_DO_W, 1));
        }
        must(xmi_mpu_model_allows(&core.hw, addr, write ? RW : XM_DO_R, 2));
        must(xmi_mpu_model_allows(&core.hw, addr + len - 1, write ? RW : XM_DO_R, 2));
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

    tcase_set_timeout(tc, 240);
    tcase_add_loop_test(tc, unseen, 0, 10);
    tcase_add_test(tc, unseen_attributes);
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
