# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/events/step-arm-world.c
# -c arm-emulate
# What was answered for once holds for the whole loop.
s/    if (p->v\[i\]\.need & XMEM_ACCESS_W) {/    if (true) {/
s/p->v\[kept++\]\.need = XMEM_ACCESS_W/kept++/
