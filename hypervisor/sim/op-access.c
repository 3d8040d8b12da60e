/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Accesses to memory: through the TLB and the core's check, emulated, or Xen's own. */
#include "sim-int.h"

#define INT3 0xccu
#define MAX_RETRIES 64u /* each relaxes or copies something: a handful is the most there can be */

/* The guest's #VE handler of few words: it takes note, and does without the access. */
static void take_ve(struct sim_vcpu *v)
{
    v->traps++;
    if (xm_mfn_valid(v->core->notify_mfn)) {
        struct xm_ve_info *info = frame_at(v->core->notify_mfn);

        info->busy = 0;
    }
}

static enum translation ask(struct sim_domain *d, struct sim_vcpu *v,
                            const struct xm_access_req *req, struct part *p)
{
    struct xm_access_res res;
    enum translation end;

    xmi_sim_x86_fetch(v);
    if (v->hap != NULL && v->hap->step.trap && xmi_sim_hap_fault(d, v, req->what, p, &end))
        return end;
    for (unsigned i = 0; i < MAX_RETRIES; i++) {
        switch (xm_access_check(&d->core, req, &res)) {
        case XM_V_OK:
            xmi_sim_tlb_fill(d, v, p, &res);
            p->host = (char *)frame_at(res.mfn) + p->offset;
            return TR_OK;
        case XM_V_EMULATE:
            p->host = (char *)frame_at(res.mfn) + p->offset;
            p->exempt = true;
            return TR_OK;
        case XM_V_UNMAPPED: p->host = NULL; return TR_OK;
        case XM_V_VE: take_ve(v); return TR_TRAP;
        case XM_V_RETRY_NOW: break;
        case XM_V_STOPPED: xmi_sim_told(v, p->frame, req->what); return TR_BLOCKED;
        case XM_V_CRASH:
        default: return TR_BLOCKED;
        }
    }
    xm_env_panic("an access is retried without end");
}

static enum translation translate(struct sim_domain *d, struct sim_vcpu *v,
                                  const struct sim_access *a, struct part *p)
{
    uint64_t gla = (p->gfn << XM_PAGE_SHIFT) | p->offset; /* guests here map memory 1:1 */
    const struct xm_access_req req = {
        .vcpu = v->id,
        .gfn = {p->gfn},
        .offset = p->offset,
        .gla_valid = true,
        .gla = gla,
        .what = a->what,
        .kind = a->walk ? XM_ACC_IN_GPT : XM_ACC_WITH_GLA,
    };
    struct tlb_entry *e = tlb_at(&v->tlb, p->gfn);

    if (tlb_hit(e, p->gfn, d->epoch[v->core->view], a->what)) {
        if (e->change != d->change)
            xmi_sim_tlb_verify(d, v, e, a->what);
        p->host = tlb_page(e) + p->offset;
        if (d->pv != NULL)
            p->frame = v->pv_tlb_mfn[p->gfn & (TLB_ENTRIES - 1)];
        return TR_OK;
    }
    if (d->pv != NULL)
        return xmi_sim_pv_translate(d, v, a, p);
    return d->mpu != NULL ? xmi_sim_mpu_translate(d, v, &req, p) : ask(d, v, &req, p);
}

/*
 * Xen's emulator reaches the guest's memory through the host view, whatever view the vCPU
 * is in and whatever its rights (check_get_page_from_gfn in xen/arch/x86/hvm).
 */
static void host_parts(struct sim_domain *d, struct sim_access *a)
{
    for (unsigned i = 0; i < a->n; i++) {
        struct xm_p2m_entry e = xm_p2m_get(&d->core, 0, xm_gfn(a->p[i].gfn));

        a->p[i].host = xm_mfn_valid(e.mfn) ? xmi_sim_page_of(d, e.mfn) + a->p[i].offset : NULL;
    }
}

/* Was it done outside, or left out? What is stored is seen in memory, what is loaded in registers. */
static bool done_outside(const struct sim_vcpu *v, const struct sim_op *op,
                         const struct sim_insn *in)
{
    uint64_t there = xmi_sim_access_load(&in->a[0]);
    uint32_t len = in->a[0].len;

    if (op->code != SIM_OP_WRITE)
        return v->arm.set;
    return len >= sizeof(there) ? there == op->value : (there ^ op->value) << (64 - 8 * len) == 0;
}

/* What no decoder knows was left out. */
void xmi_sim_arm_check_skipped(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op)
{
    uint32_t word[A64_MOST];
    struct sim_insn in;

    (void)xmi_sim_a64_encode(op, word);
    if (word[0] == A64_UDF || op->code == SIM_OP_EXCL) /* which is left at its store */
        return;
    xmi_sim_insn_make(d, op, &in);
    for (unsigned i = 0; i < in.n; i++)
        host_parts(d, &in.a[i]);
    if (done_outside(v, op, &in))
        xmi_sim_check_done(d, v, &in, true);
}

