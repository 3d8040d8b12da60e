# SPDX-License-Identifier: LGPL-2.1-or-later
# hypervisor/core/pv/pv-set.c
# -p 2
# Rights turn although a default was set since.
/^void xm_pv_set_default/,/^}/s/xm_pv_stamp_some(pv, 0, XM_PV_STAMPS);/;/
