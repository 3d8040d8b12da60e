/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guests that an EL2 MPU confines: a core's regions, a domain's view, answers with STEP. */
#ifndef XM_MPU_H
#define XM_MPU_H

#include <xm/env.h>
#include <xm/rights.h>

/* ==== regions of one core ==== */

/*
 * The EL2 MPU of one Armv8-R core: PMSAv8-64 (DDI 0600) and PMSAv8-32 (DDI 0568). Registers are
 * reached through struct xm_mpu_ops alone and are never read back.
 *
 * Regions, by number: 0 is the window; then Xen's own, always on; then the rest of Xen's view,
 * off and ready to be flipped to, if there is room; the others are the guest's.
 *
 * A struct xm_mpu belongs to its core and is used there, at EL2, with interrupts off.
 */

/* A register, or an address: as wide as the machine's. */
typedef uintptr_t xm_mpu_reg;

#define XM_MPU_GRANULE 64u
#define XM_MPU_REGIONS_MAX 256u
#define XM_MPU_ENABLE_BITS 32u /* regions that have a bit in PRENR_EL2, HPRENR */
#define XM_MPU_WINDOW 0u       /* constant: who sees through the ops gets the register itself */
#define XM_MPU_EN ((xm_mpu_reg)1)
#define XM_MPU_SLICE_SHIFT 20u
/*
 * Regions that let any one instruction finish: its own bytes and its data may each straddle two
 * extents. Replaced oldest first, four are enough.
 */
#define XM_MPU_FLOOR 4u

/*
 * base and limit: the whole PRBAR and PRLAR (or HPRBAR and HPRLAR) of a region, any number below
 * .nr. enable: the whole enable register; as in hardware it and the EN bits of limits below 32
 * are the same bits. sync: DSB SY, ISB. start, if there is one: before the first of them, and after
 * one may have been cut off: what a back end keeps in the hardware, such as PRSELR_EL2, is as it
 * wants it then, whatever it was. Nothing else is ever asked for.
 */
struct xm_mpu_ops {
    void (*start)(void *hw);
    void (*base)(void *hw, unsigned region, xm_mpu_reg v);
    void (*limit)(void *hw, unsigned region, xm_mpu_reg v);
    void (*enable)(void *hw, uint32_t v);
    void (*sync)(void *hw);
    /* Where the fields are: 64-bit 2, 1, 4; 32-bit 1, 0, 3. AttrIndx is limit[3:1] in both. */
    uint8_t ap_shift, xn_shift, sh_shift;
};

/* AP[2:1]: the rights of EL1 are never more than those of EL2. */
enum xm_mpu_ap { XM_MPU_EL2_RW = 0, XM_MPU_ALL_RW = 1, XM_MPU_EL2_RO = 2, XM_MPU_ALL_RO = 3 };

struct xm_mpu_region {
    xm_mpu_reg base, last; /* first and last byte */
    uint8_t ap;            /* enum xm_mpu_ap */
    uint8_t xn;            /* 1: nobody executes */
    uint8_t sh, attr;      /* shareability, index into MAIR_EL2 or HMAIR */
};

/* What a region's registers hold. EN of regions below 32 counts in .enabled alone. */
struct xm_mpu_slot {
    xm_mpu_reg base, limit;
};

enum xm_mpu_how {
    XM_MPU_NONE = 0,
    XM_MPU_COVERED,
    XM_MPU_BY_WINDOW,
    XM_MPU_BY_FLIP,
    XM_MPU_BY_SWITCH,
    XM_MPU_HOWS
};

