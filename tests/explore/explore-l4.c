/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * explore-l4 [-s SCENARIO] [-x CHOICES] [-l] [-q]
 * L4 shadows of two pCPUs, in all orders: the core's own code, step by step, between writers and
 * interrupts. TAP, a result for each scenario.
 *  -s  that scenario
 *  -l  the large scenarios as well
 *  -x  the one run with these choices, told
 *  -q  stops at the first violation: exit status 3
 */
#include "l4-world.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct asked {
    const char *scenario, *choices;
    bool quick, large;
};

static bool explore_one(const struct l4_scenario *sc, const struct asked *a, unsigned nr)
{
    const char *runs = getenv("XMEM_EXPLORE_RUNS"); /* of each scenario; where time is short */
    const struct explore_limits l = {.steps = 400,
                                     .runs = runs && !sc->fails ? strtoull(runs, NULL, 10) : 0};
    const struct explore_subject s = {.name = sc->name,
                                      .begin = l4_begin,
                                      .step = l4_step,
                                      .end = l4_end,
                                      .hash = l4_hash,
                                      .state = &lw,
                                      .state_bytes = sizeof(lw)};
    struct explore_result r;
    l4_scenario = sc;
    int rc = a->choices ? explore_replay(&s, &l, a->choices, stdout, &r)
                        : explore_all(&s, &l, stdout, &r);
    if (rc) {
        fprintf(stderr, "%s: %s\n", sc->name, strerror(-rc));
        exit(EXIT_FAILURE);
    }
    bool good = sc->fails ? r.violations > 0 : r.violations == 0;
    printf("%s %u - %s: %llu runs, %llu states, %.3g schedules%s\n", good ? "ok" : "not ok", nr,
           sc->name, (unsigned long long)r.runs, (unsigned long long)r.states, r.schedules,
           r.violations               ? ", found wrong"
           : r.complete || a->choices ? ""
                                      : ", not complete");
    if (r.violations && a->quick)
        exit(3);
    return good;
}

static void usage(void)
{
    fputs("explore-l4 [-s SCENARIO] [-x CHOICES] [-l] [-q]\n", stderr);
    exit(EXIT_FAILURE);
}

static void read_options(int argc, char **argv, struct asked *a)
{
    int c;
    while ((c = getopt(argc, argv, "s:p:x:ql")) != -1) {
        if (c == 's')
            a->scenario = optarg;
        else if (c == 'x')
            a->choices = optarg;
        else if (c == 'q')
            a->quick = true;
        else if (c == 'l')
            a->large = true;
        else if (c != 'p') /* mutants.sh gives it */
            usage();
    }
}

int main(int argc, char **argv)
{
    struct asked a = {0};
    unsigned n = 0, failed = 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    read_options(argc, argv, &a);
    for (size_t i = 0; i < l4_scenario_n; i++) {
        const struct l4_scenario *sc = &l4_scenarios[i];
        if (a.scenario ? !strcmp(a.scenario, sc->name)
                       : (a.large || !sc->large) && !(a.quick && sc->fails))
            failed += !explore_one(sc, &a, ++n);
    }
    printf("1..%u\n", n);
    return n && !failed ? EXIT_SUCCESS : EXIT_FAILURE;
}
