# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/rights/access.c
# unit/test-close rights_that_turned_are_set_again
# The same where one gfn is set.
s/if (!rights_turn((uint8_t)rights) && !v->unsure/if (!v->unsure/
