/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * L4 tables of 64-bit PV guests, shadowed per physical CPU: no two pCPUs run on the same L4, so each can
 * have slots of its own in it.
 *
 * Each pCPU has a few frames. One of them shadows the L4 that is loaded, the others keep those loaded
 * before. A guest L4 has a record from its validation on: a number that is never used again, the number
 * of writes to it (its generation), the slots written last, and a map of the present ones. A frame that
 * shadows an L4 again copies what the writes since then changed, or what is present.
 *
 * Orders that this rests on:
 *  - A writer holds the L4's page lock; it stores the slot, then xm_l4_note(): map, ring, generation. Then a
 *    barrier, then it looks on which pCPUs the L4 is live, and interrupts these, or flushes their TLBs.
 *  - A pCPU that switches says first, with interrupts off, that the L4 is live there; then a barrier;
 *    then it compares generations, until they are equal; then it loads the frame, and only then takes
 *    back what it said of the L4 before.
 *  - A frame that is loaded is brought up to date by the interrupt's handler alone, any other one by the
 *    switch alone.
 */
#ifndef XM_L4_H
#define XM_L4_H

#include <xm/env.h>

#define XM_L4_SLOTS 512u
#define XM_L4_WORDS ((XM_L4_SLOTS + 63u) / 64u)
#define XM_L4_RING 16u  /* slots written last; one fewer can be used */
#define XM_L4_FRAMES 4u /* of a pCPU, at most */
#define XM_L4_BUCKETS 256u
#define XM_L4_OWN 4u
#define XM_L4_NO_SLOT UINT16_MAX
#define XM_L4_NEVER UINT64_MAX                     /* as a generation: nothing was copied yet */
#define XM_L4_ADDRESS UINT64_C(0x000ffffffffff000) /* of an entry */

/* Which slots are the hypervisor's. */
struct xm_l4_layout {
    uint16_t first, end;     /* these, end not included */
    uint16_t self;           /* of them: holds the table itself; XM_L4_NO_SLOT */
    uint16_t own[XM_L4_OWN]; /* of them: differ from L4 to L4, the others are the same in each */
    uint8_t own_n;
};

/* The record of a guest L4, never given back before xm_l4_host_free(). */
struct xm_l4 {
    uint64_t mfn; /* XM_GFN_NONE: a free one */
    uint64_t id;  /* of its validation */
    uint64_t gen;
    uint64_t ring[XM_L4_RING];
    uint64_t present[XM_L4_WORDS];
    struct xm_l4 *next; /* in its bucket, or of the free ones */
};

struct xm_l4_frame {
    struct xm_l4 *l4; /* NULL: nothing was shadowed yet */
    uint64_t mfn, id; /* of it then */
    uint64_t gen;
    uint64_t used; /* when */
    uint64_t *shadow;
    bool filled; /* has the hypervisor's slots that are the same in each L4 */
    xm_mfn_t frame;
    uint64_t has[XM_L4_WORDS]; /* a guest's slot of the frame is 0 where no bit is */
};

struct xm_l4_counts {
    uint64_t none, slots, full; /* switches and interrupts, by what had to be copied */
    uint64_t words;
};

struct xm_l4_cpu {
    uint64_t live[2]; /* mfns: loaded, and about to be; XM_GFN_NONE. Other pCPUs read them. */
    struct xm_l4_frame frame[XM_L4_FRAMES];
    uint32_t frames;
    struct xm_l4_frame *loaded; /* NULL: no shadow is */
    uint64_t clock;
    struct xm_l4_counts counts;
};

struct xm_l4_host {
    struct xm_lock
        lock; /* of the buckets and free records; a leaf, taken with interrupts on and off */
    struct xm_l4_layout layout;
    uint32_t ring; /* of XM_L4_RING, a power of two */
    struct xm_l4 *bucket[XM_L4_BUCKETS], *unused;
    uint64_t ids;
    uint64_t records; /* allocated */
};

/* ---- records ---- */

void xm_l4_host_init(struct xm_l4_host *h, const struct xm_l4_layout *layout);
void xm_l4_host_free(struct xm_l4_host *h);
/*
 * The frame becomes an L4; nobody can load or write it as one yet. table: its contents. -XM_ENOMEM;
 * -XM_EEXIST it is one.
 */
