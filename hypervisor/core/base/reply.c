/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An answer and what it asks of its vCPU (vm_event_resume and the arch handlers in Xen). */
#include <xm/core.h>

#define EMULATE_FLAGS                                                                  \
    (XM_EV_FLAG_EMULATE | XM_EV_FLAG_EMULATE_NOWRITE | XM_EV_FLAG_SET_EMUL_READ_DATA | \
     XM_EV_FLAG_SET_EMUL_INSN_DATA)

/* Emulated only where the rights that stopped it are still in the way: the listener may have
 * lifted them meanwhile (p2m_mem_access_emulate_check). */
static bool still_violates(struct xm_domain *d, struct xm_vcpu *v, const struct xm_ev *rsp)
{
    struct xm_access_res now;

    if (!xm_access_lookup(d, v->id, xm_gfn(rsp->u.mem_access.gfn), &now))
        return true;
    return xm_rights_violated((enum xm_access)now.access, rsp->u.mem_access.flags & 7u, false);
}

static void reply_set(struct xm_vcpu *v, const struct xm_ev *rsp, uint32_t flags)
{
    v->reply.flags = flags & EMULATE_FLAGS;
    v->reply.reason = rsp->reason;
    v->reply.deny = false;
    if ((flags & XM_EV_FLAG_SET_EMUL_INSN_DATA) != 0) {
        v->reply.data.insn = rsp->data.insn;
    } else if ((flags & XM_EV_FLAG_SET_EMUL_READ_DATA) != 0) {
        v->reply.data.read = rsp->data.read;
        if (v->reply.data.read.size > sizeof(v->reply.data.read.data))
            v->reply.data.read.size = sizeof(v->reply.data.read.data);
    }
    v->has_reply = true;
}

static void apply_emulate(struct xm_domain *d, struct xm_vcpu *v, const struct xm_ev *rsp)
{
    uint32_t flags = rsp->flags;

    v->has_reply = false;
    if ((flags & XM_EV_FLAG_EMULATE) == 0)
        return;
    switch (rsp->reason) {
    case XM_EV_REASON_MEM_ACCESS:
        if (still_violates(d, v, rsp))
            reply_set(v, rsp, flags & ~XM_EV_FLAG_SET_EMUL_INSN_DATA);
        break;
    case XM_EV_REASON_SOFTWARE_BREAKPOINT:
        if ((flags & XM_EV_FLAG_SET_EMUL_INSN_DATA) != 0)
            reply_set(v, rsp, flags & ~XM_EV_FLAG_SET_EMUL_READ_DATA);
        break;
    case XM_EV_REASON_DESCRIPTOR_ACCESS:
        reply_set(v, rsp, flags & ~XM_EV_FLAG_SET_EMUL_INSN_DATA);
        break;
    default: break;
    }
}

static void apply_deny(struct xm_vcpu *v, const struct xm_ev *rsp)
{
    if ((rsp->flags & XM_EV_FLAG_DENY) == 0 || v->held.reason == 0 || v->held.reason != rsp->reason)
        return;
    /* The index comes from the answer: one that does not echo the union denies nothing. */
    if (rsp->reason == XM_EV_REASON_WRITE_CTRLREG && rsp->u.ctrlreg.index != v->held.index)
        return;
    v->reply.flags = 0;
    v->reply.reason = rsp->reason;
    v->reply.deny = true;
    v->has_reply = true;
}

static void apply_step(struct xm_domain *d, struct xm_vcpu *v, const struct xm_ev *rsp)
{
    if ((rsp->flags & XM_EV_FLAG_TOGGLE_SINGLESTEP) != 0) {
        v->single_step = !v->single_step;
        return;
    }
    if ((rsp->flags & XM_EV_FLAG_FAST_SINGLESTEP) == 0 ||
        rsp->u.fast_singlestep.p2midx >= d->max_views)
        return;
    v->single_step = true;
    v->fast_step = true;
    v->fast_view = rsp->u.fast_singlestep.p2midx;
}

/* General registers, flags and instruction pointer; of Arm only the pc, as in Xen. */
static void apply_regs(struct xm_domain *d, struct xm_vcpu *v, const struct xm_ev *rsp)
{
    struct xm_ev_regs_x86 x86;
    struct xm_ev_regs_arm arm;

    if (xm_kind_is_arm(d->kind)) {
        xm_env_vcpu_get_regs(d->env, v->id, &arm, sizeof(arm));
        arm.pc = rsp->data.arm.pc;
        xm_env_vcpu_set_regs(d->env, v->id, &arm, sizeof(arm));
        return;
    }
    xm_env_vcpu_get_regs(d->env, v->id, &x86, sizeof(x86));
    memcpy(&x86.rax, &rsp->data.x86.rax, offsetof(struct xm_ev_regs_x86, rflags));
    x86.rflags = rsp->data.x86.rflags;
    x86.rip = rsp->data.x86.rip;
    xm_env_vcpu_set_regs(d->env, v->id, &x86, sizeof(x86));
}

