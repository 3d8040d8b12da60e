/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Alternate views of a domain's memory (x86-ept). View 0 is the host view. */
#ifndef XM_ALTP2M_H
#define XM_ALTP2M_H

#include <xm/base.h>

/* For a kind that has them. */
extern const struct xm_view_ops xm_altp2m;

/* The guest's VMFUNC: only views that are visible. False: the guest gets an exception. */
bool xm_vcpu_vmfunc(struct xm_domain *d, uint32_t vcpu, uint64_t view);
/* How many views other than 0 there are. */
uint32_t xm_views_count(const struct xm_domain *d);

/* ---- inside the core, under the p2m lock ---- */

/*
 * What the view has, or would copy from the host; populate: a larger leaf of the host is copied
 * first. -XM_ESRCH: neither has it.
 */
int xm_view_effective(struct xm_domain *d, struct xm_p2m *p2m, xm_gfn_t gfn, bool populate,
                      struct xm_p2m_entry *e);
/* Copies the host's entry on a first touch. 1: copied, retry; 0: *e is the view's or a hole. */
int xm_view_copy(struct xm_domain *d, struct xm_p2m *p2m, xm_gfn_t gfn, struct xm_p2m_entry *e);
/* What the view has, or a first touch would give it. False: a hole. Changes nothing. */
bool xm_view_would_have(struct xm_domain *d, struct xm_p2m *p2m, xm_gfn_t gfn,
                        struct xm_p2m_entry *e);
/* The host changed: views follow (p2m_altp2m_propagate_change). */
int xm_views_propagate(struct xm_domain *d, xm_gfn_t gfn, unsigned order,
                       const struct xm_p2m_entry *e);
/* -XM_EINVAL: no room. rights: stored as they are, already checked. */
int xm_view_create(struct xm_domain *d, enum xm_access rights, uint16_t *view);
/* -XM_EBUSY: view 0, not there, or a vCPU is in it. */
int xm_view_destroy(struct xm_domain *d, unsigned view);
/* -XM_ENOMEM: they stay off. The copy's default is what the host view's is now. */
int xm_views_on(struct xm_domain *d);
void xm_views_off(struct xm_domain *d);
/* HVMOP_altp2m; other frames than before are mapped there. */
int xm_altp2m_op(struct xm_domain *d, struct xm_altp2m_op *op);
void xm_altp2m_changed(struct xm_domain *d, xm_gfn_t gfn, unsigned order);
/* Suppress-#VE, one and many (altp2m-ve.c). */
int xm_altp2m_set_sve(struct xm_domain *d, struct xm_altp2m_suppress_ve *op);
int xm_altp2m_set_sve_multi(struct xm_domain *d, struct xm_altp2m_suppress_ve_multi *op);
int xm_altp2m_get_sve(struct xm_domain *d, struct xm_altp2m_suppress_ve *op);
int xm_altp2m_notify_on(struct xm_domain *d, const struct xm_altp2m_enable_notify *op);
int xm_altp2m_notify_off(struct xm_domain *d, uint32_t vcpu);
/* Fills the #VE page. False: no page, or the guest has not finished with the last one. */
bool xm_ve_deliver(struct xm_vcpu *v, uint64_t gpa, uint64_t gla, unsigned what, unsigned rights);

#endif
