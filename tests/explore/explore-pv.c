/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * explore-pv [-s SCENARIO] [-p MEANWHILE] [-x CHOICES] [-l] [-q]
 * What becomes of a PV guest's accesses, in all orders: the core's own code between two vCPUs, a tool,
 * a guest that remaps, and frames that leave and come. TAP, a result for each scenario.
 *  -p  so often in a run somebody else does something within a vCPU's step (2)
 *  -s  that scenario
 *  -l  the large scenarios as well
 *  -x  the one run with these choices, told
 *  -q  stops at the first violation: exit status 3
 */
#include "pv-world.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct asked {
    const char *scenario, *choices;
    bool quick, large;
};

static bool explore_one(const struct scenario *sc, const struct asked *a, unsigned nr)
{
    const char *runs = getenv("XMEM_EXPLORE_RUNS"); /* of each scenario; where time is short */
    const struct explore_limits l = {.steps = 200, .runs = runs ? strtoull(runs, NULL, 10) : 0};
    const struct explore_subject s = {.name = sc->name,
                                      .ctx = NULL,
                                      .begin = world_begin,
                                      .step = world_step,
                                      .end = world_end,
                                      .hash = world_hash,
                                      .state = &w,
                                      .state_bytes = sizeof(w)};
    struct explore_result r;
    world_scenario = sc;
    int rc = a->choices ? explore_replay(&s, &l, a->choices, stdout, &r)
                        : explore_all(&s, &l, stdout, &r);
    if (rc) {
        fprintf(stderr, "%s: %s\n", sc->name, strerror(-rc));
        exit(EXIT_FAILURE);
    }
    printf("%s %u - %s: %llu runs, %llu states, %.3g schedules%s\n", r.violations ? "not ok" : "ok",
           nr, sc->name, (unsigned long long)r.runs, (unsigned long long)r.states, r.schedules,
           r.complete || a->choices || r.violations ? "" : ", not complete");
    if (r.violations && a->quick)
        exit(3);
    return !r.violations;
}

static void usage(void)
{
    fputs("explore-pv [-s SCENARIO] [-p MEANWHILE] [-x CHOICES] [-l] [-q]\n", stderr);
    exit(EXIT_FAILURE);
}

static void read_options(int argc, char **argv, struct asked *a)
{
    int c;
    while ((c = getopt(argc, argv, "s:p:x:ql")) != -1) {
        if (c == 's')
            a->scenario = optarg;
        else if (c == 'p')
            preempts_allowed = (unsigned)atoi(optarg);
        else if (c == 'x')
            a->choices = optarg;
        else if (c == 'q')
            a->quick = true;
        else if (c == 'l')
            a->large = true;
        else
            usage();
    }
}

int main(int argc, char **argv)
{
    struct asked a = {0};
    unsigned n = 0, failed = 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    read_options(argc, argv, &a);
    for (size_t i = 0; i < scenario_n; i++)
        if (a.scenario ? !strcmp(a.scenario, scenarios[i].name) : a.large || !scenarios[i].large)
            failed += !explore_one(&scenarios[i], &a, ++n);
    printf("1..%u\n", n);
    return n && !failed ? EXIT_SUCCESS : EXIT_FAILURE;
}
