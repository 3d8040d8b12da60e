/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The answer STEP for guests on nested paging: Xen's emulator executes one instruction and asks the core
 * about each access (xm/steps.h), or the processor does, with the trap flag set (xm/steps.h).
 */
#include <xen/mem_access.h>
#include <xen/monitor.h>
#include <xen/sched.h>
#include <xen/xmem-npt.h>
#include <xen/xmem-release.h>
#include <asm/hvm/emulate.h>
#include <asm/hvm/hvm.h>
#include <asm/hvm/monitor.h>
#include <asm/hvm/nestedhvm.h>
#include <asm/hvm/support.h>
#include <asm/p2m.h>
#include <asm/vm_event.h>
#include <public/xmem.h>
#include "npt.h"

#if XMEM_XEN_MINOR >= 22
#include "../../hvm/svm/vmcb.h"
#else
#include <asm/hvm/svm/vmcb.h>
#endif

/* Xen defines these as macros; the core declares functions. */
#undef memcpy
#undef memset
#pragma push_macro("noreturn")
#include <xm/steps.h>
#include <xm/rights.h>
#pragma pop_macro("noreturn")

#define CODE_MOST 15
/* More than enough: rights that change by themselves (rx2rw, n2rwx) do so once per page. */
#define TRIES 8
#define OTHER_WAYS \
    (VM_EVENT_FLAG_EMULATE_NOWRITE | VM_EVENT_FLAG_SET_EMUL_READ_DATA | \
     VM_EVENT_FLAG_SET_EMUL_INSN_DATA)

#define DR6_STEP 0x4000UL   /* BS */
#define DR6_OTHERS 0x200fUL /* BD, B0 to B3 */
#define VECTOR_BP 3
#define VECTOR_NM 7
#define VECTOR_PF 14
#define CHANGING (1U << VECTOR_BP | 1U << VECTOR_NM) /* Xen intercepts these only at times */
#define WITH_ERROR_CODE 0x27d00U                     /* #DF, #TS, #NP, #SS, #GP, #PF, #AC */

struct xmem_npt_vcpu {
    struct xm_hap_step step;
    struct xm_hap_trap trap;
    uint32_t added; /* exceptions that are intercepted for a step */
    bool emulating;
    unsigned long gla; /* address of the access that the core refused */
};

static struct xmem_npt_vcpu *of(const struct vcpu *v)
{
    BUILD_BUG_ON(sizeof(struct xmem_npt_vcpu) > sizeof(v->arch.vm_event->xmem_npt));

    return (struct xmem_npt_vcpu *)v->arch.vm_event->xmem_npt;
}

/* A gfn without a frame has no rights to violate: rwx. */
static enum xm_access rights_of(struct domain *d, gfn_t gfn)
{
    xenmem_access_t wire;
    enum xm_access now;

    if (p2m_get_mem_access(d, gfn, &wire, 0) != 0 ||
        !xm_rights_from_wire(XMEM_XEN_MINOR, wire, &now))
        return XM_ACCESS_RWX;

    return now;
}

uint32_t xmem_npt_capabilities(const struct domain *d)
{
    return xmem_npt_usable(d) ? XMEM_MONITOR_CAP_STEP : 0;
}

bool xmem_npt_answer(struct vcpu *v, const vm_event_response_t *rsp)
{
    const struct vm_event_mem_access *m = &rsp->u.mem_access;
    enum xm_hap_says says = XM_HAP_SAYS_RESUME;
    bool step;

    if (!xmem_npt_usable(v->domain))
        return false;

    step = rsp->reason == VM_EVENT_REASON_MEM_ACCESS && (rsp->flags & XMEM_EVENT_FLAG_STEP) &&
           !(rsp->flags & OTHER_WAYS);
    if (step)
        says = XM_HAP_SAYS_STEP;
    else if (rsp->flags & (VM_EVENT_FLAG_EMULATE | OTHER_WAYS))
        says = XM_HAP_SAYS_OTHER;
    xm_hap_answer(&of(v)->step, says, m->gfn, m->flags & MEM_ACCESS_RWX,
                  step ? rights_of(v->domain, _gfn(m->gfn)) : XM_ACCESS_RWX);

    return step;
}

bool xmem_npt_emulating(const struct vcpu *v)
{
    return v->arch.vm_event && of(v)->emulating;
}

