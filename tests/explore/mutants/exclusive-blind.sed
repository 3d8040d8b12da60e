# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/arm/a64-memory.c
# -c arm-emulate
# A store-exclusive does not look whether what was loaded is still there.
s/memcpy(want, m->value, sizeof(want))/memcpy(want, run->at->p[0], run->touch->bytes)/
