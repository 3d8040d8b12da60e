# SPDX-License-Identifier: LGPL-2.1-or-later
# Events, answers and steps.
events_sources = \
	lib/events/at-end.c \
	lib/events/event.c \
	lib/events/events-int.h \
	lib/events/events.h \
	lib/events/finish.c \
	lib/events/finish.h \
	lib/events/monitor.c \
	lib/events/monitor.h \
	lib/events/page-cache.c \
	lib/events/page-cache.h \
	lib/events/reinject.c \
	lib/events/reply.c \
	lib/events/step-again.c \
	lib/events/step-ahead.c \
	lib/events/step-ahead.h \
	lib/events/step-answer.c \
	lib/events/step-arm-world.c \
	lib/events/step-arm.c \
	lib/events/step-arm.h \
	lib/events/step-base.c \
	lib/events/step-copies.c \
	lib/events/step-copies.h \
	lib/events/step-look.c \
	lib/events/step-look.h \
	lib/events/step-open.c \
	lib/events/step-state.h \
	lib/events/step-strict.c \
	lib/events/step-view.c \
	lib/events/step.c \
	lib/events/step.h \
	lib/events/take.c \
	lib/events/undo.c \
	lib/events/watch.c \
	lib/events/x86-walk.c \
	lib/events/x86-walk.h
