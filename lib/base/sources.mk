# SPDX-License-Identifier: LGPL-2.1-or-later
# What needs nobody: texts of errors, names of rights, structs of older and newer callers.
base_sources = \
	lib/base/base.h \
	lib/base/error.c \
	lib/base/error.h \
	lib/base/rights.c \
	lib/base/rights.h \
	lib/base/sized.c \
	lib/base/sized.h \
	lib/base/utf8.h \
	lib/base/util.c \
	lib/base/util.h
