# SPDX-License-Identifier: LGPL-2.1-or-later
# Policies; through the public API and api/api.h.
policy_sources = \
	lib/policy/action.c \
	lib/policy/anchor.c \
	lib/policy/apply.c \
	lib/policy/check.c \
	lib/policy/copy.c \
	lib/policy/decide.c \
	lib/policy/extents.c \
	lib/policy/fields.c \
	lib/policy/holes.c \
	lib/policy/index.c \
	lib/policy/monitor.c \
	lib/policy/place.c \
	lib/policy/plan.c \
	lib/policy/policy-int.h \
	lib/policy/policy.c \
	lib/policy/reach.c \
	lib/policy/region.c \
	lib/policy/rule.c \
	lib/policy/step.c \
	lib/policy/strict.c \
	lib/policy/symbols.c \
	lib/policy/view.c \
	lib/policy/warn.c
