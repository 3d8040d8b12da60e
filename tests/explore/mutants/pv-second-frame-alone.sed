# SPDX-License-Identifier: LGPL-2.1-or-later
# hypervisor/core/steps/pv-armed.c
# -p 1
# A second frame's answer takes the place of the first one's.
/^void xm_pv_armed_begin/,/^}/!s/^    i = find(a, frame);$/    a->n = 0;\n&/
