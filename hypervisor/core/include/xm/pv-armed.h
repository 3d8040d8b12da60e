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

/* One access to one frame. */
struct xm_pv_armed_frame {
    uint64_t mfn;
    uint64_t at;    /* page of the virtual address; of a hypercall's item, offset in the frame */
    uint64_t exact; /* the whole address */
    uint32_t stamp; /* of the frame's rights: an answer ends where they are set */
    uint8_t what;   /* XM_DO_* */
};

struct xm_pv_armed {
    uint64_t ip, sp;
    uint32_t n;
    bool step; /* the answer to the last one was STEP: it is done, emulated or not */
    struct xm_pv_armed_frame frame[XM_PV_ARMED];
};

/* The instruction at ip is next: what was answered for another one counts no longer. */
void xm_pv_armed_begin(struct xm_pv_armed *a, uint64_t ip, uint64_t sp);
/*
 * Another instruction takes the place of the one before. A write lets what is written be read as well: of
 * an instruction that does both the processor tells the write alone.
 */
void xm_pv_arm(struct xm_pv_armed *a, uint64_t ip, uint64_t sp,
               const struct xm_pv_armed_frame *frame);
bool xm_pv_is_armed(const struct xm_pv_armed *a, uint64_t ip, uint64_t sp,
                    const struct xm_pv_armed_frame *frame);
/* The access was made. */
void xm_pv_disarm(struct xm_pv_armed *a, const struct xm_pv_armed_frame *frame);
void xm_pv_disarm_all(struct xm_pv_armed *a);

#endif
