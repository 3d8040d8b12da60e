/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The last-error text of a handle: what, where, what to do. */
#ifndef XMEM_ERROR_H
#define XMEM_ERROR_H

#include <stdarg.h>

struct xmem_error {
    char text[512];
};

/* Sets the text and returns code, so that callers write: return xmi_error_set(e, -EINVAL, ...). */
int xmi_error_set(struct xmem_error *e, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
int xmi_error_vset(struct xmem_error *e, int code, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));
/* Adds to the text; what does not fit is cut. */
void xmi_error_add(struct xmem_error *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void xmi_error_clear(struct xmem_error *e);
/* Of failures that have no handle; one per thread. */
struct xmem_error *xmi_error_thread(void);

#endif
