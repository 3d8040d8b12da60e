/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Regions of one core; an abort at each register write. */
#include <setjmp.h>

#include "mpu-test.h"

#define G MPU_GFN
#define PAGES 64u
#define RW (XM_DO_R | XM_DO_W)
#define RX (XM_DO_R | XM_DO_X)
#define RWX 7u

static struct mpu_core core;

/* Register writes and syncs of one change. */
static void ck_cost(const struct xm_mpu_region *r, unsigned n, unsigned writes, unsigned syncs)
{
    uint64_t w = core.hw.changes, s = core.hw.writes.sync;

    ck_assert_int_eq(xm_mpu_load(&core.m, r, n), 0);
    ck_assert_uint_eq(core.hw.changes - w, writes);
    ck_assert_uint_eq(core.hw.writes.sync - s, syncs);
    mpu_check(&core);
}

static void ck_refused(const struct xm_mpu_region *r, unsigned n, int rc)
{
    uint64_t w = core.hw.changes;

    ck_assert_int_eq(xm_mpu_load(&core.m, r, n), rc);
    ck_assert_uint_eq(core.hw.changes, w);
}

START_TEST(fewest_writes)
{
    struct xm_mpu_region r[3];

    mpu_start(&core, 16, false, true);
    r[0] = mpu_region(G, 4, RX);
    r[1] = mpu_region(G + 8, 4, RW);
    ck_cost(r, 2, 4, 1); /* base and limit each */
    ck_cost(r, 2, 0, 0);
    r[0].last += XM_PAGE_SIZE;
    ck_cost(r, 2, 1, 1); /* grows: its limit */
    r[0].last -= 2 * XM_PAGE_SIZE;
    ck_cost(r, 2, 1, 1);
    r[0].xn = 1;
    ck_cost(r, 2, 1, 1); /* rights: its base register, same base */
    r[0].base += XM_PAGE_SIZE;
    ck_cost(r, 2, 3, 2); /* another base: off, sync, base, limit */
    ck_cost(r, 1, 1, 1);
    ck_cost(r, 2, 1, 1); /* what was there is there: one bit */
    ck_cost(NULL, 0, 1, 1);
    ck_cost(r, 2, 1, 1);
    /* One shrinks, its neighbour comes down to it: shrink, off, sync, base, limit. */
    r[0] = mpu_region(G, 8, RX);
    r[1] = mpu_region(G + 8, 4, RW);
    ck_cost(r, 2, 3, 2);
    r[0].last -= 2 * XM_PAGE_SIZE;
    r[1].base -= 2 * XM_PAGE_SIZE;
    ck_cost(r, 2, 4, 2);
    mpu_check_guest(&core, (xm_mpu_reg)(G + 6) << 12, RW);
    mpu_check_guest(&core, (xm_mpu_reg)(G + 5) << 12, RX);
}
END_TEST

/* Two guests of which both views fit: a switch is two writes of the enable register. */
START_TEST(two_guests)
{
    struct xm_mpu_region a[4], b[4];

    mpu_start(&core, 16, true, true);
    for (unsigned i = 0; i < 4; i++) {
        a[i] = mpu_region(G + 4 * i, 2, RW);
        b[i] = mpu_region(G + 100 + 4 * i, 2, RX);
    }
    ck_cost(a, 4, 8, 1);
    ck_cost(b, 4, 9, 2);
    ck_cost(a, 4, 2, 2);
    ck_cost(b, 4, 2, 2);
    mpu_check_guest(&core, (xm_mpu_reg)G << 12, 0);
    mpu_check_guest(&core, (xm_mpu_reg)(G + 100) << 12, RX);
}
END_TEST

