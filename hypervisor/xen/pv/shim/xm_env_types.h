/* SPDX-License-Identifier: GPL-2.0-only */
/* The core's PV part has one lock, over the table of rights: state.c. */
#ifndef XM_ENV_TYPES_H
#define XM_ENV_TYPES_H

#include <xen/spinlock.h>

/* Xen's are macros, the core's header declares the functions and says it as an attribute. */
#undef memcpy
#undef memset
#undef noreturn

struct xm_lock {
    spinlock_t lock;
    int level; /* of Xen's own order of locks, when it was taken */
};

#endif
