# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/events/step-open.c
# -c ept-single -s failure
# Holding a vCPU that failed once is not tried again.
s/if (rc && !never_holds(rc))/if (0)/
