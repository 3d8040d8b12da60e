# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/events/reply.c
# unit/test-view-order a_reply_names_no_view_of_the_librarys
# A reply may name the view that the library steps in.
s/^    if (v && !v->step && (id == 0/    if (v \&\& (id == 0/
