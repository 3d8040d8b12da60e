# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/view.c
# unit/test-view-order what_was_moved_out_of_the_way_has_its_rights
# What was moved out of the way of a remap gets no rights again.
/^static int remap_past/,/^}/s/^        rc2 = rights_again(d, v, to);$/        rc2 = 0;/
