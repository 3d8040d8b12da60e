/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Exploring a protocol: every sequence of choices that a subject can make, depth first.
 *
 * A run is a sequence of steps; a step asks for choices with explore_pick(). The explorer comes
 * back to each choice until all of its answers were given, either by running again from the
 * beginning with the same answers (any subject that does the same given the same answers), or
 * from a copy of the subject's memory (one that is all in one piece). A state that was seen
 * before is not gone into again, where the subject can say what its state is.
 *
 * Knows nothing of what is explored.
 */
#ifndef EXPLORE_H
#define EXPLORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct explore;

enum explore_step {
    EXPLORE_MORE,
    EXPLORE_END,  /* the run is over */
    EXPLORE_STUCK /* this choice cannot be taken here; where none can the run is over */
};

struct explore_subject {
    const char *name;
    void *ctx;
    void (*begin)(struct explore *e, void *ctx);
    enum explore_step (*step)(struct explore *e, void *ctx);
    /* whole: the run came to its end and is to be judged; else it is left, and is to be freed. */
    void (*end)(struct explore *e, void *ctx, bool whole);
    /* All that the future depends on; NULL: states are not told apart. */
    uint64_t (*hash)(struct explore *e, void *ctx);
    /* All that it changes, where that can be copied and put back; NULL: runs begin anew. */
    void *state;
    size_t state_bytes;
};

/* 0: no limit. */
struct explore_limits {
    uint64_t runs;
    uint64_t states;
    unsigned steps; /* of a run; more is a violation */
    bool bounded;   /* at most this many choices that are not the usual one: */
    unsigned deviations;
    bool all; /* goes on after the first violation */
};

struct explore_result {
    uint64_t runs, steps, states;
    uint64_t ends;     /* runs that came to their end */
    uint64_t repeated; /* that came to a state seen before */
    uint64_t violations;
    double schedules;   /* sequences of choices, those behind a repeated state counted again */
    unsigned deepest;   /* steps of the longest run */
    bool complete;      /* no limit of runs or states ended it */
    char first[256];    /* the first violation */
    char choices[1024]; /* that lead to it, for explore_replay() */
};

/* All runs. Tells the first violation with its trace on `out` (may be NULL). -ENOMEM. */
int explore_all(const struct explore_subject *s, const struct explore_limits *l, FILE *out,
                struct explore_result *r);
/* The one run with these choices ("0.2.1"), told on out. -EINVAL: they do not fit. */
int explore_replay(const struct explore_subject *s, const struct explore_limits *l,
                   const char *choices, FILE *out, struct explore_result *r);

/* ---- for the subject, within begin, step and end ---- */

/* One of n, all of them in turn. */
unsigned explore_pick(struct explore *e, unsigned n);
/* The same; any but the usual one is a deviation, of which a run may have so many. */
unsigned explore_prefer(struct explore *e, unsigned n, unsigned usual);
/* Deviations left to this run; UINT_MAX: not bounded. */
unsigned explore_left(const struct explore *e);
/* A line of the trace; costs nothing while nobody reads it. */
void explore_say(struct explore *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A violation. The run is over at the end of this step. */
void explore_fail(struct explore *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool explore_failed(const struct explore *e);

/* For hashes: what was there, and one word more. */
static inline uint64_t explore_mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
    return h ^ h >> 29;
}

/* ---- explore-main.c ---- */

/*
 * main() of a program that explores scenarios: PROGRAM [-s SCENARIO] [-p MEANWHILE] [-x CHOICES] [-l] [-q]
 * TAP, a result for each scenario.
 *  -p  so often in a run somebody else does something within a step, where the program knows that
 *  -s  that scenario
 *  -l  the large scenarios as well
 *  -x  the one run with these choices, told
 *  -q  stops at the first violation: exit status 3; without scenarios that are to fail
 */
struct explore_scenario {
    const char *name;
    bool large;
    bool fails; /* a violation is what is wanted */
};

struct explore_program {
    const char *name;
    struct explore_subject subject; /* its name is the scenario's */
    unsigned steps;                 /* of a run, at most */
    size_t n;
    struct explore_scenario (*scenario)(size_t i);
    void (*choose)(size_t i); /* the next runs are of it */
    unsigned *meanwhile;      /* takes -p; may be NULL */
};

int explore_main(int argc, char **argv, const struct explore_program *p);

#endif
