/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * race [INCREMENTS [EMULATED [ROUNDS]]]: TAP. So many increments of each kind, so many of them
 * emulated, at the least; so many rounds of each litmus test.
 */
#include <stdio.h>
#include <stdlib.h>

#include "race.h"

#define INCREMENTS 10000000u
#define EMULATED 10000u
#define ROUNDS 100000u

static uint64_t number_of(int argc, char **argv, int i, uint64_t otherwise)
{
    return argc > i ? strtoull(argv[i], NULL, 0) : otherwise;
}

int main(int argc, char **argv)
{
    unsigned number = 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("1..%u\n", counter_tests() + litmus_tests());
    bool ok = counter_run(&number, number_of(argc, argv, 1, INCREMENTS),
                          number_of(argc, argv, 2, EMULATED));
    return !(litmus_run(&number, number_of(argc, argv, 3, ROUNDS)) && ok);
}
