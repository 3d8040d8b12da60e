/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a vCPU does: a list of ops, random accesses, or a recorded trace. */
#ifndef SIM_PROGRAM_H
#define SIM_PROGRAM_H

#include "rng.h"
#include "sim.h"
#include "trace.h"

enum program_kind { PROGRAM_NONE = 0, PROGRAM_SCRIPT, PROGRAM_RANDOM, PROGRAM_TRACE };

struct sim_program {
    enum program_kind kind;
    uint64_t pos, n;
    uint64_t rounds; /* left, this one included; UINT64_MAX: for ever */
    struct sim_op *ops;
    struct sim_trace *trace;
    uint64_t trace_gfn; /* gfn of page 0 of the trace */
    struct sim_random_cfg random;
    struct sim_rng rng;
    struct sim_op drawn; /* random: the access that is under way */
    bool have_drawn;
};

static inline bool program_over(const struct sim_program *p)
{
    return p->kind == PROGRAM_NONE || p->rounds == 0;
}

/* The op under way; the program is not over. */
void xmi_sim_program_peek(struct sim_program *p, struct sim_op *op);
void xmi_sim_program_advance(struct sim_program *p);
/* Draws the next random access into p->drawn. */
void xmi_sim_program_draw(struct sim_program *p);
/* Empties it; gives back what trace it used (the caller holds the list), or NULL. */
struct sim_trace *xmi_sim_program_reset(struct sim_program *p);

/* pos has been moved to n: another round, or the end. */
static inline void program_wrap(struct sim_program *p)
{
    p->pos = 0;
    if (p->rounds != UINT64_MAX)
        p->rounds--;
}

#endif
