/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A hypervisor with a boot table of many regions, on MPUs that have few: each way to memory leaves
 * every register as it was, and writes none that there is not.
 */
#include "mpu-test.h"

#define G MPU_GFN
#define RW (XM_DO_R | XM_DO_W)
#define ROOM 512u
#define LAST (MPU_RAM_LAST & ~UINT64_C(63)) /* in Xen's view, in no guest's */

static struct mpu_core core;
static struct xm_mpu *const m = &core.m;

/* Tables of 4, 10 and 14 regions and some between; two are Xen's own. */
static const unsigned tables[] = {2, 8, 9, 10, 12, 14};
static const unsigned counts[] = {16, 20, 24, 32, 34, 40, 64};
#define TABLES (int)(sizeof(tables) / sizeof(tables[0]))
#define COUNTS (int)(sizeof(counts) / sizeof(counts[0]))
#define CASES (TABLES * COUNTS * 2)

/* False: so many do not fit, and were refused. */
static bool start(int i)
{
    unsigned xens = tables[i % TABLES], nr = counts[i / TABLES % COUNTS];
    bool resident = i / TABLES / COUNTS != 0;

    if (1 + MPU_OWNS + xens > nr)
        return false;
    mpu_start_boot(&core, nr, i / TABLES % 2 != 0, resident, xens);
    ck_assert_uint_eq(m->resident, resident && 1 + MPU_OWNS + xens + XM_MPU_FLOOR <= nr ? xens : 0);
    return true;
}

static uint32_t clock_of(void *ctx)
{
    (void)ctx;
    return (uint32_t)core.hw.changes;
}

/* As many as there can be: every other page, the second one read-only. */
static void fill_guest(void)
{
    struct xm_mpu_region r[XM_MPU_REGIONS_MAX];
    unsigned n = xm_mpu_budget(m);

    for (unsigned i = 0; i < n; i++)
        r[i] = mpu_region(G + 2 * i, 1, i == 1 ? XM_DO_R : RW);
    ck_assert_int_eq(xm_mpu_load(m, r, n), 0);
    ck_assert_uint_eq(m->live, n);
}

static void ck_same(const struct mpu_core *was)
{
    mpu_check(&core);
    for (unsigned i = 0; i < m->nr; i++) {
        bool on = (was->hw.r[i].limit & XM_MPU_EN) != 0;

        ck_assert_int_eq(on, (core.hw.r[i].limit & XM_MPU_EN) != 0);
        ck_assert(!on || memcmp(&core.hw.r[i], &was->hw.r[i], sizeof(core.hw.r[i])) == 0);
        ck_assert(i == XM_MPU_WINDOW ||
                  (core.slots[i].limit | XM_MPU_EN) == (was->slots[i].limit | XM_MPU_EN));
    }
    for (unsigned i = 0; i < m->live; i++)
        mpu_check_guest(&core, (xm_mpu_reg)(G + 2 * i) << XM_PAGE_SHIFT, i == 1 ? XM_DO_R : RW);
}

static void take(xm_mpu_reg addr, int how)
{
    struct xm_mpu_target t;

    ck_assert_int_eq(xm_mpu_target_init(m, &t, addr, 64, true, 0, 0), 0);
    if (how == XM_MPU_NONE)
        how = xm_mpu_decide(m, &t);
    ck_assert_int_gt(how, 0);
    xm_mpu_open(m, m->ops, &t, how);
    ck_assert(!core.hw.unsynced);
    ck_assert(xmi_mpu_model_allows(&core.hw, addr, RW, 2));
    ck_assert(!xmi_mpu_model_allows(&core.hw, MPU_RAM_LAST, XM_DO_R, 1));
    xm_mpu_remote_end(m);
}

