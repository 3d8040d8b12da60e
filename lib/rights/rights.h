/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef XMEM_RIGHTS_ROOM_H
#define XMEM_RIGHTS_ROOM_H

#include "ledger/ledger.h"
#include "session/session.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lists of runs: extents of gfns with the same rights. */

struct run {
    uint64_t gfn;
    uint64_t nr_rights; /* nr << 8 | rights: a run takes 16 bytes, a batch holds millions */
};

static inline uint64_t run_nr(const struct run *r)
{
    return r->nr_rights >> 8;
}
static inline uint8_t run_rights(const struct run *r)
{
    return (uint8_t)r->nr_rights;
}
static inline uint64_t run_end(const struct run *r)
{
    return r->gfn + run_nr(r);
}

/* A place in a list of runs: everything before it is done. */
struct place {
    size_t run;
    uint64_t off;
};

struct runs {
    struct run *v;
    size_t n, cap;
};

/* Reserves room for more runs. -ENOMEM. */
int xmi_runs_reserve(struct runs *r, size_t more);
/* Appends a run without joining, for unordered lists; the caller reserved room. */
static inline void runs_append(struct runs *r, uint64_t gfn, uint64_t nr, uint8_t rights)
{
    r->v[r->n].gfn = gfn;
    r->v[r->n++].nr_rights = nr << 8 | rights;
}
/* Appends a run, joined to the last one if it continues it. -ENOMEM. */
static inline int runs_push(struct runs *r, uint64_t gfn, uint64_t nr, uint8_t rights)
{
    struct run *last = r->n ? &r->v[r->n - 1] : NULL;
    if (last && run_rights(last) == rights && run_end(last) == gfn) {
        last->nr_rights += nr << 8;
        return 0;
    }
    int rc = r->n < r->cap ? 0 : xmi_runs_reserve(r, 1);
    if (!rc)
        runs_append(r, gfn, nr, rights);
    return rc;
}
void xmi_runs_free(struct runs *r);
uint64_t xmi_runs_gfns(const struct runs *r);
/* In an ordered list, the run that holds gfn, else the first one behind it (n: none). */
size_t xmi_runs_find(const struct runs *r, uint64_t gfn);

/*
 * Sorts runs that may overlap, of which a later one wins, into out (empty before): disjoint and joined. in
 * is unchanged. -ENOMEM.
 */
int xmi_runs_normalize(const struct runs *in, struct runs *out);

/* The rights in force, of one gfn or the default; batches when a session ends. */

/* Asks the hypervisor; sets a text on failure. */
int xmi_domain_ask_rights(struct xmem_domain *d, struct view *v, uint64_t gfn, uint8_t *rights);
/* Sets the rights of one gfn by a hypercall, without elision; known is unchanged. */
int xmi_domain_force_rights(struct xmem_domain *d, struct view *v, uint64_t gfn, uint8_t rights);
/* The same for a step: not narrowed if the gfn is guarded. */
int xmi_domain_force_open(struct xmem_domain *d, struct view *v, uint64_t gfn, uint8_t rights);
/* The same, without setting again what a change of the host view overwrote in other views. */
int xmi_domain_force_alone(struct xmem_domain *d, struct view *v, uint64_t gfn, uint8_t rights);
/* Returns the failure rc with a text. */
int xmi_domain_fail_force(struct xmem_domain *d, const struct view *v, uint64_t gfn, uint8_t rights,
                          int rc);
/* The byte that known keeps for a page whose rights were asked for the first time. */
uint8_t xmi_domain_found_byte(const struct xmem_domain *d, const struct view *v, uint8_t rights);
/* Sets the rights of one gfn in this view only, without elision; learns the found ones first if needed. */
int xmi_domain_set_one(struct xmem_domain *d, struct view *v, uint64_t gfn, uint8_t rights);
/* Sets the default and records what that means for the pages. Returns the hypervisor's answer. */
int xmi_domain_send_default(struct xmem_domain *d, uint8_t rights);
/* Tells the room that watches of a change of the rights in force. */
static inline void rights_changed(struct xmem_domain *d, uint16_t view, uint64_t gfn, uint64_t nr)
{
    if (d->watched)
        d->watch->rights_changed(d, view, gfn, nr);
}

/* Needs the session's ledger. -ENOMEM. */
int xmi_rights_init(struct xmem_domain *d);
/* The session is freed; remaining batches must not touch it. */
void xmi_rights_free(struct xmem_domain *d);
/* batch.c: detaches the batches, while the rest of the session is still needed. */
void xmi_domain_orphan_batches(struct xmem_domain *d);
/* Monitoring ended and restored what batches had applied in part: they begin anew. */
void xmi_domain_rewind_batches(struct xmem_domain *d);

/* Makes entries with the view's default for those of nr gfns that were not set: they would get the host's rights. */
int xmi_changes_make_entries(struct xmem_domain *d, struct view *v, uint64_t gfn, uint64_t nr);
/* Sets again in other views what changes of these gfns in the host view overwrote there. */
int xmi_changes_reapply(struct xmem_domain *d, const struct runs *list);
/* The same between two places of the list. */
int xmi_changes_reapply_part(struct xmem_domain *d, const struct runs *host, struct place from,
                             struct place to);
/* The same for one gfn. */
int xmi_changes_reapply_one(struct xmem_domain *d, uint64_t gfn);

