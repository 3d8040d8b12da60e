/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening a connection, by the scheme of its uri. */
#include "base/base.h"
#include "doc/doc.h"
#include "session/session.h"

#include <errno.h>
#include <string.h>
#include <xmem.h>

/* open: instead of the op, where a document says what is opened. */
struct scheme {
    const struct xmem_backend_ops *ops;
    int (*open)(const char *rest, const struct xmem_open_opts *opts, void **conn,
                struct xmem_error *err);
};

static const struct scheme schemes[] = {
    {&xmi_backend_xen, NULL},
    {&xmi_backend_sim, xmi_sim_open},
};
#define SCHEMES (sizeof(schemes) / sizeof(schemes[0]))

/* The one of the uri, and what stands behind its colon. */
static const struct scheme *scheme_of(const char *uri, const char **rest)
{
    for (size_t i = 0; i < SCHEMES; i++) {
        size_t n = strlen(schemes[i].ops->scheme);
        if (!strncmp(uri, schemes[i].ops->scheme, n) && uri[n] == ':') {
            *rest = uri + n + 1;
            return &schemes[i];
        }
    }
    return NULL;
}

int xmem_open(const char *uri, const struct xmem_open_opts *opts, struct xmem **out)
{
    struct xmem_error *err = xmi_error_thread();
    struct xmem_open_opts own = XMEM_INIT(own);
    const char *rest;
    void *conn;
    if (!uri || !out)
        return xmi_error_set(err, -EINVAL, "xmem_open: no uri, or nowhere to put the connection");
    int rc = opts ? xmi_sized_in(&own, sizeof(own), opts) : 0;
    if (rc)
        return xmi_error_set(err, rc, "xmem_open: opts.size is %zu, this library knows %zu bytes",
                             opts->size, sizeof(own));
    const struct scheme *s = scheme_of(uri, &rest);
    if (!s)
        return xmi_error_set(err, -EINVAL,
                             "'%.100s' is no uri of a machine: use xen:, sim: or "
                             "sim:FILE",
                             uri);
    xmi_error_clear(err);
    rc = (s->open ? s->open : s->ops->open)(rest, &own, &conn, err);
    if (rc)
        return rc;
    rc = xmi_connection_new(s->ops, conn, out);
    if (rc) {
        s->ops->close(conn);
        xmi_error_set(err, rc, "xmem_open: out of memory");
    }
    return rc;
}

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

const char *xmem_version(void)
{
    return TEXT(XMEM_VERSION_MAJOR) "." TEXT(XMEM_VERSION_MINOR) "." TEXT(XMEM_VERSION_PATCH);
}
