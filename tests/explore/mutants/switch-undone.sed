# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/events/step-view.c
# -c ept-view-17
# The end of a step undoes the switch of views meanwhile.
s/events_of(d)->pool\[i\].home = view;/;/