/* hvm_emulate_one_vm_event(): an event where somebody wants it, else an exception. */
static enum op_end not_emulated(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op)
{
    if ((op->flags & SIM_OP_F_UNHANDLEABLE) == 0 &&
        xm_event_emul_unimplemented(&d->core, v->id) != XM_GO_ON)
        return OP_BLOCKED;
    xmi_sim_vcpu_take_exception(v, SIM_VECTOR_UD);
    return OP_DONE;
}

/* Writes that are dropped touch nothing. */
static void check_emulated(struct sim_domain *d, struct sim_vcpu *v, const struct sim_insn *in,
                           const struct xm_reply *reply)
{
    struct sim_insn seen = *in;

    for (unsigned i = 0; i < seen.n; i++)
        if ((reply->flags & XM_EV_FLAG_EMULATE_NOWRITE) != 0)
            seen.a[i].what &= XM_DO_R | XM_DO_X;
    xmi_sim_check_done(d, v, &seen, true);
}

static enum op_end emulate(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op,
                           const struct xm_reply *reply)
{
    struct sim_insn in;

    if ((op->flags & (SIM_OP_F_NO_EMUL | SIM_OP_F_UNHANDLEABLE)) != 0)
        return not_emulated(d, v, op);
    xmi_sim_insn_make(d, op, &in);
    for (unsigned i = 0; i < in.n; i++)
        host_parts(d, &in.a[i]);
    check_emulated(d, v, &in, reply);
    xmi_sim_insn_do(v, op, &in, reply);
    d->accesses++;
    return OP_DONE;
}

enum translation xmi_sim_access_find(struct sim_domain *d, struct sim_vcpu *v, struct sim_access *a)
{
    enum translation t = TR_OK;

    for (unsigned i = 0; i < a->n && t == TR_OK; i++)
        t = translate(d, v, a, &a->p[i]);
    return t;
}

/*
 * What stands in a page that a view shows in place of the guest's own, a tool wrote: a breakpoint
 * there is one. A guest's pages hold values, not instructions.
 */
static bool meets_int3(struct sim_domain *d, const struct sim_vcpu *v, const struct sim_op *op,
                       const struct sim_insn *in)
{
    const struct part *p = &in->a[in->n - 1].p[0];
    struct xm_p2m_entry own;

    if (likely(op->code != SIM_OP_EXEC || v->core->view == 0))
        return false;
    if (p->host == NULL || *(const unsigned char *)p->host != INT3)
        return false;
    own = xm_p2m_get(&d->core, 0, xm_gfn(p->gfn));
    return !xm_mfn_valid(own.mfn) || (char *)xmi_sim_page_of(d, own.mfn) + p->offset != p->host;
}

static enum op_end take_int3(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op)
{
    const struct sim_op bp = {.code = SIM_OP_BREAKPOINT, .addr = op->addr};

    return xmi_sim_op_event(d, v, &bp, NULL);
}

enum op_end xmi_sim_op_access(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op,
                              const struct xm_reply *reply)
{
    struct sim_insn in;

    if (v->hap != NULL && (v->hap->step.due || v->hap_meets))
        return xmi_sim_hap_carry(d, v, op);
    if (reply != NULL && reply->flags != 0)
        return emulate(d, v, op, reply);
    xmi_sim_insn_make(d, op, &in);
    for (unsigned i = 0; i < in.n; i++) {
        enum translation t;

        if (op->code == SIM_OP_COPY && i == in.n - 1)
            in.a[i].value = xmi_sim_access_load(&in.a[i - 1]);
        t = xmi_sim_access_find(d, v, &in.a[i]);
        if (t == TR_EMULATE)
            return xmi_sim_pv_emulate(d, v, op);
        if (t != TR_OK)
            return t == TR_TRAP ? OP_DONE : OP_BLOCKED;
    }
    if (unlikely(d->watched))
        xmi_sim_check_done(d, v, &in, false);
    if (unlikely(meets_int3(d, v, op, &in)))
        return take_int3(d, v, op);
    xmi_sim_insn_do(v, op, &in, NULL);
    d->accesses++;
    return OP_DONE;
}

/* Reads its argument there and leaves its result there. mem_access binds Xen itself only for a
 * PV guest, and if its policy says so. */
enum op_end xmi_sim_op_hypercall_buf(struct sim_domain *d, struct sim_vcpu *v,
                                     const struct sim_op *op)
{
    const struct sim_op rmw = {.code = SIM_OP_RMW, .value = op->value};
    struct sim_insn in = {.n = 1};
    struct sim_access *a = &in.a[0];
    int rc = 0;

    xmi_sim_access_make(a, XM_DO_R | XM_DO_W, op->addr, op->len);
    if (d->pv != NULL)
        rc = xmi_sim_pv_buffer(d, v, a->p, a->n);
    else
        host_parts(d, a);
    if (d->mpu != NULL)
        xmi_sim_mpu_own_access(d, v, a->p, a->n);
    if (rc > 0)
        return OP_BLOCKED;
    if (rc < 0) {
        xmi_sim_vcpu_set_result(v, (uint64_t)(int64_t)rc);
        return OP_DONE;
    }
    xmi_sim_insn_do(v, &rmw, &in, NULL);
    return OP_DONE;
}
