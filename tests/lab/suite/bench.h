/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Figures on real Xen: the same work by libxmem and by plain libxenctrl, on the same guest. */
#ifndef SUITE_BENCH_H
#define SUITE_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "../common/guest.h"

#define BENCH_PAGE 4096u
#define BENCH_EVENTS 1000u
#define BENCH_PAGES 4096u
#define BENCH_POLICY 10000u

struct bench {
    uint32_t domid;
    uint64_t gfn; /* the first that is free */
    struct lab_guest *guest;
};

struct figure {
    double seconds;
    uint64_t hypercalls;
    uint64_t events;
};

/* Each fills *out, or returns a negative errno. */
typedef int (*bench_fn)(const struct bench *b, struct figure *out);

double bench_now(void);
/* The guest writes to each of n pages from gfn on, once. */
int bench_walk(const struct bench *b, uint32_t n);

/* bench-plain.c: libxenctrl and nothing else */
int plain_events(const struct bench *b, struct figure *out);
/* As xen-access does: asks for the rights at each event, copies request and answer. */
int access_events(const struct bench *b, struct figure *out);
int plain_pages(const struct bench *b, struct figure *out);
/* Asks for the rights of each page before it sets them, so that it could put them back. */
int plain_asked(const struct bench *b, struct figure *out);
int plain_range(const struct bench *b, struct figure *out);
int plain_scattered(const struct bench *b, struct figure *out);
int plain_policy(const struct bench *b, struct figure *out);

/* bench.c: libxmem */
int xmem_events(const struct bench *b, struct figure *out);
int xmem_steps(const struct bench *b, struct figure *out);
int xmem_pages(const struct bench *b, struct figure *out);
int xmem_asked(const struct bench *b, struct figure *out);
int xmem_range(const struct bench *b, struct figure *out);
int xmem_scattered(const struct bench *b, struct figure *out);
int xmem_policy_runs(const struct bench *b, struct figure *out);

#endif
