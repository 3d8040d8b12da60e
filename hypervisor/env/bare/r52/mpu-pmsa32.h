/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The back end for PMSAv8-32 (DDI 0568): HPRBAR<n>, HPRLAR<n>, HPRENR. The registers of regions
 * below 32 have encodings of their own, so the selector is not needed; further ones go through it,
 * and set it each time: that it has no known value after reset does not matter.
 * Inline: where the region is a constant, one MCR is left.
 */
#ifndef MPU_PMSA32_H
#define MPU_PMSA32_H

#include <xm/mpu.h>

#define PMSA32_WRITE(op1, crm, op2, v) \
    __asm__ volatile("mcr p15, " #op1 ", %0, c6, c" #crm ", " #op2 : : "r"(v) : "memory")

/* HPRBAR<n>: opc1 is 4 + n[4], CRm 8 + n[3:1], opc2 4 * n[0]; HPRLAR<n>: opc2 one more. */
#define PMSA32_PAIR(n, op1, crm, even, odd, v) \
    case (n): PMSA32_WRITE(op1, crm, even, v); break; \
    case (n) + 1: \
        PMSA32_WRITE(op1, crm, odd, v); \
        break
#define PMSA32_HALF(n, op1, even, odd, v) \
    PMSA32_PAIR((n), op1, 8, even, odd, v); \
    PMSA32_PAIR((n) + 2, op1, 9, even, odd, v); \
    PMSA32_PAIR((n) + 4, op1, 10, even, odd, v); \
    PMSA32_PAIR((n) + 6, op1, 11, even, odd, v); \
    PMSA32_PAIR((n) + 8, op1, 12, even, odd, v); \
    PMSA32_PAIR((n) + 10, op1, 13, even, odd, v); \
    PMSA32_PAIR((n) + 12, op1, 14, even, odd, v); \
    PMSA32_PAIR((n) + 14, op1, 15, even, odd, v)

static inline void pmsa32_select(unsigned region)
{
    PMSA32_WRITE(4, 2, 1, region);
    __asm__ volatile("isb" : : : "memory");
}

static inline void pmsa32_base(void *hw, unsigned region, xm_mpu_reg v)
{
    (void)hw;
    switch (region) {
        PMSA32_HALF(0, 4, 0, 4, v);
        PMSA32_HALF(16, 5, 0, 4, v);
    default:
        pmsa32_select(region);
        PMSA32_WRITE(4, 3, 0, v);
        break;
    }
}

static inline void pmsa32_limit(void *hw, unsigned region, xm_mpu_reg v)
{
    (void)hw;
    switch (region) {
        PMSA32_HALF(0, 4, 1, 5, v);
        PMSA32_HALF(16, 5, 1, 5, v);
    default:
        pmsa32_select(region);
        PMSA32_WRITE(4, 3, 1, v);
        break;
    }
}

static inline void pmsa32_enable(void *hw, uint32_t v)
{
    (void)hw;
    PMSA32_WRITE(4, 1, 1, v);
}

static inline void pmsa32_sync(void *hw)
{
    (void)hw;
    __asm__ volatile("dsb sy\n isb" : : : "memory");
}

#define PMSA32_OPS \
    { \
        .base = pmsa32_base, .limit = pmsa32_limit, .enable = pmsa32_enable, .sync = pmsa32_sync, \
        .ap_shift = 1, .xn_shift = 0, .sh_shift = 3 \
    }

#endif
