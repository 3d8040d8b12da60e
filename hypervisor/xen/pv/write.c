/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page-table writes that Xen does for a PV guest: they do not go through the shadow tables, and are the
 * guest's own accesses all the same. Nobody stops inside a hypercall: the event is sent, and the
 * hypercall is continued at the same item when the vCPU runs again.
 */
#include "priv.h"

/* 0: go on. */
static int obey(struct vcpu *v, const struct xmem_access *a)
{
    enum xm_access to;

    switch (xmem_decide(v, a, XM_PV_BY_HYPERCALL, &to)) {
    case XM_PV_RELAX:
        xmem_relax(v->domain, a->mfn, to);
        return 0;
    case XM_PV_EVENT:
        /* A hypercall's items are accesses of their own, though made at one place. */
        if (xmem_armed(v, guest_cpu_user_regs(), a)) {
            xm_pv_disarm(&xmem_vcpu(v)->armed, a->mfn);
            return 0;
        }
        /* No slot: the vCPU comes back and asks again. */
        xmem_send(v, a, true, false);
        return -ERESTART;
    case XM_PV_EVENT_RELAX:
        if (xmem_send(v, a, false, false) < 0)
            return -ERESTART;
        xmem_relax(v->domain, a->mfn, to);
        return 0;
    case XM_PV_CRASH:
        gprintk(XENLOG_ERR, "access violation on mfn %#lx without a listener\n", a->mfn);
        domain_crash(v->domain);
        return -EFAULT;
    default:
        return 0;
    }
}

int xmem_pv_touch(struct domain *owner, unsigned long mfn, unsigned int offset, bool write)
{
    const struct xmem_access a = {
        .mfn = mfn,
        .offset = offset,
        .what = write ? XM_DO_W : XM_DO_R,
    };

    /* Somebody else's work on the domain's tables is not the guest's. */
    if (owner != current->domain || !xmem_owned(owner, mfn))
        return 0;
    return obey(current, &a);
}

int xmem_pv_touch_va(unsigned long va)
{
    struct xmem_walk w;

    xmem_walk(current, va, 0, &w);
    return w.l1mfn == mfn_x(INVALID_MFN)
               ? 0
               : xmem_pv_touch(current->domain, w.l1mfn, l1_table_offset(va) * 8, true);
}

/* Is it a table that ptwr would write? Another read-only page is the guest's own fault. */
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
    const struct xmem_access a = {
        .mfn = mfn_x(mfn),
        .va = va,
        .va_valid = true,
        .offset = va & ~PAGE_MASK,
        .what = XM_DO_W,
    };

    return is_l1_table(current->domain, mfn) && obey(current, &a) != 0;
}