/* At boot, and wherever the guest may not write. */
START_TEST(ways)
{
    struct xm_mpu_target t;

    if (!start(_i))
        return;
    fill_guest();
    struct mpu_core was = core;
    ck_assert_int_eq(xm_mpu_target_init(m, &t, LAST, 64, true, 0, 0), 0);
    ck_assert_int_eq(xm_mpu_measure(m, &t, 3, clock_of, NULL), 0);
    ck_same(&was);
    for (unsigned k = 0; k < 3; k++) {
        take(LAST, XM_MPU_BY_SWITCH);
        ck_same(&was);
        take((xm_mpu_reg)(G + 2) << XM_PAGE_SHIFT, XM_MPU_NONE); /* the guest's, read-only */
        ck_same(&was);
        take(LAST, XM_MPU_NONE);
        ck_same(&was);
    }
}
END_TEST

/* What is resident need not be loaded: it costs its regions' bits, and those of the guest that have none. */
START_TEST(cost)
{
    struct xm_mpu_target t;
    uint64_t w, high;

    if (!start(_i))
        return;
    fill_guest();
    high = m->high;
    ck_assert_int_eq(xm_mpu_target_init(m, &t, LAST, 64, true, 0, 0), 0);
    w = core.hw.changes;
    xm_mpu_open(m, m->ops, &t, XM_MPU_BY_SWITCH);
    xm_mpu_remote_end(m);
    if (m->resident != 0)
        ck_assert_uint_eq(core.hw.changes - w, 2 + 2 * high);
    else
        ck_assert_uint_ge(core.hw.changes - w, 4 * m->xens);
}
END_TEST

/* A domain's plan on such a core: whole where it fits, else by faults; rights to the byte. */
START_TEST(plans)
{
    static struct xm_mpu_extent room[ROOM];
    static const enum xm_access some[] = {XM_ACCESS_R, XM_ACCESS_RW, XM_ACCESS_RX, XM_ACCESS_N,
                                          XM_ACCESS_RWX};
    struct xm_mpu_extent all = {.first = G, .last = G + 63, .access = XM_ACCESS_RWX};
    struct xm_mpu_view v = {.x = {.e = room, .room = ROOM}};

    if (!start(_i))
        return;
    v.budget = (uint16_t)xm_mpu_budget(m);
    ck_assert_int_eq(xm_mpu_extents_map(&v.x, &all), 0);
    for (unsigned k = 0; k < 300; k++) {
        uint64_t gfn = G + mpu_random(64), at = G + mpu_random(64);
        const struct xm_mpu_extent *e;
        unsigned faults = 0;

        ck_assert_int_eq(xm_mpu_extents_set(&v.x, gfn, gfn, some[mpu_random(5)]), 0);
        ck_assert_int_eq(xm_mpu_view_changed(&v), 0);
        ck_assert_int_eq(xm_mpu_view_load(m, &v), 0);
        ck_assert(v.regions > v.budget || m->live == v.regions);
        e = xm_mpu_extents_find(&v.x, at);
        while (xmi_mpu_model_access(&core.hw, (xm_mpu_reg)(at << XM_PAGE_SHIFT), XM_DO_R, 1) != 0 &&
               xm_mpu_view_fault(m, &v, at << XM_PAGE_SHIFT, XM_DO_R) == XM_MPU_FAULT_LOADED)
            must(++faults < 3);
        mpu_check_guest(&core, (xm_mpu_reg)(at << XM_PAGE_SHIFT),
                        xm_mpu_plan_bits((enum xm_access)e->access));
        take(LAST, mpu_random(2) != 0 ? XM_MPU_BY_SWITCH : XM_MPU_NONE);
        mpu_check_guest(&core, (xm_mpu_reg)(at << XM_PAGE_SHIFT),
                        xm_mpu_plan_bits((enum xm_access)e->access));
        mpu_check(&core);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("mpu-boot");
    TCase *tc = tcase_create("all");

    tcase_set_timeout(tc, 240);
    tcase_add_loop_test(tc, ways, 0, CASES);
    tcase_add_loop_test(tc, cost, 0, CASES);
    tcase_add_loop_test(tc, plans, 0, CASES);
    suite_add_tcase(s, tc);
    return fake_run(s);
}
