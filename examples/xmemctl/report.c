/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* On stderr: diagnostics, saying what, why, and what to do; how far something is. */
#include "ctl.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void begin(const char *prefix)
{
    fflush(stdout); /* keeps the order where both go to one place */
    fputs(prefix, stderr);
}

/* Names in it, and what the library says of them, are others'. */
static void say(const char *fmt, va_list ap)
{
    char *text = NULL;

    if (vasprintf(&text, fmt, ap) < 0) {
        text = NULL;
    }
    ctl_put_text(stderr, text != NULL ? text : fmt);
    free(text);
}

void ctl_error(const char *fmt, ...)
{
    va_list ap;

    begin("xmemctl: ");
    va_start(ap, fmt);
    say(fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
}

void ctl_note(const char *fmt, ...)
{
    va_list ap;

    begin("xmemctl: note: ");
    va_start(ap, fmt);
    say(fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
}

static const char *remedy_of(int err)
{
    switch (err) {
    case -EOPNOTSUPP: return "'xmemctl doctor' tells what works here";
    case -EACCES:
        if (geteuid() == 0)
            return "the libxenctrl of another release, or a security policy: see 'xmemctl doctor'";
        return "run it as root in the control domain; 'xmemctl doctor' tells more";
    case -EPERM: return "run it as root in the control domain; 'xmemctl doctor' tells more";
    case -EBUSY: return "stop the tool that listens; if it died, 'xmemctl recover DOMAIN'";
    case -ESHUTDOWN: return "'xmemctl status' lists the domains there are";
    case -ERANGE: return "'xmemctl status DOMAIN' tells the highest gfn";
    default: return NULL;
    }
}

void ctl_complain(int err, const char *text, const char *fmt, ...)
{
    const char *remedy = remedy_of(err);
    va_list ap;

    begin("xmemctl: ");
    va_start(ap, fmt);
    say(fmt, ap);
    va_end(ap);
    fputs(": ", stderr);
    ctl_put_text(stderr, text != NULL && text[0] != '\0' ? text : strerror(-err));
    if (remedy != NULL) {
        fprintf(stderr, " (%s)", remedy);
    }
    fputc('\n', stderr);
}

int ctl_exit_of(int err)
{
    if (err == 0) {
        return CTL_OK;
    }
    return err == -EOPNOTSUPP ? CTL_UNSUPPORTED : CTL_OTHER;
}

size_t ctl_print_report(const struct xmem_report *r)
{
    size_t n = xmem_report_count(r);

    fflush(stdout);
    for (size_t i = 0; i < n; i++) {
        struct xmem_diag diag = XMEM_INIT(diag);
        if (xmem_report_get(r, i, &diag) == 0) {
            ctl_put_text(stderr, diag.full);
            fputc('\n', stderr);
        }
    }
    return n;
}

#define FIRST_WARNING 500u /* xmem-policy(5) */

void js_report(const struct xmem_report *r)
{
    size_t n = xmem_report_count(r);

    js_begin("messages", '[');
    for (size_t i = 0; i < n; i++) {
        struct xmem_diag diag = XMEM_INIT(diag);
        if (xmem_report_get(r, i, &diag) != 0) {
            continue;
        }
        js_begin(NULL, '{');
        js_u64("number", diag.number);
        js_bool("warning", diag.number >= FIRST_WARNING);
        js_u64("line", diag.line);
        js_u64("column", diag.column);
        js_str("path", diag.path);
        js_str("text", diag.text);
        js_end('}');
    }
    js_end(']');
}

/* ---- a bar on the terminal for what takes more than a second ---- */

#define BAR_WIDTH 40u
#define SHOW_AFTER_MS 1000u
#define REDRAW_MS 100u

static uint64_t now_ms(void)
{
    return clock_ns() / 1000000u;
}

void progress_start(struct progress *p, const char *what, bool force)
{
    *p = (struct progress){.what = what, .start_ms = now_ms(), .force = force};
}

static void draw(const struct progress *p, uint64_t done, uint64_t total)
{
    char bar[BAR_WIDTH + 1];
    double part = total == 0 ? 1.0 : (double)done / (double)total;
    unsigned full = (unsigned)(part * BAR_WIDTH);

    for (unsigned i = 0; i < BAR_WIDTH; i++) {
        bar[i] = i < full ? '#' : '.';
    }
    bar[BAR_WIDTH] = '\0';
    fprintf(stderr, "\r%s [%s] %3.0f%% %" PRIu64 "/%" PRIu64, p->what, bar, part * 100, done,
            total);
    fflush(stderr);
}

void progress_show(struct progress *p, uint64_t done, uint64_t total)
{
    uint64_t now = now_ms();

    if (!p->force && (now - p->start_ms < SHOW_AFTER_MS || !isatty(STDERR_FILENO))) {
        return;
    }
    if (p->drawn && now - p->drawn_ms < REDRAW_MS && done < total) {
        return;
    }
    draw(p, done < total ? done : total, total);
    p->drawn = true;
    p->drawn_ms = now;
}

void progress_end(struct progress *p)
{
    if (p->drawn) {
        fputc('\n', stderr);
    }
}
