# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/events/step-view.c
# -c ept-view-20
# The step view keeps rights that the tool took.
s/^            shut_known(d, sv, gfn, nr);/            ;/
