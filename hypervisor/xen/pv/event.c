/* SPDX-License-Identifier: GPL-2.0-only */
/* Events of PV domains on Xen's own monitor ring, and what an answer asks for. */
#include "priv.h"

#include <asm/msr.h>
#include <asm/regs.h>

/* ---- sending ---- */

static void event_fill(const struct xmem_access *a, vm_event_request_t *req)
{
    *req = (vm_event_request_t){
        .reason = VM_EVENT_REASON_MEM_ACCESS,
        .u.mem_access = {
            .gfn = a->mfn,
            .offset = a->offset,
            .gla = a->va_valid ? a->va : 0,
            .flags = (a->what & XM_DO_R ? MEM_ACCESS_R : 0) |
                     (a->what & XM_DO_W ? MEM_ACCESS_W : 0) |
                     (a->what & XM_DO_X ? MEM_ACCESS_X : 0) |
                     (a->va_valid ? MEM_ACCESS_GLA_VALID | MEM_ACCESS_FAULT_WITH_GLA : 0),
        },
    };
}

/* An answer is for the instruction that was told. */
static void remember(struct vcpu *v)
{
    struct xmem_vcpu *xv = xmem_vcpu(v);
    const struct cpu_user_regs *regs = guest_cpu_user_regs();

    xv->told_ip = regs->rip;
    xv->told_sp = regs->rsp;
    if (xv->armed.ip != regs->rip || xv->armed.sp != regs->rsp)
        xm_pv_disarm_all(&xv->armed);
}

/* As monitor_traps(), which always may sleep: inside a hypercall, or on Xen's own fault, nobody may. */
int xmem_send(struct vcpu *v, const struct xmem_access *a, bool sync, bool may_sleep)
{
    struct domain *d = v->domain;
    vm_event_request_t req;
    int rc;

    event_fill(a, &req);
    if (sync)
        remember(v);
    if (may_sleep)
        return monitor_traps(v, sync, &req);
    rc = vm_event_claim_slot_nosleep(d, d->vm_event_monitor);
    if (rc != 0)
        return rc;
    req.vcpu_id = v->vcpu_id;
    if (sync) {
        req.flags |= VM_EVENT_FLAG_VCPU_PAUSED;
        vm_event_vcpu_pause(v);
    }
    vm_event_fill_regs(&req);
    vm_event_put_request(d, d->vm_event_monitor, &req);
    return sync;
}

enum xm_pv_verdict xmem_decide(struct vcpu *v, const struct xmem_access *a, enum xm_pv_who who,
                               enum xm_access *to)
{
    struct domain *d = v->domain;
    const struct xm_pv_ask ask = {
        .mfn = a->mfn,
        .what = a->what,
        .who = who,
        .guest_allows = true,
        .ours = true,
        .listener = vm_event_check_ring(d->vm_event_monitor),
        .required = p2m_get_hostp2m(d)->access_required,
    };
    enum xm_pv_verdict verdict;

    paging_lock(d);
    verdict = xm_pv_decide(&d->arch.pv.xmem->pv, &ask, to);
    paging_unlock(d);
    return verdict;
}

void xmem_relax(struct domain *d, unsigned long mfn, enum xm_access to)
{
    bool flush = false;
    int rc;

    paging_lock(d);
    rc = xm_pv_relax(&d->arch.pv.xmem->pv, mfn, to, &flush);
    if (flush)
        guest_flush_tlb_mask(d, d->dirty_cpumask);
    xmem_unlock(d);
    if (rc != 0)
        domain_crash(d);
}

bool xmem_armed(struct vcpu *v, const struct cpu_user_regs *regs, const struct xmem_access *a)
{
    return xm_pv_is_armed(&xmem_vcpu(v)->armed, regs->rip, regs->rsp, a->mfn, a->what);
}

bool xmem_send_unimplemented(struct vcpu *v)
{
    vm_event_request_t req = {.reason = VM_EVENT_REASON_EMUL_UNIMPLEMENTED};

    return v->domain->arch.monitor.emul_unimplemented_enabled && monitor_traps(v, true, &req) == 1;
}

/* ---- registers ---- */

static void fill_segments(const struct vcpu *v, const struct cpu_user_regs *regs,
                          struct vm_event_regs_x86 *x)
{
    x->cs_sel = regs->cs;
    x->ss_sel = regs->ss;
    x->ds_sel = read_sreg(ds);
    x->es_sel = read_sreg(es);
    x->fs_sel = read_sreg(fs);
    x->gs_sel = read_sreg(gs);
    x->fs_base = read_fs_base();
    /* In the kernel's mode the user's is the hidden one; Xen holds them as the guest has them. */
    x->gs_base = read_gs_base();
    x->shadow_gs = read_gs_shadow();
}

static void fill_control(const struct vcpu *v, struct vm_event_regs_x86 *x)
{
    x->cr0 = v->arch.pv.ctrlreg[0];
    x->cr2 = v->arch.pv.ctrlreg[2];
    /* The tables in use: a PV guest's user mode has a root of its own. */
    x->cr3 = pagetable_get_paddr(v->arch.flags & TF_kernel_mode ? v->arch.guest_table
                                                               : v->arch.guest_table_user);
    x->cr4 = v->arch.pv.ctrlreg[4];
    x->dr6 = v->arch.dr6;
    x->dr7 = v->arch.dr7;
    x->msr_efer = read_efer();
    x->vmtrace_pos = ~0ULL;
}

