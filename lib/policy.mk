# SPDX-License-Identifier: LGPL-2.1-or-later
# Strict JSON documents, policies, and descriptions of simulated machines.
policy_sources = \
	lib/json-doc.c \
	lib/json-doc.h \
	lib/json-get.c \
	lib/json-scan.c \
	lib/json-scan.h \
	lib/json-text.c \
	lib/json-text.h \
	lib/policy-action.c \
	lib/policy-anchor.c \
	lib/policy-apply.c \
	lib/policy-check.c \
	lib/policy-copy.c \
	lib/policy-decide.c \
	lib/policy-holes.c \
	lib/policy-index.c \
	lib/policy-messages.c \
	lib/policy-messages.h \
	lib/policy-monitor.c \
	lib/policy-place.c \
	lib/policy-plan.c \
	lib/policy-reach.c \
	lib/policy-region.c \
	lib/policy-rule.c \
	lib/policy-step.c \
	lib/policy-strict.c \
	lib/policy-symbols.c \
	lib/policy-view.c \
	lib/policy-warn.c \
	lib/policy.c \
	lib/policy.h \
	lib/report.c \
	lib/report.h \
	lib/sim-file-dead.c \
	lib/sim-file-int.h \
	lib/sim-file-program.c \
	lib/sim-file.c \
	lib/sim-file.h \
	lib/symbols-file.c \
	lib/symbols-isf.c \
	lib/symbols.c \
	lib/symbols.h \
	lib/unpack.c \
	lib/unpack.h \
	lib/utf8.h

# Formats of symbol files whose libraries a build may be without.
if HAVE_ZLIB
policy_sources += lib/unpack-gz.c
else
policy_sources += lib/unpack-gz-none.c
endif
if HAVE_LIBLZMA
policy_sources += lib/unpack-xz.c
else
policy_sources += lib/unpack-xz-none.c
endif
