/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The EL2 MPU of one Armv8-R core: PMSAv8-64 (DDI 0600) and PMSAv8-32 (DDI 0568). Registers are
 * reached through struct xm_mpu_ops alone and are never read back.
 *
 * Regions, by number: 0 is the window; then Xen's own, always on; then the rest of Xen's view,
 * off and ready to be flipped to, if there is room; the others are the guest's.
 *
 * A struct xm_mpu belongs to its core and is used there, at EL2, with interrupts off.
 */
#ifndef XM_MPU_H
#define XM_MPU_H

#include <xm/env.h>

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

#endif
