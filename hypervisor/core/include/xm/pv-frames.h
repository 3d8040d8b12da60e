/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is kept of a PV guest's frames: their rights, where their shadow entries are, which of these are open. */
#ifndef XM_PV_FRAMES_H
#define XM_PV_FRAMES_H

#include <xm/types.h>
#include <xm/env.h>

/* ==== rights ==== */

/*
 * Rights per machine frame, sparse: a radix tree above leaves of 512 frames. A leaf whose frames all
 * have one value is a word of the node above it; another one is a node with half a byte a frame;
 * where no frame has a value there is nothing. So a frame takes 0.016 bytes where its leaf is
 * uniform and 0.55 where it is not. All frames are forgotten in O(1): the tree is taken off, and
 * given back in small steps.
 *
 * The caller holds a lock that covers the table.
 */

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

/* ==== where shadow entries are ==== */

/*
 * Where the shadow L1 entries of a domain's frames are, so that one frame's are taken out without a look
 * at any other entry. A place is an entry of one of the guest's own L1 tables: its shadow can
 * be freed and made again, and nothing needs to be done here for that. So what is kept may be more than
 * there is, never less: whoever takes an entry out looks first whether it names the frame.
 *
 * Nothing is kept until a frame is taken out for the first time. Then all entries have to be
 * looked at once: a sweep, part by part of the surroundings' shadows, which also takes out what
 * the rights do not allow. The same is done for a frame that is mapped too often to be kept.
 *
 * The caller holds a lock that covers it and the shadows; but xm_pv_where_left() is called where that one must
 * not be taken. For that one the tree has a lock of its own, taken inside.
 */

#define XM_PV_WHERE_PLACES 126u /* of one frame; with more it counts as one of many */

struct xm_pv_where_hooks {
    /* Parts of a sweep that begins now, at least 1: a few L1 shadows each. */
    uint32_t (*parts)(struct xm_env_dom *d);
    /* Does the shadow entry at the place, if there is one, name the frame? */
    bool (*holds)(struct xm_env_dom *d, uint64_t place, uint64_t mfn);
    /* Takes it out if it does. Must not call back. */
    void (*take)(struct xm_env_dom *d, uint64_t place, uint64_t mfn);
    /*
     * Looks at every entry in the L1 shadows of this part: takes it out if it allows more than its frame's
     * rights, and else notes it. A shadow is in the same part as long as it is there.
     */
    void (*sweep)(struct xm_env_dom *d, uint32_t part, uint32_t parts);
};

struct xm_pv_where {
    struct xm_env_dom *env;
    const struct xm_pv_where_hooks *hooks;
    struct xm_pv_where_node *root;
    uint32_t height;
    struct xm_lock lock; /* of the tree, but not of what leaves hold */
    uint64_t tag;        /* of the leaf found last */
    struct xm_pv_where_node *leaf;
    uint64_t bytes; /* allocated, */
    uint64_t more;  /* of that for frames with more than two places */
    bool on;        /* entries are noted when they are made */
    bool whole;     /* every entry that there is was noted */
    bool lost;      /* since the last sweep began one could not be */
    uint32_t left;  /* parts that have still to be swept, from this one: */
    uint32_t part, parts;
    uint64_t sweeps; /* begun */
    uint64_t looks;  /* at entries that a frame was known to have had */
};

static inline uint64_t xm_pv_place(uint64_t l1_table, uint32_t index)
{
    return l1_table << 9 | index;
}

void xm_pv_where_init(struct xm_pv_where *w, struct xm_env_dom *env,
                      const struct xm_pv_where_hooks *hooks);
/* Nothing is kept any more, and no sweep asked for. XM_CONTINUE (only if it may be): again. */
int xm_pv_where_free(struct xm_pv_where *w, bool may_preempt);

/* An entry for the frame was made, or is met by a sweep. */
void xm_pv_where_note(struct xm_pv_where *w, uint64_t mfn, uint64_t place);
/* The entry names another frame now, or none. */
void xm_pv_where_gone(struct xm_pv_where *w, uint64_t mfn, uint64_t place);
/*
 * The frame left the domain: it has no entries. Without the caller's lock, but before anybody else gets
 * the frame. What it took is given back by whoever notes or settles next, a few leaves each.
 */
void xm_pv_where_left(struct xm_pv_where *w, uint64_t mfn);
/* Takes out the frame's entries, or asks for a sweep: its rights have been changed before. */
void xm_pv_where_drop(struct xm_pv_where *w, uint64_t mfn);
/*
 * What is asked for has to be done before anybody is told that rights hold. XM_CONTINUE (only if
 * it may be): again, with the lock given up between. *flush is set if entries were looked at.
 */
int xm_pv_where_settle(struct xm_pv_where *w, bool may_preempt, bool *flush);

/* ==== entries for the hypervisor's own accesses ==== */

/*
 * Shadow entries that are there for an access of the hypervisor's own, whatever the rights: what a vCPU
 * opened has to be closed before it is in guest mode again, wherever that is. The very entries are kept,
 * so that closing looks at nothing else. One access needs two at most, and begins anew where it finds
 * one gone: with too many the oldest goes.
 *
 * The caller holds the lock of the shadows, but for xm_pv_open_any(), which is for the vCPU itself.
 */

#define XM_PV_OPEN_MOST 8u

struct xm_pv_open_entry {
    uint64_t mfn, place; /* xm_pv_place() */
};

struct xm_pv_open {
    bool pass; /* the next entry for this frame is made whatever its rights: */
    uint64_t mfn;
    uint32_t n;
    struct xm_pv_open_entry entry[XM_PV_OPEN_MOST];
};

typedef void xm_pv_take_fn(struct xm_env_dom *d, uint64_t place, uint64_t mfn);

/* The next entry on demand for this frame is for the hypervisor's access. */
void xm_pv_open_next(struct xm_pv_open *o, uint64_t mfn);
static inline bool xm_pv_open_passes(const struct xm_pv_open *o, uint64_t mfn)
{
    return o->pass && o->mfn == mfn;
}
/* It was made; take: xm_pv_where_hooks, for the one that goes. */
void xm_pv_open_made(struct xm_pv_open *o, uint64_t mfn, uint64_t place, struct xm_env_dom *d,
                     xm_pv_take_fn *take);
static inline bool xm_pv_open_any(const struct xm_pv_open *o)
{
    return o->pass || o->n != 0;
}
/* All of them go. True: TLBs have to be flushed before the vCPU runs. */
bool xm_pv_open_close(struct xm_pv_open *o, struct xm_env_dom *d, xm_pv_take_fn *take);

#endif
