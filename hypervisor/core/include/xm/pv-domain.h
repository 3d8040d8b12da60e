/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PV mem_access on this core's domains, rings and events. */
#ifndef XM_PV_DOMAIN_H
#define XM_PV_DOMAIN_H

#include <xm/access.h>

/*
 * Turns mem_access on for a PV domain and makes its ring's page, which belongs to the hypervisor
 * from its first moment: the guest never could map it. Nothing happens if it is on.
 * -XM_EOPNOTSUPP: no PV domain; -XM_ENOMEM.
 */
int xm_pv_enable(struct xm_domain *d);
/*
 * The reverse: every mapping becomes what the guest's tables say. -XM_EBUSY: somebody
 * listens, or, unless forced, rights are in force. XM_CONTINUE: it is off; again, until the memory is back.
 */
int xm_pv_disable(struct xm_domain *d, bool force);

/* XENMEM_access_op on a PV domain; the ring has been looked for. */
int xm_pv_hc_mem_access(struct xm_domain *d, struct xm_mem_access_op *op, uint32_t *start);

struct xm_pv_req {
    struct xm_access_req access; /* gfn: the machine frame */
    uint8_t who;                 /* enum xm_pv_who */
    bool guest_allows, ours;     /* of struct xm_pv_ask */
};

/*
 * An access that no shadow entry allows, or that is not made through one. XM_V_OK: make the entry
 * with xm_pv_entry_flags() and go on; XM_V_EMULATE: do it, leave no entry; XM_V_ANSWERED: the same, as
 * an answer said, if the emulator can, and xm_pv_disarm_all() when the instruction is done; XM_V_RETRY_NOW:
 * ask again; XM_V_STOPPED: again when the vCPU runs (a hypercall: continued with this item);
 * XM_V_GUEST_FAULT, XM_V_EFAULT, XM_V_CRASH. res->bits: what a TLB may keep.
 */
enum xm_verdict xm_pv_check(struct xm_domain *d, const struct xm_pv_req *req,
                            struct xm_access_res *res);

#endif
