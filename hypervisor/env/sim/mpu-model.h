/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One core's EL2 MPU, by its registers. Every write takes effect at once, and what an instant
 * sees is judged: the strictest processor that the architecture allows, except for barriers,
 * of which the missing ones are counted.
 */
#ifndef SIM_MPU_MODEL_H
#define SIM_MPU_MODEL_H

#include <xm/mpu.h>

/* Status codes of a fault: what silicon reports, and what QEMU does for every one of them. */
enum mpu_codes { MPU_CODES_SILICON = 0, MPU_CODES_QEMU = 1 };
#define MPU_FSC_TRANSLATION 0x04u /* no region, or more than one */
#define MPU_FSC_PERMISSION 0x0cu

struct mpu_model {
    struct xm_mpu_ops ops; /* of a back end for this model */
    unsigned nr;
    uint8_t codes; /* enum mpu_codes */
    struct xm_mpu_slot r[XM_MPU_REGIONS_MAX];
    bool selected;    /* the selector has a known value; no region by number before */
    bool unsynced;    /* something was written since the last sync */
    uint64_t changes; /* register writes, all told */
    struct {
        uint64_t base, limit, enable, sync;
    } writes;
    /* Defects; all stay 0. */
    uint64_t overlaps;   /* instants with two regions over one address */
    uint64_t live_base;  /* the base of a region changed while it was on */
    uint64_t inside_out; /* a region on of which the limit is below the base */
    uint64_t bad_number; /* a region that there is not */
    uint64_t early;      /* an access before the sync */
    uint64_t unselected; /* a region written while the selector is unknown */
    /* Before each write (step even) and after it (odd). May not return. */
    void (*hook)(struct mpu_model *m, void *ctx, bool after);
    void *hook_ctx;
};

/* wide: PMSAv8-64's layout, else PMSAv8-32's. */
void xmi_mpu_model_init(struct mpu_model *m, unsigned nr, bool wide);
/* el 1 or 2. 0, or the status code of the fault. */
unsigned xmi_mpu_model_access(struct mpu_model *m, xm_mpu_reg addr, unsigned what, unsigned el);
/* The same, said by whether, for any number of questions between two instants. */
bool xmi_mpu_model_allows(const struct mpu_model *m, xm_mpu_reg addr, unsigned what, unsigned el);
uint64_t xmi_mpu_model_defects(const struct mpu_model *m);

#endif
