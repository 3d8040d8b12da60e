/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PV mem_access on this core's domains, rings and events. */
#ifndef XM_PV_DOMAIN_H
#define XM_PV_DOMAIN_H

#include <xm/access.h>
#include <xm/pv-access.h>

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

/* Gives xm_pv_access() the domain's own locks and ring. */
void xm_pv_bind(struct xm_domain *d);

#endif
