# SPDX-License-Identifier: LGPL-2.1-or-later
# hypervisor/core/pv/pv-step.c
# -p 1
# An answer is still there when its instruction was stepped.
/^void xm_pv_step_close/,/^}/s/if (done)/if (!v)/
