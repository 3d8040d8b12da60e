/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef XMEM_SESSION_H
#define XMEM_SESSION_H

#include "arena/arena.h"
#include "backend/backend.h"
#include "base/base.h"

#include <pthread.h>

/* Pauses of a domain that has no session, which could not be ended. */
struct owed_pauses {
    struct owed_pauses *next;
    uint32_t domid, n;
};

struct xmem {
    const struct xmem_backend_ops *ops;
    void *conn;
    pthread_mutex_t lock; /* sessions and error: sessions of other threads come and go */
    struct xmem_domain *sessions;
    struct xmem_domain *left; /* closed ones that could not undo everything */
    struct owed_pauses *owed;
    int ledger_fd; /* where the next session's ledger lies; -1: in this process's own memory */
    struct xmem_error error;
};

/* A connection over a backend that is open already; conn is closed with it. -ENOMEM. */
int xmi_connection_new(const struct xmem_backend_ops *ops, void *conn, struct xmem **out);
/* Its sessions are gone. */
void xmi_connection_free(struct xmem *x);
/* Copies a failure's text to the connection; returns code. */
int xmi_connection_fail(struct xmem *x, int code, const struct xmem_error *err);

/* Takes o, which may be NULL. */
void xmi_connection_owe_pauses(struct xmem *x, uint32_t domid, struct owed_pauses *o);
/* Ends them; dom is the domain as the backend has it. On failure they stay owed, and err says why. */
int xmi_connection_pay_pauses(struct xmem *x, uint32_t domid, void *dom, struct xmem_error *err);

/*
 * The session on one domain: what was found, what was changed since, and what the objects
 * made from it share. One thread at a time; struct xmem has what threads share.
 */

/* suppress-#VE in view.ve, in the words of struct known */
#define VE_OFF XMEM_N
#define VE_ON XMEM_RWX

struct view {
    struct ledger_view *led; /* what the ledger has of it */
    uint16_t id;
    bool own;      /* made by this session: it goes at close */
    bool step;     /* for stepping over; the caller does not see it */
    bool follow;   /* step: what is not said of its gfns is as in the host view */
    uint8_t def;   /* default rights; KNOWN_NOTHING: made by somebody else */
    bool unwanted; /* it could not be made, nor destroyed */
    bool
        unsure; /* restoring failed: what is set there may be something else by now; view_unsure() */
    struct known known;
    struct known ve;          /* suppress-#VE, likewise: VE_OFF, VE_ON */
    struct arena_list remaps; /* struct remap */
};

struct runs;

/* What is done about changes, by who is above them. */
struct session_watch {
    /* Other frames are, or may be, at these gfns. */
    void (*pages_changed)(struct xmem_domain *d, uint64_t gfn, uint64_t nr);
    /* Rights of gfns were changed in a view, by whomever. */
    void (*rights_changed)(struct xmem_domain *d, uint16_t view, uint64_t gfn, uint64_t nr);
    /* Is the page open for somebody's step? What it is meant to have is in known. */
    bool (*is_open)(const struct xmem_domain *d, uint16_t view, uint64_t gfn);
    /* Large leaves of the host view were split at these gfns: what that overwrote in views is set again. */
    int (*host_split)(struct xmem_domain *d, const struct runs *parts);
    /* It is forgotten next; its number may come back. */
    void (*view_gone)(struct xmem_domain *d, const struct view *v);
};

/* What each room keeps of a session, declared in its own folder; events/ has its own around the whole. */
struct monitoring; /* api/ */
struct view_set;   /* views/ */
struct rights;     /* rights/ */
struct guards;     /* rights/: gfns of copies */
struct ledger;     /* ledger/ */

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

    bool enabled;
    bool dead;                          /* the domain died */
    uint32_t pauses;                    /* by the caller, not undone */
    bool owed;                          /* the undoing of a failed call failed: pay() tries again */
    void (*pay)(struct xmem_domain *d); /* xmi_ledger_pay() */
    const struct session_watch *watch;
    bool watched; /* there were steps: changes of rights are told */

    struct view **views; /* by id, caps.max_views of them; [0] is the host view */
    uint32_t view_end;   /* above the highest number that a view had */

    struct ledger_head *led; /* in the ledger's arena */
    struct ledger *ledger;
    struct rights *rights;
    struct guards *guarded; /* NULL: there are none */
    struct view_set *view_set;
    struct monitoring *monitoring;
};

static inline struct remap *remap_at(const struct view *v, size_t i)
{
    return list_at(&v->remaps, i);
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
int xmi_domain_fail(struct xmem_domain *d, int rc, unsigned may, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* The code alone, with no session to ask. */
int xmi_domain_code(int rc, unsigned may);
/* The caller's fault: sets the text, returns code. */
int xmi_domain_refuse(struct xmem_domain *d, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* 0; -EINVAL no session; -ESHUTDOWN. Every public call starts with it. */
int xmi_domain_not_usable(struct xmem_domain *d);
static inline int domain_usable(struct xmem_domain *d)
{
    return d && !d->dead && !d->owed ? 0 : xmi_domain_not_usable(d);
}
/* 0, -ERANGE: all of nr gfns from gfn on may have rights; nr 0: -EINVAL. */
int xmi_domain_check_gfns(struct xmem_domain *d, uint64_t gfn, uint64_t nr);
/* Asks whether the domain died; d->dead says so then. */
bool xmi_domain_is_dead(struct xmem_domain *d);
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
