/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * x86-npt: one instruction that was answered with STEP, done by the hypervisor's emulator on the way back
 * into the guest, each of its accesses held to the rights of its frame; or by the vCPU, with the others held.
 */
#include "sim-int.h"

#define TRIES 8u /* rights that turn by themselves turn once each */

/* A frame that is not there has none that could be violated. */
static enum xm_access rights_of(struct sim_domain *d, uint64_t gfn)
{
    struct xm_p2m_entry e = xm_p2m_get(&d->core, 0, xm_gfn(gfn));

    return xm_mfn_valid(e.mfn) ? (enum xm_access)e.access : XM_ACCESS_RWX;
}

static bool find_part(struct sim_domain *d, struct sim_vcpu *v, unsigned what, struct part *p)
{
    struct xm_p2m_entry e = xm_p2m_get(&d->core, 0, xm_gfn(p->gfn));

    if (!xm_hap_piece(&v->hap->step, p->gfn, what, rights_of(d, p->gfn))) {
        v->hap_offset = p->offset;
        return false;
    }
    p->host = xm_mfn_valid(e.mfn) ? xmi_sim_page_of(d, e.mfn) + p->offset : NULL;
    return true;
}

static bool find(struct sim_domain *d, struct sim_vcpu *v, struct sim_insn *in)
{
    bool found = true;

    for (unsigned i = 0; i < in->n; i++) {
        for (unsigned k = 0; k < in->a[i].n && found; k++)
            found = find_part(d, v, in->a[i].what, &in->a[i].p[k]);
    }
    return found;
}

static enum xm_hap_result carry(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op)
{
    struct sim_insn in;

    if ((op->flags & SIM_OP_F_UNHANDLEABLE) != 0)
        return XM_HAP_NEVER;
    if ((op->flags & SIM_OP_F_NO_EMUL) != 0)
        return XM_HAP_CANNOT;
    xmi_sim_insn_make(d, op, &in);
    if (!find(d, v, &in))
        return XM_HAP_RETRY;
    xmi_sim_check_done(d, v, &in, true);
    xmi_sim_insn_do(v, op, &in, NULL);
    d->accesses++;
    return XM_HAP_DID;
}

/* As for any other access. True: the vCPU is stopped. */
static bool violates(struct sim_domain *d, struct sim_vcpu *v)
{
    const struct xm_hap_step *s = &v->hap->step;
    const struct xm_access_req req = {
        .vcpu = v->id,
        .gfn = {s->gfn},
        .offset = v->hap_offset,
        .gla_valid = true,
        .gla = (s->gfn << XM_PAGE_SHIFT) | v->hap_offset,
        .what = s->what,
        .kind = XM_ACC_WITH_GLA,
    };
    struct xm_access_res res;

    if (!xm_hap_still(s, rights_of(d, s->gfn)))
        return false;
    switch (xm_access_check(&d->core, &req, &res)) {
    case XM_V_STOPPED: xmi_sim_told(v, req.gfn.n, req.what); return true;
    case XM_V_CRASH: return true;
    default: return false;
    }
}

static bool act(struct sim_domain *d, struct sim_vcpu *v)
{
    bool stopped = violates(d, v);

    v->hap_meets = stopped && v->waiting; /* without a slot it is told when there is one */
    if (!stopped)
        xm_hap_again(&v->hap->step);
    return stopped;
}

static enum op_end end_carry(struct sim_domain *d, struct sim_vcpu *v, enum xm_hap_next next,
                             enum xm_hap_result result)
{
    if (next == XM_HAP_UNIMPLEMENTED)
        (void)xm_event_emul_unimplemented(&d->core, v->id);
    return next == XM_HAP_GO_ON && result == XM_HAP_DID ? OP_DONE : OP_BLOCKED;
}

enum op_end xmi_sim_hap_carry(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op)
{
    struct xm_ev_regs_x86 regs;
    enum xm_hap_result result;
    enum xm_hap_next next;

    if (v->hap_meets && act(d, v))
        return OP_BLOCKED;
    xmi_sim_vcpu_regs_read(v, &regs, sizeof(regs));
    for (unsigned i = 0; i < TRIES && xm_hap_begin(&v->hap->step, regs.rip, regs.rsp); i++) {
        result = carry(d, v, op);
        next = xm_hap_emulated(&v->hap->step, result);
        if (next != XM_HAP_VIOLATION)
            return end_carry(d, v, next, result);
        v->hap_meets = true;
        if (xmi_sim_others_come(d) || act(d, v)) /* whatever others do comes in between */
            return OP_BLOCKED;
    }
    return OP_BLOCKED;
}

/* ---- by the processor ---- */

static struct xm_hap_step *step_of(struct sim_domain *d, struct sim_vcpu *v)
{
    return d->core.ring.enabled ? &v->hap->step : NULL;
}

void xmi_sim_hap_enter(struct sim_domain *d, struct sim_vcpu *v)
{
    struct xm_ev_regs_x86 regs;

    xmi_sim_vcpu_regs_read(v, &regs, sizeof(regs));
    (void)xm_hap_enter(&v->hap->trap, step_of(d, v), regs.rip, regs.rsp, v->exception.pending);
}

bool xmi_sim_hap_fault(struct sim_domain *d, struct sim_vcpu *v, uint8_t what, struct part *p,
                       enum translation *end)
{
    enum xm_access now = rights_of(d, p->gfn);
    struct xm_hap_trap *t = &v->hap->trap;
    struct xm_ev_regs_x86 regs;

    if ((what & XM_DO_W) != 0)
        what |= XM_DO_R;
    if (!xm_rights_violated(now, what, false))
        return false;
    xmi_sim_vcpu_regs_read(v, &regs, sizeof(regs));
    xm_hap_left(t, step_of(d, v), XM_HAP_FAULT);
    if (!xm_hap_fault(t, step_of(d, v), regs.rip, regs.rsp, p->gfn, what, now))
        return false;
    *end = TR_BLOCKED; /* it comes again with the others held */
    if ((what & ~xm_hap_more(t, p->gfn)) == 0) {
        p->host = xmi_sim_page_of(d, xm_p2m_get(&d->core, 0, xm_gfn(p->gfn)).mfn) + p->offset;
        *end = TR_OK;
    }
    return true;
}

void xmi_sim_hap_retired(struct sim_vcpu *v)
{
    if (v->hap != NULL && v->hap->trap.open && xm_hap_trapped(&v->hap->trap, &v->hap->step))
        v->debugs++;
}
