# SPDX-License-Identifier: LGPL-2.1-or-later
# The seam, and what is below it. The Xen backend needs no Xen headers and opens Xen's libraries at run time.
backend_sources = \
	lib/backend/backend.h \
	lib/backend/host-copy.c \
	lib/backend/host-copy.h \
	lib/backend/sim/access.c \
	lib/backend/sim/backend-sim-int.h \
	lib/backend/sim/backend-sim.c \
	lib/backend/sim/backend-sim.h \
	lib/backend/sim/demo.c \
	lib/backend/sim/vcpu.c \
	lib/backend/xen/api.c \
	lib/backend/xen/api.h \
	lib/backend/xen/backend-xen.c \
	lib/backend/xen/backend-xen.h \
	lib/backend/xen/caps.c \
	lib/backend/xen/context.c \
	lib/backend/xen/context.h \
	lib/backend/xen/event.c \
	lib/backend/xen/dom.c \
	lib/backend/xen/host-view.c \
	lib/backend/xen/host.c \
	lib/backend/xen/info.c \
	lib/backend/xen/inject.c \
	lib/backend/xen/multi.c \
	lib/backend/xen/names.c \
	lib/backend/xen/names.h \
	lib/backend/xen/page.c \
	lib/backend/xen/pv.c \
	lib/backend/xen/quiet.c \
	lib/backend/xen/release.c \
	lib/backend/xen/release.h \
	lib/backend/xen/rights.c \
	lib/backend/xen/vcpu.c \
	lib/backend/xen/view.c \
	lib/backend/xen/xen-hypercall.c \
	lib/backend/xen/xen-hypercall.h