bool xmem_pv_fill_regs(vm_event_request_t *req)
{
    const struct cpu_user_regs *regs = guest_cpu_user_regs();
    struct vm_event_regs_x86 *x = &req->data.regs.x86;

    if (!is_pv_vcpu(current))
        return false;
    x->rax = regs->rax;
    x->rcx = regs->rcx;
    x->rdx = regs->rdx;
    x->rbx = regs->rbx;
    x->rsp = regs->rsp;
    x->rbp = regs->rbp;
    x->rsi = regs->rsi;
    x->rdi = regs->rdi;
    x->r8 = regs->r8;
    x->r9 = regs->r9;
    x->r10 = regs->r10;
    x->r11 = regs->r11;
    x->r12 = regs->r12;
    x->r13 = regs->r13;
    x->r14 = regs->r14;
    x->r15 = regs->r15;
    x->rflags = regs->rflags;
    x->rip = regs->rip;
    fill_segments(current, regs, x);
    fill_control(current, x);
    return true;
}

/* What arch_set_info_guest() lets a PV guest have. */
static unsigned long guest_rflags(unsigned long rflags)
{
    rflags &= ~(unsigned long)(X86_EFLAGS_IOPL | X86_EFLAGS_VM | X86_EFLAGS_VIF | X86_EFLAGS_VIP);
    return (rflags & 0x3fffff) | X86_EFLAGS_IF | X86_EFLAGS_MBS;
}

static void set_general(struct cpu_user_regs *regs, const struct vm_event_regs_x86 *x)
{
    regs->rax = x->rax;
    regs->rcx = x->rcx;
    regs->rdx = x->rdx;
    regs->rbx = x->rbx;
    regs->rsp = x->rsp;
    regs->rbp = x->rbp;
    regs->rsi = x->rsi;
    regs->rdi = x->rdi;
    regs->r8 = x->r8;
    regs->r9 = x->r9;
    regs->r10 = x->r10;
    regs->r11 = x->r11;
    regs->r12 = x->r12;
    regs->r13 = x->r13;
    regs->r14 = x->r14;
    regs->r15 = x->r15;
    regs->rflags = guest_rflags(x->rflags);
    regs->rip = x->rip;
}

/* The same registers as for HVM (hvm_set_registers): the general ones, rip and rflags. */
static void set_registers(struct vcpu *v, const struct vm_event_regs_x86 *x)
{
    /* IRET faults on it inside Xen. */
    if (!is_canonical_address(x->rip)) {
        gprintk(XENLOG_WARNING, "%pv: rip %#lx of an answer is not canonical: registers kept\n", v,
                (unsigned long)x->rip);
        return;
    }
    /* Its registers lie in the structure when it is off its CPU, and sure to be. */
    vcpu_pause(v);
    set_general(&v->arch.user_regs, x);
    vcpu_unpause(v);
}

/* ---- answers ---- */

/* A frame's rights are passed over when the instruction is tried again, by the emulator. */
static void arm(struct vcpu *v, const vm_event_response_t *rsp)
{
    const struct vm_event_regs_x86 *x = &rsp->data.regs.x86;
    struct xmem_vcpu *xv = xmem_vcpu(v);
    bool moved = (rsp->flags & VM_EVENT_FLAG_SET_REGISTERS) && is_canonical_address(x->rip);

    xm_pv_arm(&xv->armed, moved ? x->rip : xv->told_ip, moved ? x->rsp : xv->told_sp,
              rsp->u.mem_access.gfn, rsp->u.mem_access.flags & (XM_DO_R | XM_DO_W | XM_DO_X));
}

/* Leaves in the flags what the caller does for PV as for HVM: to unpause. */
void xmem_pv_response(struct vcpu *v, vm_event_response_t *rsp)
{
    if (!is_pv_vcpu(v))
        return;
    if ((rsp->flags & VM_EVENT_FLAG_SET_REGISTERS) && v != current)
        set_registers(v, &rsp->data.regs.x86);
    if ((rsp->flags & VM_EVENT_FLAG_EMULATE) && rsp->reason == VM_EVENT_REASON_MEM_ACCESS &&
        xmem_pv_active(v->domain) &&
        !(rsp->flags & (VM_EVENT_FLAG_SET_EMUL_READ_DATA | VM_EVENT_FLAG_SET_EMUL_INSN_DATA)))
        arm(v, rsp);
    /* The rest is done with HVM's means. */
    rsp->flags &= VM_EVENT_FLAG_VCPU_PAUSED | VM_EVENT_FLAG_FOREIGN;
}

/*
 * mem_access has no bit of its own; a PV guest's HVMOP_guest_request_vm_event comes through. That what
 * cannot be emulated is told says as well that an emulated instruction is held to the rights of all
 * frames that nobody answered for.
 */
uint32_t xmem_pv_capabilities(const struct domain *d)
{
    return xmem_pv_ring_frames(d, 0) ? 1U << XEN_DOMCTL_MONITOR_EVENT_GUEST_REQUEST |
                                           1U << XEN_DOMCTL_MONITOR_EVENT_EMUL_UNIMPLEMENTED
                                     : 0;
}
