/* SPDX-License-Identifier: GPL-2.0-only */
/* The core's PV part takes no lock: its caller holds the domain's paging lock. */
#ifndef XM_ENV_TYPES_H
#define XM_ENV_TYPES_H

/* Xen's is a macro, the core's header says it as an attribute. */
#undef noreturn

struct xm_lock {
    int unused;
};

#endif
