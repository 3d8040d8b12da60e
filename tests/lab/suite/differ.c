/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The same random operations on the simulated machine and on real Xen, compared step by step.
 *   differ KIND XEN-MACHINE [SEED [OPERATIONS]]     for example: differ arm-s2 xen/4.17 1 3000
 * Each operation makes a line of text of all that it answered; the two lines must be equal.
 */
#include "differ.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECONDS_PER_RUN 900u
#define LOOK_EVERY 50u

void conf_fail(struct conf *c, const char *file, int line, const char *fmt, ...)
{
    va_list ap;
    printf("# %s:%d: ", file, line);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    printf("\n");
    c->failed = 1;
}

void conf_skip(struct conf *c, const char *why)
{
    c->skipped = why;
}

uint32_t below(uint64_t *state, uint32_t n)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((*state >> 33) % n);
}

void say(struct side *s, const char *fmt, ...)
{
    size_t used = strlen(s->line);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(s->line + used, sizeof(s->line) - used, fmt, ap);
    va_end(ap);
}

/* 0: equal; the state is that of before the operation, for both sides the same. */
static int step(struct side side[2], uint64_t *state, unsigned n)
{
    uint64_t next = 0;
    for (int i = 0; i < 2; i++) {
        uint64_t own = *state;
        side[i].line[0] = '\0';
        if (n % LOOK_EVERY == 0)
            look_at_all(&side[i]);
        else
            operate(&side[i], &own);
        next = own;
    }
    *state = next;
    below(state, 2);
    return strcmp(side[0].line, side[1].line) != 0;
}

static int run(struct side side[2], uint64_t seed, unsigned operations)
{
    uint64_t state = seed;
    for (unsigned n = 1; n <= operations; n++) {
        if (step(side, &state, n)) {
            printf("# seed %ju operation %u\n# simulated: %s\n# real:      %s\n", (uintmax_t)seed, n,
                   side[0].line, side[1].line);
            return 1;
        }
    }
    return 0;
}

/* The laboratories do not scrub memory; a call of a remapped page must find a return there. */
static int fill_page(struct side *s, unsigned i)
{
    const uint64_t at = conf_gfn(&s->c, i) << 12, zero = 0, ret = 0xc3;
    int rc = xmem_domain_write(s->c.d, at + DIFFER_DATA, &zero, sizeof(zero));
    return rc ? rc : xmem_domain_write(s->c.d, at + DIFFER_CODE, &ret, sizeof(ret));
}

static int open_side(struct side *s, const struct guest_ops *ops, const char *arg)
{
    s->c.ops = ops;
    s->c.arg = arg;
    int rc = ops->setup(&s->c);
    if (!rc)
        rc = conf_open(&s->c, NULL);
    for (unsigned i = 0; i < DIFFER_GFNS && !rc; i++)
        rc = fill_page(s, i);
    return rc;
}

static int close_side(struct side *s)
{
    int rc = s->c.d ? conf_close(&s->c) : 0;
    s->c.ops->teardown(&s->c);
    return rc || s->c.failed;
}

int main(int argc, char **argv)
{
    static struct side side[2]; /* simulated, real */
    if (argc < 3 || strncmp(argv[2], "xen/", 4)) {
        fprintf(stderr, "usage: differ KIND xen/NAME [SEED [OPERATIONS]]\n");
        return 2;
    }
    uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 0) : 1;
    unsigned operations = argc > 4 ? (unsigned)strtoul(argv[4], NULL, 0) : 2000;
    /* The real one first: it goes on in a child process. */
    int rc = open_side(&side[1], &guest_xen, argv[2] + 4);
    alarm(SECONDS_PER_RUN);
    if (!rc)
        rc = open_side(&side[0], &guest_sim, argv[1]);
    if (rc)
        printf("# cannot be opened: %d %s\n", rc, xmem_last_error(NULL));
    int failed = rc ? 1 : run(side, seed, operations);
    for (int i = 0; i < 2; i++)
        if (side[i].c.ops && close_side(&side[i]))
            failed = 1;
    printf("%sok 1 - %s: as simulated, seed %ju, %u operations\n1..1\n", failed ? "not " : "",
           argv[2], (uintmax_t)seed, operations);
    return failed;
}
