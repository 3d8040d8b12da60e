# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/events/step-view.c
# -c ept-view-17
# A step by view ends the caller's single step.
s/bool slow = v->user_step || v->own_step ||/bool slow = v->own_step ||/
