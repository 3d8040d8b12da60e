/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef XMEM_RIGHTS_ROOM_H
#define XMEM_RIGHTS_ROOM_H

#include "ledger/ledger.h"
#include "session/session.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lists of runs: so many gfns from one on with the same rights. */

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

/* Room for so many more. -ENOMEM. */
int xmi_runs_reserve(struct runs *r, size_t more);
/* Adds a run as it is, for lists that are not in order; room was reserved. */
static inline void runs_append(struct runs *r, uint64_t gfn, uint64_t nr, uint8_t rights)
{
    r->v[r->n].gfn = gfn;
    r->v[r->n++].nr_rights = nr << 8 | rights;
}
/* Adds a run, joined to the last one where that is possible. -ENOMEM. */
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
/* The run of a list in order that holds gfn or, if none does, the first behind it (n: none). */
size_t xmi_runs_find(const struct runs *r, uint64_t gfn);

/*
 * in: runs in any order, overlapping; a later one wins. out (empty before): the same
 * sorted, disjoint, joined. in stays. -ENOMEM.
 */
int xmi_runs_normalize(const struct runs *in, struct runs *out);

/* The rights in force, of one gfn or of all that nobody set; and batches when sessions end. */

/* By a hypercall; a text on failure. */
int xmi_domain_ask_rights(struct xmem_domain *d, struct view *v, uint64_t gfn, uint8_t *rights);
/* Rights of one gfn, past batches and elision; known is not touched. */
int xmi_domain_force_rights(struct xmem_domain *d, struct view *v, uint64_t gfn, uint8_t rights);
/* The same for a step: not narrowed where the gfn is guarded. */
int xmi_domain_force_open(struct xmem_domain *d, struct view *v, uint64_t gfn, uint8_t rights);
/* The same, and what the host view's overwrote in other views stays so. */
int xmi_domain_force_alone(struct xmem_domain *d, struct view *v, uint64_t gfn, uint8_t rights);
/* Its failure rc, with a text. */
int xmi_domain_not_forced(struct xmem_domain *d, const struct view *v, uint64_t gfn, uint8_t rights,
                          int rc);
/* What known keeps of a page that was asked for these rights just now, for the first time. */
uint8_t xmi_domain_found_byte(const struct xmem_domain *d, const struct view *v, uint8_t rights);
/* Rights of one gfn that are set and known already or not; learnt first. Past elision, of this view alone. */
int xmi_domain_set_one(struct xmem_domain *d, struct view *v, uint64_t gfn, uint8_t rights);
/* Sets the default and keeps in mind what that means for the pages. The hypervisor's answer. */
int xmi_domain_send_default(struct xmem_domain *d, uint8_t rights);
/* Rights in force were changed. */
static inline void rights_changed(struct xmem_domain *d, uint16_t view, uint64_t gfn, uint64_t nr)
{
    if (d->watched)
        d->watch->rights_changed(d, view, gfn, nr);
}

/* A session has a ledger. -ENOMEM. */
int xmi_rights_init(struct xmem_domain *d);
/* It goes; batches that are still there must not touch it. */
void xmi_rights_free(struct xmem_domain *d);
/* batch.c: likewise, and the rest is still needed. */
void xmi_domain_orphan_batches(struct xmem_domain *d);
/* Monitoring ended: what batches had applied in part is restored, and they begin anew. */
void xmi_domain_rewind_batches(struct xmem_domain *d);

/* Entries with the view's default for those of nr gfns that nobody set: others would have the host's rights. */
int xmi_changes_make_entries(struct xmem_domain *d, struct view *v, uint64_t gfn, uint64_t nr);
/* What changes of these gfns in the host view overwrote in other views is set there again. */
int xmi_changes_reapply(struct xmem_domain *d, const struct runs *list);
/* The same from one place of the list to another. */
int xmi_changes_reapply_part(struct xmem_domain *d, const struct runs *host, struct place from,
                             struct place to);
/* What a change of this gfn in the host view overwrote in other views is set there again. */
int xmi_changes_reapply_one(struct xmem_domain *d, uint64_t gfn);

/*
 * Gfns that are guarded, since a view shows a copy of them: a write of the guest to one is an event in
 * every view, also where the rights that are wanted allow it. Those that are in force are narrower,
 * and known has the wanted ones. Who makes copies puts gfns here: views/copies.c.
 */

struct guard {
    uint64_t gfn;
    bool gone; /* but rights that are in force may still be narrower */
};

