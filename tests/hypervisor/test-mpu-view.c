/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain's view on cores: whole, in parts, behind, and against a flat model. */
#include "mpu-test.h"

#define G MPU_GFN
#define SPAN 96u
#define ROOM 256u
#define CORES 3u

static struct mpu_core core[CORES];
static struct xm_mpu_extent room[2][ROOM];
static struct xm_mpu_view view, other;

static void view_start(struct xm_mpu_view *v, enum xm_mpu_mode mode, unsigned budget)
{
    const struct xm_mpu_extent all = {.first = G, .last = G + SPAN - 1, .access = XM_ACCESS_RWX};

    *v = (struct xm_mpu_view){.x = {.e = room[v == &other], .room = ROOM},
                              .mode = (uint8_t)mode,
                              .budget = (uint16_t)budget};
    ck_assert_int_eq(xm_mpu_extents_map(&v->x, &all), 0);
    ck_assert_int_eq(xm_mpu_view_changed(v), 0);
}

static int set(unsigned first, unsigned n, enum xm_access a)
{
    ck_assert_int_eq(xm_mpu_extents_set(&view.x, G + first, G + first + n - 1, a), 0);
    return xm_mpu_view_changed(&view);
}

static int fault(unsigned c, unsigned gfn, unsigned what)
{
    return xm_mpu_view_fault(&core[c].m, &view, (G + gfn) << XM_PAGE_SHIFT, what);
}

/* EL1's access, with faults taken as often as it needs. How it ended. */
static int access_el1(unsigned c, xm_mpu_reg addr, unsigned what, unsigned *faults)
{
    int rc;

    for (*faults = 0; *faults < 4; ++*faults) {
        if (xmi_mpu_model_access(&core[c].hw, addr, what, 1) == 0)
            return XM_MPU_FAULT_LOADED;
        rc = xm_mpu_view_fault(&core[c].m, &view, addr, what);
        if (rc != XM_MPU_FAULT_LOADED && rc != XM_MPU_FAULT_STALE)
            return rc;
    }
    ck_abort_msg("faults without end");
    return 0;
}

START_TEST(whole)
{
    struct mpu_core *c = &core[0];

    mpu_start(c, 16, false, true);
    view_start(&view, XM_MPU_WHOLE, xm_mpu_budget(&c->m));
    for (unsigned i = 0; i < 5; i++)
        ck_assert_int_eq(set(2 * i + 1, 1, XM_ACCESS_R), 0);
    ck_assert_int_eq(xm_mpu_view_load(&c->m, &view), 0);
    ck_assert_uint_eq(c->m.live, 11);
    /* One more is too much: refused, the old one stays, here as in the registers. */
    ck_assert_int_eq(set(20, 1, XM_ACCESS_N), -XM_ENOSPC);
    ck_assert_int_eq(set(20, 1, XM_ACCESS_RWX), 0);
    mpu_check_guest(c, (xm_mpu_reg)(G + 20) << 12, 7);
    mpu_check_guest(c, (xm_mpu_reg)(G + 9) << 12, XM_DO_R);
    mpu_check(c);
}
END_TEST

START_TEST(verdicts)
{
    struct mpu_core *c = &core[0];
    unsigned faults;

    for (unsigned codes = 0; codes < 2; codes++) {
        mpu_start(c, 16, true, true);
        c->hw.codes = (uint8_t)codes; /* what the status says makes no difference */
        view_start(&view, XM_MPU_DEMAND, xm_mpu_budget(&c->m));
        ck_assert_int_eq(set(0, 1, XM_ACCESS_W), 0);
        ck_assert_int_eq(set(1, 1, XM_ACCESS_X), 0);
        ck_assert_int_eq(set(2, 1, XM_ACCESS_WX), 0);
        ck_assert_int_eq(set(3, 1, XM_ACCESS_N), 0);
        ck_assert_int_eq(set(4, 1, XM_ACCESS_RX), 0);
        ck_assert_int_eq(fault(0, 0, XM_DO_W), XM_MPU_FAULT_STALE);
        ck_assert_int_eq(fault(0, 0, XM_DO_W), XM_MPU_FAULT_ONCE);
        ck_assert_int_eq(fault(0, 0, XM_DO_R), XM_MPU_FAULT_DENIED);
        ck_assert_int_eq(fault(0, 1, XM_DO_X), XM_MPU_FAULT_ONCE);
        ck_assert_int_eq(fault(0, 2, XM_DO_W | XM_DO_X), XM_MPU_FAULT_ONCE);
        ck_assert_int_eq(fault(0, 2, XM_DO_R), XM_MPU_FAULT_DENIED);
        ck_assert_int_eq(fault(0, 3, XM_DO_X), XM_MPU_FAULT_DENIED);
        ck_assert_int_eq(fault(0, 4, XM_DO_W), XM_MPU_FAULT_DENIED);
        ck_assert_int_eq(fault(0, SPAN, XM_DO_R), XM_MPU_FAULT_HOLE);
        /* It is there: whatever faulted, it was not for want of a region. */
        ck_assert_int_eq(fault(0, 4, XM_DO_R), -XM_EEXIST);
        ck_assert_int_eq(access_el1(0, (xm_mpu_reg)(G + 5) << 12, 7, &faults), XM_MPU_FAULT_LOADED);
        ck_assert_uint_eq(faults, 0);
        mpu_check(c);
    }
}
END_TEST

