/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A scenario, run once without a failure and then once for each failure, and what must hold:
 * an answer of 0 means that the machine is as asked, and at the end as found; an error has a text,
 * and the machine is as before; the same call again, with the failure over, succeeds.
 */
#ifndef FAULTS_LAW_H
#define FAULTS_LAW_H

#include <stdint.h>
#include <xmem.h>

#include "inject.h"
#include "ledger-check.h"
#include "sim.h"
#include "state.h"

#define FIRST 0x10u
#define PAGES 96u
#define VCPUS 3u
#define CALLS_MAX 160u

struct kind {
    const char *name;
    enum sim_kind sim;
    uint32_t minor;
};

/* What a call promises when it fails. */
enum law {
    LAW_WHOLE, /* the machine is as before; when it succeeds, as without the failure */
    LAW_END,   /* what is undone may be undone in part; again, it is */
    LAW_RUN,   /* the guest runs meanwhile: nothing is compared */
};

/* One run. */
struct world {
    const struct kind *kind;
    struct sim_machine *m;
    struct sim_domain *g;
    struct xmem *x;
    struct xmem_domain *d;
    struct xmem_report *report; /* where a policy's messages go */
    int rc;                     /* of the last call; */
    /* and of the call under way */
    const char *call;
    enum law law;
    unsigned tries, fired_before;
    const char *calls[CALLS_MAX]; /* so far */
    uint32_t n;
    uint32_t plain; /* this call in the run without a failure; CALLS_MAX: not there */
    bool half;      /* a call that failed could not be put back */
    bool strayed;   /* what follows cannot be compared with the run without a failure */
    bool first;     /* that run */
    bool judged;    /* a call is under way */
    int ledger;     /* where the session's ledger lies; -1: it is not looked at in this run */
    struct shot found;
};

/* A call, and once more if the failure made it fail. Its answer is w->rc, and the macro's w. */
#define CALL(w, law_, expr) \
    do { \
        call_begin((w), #expr, (law_)); \
        do { \
            call_arm(w); \
            call_answer((w), (expr)); \
        } while (call_again(w)); \
    } while (0)
#define WHOLE(w, expr) CALL(w, LAW_WHOLE, expr)
#define RUN(w, expr) CALL(w, LAW_RUN, expr)

void call_begin(struct world *w, const char *what, enum law law);
void call_arm(struct world *w);
void call_answer(struct world *w, int rc);
bool call_again(struct world *w);

/* A machine, and a session on its domain. */
void world_make(struct world *w, const struct kind *k, bool first);
int world_open(struct world *w, const struct xmem_domain_opts *opts);
/* After each hypercall, what its ledger names is compared with the machine. Before the session. */
void world_watch(struct world *w);
/* Closes the session, again if need be, and looks at what is left. */
void world_close(struct world *w);
void world_end(struct world *w);
/* A vCPU's program: the same access to n pages from first on, for ever. */
void guest(struct world *w, uint32_t vcpu, uint64_t first, unsigned n, enum sim_op_code code);
/* The state before the session, which is to be there again. */
void world_found(struct world *w);
/* An answer of 0 after which the machine must be as found; said by whom. */
bool as_found(struct world *w, const char *who);

/* Something that must not be; the first line of a case counts. */
void fail(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* main's: what to do with it. */
void case_failed(const struct world *w, const char *text);

struct scenario {
    const char *name;
    void (*run)(struct world *w);
    uint32_t kinds; /* bits of enum sim_kind; 0: all */
};

/* ---- scenarios-*.c ---- */

#define ALL_KINDS 0u
#define ON(k) (1u << (k))

extern const struct scenario scenario_single, scenario_range, scenario_many, scenario_default;
extern const struct scenario scenario_batch, scenario_enable, scenario_pause;
extern const struct scenario scenario_required, scenario_monitors, scenario_pages;
extern const struct scenario scenario_views, scenario_remap, scenario_visible, scenario_switch;
extern const struct scenario scenario_hidden_host, scenario_suppress;
extern const struct scenario scenario_view_default, scenario_found_views;
extern const struct scenario scenario_step, scenario_step_single, scenario_step_emulate;
extern const struct scenario scenario_step_hypervisor, scenario_step_ahead;
extern const struct scenario scenario_step_relax, scenario_step_in_view, scenario_reply,
    scenario_drop, scenario_pending, scenario_queue, scenario_kept;
extern const struct scenario scenario_reinject;
extern const struct scenario scenario_policy, scenario_rollback, scenario_recover,
    scenario_bad_policy, scenario_symbols;

#endif