struct xm_mpu {
    const struct xm_mpu_ops *ops;
    void *hw;
    struct xm_mpu_slot *slot;      /* nr of them */
    struct xm_mpu_slot *backup;    /* nr: the guest's, while Xen's view is in their place */
    struct xm_mpu_region *scratch; /* nr: of xm_mpu_view_load() */
    uint16_t nr, own, resident;    /* regions in all; Xen's own; the rest of its view, if it fits */
    uint16_t first_guest;
    uint16_t live, high; /* guest regions that are on; of them, numbers from 32 */
    uint16_t oldest;     /* which one demand fill replaces next */
    uint8_t remote;      /* enum xm_mpu_how in progress */
    bool changing;       /* a change of regions is under way */
    bool flips;          /* one write of the enable register gets to Xen's view */
    uint8_t slice_shift;
    uint32_t slices;  /* xm_mpu_slices() of all guest regions */
    uint32_t enabled; /* what the enable register holds */
    uint32_t restore; /* and what it held before a flip */
    uint32_t flipped; /* and with Xen's view in place of the guest's */
    uint64_t stamp;   /* another one whenever guest regions change */
    const void *view; /* whose regions these are, and as of when */
    uint64_t version;
    const struct xm_mpu_region *xen; /* Xen's view without its own regions */
    uint16_t xens;
    uint16_t cost[XM_MPU_HOWS]; /* of a remote access, in the measure's unit; 0: not measured */
    uint8_t order[XM_MPU_REGIONS_MAX]; /* live guest regions by address */
    struct {
        uint64_t registers, syncs, loads, fills, evictions, how[XM_MPU_HOWS];
    } stats;
};

struct xm_mpu_cfg {
    const struct xm_mpu_ops *ops;
    void *hw;
    unsigned nr;                     /* MPUIR_EL2.REGION, HMPUIR.REGION; at most 256 */
    struct xm_mpu_slot *slots;       /* 2 * nr */
    struct xm_mpu_region *scratch;   /* nr */
    const struct xm_mpu_region *own; /* always on; EL2 only */
    unsigned owns;
    const struct xm_mpu_region *xen; /* the rest of Xen's view; kept by reference */
    unsigned xens;
    bool resident;        /* in regions of its own, if the guest has the floor then */
    unsigned slice_shift; /* 0: 20, a MiB. Best the size of a small domain, see xm_mpu_slices() */
};

/*
 * Writes Xen's own regions, and turns off all others. The MPU is off, or on with its own regions
 * in those very places. -XM_EINVAL: overlap, granule, a region of Xen's that EL1 could reach;
 * -XM_ENOSPC: fewer than the floor left for a guest, or Xen's view fits nowhere.
 */
int xm_mpu_init(struct xm_mpu *m, const struct xm_mpu_cfg *cfg);

/* Regions that a guest's view may have. */
static inline unsigned xm_mpu_budget(const struct xm_mpu *m)
{
    return (unsigned)(m->nr - m->first_guest);
}

/* ---- regions of the guest that runs on this core ---- */

/*
 * From now on exactly these, in order of address, whatever there was: with as few register
 * writes as get there without an overlap. -XM_ENOSPC: more than the budget; -XM_EINVAL: overlap
 * (with Xen's own, too), granule, order; -XM_EBUSY: inside another change or a remote access. On
 * failure nothing changes.
 */
int xm_mpu_load(struct xm_mpu *m, const struct xm_mpu_region *r, unsigned n);
/*
 * One more; with no region free the oldest makes room. at_most: how many there may be, 0: the
 * budget. -XM_EEXIST: something of it is there already; -XM_EINVAL, -XM_EBUSY as above.
 */
int xm_mpu_fill(struct xm_mpu *m, const struct xm_mpu_region *r, unsigned at_most);
/* i-th by address, i below m->live. */
void xm_mpu_guest_region(const struct xm_mpu *m, unsigned i, struct xm_mpu_region *out);
/* XM_DO_* that EL1 may do at addr, going by what was written. */
uint8_t xm_mpu_guest_bits(const struct xm_mpu *m, xm_mpu_reg addr);
/*
 * For an exception that does not go back to where it came from: whatever was under way, Xen's own
 * regions are on after it, and nothing else is.
 */
void xm_mpu_recover(struct xm_mpu *m);

/* ---- shared with remote access ---- */