bool xmem_npt_piece(struct vcpu *v, unsigned long gla, gfn_t gfn, uint32_t pfec)
{
    unsigned int what = pfec & PFEC_insn_fetch     ? XM_DO_X
                        : pfec & PFEC_write_access ? XM_DO_W
                                                   : XM_DO_R;

    if (xm_hap_piece(&of(v)->step, gfn_x(gfn), what, rights_of(v->domain, gfn)))
        return true;

    of(v)->gla = gla;
    return false;
}

/* Reads up to the end of the first byte's page; the emulator fetches the rest if it needs it. */
static unsigned int read_code(struct hvm_emulate_ctxt *ctxt, uint8_t *code)
{
    const struct segment_register *cs = &ctxt->seg_reg[x86_seg_cs];
    const struct segment_register *ss = &ctxt->seg_reg[x86_seg_ss];
    unsigned long rip = ctxt->ctxt.regs->rip, addr;
    unsigned int n;

    if (!hvm_virtual_to_linear_addr(x86_seg_cs, cs, rip, 1, hvm_access_insn_fetch, cs, &addr))
        return 0;

    n = min_t(unsigned int, CODE_MOST, PAGE_SIZE - (addr & ~PAGE_MASK));
    if (hvm_copy_from_guest_linear(code, addr, n,
                                   PFEC_insn_fetch | (ss->dpl == 3 ? PFEC_user_mode : 0),
                                   NULL) != HVMTRANS_okay)
        return 0;

    return n;
}

static enum xm_hap_result never_trapped(const struct vcpu *v, const uint8_t *code, unsigned int n)
{
    bool is_long = hvm_long_mode_active(v);

    return xm_trap_never(code, n, is_long) || xm_trap_enters_handler(code, n, is_long)
               ? XM_HAP_NEVER
               : XM_HAP_CANNOT;
}

static enum xm_hap_result result_of(struct hvm_emulate_ctxt *ctxt, int rc,
                                    enum xm_hap_result cannot)
{
    switch (rc) {
    case X86EMUL_OKAY: hvm_emulate_writeback(ctxt); return XM_HAP_DID;
    case X86EMUL_EXCEPTION:
        hvm_inject_event(&ctxt->ctxt.event);
        hvm_emulate_writeback(ctxt);
        return XM_HAP_DID;
    case X86EMUL_RETRY: return XM_HAP_RETRY;
    default: return cannot;
    }
}

static enum xm_hap_result emulate(struct vcpu *v)
{
    struct hvm_vcpu_io *hvio = &v->arch.hvm.hvm_io;
    struct hvm_emulate_ctxt ctxt = {};
    enum xm_hap_result never;
    uint8_t code[CODE_MOST];
    unsigned int n;

    hvm_emulate_init_once(&ctxt, NULL, guest_cpu_user_regs());
    n = read_code(&ctxt, code);
    if (of(v)->step.stopped)
        return XM_HAP_RETRY;
    never = never_trapped(v, code, n);
    if (n && xm_hap_not_for_emulator(code, n, hvm_long_mode_active(v)))
        return never;

    /* Passing the bytes keeps the emulator from prefetching beyond the instruction. */
    memcpy(hvio->mmio_insn, code, n);
    hvio->mmio_insn_bytes = n;

    return result_of(&ctxt, hvm_emulate_one(&ctxt, VIO_no_completion), never);
}

/* While an event is being delivered, the delivery met the page, not the instruction. */
static enum xm_hap_result carry(struct vcpu *v)
{
    enum xm_hap_result result;

    if (hvm_event_pending(v) || nestedhvm_vcpu_in_guestmode(v))
        return XM_HAP_NEVER;

    v->arch.vm_event->send_event = true;
    of(v)->emulating = true;
    result = emulate(v);
    of(v)->emulating = false;
    v->arch.vm_event->send_event = false;

    return result;
}