int xm_l4_validated(struct xm_l4_host *h, uint64_t mfn, const uint64_t *table);
/* It is none any more: no vCPU has it as a root. -XM_ENOENT it was none. */
int xm_l4_ended(struct xm_l4_host *h, uint64_t mfn);
/* NULL: not an L4. Valid as long as the caller keeps the frame an L4. */
struct xm_l4 *xm_l4_find(struct xm_l4_host *h, uint64_t mfn);

/* ---- writers; the L4's page lock is held ---- */

/*
 * The slot was stored: one of the guest's, or of the hypervisor's one that differs (own of the layout).
 * -XM_EINVAL: any other.
 */
int xm_l4_note(const struct xm_l4_host *h, struct xm_l4 *l4, unsigned slot, bool present);
/* After the last note, and xm_env_barrier_rw(): is the L4 live on that pCPU? Half 0, then half 1. */
bool xm_l4_half_live(const struct xm_l4_cpu *c, uint64_t mfn, unsigned half);
bool xm_l4_is_live(const struct xm_l4_cpu *c, uint64_t mfn);

/* ---- a pCPU; the caller is on it ---- */

static inline bool xm_l4_is_guests(const struct xm_l4_layout *l, unsigned slot)
{
    return slot < XM_L4_SLOTS && (slot < l->first || slot >= l->end);
}

/*
 * Do PV guests of this kind need it? In shadow mode the L4s that are loaded are the hypervisor's own
 * shadows: these need the records then, and who writes them notes it.
 */
static inline bool xm_l4_needed(bool active, bool pv, bool idle, bool is_64bit, uint32_t vcpus)
{
    return active && pv && !idle && is_64bit && vcpus > 1;
}

/* -XM_EINVAL fewer than 2 frames, or too many. frame, shadow: each one's number, and where it is mapped. */
int xm_l4_cpu_init(struct xm_l4_cpu *c, uint32_t frames, const xm_mfn_t *frame,
                   uint64_t *const *shadow);
/* Copying, by steps of at most one access to what others write. */
enum xm_l4_at { XM_L4_LOOK, XM_L4_MAP, XM_L4_SLOT, XM_L4_LOAD, XM_L4_STORE, XM_L4_CHECK };

struct xm_l4_sync {
    uint8_t at; /* enum xm_l4_at */
    bool by_map;
    uint16_t slot;
    uint64_t gen;  /* that is being brought about */
    uint64_t next; /* generation, or word of the map */
    uint64_t value;
    uint64_t map[XM_L4_WORDS], todo[XM_L4_WORDS];
};

/* A switch under way. */
enum xm_l4_phase {
    XM_L4_FILL,   /* copies, with interrupts on or off */
    XM_L4_SAY,    /* they have to be off from here on, until xm_l4_loaded() */
    XM_L4_FINISH, /* what changed since the copy */
    XM_L4_READY   /* f->frame is to be loaded */
};
struct xm_l4_switch {
    struct xm_l4_frame *f;
    uint8_t phase; /* enum xm_l4_phase */
    struct xm_l4_sync sync;
};
/*
 * Up to XM_L4_SAY: picks a frame for the L4 and copies. The vCPU that is to run on it keeps it an L4.
 * guest: its contents. False: it is none.
 */
bool xm_l4_prepare(struct xm_l4_host *h, struct xm_l4_cpu *c, uint64_t mfn, const uint64_t *guest,
                   struct xm_l4_switch *w);
/* Interrupts off: up to XM_L4_READY. */
void xm_l4_enter(const struct xm_l4_host *h, struct xm_l4_cpu *c, const uint64_t *guest,
                 struct xm_l4_switch *w);
/* It is loaded. f NULL: another table is, which is no shadow. */
void xm_l4_loaded(struct xm_l4_cpu *c, struct xm_l4_frame *f);
/* The handler of a writer's interrupt, interrupts off, before it flushes. guest: the loaded L4, if any. */
void xm_l4_handle(const struct xm_l4_host *h, struct xm_l4_cpu *c, const uint64_t *guest);

/* ---- the steps that these are made of ---- */

/* False: it is no L4. */
bool xm_l4_begin(struct xm_l4_host *h, struct xm_l4_cpu *c, uint64_t mfn, struct xm_l4_switch *w);
void xm_l4_switch_step(const struct xm_l4_host *h, struct xm_l4_cpu *c, const uint64_t *guest,
                       struct xm_l4_switch *w);
/* False: the frame is as the L4 was at the last look. */
bool xm_l4_sync_step(const struct xm_l4_host *h, struct xm_l4_cpu *c, struct xm_l4_frame *f,
                     const uint64_t *guest, struct xm_l4_sync *s);

#endif
