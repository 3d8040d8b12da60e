/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the ledger lies, and what lies there, so that another process can read it. */
#ifndef XMEM_ARENA_H
#define XMEM_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Memory for what a session changed: units of 256 bytes, told by their numbers, so that it means the same
 * in every process that sees it. It grows a few pages at a time and never moves. Its pages are this
 * process's own, or those of a file (a memfd) that others map.
 */

#define ARENA_UNIT 256u
#define ARENA_PAGE 4096u
#define ARENA_PAGE_UNITS (ARENA_PAGE / ARENA_UNIT)
#define ARENA_BIG 4u /* units of the larger kind of piece; the other kind is one */
#define ARENA_UNITS_MAX UINT32_C(0x7fffffff)

struct arena {
    uint8_t **page; /* where each is in this process */
    uint32_t pages;
    size_t page_cap;
    int fd;        /* -1: this process's own memory */
    uint32_t next; /* units never given out begin here */
    uint32_t free_one, free_big;
    uint64_t *freed; /* counts pieces given back, where a reader looks for it; NULL: nowhere */
    uint32_t *told;  /* pages there are, likewise */
};

/* fd is not closed with it. Its first ARENA_BIG units are the caller's then, and zeroes. -ENOMEM. */
int xmi_arena_init(struct arena *a, int fd);
void xmi_arena_end(struct arena *a);

static inline void *arena_at(const struct arena *a, uint32_t unit)
{
    return a->page[unit / ARENA_PAGE_UNITS] + (size_t)(unit % ARENA_PAGE_UNITS) * ARENA_UNIT;
}

/* One unit, or ARENA_BIG of them, side by side; its contents are anything. 0: no memory. */
uint32_t xmi_arena_take(struct arena *a, unsigned units);
/* Nothing leads to it any more, in any other process either. */
void xmi_arena_give(struct arena *a, uint32_t unit, unsigned units);

/* A list in an arena, of entries of 16 bytes, that another process may read while one comes or goes. */

#define LIST_ENTRY 16u
#define LIST_ENTRIES \
    (ARENA_UNIT / LIST_ENTRY - 1) /* of a unit, behind the number of the next one */

/* In the arena: its first unit, and how many entries count. */
struct arena_list_top {
    uint32_t first, n;
};

struct arena_list {
    struct arena *arena;
    struct arena_list_top *top;
    uint8_t **unit; /* where each is in this process */
    uint32_t units, n;
    size_t cap;
};

void xmi_list_init(struct arena_list *l, struct arena *a, struct arena_list_top *top);
/* The entries stay in the arena; they go with it. */
void xmi_list_end(struct arena_list *l);
/* Its units too; nobody reads it any more. */
void xmi_list_give(struct arena_list *l);
/* One more entry fits. -ENOMEM. */
int xmi_list_room(struct arena_list *l);
/* Room was made. */
void *xmi_list_push(struct arena_list *l, const void *entry);
/* The last one takes the place of the i-th. */
void xmi_list_drop(struct arena_list *l, uint32_t i);
/* The first n stay. */
void xmi_list_cut(struct arena_list *l, uint32_t n);

static inline void *list_at(const struct arena_list *l, size_t i)
{
    return l->unit[i / LIST_ENTRIES] + (1 + i % LIST_ENTRIES) * LIST_ENTRY;
}

/*
 * What a session knows about the rights in one view: for each gfn the rights that are set
 * and those that were found, in one byte. A radix tree with 256 slots a level; a part that
 * is the same throughout takes one slot however large it is. It lies in an arena, where another process
 * may read it.
 */

/*
 * A slot: 0 is uniformly 0; with bit 0 set, uniformly the byte in bits 1 to 8; else twice the number of
 * a unit: on level 1 of a leaf, 256 bytes; above of a node, 256 slots in ARENA_BIG units.
 */
#define KNOWN_FANOUT 256u

struct known {
    struct arena *arena;
    uint64_t
        *top; /* in the arena: levels in the upper half, root in the lower one; NULL: nowhere */
    uint32_t root;    /* a slot */
    unsigned levels;  /* 0: empty; the root covers 256^levels gfns */
    size_t nodes;     /* taken, for the memory figures */
    uint8_t *last;    /* bytes of a leaf that was looked at, NULL: none; */
    uint64_t last_at; /* which one that is, gfn >> 8 */
};

void xmi_known_init(struct known *k, struct arena *a, uint64_t *top);

/* A byte: rights set in the low half, rights found in the high one; 0 in a half: not known. */
#define KNOWN_SET 0x0fu
#define KNOWN_FOUND 0xf0u

/* In the low half: set, and not known to what. Its rights are KNOWN_NOTHING. */
#define KNOWN_UNSURE 5u

