# SPDX-License-Identifier: LGPL-2.1-or-later
# hypervisor/core/pv/pv-access.c
# -p 1
# What cannot be emulated faults for ever where nobody listens.
s/return not_emulated_alone(pv, todo);/return XM_PV_AGAIN;/
