/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/base.h"

#include <stdio.h>
#include <string.h>

int xmi_error_vset(struct xmem_error *e, int code, const char *fmt, va_list ap)
{
    if (e && vsnprintf(e->text, sizeof(e->text), fmt, ap) < 0)
        e->text[0] = '\0';
    return code;
}

int xmi_error_set(struct xmem_error *e, int code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    code = xmi_error_vset(e, code, fmt, ap);
    va_end(ap);
    return code;
}

void xmi_error_add(struct xmem_error *e, const char *fmt, ...)
{
    size_t used = strlen(e->text);
    va_list ap;
    va_start(ap, fmt);
    if (vsnprintf(e->text + used, sizeof(e->text) - used, fmt, ap) < 0)
        e->text[used] = '\0';
    va_end(ap);
}

void xmi_error_clear(struct xmem_error *e)
{
    e->text[0] = '\0';
}

struct xmem_error *xmi_error_thread(void)
{
    static __thread struct xmem_error error;
    return &error;
}
