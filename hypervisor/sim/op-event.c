/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ops that are of interest to monitors. */
#include "sim-int.h"

#define TYPE_HW_EXCEPTION 3u /* x86 event-injection types */
#define TYPE_SW_EXCEPTION 6u
#define CPUID_MAX_LEAF 0x16u

static enum xm_go send_debug(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op)
{
    struct xm_ev_debug b = {.gfn = op->addr >> XM_PAGE_SHIFT};

    if (op->code == SIM_OP_BREAKPOINT) {
        b.insn_length = 1;
        b.type = TYPE_SW_EXCEPTION;
        return xm_event_breakpoint(&d->core, v->id, &b);
    }
    b.type = TYPE_HW_EXCEPTION;
    b.pending_dbg = op->value;
    return xm_event_debug(&d->core, v->id, &b);
}

static enum xm_go send_descriptor(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op)
{
    const struct xm_ev_desc_access a = {
        .descriptor = (uint8_t)op->index,
        .is_write = (op->value & 1) != 0,
    };

    return xm_event_descriptor(&d->core, v->id, &a);
}

static enum xm_go send_io(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op)
{
    const struct xm_ev_io io = {
        .bytes = op->len != 0 ? op->len : 1,
        .port = (uint16_t)op->index,
        .in = op->value == 0,
    };

    return xm_event_io(&d->core, v->id, &io);
}

static enum xm_go send_msr(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op)
{
    const uint64_t *msr = xmi_sim_vcpu_msr(v, op->index);

    return xm_event_msr(&d->core, v->id, op->index, msr != NULL ? *msr : 0, op->value);
}

static enum xm_go send(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op)
{
    switch (op->code) {
    case SIM_OP_GUEST_REQUEST:
        return xm_event_guest_request(&d->core, v->id, (op->flags & SIM_OP_F_USER) != 0);
    case SIM_OP_BREAKPOINT:
    case SIM_OP_DEBUG: return send_debug(d, v, op);
    case SIM_OP_CPUID: return xm_event_cpuid(&d->core, v->id, 2, op->index, (uint32_t)op->value);
    case SIM_OP_CTRLREG:
        return xm_event_ctrlreg(&d->core, v->id, op->index, *xmi_sim_vcpu_ctrlreg(v, op->index),
                                op->value);
    case SIM_OP_MSR: return send_msr(d, v, op);
    case SIM_OP_DESCRIPTOR: return send_descriptor(d, v, op);
    case SIM_OP_PRIVCALL: return xm_event_privileged_call(&d->core, v->id);
    case SIM_OP_IO: return send_io(d, v, op);
    case SIM_OP_VMEXIT: return xm_event_vmexit(&d->core, v->id, op->index, op->value);
    default: return XM_GO_ON;
    }
}

static void take_effect(struct sim_vcpu *v, const struct sim_op *op)
{
    uint64_t *msr;

    switch (op->code) {
    case SIM_OP_CTRLREG: *xmi_sim_vcpu_ctrlreg(v, op->index) = op->value; break;
    case SIM_OP_MSR:
        msr = xmi_sim_vcpu_msr(v, op->index);
        if (msr != NULL)
            *msr = op->value;
        break;
    default: break;
    }
}

/* Nobody took it out of the guest's hands. */
static void take_own(struct sim_vcpu *v, const struct sim_op *op)
{
    if (op->code == SIM_OP_BREAKPOINT)
        xmi_sim_vcpu_take_exception(v, SIM_VECTOR_BP);
    else if (op->code == SIM_OP_DEBUG)
        xmi_sim_vcpu_take_exception(v, SIM_VECTOR_DB);
}

enum op_end xmi_sim_op_event(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op,
                             const struct xm_reply *reply)
{
    if (v->held_write) {
        if (reply == NULL || !reply->deny)
            take_effect(v, op);
        return OP_DONE;
    }
    /* A descriptor access or a breakpoint of which the answer says how it goes on. */
    if (reply != NULL && (reply->flags & XM_EV_FLAG_EMULATE) != 0)
        return OP_DONE;
    /* The results are in the registers before the event (hvm_vmexit_cpuid in Xen). */
    if (op->code == SIM_OP_CPUID)
        xmi_sim_vcpu_set_result(v, op->index == 0 ? CPUID_MAX_LEAF : 0);
    switch (send(d, v, op)) {
    case XM_GO_ON:
        take_own(v, op);
        take_effect(v, op);
        return OP_DONE;
    case XM_GO_DONE: take_effect(v, op); return OP_DONE;
    case XM_GO_HELD: v->held_write = true; return OP_BLOCKED;
    case XM_GO_AGAIN:
    case XM_GO_WAIT:
    case XM_GO_CRASH:
    default: return OP_BLOCKED;
    }
}