/* A change reaches each core that runs the domain; one that was away catches up. */
START_TEST(cores)
{
    for (unsigned i = 0; i < CORES; i++)
        mpu_start(&core[i], 16 + 8 * i, i == 1, i != 2);
    view_start(&view, XM_MPU_DEMAND, xm_mpu_budget(&core[0].m));
    view_start(&other, XM_MPU_DEMAND, xm_mpu_budget(&core[0].m));
    for (unsigned i = 0; i < CORES; i++)
        ck_assert_int_eq(xm_mpu_view_load(&core[i].m, i == 2 ? &other : &view), 0);
    ck_assert_int_eq(set(7, 2, XM_ACCESS_R), 0);
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_int_eq(xm_mpu_view_load(&core[i].m, &view), 0);
        mpu_check_guest(&core[i], (xm_mpu_reg)(G + 7) << 12, XM_DO_R);
        mpu_check_guest(&core[i], (xm_mpu_reg)(G + 9) << 12, 7);
    }
    mpu_check_guest(&core[2], (xm_mpu_reg)(G + 7) << 12, 7);
    ck_assert_int_eq(xm_mpu_view_load(&core[2].m, &view), 0);
    mpu_check_guest(&core[2], (xm_mpu_reg)(G + 7) << 12, XM_DO_R);
    /* Whatever was loaded past the view does not count as the view. */
    ck_assert_int_eq(xm_mpu_load(&core[2].m, NULL, 0), 0);
    ck_assert_int_eq(xm_mpu_view_load(&core[2].m, &view), 0);
    mpu_check_guest(&core[2], (xm_mpu_reg)(G + 7) << 12, XM_DO_R);
    for (unsigned i = 0; i < CORES; i++) {
        uint64_t writes = core[i].hw.changes;

        ck_assert_int_eq(xm_mpu_view_load(&core[i].m, &view), 0);
        ck_assert_uint_eq(core[i].hw.changes, writes);
        mpu_check(&core[i]);
    }
}
END_TEST

/* More ranges than regions: each access gets what the rights say, whatever was there before. */
START_TEST(demand)
{
    static const uint8_t rights[] = {XM_ACCESS_N,   XM_ACCESS_R, XM_ACCESS_RW, XM_ACCESS_RX,
                                     XM_ACCESS_RWX, XM_ACCESS_W, XM_ACCESS_X,  XM_ACCESS_WX};
    unsigned nr = (unsigned[]){9, 16, 24, 40}[_i], faults, most = 0;
    struct mpu_core *c = &core[0];
    uint8_t flat[SPAN];

    mpu_start(c, nr, true, _i % 2 == 0);
    view_start(&view, XM_MPU_DEMAND, xm_mpu_budget(&c->m));
    memset(flat, XM_ACCESS_RWX, sizeof(flat));
    for (unsigned k = 0; k < 20000; k++) {
        unsigned gfn = (unsigned)mpu_random(SPAN), what = 1 + (unsigned)mpu_random(7);
        unsigned bits = xm_rights_bits((enum xm_access)flat[gfn]);
        int end;

        if (mpu_random(20) == 0) {
            flat[gfn] = rights[mpu_random(8)];
            ck_assert_int_eq(set(gfn, 1, (enum xm_access)flat[gfn]), 0);
            ck_assert_int_eq(xm_mpu_view_load(&c->m, &view), 0);
            continue;
        }
        end = access_el1(0, ((xm_mpu_reg)(G + gfn) << 12) + mpu_random(XM_PAGE_SIZE), what,
                         &faults);
        if ((what & ~bits) != 0)
            ck_assert_int_eq(end, XM_MPU_FAULT_DENIED);
        else
            ck_assert_int_eq(end, (bits & XM_DO_R) != 0 ? XM_MPU_FAULT_LOADED : XM_MPU_FAULT_ONCE);
        most = faults > most ? faults : most;
        mpu_check(c);
    }
    ck_assert_uint_eq(most, 1);
    ck_assert_uint_gt(c->m.stats.evictions, 100);
}
END_TEST

