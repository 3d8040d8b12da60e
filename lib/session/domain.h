/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The session on one domain: what was found, what was changed since, and what the objects
 * made from it share. One thread at a time; connection.h has what threads share.
 */
#ifndef XMEM_DOMAIN_H
#define XMEM_DOMAIN_H

#include "backend/backend.h"
#include "session/connection.h"
#include "base/error.h"
#include "arena/known.h"
#include "arena/layout.h"
#include "ring/ring.h"
#include "session/session.h"

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

struct runs;

/* What is done about changes, by who is above them. */
struct session_watch {
    /* Other frames are, or may be, at these gfns. */
    void (*pages_changed)(struct xmem_domain *d, uint64_t gfn, uint64_t nr);
    /* Rights of gfns were changed in a view, by whomever. */
    void (*rights_changed)(struct xmem_domain *d, uint16_t view, uint64_t gfn, uint64_t nr);
    /* Large leaves of the host view were split at these gfns: what that overwrote in views is set again. */
    int (*host_split)(struct xmem_domain *d, const struct runs *parts);
    /* It is forgotten next; its number may come back. */
    void (*view_gone)(struct xmem_domain *d, const struct view *v);
};

#define SEND_FEW 64u

struct xmem_domain {
    struct xmem *x;
    struct xmem_domain *next; /* of the connection's sessions */
    const struct xmem_backend_ops *ops;
    void *dom;
    const struct session_watch *watch;
    uint64_t number; /* of this session; no other one of the process has it, ever */
    uint32_t domid, vcpu_n, quirks;
    struct xmem_domain_opts opts;
    struct xmem_error error;
    struct xmem_caps caps;
    struct xmem_stats stats;
    uint64_t hypercalls_before;

    bool enabled;
    bool unfinished; /* disabling, which failed */
    bool ring_stays;    /* not enabled, and the ring that could not be ended is on */
    bool dead;      /* the domain died */
    bool died_told; /* the caller knows */
    bool broken;    /* the ring held garbage: not looked at again */
    uint32_t pauses; /* by the caller, not undone; */
    uint32_t lifted; /* of them, for a moment */
    uint32_t own_pauses; /* the library's own, not undone */
    bool owed;           /* the undoing of a failed call failed: pay() tries again */
    void (*pay)(struct xmem_domain *d); /* ledger_pay() */
    const struct ledger_kind *const *kinds; /* of what is undone: ledger.h */
    bool back_owed; /* a switch back to this view */
    uint16_t back_to;
    bool views_unwanted; /* on, for a view that could not be made */
    struct view **views; /* by id, caps.max_views of them; [0] is the host view */
    struct step_view **step_views; /* for stepping over */
    size_t step_view_n, step_view_cap;
    uint64_t prepared; /* times that what is open in one changed */
    bool step_monitor_user; /* single step, monitored by the caller; led.step_monitor: by the library */
    bool emul_monitor_user; /* instructions that cannot be emulated, likewise */

    struct vcpu *vcpus;          /* step-state.h */
    uint32_t steps_n;   /* vCPUs in a step */
    uint32_t holding_n; /* of them, such as the others are held for */
    uint32_t later_n;   /* of them, such as have not begun */
    struct looked *looked;       /* step-state.h */
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

    uint32_t view_end; /* above the highest number that a view had */
    uint32_t holds; /* by domain_hold(), not let go */
    struct step_arm *arm;        /* step-arm.h; NULL: not needed yet */
    struct step_ahead *ahead;    /* step-ahead.h; likewise */
    struct guards *guarded;      /* guards.h: gfns of copies; NULL: there are none */
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
/* The code alone, with no session to ask. */
int domain_code(int rc, unsigned may);
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
/* The session's view, or NULL. */
static inline struct view *domain_view(const struct xmem_domain *d, uint16_t id)
{
    return id < d->caps.max_views ? d->views[id] : NULL;
}
/*
 * Rights of gfns that nothing was said of, in a view that the session made: they do not
 * follow the host's. KNOWN_NOTHING of others, and of step views that do.
 */
static inline uint8_t view_default(const struct view *v)
{
    return v->own && !v->follow ? v->def : KNOWN_NOTHING;
}

#endif