static inline xm_mpu_reg xm_mpu_first(const struct xm_mpu_slot *s)
{
    return s->base & ~(xm_mpu_reg)(XM_MPU_GRANULE - 1);
}

static inline xm_mpu_reg xm_mpu_last(const struct xm_mpu_slot *s)
{
    return s->limit | (XM_MPU_GRANULE - 1);
}

static inline bool xm_mpu_on(const struct xm_mpu *m, unsigned i)
{
    if (i < XM_MPU_ENABLE_BITS)
        return (m->enabled >> i & 1) != 0;
    return (m->slot[i].limit & XM_MPU_EN) != 0;
}

/* Register values; the limit's EN is set. */
static inline struct xm_mpu_slot xm_mpu_encode(const struct xm_mpu_ops *ops,
                                               const struct xm_mpu_region *r)
{
    struct xm_mpu_slot s;

    s.base = r->base | (xm_mpu_reg)r->ap << ops->ap_shift | (xm_mpu_reg)r->xn << ops->xn_shift |
             (xm_mpu_reg)r->sh << ops->sh_shift;
    s.limit = (r->last & ~(xm_mpu_reg)(XM_MPU_GRANULE - 1)) | (xm_mpu_reg)r->attr << 1 | XM_MPU_EN;
    return s;
}

/*
 * A bit for each slice that these addresses are in, the 33rd having the first one's again. What
 * shares no bit is apart; what shares one may be.
 */
static inline uint32_t xm_mpu_slices(const struct xm_mpu *m, xm_mpu_reg first, xm_mpu_reg last)
{
    xm_mpu_reg from = first >> m->slice_shift, more = (last >> m->slice_shift) - from;
    uint32_t bits;

    if (more > 30)
        return UINT32_MAX;
    bits = (UINT32_C(2) << more) - 1u;
    return bits << (from & 31) | bits >> (-from & 31);
}

/* After any change of .live, .high or .order. */
void xm_mpu_settle(struct xm_mpu *m);
/* The live guest region that holds addr, or the first one above it; m->live: none. */
unsigned xm_mpu_find(const struct xm_mpu *m, xm_mpu_reg addr);
/* Granule, direction, fields in range. */
bool xm_mpu_region_ok(const struct xm_mpu_region *r);
/* Counted writes, the shadow first. */
void xm_mpu_write_base(struct xm_mpu *m, unsigned i, xm_mpu_reg v);
void xm_mpu_write_limit(struct xm_mpu *m, unsigned i, xm_mpu_reg v);
void xm_mpu_write_enable(struct xm_mpu *m, uint32_t v);
void xm_mpu_sync(struct xm_mpu *m);
/* Xen's view in the place of the guest's regions, and back. */
void xm_mpu_switch_to_xen(struct xm_mpu *m);
void xm_mpu_switch_back(struct xm_mpu *m);

/* ==== the view of a domain ==== */

/*
 * The view of a direct-mapped domain: rights of each gfn as sorted extents, and the regions
 * that give exactly them. Knows neither struct xm_domain nor an allocator.
 *
 * A region exists for r, rx, rw and rwx. What has no encoding (w, x, wx), and what is to be
 * seen (n, n2rwx), gets none: its accesses fault, and are decided then.
 */

/* gfns first to last, with the same rights and attributes; neighbours differ, or do not touch. */
struct xm_mpu_extent {
    uint64_t first, last;
    uint8_t access; /* enum xm_access */
    uint8_t sh, attr;
};

struct xm_mpu_extents {
    struct xm_mpu_extent *e;
    uint32_t n, room;
    uint64_t gfns; /* in all */
};

/* An operation on a range makes at most so many more. */
#define XM_MPU_EXTENTS_MORE 2u

/* The extent of gfn, or NULL. */
const struct xm_mpu_extent *xm_mpu_extents_find(const struct xm_mpu_extents *x, uint64_t gfn);
/*
 * These gfns are the domain's, with these rights, whatever was there before.
 * All: -XM_EINVAL: last < first; -XM_ENOMEM: fewer than XM_MPU_EXTENTS_MORE left, nothing done.
 */