START_TEST(refusals)
{
    struct xm_mpu_region r[XM_MPU_REGIONS_MAX], bad;

    mpu_start(&core, 16, false, true);
    ck_assert_uint_eq(xm_mpu_budget(&core.m), 16 - 1 - MPU_OWNS - MPU_XENS);
    for (unsigned i = 0; i < 16; i++)
        r[i] = mpu_region(G + 2 * i, 1, RW);
    ck_assert_int_eq(xm_mpu_load(&core.m, r, 11), 0);
    ck_refused(r, 12, -XM_ENOSPC);
    bad = r[1];
    r[1] = r[0];
    ck_refused(r, 2, -XM_EINVAL); /* overlap */
    r[1] = bad;
    r[0].base += 32; /* granule */
    ck_refused(r, 2, -XM_EINVAL);
    r[0].base -= 32;
    r[0].last = r[0].base - 1;
    ck_refused(r, 1, -XM_EINVAL); /* inside out */
    r[0] = mpu_region(MPU_DATA >> 12, 1, RW);
    ck_refused(r, 1, -XM_EINVAL); /* Xen's own */
    r[0] = mpu_region((MPU_TEXT >> 12) - 1, 2, XM_DO_R);
    ck_assert_int_eq(xm_mpu_fill(&core.m, &r[0], 0), -XM_EINVAL);
    for (unsigned i = 0; i < 11; i++)
        mpu_check_guest(&core, (xm_mpu_reg)(G + 2 * i) << 12, RW);
    mpu_check(&core);
}
END_TEST

static int init(unsigned nr, const struct xm_mpu_region *own, unsigned owns,
                const struct xm_mpu_region *xen, unsigned xens)
{
    const struct xm_mpu_cfg cfg = {.ops = &core.hw.ops,
                                   .hw = &core.hw,
                                   .nr = nr,
                                   .slots = core.slots,
                                   .scratch = core.scratch,
                                   .own = own,
                                   .owns = owns,
                                   .xen = xen,
                                   .xens = xens,
                                   .resident = true};

    xmi_mpu_model_init(&core.hw, nr <= XM_MPU_REGIONS_MAX ? nr : 1, true);
    return xm_mpu_init(&core.m, &cfg);
}

START_TEST(start_refusals)
{
    struct xm_mpu_region own = {MPU_TEXT, MPU_TEXT + 0xfff, XM_MPU_EL2_RO, 0, 0, 0};
    struct xm_mpu_region xen = {MPU_RAM, MPU_RAM_LAST, XM_MPU_EL2_RW, 1, 0, 0};

    ck_assert_int_eq(init(6, &own, 1, &xen, 1), 0);
    ck_assert_uint_eq(core.m.resident, 0); /* the floor comes first */
    ck_assert_int_eq(init(7, &own, 1, &xen, 1), 0);
    ck_assert_uint_eq(core.m.resident, 1);
    ck_assert_int_eq(init(5, &own, 1, &xen, 1), -XM_ENOSPC);
    ck_assert_int_eq(init(257, &own, 1, &xen, 1), -XM_EINVAL);
    own.ap = XM_MPU_ALL_RO; /* EL1 could read Xen */
    ck_assert_int_eq(init(16, &own, 1, &xen, 1), -XM_EINVAL);
    own.ap = XM_MPU_EL2_RO;
    xen.ap = XM_MPU_ALL_RW;
    ck_assert_int_eq(init(16, &own, 1, &xen, 1), -XM_EINVAL);
    xen = own;
    ck_assert_int_eq(init(16, &own, 1, &xen, 1), -XM_EINVAL); /* overlap */
    ck_assert_uint_eq(core.hw.changes, 0);
}
END_TEST

/* Region numbers of 32 and above have no bit in the enable register. */
START_TEST(many_regions)
{
    struct xm_mpu_region r[XM_MPU_REGIONS_MAX];

    for (unsigned wide = 0; wide < 2; wide++) {
        mpu_start(&core, 256, wide != 0, true);
        for (unsigned i = 0; i < 251; i++)
            r[i] = mpu_region(G + 2 * i, 1, RW);
        ck_cost(r, 251, 502, 1);
        ck_assert_uint_eq(core.m.high, 224);
        ck_cost(r, 100, 151, 1);
        ck_cost(r, 251, 151, 1); /* revived, one by one */
        for (unsigned i = 0; i < 251; i++)
            mpu_check_guest(&core, (xm_mpu_reg)(G + 2 * i) << 12, RW);
        ck_cost(NULL, 0, 1 + 224, 1);
    }
}
END_TEST

/* ---- against a flat model ---- */

