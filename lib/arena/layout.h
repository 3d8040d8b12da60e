/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How the ledger lies in its arena: numbers of units and counts, no pointers, so that another process can
 * read it while the session runs or when it ended suddenly. Byte order and alignment are the machine's.
 *
 * An entry is there before its change is made. Of a change whose entry cannot be exact before its
 * hypercall was answered, `doing` tells that it was begun; the entry is exact before the next one begins.
 * So what is not named by either is as it was found.
 */
#ifndef XMEM_LEDGER_LAYOUT_H
#define XMEM_LEDGER_LAYOUT_H

#include "arena/arena-list.h"

#define LEDGER_MAGIC UINT64_C(0x7267646c6d656d78) /* "xmemldgr", as bytes of a little-endian machine */
#define LEDGER_VERSION 1u

enum ledger_state {
    LEDGER_MAKING, /* nothing was changed yet */
    LEDGER_LIVE,
    LEDGER_OVER,   /* all was undone */
};

/* A change that was begun, and may or may not have been made. */
enum ledger_what {
    LEDGER_NOTHING,
    LEDGER_RIGHTS,   /* of gfns from gfn to last, in the view: those that known has a byte for */
    LEDGER_DEFAULT,
    LEDGER_REQUIRED, /* access_required */
    LEDGER_VIEWS,    /* on or off */
    LEDGER_CREATE,   /* a view, whose number is not known yet */
    LEDGER_DESTROY,
    LEDGER_SWITCH,   /* of all vCPUs, or of vCPU gfn */
    LEDGER_VISIBLE,
    LEDGER_NOTIFY,   /* #VE page of vCPU gfn */
    LEDGER_MONITOR,  /* gfn: enum xmem_event_reason, last: its index */
    LEDGER_RING,
    LEDGER_PAGE,     /* added at gfn, or removed */
    LEDGER_PAUSE,    /* one of those counted may not be in force */
};

struct ledger_doing {
    uint32_t what;
    uint32_t view;
    uint64_t gfn, last;
};

/* Begins at the first byte of the arena. Bytes that are flags hold 0 or 1. */
struct ledger_head {
    uint64_t magic;
    uint32_t version;
    uint32_t head_size;   /* of this struct */
    uint32_t pages;       /* of ARENA_PAGE bytes, that there are */
    uint32_t state;       /* enum ledger_state */
    uint64_t freed;       /* pieces given back so far: a look during which it changes is made again */
    uint64_t session;
    uint32_t pid, domid, vcpus;
    uint8_t keeps;        /* rights and views are not to be restored: XMEM_RESTORE_KEEP */
    uint8_t ring_taken, access_required, step_monitor;
    uint8_t emul_monitor, views_found_on, views_on, views_switched;
    uint8_t default_found, default_now; /* KNOWN_NOTHING: not asked yet */
    uint8_t default_over_all;           /* the session set one that is for all pages */
    uint8_t pad;
    uint32_t pauses;      /* in force, whoever asked for them */
    uint32_t first_view;  /* the unit of a struct ledger_view; 0: none */
    struct ledger_doing doing;
    struct arena_list_top vcpu;     /* struct ledger_vcpu, by number */
    struct arena_list_top monitors; /* struct monitor_on */
    struct arena_list_top added;    /* struct added */
    struct arena_list_top open;     /* struct relaxed */
    struct arena_list_top guards;   /* struct ledger_guard */
};
_Static_assert(sizeof(struct ledger_head) == 136 && sizeof(struct ledger_head) <= ARENA_BIG * ARENA_UNIT,
               "the layout is fixed");

/* In a unit of its own. One that went may be taken for the next one. */
struct ledger_view {
    uint32_t next;        /* unit of the next one; 0: none */
    uint16_t id;
    uint8_t used;         /* 0: there is none any more */
    uint8_t own;          /* made by the session: it goes as a whole */
    uint8_t step;         /* for stepping over */
    uint8_t hidden;       /* from the guest, by the session */
    uint8_t hide_owed;    /* it is shown for a moment */
    uint8_t unsure;       /* any gfn that known has both halves of may have other rights than those set */
    uint32_t pad;
    uint64_t known, ve;   /* known.h: tables of rights, and of suppress-#VE; not used where own */
    struct arena_list_top remaps; /* struct remap */
};
_Static_assert(sizeof(struct ledger_view) == 40, "the layout is fixed");

/* Entries of lists: LIST_ENTRY bytes each. */

struct ledger_vcpu {
    uint16_t found_view;
    uint8_t stepped;      /* single step, or a fast one, was begun, and may not be over */
    uint8_t held;         /* off the processor, by the library */
    uint8_t notify_set;   /* #VE information page set by this session, */
    uint8_t pad[3];
    uint64_t notify_gfn;  /* this one */
};

struct monitor_on {
    uint32_t reason, index;
    uint64_t pad;
};

struct added {
    uint64_t gfn;
    uint32_t unwanted;    /* it could not be shut, nor removed */
    uint32_t pad;
};

/* What the view shows at gfn. */
struct remap {
    uint64_t gfn, to_gfn;
};

/*
 * A page that is open for a moment in the view where it is restricted, so that a vCPU gets over
 * it; its rights are in known.
 */
struct relaxed {
    uint64_t gfn;
    uint16_t view;
    uint8_t need;         /* XMEM_ACCESS_* that were answered */
    uint8_t pad;
    uint32_t vcpu;        /* that steps over it; the page is open while any entry names it */
};

/* Narrower rights than those set are in force at gfn, in all views: a view shows a copy of it. */
struct ledger_guard {
    uint64_t gfn, page;
};

_Static_assert(sizeof(struct ledger_vcpu) == LIST_ENTRY && sizeof(struct monitor_on) == LIST_ENTRY &&
               sizeof(struct added) == LIST_ENTRY && sizeof(struct remap) == LIST_ENTRY &&
               sizeof(struct relaxed) == LIST_ENTRY && sizeof(struct ledger_guard) == LIST_ENTRY,
               "entries of lists");

#endif