int xm_mpu_extents_map(struct xm_mpu_extents *x, const struct xm_mpu_extent *e);
int xm_mpu_extents_unmap(struct xm_mpu_extents *x, uint64_t first, uint64_t last);
/* Rights of those among them that are mapped. */
int xm_mpu_extents_set(struct xm_mpu_extents *x, uint64_t first, uint64_t last, enum xm_access a);

/* XM_DO_* that a region can give under these rights; 0: none. */
uint8_t xm_mpu_plan_bits(enum xm_access a);
/*
 * The fewest regions that give each gfn these bits and nothing else anything. Answers how many;
 * -XM_ENOSPC: more than max (out then holds the first); -XM_ERANGE: beyond the addresses there are.
 */
int xm_mpu_plan(const struct xm_mpu_extents *x, struct xm_mpu_region *out, unsigned max);
/* How many that are, without making them. */
uint32_t xm_mpu_plan_count(const struct xm_mpu_extents *x);
/* The one of them that holds gfn: 1; 0: there is none; -XM_ERANGE. */
int xm_mpu_plan_at(const struct xm_mpu_extents *x, uint64_t gfn, struct xm_mpu_region *out);

/* ---- on a core ---- */

enum xm_mpu_mode {
    XM_MPU_DEMAND = 0, /* a plan beyond the budget is filled in fault by fault */
    XM_MPU_WHOLE = 1   /* is refused */
};

struct xm_mpu_view {
    struct xm_mpu_extents x;
    uint8_t mode;     /* enum xm_mpu_mode */
    uint8_t sh, attr; /* of memory that struct xm_domain maps */
    uint16_t budget;  /* the smallest of the cores that may run the domain */
    uint32_t regions; /* of the plan */
    uint64_t version; /* moves with each change */
};

/* After a change of .x: -XM_ENOSPC: this mode cannot have it (take the change back). */
int xm_mpu_view_changed(struct xm_mpu_view *v);
/* The same for a change that nobody can take back: beyond the budget it is filled in. */
void xm_mpu_view_accept(struct xm_mpu_view *v);
/*
 * Brings a core to this view: on switching to one of its vCPUs, and on each core that runs one
 * after a change. The whole plan if it fits the budget; else of what is there that which is
 * still right, the rest by faults. -XM_EBUSY as xm_mpu_load(). Before a view is freed each core
 * leaves it: xm_mpu_load(m, NULL, 0).
 */
int xm_mpu_view_load(struct xm_mpu *m, const struct xm_mpu_view *v);

enum xm_mpu_fault {
    XM_MPU_FAULT_LOADED, /* the region was not there, and is now: again */
    XM_MPU_FAULT_STALE,  /* the core was behind the view, and is not now: again */
    XM_MPU_FAULT_ONCE,   /* the rights allow it and no region can say so: do it, leave none */
    XM_MPU_FAULT_DENIED, /* the rights forbid it */
    XM_MPU_FAULT_HOLE    /* not the domain's */
};
/*
 * EL1 did `what` (XM_DO_*) at addr and faulted. Decided by looking, never by the status
 * code: silicon and emulators report different ones. A negative errno as xm_mpu_fill().
 */
int xm_mpu_view_fault(struct xm_mpu *m, const struct xm_mpu_view *v, uint64_t addr, unsigned what);

/* ==== answers with STEP ==== */

/*
 * An instruction that was told and answered with STEP: it is let run once, on its own core, with what
 * was answered for and nothing else. Decisions only: what is open for whom, and until when. The
 * surroundings have the debug registers that let one instruction run and no second.
 *
 *     armed   an answer is there; the guest does not run
 *     open    the core's regions hold the pages, the guest runs its one instruction
 *     closed  at every exit from it, whatever it was for: before anything else is looked at
 *
 * An answer belongs to vCPU, instruction, page and access. It ends with its instruction, and with any
 * fault, hypercall or entry of the guest's elsewhere. What ends it early is told again.
 *
 * Of one vCPU; its own core changes it while the vCPU is there, the answer's while it is stopped.
 */

