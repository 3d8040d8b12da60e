# SPDX-License-Identifier: LGPL-2.1-or-later
# Memory that another process can read: the ledger's, as it lies there.
arena_sources = \
	lib/arena/arena-list.c \
	lib/arena/arena.c \
	lib/arena/arena.h \
	lib/arena/known.c \
	lib/arena/read.c
