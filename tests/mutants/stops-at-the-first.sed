# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/rights/feed.c
# unit/test-refused a_gfn_that_is_refused_does_not_keep_the_others
# Restoring stops at the first gfn that is refused.
s/^    return f->d->dead || .*$/    return f->d->dead || f->rc;/
