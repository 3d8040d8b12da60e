# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/events/step.c
# -c ept-view-17
# Opened rwx, not what the answer needs.
s/uint32_t r = XMEM_N + (bits | more);/uint32_t r = XMEM_RWX;/
