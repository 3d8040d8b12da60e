# SPDX-License-Identifier: LGPL-2.1-or-later
# hypervisor/core/pv/pv-access.c
# -p 1
# A step stays open while its vCPU waits for the next answer.
/^static bool ends_step/,/^}/s/verdict == XM_PV_EVENT ||/false \&\& verdict == XM_PV_EVENT ||/
