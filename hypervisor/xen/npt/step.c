/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The answer STEP for guests on nested paging: one instruction by Xen's emulator, which the core
 * (xm/hap-step.h) is asked about for each access.
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

/* Xen's are macros, the core declares the functions. */
#undef memcpy
#undef memset
#pragma push_macro("noreturn")
#include <xm/hap-step.h>
#include <xm/rights.h>
#pragma pop_macro("noreturn")

#define CODE_MOST 15
/* Rights that turn by themselves turn once each. */
#define TRIES 8
#define OTHER_WAYS (VM_EVENT_FLAG_EMULATE_NOWRITE | VM_EVENT_FLAG_SET_EMUL_READ_DATA | \
                    VM_EVENT_FLAG_SET_EMUL_INSN_DATA)

struct xmem_npt_vcpu {
    struct xm_hap_step step;
    bool emulating;
    unsigned long gla; /* of the access that the core refused */
};

static struct xmem_npt_vcpu *of(const struct vcpu *v)
{
    BUILD_BUG_ON(sizeof(struct xmem_npt_vcpu) > sizeof(v->arch.vm_event->xmem_npt));

    return (struct xmem_npt_vcpu *)v->arch.vm_event->xmem_npt;
}

/* A frame that is not there has none that could be violated. */
static enum xm_access rights_of(struct domain *d, gfn_t gfn)
{
    xenmem_access_t wire;
    enum xm_access now;

    if ( p2m_get_mem_access(d, gfn, &wire, 0) != 0 ||
         !xm_rights_from_wire(XMEM_XEN_MINOR, wire, &now) )
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

    if ( !xmem_npt_usable(v->domain) )
        return false;

    step = rsp->reason == VM_EVENT_REASON_MEM_ACCESS &&
           (rsp->flags & XMEM_EVENT_FLAG_STEP) && !(rsp->flags & OTHER_WAYS);
    if ( step )
        says = XM_HAP_SAYS_STEP;
    else if ( rsp->flags & (VM_EVENT_FLAG_EMULATE | OTHER_WAYS) )
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
    unsigned int what = pfec & PFEC_insn_fetch ? XM_DO_X :
                        pfec & PFEC_write_access ? XM_DO_W : XM_DO_R;

    if ( xm_hap_piece(&of(v)->step, gfn_x(gfn), what, rights_of(v->domain, gfn)) )
        return true;

    of(v)->gla = gla;
    return false;
}

/* What stands in the page of its first byte; the emulator asks for the rest, if there is one. */
static unsigned int read_code(struct hvm_emulate_ctxt *ctxt, uint8_t *code)
{
    const struct segment_register *cs = &ctxt->seg_reg[x86_seg_cs];
    const struct segment_register *ss = &ctxt->seg_reg[x86_seg_ss];
    unsigned long rip = ctxt->ctxt.regs->rip, addr;
    unsigned int n;

    if ( !hvm_virtual_to_linear_addr(x86_seg_cs, cs, rip, 1,
                                     hvm_access_insn_fetch, cs, &addr) )
        return 0;

    n = min_t(unsigned int, CODE_MOST, PAGE_SIZE - (addr & ~PAGE_MASK));
    if ( hvm_copy_from_guest_linear(
             code, addr, n,
             PFEC_insn_fetch | (ss->dpl == 3 ? PFEC_user_mode : 0),
             NULL) != HVMTRANS_okay )
        return 0;

    return n;
}

static enum xm_hap_result result_of(struct hvm_emulate_ctxt *ctxt, int rc)
{
    switch ( rc )
    {
    case X86EMUL_OKAY:
        hvm_emulate_writeback(ctxt);
        return XM_HAP_DID;
    case X86EMUL_EXCEPTION:
        hvm_inject_event(&ctxt->ctxt.event);
        hvm_emulate_writeback(ctxt);
        return XM_HAP_DID;
    case X86EMUL_RETRY:
        return XM_HAP_RETRY;
    default:
        return XM_HAP_CANNOT;
    }
}

static enum xm_hap_result emulate(struct vcpu *v)
{
    struct hvm_vcpu_io *hvio = &v->arch.hvm.hvm_io;
    struct hvm_emulate_ctxt ctxt = {};
    uint8_t code[CODE_MOST];
    unsigned int n;

    hvm_emulate_init_once(&ctxt, NULL, guest_cpu_user_regs());
    n = read_code(&ctxt, code);
    if ( of(v)->step.stopped )
        return XM_HAP_RETRY;
    if ( n && xm_hap_not_for_emulator(code, n, hvm_long_mode_active(v)) )
        return XM_HAP_CANNOT;

    /* Given to it, so that it fetches no more than the instruction has. */
    memcpy(hvio->mmio_insn, code, n);
    hvio->mmio_insn_bytes = n;

    return result_of(&ctxt, hvm_emulate_one(&ctxt, VIO_no_completion));
}

/* In the middle of delivering an event it is not the instruction that has met the page. */
static enum xm_hap_result carry(struct vcpu *v)
{
    enum xm_hap_result result;

    if ( hvm_event_pending(v) || nestedhvm_vcpu_in_guestmode(v) )
        return XM_HAP_CANNOT;

    v->arch.vm_event->send_event = true;
    of(v)->emulating = true;
    result = emulate(v);
    of(v)->emulating = false;
    v->arch.vm_event->send_event = false;

    return result;
}

/* As for a nested page fault. True: the vCPU is stopped; what an answer says is not to be touched then. */
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

    /* Its rights stay as they are meanwhile. */
    get_gfn_query(v->domain, gfn_x(gfn), &t);
    if ( xm_hap_still(&x->step, rights_of(v->domain, gfn)) )
        sync = p2m_mem_access_check(gpa, x->gla, npfec, &req);
    put_gfn(v->domain, gfn_x(gfn));

    if ( !req )
        return !sync;

    if ( monitor_traps(v, sync, req) < 0 )
        sync = true;
    xfree(req);

    return sync;
}

void xmem_npt_resume(struct vcpu *v)
{
    struct xm_hap_step *s = &of(v)->step;
    const struct cpu_user_regs *regs = guest_cpu_user_regs();
    unsigned int i;

    for ( i = 0; i < TRIES && xm_hap_begin(s, regs->rip, regs->rsp); i++ )
    {
        switch ( xm_hap_emulated(s, carry(v)) )
        {
        case XM_HAP_VIOLATION:
            if ( violates(v) )
                return;
            xm_hap_again(s);
            break;
        case XM_HAP_UNIMPLEMENTED:
            hvm_monitor_emul_unimplemented();
            return;
        default:
            return;
        }
    }
}
