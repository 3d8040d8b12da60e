/* SPDX-License-Identifier: GPL-2.0-only */
/* Page faults on shadow tables. */
#include "priv.h"

#include <xen/symbols.h>
#include <asm/shadow.h>

/* ---- the guest's tables ---- */

/* Next level's frame, or INVALID_MFN. */
static unsigned long walk_step(unsigned long table, unsigned int index, uint32_t *all, uint32_t *any)
{
    const uint64_t *t;
    uint64_t e;

    if (!mfn_valid(_mfn(table)))
        return mfn_x(INVALID_MFN);
    t = map_domain_page(_mfn(table));
    e = ACCESS_ONCE(t[index]);
    unmap_domain_page(t);
    if (!(e & _PAGE_PRESENT))
        return mfn_x(INVALID_MFN);
    *all &= get_pte_flags(e);
    *any |= get_pte_flags(e);
    return (e & PADDR_MASK) >> PAGE_SHIFT;
}

/* Sets no accessed or dirty bit: an access that is stopped has not been done. A PV guest has no
 * superpages. A race with a change of the tables is found by who makes the entry. */
void xmem_walk(struct vcpu *v, unsigned long va, uint32_t error_code, struct xmem_walk *w)
{
    pagetable_t root =
        v->arch.flags & TF_kernel_mode ? v->arch.guest_table : v->arch.guest_table_user;
    uint32_t all = ~0U, any = 0;
    unsigned int shift = L4_PAGETABLE_SHIFT;

    w->l1mfn = mfn_x(INVALID_MFN);
    w->mfn = mfn_x(pagetable_get_mfn(root));
    w->allowed = false;
    for (; w->mfn != mfn_x(INVALID_MFN); shift -= PAGETABLE_ORDER) {
        if (shift == PAGE_SHIFT)
            w->l1mfn = w->mfn;
        w->mfn = walk_step(w->mfn, (va >> shift) & (L1_PAGETABLE_ENTRIES - 1), &all, &any);
        if (shift == PAGE_SHIFT)
            break;
    }
    w->allowed = w->mfn != mfn_x(INVALID_MFN) &&
                 (!(error_code & PFEC_write_access) || (all & _PAGE_RW)) &&
                 (!(error_code & PFEC_user_mode) || (all & _PAGE_USER)) &&
                 (!(error_code & PFEC_insn_fetch) || !(any & _PAGE_NX_BIT));
}

/* ---- accesses of Xen's own ---- */

/* Of a fault there the guest cannot be told: that access is never denied. */
static bool writes_exception_frame(unsigned long rip)
{
    char buffer[KSYM_NAME_LEN + 1];
    unsigned long size, offset;
    const char *name = symbols_lookup(rip, &size, &offset, buffer);

    return name && strstr(name, "create_bounce_frame");
}

/* What a page fault's handler answers. */
static uint32_t answer_xen(struct vcpu *v, const struct xm_pv_ask *ask, enum xm_pv_next next)
{
    switch (next) {
    case XM_PV_OPEN:
        xmem_open(v, ask->mfn);
        return XMEM_GO_ON;
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
        if (xm_pv_not_emulated(pv, pvv, why) == XM_PV_STEP)
            xmem_step(v, regs, why);
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
        .unfailing = !guest && writes_exception_frame(regs->rip),
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
