/* SPDX-License-Identifier: GPL-2.0-only */
/* Handles page faults on shadow page tables. */
#include "priv.h"

#include <xen/symbols.h>
#include <asm/shadow.h>

/* ---- Xen's own accesses ---- */

/* A fault there cannot be injected; Xen would crash the domain. Such an access is therefore never denied. */
static bool on_exception_frame(const struct vcpu *v, unsigned long rip)
{
    char buffer[KSYM_NAME_LEN + 1];
    unsigned long size, offset;
    const char *name = symbols_lookup(rip, &size, &offset, buffer);

    return xmem_vcpu(v)->on_frame || (name && strstr(name, "create_bounce_frame"));
}

void xmem_pv_on_frame(struct vcpu *v, bool on)
{
    xmem_vcpu(v)->on_frame = on;
}

/* Returns what the page fault handler returns. */
static uint32_t answer_xen(struct vcpu *v, const struct xm_pv_ask *ask, enum xm_pv_next next)
{
    switch (next) {
    case XM_PV_OPEN: xmem_open(v, ask->mfn); return XMEM_GO_ON;
    case XM_PV_FAIL:
    case XM_PV_DIED: return 0;
    default: return XMEM_GO_ON;
    }
}

static uint32_t emulate(struct vcpu *v, struct cpu_user_regs *regs, const struct xm_pv_todo *why)
{
    struct xm_pv *pv = &v->domain->arch.pv.xmem->pv;
    struct xm_pv_vcpu *pvv = &xmem_vcpu(v)->pv;
    struct xm_pv_todo stop;

    switch (xmem_emulate(v, regs, &stop)) {
    case XMEM_DONE: xm_pv_emulated(pvv); break;
    case XMEM_STOPS: xm_pv_todo_act(pv, pvv, &stop); break;
    case XMEM_CANNOT:
        if (xm_pv_not_emulated(pv, pvv, why) == XM_PV_STEP)
            xmem_step(v, regs, why);
        break;
    default: break;
    }
    return EXCRET_fault_fixed;
}

static uint32_t answer_guest(struct vcpu *v, struct cpu_user_regs *regs,
                             const struct xm_pv_todo *todo, enum xm_pv_next next)
{
    switch (next) {
    case XM_PV_GO_ON:
    case XM_PV_NOT_OURS: return XMEM_GO_ON;
    case XM_PV_EMULATE: return emulate(v, regs, todo);
    default: return EXCRET_fault_fixed;
    }
}

static struct xm_pv_ask ask_make(struct vcpu *v, unsigned long va, unsigned long mfn,
                                 const struct cpu_user_regs *regs)
{
    bool guest = guest_mode(regs);

    return (struct xm_pv_ask){
        .mfn = mfn,
        .va = va,
        .va_valid = true,
        .ip = guest_cpu_user_regs()->rip,
        .sp = guest_cpu_user_regs()->rsp,
        .offset = va & ~PAGE_MASK,
        .what = xm_pv_what(regs->error_code),
        .who = guest ? XM_PV_BY_GUEST : XM_PV_BY_XEN,
        .guest_allows = true,
        .unfailing = !guest && on_exception_frame(v, regs->rip),
    };
}

uint32_t xmem_pv_page_fault(struct vcpu *v, unsigned long va, struct cpu_user_regs *regs)
{
    struct xm_pv_todo todo;
    struct xm_pv_ask ask;
    enum xm_pv_next next;
    struct xmem_walk w;

    xmem_walk(v, va, regs->error_code, &w);
    if (!w.allowed)
        return XMEM_GO_ON;
    ask = ask_make(v, va, w.mfn, regs);
    v->arch.pv.xmem_first = v->arch.pv.xmem_stepping;
    next = xm_pv_access(&v->domain->arch.pv.xmem->pv, &xmem_vcpu(v)->pv, &ask, &todo);
    return guest_mode(regs) ? answer_guest(v, regs, &todo, next) : answer_xen(v, &ask, next);
}
