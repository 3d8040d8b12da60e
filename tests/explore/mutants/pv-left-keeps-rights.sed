# SPDX-License-Identifier: LGPL-2.1-or-later
# hypervisor/core/pv/pv-set.c
# -p 1
# A frame that left still has its rights.
/^void xm_pv_frame_left/,/^}/s/^    xm_pv_table_left.*$/    (void)still;/