/* enum xmem_rights <-> half a byte; 0 is "not known", for which rights answer KNOWN_NOTHING. */
#define KNOWN_NOTHING 0xffu
extern const uint8_t xmi_known_codes[], xmi_known_rights_of[16];
extern const size_t xmi_known_codes_n;

static inline uint8_t known_code(uint8_t rights)
{
    return rights < xmi_known_codes_n ? xmi_known_codes[rights] : 0;
}
static inline uint8_t known_rights(uint8_t code)
{
    return xmi_known_rights_of[code & 15u];
}

static inline uint8_t known_set_of(uint8_t byte)
{
    return known_rights(byte & KNOWN_SET);
}
static inline uint8_t known_found_of(uint8_t byte)
{
    return known_rights((uint8_t)(byte >> 4));
}

/* The byte of gfn; and in *nr, on entry the most asked for, how many gfns from it have the same. */
uint8_t xmi_known_run(const struct known *k, uint64_t gfn, uint64_t *nr);
uint8_t xmi_known_get(const struct known *k, uint64_t gfn);
/*
 * Makes room, so that xmi_known_put() on this range cannot fail until another range that it
 * overlaps is put. -ENOMEM: nothing changed in what is known.
 */
int xmi_known_prepare(struct known *k, uint64_t gfn, uint64_t nr);
/* Replaces the halves named by mask (KNOWN_SET, KNOWN_FOUND) by those of value. -ENOMEM. */
int xmi_known_put(struct known *k, uint64_t gfn, uint64_t nr, uint8_t mask, uint8_t value);

/*
 * For going through gfns in order: begins as zeroes, and ends with a xmi_known_put() of both halves or a
 * xmi_known_clear(), by which its leaf may go.
 */
struct known_at {
    uint8_t *bytes; /* of the leaf that was looked up last */
    uint64_t leaf;  /* which one that is, gfn >> 8 */
};
uint8_t *xmi_known_at_far(const struct known *k, struct known_at *at, uint64_t gfn);
/* gfn's own byte, which may be written; NULL: it is in a part that is the same throughout. */
static inline uint8_t *known_at(const struct known *k, struct known_at *at, uint64_t gfn)
{
    if (at->bytes && at->leaf == gfn >> 8)
        return &at->bytes[gfn & 255u];
    return xmi_known_at_far(k, at, gfn);
}
/* Forgets all. */
void xmi_known_clear(struct known *k);

/* Calls fn for each run of equal bytes that are not 0, ascending; stops at a non-zero answer. */
typedef int (*known_fn)(void *arg, uint64_t gfn, uint64_t nr, uint8_t byte);
int xmi_known_each(const struct known *k, known_fn fn, void *arg);
/* The same from gfn on. */
int xmi_known_each_from(const struct known *k, uint64_t gfn, known_fn fn, void *arg);

/*
 * How the ledger lies in its arena: numbers of units and counts, no pointers, so that another process can
 * read it while the session runs or when it ended suddenly. Byte order and alignment are the machine's.
 *
 * An entry is there before its change is made. Of a change whose entry cannot be exact before its
 * hypercall was answered, `doing` tells that it was begun; the entry is exact before the next one begins.
 * So what is not named by either is as it was found.
 */

#define LEDGER_MAGIC \
    UINT64_C(0x7267646c6d656d78) /* "xmemldgr", as bytes of a little-endian machine */
#define LEDGER_VERSION 1u

enum ledger_state {
    LEDGER_MAKING, /* nothing was changed yet */
    LEDGER_LIVE,
    LEDGER_OVER, /* all was undone */
};

/* A change that was begun, and may or may not have been made. */
enum ledger_what {
    LEDGER_NOTHING,
    LEDGER_RIGHTS, /* of gfns from gfn to last, in the view: those that known has a byte for */
    LEDGER_DEFAULT,
    LEDGER_REQUIRED, /* access_required */
    LEDGER_VIEWS,    /* on or off */
    LEDGER_CREATE,   /* a view, whose number is not known yet */
    LEDGER_DESTROY,
    LEDGER_SWITCH, /* of all vCPUs, or of vCPU gfn */
    LEDGER_VISIBLE,
    LEDGER_NOTIFY,  /* #VE page of vCPU gfn */
    LEDGER_MONITOR, /* gfn: enum xmem_event_reason, last: its index */
    LEDGER_RING,
    LEDGER_PAGE,  /* added at gfn, or removed */
    LEDGER_PAUSE, /* one of those counted may not be in force */
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
    uint32_t head_size; /* of this struct */
    uint32_t pages;     /* of ARENA_PAGE bytes, that there are */
    uint32_t state;     /* enum ledger_state */
    uint64_t freed;     /* pieces given back so far: a look during which it changes is made again */
    uint64_t session;
    uint32_t pid, domid, vcpus;
    uint8_t keeps; /* rights and views are not to be restored: XMEM_RESTORE_KEEP */
    uint8_t ring_taken, access_required, step_monitor;
    uint8_t emul_monitor, views_found_on, views_on, views_switched;
    uint8_t default_found, default_now; /* KNOWN_NOTHING: not asked yet */
    uint8_t default_over_all;           /* the session set one that is for all pages */
    uint8_t pad;
    uint32_t pauses;     /* in force, whoever asked for them */
    uint32_t first_view; /* the unit of a struct ledger_view; 0: none */
    struct ledger_doing doing;
    struct arena_list_top vcpu;     /* struct ledger_vcpu, by number */
    struct arena_list_top monitors; /* struct monitor_on */
    struct arena_list_top added;    /* struct added */
    struct arena_list_top open;     /* struct relaxed */
    struct arena_list_top guards;   /* struct ledger_guard */
};
_Static_assert(sizeof(struct ledger_head) == 136 &&
                   sizeof(struct ledger_head) <= ARENA_BIG * ARENA_UNIT,
               "the layout is fixed");