static unsigned random_view(struct xm_mpu_region *r, unsigned max, uint8_t *bits)
{
    static const uint8_t some[] = {XM_DO_R, RX, RW, RWX};
    unsigned n = 0;

    memset(bits, 0, PAGES);
    for (unsigned g = 0; g < PAGES && n < max;) {
        unsigned len = 1 + (unsigned)mpu_random(6);

        len = len < PAGES - g ? len : PAGES - g;
        if (mpu_random(3) != 0) {
            uint8_t b = some[mpu_random(4)];

            r[n++] = mpu_region(G + g, len, b);
            memset(bits + g, b, len);
        }
        g += len;
    }
    return n;
}

static void ck_view(const uint8_t *bits)
{
    for (unsigned g = 0; g < PAGES; g++) {
        mpu_check_guest(&core, (xm_mpu_reg)(G + g) << 12, bits[g]);
        mpu_check_guest(&core, ((xm_mpu_reg)(G + g + 1) << 12) - 1, bits[g]);
    }
}

START_TEST(random_loads)
{
    static const unsigned nrs[] = {9, 16, 24, 32, 48};
    struct xm_mpu_region r[PAGES];
    uint8_t bits[PAGES];

    mpu_start(&core, nrs[_i], _i % 2 == 0, _i % 3 != 0);
    for (unsigned k = 0; k < 400; k++) {
        unsigned n = random_view(r, xm_mpu_budget(&core.m), bits);
        uint64_t w = core.hw.changes, s = core.hw.writes.sync;

        ck_assert_int_eq(xm_mpu_load(&core.m, r, n), 0);
        ck_assert_uint_le(core.hw.changes - w, 2 * n + 2 + (core.m.nr > 32 ? core.m.nr - 32u : 0));
        ck_assert_uint_le(core.hw.writes.sync - s, 2);
        ck_view(bits);
        mpu_check(&core);
    }
}
END_TEST

START_TEST(random_fills)
{
    static const uint8_t some[] = {XM_DO_R, RX, RW, RWX};
    struct xm_mpu_region r[PAGES / 2];
    unsigned n = PAGES / 2, at_most = _i == 0 ? 0 : 3 + (unsigned)_i;

    mpu_start(&core, 16, true, _i == 1);
    for (unsigned i = 0; i < n; i++)
        r[i] = mpu_region(G + 2 * i, 1 + i % 2, some[i % 4]);
    for (unsigned k = 0; k < 2000; k++) {
        unsigned i = (unsigned)mpu_random(n);
        bool there = xm_mpu_guest_bits(&core.m, r[i].base) != 0;

        ck_assert_int_eq(xm_mpu_fill(&core.m, &r[i], at_most), there ? -XM_EEXIST : 0);
        ck_assert_uint_ne(xm_mpu_guest_bits(&core.m, r[i].last), 0);
        ck_assert_uint_le(core.m.live, at_most != 0 ? at_most : xm_mpu_budget(&core.m));
        for (i = 1; i < core.m.live; i++)
            ck_assert(xm_mpu_first(&core.m.slot[core.m.order[i]]) >
                      xm_mpu_last(&core.m.slot[core.m.order[i - 1]]));
        mpu_check(&core);
    }
    ck_assert_uint_gt(core.m.stats.evictions, 100);
    for (unsigned i = 0; i < n; i++) {
        unsigned got = xm_mpu_guest_bits(&core.m, r[i].base);

        ck_assert(got == 0 || got == some[i % 4]);
    }
}
END_TEST

/* ---- an abort at each register write ---- */

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

static void add_mpu_abort(Suite *s)
{
    TCase *tc = tcase_create("all");

    tcase_add_loop_test(tc, at_each_write, 0, KINDS);
    suite_add_tcase(s, tc);
}

int main(void)
{
    Suite *s = suite_create("mpu-slots");
    TCase *tc = tcase_create("all");

    tcase_set_timeout(tc, 240);
    tcase_add_test(tc, fewest_writes);
    tcase_add_test(tc, two_guests);
    tcase_add_test(tc, refusals);
    tcase_add_test(tc, start_refusals);
    tcase_add_test(tc, many_regions);
    tcase_add_loop_test(tc, random_loads, 0, 5);
    tcase_add_loop_test(tc, random_fills, 0, 4);
    suite_add_tcase(s, tc);
    add_mpu_abort(s);
    return fake_run(s);
}
