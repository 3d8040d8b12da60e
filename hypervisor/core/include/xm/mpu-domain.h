/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* MPU views on this core's domains, rings and events. */
#ifndef XM_MPU_DOMAIN_H
#define XM_MPU_DOMAIN_H

#include <xm/base.h>
#include <xm/mpu.h>

/*
 * In place of a second-stage table it has extents, and is direct-mapped: mapping another mfn than the gfn is
 * -XM_EINVAL. XENMEM_access_op_set_access sets the whole range or none of it. -XM_ENOSPC: the domain's
 * mode is XM_MPU_WHOLE, and the plan needs more regions than there are; the old rights are in force.
 */
struct xm_mpu_domain {
    struct xm_mpu_view view; /* rights; under the p2m lock */
    bool can_step;           /* of the cfg */
};

/* Of a domain and a vCPU of that kind, and of no other. */
static inline struct xm_mpu_view *xm_mpu_of(const struct xm_domain *d)
{
    return &((struct xm_mpu_domain *)d->own)->view;
}

/* Answers with STEP. */
static inline struct xm_mpu_step *xm_mpu_step_of(const struct xm_vcpu *v)
{
    return v->own;
}

/*
 * An access of EL1 that faulted on core m. XM_V_RETRY_NOW: the core has the region now, or
 * something was relaxed; XM_V_EMULATE: allowed, but no region can say so: do it, leave none;
 * the others as xm_access_check().
 */
enum xm_verdict xm_mpu_check(struct xm_domain *d, struct xm_mpu *m, const struct xm_access_req *req,
                             struct xm_access_res *res);
/*
 * ---- answers with STEP: how the surroundings let the one instruction run ----
 * Before each entry to the guest at pc:  xm_mpu_step_enter(), and at XM_MPU_STEP_OPEN the debug
 * registers so that one instruction runs and its end comes here; interrupts of the guest's are held back.
 * At each exit, first of all: xm_mpu_step_leave(), and the debug registers as the guest had them.
 * At each hypercall of the guest's: xm_mpu_step_forget().
 */
enum xm_mpu_entry {
    XM_MPU_STEP_NONE,   /* in the ordinary way */
    XM_MPU_STEP_OPEN,   /* for one instruction */
    XM_MPU_STEP_STOPPED /* not at all: the vCPU is stopped with an event */
};

/*
 * set, insn: the instruction at pc, asked for by insn() only where there is an answer for that pc; what
 * cannot be let run is told as not implemented (XM_MONITOR_EMUL_UNIMPLEMENTED), or its access once more.
 */
enum xm_mpu_entry xm_mpu_step_enter(struct xm_domain *d, struct xm_mpu *m, uint32_t vcpu,
                                    uint64_t pc, enum xm_mpu_insn (*insn)(void *ctx, uint64_t pc),
                                    void *ctx);
/* Behind OPEN: the surroundings cannot let it run. As for an instruction that cannot be. */
enum xm_mpu_entry xm_mpu_step_refuse(struct xm_domain *d, struct xm_mpu *m, uint32_t vcpu);
/* done: the instruction is over, as the debug exception says, or an exception that it made at EL1. */
void xm_mpu_step_leave(struct xm_domain *d, struct xm_mpu *m, uint32_t vcpu, bool done);

/* Brings a core to the domain's view, under the p2m lock: in xm_env_tlb_flush(), which is called with
 * it, and on a switch of vCPUs. */
int xm_mpu_refresh(struct xm_domain *d, struct xm_mpu *m);

#endif
