# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/rights/changes.c
# unit/test-close rights_that_turned_are_set_again
# Rights that an access turned are left out as no change.
s/^    if (rights_turn(rights)).*$/    if (left > UINT64_MAX - 1)/
