/* SPDX-License-Identifier: GPL-2.0-only */
/* Shadow L1 entries: which flags they may have, and where a frame's are. The paging lock is held. */
#include "priv.h"

#include <asm/shadow.h>

/* ---- their flags ---- */

/* The domain's rights apply to its own frames only. */
static bool ours(const struct domain *d, mfn_t mfn)
{
    return mfn_valid(mfn) && page_get_owner(mfn_to_page(mfn)) == d;
}

uint32_t xmem_pv_restrict(const struct domain *d, mfn_t mfn, uint32_t flags, bool demand)
{
    uint64_t pte = flags & (_PAGE_PRESENT | _PAGE_RW);

    if (!ours(d, mfn) || (demand && xmem_open_passes(d, mfn_x(mfn))))
        return flags;
    if (demand && current->domain == d)
        pte = xm_pv_step_flags(&d->arch.pv.xmem->pv, current->vcpu_id, mfn_x(mfn), pte, 0);
    else
        pte = xm_pv_entry_flags(&d->arch.pv.xmem->pv, mfn_x(mfn), pte, 0);
    flags = (flags & ~(_PAGE_PRESENT | _PAGE_RW)) | (pte & (_PAGE_PRESENT | _PAGE_RW));
    return pte & XM_PTE_NX ? flags | _PAGE_NX_BIT : flags;
}

/* ---- their places ---- */

/* A PV guest's shadow entries hold no references, so they are written and removed directly. */
void xmem_pv_entry_written(struct domain *d, unsigned long l1mfn, unsigned int index, uint64_t old,
                           uint64_t new)
{
    struct xmem_pv *x = d->arch.pv.xmem;
    mfn_t was = _mfn((old & PADDR_MASK) >> PAGE_SHIFT), is = _mfn((new &PADDR_MASK) >> PAGE_SHIFT);
    uint64_t place = xm_pv_place(l1mfn, index);

    if (!x)
        return;
    if (x->where.on && (old & _PAGE_PRESENT) && (!mfn_eq(was, is) || !(new &_PAGE_PRESENT)))
        xm_pv_where_gone(&x->where, mfn_x(was), place);
    if (!(new &_PAGE_PRESENT) || !ours(d, is))
        return;
    xm_pv_where_note(&x->where, mfn_x(is), place);
    if (xmem_open_passes(d, mfn_x(is)))
        xmem_open_made(mfn_x(is), place);
}

static bool cf_check where_holds(struct xm_env_dom *e, uint64_t place, uint64_t mfn)
{
    return xmem_shadow_entry(from_env(e), place, mfn, false);
}

void cf_check xmem_take(struct xm_env_dom *e, uint64_t place, uint64_t mfn)
{
    xmem_shadow_entry(from_env(e), place, mfn, true);
}

static uint32_t cf_check where_parts(struct xm_env_dom *e)
{
    return xmem_shadow_parts(from_env(e));
}

static void cf_check where_sweep(struct xm_env_dom *e, uint32_t part, uint32_t parts)
{
    xmem_shadow_sweep(from_env(e), part, parts);
}

/* Called for each entry of a sweep. False: it grants more than the rights do, and is removed. */
bool xmem_pv_entry_stays(struct domain *d, unsigned long l1mfn, unsigned int index, uint64_t entry)
{
    mfn_t mfn = _mfn((entry & PADDR_MASK) >> PAGE_SHIFT);
    uint32_t flags = get_pte_flags(entry);

    if (!ours(d, mfn))
        return true;
    if (xmem_pv_restrict(d, mfn, flags, false) != flags)
        return false;
    xm_pv_where_note(&d->arch.pv.xmem->where, mfn_x(mfn), xm_pv_place(l1mfn, index));
    return true;
}

const struct xm_pv_where_hooks xmem_where_hooks = {
    .parts = where_parts,
    .holds = where_holds,
    .take = xmem_take,
    .sweep = where_sweep,
};

bool cf_check xmem_drop(struct xm_env_dom *e, xm_mfn_t mfn)
{
    xm_pv_where_drop(&from_env(e)->arch.pv.xmem->where, mfn.n);
    /* Flush even without an entry: a TLB may hold a mapping that the guest removed without a flush. */
    return true;
}

int cf_check xmem_settle(struct xm_env_dom *e, bool may_preempt, bool *flush)
{
    return xm_pv_where_settle(&from_env(e)->arch.pv.xmem->where, may_preempt, flush);
}

uint64_t cf_check xmem_looks(struct xm_env_dom *e)
{
    return from_env(e)->arch.pv.xmem->where.looks;
}

/* Takes the paging lock itself, in steps, and processes softirqs between them. */
void xmem_where_free(struct domain *d)
{
    int rc;

    do {
        paging_lock(d);
        rc = xm_pv_where_free(&d->arch.pv.xmem->where, true);
        paging_unlock(d);
        if (rc == XM_CONTINUE)
            process_pending_softirqs();
    } while (rc == XM_CONTINUE);
}
