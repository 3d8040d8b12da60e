# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/events/step.c
# -c pv-relax
# A second page ends the step of the first.
s/bool same = s->phase == STEP_STOPPED && .*;/bool same = false;/
