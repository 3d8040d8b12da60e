# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/arm/a64-memory.c
# -c arm-emulate
# A store-exclusive that lost its monitor by its event is done all the same.
s/if (m->bytes == run->touch->bytes \&\& m->va == run->touch->va) {/if (true) {/
s/memcpy(want, m->value, sizeof(want))/memcpy(want, run->at->p[0], run->touch->bytes)/
