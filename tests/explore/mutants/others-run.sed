# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/events/step-open.c
# -c ept-single -p 1
# The others run while a page is open.
s/^    return hold_by_state(d);/    return 0;/
