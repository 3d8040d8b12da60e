/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the benchmarks share: a clock, medians, one line per figure. The clock is the CPU time of
 * the thread: all of them work without waiting, and the machine may be shared.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BENCH_RUNS 7

static inline double bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static inline int bench_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct bench_figure {
    double median, min, max;
};

static inline struct bench_figure bench_median(double *v, int n)
{
    qsort(v, (size_t)n, sizeof(*v), bench_compare);
    return (struct bench_figure){v[n / 2], v[0], v[n - 1]};
}

static inline void bench_line(const char *what, struct bench_figure f, const char *unit)
{
    printf("%-58s %10.1f %s (min %.1f, max %.1f)\n", what, f.median, unit, f.min, f.max);
}

static inline void bench_need(int rc, const char *what)
{
    if (rc) {
        fprintf(stderr, "bench: %s answered %d\n", what, rc);
        exit(1);
    }
}

#endif
