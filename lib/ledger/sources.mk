# SPDX-License-Identifier: LGPL-2.1-or-later
# What a session changed, where another process can read it, and its undoing.
ledger_sources = \
	lib/ledger/arena-list.c \
	lib/ledger/arena-list.h \
	lib/ledger/arena.c \
	lib/ledger/arena.h \
	lib/ledger/known.c \
	lib/ledger/known.h \
	lib/ledger/layout.h \
	lib/ledger/ledger.c \
	lib/ledger/ledger.h \
	lib/ledger/pauses.c \
	lib/ledger/read.c \
	lib/ledger/read.h \
	lib/ledger/store.c
