# SPDX-License-Identifier: LGPL-2.1-or-later
# Alternate views, and the pages that they show.
views_sources = \
	lib/views/copies.c \
	lib/views/pages.c \
	lib/views/undo.c \
	lib/views/view.c \
	lib/views/views-int.h \
	lib/views/views.h \
	lib/views/visible.c
