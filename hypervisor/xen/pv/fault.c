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

static bool forbidden(const struct vcpu *v, const struct xmem_access *a)
{
    struct domain *d = v->domain;
    bool bad;

    paging_lock(d);
    bad = a->what & ~xm_pv_entry_bits(xm_pv_rights(&d->arch.pv.xmem->pv, a->mfn));
    paging_unlock(d);
    return bad;
}

static uint32_t fault_by_xen(struct vcpu *v, const struct xmem_access *a,
                             const struct cpu_user_regs *regs)
{
    enum xm_access to;

    switch (xmem_decide(v, a, XM_PV_BY_XEN, &to)) {
    case XM_PV_RELAX:
        xmem_relax(v->domain, a->mfn, to);
        break;
    case XM_PV_NOTIFY:
        if (xmem_send(v, a, false, false) >= 0)
            xmem_relax(v->domain, a->mfn, to);
        break;
    case XM_PV_EFAULT:
        if (!writes_exception_frame(regs->rip))
            return 0;
        break;
    case XM_PV_CRASH:
        gprintk(XENLOG_ERR, "access violation on mfn %#lx without a listener\n", a->mfn);
        domain_crash(v->domain);
        return 0;
    default:
        break;
    }
    if (forbidden(v, a))
        xmem_open(v, a->mfn);
    return XMEM_GO_ON;
}

/* ---- the guest's ---- */

static uint32_t stop(struct vcpu *v, const struct xmem_access *a, struct cpu_user_regs *regs)
{
    if (xmem_armed(v, regs, a)) {
        if (xmem_emulate(v, regs))
            return EXCRET_fault_fixed;
        xm_pv_disarm_all(&xmem_vcpu(v)->armed);
        if (xmem_send_unimplemented(v))
            return EXCRET_fault_fixed;
    }
    xmem_send(v, a, true, true);
    return EXCRET_fault_fixed;
}

static uint32_t fault_by_guest(struct vcpu *v, const struct xmem_access *a,
                               struct cpu_user_regs *regs)
{
    enum xm_access to;

    switch (xmem_decide(v, a, XM_PV_BY_GUEST, &to)) {
    case XM_PV_PASS_ONCE:
        /* What cannot be emulated is reported like a violation. */
        return xmem_emulate(v, regs) ? EXCRET_fault_fixed : stop(v, a, regs);
    case XM_PV_RELAX:
        xmem_relax(v->domain, a->mfn, to);
        return XMEM_GO_ON;
    case XM_PV_EVENT:
        return stop(v, a, regs);
    case XM_PV_EVENT_RELAX:
        if (xmem_send(v, a, false, true) >= 0)
            xmem_relax(v->domain, a->mfn, to);
        return EXCRET_fault_fixed;
    case XM_PV_CRASH:
        gprintk(XENLOG_ERR, "access violation on mfn %#lx without a listener\n", a->mfn);
        domain_crash(v->domain);
        return EXCRET_fault_fixed;
    default:
        return XMEM_GO_ON;
    }
}

uint32_t xmem_pv_page_fault(struct vcpu *v, unsigned long va, struct cpu_user_regs *regs)
{
    struct xmem_walk w;
    struct xmem_access a = {
        .va = va,
        .va_valid = true,
        .offset = va & ~PAGE_MASK,
        .what = xm_pv_what(regs->error_code),
    };

    xmem_walk(v, va, regs->error_code, &w);
    /* The guest's own fault, or a frame that is not its: as without mem_access. */
    if (!w.allowed || !xmem_owned(v->domain, w.mfn))
        return XMEM_GO_ON;
    a.mfn = w.mfn;
    return guest_mode(regs) ? fault_by_guest(v, &a, regs) : fault_by_xen(v, &a, regs);
}
