/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The session on one domain: what was found, what was changed since, and what the objects
 * made from it share. One thread at a time; connection.h has what threads share.
 */
#ifndef XMEM_DOMAIN_H
#define XMEM_DOMAIN_H

#include "backend.h"
#include "connection.h"
#include "error.h"
#include "event.h"
#include "known.h"
#include "ledger-layout.h"
#include "ring.h"
#include "session.h"
#include "step-state.h"

/* suppress-#VE in view.ve, in the words of known.h */
#define VE_OFF XMEM_N
#define VE_ON XMEM_RWX

struct view {
    struct ledger_view *led; /* what the ledger has of it */
    uint16_t id;
    bool own;    /* made by this session: it goes at close */
    bool step;   /* for stepping over; the caller does not see it */
    bool follow; /* step: what is not said of its gfns is as in the host view */
    uint8_t def; /* default rights; KNOWN_NOTHING: made by somebody else */
    bool unwanted; /* it could not be made, nor destroyed */
    bool unsure; /* restoring failed: what is set there may be something else by now; view_unsure() */
    struct known known;
    struct known ve; /* suppress-#VE, likewise: VE_OFF, VE_ON */
    struct arena_list remaps; /* struct remap */
};

struct vcpu {
    struct ledger_vcpu *led; /* what the ledger has of it */
    struct step step;
    uint64_t last_pc, last_regs; /* of its last event; last_regs: a sum, made when it repeats */
    uint32_t repeats;
    uint16_t fast_view; /* view in which it is with a fast single step, */
    uint16_t fast_end;  /* which leads here */
    bool fast;          /* and may not be over yet */
    uint8_t fast_looks; /* how often it was waited for, at the session's end */
    bool fast_skips;    /* its pc was set since, which does not tell that it is over */
    bool user_step;     /* single step wanted by the caller */
    bool own_step;      /* single step wanted by the library, for a step */
    bool hw_step;       /* single step as the last answer left it */
    bool attention;     /* its next answer has something to add: step_answer() */
    bool parked;        /* answered, and left where it is until the ring ends */
    bool io_again;      /* it may come back to an input instruction that was emulated, */
    uint64_t io_pc;     /* this one */
    uint8_t writes;     /* its instruction, into the page of gfn written, that has copies; 2: into more */
    uint64_t written;
};

#define SEND_FEW 64u

/* An instruction that was looked at before Xen's emulator got it: step-look.c */
struct looked {
    uint64_t rip, cr3;
    bool known, never; /* never: it cannot be emulated */
};

struct xmem_domain {
    struct xmem *x;
    struct xmem_domain *next; /* of the connection's sessions */
    const struct xmem_backend_ops *ops;
    void *dom;
    uint64_t number; /* of this session; no other one of the process has it, ever */
    uint32_t domid, vcpu_n, quirks;
    struct xmem_domain_opts opts;
    struct xmem_error error;
    struct xmem_caps caps;
    struct xmem_stats stats;
    uint64_t hypercalls_before;

    bool enabled;
    bool unfinished; /* disabling, which failed */
    bool dead;      /* the domain died */
    bool died_told; /* the caller knows */
    bool broken;    /* the ring held garbage: not looked at again */
    uint32_t pauses; /* by the caller, not undone; */
    uint32_t lifted; /* of them, for a moment */
    uint32_t own_pauses; /* the library's own, not undone */
    bool owed;           /* the undoing of a failed call failed: ledger_pay() */
    bool back_owed; /* a switch back to this view */
    uint16_t back_to;
    bool views_unwanted; /* on, for a view that could not be made */
    struct view **views; /* by id, caps.max_views of them; [0] is the host view */
    struct step_view **step_views; /* for stepping over */
    size_t step_view_n, step_view_cap;
    uint64_t prepared; /* times that what is open in one changed */
    bool step_monitor_user; /* single step, monitored by the caller; led.step_monitor: by the library */
    bool emul_monitor_user; /* instructions that cannot be emulated, likewise */