/*
 * Guarded gfns: a view shows a copy of them, so that a guest's write to one must be an event in every view,
 * even if the wanted rights allow it. The rights in force are narrower; known has the wanted ones.
 * views/copies.c adds and removes guards.
 */

struct guard {
    uint64_t gfn;
    bool gone; /* removed, but the rights in force may still be narrower */
};

/* Guards are ordered by gfn; each is the first member of its owner's struct. */
size_t xmi_guards_n(const struct xmem_domain *d);
struct guard *xmi_guards_at(const struct xmem_domain *d, size_t i);
/* The first guard at or above gfn, or xmi_guards_n(). */
size_t xmi_guards_from(const struct xmem_domain *d, uint64_t gfn);
/* Reserves room for one more. -ENOMEM. */
int xmi_guards_room(struct xmem_domain *d);
/* Inserts it; room was reserved. */
void xmi_guards_put(struct xmem_domain *d, struct guard *g);
/* Removes the i-th one, which is its owner's again; xmi_guards_trim() after the last. */
void xmi_guards_take(struct xmem_domain *d, size_t i);
/* Frees the table if it is empty. */
void xmi_guards_trim(struct xmem_domain *d);
bool xmi_guards_any(const struct xmem_domain *d, uint64_t gfn);
uint8_t xmi_guards_narrow_far(const struct xmem_domain *d, const struct view *v, uint64_t gfn,
                              uint8_t rights);
/* Returns the rights to put in force where these are wanted. */
static inline uint8_t guards_narrow(const struct xmem_domain *d, const struct view *v, uint64_t gfn,
                                    uint8_t rights)
{
    return d->guarded ? xmi_guards_narrow_far(d, v, gfn, rights) : rights;
}
/* The same for a list. */
void xmi_guards_narrow_all(const struct xmem_domain *d, const struct view *v, const uint64_t *gfns,
                           uint8_t *rights, uint64_t n);
uint64_t xmi_guards_run_far(const struct xmem_domain *d, uint64_t gfn, uint64_t nr);
/* How many of nr gfns are alike: 1 if the first is guarded, else those before the next guard. */
static inline uint64_t guards_run(const struct xmem_domain *d, uint64_t gfn, uint64_t nr)
{
    return d->guarded ? xmi_guards_run_far(d, gfn, nr) : nr;
}

/* Superpage leaves below the gfns of views. */

/* Called before these gfns are set or remapped in a view: splits leaves, so that neighbours keep the view's default. */
int xmi_view_leaf_before_set(struct xmem_domain *d, const struct view *v, const struct runs *list);
/* Called before a view's gfn loses its entry: splits the leaf, so that a new entry does not cover neighbours. */
int xmi_view_leaf_before_undo(struct xmem_domain *d, uint64_t gfn);
/* Records that these gfns were set in the host view, where leaves are 4 KiB now. */
void xmi_view_leaf_note(struct xmem_domain *d, uint64_t gfn, uint64_t nr);

/* Remaps by hypercalls; views/view.c decides what views show. */

/* Index of gfn in v->remaps, or remaps.n. */
size_t xmi_remap_index(const struct view *v, uint64_t gfn);
/* Does the view show another frame at gfn? */
bool xmi_view_remapped(const struct view *v, uint64_t gfn);
/* The rights that were set, else the view's default. */
uint8_t xmi_view_meant(const struct view *v, uint64_t gfn);
/* The entry was replaced: sets its rights again. */
int xmi_view_rights_again(struct xmem_domain *d, struct view *v, uint64_t gfn);
/* Makes gfn show the host's frame of to, or XMEM_GFN_UNDO. Sets no text and records nothing. */
int xmi_view_remap(struct xmem_domain *d, struct view *v, uint64_t gfn, uint64_t to);

/*
 * Collects runs and sends them in lots. It works without memory, and is faster with it: restoring
 * uses it.
 */

#define FEED_FEW 64u

struct feed {
    struct xmem_domain *d;
    struct view *v;
    bool past; /* goes on after a refusal; an unmapped gfn is no failure */
    /* xmi_changes_reapply(), which sets again in other views what a lot overwrote there; or NULL */
    int (*again)(struct xmem_domain *d, const struct runs *list);
    struct runs lot;
    struct run few[FEED_FEW];
    unsigned failures;
    int rc; /* the first failure, */
    struct xmem_error text;
};

void xmi_feed_begin(struct feed *f, struct xmem_domain *d, struct view *v);
void xmi_feed_add(struct feed *f, uint64_t gfn, uint64_t nr, uint8_t rights);
/* Sends the rest. Returns the first failure, with its text. */
int xmi_feed_end(struct feed *f);

/* For the ledger. */

/* Kinds: the default, rights of the host view, access_required. */
extern const struct ledger_kind xmi_rights_default, xmi_rights_host, xmi_rights_required;

/* Restores a view's rights as they were found. */
void xmi_rights_undo(struct xmem_domain *d, struct view *v, struct outcome *o);
/* May other rights be in force than were found? */
bool xmi_rights_changed_in(const struct view *v, uint8_t byte);
/* The same as a callback of xmi_known_each(); arg is the view. */
int xmi_rights_stop_at_changed(void *arg, uint64_t gfn, uint64_t nr, uint8_t byte);

#endif
