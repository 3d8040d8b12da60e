/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mpu-test.h"

static const struct xm_mpu_region own[MPU_OWNS] = {
    {MPU_TEXT, MPU_TEXT + 0xfff, XM_MPU_EL2_RO, 0, 0, 0},
    {MPU_DATA, MPU_DATA + 0x6fff, XM_MPU_EL2_RW, 1, 0, 0},
};
static const struct xm_mpu_region xen[MPU_XENS] = {
    {MPU_RAM, MPU_RAM_LAST, XM_MPU_EL2_RW, 1, 0, 0},
    {MPU_RAM2, MPU_RAM2_LAST, XM_MPU_EL2_RW, 1, 0, 0},
};

/* Banks of RAM, the last ones guests' first pages; what is read-only after boot; devices; the rest. */
static const struct xm_mpu_region boot[MPU_BOOT_XENS] = {
    {MPU_RAM, MPU_RAM + 0x7fff, XM_MPU_EL2_RW, 1, 0, 0},
    {MPU_RAM + 0x8000, MPU_RAM_LAST, XM_MPU_EL2_RW, 1, 0, 0},
    {0x20008000, 0x2000ffff, XM_MPU_EL2_RO, 1, 0, 0},
    {0x20010000, 0x20010fff, XM_MPU_EL2_RO, 1, 0, 0},
    {0x20011000, 0x20013fff, XM_MPU_EL2_RO, 0, 0, 0},
    {0x20014000, 0x2001ffff, XM_MPU_EL2_RW, 1, 0, 0},
    {0x20020000, 0x2003ffff, XM_MPU_EL2_RW, 1, 0, 0},
    {0x20080000, 0x2008ffff, XM_MPU_EL2_RO, 1, 0, 0},
    {0xe7c00000, 0xe7c00fff, XM_MPU_EL2_RW, 1, 0, 1},
    {0xf0000000, 0xf000ffff, XM_MPU_EL2_RW, 1, 0, 1},
    {0xf0100000, 0xf01fffff, XM_MPU_EL2_RW, 1, 0, 1},
    {MPU_RAM2, 0x3fffffff, XM_MPU_EL2_RW, 1, 0, 0},
    {0x40000000, 0x5fffffff, XM_MPU_EL2_RW, 1, 0, 0},
    {0x60000000, MPU_RAM2_LAST, XM_MPU_EL2_RW, 1, 0, 0},
};

/* At every instant Xen can run, and EL1 has nothing of it. */
static void every_instant(struct mpu_model *hw, void *ctx, bool after)
{
    const struct mpu_core *c = ctx;

    if (!after || c->m.nr == 0)
        return;
    must(xmi_mpu_model_allows(hw, MPU_TEXT, XM_DO_R | XM_DO_X, 2));
    must(xmi_mpu_model_allows(hw, MPU_DATA + 0x6ff8, XM_DO_R | XM_DO_W, 2));
    must(!xmi_mpu_model_allows(hw, MPU_TEXT, XM_DO_R, 1));
    must(!xmi_mpu_model_allows(hw, MPU_DATA, XM_DO_R, 1));
}

static void start(struct mpu_core *c, struct xm_mpu_cfg *cfg, bool wide)
{
    cfg->ops = &c->hw.ops;
    cfg->hw = &c->hw;
    cfg->slots = c->slots;
    cfg->scratch = c->scratch;
    cfg->own = own;
    cfg->owns = MPU_OWNS;
    xmi_mpu_model_init(&c->hw, cfg->nr, wide);
    ck_assert_int_eq(xm_mpu_init(&c->m, cfg), 0);
    mpu_check(c);
    c->hw.hook = every_instant;
    c->hw.hook_ctx = c;
}

void mpu_start(struct mpu_core *c, unsigned nr, bool wide, bool resident)
{
    struct xm_mpu_cfg cfg = {.nr = nr, .xen = xen, .xens = MPU_XENS, .resident = resident};

    start(c, &cfg, wide);
}

void mpu_start_boot(struct mpu_core *c, unsigned nr, bool wide, bool resident, unsigned xens)
{
    struct xm_mpu_cfg cfg = {.nr = nr, .xen = boot, .xens = xens, .resident = resident};

    start(c, &cfg, wide);
}

void mpu_check(struct mpu_core *c)
{
    must(xmi_mpu_model_defects(&c->hw) == 0);
    must(!c->hw.unsynced);
    for (unsigned i = 0; i < c->m.nr; i++)
        must(((c->hw.r[i].limit & XM_MPU_EN) != 0) == xm_mpu_on(&c->m, i));
    every_instant(&c->hw, c, true);
}

void mpu_check_guest(struct mpu_core *c, xm_mpu_reg addr, unsigned bits)
{
    for (unsigned what = 1; what < 8; what++) {
        bool ok = xmi_mpu_model_access(&c->hw, addr, what, 1) == 0;

        must(ok == ((what & ~bits) == 0));
    }
    must(xm_mpu_guest_bits(&c->m, addr) == bits);
}

struct xm_mpu_region mpu_region(uint64_t gfn, uint64_t gfns, unsigned bits)
{
    return (struct xm_mpu_region){
        .base = (xm_mpu_reg)(gfn << XM_PAGE_SHIFT),
        .last = (xm_mpu_reg)((gfn + gfns) << XM_PAGE_SHIFT) - 1,
        .ap = (bits & XM_DO_W) != 0 ? XM_MPU_ALL_RW : XM_MPU_ALL_RO,
        .xn = (bits & XM_DO_X) == 0,
    };
}

uint64_t mpu_random(uint64_t below)
{
    static uint64_t s = UINT64_C(88172645463325252);

    s ^= s << 13;
    s ^= s >> 7;
    s ^= s << 17;
    return s % below;
}