/* True: it says STEP, and nothing else that is emulated. */
static bool apply_hap(struct xm_domain *d, struct xm_vcpu *v, const struct xm_ev *rsp)
{
    const uint32_t others = EMULATE_FLAGS & ~XM_EV_FLAG_EMULATE;
    struct xm_access_res now = {.access = XM_ACCESS_RWX};
    uint64_t gfn = rsp->u.mem_access.gfn;
    enum xm_hap_says says = (rsp->flags & EMULATE_FLAGS) != 0 ? XM_HAP_SAYS_OTHER : XM_HAP_SAYS_RESUME;

    if (d->kind != XM_KIND_X86_NPT)
        return false;
    if (rsp->reason == XM_EV_REASON_MEM_ACCESS && (rsp->flags & XM_EV_FLAG_STEP) != 0 &&
        (rsp->flags & others) == 0)
        says = XM_HAP_SAYS_STEP;
    if (says == XM_HAP_SAYS_STEP && gfn < XM_GFN_LIMIT)
        (void)xm_access_lookup(d, v->id, xm_gfn(gfn), &now);
    xm_hap_answer(&v->hap, says, gfn, rsp->u.mem_access.flags, (enum xm_access)now.access);
    return says == XM_HAP_SAYS_STEP;
}

static void apply_x86(struct xm_domain *d, struct xm_vcpu *v, const struct xm_ev *rsp)
{
    if (!apply_hap(d, v, rsp))
        apply_emulate(d, v, rsp);
    else
        v->has_reply = false;
    apply_deny(v, rsp);
    if (d->kind == XM_KIND_X86_EPT)
        apply_step(d, v, rsp);
    if ((rsp->flags & XM_EV_FLAG_ALTERNATE_P2M) != 0 && d->views_active)
        (void)xm_vcpu_switch_view(d, v->id, rsp->altp2m_idx);
    if ((rsp->flags & XM_EV_FLAG_GET_NEXT_INTERRUPT) != 0)
        v->next_interrupt = true;
}

/* Registers have been set. */
static void apply_pv(struct xm_domain *d, struct xm_vcpu *v, const struct xm_ev *rsp)
{
    const uint32_t data = XM_EV_FLAG_SET_EMUL_READ_DATA | XM_EV_FLAG_SET_EMUL_INSN_DATA;
    struct xm_pv_answer answer = {.mfn = rsp->u.mem_access.gfn};
    struct xm_ev_regs_x86 regs;

    xm_env_vcpu_get_regs(d->env, v->id, &regs, sizeof(regs));
    answer.moved = (rsp->flags & XM_EV_FLAG_SET_REGISTERS) != 0;
    answer.ip = regs.rip;
    answer.sp = regs.rsp;
    answer.emulate = rsp->reason == XM_EV_REASON_MEM_ACCESS &&
                     (rsp->flags & XM_EV_FLAG_EMULATE) != 0 && (rsp->flags & data) == 0;
    answer.step = rsp->reason == XM_EV_REASON_MEM_ACCESS && (rsp->flags & XM_EV_FLAG_STEP) != 0;
    xm_pv_reply(&d->pv, &v->pv, &answer);
}

static bool takes_registers(const struct xm_domain *d, const struct xm_vcpu *v)
{
    return d->kind != XM_KIND_X86_PV || xm_pv_takes_registers(&v->pv);
}

/* What was told is let run once; registers that the answer sets decide whether it still is there. */
static void apply_mpu(const struct xm_domain *d, struct xm_vcpu *v, const struct xm_ev *rsp)
{
    if (d->mpu_step && (rsp->flags & XM_EV_FLAG_STEP) != 0 && rsp->reason == XM_EV_REASON_MEM_ACCESS &&
        v->pending_reason == XM_EV_REASON_MEM_ACCESS)
        xm_mpu_step_answer(&v->step, rsp->u.mem_access.gfn);
}

/* Only a vCPU that is paused for an event takes orders: anything else would race with the guest. */
void xm_reply_apply(struct xm_domain *d, struct xm_vcpu *v, const struct xm_ev *rsp)
{
    bool unpause = (rsp->flags & XM_EV_FLAG_VCPU_PAUSED) != 0;

    if (v->event_pause == 0) {
        d->stats.double_answers += unpause;
        return;
    }
    if (xm_kind_is_hvm(d->kind))
        apply_x86(d, v, rsp);
    if ((rsp->flags & XM_EV_FLAG_SET_REGISTERS) != 0 && takes_registers(d, v))
        apply_regs(d, v, rsp);
    if (d->kind == XM_KIND_X86_PV)
        apply_pv(d, v, rsp);
    if (d->kind == XM_KIND_ARM_MPU)
        apply_mpu(d, v, rsp);
    if (!unpause)
        return;
    v->event_pause--;
    v->pending_reason = 0;
    v->held.reason = 0;
    xm_env_vcpu_unpause(d->env, v->id);
}

bool xm_reply_take(struct xm_domain *d, uint32_t vcpu, struct xm_reply *out)
{
    struct xm_vcpu *v = xm_vcpu_get(d, vcpu);

    if (v == NULL || !v->has_reply)
        return false;
    *out = v->reply;
    v->has_reply = false;
    return true;
}
