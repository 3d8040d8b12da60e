# SPDX-License-Identifier: LGPL-2.1-or-later
# hypervisor/core/pv/pv-step.c
# -p 1
# What was opened for a step is open still when the others go on.
/^void xm_pv_step_close/,/^}/s/flush = pv->hooks->drop(.*$/flush = false;/
