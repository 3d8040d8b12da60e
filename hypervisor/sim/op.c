/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One op of one vCPU, from the answer to its last try to its end. */
#include "sim-int.h"

#define TIMER_VECTOR 0xecu

static void send_step(struct sim_domain *d, struct sim_vcpu *v)
{
    v->step_due = xm_event_singlestep(&d->core, v->id, v->step_gfn) == XM_GO_WAIT;
}

/* True: the vCPU was stopped. The machine has an interrupt whenever a listener waits for one. */
static bool interrupt(struct sim_domain *d, struct sim_vcpu *v)
{
    const struct xm_ev_interrupt i = {.vector = TIMER_VECTOR};

    if (likely(!v->core->next_interrupt) || v->in_op)
        return false;
    (void)xm_event_interrupt(&d->core, v->id, &i);
    return v->pauses != 0 || v->waiting;
}

static void finish(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op, bool moved)
{
    v->in_op = v->held_write = v->moved = false;
    v->told_n = 0;
    xmi_sim_pv_retired(d, v);
    xmi_sim_hap_retired(v);
    if (v->pv != NULL)
        xm_pv_emulated(v->pv);
    if (v->hap != NULL)
        xm_hap_ended(&v->hap->step);
    v->hap_meets = false;
    xmi_sim_program_advance(&v->prog);
    v->done++;
    v->arm.shown = v->arm.monitor = false;
    if (sim_is_arm(d))
        v->pc = xmi_sim_arm_pc_after(v, v->pc, moved ? 0 : 1);
    else if (unlikely(v->fetched))
        v->pc = v->pc_after;
    else if (!moved)
        v->pc++;
    v->fetched = false;
    if (unlikely(v->core->single_step)) {
        v->step_gfn = op->addr >> XM_PAGE_SHIFT;
        if (v->halted) /* the processor tells when it runs again */
            v->step_due = true;
        else
            send_step(d, v);
    }
}

/* The listener did the op itself: it moved the pc, and left what was read in rax, or x0. */
static void skip(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op)
{
    bool reads = op->code == SIM_OP_READ || op->code == SIM_OP_RMW || op->code == SIM_OP_COPY ||
                 op->code == SIM_OP_CPUID || op->code == SIM_OP_EXCL;
    bool accesses = op->code <= SIM_OP_COPY || op->code == SIM_OP_EXCL;

    if (reads)
        v->result = sim_is_arm(d) ? v->arm.x[A64_OLD] : v->regs.x86.rax;
    if (accesses)
        d->accesses++;
    if (accesses && sim_is_arm(d))
        xmi_sim_arm_check_skipped(d, v, op);
    finish(d, v, op, true);
}

static enum op_end dispatch(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op,
                            const struct xm_reply *reply)
{
    switch (op->code) {
    case SIM_OP_READ:
    case SIM_OP_WRITE:
    case SIM_OP_EXEC:
    case SIM_OP_RMW:
    case SIM_OP_COPY: return xmi_sim_op_access(d, v, op, reply);
    case SIM_OP_HYPERCALL_BUF: return xmi_sim_op_hypercall_buf(d, v, op);
    case SIM_OP_MMU_UPDATE:
    case SIM_OP_UPDATE_VA:
    case SIM_OP_MMUEXT:
    case SIM_OP_TOGGLE:
    case SIM_OP_AREA: return xmi_sim_pv_op(d, v, op);
    case SIM_OP_VMFUNC:
        if (!xm_vcpu_vmfunc(&d->core, v->id, op->value))
            v->traps++;
        return OP_DONE;
    case SIM_OP_HALT: xmi_sim_halt(v, op->value); return OP_DONE;
    case SIM_OP_WAKE: xmi_sim_halt_end(&d->vcpu[op->index]); return OP_DONE;
    case SIM_OP_EXCL: return xmi_sim_excl_end(d, v, op) ? OP_DONE : OP_BLOCKED;
    case SIM_OP_POWEROFF: d->doomed = true; return OP_DONE;
    default: return xmi_sim_op_event(d, v, op, reply);
    }
}

static bool do_op(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op,
                  const struct xm_reply *reply)
{
    enum op_end end;

    if (unlikely(v->pv_due != PV_DUE_NOTHING) && xmi_sim_pv_due(d, v, op, &end))
        return end == OP_DONE;
    end = dispatch(d, v, op, reply);
    if (unlikely(xm_pv_open_any(&v->open)) && !xmi_sim_pv_lingers(d))
        xmi_sim_pv_close(d, v);
    return end == OP_DONE;
}

/* True: the op, or one instruction of EXCL, is done. */
static bool go_on(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op,
                  const struct xm_reply *reply)
{
    bool part = op->code == SIM_OP_EXCL && !xmi_sim_excl_ends(v, op);
    bool done = part ? xmi_sim_excl_step(d, v, op) : do_op(d, v, op, reply);

    xmi_sim_mpu_leave(d, v, done);
    if (done && !part)
        finish(d, v, op, false);
    return done;
}

bool xmi_sim_op_step(struct sim_domain *d, struct sim_vcpu *v)
{
    const struct xm_reply *r = NULL;
    struct xm_reply reply;
    struct sim_op op;

    v->tried++;
    if (unlikely(xm_pv_open_any(&v->open)))
        xmi_sim_pv_close(d, v);
    if (unlikely(v->step_due)) {
        send_step(d, v);
        return false;
    }
    if (v->core->has_reply && xm_reply_take(&d->core, v->id, &reply) && v->in_op)
        r = &reply;
    if (unlikely(v->exception.pending) && (v->hap == NULL || !v->hap->trap.open) &&
        xmi_sim_vcpu_deliver(v)) {
        xmi_sim_program_peek(&v->prog, &op);
        finish(d, v, &op, true);
        return true;
    }
    if (interrupt(d, v) || program_over(&v->prog))
        return false;
    xmi_sim_program_peek(&v->prog, &op);
    if (v->moved) {
        skip(d, v, &op);
        return true;
    }
    if (sim_is_arm(d) && !v->in_op)
        xmi_sim_arm_begin(v, &op);
    v->in_op = true;
    if (v->hap != NULL && (v->hap->step.trap || v->hap->trap.open))
        xmi_sim_hap_enter(d, v);
    if (!xmi_sim_mpu_enter(d, v))
        return false;
    return go_on(d, v, &op, r);
}
