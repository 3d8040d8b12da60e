/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All that a session changed and has not undone, and the one walk that undoes it. An entry is made
 * before its change, and leaves when it is confirmed that it was undone; undoing needs no memory. What
 * fails is told and stays: the next walk goes on with it. The entries lie in an arena, where another
 * process may read them at any moment (arena/arena.h):
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

/* ---- where it lies ---- */

struct ledger_kind;
/*
 * In a file (a memfd) that others may map, or fd -1: in this process's own memory. kinds: of all that
 * the session undoes, up to NULL. -ENOMEM.
 */
int xmi_ledger_open(struct xmem_domain *d, int fd, const struct ledger_kind *const *kinds);
/* Where rooms have their lists and tables that others read. */
struct arena *xmi_ledger_arena(const struct xmem_domain *d);
/* Entries of all vCPUs: d->vcpu_n is there. -ENOMEM. */
int xmi_ledger_vcpus(struct xmem_domain *d);
struct ledger_vcpu *xmi_ledger_vcpu(const struct xmem_domain *d, uint32_t vcpu);
int xmi_ledger_view_add(struct xmem_domain *d, struct view *v);
void xmi_ledger_view_gone(struct view *v);
/* What was found is noted; what is changed is, from now on. All was undone. */
void xmi_ledger_live(struct xmem_domain *d);
void xmi_ledger_over(struct xmem_domain *d);
void xmi_ledger_free(struct xmem_domain *d);

/*
 * Before a hypercall whose entry cannot be exact before it was answered. It counts until the next one
 * begins: the entry is exact by then.
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

/* All pauses and their ends, counted. The hypervisor's answer. */
int xmi_ledger_pause(struct xmem_domain *d);
int xmi_ledger_unpause(struct xmem_domain *d);
/* Ends a pause of the library's own; one that cannot be ended is tried again with every call. */
int xmi_domain_unpause_own(struct xmem_domain *d);
/*
 * No vCPU runs between the two; they nest, and cost nothing where the caller has paused the domain.
 * before: the code of what was done meanwhile, which is the answer if it is a failure.
 */
int xmi_domain_hold(struct xmem_domain *d);
int xmi_domain_let_go(struct xmem_domain *d, int before);

/* Adds to a failure's text that nothing was changed, as far as that is so. */
void xmi_domain_as_before(const struct xmem_domain *d, struct xmem_error *text);

/* ---- undoing ---- */

/* The first failure of several counts; its text is put back when it is over. */
struct outcome {
    int rc;
    struct xmem_error text;
};

void xmi_outcome_note(struct xmem_domain *d, struct outcome *o, int rc);
/* The code, with its text as the session's. */
int xmi_outcome_of(struct xmem_domain *d, const struct outcome *o);

/* When kinds of entries are undone, from the first to the last. */
enum ledger_turn {
    LEDGER_STEPS, /* single step, from outside: of vCPUs that did not end it. The domain is paused, */
    LEDGER_STATE,    /* and here; as far as that is possible without a ring where there is none */
    LEDGER_MONITORS, /* and here */
    LEDGER_LAST,     /* pages and pauses: with the domain's last changes */
};

/*
 * A kind of entries: who changes something gives the ledger how it is undone. The session is opened
 * with all kinds, in the order in which those of one turn are undone.
 */
struct ledger_kind {
    enum ledger_turn turn;
    bool lives;      /* there is none in a domain that died */
    bool needs_ring; /* can be undone with a ring only */
    /* Is anything left? */
    bool (*any)(const struct xmem_domain *d);
    void (*undo)(struct xmem_domain *d, struct outcome *o);
    /*
     * What calls that failed could not undo then; every call on the session begins with it, so that the
     * same call again starts from what was there before. True: something is left. May be NULL.
     */
    bool (*pay)(struct xmem_domain *d);
};

/* Of the ledger's own: */
extern const struct ledger_kind xmi_ledger_pauses;

/* Rights and views are not to be restored. */
static inline bool ledger_keeps(const struct xmem_domain *d)
{
    return d->opts.restore == XMEM_RESTORE_KEEP;
}

/* A byte of known (or of view.ve): was something else set than was found? */
static inline bool ledger_changed(uint8_t byte)
{
    return (byte & KNOWN_FOUND) && (byte & KNOWN_SET) && known_set_of(byte) != known_found_of(byte);
}

/* Is anything left to be undone? And such as can be undone with a ring only? */
bool xmi_ledger_any(const struct xmem_domain *d);
bool xmi_ledger_needs_ring(const struct xmem_domain *d);
void xmi_ledger_undo(struct xmem_domain *d, enum ledger_turn turn, struct outcome *o);
void xmi_ledger_pay(struct xmem_domain *d);

#endif
