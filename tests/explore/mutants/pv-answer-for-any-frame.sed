# SPDX-License-Identifier: LGPL-2.1-or-later
# hypervisor/core/steps/pv-armed.c
# -p 1
# An answer lets its address through, whatever frame is there now.
s/(a->frame\[i\].mfn != frame->mfn || a->frame\[i\].at != frame->at)/a->frame[i].at != frame->at/