/* Acts as a nested page fault does. True: the vCPU is stopped, and its answer must not be overwritten. */
static bool violates(struct vcpu *v)
{
    const struct xmem_npt_vcpu *x = of(v);
    paddr_t gpa = pfn_to_paddr(x->step.gfn) | (x->gla & ~PAGE_MASK);
    const struct npfec npfec = {
        .read_access = !(x->step.what & XM_DO_X),
        .write_access = !!(x->step.what & XM_DO_W),
        .insn_fetch = !!(x->step.what & XM_DO_X),
        .present = 1,
        .gla_valid = 1,
        .kind = npfec_kind_with_gla,
    };
    vm_event_request_t *req = NULL;
    gfn_t gfn = _gfn(x->step.gfn);
    p2m_type_t t;
    bool sync = true;

    /* The gfn's lock keeps its rights as they are. */
    get_gfn_query(v->domain, gfn_x(gfn), &t);
    if (xm_hap_still(&x->step, rights_of(v->domain, gfn)))
        sync = p2m_mem_access_check(gpa, x->gla, npfec, &req);
    put_gfn(v->domain, gfn_x(gfn));

    if (!req)
        return !sync;

    if (monitor_traps(v, sync, req) < 0)
        sync = true;
    xfree(req);

    return sync;
}

void xmem_npt_resume(struct vcpu *v)
{
    struct xm_hap_step *s = &of(v)->step;
    const struct cpu_user_regs *regs = guest_cpu_user_regs();
    unsigned int i;

    for (i = 0; i < TRIES && xm_hap_begin(s, regs->rip, regs->rsp); i++) {
        switch (xm_hap_emulated(s, carry(v))) {
        case XM_HAP_VIOLATION:
            if (violates(v))
                return;
            xm_hap_again(s);
            break;
        case XM_HAP_UNIMPLEMENTED: hvm_monitor_emul_unimplemented(); return;
        default: return;
        }
    }
}

/* ---- by the processor, with the trap flag ---- */

DEFINE_PER_CPU(uint8_t, xmem_npt_more);

static struct vmcb_struct *vmcb_of(const struct vcpu *v)
{
    return v->arch.hvm.svm.vmcb;
}

/* Does Xen itself intercept #NM, to switch the FPU lazily? */
static bool xens_nm(const struct vcpu *v)
{
    return vmcb_get_cr0(vmcb_of(v)) & ~v->arch.hvm.guest_cr[0] & X86_CR0_TS;
}

/* Of the exceptions that Xen intercepts at times, those that it wants now. */
static uint32_t xens_exceptions(const struct vcpu *v)
{
    return (v->arch.hvm.debug_state_latch ? 1U << VECTOR_BP : 0) |
           (xens_nm(v) ? 1U << VECTOR_NM : 0);
}

/* Intercepts all exceptions, so that no frame of the guest's own shows the trap flag. */
static bool cf_check hold_others(void *self, uint32_t vcpu)
{
    struct vcpu *v = self;

    if (domain_pause_except_self(v->domain) != 0)
        return false;

    of(v)->added = ~vmcb_get_exception_intercepts(vmcb_of(v)) | CHANGING;
    vmcb_set_exception_intercepts(vmcb_of(v), ~0U);

    return true;
}

static void cf_check release_others(void *self, uint32_t vcpu)
{
    struct vcpu *v = self, *other;
    uint32_t added = of(v)->added & ~xens_exceptions(v);

    vmcb_set_exception_intercepts(vmcb_of(v), vmcb_get_exception_intercepts(vmcb_of(v)) & ~added);
    for_each_vcpu(v->domain, other) if (other != v) vcpu_unpause(other);
}

static bool cf_check trap_flag(void *self, uint32_t vcpu, bool on)
{
    struct vcpu *v = self;
    struct cpu_user_regs *regs = v == current ? guest_cpu_user_regs() : &v->arch.user_regs;
    bool was = regs->eflags & X86_EFLAGS_TF;

    regs->eflags = (regs->eflags & ~X86_EFLAGS_TF) | (on ? X86_EFLAGS_TF : 0);

    return was;
}

/* Writes the entry again for a step; the rights it stores do not change. */
static void cf_check renew(void *self, uint32_t vcpu, uint64_t gfn)
{
    struct vcpu *v = self;
    struct p2m_domain *p2m = p2m_get_hostp2m(v->domain);
    p2m_type_t t;
    p2m_access_t a;
    mfn_t mfn = get_gfn_type_access(p2m, gfn, &t, &a, 0, NULL);

    if (!mfn_eq(mfn, INVALID_MFN)) {
        this_cpu(xmem_npt_more) = xm_hap_more(&of(v)->trap, gfn);
        if (p2m_set_entry(p2m, _gfn(gfn), mfn, PAGE_ORDER_4K, t, a))
            domain_crash(v->domain);
        this_cpu(xmem_npt_more) = 0;
    }
    put_gfn(v->domain, gfn);
}

