/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rights as the listener sets them, and as a guest's access meets them. */
#ifndef XM_ACCESS_H
#define XM_ACCESS_H

#include <xm/p2m.h>

/*
 * XENMEM_access_op. The caller has found the domain. start: 0, and where XM_CONTINUE was answered
 * the value left in *start by then. GET writes op->access; the caller copies it back.
 */
int xm_hc_mem_access(struct xm_domain *d, struct xm_mem_access_op *op, uint32_t *start);

/* The same behind the look for a listener, as it is where a kind has no other. */
int xm_access_op(struct xm_domain *d, struct xm_mem_access_op *op, uint32_t *start);

/* The operations behind it, shared with altp2m; rights are the release's numbers. */
int xm_access_set(struct xm_domain *d, unsigned view, uint64_t gfn, uint32_t nr, uint32_t *start,
                  uint32_t wire);
int xm_access_set_multi(struct xm_domain *d, unsigned view, uint64_t gfns, uint64_t rights,
                        uint32_t nr, uint32_t *start);
int xm_access_get(struct xm_domain *d, unsigned view, uint64_t gfn, uint8_t *wire);

/* ---- the guest's side ---- */

enum xm_access_kind { XM_ACC_UNKNOWN = 0, XM_ACC_WITH_GLA = 1, XM_ACC_IN_GPT = 2 };

struct xm_access_req {
    uint32_t vcpu;
    xm_gfn_t gfn;
    uint32_t offset;
    bool gla_valid;
    uint64_t gla;
    uint8_t what; /* XM_DO_*, more than one for a read-modify-write */
    uint8_t kind; /* enum xm_access_kind */
};

struct xm_access_res {
    xm_mfn_t mfn;   /* of the page; valid with OK and EMULATE */
    uint8_t bits;   /* XM_DO_* that a TLB may keep for this gfn in this view */
    uint8_t access; /* enum xm_access in force */
    uint16_t view;
};

enum xm_verdict {
    XM_V_OK,        /* do it; cache .mfn and .bits */
    XM_V_RETRY_NOW, /* something was relaxed or copied: ask again at once */
    XM_V_STOPPED,   /* the vCPU is paused with an event, or waits for a slot: again when it runs */
    XM_V_VE,        /* the guest takes a #VE; its page is filled in */
    XM_V_EMULATE,   /* page walk with in-guest faults turned off: do it, cache nothing */
    XM_V_UNMAPPED,  /* nothing there: MMIO or an abort */
    XM_V_CRASH      /* the domain was crashed */
};

enum xm_verdict xm_access_check(struct xm_domain *d, const struct xm_access_req *req,
                                struct xm_access_res *res);
/* The event of an access that did `what`. */
void xm_access_event_fill(const struct xm_access_req *req, unsigned what, struct xm_ev *ev);

/*
 * The rights in force for vcpu and gfn, for self-checks: no copy, no conversion, no event. A view
 * that has not copied the gfn yet answers what it would copy. False: unmapped.
 */
bool xm_access_lookup(struct xm_domain *d, uint32_t vcpu, xm_gfn_t gfn, struct xm_access_res *res);
/* The same for a vCPU that would be in this view. */
bool xm_access_lookup_view(struct xm_domain *d, unsigned view, xm_gfn_t gfn,
                           struct xm_access_res *res);

#endif