/* In a unit of its own. One that went may be taken for the next one. */
struct ledger_view {
    uint32_t next; /* unit of the next one; 0: none */
    uint16_t id;
    uint8_t used;      /* 0: there is none any more */
    uint8_t own;       /* made by the session: it goes as a whole */
    uint8_t step;      /* for stepping over */
    uint8_t hidden;    /* from the guest, by the session */
    uint8_t hide_owed; /* it is shown for a moment */
    uint8_t unsure; /* any gfn that known has both halves of may have other rights than those set */
    uint32_t pad;
    uint64_t known, ve;           /* tables of rights, and of suppress-#VE; not used where own */
    struct arena_list_top remaps; /* struct remap */
};
_Static_assert(sizeof(struct ledger_view) == 40, "the layout is fixed");

/* Entries of lists: LIST_ENTRY bytes each. */

struct ledger_vcpu {
    uint16_t found_view;
    uint8_t stepped;    /* single step, or a fast one, was begun, and may not be over */
    uint8_t held;       /* off the processor, by the library */
    uint8_t notify_set; /* #VE information page set by this session, */
    uint8_t pad[3];
    uint64_t notify_gfn; /* this one */
};

struct monitor_on {
    uint32_t reason, index;
    uint64_t pad;
};

struct added {
    uint64_t gfn;
    uint32_t unwanted; /* it could not be shut, nor removed */
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
    uint8_t need; /* XMEM_ACCESS_* that were answered */
    uint8_t pad;
    uint32_t vcpu; /* that steps over it; the page is open while any entry names it */
};

/* Narrower rights than those set are in force at gfn, in all views: a view shows a copy of it. */
struct ledger_guard {
    uint64_t gfn, page;
};

_Static_assert(sizeof(struct ledger_vcpu) == LIST_ENTRY &&
                   sizeof(struct monitor_on) == LIST_ENTRY && sizeof(struct added) == LIST_ENTRY &&
                   sizeof(struct remap) == LIST_ENTRY && sizeof(struct relaxed) == LIST_ENTRY &&
                   sizeof(struct ledger_guard) == LIST_ENTRY,
               "entries of lists");

/*
 * Another process's ledger, as far as its session came. It is read only, and may be anything: what leads
 * out of it is passed over. While the session runs a look may fall between two of its steps:
 * xmi_ledger_image_moved() tells that pieces were used again meanwhile, and it is made again.
 */

struct ledger_image {
    const uint8_t *bytes;
    size_t size;
    struct ledger_head head; /* as it was when it was mapped */
};

/* fd is not kept. -EINVAL: no ledger of this version; -EAGAIN: not a whole one yet; -ENOMEM. */
int xmi_ledger_image_map(int fd, struct ledger_image *out);
void xmi_ledger_image_unmap(struct ledger_image *m);
bool xmi_ledger_image_moved(const struct ledger_image *m);

/* Copies the i-th entry of a list; false: there are no more. */
bool xmi_ledger_image_entry(const struct ledger_image *m, const struct arena_list_top *list,
                            uint32_t i, void *entry);
/* The i-th view that there is. */
bool xmi_ledger_image_view(const struct ledger_image *m, uint32_t i, struct ledger_view *out);
/* A byte of struct known; table is a view's known or ve. 0: nothing is known of that gfn. */
uint8_t xmi_ledger_image_byte(const struct ledger_image *m, uint64_t table, uint64_t gfn);
/* May something else be in force at gfn, which the session has not made, than was found? */
bool xmi_ledger_image_names(const struct ledger_image *m, const struct ledger_view *v,
                            uint64_t gfn);

#endif
