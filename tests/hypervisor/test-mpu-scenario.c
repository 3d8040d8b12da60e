/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tables that emulated boards play, here on the model, in both layouts. */
#include "mpu-scenario.h"
#include "mpu-test.h"

static struct mpu_core core;
static struct xm_mpu_view view;
static struct xm_mpu_extent room[256];

static int map(uint64_t first, uint64_t gfns, enum xm_access a)
{
    const struct xm_mpu_extent e = {.first = first, .last = first + gfns - 1, .access = (uint8_t)a};

    return xm_mpu_extents_map(&view.x, &e);
}

static int start(struct mpu_bed *b, enum xm_mpu_mode mode)
{
    view = (struct xm_mpu_view){.x = {.e = room, .room = 256},
                                .mode = (uint8_t)mode,
                                .budget = (uint16_t)xm_mpu_budget(b->m)};
    ck_assert_uint_eq(view.budget, MPU_BED_BUDGET);
    ck_assert_int_eq(map(b->first - 3, 1, XM_ACCESS_RX), 0);
    ck_assert_int_eq(map(b->first - 2, 2, XM_ACCESS_RW), 0);
    ck_assert_int_eq(map(b->first, MPU_BED_PAGES, XM_ACCESS_RWX), 0);
    ck_assert_int_eq(xm_mpu_view_changed(&view), 0);
    b->m->view = NULL;
    return xm_mpu_view_load(b->m, &view);
}

static int set(struct mpu_bed *b, uint64_t first, uint64_t gfns, enum xm_access a)
{
    static struct xm_mpu_extent before[256];
    struct xm_mpu_extents was = view.x;

    memcpy(before, room, sizeof(room));
    int rc = xm_mpu_extents_set(&view.x, first, first + gfns - 1, a);
    if (rc == 0)
        rc = xm_mpu_view_changed(&view);
    if (rc == 0)
        return xm_mpu_view_load(b->m, &view);
    memcpy(room, before, sizeof(room));
    view.x = was;
    return rc;
}

static int guest(struct mpu_bed *b, uintptr_t addr, unsigned what)
{
    for (unsigned tries = 0; tries < 4; tries++) {
        int rc;

        if (xmi_mpu_model_access(&core.hw, addr, what, 1) == 0)
            return XM_MPU_FAULT_LOADED;
        rc = xm_mpu_view_fault(b->m, &view, addr, what);
        if (rc != XM_MPU_FAULT_LOADED && rc != XM_MPU_FAULT_STALE)
            return rc;
    }
    return -XM_EAGAIN;
}

static bool el2(struct mpu_bed *b, uintptr_t addr, unsigned what)
{
    (void)b;
    return xmi_mpu_model_access(&core.hw, addr, what, 2) == 0;
}

START_TEST(play)
{
    struct mpu_bed b = {.m = &core.m,
                        .first = MPU_GFN + 8,
                        .xen_data = MPU_DATA + 64,
                        .start = start,
                        .set = set,
                        .guest = guest,
                        .el2 = el2};
    const struct mpu_scenario *s = &mpu_scenarios[(unsigned)_i / 2];
    struct mpu_failure f;

    mpu_start(&core, MPU_BED_REGIONS, _i % 2 != 0, true);
    ck_assert_msg(mpu_scenario_play(&b, s, &f), "%s, step %u, page %u: %d, not %d", s->name, f.step,
                  f.page, f.got, f.expected);
    mpu_check(&core);
}
END_TEST

/* ---- one word at a time, by the short way where it was decided for before ---- */

static unsigned open_writes; /* register writes that came while EL2 could reach the word */
static xm_mpu_reg watched;

static void watch(struct mpu_model *hw, void *ctx, bool after)
{
    (void)ctx;
    open_writes += !after && xmi_mpu_model_allows(hw, watched, XM_DO_W, 2);
}

