/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Records all that a session changed and has not undone, and undoes it in one walk. An entry is made before
 * its change, and removed when the hypervisor has confirmed its undoing; undoing allocates no memory. A
 * failure is reported and its entry stays, so that the next walk goes on with it. The entries lie in an
 * arena, which another process may read at any moment (arena/arena.h):
 *   rights         view.known, what was set and what was found; of remaps, view.remaps; relaxed, guards
 *   default        led.default_found, default_now, default_over_all
 *   views          view.led.own, hidden, view.ve, led.views_on, views_switched, vcpu.led.notify_set
 *   events         led.ring_taken, monitors, step_monitor, emul_monitor, access_required
 *   vCPUs          vcpu.led.stepped (hw_step and fast say more here), held; led.pauses
 *   memory         pages
 */
#ifndef XMEM_LEDGER_H
#define XMEM_LEDGER_H

#include "session/session.h"

/* ---- its memory ---- */

struct ledger_kind;
/*
 * Creates the ledger in a file (a memfd) that others may map; fd -1: in this process's own memory. kinds:
 * the kinds of entries, ended by NULL. -ENOMEM.
 */
int xmi_ledger_open(struct xmem_domain *d, int fd, const struct ledger_kind *const *kinds);
/* The arena that holds the rooms' shared lists and tables. */
struct arena *xmi_ledger_arena(const struct xmem_domain *d);
/* Allocates the entries of d->vcpu_n vCPUs. -ENOMEM. */
int xmi_ledger_vcpus(struct xmem_domain *d);
struct ledger_vcpu *xmi_ledger_vcpu(const struct xmem_domain *d, uint32_t vcpu);
int xmi_ledger_view_add(struct xmem_domain *d, struct view *v);
void xmi_ledger_view_gone(struct view *v);
/* live: the found state is recorded, changes are recorded from now on. over: everything was undone. */
void xmi_ledger_live(struct xmem_domain *d);
void xmi_ledger_over(struct xmem_domain *d);
void xmi_ledger_free(struct xmem_domain *d);

/*
 * Called before a hypercall whose entry can only be exact after its answer. The mark is valid until the
 * next call begins; by then the entry is exact.
 */
static inline void ledger_begin(struct xmem_domain *d, enum ledger_what what, uint32_t view,
                                uint64_t gfn, uint64_t last)
{
    d->led->doing.gfn = gfn;
    d->led->doing.last = last;
    d->led->doing.view = view;
    d->led->doing.what = what;
}

static inline void view_unsure(struct view *v, bool on)
{
    v->led->unsure = v->unsure = on;
}

/* Pause and unpause the domain, and count it. Return the hypervisor's answer. */
int xmi_ledger_pause(struct xmem_domain *d);
int xmi_ledger_unpause(struct xmem_domain *d);
/* Ends one of the library's own pauses; a failed unpause is retried at every later call. */
int xmi_domain_unpause_own(struct xmem_domain *d);
/*
 * Lifts the caller's pauses, for as long as vCPUs must run, and makes them again; one that cannot be made is
 * retried at every later call. False: some are still to be made.
 */
void xmi_ledger_lift(struct xmem_domain *d);
bool xmi_ledger_lower(struct xmem_domain *d);
/* One of the caller's ends: the hypervisor's answer. */
int xmi_ledger_unpause_caller(struct xmem_domain *d);
/*
 * Bracket code during which no vCPU may run. They nest, and make no hypercall if the caller has paused the
 * domain. before: the result of the bracketed code; it is returned if it is a failure.
 */
int xmi_domain_hold(struct xmem_domain *d);
int xmi_domain_let_go(struct xmem_domain *d, int before);

/* Adds to a failure's text that nothing was changed, if that is true. */
void xmi_domain_as_before(const struct xmem_domain *d, struct xmem_error *text);

/* ---- undoing ---- */

/* Collects several results: the first failure counts, and its text becomes the session's at the end. */
struct outcome {
    int rc;
    struct xmem_error text;
};

void xmi_outcome_note(struct xmem_domain *d, struct outcome *o, int rc);
/* Returns the code, and makes its text the session's. */
int xmi_outcome_of(struct xmem_domain *d, const struct outcome *o);

/* The order in which kinds of entries are undone. */
enum ledger_turn {
    LEDGER_STEPS, /* single step of vCPUs that did not end it, from outside; the domain is paused */
    LEDGER_STATE, /* the domain is paused; without a ring only what needs none */
    LEDGER_MONITORS, /* the domain is paused */
    LEDGER_LAST,     /* pages and pauses, after all other changes */
};

/*
 * A kind of entries: the room that changes something gives the ledger the function that undoes it. A session
 * is opened with all kinds, in the order in which those of one turn are undone.
 */
struct ledger_kind {
    enum ledger_turn turn;
    bool lives;      /* a domain that died has none */
    bool needs_ring; /* undoing needs an enabled ring */
    /* Is anything left? */
    bool (*any)(const struct xmem_domain *d);
    void (*undo)(struct xmem_domain *d, struct outcome *o);
    /*
     * Retries what an earlier call failed to undo. Every call on the session begins with it, so that
     * repeating a failed call starts from the state before it. True: something is left. May be NULL.
     */
    bool (*pay)(struct xmem_domain *d);
};

/* The ledger's own kind. */
extern const struct ledger_kind xmi_ledger_pauses;

/* Does the session keep rights and views at close? */
static inline bool ledger_keeps(const struct xmem_domain *d)
{
    return d->opts.restore == XMEM_RESTORE_KEEP;
}

/* For a byte of known (or of view.ve): do the rights that were set differ from those found? */
static inline bool ledger_changed(uint8_t byte)
{
    return (byte & KNOWN_FOUND) && (byte & KNOWN_SET) && known_set_of(byte) != known_found_of(byte);
}

/* Is anything left to undo? And anything that needs the ring for it? */
bool xmi_ledger_any(const struct xmem_domain *d);
bool xmi_ledger_needs_ring(const struct xmem_domain *d);
void xmi_ledger_undo(struct xmem_domain *d, enum ledger_turn turn, struct outcome *o);
void xmi_ledger_pay(struct xmem_domain *d);

#endif
