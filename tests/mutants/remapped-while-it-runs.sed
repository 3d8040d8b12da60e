# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/rights/remap.c
# unit/test-view-order nobody_runs_while_a_remap_is_out_of_the_way
# The domain is not held while a remap is out of the way.
/^int view_remap/,/^}/{s/int rc = domain_hold(d);/int rc = 0;/;s/domain_let_go(d, remap_past(d, v, gfn, to))/remap_past(d, v, gfn, to)/}
