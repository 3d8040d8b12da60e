/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <xm/kinds.h>

const struct xm_kind_ops *const xm_kinds[] = {&xm_kind_arm_mpu, NULL};
