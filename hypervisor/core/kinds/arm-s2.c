/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guests of Arm on second-stage tables. */
#include <xm/kinds.h>
#include <xm/second-stage.h>

#include "arm.h"

const struct xm_kind_ops xm_kind_arm_s2 = {
    .kind = XM_KIND_ARM_S2,
    .table = &xm_second_stage,
    .no_views = -XM_ENOSYS, /* Arm's hvm_op does not know the number at all */
    .regs_bytes = sizeof(struct xm_ev_regs_arm),
    .rwx_until_set = true,
    .monitor_caps = xm_arm_monitor_caps,
    .answer = xm_arm_regs_set,
};
