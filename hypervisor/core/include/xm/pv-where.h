/* SPDX-License-Identifier: LGPL-2.1-or-later */
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
#ifndef XM_PV_WHERE_H
#define XM_PV_WHERE_H

#include <xm/env.h>

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

#endif
