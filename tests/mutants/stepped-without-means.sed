# SPDX-License-Identifier: LGPL-2.1-or-later
# hypervisor/core/kinds/arm-mpu.c
# hypervisor/test-mpu-step cannot
# An answer with STEP is taken where the surroundings cannot let one instruction run.
s/^    if (own->can_step && /    if (/
