# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/events/step.c
# -c arm-relax-no-hold
# The same, where others get through.
s/uint32_t r = XMEM_N + (bits | more);/uint32_t r = XMEM_RWX;/
