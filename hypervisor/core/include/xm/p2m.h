/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a guest's frames are, with their rights: a table for the host view and one for each other view.
 * A kind says what a table is: <xm/kind.h>.
 *
 * A change notes which views are to be flushed; the flush comes once, when the operation (or the
 * continuation's chunk) drops the p2m lock.
 */
#ifndef XM_P2M_H
#define XM_P2M_H

#include <xm/domain.h>

#define XM_ORDER_4K 0u
#define XM_ORDER_2M 9u
#define XM_ORDER_1G 18u
#define XM_GFN_LIMIT (UINT64_C(1) << 36) /* 48 bits of guest-physical address */

struct xm_p2m_entry {
    xm_mfn_t mfn;   /* of the gfn asked for, not of the leaf's start; invalid: not mapped */
    uint8_t access; /* enum xm_access */
    uint8_t order;  /* of the leaf, or of the hole */
    bool suppress_ve;
};

/* ---- for the environment: the host view ---- */

/*
 * Maps 2^order frames with the default rights of now. Existing mappings are replaced. Views that
 * hold one of the gfns see the new frame with the host's rights, as in Xen.
 * -XM_EINVAL: order or alignment; -XM_ERANGE: gfn too high; -XM_ENOMEM: nothing changed.
 */
int xm_p2m_map(struct xm_domain *d, xm_gfn_t gfn, xm_mfn_t mfn, unsigned order);
/* Unmaps; holes are skipped. A view that has a gfn in its remapped range starts afresh. */
int xm_p2m_unmap(struct xm_domain *d, xm_gfn_t gfn, unsigned order);
uint64_t xm_p2m_highest_gfn(const struct xm_domain *d);

/* What view has for gfn now; an entry with an invalid mfn when nothing. Copies nothing. */
struct xm_p2m_entry xm_p2m_get(struct xm_domain *d, uint16_t view, xm_gfn_t gfn);

/*
 * HVMOP_altp2m. The caller has found the domain (d). Results go into *op, which the caller copies
 * back on 0 and on XM_CONTINUE. XM_CONTINUE: call again with the same op.
 */
int xm_hc_altp2m(struct xm_domain *d, struct xm_altp2m_op *op);

/* A view that exists, or NULL; 0 is the host view itself. */
struct xm_p2m *xm_view_find(struct xm_domain *d, unsigned view);
/*
 * What a vCPU in this view runs on. While views are on that is, for view 0 too, a copy that fills
 * when the guest touches a page (altp2m_p2m[0] in Xen): rights that an access turns are turned
 * there, and the host view keeps what was set.
 */
struct xm_p2m *xm_view_table(struct xm_domain *d, unsigned view);
/* False: no such view; the vCPU stays where it is (p2m_switch_vcpu_altp2m_by_id). */
bool xm_vcpu_switch_view(struct xm_domain *d, uint32_t vcpu, unsigned view);

/* ---- inside the core, under the p2m lock ---- */

static inline int xm_table_init(struct xm_domain *d, struct xm_p2m *p2m)
{
    return d->ops->table->init(d, p2m);
}

static inline void xm_table_free(struct xm_domain *d, struct xm_p2m *p2m)
{
    d->ops->table->free(d, p2m);
}

static inline struct xm_p2m_entry xm_table_get(struct xm_domain *d, struct xm_p2m *p2m,
                                               xm_gfn_t gfn)
{
    return d->ops->table->get(d, p2m, gfn);
}

/* e->mfn invalid: removes. Splits larger leaves; a leaf replaces what was below it. */
static inline int xm_table_set(struct xm_domain *d, struct xm_p2m *p2m, xm_gfn_t gfn,
                               unsigned order, const struct xm_p2m_entry *e)
{
    return d->ops->table->set(d, p2m, gfn, order, e);
}

/* The host view has e at gfn now. */
static inline int xm_views_follow(struct xm_domain *d, xm_gfn_t gfn, unsigned order,
                                  const struct xm_p2m_entry *e)
{
    return d->views_active ? d->ops->views->propagate(d, gfn, order, e) : 0;
}

void xm_p2m_lock(struct xm_domain *d);
/* Drops the lock, having flushed what was noted. */
void xm_p2m_unlock(struct xm_domain *d);
void xm_p2m_note_flush(struct xm_domain *d, uint16_t view);

#endif
