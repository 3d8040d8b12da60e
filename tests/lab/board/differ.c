/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * differ < CONSOLE: the model of an EL2 MPU (hypervisor/env/sim) does the accesses that the board
 * did, and is compared with what the board said of them. Exit: 0 no mismatch, 1 some or too few.
 */
#include "differ.h"

#include <mpu-model.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AREA 0x20510000u

static struct mpu_model model;

static void draw_regions(uint32_t *s)
{
    for (unsigned i = 0; i < DIFFER_REGIONS; i++) {
        struct differ_region d = differ_region(s);
        const struct xm_mpu_region r = {
            .base = AREA + d.base, .last = AREA + d.last, .ap = (uint8_t)d.ap, .xn = (uint8_t)d.xn};
        struct xm_mpu_slot v = xm_mpu_encode(&model.ops, &r);

        model.ops.limit(&model, DIFFER_FIRST + i, 0);
        model.ops.base(&model, DIFFER_FIRST + i, v.base);
        model.ops.limit(&model, DIFFER_FIRST + i, d.on ? v.limit : v.limit & ~XM_MPU_EN);
    }
    model.ops.sync(&model);
}

static unsigned overlapped(uint32_t offset)
{
    unsigned hits = 0;

    for (unsigned i = DIFFER_FIRST; i < DIFFER_FIRST + DIFFER_REGIONS; i++) {
        const struct xm_mpu_slot *r = &model.r[i];

        hits += (r->limit & XM_MPU_EN) != 0 && xm_mpu_first(r) <= AREA + offset &&
                AREA + offset <= xm_mpu_last(r);
    }
    return hits > 1;
}

int main(void)
{
    unsigned accesses = 0, done = 0, overlaps = 0, mismatches = 0, round;
    uint32_t s = 1, board;
    char line[256];

    xmi_mpu_model_init(&model, 16, false);
    while (fgets(line, sizeof(line), stdin) != NULL) {
        if (sscanf(line, "# differ %u %x", &round, &board) != 2)
            continue;
        if (round != accesses / DIFFER_ACCESSES) {
            fprintf(stderr, "differ: round %u is missing\n", accesses / DIFFER_ACCESSES);
            return 1;
        }
        draw_regions(&s);
        for (unsigned i = 0; i < DIFFER_ACCESSES; i++, accesses++) {
            struct differ_access a = differ_access(&s);
            unsigned want = xmi_mpu_model_allows(&model, AREA + a.offset, a.what, a.el);

            mismatches += want != (board >> i & 1u);
            overlaps += overlapped(a.offset);
            done += want;
        }
    }
    printf("%u accesses, %u of them done, %u where regions overlap: %u mismatches\n", accesses,
           done, overlaps, mismatches);
    return mismatches != 0 || accesses != DIFFER_ROUNDS * DIFFER_ACCESSES;
}
