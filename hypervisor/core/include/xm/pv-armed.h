/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What EMULATE answers let one instruction of a vCPU do, whatever the rights. An instruction that
 * touches several frames is stopped at each; what was answered for is kept until it is done. It
 * is known by where it is: an interrupt's handler that comes first is another one.
 */
#ifndef XM_PV_ARMED_H
#define XM_PV_ARMED_H

#include <xm/types.h>

#define XM_PV_ARMED 8u /* code, source and destination over a boundary each, and room */

struct xm_pv_armed {
    uint64_t ip, sp;
    uint32_t n;
    struct {
        uint64_t mfn;
        uint8_t what; /* XM_DO_* */
    } frame[XM_PV_ARMED];
};

/* Another instruction takes the place of the one before. what 0: all. A write may read first. */
void xm_pv_arm(struct xm_pv_armed *a, uint64_t ip, uint64_t sp, uint64_t mfn, uint8_t what);
bool xm_pv_is_armed(const struct xm_pv_armed *a, uint64_t ip, uint64_t sp, uint64_t mfn,
                    uint8_t what);
/* The frame was used. */
void xm_pv_disarm(struct xm_pv_armed *a, uint64_t mfn);
void xm_pv_disarm_all(struct xm_pv_armed *a);

#endif
