# SPDX-License-Identifier: LGPL-2.1-or-later
# Rights asked for, learnt, sent, and put back.
rights_sources = \
	lib/rights/access.c \
	lib/rights/again.c \
	lib/rights/batch.c \
	lib/rights/changes.c \
	lib/rights/feed.c \
	lib/rights/guards.c \
	lib/rights/leaf.c \
	lib/rights/learn.c \
	lib/rights/one.c \
	lib/rights/remap.c \
	lib/rights/rights-int.h \
	lib/rights/rights.h \
	lib/rights/runs.c \
	lib/rights/send.c \
	lib/rights/undo.c
