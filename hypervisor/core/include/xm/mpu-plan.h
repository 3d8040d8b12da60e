/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The view of a direct-mapped domain: rights of each gfn as sorted extents, and the regions
 * that give exactly them. Knows neither struct xm_domain nor an allocator.
 *
 * A region exists for r, rx, rw and rwx. What has no encoding (w, x, wx), and what is to be
 * seen (n, n2rwx), gets none: its accesses fault, and are decided then.
 */
#ifndef XM_MPU_PLAN_H
#define XM_MPU_PLAN_H

#include <xm/mpu.h>
#include <xm/rights.h>

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

#endif
