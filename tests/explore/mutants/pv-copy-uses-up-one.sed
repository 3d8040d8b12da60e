# SPDX-License-Identifier: LGPL-2.1-or-later
# hypervisor/core/pv/pv-access.c
# -p 1
# A copy's first frame is used up before the second one was answered for.
/^enum xm_pv_next xm_pv_items/,/^}/s/^        if (next != XM_PV_GO_ON)$/        xm_pv_items_done(v, \&asks[i], 1);\n&/
