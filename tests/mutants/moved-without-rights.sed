# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/rights/remap.c
# unit/test-view-order what_was_moved_out_of_the_way_has_its_rights
# What was moved out of the way of a remap gets no rights again.
/^static int remap_again(.*to)$/,/^}/s/return rc ? rc : view_rights_again(d, v, gfn);/return rc;/
