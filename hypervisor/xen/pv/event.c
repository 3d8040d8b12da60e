/* SPDX-License-Identifier: GPL-2.0-only */
/* Sends events of PV domains to Xen's monitor ring, and does what answers ask for. */
#include "priv.h"

#include <asm/msr.h>
#include <asm/regs.h>

/* ---- sending ---- */

static void event_fill(const struct xm_pv_ask *ask, vm_event_request_t *req)
{
    *req = (vm_event_request_t){
        .reason = VM_EVENT_REASON_MEM_ACCESS,
        .u.mem_access =
            {
                .gfn = ask->mfn,
                .offset = ask->offset,
                .gla = ask->va_valid ? ask->va : 0,
                .flags = (ask->what & XM_DO_R ? MEM_ACCESS_R : 0) |
                         (ask->what & XM_DO_W ? MEM_ACCESS_W : 0) |
                         (ask->what & XM_DO_X ? MEM_ACCESS_X : 0) |
                         (ask->va_valid ? MEM_ACCESS_GLA_VALID | MEM_ACCESS_FAULT_WITH_GLA : 0),
            },
    };
}

/* Like monitor_traps(), but never waits for a slot. */
static int send_nosleep(struct vcpu *v, bool stop, vm_event_request_t *req)
{
    struct domain *d = v->domain;
    int rc = vm_event_claim_slot_nosleep(d, d->vm_event_monitor);

    if (rc != 0)
        return rc == -EOPNOTSUPP ? -XM_EOPNOTSUPP : -XM_EAGAIN;
    req->vcpu_id = v->vcpu_id;
    if (stop) {
        req->flags |= VM_EVENT_FLAG_VCPU_PAUSED;
        vm_event_vcpu_pause(v);
    }
    vm_event_fill_regs(req);
    vm_event_put_request(d, d->vm_event_monitor, req);
    return stop;
}

static int cf_check call_tell(void *self, uint32_t vcpu, const struct xm_pv_ask *ask,
                              unsigned int how)
{
    struct domain *d = self;
    struct vcpu *v = d->vcpu[vcpu];
    bool stop = how & XM_PV_TELL_STOP;
    vm_event_request_t req;
    int rc;

    event_fill(ask, &req);
    if (!(how & XM_PV_TELL_WAIT))
        return send_nosleep(v, stop, &req);
    if (!vm_event_check_ring(d->vm_event_monitor))
        return -XM_EOPNOTSUPP;
    rc = monitor_traps(v, stop, &req);
    /* Asked to stop and not stopped: the ring was disabled meanwhile. */
    return rc < 0 ? -XM_EAGAIN : stop && rc == 0 ? -XM_EOPNOTSUPP : rc;
}

void xmem_pv_note_queue(bool in)
{
    xmem_vcpu(current)->queued = in;
}

bool xmem_pv_in_queue(const struct domain *d)
{
    const struct xmem_pv *x = d->arch.pv.xmem;
    bool any = false;

    for (unsigned int i = 0; i < x->vcpus; i++)
        any |= x->vcpu[i].queued;
    return any;
}

static bool cf_check call_tell_unimplemented(void *self, uint32_t vcpu)
{
    struct domain *d = self;
    vm_event_request_t req = {.reason = VM_EVENT_REASON_EMUL_UNIMPLEMENTED};

    return d->arch.monitor.emul_unimplemented_enabled &&
           monitor_traps(d->vcpu[vcpu], true, &req) == 1;
}

static void cf_check call_lock(void *self)
{
    paging_lock((struct domain *)self);
}

static void cf_check call_unlock(void *self, bool flush)
{
    struct domain *d = self;

    if (flush)
        guest_flush_tlb_mask(d, d->dirty_cpumask);
    xmem_unlock(d);
}

static bool cf_check call_listener(void *self)
{
    return vm_event_check_ring(((struct domain *)self)->vm_event_monitor);
}

static bool cf_check call_required(void *self)
{
    return p2m_get_hostp2m((struct domain *)self)->access_required;
}

static void cf_check call_crash(void *self, const char *why)
{
    gprintk(XENLOG_ERR, "mem_access: %s\n", why);
    domain_crash((struct domain *)self);
}

