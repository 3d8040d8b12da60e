# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/views/copies.c
# -c ept-single -s copied
# What a step wrote into the copy itself is not the page's.
/^bool copies_writes/,/^}/s/^    note_open(.*$/    (void)note_open;/
