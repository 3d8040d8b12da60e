/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Shadow entries that are there for an access of the hypervisor's own, whatever the rights: what a vCPU
 * opened has to be closed before it is in guest mode again, wherever that is. The very entries are kept,
 * so that closing looks at nothing else. One access needs two at most, and begins anew where it finds
 * one gone: with too many the oldest goes.
 *
 * The caller holds the lock of the shadows, but for xm_pv_open_any(), which is for the vCPU itself.
 */
#ifndef XM_PV_OPEN_H
#define XM_PV_OPEN_H

#include <xm/env.h>

#define XM_PV_OPEN_MOST 8u

struct xm_pv_open_entry {
    uint64_t mfn, place; /* xm_pv_place() */
};

struct xm_pv_open {
    bool pass; /* the next entry for this frame is made whatever its rights: */
    uint64_t mfn;
    uint32_t n;
    struct xm_pv_open_entry entry[XM_PV_OPEN_MOST];
};

typedef void xm_pv_take_fn(struct xm_env_dom *d, uint64_t place, uint64_t mfn);

/* The next entry on demand for this frame is for the hypervisor's access. */
void xm_pv_open_next(struct xm_pv_open *o, uint64_t mfn);
static inline bool xm_pv_open_passes(const struct xm_pv_open *o, uint64_t mfn)
{
    return o->pass && o->mfn == mfn;
}
/* It was made; take: xm_pv_where_hooks, for the one that goes. */
void xm_pv_open_made(struct xm_pv_open *o, uint64_t mfn, uint64_t place, struct xm_env_dom *d,
                     xm_pv_take_fn *take);
static inline bool xm_pv_open_any(const struct xm_pv_open *o)
{
    return o->pass || o->n != 0;
}
/* All of them go. True: TLBs have to be flushed before the vCPU runs. */
bool xm_pv_open_close(struct xm_pv_open *o, struct xm_env_dom *d, xm_pv_take_fn *take);

#endif
