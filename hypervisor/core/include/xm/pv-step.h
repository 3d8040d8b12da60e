/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One instruction that no emulator does, done by the processor for an answer STEP: the domain's other
 * vCPUs are held inside the hypervisor, the frames that were answered for have entries for this one's
 * demand faults, and its trap flag brings it back behind the instruction. Nothing is open when another
 * vCPU runs: held first, then opened; closed and flushed first, then released. Whatever else happens
 * in the middle closes it, too: a further frame, an exception, an interrupt that the guest is to see.
 */
#ifndef XM_PV_STEP_H
#define XM_PV_STEP_H

#include <xm/types.h>

struct xm_pv;
struct xm_pv_vcpu;
struct xm_pv_ask;
struct xm_pv_todo;

/* Those that were answered for, and of rights that no entry can say. All of them are closed in one go. */
#define XM_PV_STEP_FRAMES 12u

/* Of a domain, under its lock; the vCPU itself may look at it without: nobody else opens or closes it. */
struct xm_pv_step {
    bool open;
    bool own_trap; /* the guest single-steps itself */
    uint32_t vcpu;
    uint32_t n;
    struct {
        uint64_t mfn;
        uint8_t bits; /* XM_DO_* that the vCPU's entries for it may carry */
    } frame[XM_PV_STEP_FRAMES];
};

/* Is the vCPU in the middle of one? */
bool xm_pv_stepping(const struct xm_pv *pv, const struct xm_pv_vcpu *v);
/* Can the processor not do it so? xm_trap_never(), of 64-bit code. */
bool xm_pv_step_never(const uint8_t *code, uint32_t n);
/*
 * The vCPU goes back to its instruction whatever this does: what it faults on is opened if the step has
 * begun; else, as another vCPU holds this one, it comes here again. No lock is held.
 */
void xm_pv_step_begin(struct xm_pv *pv, struct xm_pv_vcpu *v);
/*
 * xm_pv_not_emulated() said STEP for todo: begins it, or, where the processor cannot do the instruction so, tells of it as
 * if nobody had answered STEP. code: its first bytes, as many as can be read. The vCPU goes back to it either way.
 */
void xm_pv_step_or_tell(struct xm_pv *pv, struct xm_pv_vcpu *v, const struct xm_pv_todo *todo,
                        const uint8_t *code, uint32_t n);
/* A frame that the step met may be open. False: no room; the step is closed. */
bool xm_pv_step_open(struct xm_pv *pv, struct xm_pv_vcpu *v, const struct xm_pv_ask *ask);
/* As xm_pv_entry_flags(), for a demand fault of this vCPU. The lock is held. */
uint64_t xm_pv_step_flags(struct xm_pv *pv, uint32_t vcpu, uint64_t mfn, uint64_t flags,
                          unsigned limits);
/*
 * Ends it, if there is one: something else comes before the instruction is done, or does it. done: what
 * was answered for is used up.
 */
void xm_pv_step_close(struct xm_pv *pv, struct xm_pv_vcpu *v, bool done);
/* The debug exception behind the instruction. True: it is the guest's own as well. */
bool xm_pv_step_trap(struct xm_pv *pv, struct xm_pv_vcpu *v);

#endif
