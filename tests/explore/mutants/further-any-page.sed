# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/events/step-again.c
# -c ept-view-17
# Whatever a step meets next is taken for the page that one met there before.
s/!is_open(sv, ev, s->origin, &s->pages))/false)/
