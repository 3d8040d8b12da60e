/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The core's surroundings without an operating system: spin locks. */
#ifndef XM_ENV_TYPES_H
#define XM_ENV_TYPES_H

#include <stdint.h>

struct xm_lock {
    uint32_t held;
    uint32_t rank; /* enum xm_lock_rank */
};

#endif
