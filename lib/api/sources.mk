# SPDX-License-Identifier: LGPL-2.1-or-later
# Opening, enabling and ending a session; recovering what a tool left that died.
api_sources = \
	lib/api/api-int.h \
	lib/api/api.h \
	lib/api/domain.c \
	lib/api/inside.c \
	lib/api/memory.c \
	lib/api/open.c \
	lib/api/recover.c \
	lib/api/restore.c \
	lib/api/version.c \
	lib/api/views.c
