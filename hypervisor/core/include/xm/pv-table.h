/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rights per machine frame, sparse: a radix tree above leaves of 512 frames. A leaf whose frames all
 * have one value is a word of the node above it; another one is a node with half a byte a frame;
 * where no frame has a value there is nothing. So a frame takes 0.016 bytes where its leaf is
 * uniform and 0.55 where it is not. All frames are forgotten in O(1): the tree is taken off, and
 * given back in small steps.
 *
 * The caller holds a lock that covers the table.
 */
#ifndef XM_PV_TABLE_H
#define XM_PV_TABLE_H

#include <xm/types.h>

#define XM_PV_MFN_LIMIT (UINT64_C(1) << 40) /* 52 bits of physical address */
/* Frames of a leaf. */
#define XM_PV_LEAF_FRAMES 512u

struct xm_pv_node;
struct xm_pv_inner;

struct xm_pv_table {
    struct xm_pv_inner *root;
    uint32_t height; /* levels above the leaves; 0: empty */
    uint64_t tag;    /* of the leaf found last; where its word is, and in which node */
    uintptr_t *at;
    struct xm_pv_inner *above;
    struct xm_pv_node *reserved; /* kept for puts to come, although they may hold nothing */
    struct xm_pv_node *gone;     /* taken off, not given back yet */
    uint64_t tracked;            /* frames that have a value */
    uint64_t bytes;              /* allocated */
};

/* Does the frame belong to whom the table is for? */
typedef bool xm_pv_still(void *who, uint64_t mfn);

void xm_pv_table_init(struct xm_pv_table *t);
/* Empties it and gives all memory back, in one go; it can be used again. */
void xm_pv_table_free(struct xm_pv_table *t);
/* 0: nothing; else the value, 1 to 15. */
uint8_t xm_pv_table_get(struct xm_pv_table *t, uint64_t mfn);
/* 0 takes the value away. -XM_ENOMEM, not after xm_pv_table_reserve(); -XM_ERANGE: no such frame. */
int xm_pv_table_put(struct xm_pv_table *t, uint64_t mfn, uint8_t value);
/*
 * All frames of mfn's leaf. holes: some of them are not the owner's; they are looked for when another
 * one leaves. -XM_ENOMEM, not after xm_pv_table_reserve_leaf(); -XM_ERANGE.
 */
int xm_pv_table_fill(struct xm_pv_table *t, uint64_t mfn, uint8_t value, bool holes);
/*
 * The frame left its owner. Needs no memory: where there is none for a leaf with a hole, the leaf stays as
 * it is until another frame of it leaves, or the last one. No frame may be on its way to the
 * owner meanwhile, for still() does not know it yet.
 */
void xm_pv_table_left(struct xm_pv_table *t, uint64_t mfn, xm_pv_still *still, void *who);
/* Have all frames of mfn's leaf the same, without a look at each? */
bool xm_pv_table_uniform(struct xm_pv_table *t, uint64_t mfn);
/* Has the leaf of the frame any value? */
bool xm_pv_table_touched(struct xm_pv_table *t, uint64_t mfn);

/* Room for puts on this frame, or for a fill of its leaf. -XM_ENOMEM; -XM_ERANGE. */
int xm_pv_table_reserve(struct xm_pv_table *t, uint64_t mfn);
int xm_pv_table_reserve_leaf(struct xm_pv_table *t, uint64_t mfn);
/* Gives back one of what was reserved, if it is not used. False: there is no more. */
bool xm_pv_table_release(struct xm_pv_table *t);

/* Forgets all values, and what was reserved: O(1). */
void xm_pv_table_forget(struct xm_pv_table *t);
/* Gives back one node of what was forgotten, in a few steps. False: there is no more. */
bool xm_pv_table_reap(struct xm_pv_table *t);

#endif
