/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench-count CASE N: N events of the machine of bench-events answered in one way (step, resume, emulate), or
 * N gfns set (one by one, as a list of scattered ones). count.sh counts what that takes.
 */
#include "bench.h"

#include <errno.h>
#include <stdbool.h>
#include <xmem.h>

#define FIRST_GFN 0x1000u
#define GFNS 64u
#define LIST_MAX 2000u

/* Not inlined: what is counted. */
__attribute__((noinline)) void count_events(struct xmem_domain *d, const char *how, unsigned n);
__attribute__((noinline)) void count_sets(struct xmem_domain *d, const char *how, unsigned n);

static int answer(struct xmem_domain *d, const struct xmem_event *ev, const char *how)
{
    struct xmem_reply emulate = XMEM_INIT(emulate);
    emulate.action = XMEM_REPLY_EMULATE;
    if (!strcmp(how, "step"))
        return xmem_event_step_over(d, ev);
    return xmem_event_reply(d, ev, strcmp(how, "resume") ? &emulate : NULL);
}

void count_events(struct xmem_domain *d, const char *how, unsigned n)
{
    const struct xmem_event *ev;
    while (n) {
        int rc = xmem_event_next(d, &ev);
        if (rc == -EAGAIN) {
            bench_need(xmem_event_wait(d, 10000), "wait");
            continue;
        }
        bench_need(rc, "next");
        bench_need(answer(d, ev, how), "answer");
        n--;
    }
}

void count_sets(struct xmem_domain *d, const char *how, unsigned n)
{
    static uint64_t gfns[LIST_MAX];
    static uint8_t rights[LIST_MAX];
    for (unsigned i = 0; i < LIST_MAX; i++) {
        gfns[i] = FIRST_GFN + i * 2;
        rights[i] = i & 1 ? XMEM_R : XMEM_RX;
    }
    if (!strcmp(how, "list"))
        bench_need(xmem_domain_set_rights_many(d, 0, gfns, rights, n), "list");
    for (unsigned i = 0; strcmp(how, "list") && i < n; i++)
        bench_need(xmem_domain_set_rights(d, 0, gfns[i], rights[i]), "set");
}

int main(int argc, char **argv)
{
    const char *top = getenv("TOP_SRCDIR"), *how = argc > 1 ? argv[1] : "step";
    unsigned n = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : LIST_MAX;
    bool sets = !strcmp(how, "one") || !strcmp(how, "list");
    struct xmem *x;
    struct xmem_domain *d;
    char uri[4200];
    snprintf(uri, sizeof(uri), "sim:%s/tests/bench/events.json", top ? top : ".");
    bench_need(xmem_open(uri, NULL, &x), xmem_last_error(NULL));
    bench_need(xmem_domain_open(x, 1, NULL, &d), "session");
    bench_need(xmem_domain_enable(d), "enable");
    if (sets) {
        count_sets(d, how, n < LIST_MAX ? n : LIST_MAX);
    } else {
        bench_need(xmem_domain_set_rights_range(d, 0, FIRST_GFN, GFNS, XMEM_RX), "rights");
        count_events(d, how, n);
    }
    bench_need(xmem_domain_close(d), "close");
    xmem_close(x);
    return 0;
}