/* They are in order of gfns; each is the first member of what its owner keeps. */
size_t xmi_guards_n(const struct xmem_domain *d);
struct guard *xmi_guards_at(const struct xmem_domain *d, size_t i);
/* The first one that is not below gfn, or xmi_guards_n(). */
size_t xmi_guards_from(const struct xmem_domain *d, uint64_t gfn);
/* One more can be put. -ENOMEM. */
int xmi_guards_room(struct xmem_domain *d);
/* Room was made. */
void xmi_guards_put(struct xmem_domain *d, struct guard *g);
/* The i-th one is none any more, and its owner's again; and where it was the last: xmi_guards_trim(). */
void xmi_guards_take(struct xmem_domain *d, size_t i);
/* Without any there is no table. */
void xmi_guards_trim(struct xmem_domain *d);
bool xmi_guards_any(const struct xmem_domain *d, uint64_t gfn);
uint8_t xmi_guards_narrow_far(const struct xmem_domain *d, const struct view *v, uint64_t gfn,
                              uint8_t rights);
/* What is in force where rights are wanted. */
static inline uint8_t guards_narrow(const struct xmem_domain *d, const struct view *v, uint64_t gfn,
                                    uint8_t rights)
{
    return d->guarded ? xmi_guards_narrow_far(d, v, gfn, rights) : rights;
}
/* The same for a list. */
void xmi_guards_narrow_all(const struct xmem_domain *d, const struct view *v, const uint64_t *gfns,
                           uint8_t *rights, uint64_t n);
uint64_t xmi_guards_run_far(const struct xmem_domain *d, uint64_t gfn, uint64_t nr);
/* How many of nr gfns are alike: one that is guarded, or those before the next one. */
static inline uint64_t guards_run(const struct xmem_domain *d, uint64_t gfn, uint64_t nr)
{
    return d->guarded ? xmi_guards_run_far(d, gfn, nr) : nr;
}

/* Large leaves under the gfns of views. */

/* Before these gfns are set or remapped in a view, so that their neighbours keep its default. */
int xmi_view_leaf_before_set(struct xmem_domain *d, const struct view *v, const struct runs *list);
/* Before a view's gfn loses its entry, so that a new one does not cover its neighbours. */
int xmi_view_leaf_before_undo(struct xmem_domain *d, uint64_t gfn);
/* These gfns were set in the host view: its leaves are small there. */
void xmi_view_leaf_note(struct xmem_domain *d, uint64_t gfn, uint64_t nr);

/* What views show at gfns, as hypercalls; views/view.c says what they are to show. */

/* Of the gfn in v->remaps, or remaps.n. */
size_t xmi_remap_index(const struct view *v, uint64_t gfn);
/* Has the view a frame of its own for this gfn? */
bool xmi_view_remapped(const struct view *v, uint64_t gfn);
/* The rights that were set or, of what was not, the view's default. */
uint8_t xmi_view_meant(const struct view *v, uint64_t gfn);
/* The entry is a new one: what was meant for it is gone, and set again. */
int xmi_view_rights_again(struct xmem_domain *d, struct view *v, uint64_t gfn);
/* By hypercalls, so that gfn shows the host's frame of to; XMEM_GFN_UNDO. No text, not noted. */
int xmi_view_remap(struct xmem_domain *d, struct view *v, uint64_t gfn, uint64_t to);

/*
 * Runs that are made one by one and sent in lots. Needs no memory, and uses some where there is:
 * what puts things back as they were goes this way.
 */

#define FEED_FEW 64u

struct feed {
    struct xmem_domain *d;
    struct view *v;
    bool past; /* goes on past what is refused; a gfn that is not mapped any more is no failure */
    /* xmi_changes_reapply(): what a lot overwrote in other views is set there again; or NULL */
    int (*again)(struct xmem_domain *d, const struct runs *list);
    struct runs lot;
    struct run few[FEED_FEW];
    unsigned failures;
    int rc; /* the first failure, */
    struct xmem_error text;
};

void xmi_feed_begin(struct feed *f, struct xmem_domain *d, struct view *v);
void xmi_feed_add(struct feed *f, uint64_t gfn, uint64_t nr, uint8_t rights);
/* Sends the rest. The first failure, with its text. */
int xmi_feed_end(struct feed *f);

/* What this room gives the ledger. */

/* The default; rights of the host view; access_required. The first ends what is restored before it. */
extern const struct ledger_kind xmi_rights_default, xmi_rights_host, xmi_rights_required;

/* A view's rights as they were found. */
void xmi_rights_undo(struct xmem_domain *d, struct view *v, struct outcome *o);
/* Is something else in force than was found, or may it be? */
bool xmi_rights_changed_in(const struct view *v, uint8_t byte);
/* The same for xmi_known_each(); arg is the view. */
int xmi_rights_stop_at_changed(void *arg, uint64_t gfn, uint64_t nr, uint8_t byte);

#endif
