/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The core's surroundings as a user-space program: locks that check their order. */
#ifndef XM_ENV_TYPES_H
#define XM_ENV_TYPES_H

#include <pthread.h>
#include <stdint.h>

struct xm_lock {
    pthread_mutex_t mutex;
    uint32_t rank; /* enum xm_lock_rank */
};

#endif
