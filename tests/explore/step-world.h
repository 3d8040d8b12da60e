/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One run of explore-step: a simulated machine with two vCPUs, a session on it, the tool that
 * answers, and a flat reference of what each vCPU may do.
 */
#ifndef STEP_WORLD_H
#define STEP_WORLD_H

#include "explore.h"

#include <sim.h>
#include <xmem.h>

#include "session/session.h"

#define VCPUS 2u
#define PAGES 3u
#define OPS_MAX 3u
#define CHANGES_MAX 3u
#define GFN 0x20u /* of the first page */
#define HOST 0u
#define OWN 1u /* the tool's view */
#define VIEWS 2u
#define HELD_MAX 8u
#define COPY_GFN 0x28u  /* of the page that is a copy */
#define PATCH_AT 0x300u /* in it: eight bytes */
#define PATCH UINT64_C(0xcccccccccccccccc)

/* What the tool does with an event of a page. */
enum decision {
    STEP,   /* steps over */
    DENY,   /* moves the pc past it */
    EITHER, /* one of the two, all are tried */
    GO_OWN, /* the vCPU goes on in the tool's view */
    TOGGLE, /* has single step on for itself first, then steps over */
    DROP    /* the session's default */
};

enum change_kind { NO_CHANGE, RIGHTS, SWITCH, PAUSE, UNPAUSE, CLOSE };

struct change {
    enum change_kind kind;
    uint8_t view, page, rights;
};

/* A program, rights, what the tool decides, and what it does of its own accord meanwhile. */
struct scenario {
    const char *name;
    struct sim_op op[VCPUS][OPS_MAX];
    uint8_t rights[VIEWS][PAGES]; /* enum xmem_rights at the beginning; 0: rwx */
    enum decision decide[PAGES];
    struct change change[CHANGES_MAX];
    uint8_t start_view; /* HOST or OWN */
    bool own_view;      /* the tool has a view */
    bool large;         /* takes its time: for `make explore` */
    bool again;         /* for means that keep pages open from one step to the next */
    bool exclusives;    /* loops of Arm: what their registers hold matters */
    bool copied;        /* the tool's view shows a patched copy of page 0 */
    uint8_t failures;   /* so many hypercalls of the library's fail, anywhere */
};

/* A kind of machine and a means. */
struct config {
    const char *name;
    enum sim_kind kind;
    uint32_t minor, means;
    bool views;
    uint32_t max_views; /* 0: ten */
    bool holds;         /* vCPUs can be held */
    bool aligned;       /* only what the library does itself */
    bool forgets;       /* nothing is open from one step to the next */
    uint16_t flags;     /* SIM_OP_F_* of all instructions */
    /* What this means cannot hold, accepted and counted: while a page is open for a step, */
    bool others_pass; /* other vCPUs, */
    bool later_pass;  /* and what the vCPU does next, until the library saw that it went on */
    /*
     * Once it is answered: what the rights were then; and what else an emulated instruction touches,
     * where a failure kept the library from looking.
     */
    bool rest_passes;
};

/*
 * HOLE_CLOSING: closing ends a step by view by letting its instruction through. HOLE_FAILED: a page
 * could not be closed, which the tool was told; the library tries again when the tool looks.
 */
enum hole { HOLE_OTHER, HOLE_LATER, HOLE_EMULATED, HOLE_CLOSING, HOLE_FAILED, HOLES };

/* What must be, byte by byte. */
struct reference {
    uint8_t want[VIEWS][PAGES];     /* rights in force, XMEM_ACCESS_* */
    uint8_t view[VCPUS];            /* where the vCPU belongs */
    uint8_t grant[VCPUS][PAGES];    /* told and answered, for the instruction under way */
    uint8_t open[VCPUS][PAGES];     /* may still be open for it */
    uint8_t done[VCPUS];            /* instructions over */
    uint8_t skip[VCPUS];            /* the instruction under way is denied */
    uint8_t emulated[VCPUS];        /* and it was said that other pages may pass */
    uint8_t answered[VCPUS][PAGES]; /* rights when it was let be emulated */
    uint8_t outside[VCPUS];         /* the instruction under way was done by the library */
    uint8_t loaded[VCPUS];          /* a load-exclusive was told and answered, */
    uint64_t seen[VCPUS];           /* when this was there */
    uint8_t user_step[VCPUS];
    uint8_t steps_due[VCPUS], steps_told[VCPUS]; /* the tool's own single steps */
    uint8_t paused, free; /* free: the session is over, nothing is forbidden */
    uint8_t patch_hits;
    uint64_t memory[PAGES][512];
};

