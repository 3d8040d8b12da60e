# SPDX-License-Identifier: LGPL-2.1-or-later
# hypervisor/core/pv/pv-set.c
# -p 2
# Rights of a frame turn that left since.
s/ && xm_pv_owned(pv, mfn)//
