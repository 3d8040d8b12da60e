/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench DOMID MAILBOX-ADDRESS FREE-ADDRESS: figures as TAP. The time is the emulated machine's:
 * the ratios are what counts, and so do the numbers of hypercalls.
 */
#include "bench.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SLOWER 1.10 /* up to this it counts as no slower */
#define ROUNDS 3

double bench_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int bench_walk(const struct bench *b, uint32_t n)
{
    struct lab_mailbox m = {.op = LAB_OP_WRITE, .addr = b->gfn * BENCH_PAGE, .stride = BENCH_PAGE,
                            .count = n, .value = 1};

    return lab_guest_start(b->guest, 0, &m);
}

/* One line of the table: what it is, per what, libxmem's and the others'. */
struct row {
    const char *what;
    uint32_t n;
    bench_fn fn;
    bench_fn plain; /* must not be faster */
    double calls;   /* at least so many times fewer hypercalls than plain, 0: not asked */
    const char *todo; /* why it is slower still; NULL: it is not */
};

#define PATH "the path of a change is longer than the loop's"
/* Where one call sets all of them (x86), what the session remembers of each page is what counts. */
#define NOTES "what was there is noted for each page"

static const struct row rows[] = {
    {"event, page set free, answered: plain loop", BENCH_EVENTS, xmem_events, plain_events, 0, PATH},
    {"event, page set free, answered: xen-access loop", BENCH_EVENTS, xmem_events, access_events, 0, NULL},
    {"4096 pages one by one", BENCH_PAGES, xmem_pages, plain_pages, 0, PATH},
    {"4096 pages one by one, each asked for first", BENCH_PAGES, xmem_asked, plain_asked, 0, NULL},
    {"4096 pages in a range", BENCH_PAGES, xmem_range, plain_range, 0, NULL},
    {"4096 pages, neighbours differ", BENCH_PAGES, xmem_scattered, plain_scattered, 0, NOTES},
    {"policy of 10,000 gfns in runs of 16", BENCH_POLICY, xmem_policy_runs, plain_policy, 20, NULL},
};

static unsigned number, failed;

/* What is known to be slower is an expected failure, and counted as such. */
static void test(bool good, const char *what, const char *detail, const char *todo)
{
    printf("%sok %u - %s: %s%s%s\n", good ? "" : "not ", ++number, what, detail,
           !good && todo ? " # TODO " : "", !good && todo ? todo : "");
    fflush(stdout);
    if (!good && !todo)
        failed++;
}

/* The best of some rounds: the first one pays for what is new to the emulator too. */
static int best_of(const struct bench *b, bench_fn fn, struct figure *best)
{
    for (int i = 0; i < ROUNDS; i++) {
        struct figure f = {0};
        int rc = fn(b, &f);

        if (rc)
            return rc;
        if (!i || f.seconds < best->seconds)
            *best = f;
    }
    return 0;
}

static void measure(const struct bench *b, const struct row *r)
{
    struct figure mine = {0}, other = {0};
    char text[256];
    int rc = best_of(b, r->fn, &mine);
    int rc2 = rc ? 0 : best_of(b, r->plain, &other);

    if (rc || rc2) {
        snprintf(text, sizeof(text), "failed: %s", strerror(rc ? -rc : -rc2));
        test(false, r->what, text, NULL);
        return;
    }
    snprintf(text, sizeof(text),
             "libxmem %.2f us %.3f hypercalls, plain %.2f us %.3f hypercalls each (time x %.2f, "
             "calls x %.3f)", mine.seconds * 1e6 / r->n, (double)mine.hypercalls / r->n,
             other.seconds * 1e6 / r->n, (double)other.hypercalls / r->n,
             mine.seconds / other.seconds, (double)mine.hypercalls / (double)other.hypercalls);
    test(mine.seconds <= other.seconds * SLOWER &&
             (double)mine.hypercalls * r->calls <= (double)other.hypercalls, r->what, text,
         r->todo);
}

static void step_rate(const struct bench *b)
{
    struct figure f = {0};
    char text[128];
    int rc = best_of(b, xmem_steps, &f);

    snprintf(text, sizeof(text), "%.0f a second, %.2f hypercalls each%s%s",
             (double)f.events / f.seconds, (double)f.hypercalls / (double)(f.events ? f.events : 1),
             rc ? ", failed: " : "", rc ? strerror(-rc) : "");
    test(!rc, "accesses stepped over by libxmem", text, NULL);
}

int main(int argc, char **argv)
{
    struct bench b = {0};
    int rc;

    if (argc != 4) {
        fprintf(stderr, "usage: bench DOMID MAILBOX-ADDRESS FREE-ADDRESS\n");
        return 2;
    }
    b.domid = (uint32_t)strtoul(argv[1], NULL, 0);
    b.gfn = strtoull(argv[3], NULL, 0) / BENCH_PAGE;
    rc = lab_guest_open(&b.guest, b.domid, strtoull(argv[2], NULL, 0) / BENCH_PAGE);
    if (!rc)
        rc = lab_guest_alive(b.guest, 0, LAB_PATIENCE_MS);
    if (rc) {
        printf("Bail out! domain %" PRIu32 ": %s\n", b.domid, strerror(-rc));
        return 1;
    }
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        measure(&b, &rows[i]);
    step_rate(&b);
    printf("1..%u\n", number);
    lab_guest_close(b.guest);
    return failed != 0;
}
