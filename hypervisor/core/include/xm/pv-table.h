/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rights per machine frame, sparse: a radix tree whose last level holds cells of 8 bytes. A cell
 * has half a byte for each of 8 neighbouring frames and the epoch in which they were written;
 * what an older epoch wrote counts as not there. So all frames are forgotten in O(1), a frame takes
 * 1 byte where its neighbours are tracked too and 8 where they are not, and the
 * tree has nodes only above frames that were tracked at least once.
 *
 * The caller holds a lock that covers the table.
 */
#ifndef XM_PV_TABLE_H
#define XM_PV_TABLE_H

#include <xm/types.h>

#define XM_PV_MFN_LIMIT (UINT64_C(1) << 40) /* 52 bits of physical address */

struct xm_pv_node;

struct xm_pv_table {
    struct xm_pv_node *root;
    uint32_t height; /* 0: empty */
    uint32_t epoch;  /* never 0 */
    uint64_t tag;    /* of the leaf found last */
    struct xm_pv_node *leaf;
    bool keep;       /* an operation is under way: nodes without values are not freed */
    uint64_t tracked; /* frames that have a value in this epoch */
    uint64_t bytes;   /* allocated */
};

void xm_pv_table_init(struct xm_pv_table *t);
/* Empties it and gives all memory back; it can be used again. */
void xm_pv_table_free(struct xm_pv_table *t);
/* 0: nothing; else the value, 1 to 15. */
uint8_t xm_pv_table_get(struct xm_pv_table *t, uint64_t mfn);
/* Makes room, so that a put on this frame cannot fail. -XM_ENOMEM; -XM_ERANGE: no such frame. */
int xm_pv_table_reserve(struct xm_pv_table *t, uint64_t mfn);
/* 0 takes the value away and needs no room; others need xm_pv_table_reserve() before. */
void xm_pv_table_put(struct xm_pv_table *t, uint64_t mfn, uint8_t value);
/* Gives back what was reserved around this frame and not used. */
void xm_pv_table_prune(struct xm_pv_table *t, uint64_t mfn);
/* Forgets all values: O(1). The nodes stay for the values to come. */
void xm_pv_table_bump(struct xm_pv_table *t);

/* Frames that share one reservation. */
#define XM_PV_LEAF_FRAMES 512u

#endif
