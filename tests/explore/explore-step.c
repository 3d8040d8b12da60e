/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * explore-step [-c CONFIG] [-s SCENARIO] [-p PREEMPTIONS] [-r RUNS] [-x CHOICES] [-l] [-q]
 * All orders of fault, answer, end of a step, change of rights and switch of views, driven through
 * the library on the simulated machine. TAP, a result for each kind of machine and means.
 *  -p  so often in a run a vCPU may run in the middle of a call of the library's (0)
 *  -s  that scenario; a part of their names: all of those
 *  -l  the large scenarios as well
 *  -x  the one run with these choices, told
 *  -q  stops at the first violation: exit status 3
 */
#include "step-world.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct asked {
    const char *config, *scenario, *choices;
    struct explore_limits limits;
    bool quick, large;
};

static void begin(struct explore *e, void *ctx)
{
    (void)ctx;
    world_begin(e);
}

static enum explore_step step(struct explore *e, void *ctx)
{
    (void)ctx;
    (void)e;
    return tool_step();
}

static void end(struct explore *e, void *ctx, bool whole)
{
    (void)ctx;
    (void)e;
    world_end(whole);
}

static uint64_t hash(struct explore *e, void *ctx)
{
    (void)ctx;
    (void)e;
    return world_hash();
}

struct total {
    uint64_t runs, states, violations;
    bool complete;
};

static void explore_one(const struct scenario *sc, const struct config *cfg, const struct asked *a,
                        struct total *t)
{
    char name[128];
    struct explore_subject s = {
        .name = name, .begin = begin, .step = step, .end = end, .hash = hash};
    struct explore_result r;
    snprintf(name, sizeof(name), "%s: %s", cfg->name, sc->name);
    w.sc = sc;
    w.cfg = cfg;
    int rc = a->choices ? explore_replay(&s, &a->limits, a->choices, stdout, &r)
                        : explore_all(&s, &a->limits, stdout, &r);
    if (rc) {
        fprintf(stderr, "%s: %s\n", name, strerror(-rc));
        exit(EXIT_FAILURE);
    }
    printf("#   %-42s %7llu runs %7llu states %3u deep%s\n", name, (unsigned long long)r.runs,
           (unsigned long long)r.states, r.deepest,
           r.violations               ? "  VIOLATED"
           : r.complete || a->choices ? ""
                                      : "  not complete");
    t->runs += r.runs;
    t->states += r.states;
    t->violations += r.violations;
    t->complete = t->complete && (r.complete || r.violations);
    if (r.violations && a->quick)
        exit(3);
}

static bool is_name(const char *name)
{
    size_t i = 0;
    while (i < scenario_n && strcmp(scenarios[i].name, name))
        i++;
    return i < scenario_n;
}

/* By its name, or by a part of it where that is no other one's name. */
static bool asked_for(const struct scenario *sc, const struct asked *a)
{
    if (!a->scenario)
        return a->large || !sc->large;
    if (is_name(a->scenario))
        return !strcmp(a->scenario, sc->name);
    return (a->large || !sc->large) && strstr(sc->name, a->scenario);
}

static bool explore_config(const struct config *cfg, const struct asked *a, unsigned nr)
{
    struct total t = {.complete = true};
    memset(holes, 0, sizeof(holes));
    for (size_t i = 0; i < scenario_n; i++)
        if (scenario_fits(&scenarios[i], cfg) && asked_for(&scenarios[i], a))
            explore_one(&scenarios[i], cfg, a, &t);
    if (cfg->others_pass || cfg->later_pass || cfg->rest_passes)
        printf("# %s: passed while a page was open: %llu by another vCPU, %llu by a later "
               "instruction, %llu emulated\n",
               cfg->name, (unsigned long long)holes[HOLE_OTHER],
               (unsigned long long)holes[HOLE_LATER], (unsigned long long)holes[HOLE_EMULATED]);
    if (holes[HOLE_CLOSING])
        printf("# %s: %llu pages let through by closing in a step\n", cfg->name,
               (unsigned long long)holes[HOLE_CLOSING]);
    printf("%s %u - %s: %llu runs, %llu states%s\n", t.violations ? "not ok" : "ok", nr, cfg->name,
           (unsigned long long)t.runs, (unsigned long long)t.states,
           t.complete ? "" : ", not complete");
    fflush(stdout);
    return !t.violations;
}

static void usage(void)
{
    fputs(
        "explore-step [-c CONFIG] [-s SCENARIO] [-p PREEMPTIONS] [-r RUNS] [-x CHOICES] [-l] [-q]\n",
        stderr);
    exit(EXIT_FAILURE);
}

static void read_options(int argc, char **argv, struct asked *a)
{
    int c;
    while ((c = getopt(argc, argv, "c:s:p:r:x:ql")) != -1) {
        if (c == 'c')
            a->config = optarg;
        else if (c == 's')
            a->scenario = optarg;
        else if (c == 'p')
            preempts_allowed = (unsigned)atoi(optarg);
        else if (c == 'r')
            a->limits.runs = strtoull(optarg, NULL, 10);
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
    const char *runs = getenv("XMEM_EXPLORE_RUNS"); /* of each scenario; where time is short */
    struct asked a = {.limits = {.steps = 400, .runs = runs ? strtoull(runs, NULL, 10) : 0}};
    unsigned n = 0, failed = 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    read_options(argc, argv, &a);
    for (size_t i = 0; i < config_n; i++)
        if (!a.config || !strcmp(a.config, configs[i].name))
            failed += !explore_config(&configs[i], &a, ++n);
    printf("1..%u\n", n);
    return n && !failed ? EXIT_SUCCESS : EXIT_FAILURE;
}
