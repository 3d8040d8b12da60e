# SPDX-License-Identifier: LGPL-2.1-or-later
# hypervisor/core/mpu/mpu-step-insn.c
# hypervisor/test-mpu-step-insn alone
# WFI is let run by itself, with the interrupts held back that it waits for.
s/^    if (waits(set, w))$/    if (waits(set, w) \&\& n == 0)/
