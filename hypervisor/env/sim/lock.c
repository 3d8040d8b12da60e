/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Locks with ranks: a thread takes them from outer to inner, and at most one of a rank. */
#include <xm/env.h>

static _Thread_local uint32_t held; /* 1 << rank */

void xm_env_lock_init(struct xm_lock *l, enum xm_lock_rank rank)
{
    if (pthread_mutex_init(&l->mutex, NULL) != 0)
        xm_env_panic("lock: cannot make a mutex");
    l->rank = (uint32_t)rank;
}

void xm_env_lock(struct xm_lock *l)
{
    if (held >> l->rank != 0)
        xm_env_panic("lock: an outer lock, or one of the same rank, taken inside an inner one");
    if (pthread_mutex_lock(&l->mutex) != 0)
        xm_env_panic("lock: cannot be taken");
    held |= 1u << l->rank;
}

void xm_env_unlock(struct xm_lock *l)
{
    if ((held & 1u << l->rank) == 0)
        xm_env_panic("lock: dropped by a thread that does not hold it");
    held &= ~(1u << l->rank);
    if (pthread_mutex_unlock(&l->mutex) != 0)
        xm_env_panic("lock: cannot be dropped");
}
