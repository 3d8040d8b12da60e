/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The back end for EL2 (mpu-pmsa32.h) once more, with the registers of EL1's MPU, which is off and
 * protects nothing, in the place of EL2's: instruction for instruction the same. So the cost of 24
 * and 32 regions can be counted on a board that has 16: regions from 16 on share their registers.
 * HPRENR has no counterpart at EL1; PRSELR stands in for it.
 */
#ifndef MIRROR_H
#define MIRROR_H

#include <mpu-pmsa32.h>

static inline void mirror_base(void *hw, unsigned region, xm_mpu_reg v)
{
    (void)hw;
    switch (region) {
        PMSA32_HALF(0, 0, 0, 4, v);
        PMSA32_HALF(16, 0, 0, 4, v);
    default:
        pmsa32_select(region);
        PMSA32_WRITE(0, 3, 0, v);
        break;
    }
}

static inline void mirror_limit(void *hw, unsigned region, xm_mpu_reg v)
{
    (void)hw;
    switch (region) {
        PMSA32_HALF(0, 0, 1, 5, v);
        PMSA32_HALF(16, 0, 1, 5, v);
    default:
        pmsa32_select(region);
        PMSA32_WRITE(0, 3, 1, v);
        break;
    }
}

static inline void mirror_enable(void *hw, uint32_t v)
{
    (void)hw;
    PMSA32_WRITE(0, 2, 1, v);
}

#define MIRROR_OPS \
    { .base = mirror_base, .limit = mirror_limit, .enable = mirror_enable, .sync = pmsa32_sync, \
      .ap_shift = 1, .xn_shift = 0, .sh_shift = 3 }

#endif
