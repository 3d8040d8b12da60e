# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/events/step-again.c
# -c ept-view-17
# The same for a page that is open already.
s/\.step_view = s->back};/.step_view = 0};/
