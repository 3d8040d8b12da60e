# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/events/step-open.c
# -c arm-relax
# A relaxed page is closed before its vCPU went on.
s/if (went_on(s, pc, &moves))/if (pc)/
