/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "explore.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct asked {
    const char *scenario, *choices;
    bool quick, large;
};

static const char *verdict(const struct explore_result *r, bool fails, bool one)
{
    if (r->violations)
        return fails ? ", found wrong" : "";
    return r->complete || one ? "" : ", not complete";
}

static bool explore_one(const struct explore_program *p, size_t i, const struct asked *a,
                        unsigned nr)
{
    const char *runs = getenv("XMEM_EXPLORE_RUNS"); /* of each scenario; where time is short */
    struct explore_scenario sc = p->scenario(i);
    const struct explore_limits l = {.steps = p->steps,
                                     .runs = runs && !sc.fails ? strtoull(runs, NULL, 10) : 0};
    struct explore_subject s = p->subject;
    struct explore_result r;
    s.name = sc.name;
    p->choose(i);
    int rc = a->choices ? explore_replay(&s, &l, a->choices, stdout, &r)
                        : explore_all(&s, &l, stdout, &r);
    if (rc) {
        fprintf(stderr, "%s: %s\n", sc.name, strerror(-rc));
        exit(EXIT_FAILURE);
    }
    bool good = sc.fails == (r.violations > 0);
    printf("%s %u - %s: %llu runs, %llu states, %.3g schedules%s\n", good ? "ok" : "not ok", nr,
           sc.name, (unsigned long long)r.runs, (unsigned long long)r.states, r.schedules,
           verdict(&r, sc.fails, a->choices));
    if (r.violations && a->quick)
        exit(3);
    return good;
}

static void usage(const char *name)
{
    fprintf(stderr, "%s [-s SCENARIO] [-p MEANWHILE] [-x CHOICES] [-l] [-q]\n", name);
    exit(EXIT_FAILURE);
}

static void read_options(int argc, char **argv, const struct explore_program *p, struct asked *a)
{
    unsigned unused, *meanwhile = p->meanwhile ? p->meanwhile : &unused;
    int c;
    while ((c = getopt(argc, argv, "s:p:x:ql")) != -1) {
        if (c == 's')
            a->scenario = optarg;
        else if (c == 'p')
            *meanwhile = (unsigned)atoi(optarg);
        else if (c == 'x')
            a->choices = optarg;
        else if (c == 'q')
            a->quick = true;
        else if (c == 'l')
            a->large = true;
        else
            usage(p->name);
    }
}

static bool is_asked(const struct explore_scenario *sc, const struct asked *a)
{
    if (a->scenario)
        return !strcmp(a->scenario, sc->name);
    return (a->large || !sc->large) && !(a->quick && sc->fails);
}

int explore_main(int argc, char **argv, const struct explore_program *p)
{
    struct asked a = {0};
    unsigned n = 0, failed = 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    read_options(argc, argv, p, &a);
    for (size_t i = 0; i < p->n; i++) {
        struct explore_scenario sc = p->scenario(i);
        if (is_asked(&sc, &a))
            failed += !explore_one(p, i, &a, ++n);
    }
    printf("1..%u\n", n);
    return n && !failed ? EXIT_SUCCESS : EXIT_FAILURE;
}
