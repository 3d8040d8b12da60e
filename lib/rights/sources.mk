# SPDX-License-Identifier: LGPL-2.1-or-later
# Rights asked for, learnt, sent, and put back.
rights_sources = \
	lib/rights/access.c \
	lib/rights/access.h \
	lib/rights/again.c \
	lib/rights/batch.c \
	lib/rights/changes.c \
	lib/rights/changes.h \
	lib/rights/feed.c \
	lib/rights/feed.h \
	lib/rights/guards.c \
	lib/rights/guards.h \
	lib/rights/leaf.c \
	lib/rights/leaf.h \
	lib/rights/learn.c \
	lib/rights/one.c \
	lib/rights/remap.c \
	lib/rights/remap.h \
	lib/rights/runs.c \
	lib/rights/runs.h \
	lib/rights/send.c \
	lib/rights/undo.c \
	lib/rights/undo.h