/* Its own bytes and its data: as many regions as XM_MPU_FLOOR promises. */
#define XM_MPU_STEP_PAGES XM_MPU_FLOOR

struct xm_mpu_step_page {
    uint64_t gfn;
    uint8_t told; /* XM_DO_* that an answer lets through */
    uint8_t free; /* XM_DO_* that the rights allow, and that it needs as well */
};

struct xm_mpu_step {
    uint8_t n; /* pages, by gfn; 0: no answer */
    bool open;
    bool tried; /* was open with just these */
    uint64_t pc;
    struct xm_mpu_step_page page[XM_MPU_STEP_PAGES];
    /* What is being told. */
    uint64_t asked_pc, asked_gfn;
    uint8_t asked;
};

/* ---- the life of an answer ---- */

/* What is done at pc may be told now: an answer is about this. */
void xm_mpu_step_asked(struct xm_mpu_step *s, uint64_t pc, uint64_t gfn, unsigned what);
/* STEP was answered to it. gfn: as the answer says; another than the told one lets nothing through. */
void xm_mpu_step_answer(struct xm_mpu_step *s, uint64_t gfn);
/* A fault of the guest's at pc: an answer for another instruction, or one that did not help, ends. */
void xm_mpu_step_fault(struct xm_mpu_step *s, uint64_t pc, uint64_t gfn, unsigned what);
/* The rights allow it; its region has to be there beside what is open. */
void xm_mpu_step_needs(struct xm_mpu_step *s, uint64_t gfn, unsigned what);
/* A hypercall of the guest's, or whatever else shows that it is elsewhere. */
void xm_mpu_step_forget(struct xm_mpu_step *s);

/* ---- on the core, under the lock of the view ---- */

/*
 * Puts the pages into the core's regions: what was answered for and what the rights allow, exactly as far
 * as a region can say so. The core has the view. -XM_ENOENT: there is nothing to open.
 */
int xm_mpu_step_open(struct xm_mpu_step *s, struct xm_mpu *m, const struct xm_mpu_view *v);
/*
 * Everything as the view says. done: the instruction is over, and its answers with it; else it may
 * be opened again.
 */
void xm_mpu_step_close(struct xm_mpu_step *s, struct xm_mpu *m, const struct xm_mpu_view *v,
                       bool done);
/*
 * A region for writing or fetching can be read, too. What page i of an open step can be read for
 * without an answer and without a right: true: the surroundings watch it (a watchpoint for loads), and
 * what it meets is a fault like any other.
 */
bool xm_mpu_step_watch(const struct xm_mpu_step *s, const struct xm_mpu_view *v, unsigned i);

/* ---- what cannot be let run ---- */

enum xm_mpu_insn {
    XM_MPU_INSN_PLAIN,
    /* Load- or store-exclusive, or between them: the return from any exception takes the monitor away,
     * so that the store fails, for ever. */
    XM_MPU_INSN_EXCLUSIVE,
    /* May lead back to itself: a mismatch breakpoint does not see that. */
    XM_MPU_INSN_BACK,
    XM_MPU_INSN_DEBUG, /* reads or writes debug registers, which are not the guest's meanwhile */
    XM_MPU_INSN_WAIT   /* for an interrupt or event: which is held back for as long as it waits */
};

enum xm_mpu_set { XM_MPU_A64, XM_MPU_A32, XM_MPU_T32 };

#define XM_MPU_STEP_BEFORE 16u /* instructions before it, that are looked at; halfwords in T32 */

/*
 * word: the instruction is the last of n, those before it come before it; more than
 * XM_MPU_STEP_BEFORE of them are not looked at. T32: one for each halfword, which is in the upper
 * half, with its successor.
 */
enum xm_mpu_insn xm_mpu_step_insn(enum xm_mpu_set set, const uint32_t *word, unsigned n);

#endif