    struct vcpu *vcpus;
    uint32_t steps_n;   /* vCPUs in a step */
    uint32_t holding_n; /* of them, such as the others are held for */
    uint32_t later_n;   /* of them, such as have not begun */
    struct looked *looked;
    bool puts_back;     /* rights are being put back: feed.h */
    bool splitting;     /* a large leaf of the host view is being split */
    bool own_change;    /* rights are being changed for a step */
    bool step_owed;     /* a step's end failed: step_pay() */
    bool finishing;     /* the session ends: steps by view are seen through */
    bool parking;       /* vCPUs with an event are to be parked */
    bool hold_asked;    /* whether vCPUs can be held; then */
    bool no_hold;       /* they cannot */

    struct arena arena;      /* the ledger's */
    struct ledger_head *led;
    struct arena_list vcpu_led, monitors, pages, relaxed, guards; /* as in led */
    uint64_t page_next; /* where the next one is tried; 0: not known yet */

    uint64_t *patched; /* gfns that breakpoints were written into, in order */
    size_t patched_n, patched_cap;

    struct xmem_batch *batches;
    uint64_t *send_gfns; /* buffers of one hypercall, kept; */
    uint8_t *send_rights;
    uint32_t send_cap;
    uint64_t few_gfns[SEND_FEW]; /* these, where there is no memory for larger ones */
    uint8_t few_rights[SEND_FEW];

    struct ring ring;
    struct events events;

    uint32_t view_end; /* above the highest number that a view had */
    uint32_t holds; /* by domain_hold(), not let go */
    struct step_arm *arm;        /* step-arm.h; NULL: not needed yet */
    struct copies *copies;       /* copies.h; NULL: there are none */
    struct known split; /* by gfn >> 9: parts of the host view that have no large leaf */
};

static inline struct remap *remap_at(const struct view *v, size_t i)
{
    return list_at(&v->remaps, i);
}
static inline struct added *page_at(const struct xmem_domain *d, size_t i)
{
    return list_at(&d->pages, i);
}
static inline struct relaxed *relaxed_at(const struct xmem_domain *d, size_t i)
{
    return list_at(&d->relaxed, i);
}

/* Codes that a call may pass on beside the common ones; others become -EIO. */
#define MAY_SRCH 1u
#define MAY_BUSY 2u
#define MAY_NOSPC 4u
#define MAY_NODEV 8u
#define MAY_NOENT 16u
#define MAY_RANGE 32u

/*
 * A backend's failure rc as the caller gets it: finds out whether the domain died
 * (-ESHUTDOWN), keeps documented codes, makes the text "fmt: why". Returns the code.
 */
