/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The back end for PMSAv8-64 (DDI 0600): PRBAR<n>_EL2, PRLAR<n>_EL2, PRENR_EL2. The registers with
 * numbers 1 to 15 take their upper bits from PRSELR_EL2, which is unknown after reset, and from
 * pmsa64_start() on 0 except within a write of a region from 16 on. By their encodings: not every assembler has the names.
 */
#ifndef MPU_PMSA64_H
#define MPU_PMSA64_H

#include <xm/mpu.h>

#define PMSA64_WRITE(crm, op2, v) \
    __asm__ volatile("msr S3_4_C6_C" #crm "_" #op2 ", %0" : : "r"((uint64_t)(v)) : "memory")

/* PRBAR<n>: CRm 8 + n[3:1], op2 4 * n[0]; PRLAR<n>: op2 one more. */
#define PMSA64_PAIR(n, crm, even, odd, v) \
    case (n): PMSA64_WRITE(crm, even, v); break; \
    case (n) + 1: \
        PMSA64_WRITE(crm, odd, v); \
        break
#define PMSA64_ALL(even, odd, v) \
    PMSA64_PAIR(0, 8, even, odd, v); \
    PMSA64_PAIR(2, 9, even, odd, v); \
    PMSA64_PAIR(4, 10, even, odd, v); \
    PMSA64_PAIR(6, 11, even, odd, v); \
    PMSA64_PAIR(8, 12, even, odd, v); \
    PMSA64_PAIR(10, 13, even, odd, v); \
    PMSA64_PAIR(12, 14, even, odd, v); \
    PMSA64_PAIR(14, 15, even, odd, v)

static inline void pmsa64_select(unsigned region)
{
    PMSA64_WRITE(2, 1, region);
    __asm__ volatile("isb" : : : "memory");
}

static inline void pmsa64_start(void *hw)
{
    (void)hw;
    pmsa64_select(0);
}

static inline void pmsa64_base(void *hw, unsigned region, xm_mpu_reg v)
{
    (void)hw;
    switch (region) {
        PMSA64_ALL(0, 4, v);
    default:
        pmsa64_select(region);
        PMSA64_WRITE(8, 0, v);
        pmsa64_select(0);
        break;
    }
}

static inline void pmsa64_limit(void *hw, unsigned region, xm_mpu_reg v)
{
    (void)hw;
    switch (region) {
        PMSA64_ALL(1, 5, v);
    default:
        pmsa64_select(region);
        PMSA64_WRITE(8, 1, v);
        pmsa64_select(0);
        break;
    }
}

static inline void pmsa64_enable(void *hw, uint32_t v)
{
    (void)hw;
    PMSA64_WRITE(1, 1, v);
}

static inline void pmsa64_sync(void *hw)
{
    (void)hw;
    __asm__ volatile("dsb sy\n isb" : : : "memory");
}

#define PMSA64_OPS \
    { \
        .start = pmsa64_start, .base = pmsa64_base, .limit = pmsa64_limit, \
        .enable = pmsa64_enable, .sync = pmsa64_sync, .ap_shift = 2, .xn_shift = 1, .sh_shift = 4 \
    }

#endif
