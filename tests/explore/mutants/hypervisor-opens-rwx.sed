# SPDX-License-Identifier: LGPL-2.1-or-later
# hypervisor/core/pv/pv-step.c
# -c pv-processor
# The hypervisor opens more for a step than was answered for.
s/s->frame\[i\].bits |= ask->what;/s->frame[i].bits |= 7;/
