/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench DOMID MAILBOX-ADDRESS FREE-ADDRESS: figures as TAP. The time is the emulated machine's:
 * the ratios are what counts, and so do the numbers of hypercalls.
 */
#include "bench.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <xmem.h>

#define RUN 16u
#define GAP 3u

struct session {
    struct xmem *x;
    struct xmem_domain *d;
    uint64_t calls;
};

static uint64_t calls_of(struct session *s)
{
    struct xmem_stats st = XMEM_INIT(st);

    return xmem_domain_get_stats(s->d, &st) ? 0 : st.hypercalls;
}

static int session_on(struct session *s, const struct bench *b, enum xmem_restore restore)
{
    struct xmem_domain_opts opts = XMEM_INIT(opts);
    int rc = xmem_open("xen:", NULL, &s->x);

    opts.restore = restore;
    if (!rc)
        rc = xmem_domain_open(s->x, b->domid, &opts, &s->d);
    if (!rc)
        rc = xmem_domain_enable(s->d);
    return rc;
}

static void begin(struct session *s, struct figure *out)
{
    s->calls = calls_of(s);
    out->seconds = bench_now();
}

static void end(struct session *s, struct figure *out)
{
    out->seconds = bench_now() - out->seconds;
    out->hypercalls = calls_of(s) - s->calls;
}

/* ---- events ---- */

static int relax(struct session *s, const struct xmem_event *ev)
{
    int rc = xmem_domain_set_rights(s->d, 0, ev->u.mem.gfn, XMEM_RWX);

    return rc ? rc : xmem_event_reply(s->d, ev, NULL);
}

static int step(struct session *s, const struct xmem_event *ev)
{
    return xmem_event_step_over(s->d, ev);
}

static int loop(const struct bench *b,
                int (*handle)(struct session *s, const struct xmem_event *ev), struct figure *out)
{
    struct session s = {0};
    const struct xmem_event *ev;
    int rc = session_on(&s, b, XMEM_RESTORE_AUTO);

    if (!rc)
        rc = xmem_domain_set_rights_range(s.d, 0, b->gfn, BENCH_EVENTS, XMEM_RX);
    if (!rc)
        begin(&s, out);
    if (!rc)
        rc = bench_walk(b, BENCH_EVENTS);
    while (!rc && (out->events < BENCH_EVENTS || !lab_guest_done(b->guest, 0))) {
        if (bench_now() - out->seconds > 60)
            rc = -ETIMEDOUT;
        xmem_event_wait(s.d, 100);
        while (!rc && !xmem_event_next(s.d, &ev)) {
            rc = handle(&s, ev);
            out->events++;
        }
    }
    if (s.d)
        end(&s, out);
    xmem_close(s.x);
    return rc;
}

int xmem_events(const struct bench *b, struct figure *out)
{
    return loop(b, relax, out);
}

int xmem_steps(const struct bench *b, struct figure *out)
{
    return loop(b, step, out);
}

/* ---- rights ---- */

static int each(struct session *s, const struct bench *b)
{
    int rc = 0;

    for (uint32_t i = 0; i < BENCH_PAGES && !rc; i++)
        rc = xmem_domain_set_rights(s->d, 0, b->gfn + i, XMEM_RX);
    return rc;
}

static int range(struct session *s, const struct bench *b)
{
    return xmem_domain_set_rights_range(s->d, 0, b->gfn, BENCH_PAGES, XMEM_RX);
}

static int scattered(struct session *s, const struct bench *b)
{
    static uint64_t gfns[BENCH_PAGES];
    static uint8_t rights[BENCH_PAGES];

    for (uint32_t i = 0; i < BENCH_PAGES; i++) {
        gfns[i] = b->gfn + i;
        rights[i] = i % 2 ? XMEM_RX : XMEM_R;
    }
    return xmem_domain_set_rights_many(s->d, 0, gfns, rights, BENCH_PAGES);
}

static int policy(struct session *s, const struct bench *b)
{
    struct xmem_batch *batch = NULL;
    int rc = xmem_batch_new(s->d, &batch);

    for (uint32_t i = 0; i < BENCH_POLICY && !rc; i += RUN)
        rc = xmem_batch_add(batch, 0, b->gfn + i / RUN * (RUN + GAP), RUN, XMEM_RX);
    if (!rc)
        rc = xmem_batch_apply(batch, NULL);
    xmem_batch_free(batch);
    return rc;
}

static int timed(const struct bench *b, int (*fn)(struct session *s, const struct bench *b),
                 enum xmem_restore restore, struct figure *out)
{
    struct session s = {0};
    int rc = session_on(&s, b, restore);

    if (!rc) {
        begin(&s, out);
        rc = fn(&s, b);
        end(&s, out);
    }
    xmem_close(s.x);
    return rc;
}

int xmem_pages(const struct bench *b, struct figure *out)
{
    return timed(b, each, XMEM_RESTORE_AUTO, out);
}

int xmem_asked(const struct bench *b, struct figure *out)
{
    return timed(b, each, XMEM_RESTORE_EXACT, out);
}

int xmem_range(const struct bench *b, struct figure *out)
{
    return timed(b, range, XMEM_RESTORE_AUTO, out);
}

int xmem_scattered(const struct bench *b, struct figure *out)
{
    return timed(b, scattered, XMEM_RESTORE_AUTO, out);
}

int xmem_policy_runs(const struct bench *b, struct figure *out)
{
    return timed(b, policy, XMEM_RESTORE_AUTO, out);
}

/* ---- beside what plain libxenctrl needs ---- */

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
    struct lab_mailbox m = {.op = LAB_OP_WRITE,
                            .addr = b->gfn * BENCH_PAGE,
                            .stride = BENCH_PAGE,
                            .count = n,
                            .value = 1};

    return lab_guest_start(b->guest, 0, &m);
}

/* One line of the table: what it is, per what, libxmem's and the others'. */
struct row {
    const char *what;
    uint32_t n;
    bench_fn fn;
    bench_fn plain;   /* must not be faster */
    double calls;     /* at least so many times fewer hypercalls than plain, 0: not asked */
    const char *todo; /* why it is slower still; NULL: it is not */
};

#define PATH "the path of a change is longer than the loop's"
/* Where one call sets all of them (x86), what the session remembers of each page is what counts. */
#define NOTES "what was there is noted for each page"

static const struct row rows[] = {
    {"event, page set free, answered: plain loop", BENCH_EVENTS, xmem_events, plain_events, 0,
     PATH},
    {"event, page set free, answered: xen-access loop", BENCH_EVENTS, xmem_events, access_events, 0,
     NULL},
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
             "calls x %.3f)",
             mine.seconds * 1e6 / r->n, (double)mine.hypercalls / r->n, other.seconds * 1e6 / r->n,
             (double)other.hypercalls / r->n, mine.seconds / other.seconds,
             (double)mine.hypercalls / (double)other.hypercalls);
    test(mine.seconds <= other.seconds * SLOWER &&
             (double)mine.hypercalls * r->calls <= (double)other.hypercalls,
         r->what, text, r->todo);
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
