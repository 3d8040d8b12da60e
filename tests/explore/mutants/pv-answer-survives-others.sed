# SPDX-License-Identifier: LGPL-2.1-or-later
# hypervisor/core/steps/pv-armed.c
# -p 1
# An answer is still there behind another instruction.
/^void xm_pv_armed_begin/,/^}/s/xm_pv_disarm_all(a);/;/;/^bool xm_pv_is_armed/,/^}/s/ || a->ip != ip || a->sp != sp//
