# SPDX-License-Identifier: LGPL-2.1-or-later
# hypervisor/core/pv/pv-set.c
# hypervisor/test-pv-set test_frame_that_left
# The rights of a frame that left a PV guest are kept.
/^void xm_pv_frame_left/,/^}/s/^    xm_pv_table_left.*$/    (void)mfn;/
