/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A core's MPU on its model, with Xen's own regions and the rest of its view, for test-mpu-*.c. */
#ifndef MPU_TEST_H
#define MPU_TEST_H

#include <xm/mpu.h>
#include <xm/mpu-remote.h>

#include "../../hypervisor/env/sim/mpu-model.h"
#include "fake-env.h"

/* Two regions are Xen's own: its text and its data. Its view has RAM behind them, in two more. */
#define MPU_TEXT UINT64_C(0x20000000)
#define MPU_DATA UINT64_C(0x20001000)
#define MPU_RAM UINT64_C(0x20100000)
#define MPU_RAM_LAST UINT64_C(0x2fffffff)
#define MPU_RAM2 UINT64_C(0x30000000)
#define MPU_RAM2_LAST UINT64_C(0x7fffffff)
#define MPU_GFN (MPU_RAM >> XM_PAGE_SHIFT) /* where guests begin */
#define MPU_OWNS 2u
#define MPU_XENS 2u

struct mpu_core {
    struct mpu_model hw;
    struct xm_mpu m;
    struct xm_mpu_slot slots[2 * XM_MPU_REGIONS_MAX];
    struct xm_mpu_region scratch[XM_MPU_REGIONS_MAX];
};

/* nr regions; wide: PMSAv8-64; resident: Xen's view has regions of its own if they suffice. */
void mpu_start(struct mpu_core *c, unsigned nr, bool wide, bool resident);
/*
 * With what a hypervisor has at the end of its boot instead: the same two of its own, and xens (at
 * most MPU_BOOT_XENS) of the rest, in banks of RAM that guests lie in, rodata, devices.
 */
#define MPU_BOOT_XENS 14u
void mpu_start_boot(struct mpu_core *c, unsigned nr, bool wide, bool resident, unsigned xens);
/* No defect was seen. */
void mpu_check(struct mpu_core *c);
/* Xen's own is there for it, and neither it nor what is not `bits` is there for EL1 at addr. */
void mpu_check_guest(struct mpu_core *c, xm_mpu_reg addr, unsigned bits);
struct xm_mpu_region mpu_region(uint64_t gfn, uint64_t gfns, unsigned bits);

/* For loops of millions: check's own assertions tell another process of each. */
#define must(c) \
    do { \
        if (!(c)) \
            ck_abort_msg("%s", #c); \
    } while (0)

/* A small generator with a seed of its own. */
uint64_t mpu_random(uint64_t below);

#endif
