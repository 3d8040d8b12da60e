/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What happens to a guest behind an MPU of 16 regions, as tables: the same for the model on the host
 * (test-mpu-scenario.c) and for emulated machines (tests/lab/board). Freestanding.
 */
#ifndef MPU_SCENARIO_H
#define MPU_SCENARIO_H

#include <xm/mpu.h>
#include <xm/mpu-remote.h>

#define MPU_BED_REGIONS 16u
#define MPU_BED_BUDGET 11u  /* of them, the guest's */
#define MPU_BED_PAGES 64u   /* the guest's, rwx in the beginning */
#define MPU_BED_PROGRAM 3u  /* before them: one page rx, two rw */
#define MPU_BED_FAR 200u    /* a page of nobody's, in Xen's view */
#define MPU_BED_XEN 0xffffu /* stands for an address among Xen's own data */

enum mpu_act {
    MPU_SET,   /* rights; expect: 0 or an errno */
    MPU_DO,    /* the guest does it to each page; expect: an enum xm_mpu_fault, LOADED if it may */
    MPU_NAIVE, /* EL2 does it without asking; expect: 1 done, 0 aborted */
    MPU_REMOTE /* EL2 asks first, for all the pages at once; expect: enum xm_mpu_how or an errno */
};

struct mpu_step {
    uint8_t act;
    uint8_t arg;           /* enum xm_access of MPU_SET, else one of XM_DO_* */
    uint16_t first, pages; /* counted from the guest's first */
    int16_t expect;
};

struct mpu_scenario {
    const char *name;
    enum xm_mpu_mode mode;
    const struct mpu_step *step;
    unsigned steps;
};

extern const struct mpu_scenario mpu_scenarios[];
extern const unsigned mpu_scenario_count;

/* Where they are played. */
struct mpu_bed {
    struct xm_mpu *m;
    unsigned core;
    uint64_t first; /* gfn */
    uintptr_t xen_data;
    uint8_t sh, attr;
    void *ctx;
    /* A guest with the first pages as said above. */
    int (*start)(struct mpu_bed *b, enum xm_mpu_mode mode);
    int (*set)(struct mpu_bed *b, uint64_t first, uint64_t gfns, enum xm_access a);
    /* The guest's access, faults decided until it is done or will not be. */
    int (*guest)(struct mpu_bed *b, uintptr_t addr, unsigned what);
    bool (*el2)(struct mpu_bed *b, uintptr_t addr, unsigned what);
};

/* Where it went wrong. */
struct mpu_failure {
    unsigned step, page;
    int expected, got;
};

/* False: *f says where. */
bool mpu_scenario_play(struct mpu_bed *b, const struct mpu_scenario *s, struct mpu_failure *f);

#endif
