# SPDX-License-Identifier: LGPL-2.1-or-later
# hypervisor/core/pv/pv-step.c
# -p 1
# The others run while a step is open.
s/ || !pv->calls->hold_others(pv->self, v->id))/)/;s/^    pv->calls->release_others(.*$/    ;/
