/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The filling side of struct xmem_report; its reading side is in <xmem.h>. */
#ifndef XMEM_REPORT_H
#define XMEM_REPORT_H

#include <stdarg.h>
#include <stdbool.h>
#include <xmem.h>

#include "doc/messages.h"

/* More errors than these say nothing new: one last message tells that there are more. */
#define REPORT_MAX 20u

struct report_pos {
    const char *file;
    uint32_t line, column; /* 0: none */
    const char *path;      /* JSON pointer */
};

/* Strings are copied. r may be NULL; without memory the message is lost, and xmi_report_lost() says so. */
void xmi_report_add(struct xmem_report *r, enum xm_message m, const struct report_pos *pos,
                    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void xmi_report_vadd(struct xmem_report *r, enum xm_message m, const struct report_pos *pos,
                     const char *fmt, va_list args) __attribute__((format(printf, 4, 0)));
/* Was one lost since this was asked last? What says nothing then must not say that it did. */
bool xmi_report_lost(struct xmem_report *r);

#endif