int domain_fail(struct xmem_domain *d, int rc, unsigned may, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* The caller's fault: sets the text, returns code. */
int domain_refuse(struct xmem_domain *d, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Adds to a failure's text that nothing was changed, as far as that is so. */
void domain_as_before(const struct xmem_domain *d, struct xmem_error *text);
/* 0; -EINVAL no session; -ESHUTDOWN. Every public call starts with it. */
int domain_not_usable(struct xmem_domain *d);
static inline int domain_usable(struct xmem_domain *d)
{
    return d && !d->dead && !d->owed ? 0 : domain_not_usable(d);
}
/* 0, -ERANGE: all of nr gfns from gfn on may have rights; nr 0: -EINVAL. */
int domain_check_gfns(struct xmem_domain *d, uint64_t gfn, uint64_t nr);
/* Asks whether the domain died; d->dead says so then. */
bool domain_is_dead(struct xmem_domain *d);
/* Grows an array so that one more fits. -ENOMEM. */
int array_room(void **v, size_t n, size_t *cap, size_t element);

/* Ends a pause of the library's own; one that cannot be ended is tried again with every call. */
int domain_unpause_own(struct xmem_domain *d);

/* The session's view, or NULL. */
static inline struct view *domain_view(const struct xmem_domain *d, uint16_t id)
{
    return id < d->caps.max_views ? d->views[id] : NULL;
}
/* Has the view a frame of its own for this gfn? */
bool view_remapped(const struct view *v, uint64_t gfn);
/* By hypercalls, so that gfn shows the host's frame of to; XMEM_GFN_UNDO. No text, not noted. */
int view_remap(struct xmem_domain *d, struct view *v, uint64_t gfn, uint64_t to);
/* The same, noted and with a text; the gfn's rights in the view are new ones then. */
int view_show(struct xmem_domain *d, struct view *v, uint64_t gfn, uint64_t to);

/* access.c: the rights in force, by a hypercall; a text on failure. */
int domain_ask_rights(struct xmem_domain *d, struct view *v, uint64_t gfn, uint8_t *rights);
/* Rights of one gfn, past batches and elision; known is not touched. */
int domain_force_rights(struct xmem_domain *d, struct view *v, uint64_t gfn, uint8_t rights);
/* What known keeps of a page that was asked for these rights just now, for the first time. */
uint8_t domain_found_byte(const struct xmem_domain *d, const struct view *v, uint8_t rights);
/* Rights of one gfn that are set and known already or not; learnt first. Past elision, of this view alone. */
int domain_set_one(struct xmem_domain *d, struct view *v, uint64_t gfn, uint8_t rights);
/* Sets the default and keeps in mind what that means for the pages. The hypervisor's answer. */
int domain_send_default(struct xmem_domain *d, uint8_t rights);

/* view.c */
int view_add(struct xmem_domain *d, uint16_t id, struct view **out);
void view_forget(struct xmem_domain *d, struct view *v);
int views_ensure_on(struct xmem_domain *d);
/* What a view is made for. */
enum view_use {
    VIEW_CALLER, /* the caller's */
    VIEW_STEP,   /* stepping over, with all rights said */
    VIEW_FOLLOW, /* stepping over, following the host view where nothing is said */
};
/* Makes a view with these default rights; the library's own are hidden from the guest. */
int view_make(struct xmem_domain *d, uint8_t rights, enum view_use use, struct view **out);
/* view-visible.c: can views be hidden here? The others return what the hypervisor answers. */
bool views_can_hide(const struct xmem_domain *d);
int view_set_shown(struct xmem_domain *d, struct view *v, bool visible);
/*
 * All vCPUs. Xen switches them to visible views only (p2m_switch_domain_altp2m_by_id()): one
 * that is hidden, by whomever, is shown for that moment.
 */
int view_switch_all(struct xmem_domain *d, uint16_t id);
/* Views that were there before; the first failure, with its text. */
int views_show_again(struct xmem_domain *d);
/*
 * Rights of gfns that nothing was said of, in a view that the session made: they do not
 * follow the host's. KNOWN_NOTHING of others, and of step views that do.
 */
static inline uint8_t view_default(const struct view *v)
{
    return v->own && !v->follow ? v->def : KNOWN_NOTHING;
}

/*
 * view-leaf.c. No vCPU runs between the two; they nest, and cost nothing where the caller has
 * paused the domain. before: the code of what was done meanwhile, which is the answer if it is
 * a failure.
 */
int domain_hold(struct xmem_domain *d);
int domain_let_go(struct xmem_domain *d, int before);
/* Before a view's gfn loses its entry, so that a new one does not cover its neighbours. */
int view_leaf_before_undo(struct xmem_domain *d, uint64_t gfn);
/* These gfns were set in the host view: its leaves are small there. */
void view_leaf_note(struct xmem_domain *d, uint64_t gfn, uint64_t nr);

/* monitor.c: for the library's own use. Single step; what the hypervisor cannot emulate. */
int monitor_single_step(struct xmem_domain *d);
int monitor_emul_unimplemented(struct xmem_domain *d);

/*
 * restore.c: as found. Both do all they can, and return the first failure with its text; what is left
 * is in the ledger, and the same call goes on with it.
 */
int domain_stop(struct xmem_domain *d); /* off, and all restored but pages and pauses */
int domain_end(struct xmem_domain *d);  /* everything */

/* What a closed session left undone, by another try: 0, or it stays left and err says why. */
int domain_settle(struct xmem *x, uint32_t domid, struct xmem_error *err);
void domain_settle_all(struct xmem *x);
/* The domain was brought back by other means: nothing of it is left. */
void domain_forget_left(struct xmem *x, uint32_t domid);

/* memory.c */
/* The i-th page that was added is none any more. */
void page_forget(struct xmem_domain *d, size_t i);
/* Pages that the session added have no rights at their own gfns in this view; the host's while monitoring. */
int view_shut_pages(struct xmem_domain *d, struct view *v);
/* batch.c: the session goes; batches that are still there must not touch it. */
void domain_orphan_batches(struct xmem_domain *d);
/* Monitoring ended: what batches had applied in part is restored, and they begin anew. */
void domain_rewind_batches(struct xmem_domain *d);

#endif
