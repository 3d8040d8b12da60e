# SPDX-License-Identifier: LGPL-2.1-or-later
# hypervisor/core/mpu/mpu-step.c
# -c mpu-hypervisor
# A page is opened for writing, whatever a step was answered for.
s/(allowed(p, e) & XM_DO_W) != 0 ? XM_MPU_ALL_RW : XM_MPU_ALL_RO/XM_MPU_ALL_RW/
