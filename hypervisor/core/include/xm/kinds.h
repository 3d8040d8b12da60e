/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kinds that there are: one file each in kinds/. An environment names those that it wants in xm_kinds[]. */
#ifndef XM_KINDS_H
#define XM_KINDS_H

#include <xm/base.h>

extern const struct xm_kind_ops xm_kind_x86_ept, xm_kind_x86_npt, xm_kind_x86_pv;
extern const struct xm_kind_ops xm_kind_arm_s2, xm_kind_arm_mpu;

#endif
