# SPDX-License-Identifier: LGPL-2.1-or-later
# Documents: strict JSON, messages, reports, machine files, symbol files and what unpacks them.
doc_sources = \
	lib/doc/doc.h \
	lib/doc/json-doc.c \
	lib/doc/json-doc.h \
	lib/doc/json-get.c \
	lib/doc/json-scan.c \
	lib/doc/json-scan.h \
	lib/doc/json-text.c \
	lib/doc/json-text.h \
	lib/doc/messages.c \
	lib/doc/messages.h \
	lib/doc/report.c \
	lib/doc/report.h \
	lib/doc/sim-file-dead.c \
	lib/doc/sim-file-int.h \
	lib/doc/sim-file-program.c \
	lib/doc/sim-file-refused.c \
	lib/doc/sim-file.c \
	lib/doc/sim-file.h \
	lib/doc/sim-open.c \
	lib/doc/sim-open.h \
	lib/doc/symbols-file.c \
	lib/doc/symbols-isf.c \
	lib/doc/symbols.c \
	lib/doc/symbols.h \
	lib/doc/unpack.c \
	lib/doc/unpack.h

# Formats of symbol files whose libraries a build may be without.
if HAVE_ZLIB
doc_sources += lib/doc/unpack-gz.c
else
doc_sources += lib/doc/unpack-gz-none.c
endif
if HAVE_LIBLZMA
doc_sources += lib/doc/unpack-xz.c
else
doc_sources += lib/doc/unpack-xz-none.c
endif
