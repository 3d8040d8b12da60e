/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The second-stage table, one for the host view and one for each other view: 4 levels,
 * entries of 8 bytes, leaves of 4 KiB, 2 MiB and 1 GiB. Rights sit in the entry.
 * 512 entries a frame: 8 bytes and a 512th per gfn in a dense guest.
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

/* ---- inside the core, under the p2m lock ---- */

int xm_table_init(struct xm_domain *d, struct xm_p2m *p2m);
void xm_table_free(struct xm_domain *d, struct xm_p2m *p2m);
struct xm_p2m_entry xm_table_get(struct xm_p2m *p2m, xm_gfn_t gfn);
/* e->mfn invalid: removes. Splits larger leaves; a leaf replaces what was below it. */
int xm_table_set(struct xm_domain *d, struct xm_p2m *p2m, xm_gfn_t gfn, unsigned order,
                 const struct xm_p2m_entry *e);

void xm_p2m_lock(struct xm_domain *d);
/* Drops the lock, having flushed what was noted. */
void xm_p2m_unlock(struct xm_domain *d);
void xm_p2m_note_flush(struct xm_domain *d, uint16_t view);

#endif
