/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What Arm's kinds share. */
#ifndef XM_KINDS_ARM_H
#define XM_KINDS_ARM_H

#include <xm/base.h>

/* Of an answer's registers the pc, where it says so; as in Xen. */
void xm_arm_regs_set(struct xm_domain *d, struct xm_vcpu *v, const struct xm_ev *rsp);
uint32_t xm_arm_monitor_caps(const struct xm_domain *d);

#endif
