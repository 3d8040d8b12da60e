# SPDX-License-Identifier: LGPL-2.1-or-later
# What memory an x86 instruction touches; no part of it knows a session.
x86_sources = \
	lib/x86/decode.c \
	lib/x86/rows.c \
	lib/x86/rows.h \
	lib/x86/rows-0f.c \
	lib/x86/touch.c \
	lib/x86/x86.h