struct world {
    struct explore *e;
    const struct scenario *sc;
    const struct config *cfg;
    struct sim_machine *m;
    struct sim_domain *sim;
    struct xmem *x;
    struct xmem_domain *d;
    const struct xmem_event *held[HELD_MAX];
    struct reference ref;
    uint64_t chain; /* all that the library was told so far */
    uint64_t clock_ms;
    uint32_t next_vcpu;     /* that runs; SIM_NOBODY */
    unsigned passed[HOLES]; /* in this run */
    unsigned held_n, change_at, events, preempts, failures, calls;
    uint16_t own;     /* the number of the tool's view */
    bool quiet;       /* the tool looked, and nothing happened since */
    bool changed;     /* rights, or a view, or a step ran out of time: events may come again */
    bool closed;      /* in the middle of the run */
    bool unsent;      /* answers that the hypervisor does not know of yet */
    bool looking;     /* in xmem_event_next() */
    bool letting_run; /* whoever can run does: the session ends */
    bool nobody;      /* in the watching of one step: time passes, nobody runs */
    bool failed;      /* a hypercall did, in this step */
    bool owed;        /* and the library had no chance yet to try again */
    uint32_t turn;
};

extern struct world w;
extern uint64_t holes[HOLES];
/* May the guest run in the middle of the library's calls? So often in a run. */
extern unsigned preempts_allowed;

/* step-world.c: begins and ends a run. */
void world_begin(struct explore *e);
void world_end(bool whole);
uint64_t world_hash(void);
/* Must not fail; names the call. */
void must(int rc, const char *what);
/* Must not fail, unless a hypercall did: false, and the same call is to succeed later. */
bool done(int rc, const char *what);
/* Closes the session. What it tells that it left is undone by the next one. */
void world_close(void);

/* step-guest.c: a page that the tool's view shows a copy of. */
void copies_begin(void);
uint64_t copies_hash(uint64_t h);
void copies_judge(void);
/* One that was written where the copy is patched. */
void copies_wrote(const struct sim_op *op);

/* step-guest.c: the reference. */
unsigned op_count(const struct scenario *sc, unsigned vcpu);
/* What op does to which page. */
void op_touches(const struct sim_op *op, uint8_t bits[PAGES]);
void ref_begin(void);
/* The event is told, and is decided so. */
void ref_granted(const struct xmem_event *ev);
/* Is it an access that was told already, and nothing happened since? */
bool ref_told_again(const struct xmem_event *ev);
/* The library did the instruction under way for the vCPU, which goes past it when it runs. */
void ref_done_outside(unsigned vcpu);
/* The tool's answer to the vCPU's event failed: it has not been given. */
void ref_undo(unsigned vcpu, const struct reference *before);
/* Looks at what the vCPUs did. */
void ref_follow(void);
/* The library had its chance to close what was open. */
void ref_settle(void);
/* Nobody can do anything more: all is as it must be. */
void ref_judge(void);
/* What was written is in the pages. */
void ref_judge_memory(void);
const char *bits_name(unsigned bits);

/* step-tool.c: what can happen next, and doing it. */
enum explore_step tool_step(void);

/* step-ops.c: the library's calls of the machine, looked at. */
void ops_wrap(struct xmem_domain *d);
/* xmi_sim_inject_by(): may this hypercall fail? */
int ops_fail(void *ctx, int op);
uint32_t ops_schedule(void *ctx, const uint32_t *vcpus, uint32_t n, uint64_t *ops);

/* step-scenarios.c */
extern const struct scenario scenarios[];
extern const size_t scenario_n;
extern const struct config configs[];
extern const size_t config_n;
/* Can this kind of machine do it? */
bool scenario_fits(const struct scenario *sc, const struct config *cfg);

#endif
