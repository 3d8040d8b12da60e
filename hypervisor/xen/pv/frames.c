/* SPDX-License-Identifier: GPL-2.0-only */
/* Whose a frame is, frames that come and leave, and the lock under which the table of rights hears of it. */
#include "priv.h"

/* ---- the lock: a leaf, taken under the paging lock as under page_alloc_lock ---- */

void xm_env_lock_init(struct xm_lock *l, enum xm_lock_rank rank)
{
    ASSERT(rank == XM_RANK_RIGHTS);
    spin_lock_init(&l->lock);
}

/* In debug builds nothing of Xen's own order of memory locks can be taken inside: it is above them all. */
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

/* ---- whose it is ---- */

/*
 * Looked at, with nothing taken: a reference that is dropped could be the last one, and freeing the frame takes
 * page_alloc_lock. assign_pages() writes the owner before the count, and a count falls to 0 before the
 * owner changes: so who reads a count and then d as the owner has seen a frame that was d's when the owner was read, or that
 * d is getting now, with its rights noted. It may leave at any time; but then xmem_pv_frames_left() comes after it,
 * and waits for the table's lock if this was asked under it.
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

/* ---- frames that come and leave: no lock but the table's ---- */

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
