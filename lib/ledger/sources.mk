# SPDX-License-Identifier: LGPL-2.1-or-later
# What a session changed, and its undoing.
ledger_sources = \
	lib/ledger/ledger-int.h \
	lib/ledger/ledger.c \
	lib/ledger/ledger.h \
	lib/ledger/pauses.c \
	lib/ledger/store.c
