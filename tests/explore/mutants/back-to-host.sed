# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/events/step-view.c
# -c ept-view-17
# The way back leads to view 0.
s/a.step_view = v->step.back;/a.step_view = 0;/
