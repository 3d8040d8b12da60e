/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by the files that set rights of a PV guest's frames. */
#ifndef XM_PV_SET_H
#define XM_PV_SET_H

#include <xm/pv.h>

/* pv-set.c; pv->lock is held. */
enum xm_access xm_pv_rights_locked(struct xm_pv *pv, uint64_t mfn);
/* What the table keeps for these rights: nothing where the frame has them anyway. */
uint8_t xm_pv_value_of(const struct xm_pv *pv, enum xm_access a);
bool xm_pv_owned(struct xm_pv *pv, uint64_t mfn);
/*
 * One frame's rights, by who may set them; xm_pv_settle() is to follow. -XM_ENOMEM. Nothing becomes of a
 * frame that is not the domain's any more.
 */
int xm_pv_change(struct xm_pv *pv, uint64_t mfn, enum xm_access to, bool *flush);
/* What is left of drops, by hooks->settle: XM_CONTINUE where it may be preempted, and was. */
int xm_pv_settle(struct xm_pv *pv, bool may_preempt, bool *flush);
/* What was seen of these frames holds no longer. */
void xm_pv_stamp_some(struct xm_pv *pv, uint64_t first, uint64_t nr);

/* pv-many.c: what operations reserved is gone, those under way check what is left of them anew. */
void xm_pv_tickets_again(struct xm_pv *pv);

#endif
