/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef XMEM_CONNECTION_H
#define XMEM_CONNECTION_H

#include "backend.h"
#include "error.h"

#include <pthread.h>

struct xmem {
    const struct xmem_backend_ops *ops;
    void *conn;
    pthread_mutex_t lock; /* sessions and error: sessions of other threads come and go */
    struct xmem_domain *sessions;
    struct xmem_error error;
};

/* A connection over a backend that is open already; conn is closed with it. -ENOMEM. */
int connection_new(const struct xmem_backend_ops *ops, void *conn, struct xmem **out);
/* Copies a failure's text to the connection; returns code. */
int connection_fail(struct xmem *x, int code, const struct xmem_error *err);

#endif
