/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef XMEM_CONNECTION_H
#define XMEM_CONNECTION_H

#include "backend/backend.h"
#include "base/error.h"

#include <pthread.h>

/* Pauses of a domain that has no session, which could not be ended. */
struct owed_pauses {
    struct owed_pauses *next;
    uint32_t domid, n;
};

struct xmem {
    const struct xmem_backend_ops *ops;
    void *conn;
    pthread_mutex_t lock; /* sessions and error: sessions of other threads come and go */
    struct xmem_domain *sessions;
    struct xmem_domain *left; /* closed ones that could not undo everything */
    struct owed_pauses *owed;
    int ledger_fd; /* where the next session's ledger lies; -1: in this process's own memory */
    struct xmem_error error;
};

/* A connection over a backend that is open already; conn is closed with it. -ENOMEM. */
int connection_new(const struct xmem_backend_ops *ops, void *conn, struct xmem **out);
/* Its sessions are gone. */
void connection_free(struct xmem *x);
/* Copies a failure's text to the connection; returns code. */
int connection_fail(struct xmem *x, int code, const struct xmem_error *err);

/* Takes o, which may be NULL. */
void connection_owe_pauses(struct xmem *x, uint32_t domid, struct owed_pauses *o);
/* Ends them; dom is the domain as the backend has it. On failure they stay owed, and err says why. */
int connection_pay_pauses(struct xmem *x, uint32_t domid, void *dom, struct xmem_error *err);

#endif