const struct xm_pv_calls xmem_calls = {
    .lock = call_lock,
    .unlock = call_unlock,
    .listener = call_listener,
    .required = call_required,
    .tell = call_tell,
    .tell_unimplemented = call_tell_unimplemented,
    .crash = call_crash,
    .hold_others = xmem_hold_others,
    .release_others = xmem_release_others,
    .trap_flag = xmem_trap_flag,
};

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
    /* In kernel mode the hidden base is the user's; Xen loads both as the guest set them. */
    x->gs_base = read_gs_base();
    x->shadow_gs = read_gs_shadow();
}

static void fill_control(const struct vcpu *v, struct vm_event_regs_x86 *x)
{
    x->cr0 = v->arch.pv.ctrlreg[0];
    x->cr2 = v->arch.pv.ctrlreg[2];
    /* The root in use: a PV guest's user mode has its own. */
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

/* The flags that arch_set_info_guest() permits to a PV guest. */
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

/* Sets what hvm_set_registers() sets for HVM: the general registers, rip and rflags. */
static void set_registers(struct vcpu *v, const struct vm_event_regs_x86 *x)
{
    /* IRET would fault on it inside Xen. */
    if (!is_canonical_address(x->rip)) {
        gprintk(XENLOG_WARNING, "%pv: rip %#lx of an answer is not canonical: registers kept\n", v,
                (unsigned long)x->rip);
        return;
    }
    /* user_regs holds its registers only once the vCPU is descheduled. */
    vcpu_pause(v);
    set_general(&v->arch.user_regs, x);
    vcpu_unpause(v);
}

/* ---- answers ---- */

/* Leaves only those flags set that the caller handles for PV as for HVM: unpausing. */
void xmem_pv_response(struct vcpu *v, vm_event_response_t *rsp)
{
    const uint32_t data = VM_EVENT_FLAG_SET_EMUL_READ_DATA | VM_EVENT_FLAG_SET_EMUL_INSN_DATA;
    const struct vm_event_regs_x86 *x = &rsp->data.regs.x86;
    bool sets = (rsp->flags & VM_EVENT_FLAG_SET_REGISTERS) && v != current;
    struct xm_pv_answer answer = {
        .mfn = rsp->u.mem_access.gfn,
        .emulate = rsp->reason == VM_EVENT_REASON_MEM_ACCESS &&
                   (rsp->flags & VM_EVENT_FLAG_EMULATE) && !(rsp->flags & data),
        .step = rsp->reason == VM_EVENT_REASON_MEM_ACCESS && (rsp->flags & XMEM_EVENT_FLAG_STEP),
        .moved = sets && is_canonical_address(x->rip),
        .ip = x->rip,
        .sp = x->rsp,
    };
    struct xm_pv_vcpu *pvv;

    if (!is_pv_vcpu(v))
        return;
    pvv = v->domain->arch.pv.xmem ? &xmem_vcpu(v)->pv : NULL;
    if (sets && (!pvv || xm_pv_takes_registers(pvv)))
        set_registers(v, x);
    if (pvv)
        xm_pv_reply(&v->domain->arch.pv.xmem->pv, pvv, &answer);
    /*
     * The answered instruction runs before any event upcall: an upcall's handler is another instruction,
     * which ends the answer, and the access would be reported again; with a slow listener and a timer
     * without end. If no frame is restricted any more, the upcall comes at the vCPU's next exit.
     */
    if (pvv && pvv->armed.n != 0)
        v->arch.pv.xmem_first = true;
    /* The caller would apply the other flags by HVM's means. */
    rsp->flags &= VM_EVENT_FLAG_VCPU_PAUSED | VM_EVENT_FLAG_FOREIGN;
}

/*
 * mem_access has no bit of its own here. HVMOP_guest_request_vm_event works for a PV guest. The bit for
 * EMUL_UNIMPLEMENTED also says that an emulated instruction is checked against the rights of all frames
 * that no answer covers.
 */
uint32_t xmem_pv_capabilities(const struct domain *d)
{
    return xmem_pv_ring_frames(d, 0)
               ? 1U << XEN_DOMCTL_MONITOR_EVENT_GUEST_REQUEST |
                     1U << XEN_DOMCTL_MONITOR_EVENT_EMUL_UNIMPLEMENTED | XMEM_MONITOR_CAP_STEP
               : 0;
}
