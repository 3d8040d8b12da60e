# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/events/step-view.c
# -c ept-view-17
# A view that is open for another access of the page is taken.
s/ || sv->pages.v\[i\].need != s->pages.v\[i\].need)/)/
