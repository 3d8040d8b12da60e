/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * main() of a program that explores scenarios: PROGRAM [-s SCENARIO] [-p MEANWHILE] [-x CHOICES] [-l] [-q]
 * TAP, a result for each scenario.
 *  -p  so often in a run somebody else does something within a step, where the program knows that
 *  -s  that scenario
 *  -l  the large scenarios as well
 *  -x  the one run with these choices, told
 *  -q  stops at the first violation: exit status 3; without scenarios that are to fail
 */
#ifndef EXPLORE_MAIN_H
#define EXPLORE_MAIN_H

#include "explore.h"

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
