# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/views/pages.c
# unit/test-close a_page_where_one_of_the_sessions_was
# What is known of a page that was removed is kept for the next one.
/^void page_forget/,/^}/s/(void)known_put(.*$/;/
