/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs statements about the laboratory's guest, and prints TAP. */
#include "real.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATEMENT_SECONDS 300u

void conf_fail(struct conf *c, const char *file, int line, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    printf("# %s:%d: ", file, line);
    vprintf(fmt, ap);
    printf("\n");
    va_end(ap);
    c->failed = 1;
}

void conf_skip(struct conf *c, const char *why)
{
    c->skipped = why;
}

static void run_one(struct conf *c, const struct statement *s)
{
    alarm(STATEMENT_SECONDS);
    int rc = c->ops->setup(c);
    if (!rc && !s->closed)
        rc = conf_open(c, NULL);
    if (rc)
        conf_fail(c, __FILE__, __LINE__, "setup answered %d: %s", rc, xmem_last_error(c->x));
    else
        s->fn(c);
    rc = conf_close(c);
    if (rc && !c->failed)
        conf_fail(c, __FILE__, __LINE__, "close: %d %s", rc, xmem_last_error(c->x));
    c->ops->teardown(c);
    alarm(0);
}

static unsigned number, failed;

void statements_run(const char *machine, const struct statement *s, const char *only)
{
    for (; s->text; s++) {
        struct conf c = {.ops = &guest_xen, .arg = strchr(machine, '/') + 1, .statement = s->text};
        if (only && !strstr(s->text, only))
            continue;
        run_one(&c, s);
        if (c.failed)
            failed++;
        printf("%sok %u - %s: %s%s%s\n", c.failed ? "not " : "", ++number, machine, s->text,
               c.skipped && !c.failed ? " # SKIP " : "", c.skipped && !c.failed ? c.skipped : "");
        fflush(stdout);
    }
}

int statements_end(void)
{
    printf("1..%u\n", number);
    return failed != 0;
}
