/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PV mem_access on this core's domains, rings and events. */
#ifndef XM_PV_DOMAIN_H
#define XM_PV_DOMAIN_H

#include <xm/base.h>
#include <xm/pv.h>

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

/* Of a domain and a vCPU of that kind, and of no other. */
static inline struct xm_pv *xm_pv_of(const struct xm_domain *d)
{
    return d->own;
}

static inline struct xm_pv_vcpu *xm_pv_vcpu_of(const struct xm_vcpu *v)
{
    return v->own;
}

#endif
