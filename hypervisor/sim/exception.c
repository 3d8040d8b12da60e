/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Exceptions that reach the guest: its own, and those that a listener injects. */
#include "sim-int.h"

#define TYPE_LAST 7u
#define TYPE_SW_INTERRUPT 4u
#define TYPE_PRIV_SW_EXCEPTION 5u
#define TYPE_SW_EXCEPTION 6u
#define INSN_MAX 15u

void xmi_sim_vcpu_take_exception(struct sim_vcpu *v, uint8_t vector)
{
    v->traps++;
    v->breakpoints += vector == SIM_VECTOR_BP;
    v->debugs += vector == SIM_VECTOR_DB;
}

/* inject_event() of Xen's xen/arch/x86/hvm/dm.c: one at a time, delivered when the vCPU runs. */
static int inject(struct sim_domain *d, struct sim_vcpu *v, const struct sim_exception *e)
{
    int rc = d->dying ? -XM_ESRCH : xmi_sim_inject_take(d, XM_HC_INJECT_EVENT);

    d->hypercalls++;
    if (rc != 0)
        return rc;
    if (v->exception.pending)
        return -XM_EBUSY;
    v->exception = *e;
    return 0;
}

int xmi_sim_vcpu_inject(struct sim_domain *d, uint32_t vcpu, uint8_t vector, uint8_t type,
                        uint8_t insn_len)
{
    const struct sim_exception e = {
        .pending = true, .vector = vector, .type = type, .insn_len = insn_len};
    int rc;

    if (d == NULL || vcpu >= d->cfg.vcpus || type > TYPE_LAST || insn_len > INSN_MAX)
        return -XM_EINVAL;
    if (d->cfg.kind != SIM_X86_EPT && d->cfg.kind != SIM_X86_NPT)
        return -XM_EOPNOTSUPP;
    xmi_sim_enter(d);
    rc = inject(d, &d->vcpu[vcpu], &e);
    xmi_sim_leave(d);
    return rc;
}

bool xmi_sim_vcpu_deliver(struct sim_vcpu *v)
{
    const struct sim_exception e = v->exception;
    bool by_instruction = e.type >= TYPE_SW_INTERRUPT && e.type <= TYPE_SW_EXCEPTION;

    v->exception.pending = false;
    xmi_sim_vcpu_take_exception(v, e.vector);
    if (!by_instruction && (e.vector != SIM_VECTOR_UD || !v->in_op))
        return false;
    if (!by_instruction) { /* the guest's handler goes on behind what it cannot do */
        v->pc = v->fetched ? v->pc_after : v->pc + 1;
        return true;
    }
    /* The handler's return address lies behind the instruction that made it. */
    v->pc += e.insn_len;
    return v->in_op;
}
