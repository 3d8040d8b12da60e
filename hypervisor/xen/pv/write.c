/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Checks what Xen reads and writes for a PV guest by frame number, or will from now on. It bypasses the
 * shadow tables, but counts as the guest's own access. A vCPU is not stopped inside a hypercall: the event
 * is sent, and the hypercall continues at the same item when the vCPU runs again.
 */
#include "priv.h"

/* Decides one item of the current vCPU's hypercall. 0: go on. */
static int obey(const struct xm_pv_ask *asks, unsigned int n)
{
    struct vcpu *v = current;

    switch (xm_pv_items(&v->domain->arch.pv.xmem->pv, &xmem_vcpu(v)->pv, asks, n)) {
    case XM_PV_GO_ON: return 0;
    case XM_PV_DIED: return -EFAULT;
    default: return -ERESTART;
    }
}

static struct xm_pv_ask ask_make(unsigned long mfn, unsigned int offset, bool write,
                                 enum xm_pv_who who)
{
    const struct cpu_user_regs *regs = guest_cpu_user_regs();

    return (struct xm_pv_ask){
        .mfn = mfn,
        .ip = regs->rip,
        .sp = regs->rsp,
        .offset = offset,
        .what = write ? XM_DO_W : XM_DO_R,
        .who = who,
        .guest_allows = true,
    };
}

int xmem_pv_touch(struct domain *owner, unsigned long mfn, unsigned int offset)
{
    struct xm_pv_ask ask;

    /* Another domain's work on these tables is not the guest's access. */
    if (owner != current->domain)
        return 0;
    ask = ask_make(mfn, offset, true, XM_PV_BY_HYPERCALL);
    return obey(&ask, 1);
}

int xmem_pv_touch_both(struct domain *to_owner, unsigned long to, unsigned int offset,
                       struct domain *from_owner, unsigned long from)
{
    struct xm_pv_ask ask[2];
    unsigned int n = 0;

    if (from_owner == current->domain)
        ask[n++] = ask_make(from, 0, false, XM_PV_BY_HYPERCALL);
    if (to_owner == current->domain)
        ask[n++] = ask_make(to, offset, true, XM_PV_BY_HYPERCALL);
    return n > 0 ? obey(ask, n) : 0;
}

int xmem_pv_touch_va(unsigned long va)
{
    struct xmem_walk w;

    xmem_walk(current, va, 0, &w);
    return w.l1mfn == mfn_x(INVALID_MFN)
               ? 0
               : xmem_pv_touch(current->domain, w.l1mfn, l1_table_offset(va) * 8);
}

/* Would ptwr write this table? A write to any other read-only page is the guest's own fault. */
static bool is_l1_table(struct domain *d, mfn_t mfn)
{
    struct page_info *page = get_page_from_mfn(mfn, d);
    bool is;

    if (!page)
        return false;
    is = (page->u.inuse.type_info & PGT_type_mask) == PGT_l1_page_table &&
         (page->u.inuse.type_info & PGT_count_mask) != 0;
    put_page(page);
    return is;
}

bool xmem_pv_stops_ptwr(unsigned long va, mfn_t mfn)
{
    struct xm_pv_ask ask;

    if (!is_l1_table(current->domain, mfn))
        return false;
    ask = ask_make(mfn_x(mfn), va & ~PAGE_MASK, true, XM_PV_BY_PTWR);
    ask.va = va;
    ask.va_valid = true;
    return obey(&ask, 1) != 0;
}
