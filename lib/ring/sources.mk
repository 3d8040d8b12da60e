# SPDX-License-Identifier: LGPL-2.1-or-later
# The vm_event ring as arithmetic on one page.
ring_sources = \
	lib/ring/ring-regs.c \
	lib/ring/ring.c \
	lib/ring/ring.h
