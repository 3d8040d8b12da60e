/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench-events [MACHINE]: events per second through the public API, each taken, looked at and
 * answered, on a simulated machine whose four vCPUs write to protected pages without end.
 * bench-python.py does the same from Python, on the same machine.
 */
#include "bench.h"

#include <errno.h>
#include <xmem.h>

#define EVENTS 200000u
#define FIRST_GFN 0x1000u
#define GFNS 64u

static uint64_t sum;

enum how { STEP_OVER, RESUME, EMULATE, HOWS };
static const char *const names[HOWS] = {"step over", "resume", "emulate"};

static int answer(struct xmem_domain *d, const struct xmem_event *ev, enum how how)
{
    struct xmem_reply emulate = XMEM_INIT(emulate);
    emulate.action = XMEM_REPLY_EMULATE;
    if (how == STEP_OVER)
        return xmem_event_step_over(d, ev);
    return xmem_event_reply(d, ev, how == RESUME ? NULL : &emulate);
}

static void take(struct xmem_domain *d, enum how how)
{
    const struct xmem_event *ev;
    for (uint32_t n = 0; n < EVENTS;) {
        int rc = xmem_event_next(d, &ev);
        if (rc == -EAGAIN) {
            bench_need(xmem_event_wait(d, 10000), "wait");
            continue;
        }
        bench_need(rc, "next");
        sum += ev->u.mem.gfn;
        bench_need(answer(d, ev, how), "answer");
        n++;
    }
}

/* Events per second. */
static double run(const char *uri, enum how how)
{
    struct xmem *x;
    struct xmem_domain *d;
    bench_need(xmem_open(uri, NULL, &x), xmem_last_error(NULL));
    bench_need(xmem_domain_open(x, 1, NULL, &d), "session");
    bench_need(xmem_domain_enable(d), "enable");
    bench_need(xmem_domain_set_rights_range(d, 0, FIRST_GFN, GFNS, XMEM_RX), "rights");
    double start = bench_now();
    take(d, how);
    double rate = EVENTS / ((bench_now() - start) / 1e9);
    bench_need(xmem_domain_close(d), "close");
    xmem_close(x);
    return rate;
}

int main(int argc, char **argv)
{
    const char *top = getenv("TOP_SRCDIR");
    char uri[4200];
    if (argc > 1)
        snprintf(uri, sizeof(uri), "sim:%s", argv[1]);
    else
        snprintf(uri, sizeof(uri), "sim:%s/tests/bench/events.json", top ? top : ".");
    for (enum how how = STEP_OVER; how < HOWS; how++) {
        double v[BENCH_RUNS];
        char line[64];
        for (int r = 0; r < BENCH_RUNS; r++)
            v[r] = run(uri, how);
        snprintf(line, sizeof(line), "events, C: %s", names[how]);
        bench_line(line, bench_median(v, BENCH_RUNS), "events/s");
    }
    return sum == 42;
}
