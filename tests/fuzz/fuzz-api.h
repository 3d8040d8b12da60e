/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A tool whose calls come from the input. */
#ifndef FUZZ_API_H
#define FUZZ_API_H

#include <sim.h>
#include <stdbool.h>
#include <xmem.h>

#include "fuzz/fuzz.h"

#define FIRST_GFN 16u
#define PAGES 48u
#define VCPUS 4u
#define HELD_MAX 6u
#define VIEWS_MAX 6u

struct tool {
    struct fuzz_in in;
    struct sim_machine *m;
    struct sim_domain *g;
    struct xmem *x;
    struct xmem_domain *d;
    struct xmem_batch *batch;
    bool faults; /* hypercalls may fail */
    bool none;   /* the call has no session */
    const struct xmem_event *held[HELD_MAX];
    unsigned held_n;
    uint16_t views[VIEWS_MAX];
    unsigned view_n;
    uint64_t page; /* added last */
};

/* fuzz-api.c: judges the answer of a call. */
int judge(struct tool *t, const char *call, int rc);
#define ASK(t, call) judge((t), #call, (call))

/* fuzz-api-calls.c: one call, or a few that belong together. */
void tool_call(struct tool *t);
/* Gives every event back. */
void tool_settle(struct tool *t);

#endif
