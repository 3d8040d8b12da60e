/* SPDX-License-Identifier: GPL-2.0-only */
/* Ownership of frames, frames that come and leave, and the lock of the table of rights. */
#include "priv.h"

/* ---- the table's lock: a leaf, taken inside the paging lock and inside page_alloc_lock ---- */

void xm_env_lock_init(struct xm_lock *l, enum xm_lock_rank rank)
{
    ASSERT(rank == XM_RANK_RIGHTS);
    spin_lock_init(&l->lock);
}

/* Debug builds set Xen's memory lock level to its maximum, so that taking an mm lock inside asserts. */
void xm_env_lock(struct xm_lock *l)
{
    spin_lock(&l->lock);
    if (IS_ENABLED(CONFIG_DEBUG)) {
        l->level = _get_lock_level();
        _set_lock_level(INT_MAX);
    }
}

void xm_env_unlock(struct xm_lock *l)
{
    if (IS_ENABLED(CONFIG_DEBUG))
        _set_lock_level(l->level);
    spin_unlock(&l->lock);
}

/* ---- ownership ---- */

/*
 * Takes no reference: dropping it could free the frame, which takes page_alloc_lock. assign_pages() writes
 * the owner before the count, and the count falls to 0 before the owner changes. A reader that sees a count
 * and then d as the owner has therefore seen a frame that d owned at that moment, or that d is about to get
 * with its rights noted. The frame may leave at any time; xmem_pv_frames_left() then runs after that, and
 * waits for the table's lock if the caller holds it.
 */
bool xmem_owned(const struct domain *d, unsigned long mfn)
{
    const struct page_info *page;

    if (!mfn_valid(_mfn(mfn)))
        return false;
    page = mfn_to_page(_mfn(mfn));
    if (!(ACCESS_ONCE(page->count_info) & PGC_count_mask))
        return false;
    smp_rmb();
    return page_get_owner(page) == d;
}

/* ---- frames that come and leave: only the table's lock is taken ---- */

int xmem_pv_frames_came(struct domain *d, const struct page_info *pg, unsigned int nr, bool must)
{
    struct xm_pv *pv = &d->arch.pv.xmem->pv;
    int rc = xm_pv_frames_came(pv, mfn_x(page_to_mfn(pg)), nr);

    xm_pv_note(pv, &d->arch.pv.xmem_restricts);
    if (rc == 0 || !must)
        return rc;
    gprintk(XENLOG_ERR, "no memory for the rights of frames that go to %pd\n", d);
    domain_crash(d);
    return 0;
}

void xmem_pv_frames_left(struct domain *d, const struct page_info *pg, unsigned int nr)
{
    struct xmem_pv *x = d->arch.pv.xmem;
    unsigned long mfn = mfn_x(page_to_mfn(pg));
    unsigned int i;

    for (i = 0; i < nr; i++) {
        xm_pv_frame_left(&x->pv, mfn + i);
        xm_pv_where_left(&x->where, mfn + i);
    }
    xm_pv_note(&x->pv, &d->arch.pv.xmem_restricts);
}