static const struct {
    xm_mpu_reg addr;
    bool resident;
    int fast, how;
    unsigned writes, writes_again; /* with another target's window in between, and without */
} words[] = {
    {MPU_RAM, true, XM_MPU_COVERED, XM_MPU_COVERED, 0, 0},
    {MPU_RAM + 0x400000, true, XM_MPU_BY_WINDOW, XM_MPU_BY_WINDOW, 3, 2},
    {MPU_RAM + 0x2000, true, XM_MPU_BY_FLIP, XM_MPU_BY_FLIP, 2, 2},
    {MPU_RAM + 0x2000, false, XM_MPU_NONE, XM_MPU_BY_SWITCH, 7, 7},
};

START_TEST(one_word)
{
    const struct xm_mpu_region guest_regions[] = {mpu_region(MPU_GFN, 1, XM_DO_R | XM_DO_W),
                                                  mpu_region(MPU_GFN + 2, 1, XM_DO_R)};
    struct xm_mpu *m = &core.m;
    struct xm_mpu_target t, other;
    uint32_t word = 0;
    uint64_t before;

    mpu_start(&core, MPU_BED_REGIONS, false, words[_i].resident);
    ck_assert_int_eq(xm_mpu_load(m, guest_regions, 2), 0);
    ck_assert_int_eq(xm_mpu_target_init(m, &t, words[_i].addr, 64, true, 0, 0), 0);
    ck_assert_int_eq(xm_mpu_target_init(m, &other, MPU_RAM + 0x500000, 64, true, 0, 0), 0);
    /* Not decided yet: nothing is done, except where no region is near. */
    if (words[_i].fast != XM_MPU_BY_WINDOW)
        ck_assert_int_eq(xm_mpu_remote_or_fast(m, m->ops, &t, 0, &word, 1), XM_MPU_NONE);
    ck_assert_int_eq(xm_mpu_remote_begin(m, &t, 0), words[_i].how);
    ck_assert_int_eq(xm_mpu_remote_or_fast(m, m->ops, &t, 0, &word, 1), XM_MPU_NONE); /* open */
    xm_mpu_remote_end(m);
    ck_assert_uint_eq(word, 0);
    ck_assert_int_eq(xm_mpu_remote_begin(m, &other, 0), XM_MPU_BY_WINDOW);
    xm_mpu_remote_end(m);
    watched = words[_i].addr;
    core.hw.hook = watch;
    for (unsigned k = 0; k < 2; k++) {
        unsigned writes = k == 0 ? words[_i].writes : words[_i].writes_again;

        before = core.hw.changes;
        open_writes = 0;
        ck_assert_int_eq(xm_mpu_remote_or_fast(m, m->ops, &t, 0, &word, 1u << k), words[_i].fast);
        if (words[_i].fast == XM_MPU_NONE)
            continue;
        ck_assert_uint_eq(word, (2u << k) - 1);
        ck_assert_uint_eq(core.hw.changes - before, writes);
        ck_assert_uint_eq(open_writes, writes != 0 ? 1 : 0);
        ck_assert_int_eq(xmi_mpu_model_allows(&core.hw, watched, XM_DO_W, 2), writes == 0);
        mpu_check(&core);
    }
    ck_assert_int_eq(xm_mpu_remote_or_fast(m, m->ops, &t, XM_MPU_CORES, &word, 4), XM_MPU_NONE);
    ck_assert_uint_eq(word & 4, 0);
    /* Regions that changed since: only what needs none of them, a flip or a window far away. */
    ck_assert_int_eq(xm_mpu_load(m, guest_regions, 1), 0);
    ck_assert_int_eq(xm_mpu_remote_or_fast(m, m->ops, &t, 0, &word, 4),
                     words[_i].fast == XM_MPU_COVERED ? XM_MPU_NONE : words[_i].fast);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("mpu-scenario");
    TCase *tc = tcase_create("all");

    tcase_add_loop_test(tc, play, 0, 2 * (int)mpu_scenario_count);
    tcase_add_loop_test(tc, one_word, 0, (int)(sizeof(words) / sizeof(words[0])));
    suite_add_tcase(s, tc);
    return fake_run(s);
}
