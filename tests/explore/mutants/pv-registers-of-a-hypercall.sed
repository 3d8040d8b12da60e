# SPDX-License-Identifier: LGPL-2.1-or-later
# hypervisor/core/pv/pv-access.c
# -p 1
# Registers of an event out of a hypercall are set.
s/return !v->told || v->told_ask.who != XM_PV_BY_HYPERCALL;/return v != NULL;/
