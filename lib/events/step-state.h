/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How far a vCPU is with the one instruction that it is let through for. */
#ifndef XMEM_STEP_STATE_H
#define XMEM_STEP_STATE_H

#include "arena/arena.h"

#include <stdbool.h>
#include <stdint.h>

/* Pages of one instruction: a scatter of 16 elements, its code, its stack, and room. */
#define STEP_PAGES 32u

/* A page that was answered for, and what for: XMEM_ACCESS_R, _W, _X. */
struct step_page {
    uint64_t gfn;
    uint32_t need;
    uint32_t zero; /* pages are compared as bytes */
};

struct step_pages {
    uint32_t n;
    struct step_page v[STEP_PAGES];
};

#define NO_VIEW UINT16_MAX

enum step_phase {
    STEP_NONE = 0,
    STEP_RUNS,    /* answered: the instruction is done, or meets another page */
    STEP_STOPPED, /* it met one, which waits for its answer; all pages are closed meanwhile */
    STEP_LATER,   /* answered while the domain was paused: begins when it goes on */
    STEP_ASKED,   /* likewise, but resumed: begins when it meets its page again */
};

struct step_view;
struct event;

struct step {
    uint8_t phase;          /* enum step_phase */
    uint8_t means;          /* the XMEM_STEP_* in use, */
    uint8_t failed;         /* and those that did not do this instruction */
    bool strict;            /* none with XMEM_PASSES_OTHERS or XMEM_PASSES_AGAIN */
    uint16_t origin;        /* view in which the vCPU belongs, */
    uint16_t back;          /* and where it goes then */
    bool unhook;            /* past a breakpoint: the first page shows the host's frame */
    bool sure;              /* by emulation: no page of it is untold */
    bool doubt;             /* but what was told of it came of a look that was not */
    bool exclusive;         /* a store-exclusive, which is not done when the pc moves */
    uint32_t again;         /* events for pages that were open already */
    uint64_t pc;            /* relaxing, asked: of the instruction */
    uint64_t registers;     /* and a sum of its registers, where the event had them */
    struct step_view *in;   /* by view: where it runs */
    struct step_view *was;  /* where it ran last */
    struct step_view *next; /* stopped: where its further page is open too */
    uint64_t looked;        /* the session's count of preparations then */
    struct event *later;    /* whose answer waits */
    struct step_pages pages;
};

/* What a vCPU is at, and what its next answer has to say. */
struct vcpu {
    struct ledger_vcpu *led; /* what the ledger has of it */
    struct step step;
    uint64_t last_pc, last_regs; /* of its last event; last_regs: a sum, made when it repeats */
    uint32_t repeats;
    uint16_t fast_view; /* view in which it is with a fast single step, */
    uint16_t fast_end;  /* which leads here */
    bool fast;          /* and may not be over yet */
    uint8_t fast_looks; /* how often it was waited for, at the session's end */
    bool fast_skips;    /* its pc was set since, which does not tell that it is over */
    bool user_step;     /* single step wanted by the caller */
    bool own_step;      /* single step wanted by the library, for a step */
    bool hw_step;       /* single step as the last answer left it */
    bool unsure_step;   /* a fast one that could not be switched off, and may be over since */
    bool attention;     /* its next answer has something to add: xmi_step_answer() */
    bool parked;        /* answered, and left where it is until the ring ends */
    uint64_t ran;       /* ns on a processor, when that was noted last */
    bool io_again;      /* it may come back to an input instruction that was emulated, */
    uint64_t io_pc;     /* this one */
    uint8_t
        writes; /* its instruction, into the page of gfn written, that has copies; 2: into more */
    uint64_t written;
};

/* All steps of a session. */
struct stepping {
    struct vcpu *vcpus;       /* d->vcpu_n of them */
    struct step_view **views; /* for stepping over */
    size_t view_n, view_cap;
    uint64_t prepared;         /* times that what is open in one changed */
    uint32_t n;                /* vCPUs in a step */
    uint32_t holding_n;        /* of them, such as the others are held for */
    uint32_t later_n;          /* of them, such as have not begun */
    struct arena_list relaxed; /* pages that are open in the vCPU's own view: struct relaxed */
    struct looked *looked;     /* instructions; NULL: not needed yet */
    struct step_arm *arm;      /* step-arm.h; NULL: not needed yet */
    struct step_ahead *ahead;  /* step-ahead.h; likewise */
    bool own_change;           /* rights are being changed for a step */
    bool owed;                 /* a step's end failed: xmi_step_pay() */
    bool finishing;            /* the session ends: steps by view are seen through */
    bool hold_asked;           /* whether vCPUs can be held; then */
    bool no_hold;              /* they cannot */
};

/* An instruction that was looked at before Xen's emulator got it: step-look.c */
struct looked {
    uint64_t rip, cr3;
    bool known, never; /* never: it cannot be emulated */
};

#endif
