# SPDX-License-Identifier: LGPL-2.1-or-later
# hypervisor/core/pv/pv-set.c
# -p 1
# An answer that was not needed is there for the next round.
/^int xm_pv_change/,/^}/s/xm_pv_stamp_some(pv, mfn, 1);/;/
