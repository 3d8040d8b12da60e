# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/rights/undo.c
# unit/test-close a_default_over_all_that_was_set_as_it_was_found
# A default over all pages is not put back where it equals the one last set.
s/(d->led->default_now != d->led->default_found || d->led->default_over_all)/d->led->default_now != d->led->default_found/
