# SPDX-License-Identifier: LGPL-2.1-or-later
# The Xen backend; it needs no Xen headers and opens Xen's libraries at run time.
xen_sources = \
	lib/backend-xen.c \
	lib/backend-xen-caps.c \
	lib/backend-xen-domctl.c \
	lib/backend-xen-event.c \
	lib/backend-xen-host.c \
	lib/backend-xen-inject.c \
	lib/backend-xen-multi.c \
	lib/backend-xen-page.c \
	lib/backend-xen-pv.c \
	lib/backend-xen-rights.c \
	lib/backend-xen-vcpu.c \
	lib/backend-xen-view.c \
	lib/backend-xen.h \
	lib/xen-api.c \
	lib/xen-api.h \
	lib/xen-context.c \
	lib/xen-context.h \
	lib/xen-names.c \
	lib/xen-names.h \
	lib/xen-release.c \
	lib/xen-release.h
