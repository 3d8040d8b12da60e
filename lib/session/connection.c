/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/session.h"

#include "base/base.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

int xmi_connection_new(const struct xmem_backend_ops *ops, void *conn, struct xmem **out)
{
    struct xmem *x = calloc(1, sizeof(*x));
    if (!x)
        return -ENOMEM;
    int rc = pthread_mutex_init(&x->lock, NULL);
    if (rc) {
        free(x);
        return -ENOMEM;
    }
    x->ops = ops;
    x->ledger_fd = -1;
    x->conn = conn;
    *out = x;
    return 0;
}

void xmi_connection_owe_pauses(struct xmem *x, uint32_t domid, struct owed_pauses *o)
{
    if (!o || !o->n) {
        free(o);
        return;
    }
    o->domid = domid;
    pthread_mutex_lock(&x->lock);
    o->next = x->owed;
    x->owed = o;
    pthread_mutex_unlock(&x->lock);
}

static struct owed_pauses *take_owed(struct xmem *x, uint32_t domid)
{
    struct owed_pauses **p = &x->owed, *o;
    pthread_mutex_lock(&x->lock);
    while (*p && (*p)->domid != domid)
        p = &(*p)->next;
    o = *p;
    if (o)
        *p = o->next;
    pthread_mutex_unlock(&x->lock);
    return o;
}

int xmi_connection_pay_pauses(struct xmem *x, uint32_t domid, void *dom, struct xmem_error *err)
{
    struct owed_pauses *o;
    int rc = 0;
    while (!rc && (o = take_owed(x, domid))) {
        for (; o->n && !rc; o->n -= !rc)
            rc = x->ops->unpause(dom);
        xmi_connection_owe_pauses(x, domid, o);
    }
    if (rc)
        xmi_error_set(err, -EIO,
                      "domain %" PRIu32 " is paused since an earlier call, and cannot be unpaused: "
                      "%s",
                      domid, strerror(-rc));
    return rc ? -EIO : 0;
}

void xmi_connection_free(struct xmem *x)
{
    for (struct owed_pauses *o; (o = x->owed);) {
        x->owed = o->next;
        free(o);
    }
    x->ops->close(x->conn);
    pthread_mutex_destroy(&x->lock);
    free(x);
}

int xmi_connection_fail(struct xmem *x, int code, const struct xmem_error *err)
{
    pthread_mutex_lock(&x->lock);
    x->error = *err;
    pthread_mutex_unlock(&x->lock);
    return code;
}

const char *xmem_last_error(const struct xmem *x)
{
    /* A copy of this thread's own: another thread's session may fail while this one reads. */
    static __thread struct xmem_error copy;
    if (!x)
        return xmi_error_thread()->text;
    pthread_mutex_lock((pthread_mutex_t *)&x->lock);
    copy = x->error;
    pthread_mutex_unlock((pthread_mutex_t *)&x->lock);
    return copy.text;
}

/* Own elements, whatever size the caller's have. */
static int list_own(struct xmem *x, size_t room, struct xmem_domain_info **own, size_t *n)
{
    struct xmem_error err = {0};
    struct xmem_domain_info *v = calloc(room ? room : 1, sizeof(*v));
    if (!v) {
        xmi_error_set(&err, -ENOMEM, "xmem_domain_list: out of memory");
        return xmi_connection_fail(x, -ENOMEM, &err);
    }
    int rc = x->ops->domain_list(x->conn, v, room, n);
    if (rc) {
        free(v);
        xmi_error_set(&err, rc, "the list of domains cannot be read: %s", strerror(-rc));
        return xmi_connection_fail(x, rc == -EPERM || rc == -EACCES || rc == -ENOMEM ? rc : -EIO,
                                   &err);
    }
    *own = v;
    return 0;
}

int xmem_domain_list(struct xmem *x, struct xmem_domain_info *v, size_t *n)
{
    struct xmem_domain_info *own = NULL;
    size_t all = 0;
    if (!x || !n || (*n && (!v || xmi_sized_check(v))))
        return -EINVAL;
    size_t stride = *n ? v[0].size : 0, room = *n;
    int rc = list_own(x, room, &own, &all);
    if (rc)
        return rc;
    for (size_t i = 0; i < all && i < room; i++) {
        char *to = (char *)v + i * stride;
        memcpy(to, &stride, sizeof(stride));
        xmi_sized_out(to, &own[i], sizeof(own[i]));
    }
    free(own);
    *n = all;
    if (all <= room)
        return 0;
    struct xmem_error err;
    xmi_error_set(&err, 0, "there are %zu domains, room is for %zu", all, room);
    return xmi_connection_fail(x, -ENOSPC, &err);
}

int xmem_machine_check(struct xmem *x, struct xmem_machine_report *out)
{
    struct xmem_machine_report own = XMEM_INIT(own);
    struct xmem_error err;
    if (!x || xmi_sized_check(out))
        return -EINVAL;
    int rc = x->ops->machine_check ? x->ops->machine_check(x->conn, &own) : -EOPNOTSUPP;
    if (rc) {
        xmi_error_set(&err, rc, "%s: machines check themselves when they are simulated (sim:)",
                      x->ops->scheme);
        return xmi_connection_fail(x, rc, &err);
    }
    xmi_sized_out(out, &own, sizeof(own));
    return 0;
}
