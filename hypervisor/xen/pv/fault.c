/* SPDX-License-Identifier: GPL-2.0-only */
/* Page faults on shadow tables, and what the entries may carry. */
#include "priv.h"

#include <xen/symbols.h>
#include <asm/shadow.h>

/* ---- entries ---- */

/* Xen's own access is under way: the entry is for it. */
static bool passes(const struct domain *d, unsigned long mfn)
{
    const struct xmem_vcpu *xv;

    if (current->domain != d)
        return false;
    xv = xmem_vcpu(current);
    return xv->pass && xv->pass_mfn == mfn;
}

/* The paging lock is held. Only of the domain's own frames: others' rights are not its. */
uint32_t xmem_pv_restrict(const struct domain *d, mfn_t mfn, uint32_t flags, bool demand)
{
    uint64_t pte = flags & (_PAGE_PRESENT | _PAGE_RW);

    if (!mfn_valid(mfn) || page_get_owner(mfn_to_page(mfn)) != d ||
        (demand && passes(d, mfn_x(mfn))))
        return flags;
    pte = xm_pv_entry_flags(&d->arch.pv.xmem->pv, mfn_x(mfn), pte, 0);
    flags = (flags & ~(_PAGE_PRESENT | _PAGE_RW)) | (pte & (_PAGE_PRESENT | _PAGE_RW));
    return pte & XM_PTE_NX ? flags | _PAGE_NX_BIT : flags;
}

/* ---- accesses of Xen's own ---- */

/* Its entry is made whatever the rights, and goes before the guest runs. */
static uint32_t let_xen_through(struct vcpu *v, unsigned long mfn)
{
    struct xmem_vcpu *xv = xmem_vcpu(v);

    paging_lock(v->domain);
    xv->pass = true;
    xv->pass_mfn = mfn;
    if (xv->pending < XMEM_PENDING)
        xv->mfn[xv->pending] = mfn;
    if (xv->pending <= XMEM_PENDING)
        xv->pending++;
    paging_unlock(v->domain);
    tasklet_schedule(&xv->rearm);
    return XMEM_GO_ON;
}

/* Of a fault there the guest cannot be told, only be crashed: that access is never denied. */
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

/* What a page fault's handler answers. */
static uint32_t answer_xen(struct vcpu *v, const struct xm_pv_ask *ask, enum xm_pv_next next)
{
    switch (next) {
    case XM_PV_OPEN:
        return let_xen_through(v, ask->mfn);
    case XM_PV_FAIL:
    case XM_PV_DIED:
        return 0;
    default:
        return XMEM_GO_ON;
    }
}

static uint32_t emulate(struct vcpu *v, struct cpu_user_regs *regs, const struct xm_pv_todo *why)
{
    struct xm_pv *pv = &v->domain->arch.pv.xmem->pv;
    struct xm_pv_vcpu *pvv = &xmem_vcpu(v)->pv;
    struct xm_pv_todo stop;

    switch (xmem_emulate(v, regs, &stop)) {
    case XMEM_DONE:
        xm_pv_emulated(pvv);
        break;
    case XMEM_STOPS:
        xm_pv_todo_act(pv, pvv, &stop);
        break;
    case XMEM_CANNOT:
        xm_pv_not_emulated(pv, pvv, why);
        break;
    default:
        break;
    }
    return EXCRET_fault_fixed;
}

static uint32_t answer_guest(struct vcpu *v, struct cpu_user_regs *regs,
                             const struct xm_pv_todo *todo, enum xm_pv_next next)
{
    switch (next) {
    case XM_PV_GO_ON:
    case XM_PV_NOT_OURS:
        return XMEM_GO_ON;
    case XM_PV_EMULATE:
        return emulate(v, regs, todo);
    default:
        return EXCRET_fault_fixed;
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
    next = xm_pv_access(&v->domain->arch.pv.xmem->pv, &xmem_vcpu(v)->pv, &ask, &todo);
    return guest_mode(regs) ? answer_guest(v, regs, &todo, next) : answer_xen(v, &ask, next);
}