static struct xm_hap_trap *trap_of(struct vcpu *v)
{
    static const struct xm_hap_calls calls = {
        .hold_others = hold_others,
        .release_others = release_others,
        .trap_flag = trap_flag,
        .renew = renew,
    };
    struct xm_hap_trap *t = &of(v)->trap;

    t->calls = &calls;
    t->self = v;
    t->vcpu = v->vcpu_id;

    return t;
}

bool xmem_npt_enter(struct vcpu *v)
{
    const struct cpu_user_regs *regs = guest_cpu_user_regs();
    bool busy;

    if (!v->arch.vm_event || (!of(v)->step.trap && !of(v)->trap.open))
        return false;

    busy = hvm_event_pending(v) || v->arch.vm_event->sync_event ||
           v->io.req.state != STATE_IOREQ_NONE;
    if (!xm_hap_enter(trap_of(v), &of(v)->step, regs->rip, regs->rsp, busy))
        return false;

    /* Xen may have cleared intercepts that it no longer wants. */
    vmcb_set_exception_intercepts(vmcb_of(v), ~0U);

    return true;
}

bool xmem_npt_fault(struct vcpu *v, gfn_t gfn, struct npfec npfec)
{
    const struct cpu_user_regs *regs = guest_cpu_user_regs();
    unsigned int what = (npfec.read_access ? XM_DO_R : 0) | (npfec.write_access ? XM_DO_W : 0) |
                        (npfec.insn_fetch ? XM_DO_X : 0);

    if (!v->arch.vm_event || !of(v)->step.trap)
        return false;

    return xm_hap_fault(trap_of(v), &of(v)->step, regs->rip, regs->rsp, gfn_x(gfn), what,
                        rights_of(v->domain, gfn));
}

/* True: the step alone caused it. */
static bool debug_exception(struct vcpu *v)
{
    unsigned long dr6 = vmcb_get_dr6(vmcb_of(v));

    if (xm_hap_trapped(trap_of(v), &of(v)->step) || !(dr6 & DR6_STEP))
        return false;

    vmcb_set_dr6(vmcb_of(v), dr6 & ~DR6_STEP);

    return !(dr6 & DR6_OTHERS);
}

/* True: only the step intercepted it, and it is injected into the guest. */
static bool exception(struct vcpu *v, unsigned int vector)
{
    const struct vmcb_struct *vmcb = vmcb_of(v);
    bool ours = of(v)->added & ~xens_exceptions(v) & (1U << vector);

    xm_hap_left(trap_of(v), &of(v)->step, XM_HAP_EXCEPTION);
    if (!ours)
        return false;

    if (vector == VECTOR_PF)
        hvm_inject_page_fault(vmcb->exitinfo1, vmcb->exitinfo2);
    else
        hvm_inject_hw_exception(vector, WITH_ERROR_CODE & (1U << vector) ? (int)vmcb->exitinfo1
                                                                         : X86_EVENT_NO_EC);

    return true;
}

static enum xm_hap_why why(const struct vcpu *v, uint64_t reason)
{
    switch (reason) {
    case VMEXIT_NPF: return XM_HAP_FAULT;
    case VMEXIT_INTR:
    case VMEXIT_NMI:
    case VMEXIT_SMI:
    case VMEXIT_VINTR:
    case VMEXIT_EXCEPTION_MC: return XM_HAP_HOST;
    case VMEXIT_EXCEPTION_NM: return xens_nm(v) ? XM_HAP_HOST : XM_HAP_EXCEPTION;
    default: return XM_HAP_INTERCEPTED;
    }
}

bool xmem_npt_exit(struct vcpu *v, uint64_t reason)
{
    unsigned int vector = reason - VMEXIT_EXCEPTION_DE;

    if (likely(!v->arch.vm_event) || likely(!of(v)->trap.open))
        return false;
    if (reason == VMEXIT_EXCEPTION_DB)
        return debug_exception(v);
    /* Exceptions that Xen handles itself do not end the step: lazy FPU, machine checks. */
    if (vector < 32 && why(v, reason) != XM_HAP_HOST)
        return exception(v, vector);

    xm_hap_left(trap_of(v), &of(v)->step, why(v, reason));

    return false;
}

void xmem_npt_forget(struct vcpu *v)
{
    if (v->arch.vm_event)
        xm_hap_left(trap_of(v), NULL, XM_HAP_EXCEPTION);
}
