/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "doc/doc.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

struct entry {
    uint32_t number, line, column;
    char *file, *path, *text, *full;
};

struct xmem_report {
    size_t n;
    bool lost;                            /* a message, for want of memory */
    struct entry entries[REPORT_MAX + 1]; /* the last one: there are more */
};

int xmem_report_new(struct xmem_report **out)
{
    struct xmem_report *r;

    if (!out)
        return -EINVAL;
    r = calloc(1, sizeof(*r));
    if (!r)
        return -ENOMEM;
    *out = r;
    return 0;
}

static void entry_clear(struct entry *e)
{
    free(e->file);
    free(e->path);
    free(e->text);
    free(e->full);
}

void xmem_report_free(struct xmem_report *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->n; i++)
        entry_clear(&r->entries[i]);
    free(r);
}

size_t xmem_report_count(const struct xmem_report *r)
{
    return r ? r->n : 0;
}

int xmem_report_get(const struct xmem_report *r, size_t index, struct xmem_diag *out)
{
    const struct entry *e;
    struct xmem_diag d;
    int err;

    if (!r)
        return -EINVAL;
    err = xmi_sized_check(out);
    if (err)
        return err;
    if (index >= r->n)
        return -ENOENT;
    e = &r->entries[index];
    d = (struct xmem_diag){.size = sizeof(d),
                           .number = e->number,
                           .line = e->line,
                           .column = e->column,
                           .file = e->file,
                           .path = e->path,
                           .text = e->text,
                           .full = e->full};
    xmi_sized_out(out, &d, sizeof(d));
    return 0;
}

/* "file:line:column: [XM-nnn] path: text", without the numbers where there are none. */
static char *full_text(const struct entry *e)
{
    char *full = NULL;
    int n;

    if (e->line)
        n = asprintf(&full, "%s:%u:%u: [XM-%03u] %s: %s", e->file, e->line, e->column, e->number,
                     e->path, e->text);
    else
        n = asprintf(&full, "%s: [XM-%03u] %s: %s", e->file, e->number, e->path, e->text);
    return n < 0 ? NULL : full;
}

/*
 * Bytes that would break a line, a terminal or a reader of UTF-8 become '?': file names
 * and keys are hostile, and a long one was cut somewhere.
 */
static void make_printable(char *text)
{
    unsigned char *s = (unsigned char *)text;
    size_t left = text ? strlen(text) : 0;

    while (left) {
        size_t n = utf8_length(s, left);
        int bad = n == 0 || *s < 0x20 || *s == 0x7f || (*s == 0xc2 && s[1] < 0xa0);

        n = n ? n : 1;
        if (bad)
            memset(s, '?', n);
        s += n;
        left -= n;
    }
}

static void append(struct xmem_report *r, enum xm_message m, const struct report_pos *pos,
                   char *text)
{
    struct entry e = {.number = m, .line = pos->line, .column = pos->column, .text = text};

    e.file = strdup(pos->file ? pos->file : "");
    e.path = strdup(pos->path ? pos->path : "/");
    make_printable(e.file);
    make_printable(e.path);
    make_printable(e.text);
    if (e.file && e.path && e.text)
        e.full = full_text(&e);
    if (e.full) {
        r->entries[r->n++] = e;
    } else {
        entry_clear(&e);
        r->lost = true;
    }
}

void xmi_report_vadd(struct xmem_report *r, enum xm_message m, const struct report_pos *pos,
                     const char *fmt, va_list args)
{
    char *text;

    if (!r || r->n > REPORT_MAX)
        return;
    if (r->n == REPORT_MAX) {
        append(r, XM_MSG_MORE, &(struct report_pos){pos->file, 0, 0, "/"},
               strdup("there are more errors; correct these first"));
        return;
    }
    if (vasprintf(&text, fmt, args) >= 0)
        append(r, m, pos, text);
    else
        r->lost = true;
}

bool xmi_report_lost(struct xmem_report *r)
{
    bool lost = r && r->lost;

    if (r)
        r->lost = false;
    return lost;
}

void xmi_report_add(struct xmem_report *r, enum xm_message m, const struct report_pos *pos,
                    const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    xmi_report_vadd(r, m, pos, fmt, args);
    va_end(args);
}

/* ---- the registry of messages ---- */

static const struct xm_message_info table[] = {
#define X(number, id, about) {number, about},
    XM_MESSAGES(X)
#undef X
};

const struct xm_message_info *xm_message_at(size_t i)
{
    return i < sizeof(table) / sizeof(table[0]) ? &table[i] : NULL;
}
