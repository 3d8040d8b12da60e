# SPDX-License-Identifier: LGPL-2.1-or-later
# What an Arm instruction does; no part of it knows a session.
arm_sources = \
	lib/arm/a32-data.c \
	lib/arm/a32-decode-data.c \
	lib/arm/a32-decode.c \
	lib/arm/a32-int.h \
	lib/arm/a32-mem.c \
	lib/arm/a32-regs.c \
	lib/arm/a32-rows.c \
	lib/arm/a32.c \
	lib/arm/a32.h \
	lib/arm/a64-alu.c \
	lib/arm/a64-branch.c \
	lib/arm/a64-decode-atomic.c \
	lib/arm/a64-decode-data.c \
	lib/arm/a64-decode-memory.c \
	lib/arm/a64-decode.c \
	lib/arm/a64-int.h \
	lib/arm/a64-memory.c \
	lib/arm/a64.c \
	lib/arm/a64.h \
	lib/arm/arm.c \
	lib/arm/arm.h \
	lib/arm/loop.c \
	lib/arm/place.c \
	lib/arm/t32-data.c \
	lib/arm/t32-narrow.c \
	lib/arm/t32-single.c \
	lib/arm/t32-wide.c \
	lib/arm/walk-a32.c \
	lib/arm/walk-int.h \
	lib/arm/walk-long.c \
	lib/arm/walk-read.c \
	lib/arm/walk.c
