/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A logger for Xen's libraries that says nothing: what fails is told by those who called. */
#include "backend/xen/backend-xen.h"

#include <stdarg.h>

/* struct xentoollog_logger (xentoollog.h), the same since 4.1. */
struct quiet_logger {
    void (*message)(struct quiet_logger *l, int level, int error, const char *context,
                    const char *format, va_list ap);
    void (*progress)(struct quiet_logger *l, const char *context, const char *what, int percent,
                     unsigned long done, unsigned long total);
    void (*destroy)(struct quiet_logger *l);
};

static void quiet_message(struct quiet_logger *l, int level, int error, const char *context,
                          const char *format, va_list ap)
{
    (void)l;
    (void)level;
    (void)error;
    (void)context;
    (void)format;
    (void)ap;
}

static void quiet_destroy(struct quiet_logger *l)
{
    (void)l;
}

void *xmi_xen_quiet(void)
{
    static struct quiet_logger logger = {.message = quiet_message, .destroy = quiet_destroy};
    return &logger;
}