/* The floor: an instruction may need four regions at once, and gets them, wherever the turn is. */
START_TEST(progress)
{
    unsigned gfn[XM_MPU_FLOOR], most = 0;
    struct mpu_core *c = &core[0];

    mpu_start(c, 1 + MPU_OWNS + XM_MPU_FLOOR, false, true);
    ck_assert_uint_eq(xm_mpu_budget(&c->m), XM_MPU_FLOOR);
    view_start(&view, XM_MPU_DEMAND, XM_MPU_FLOOR);
    for (unsigned i = 0; i < SPAN; i += 2)
        ck_assert_int_eq(set(i, 1, XM_ACCESS_RX), 0);
    ck_assert_int_eq(xm_mpu_view_load(&c->m, &view), 0);
    for (unsigned k = 0; k < 5000; k++) {
        unsigned tries = 0, i;

        for (i = 0; i < XM_MPU_FLOOR; i++)
            gfn[i] = (unsigned)mpu_random(k % 2 != 0 ? SPAN : 8);
        /* From its start again after each fault, as a processor does. */
        for (i = 0; i < XM_MPU_FLOOR; i++) {
            if (xmi_mpu_model_access(&c->hw, (xm_mpu_reg)(G + gfn[i]) << 12, XM_DO_R, 1) == 0)
                continue;
            must(fault(0, gfn[i], XM_DO_R) == XM_MPU_FAULT_LOADED);
            must(++tries <= 2 * XM_MPU_FLOOR);
            i = UINT32_MAX;
        }
        most = tries > most ? tries : most;
    }
    ck_assert_uint_ge(most, XM_MPU_FLOOR);
    mpu_check(c);
}
END_TEST

/* Never more than was asked for: on no core, at no instant at which a guest could run. */
START_TEST(never_more)
{
    struct mpu_core *c = &core[0];

    mpu_start(c, 16, true, true);
    view_start(&view, XM_MPU_DEMAND, xm_mpu_budget(&c->m));
    for (unsigned k = 0; k < 600; k++) {
        unsigned gfn = (unsigned)mpu_random(SPAN), n = 1 + (unsigned)mpu_random(SPAN - gfn);
        unsigned faults;

        ck_assert_int_eq(set(gfn, n, (enum xm_access)mpu_random(10)), 0);
        ck_assert_int_eq(xm_mpu_view_load(&c->m, &view), 0);
        for (unsigned i = 0; i < 20; i++)
            (void)access_el1(0, (xm_mpu_reg)(G + mpu_random(SPAN)) << 12,
                             1 + (unsigned)mpu_random(7), &faults);
        for (unsigned g = 0; g < SPAN + 4; g++) {
            const struct xm_mpu_extent *e = xm_mpu_extents_find(&view.x, G - 2 + g);
            unsigned may = e != NULL ? xm_rights_bits((enum xm_access)e->access) : 0;

            for (unsigned what = 1; what < 8; what <<= 1)
                must((what & may) != 0 ||
                     !xmi_mpu_model_allows(&c->hw, (xm_mpu_reg)(G - 2 + g) << 12, what, 1));
        }
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("mpu-view");
    TCase *tc = tcase_create("all");

    tcase_set_timeout(tc, 240);
    tcase_add_test(tc, whole);
    tcase_add_test(tc, verdicts);
    tcase_add_test(tc, cores);
    tcase_add_loop_test(tc, demand, 0, 4);
    tcase_add_test(tc, progress);
    tcase_add_test(tc, never_more);
    suite_add_tcase(s, tc);
    return fake_run(s);
}
