/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A small PV guest around the core's own struct xm_pv: two vCPUs, two frames, two virtual addresses,
 * a tool with a ring of a few slots, and a reference of what may happen. All in one piece, so that the
 * explorer goes on from copies.
 */
#ifndef PV_WORLD_H
#define PV_WORLD_H

#include "explore.h"

#include <xm/pv.h>

#define VCPUS 2u
#define FRAMES 2u
#define PAGES 2u /* virtual ones */
#define OPS_MAX 3u
#define PARTS 2u
#define CHANGES_MAX 4u
#define SLOTS_MAX 2u
#define GRANTS 4u
#define NO_FRAME 9u
#define MFN(f) ((uint64_t)0x10 + 100u * (unsigned)(f))
#define MANY 128u /* frames from MFN(0) on that are set at once; the others are always there */
#define SETTERS 2u
#define BLOCKS 4u /* of memory for the table */
#define BLOCK_BYTES 1024u

/* ---- what is explored ---- */

enum op_kind {
    OP_NONE,
    OP_INSN, /* an instruction of the guest */
    OP_ITEM, /* one item of a hypercall, which names frames */
    OP_OWN   /* the hypervisor copies to the guest, or from it */
};

struct part {
    uint8_t at;   /* a virtual page; of an item, a frame */
    uint8_t what; /* XM_DO_* */
    uint16_t offset;
};

struct op {
    uint8_t kind;
    uint8_t n;
    bool hard;    /* the emulator does not do it */
    bool same_ip; /* as the op before: a loop, or the next item */
    struct part part[PARTS];
};

/* How the tool may answer; all are tried. */
enum {
    BY_EMULATE = 1,
    BY_STEP = 2,
    BY_PLAIN = 4,  /* resume, once in a run */
    BY_SKIP = 8,   /* registers set: past the instruction; out of a hypercall once */
    BY_OTHER = 16, /* EMULATE, but of another frame; once in a run */
    BY_OPEN = 32   /* rwx for the frame, and resume */
};

enum change_kind {
    NO_CHANGE,
    SET,      /* the tool gives the frame rights */
    DEFAULT,  /* all frames */
    SET_MANY, /* of a range that both frames are in, by caller n, over continuations */
    DETACH,   /* the listener goes, */
    ATTACH,   /* and comes */
    REMAP,    /* the guest has the page show the frame */
    LEAVE,    /* a frame leaves the guest, */
    COME,     /* and comes back */
    HANDLER   /* an interrupt of the vCPU, whose handler is an instruction */
};

struct change {
    uint8_t kind, n, to; /* n: frame, page or vCPU */
};

struct scenario {
    const char *name;
    struct op op[VCPUS][OPS_MAX], handler;
    uint8_t rights[FRAMES]; /* enum xm_access */
    uint8_t answers, slots; /* 0: EMULATE; two */
    uint8_t policy;
    bool required, alone; /* alone: nobody listens at first */
    bool later;           /* the default is for frames that come, not for all */
    bool unimplemented;   /* is monitored */
    bool large;
    struct change tool[CHANGES_MAX], other[CHANGES_MAX],
        guest[CHANGES_MAX]; /* each in this order */
};

/* ---- one run ---- */

struct event {
    uint8_t vcpu, frame, what, page, who;
    uint16_t offset;
    bool stops, unimplemented;
};

/* Told and answered, for an op of this vCPU. */
struct grant {
    uint8_t frame, what, page;
    uint16_t offset;
    bool handler;
    uint8_t sets; /* that there had been */
};

struct vcpu {
    struct xm_pv_vcpu core;
    uint8_t at;            /* the op under way */
    uint8_t tries, events; /* of it */
    uint8_t made[OPS_MAX]; /* items */
    bool stopped, sleeps, handler, trap;
    uint8_t grant_n;
    struct grant grant[GRANTS];
    /* Within a step: */
    bool busy, alone, told; /* alone: nobody listened when that was looked at */
    uint8_t asks;           /* the frame that is decided about */
    uint8_t what;
    uint8_t could[FRAMES]; /* what its rights allowed then */
    uint8_t was[FRAMES];   /* changes of its rights that there had been */
};

/* A range that is being set. */
struct many {
    bool on, changed;
    uint8_t calls, rights;
    uint8_t absent;          /* frames that were not there at any moment of it */
    uint8_t changes[FRAMES]; /* of others, as it began */
    uint32_t start;
};

struct entry {
    bool there;
    uint8_t frame, bits;
};

struct world {
    struct xm_pv pv;
    _Alignas(16) unsigned char memory[BLOCKS][BLOCK_BYTES];
    bool used[BLOCKS];
    struct explore *e;
    const struct scenario *sc;
    struct vcpu vcpu[VCPUS];
    struct event ring[SLOTS_MAX];
    struct entry entry[PAGES];
    uint8_t map[PAGES]; /* the guest's */
    uint8_t ring_n;
    uint8_t tool_at, other_at, guest_at, preempts;
    struct many many[SETTERS];
    int8_t setter;        /* whose hypercall is under way; -1 */
    int8_t holder;        /* the vCPU that holds all others inside the hypervisor; -1 */
    uint8_t held[FRAMES]; /* in use by the hypervisor: not let go meanwhile */
    bool owned[FRAMES], leaving[FRAMES]; /* or coming */
    bool locked, leaf, dead, listens, resumed, lied;
    int8_t actor; /* the vCPU for which the core works; -1 */
    /* The reference. */
    uint8_t rights[FRAMES], normal; /* normal: of frames that come */
    uint8_t changes[FRAMES];
    uint8_t sets; /* all that was set, left or came */
};

extern struct world w;

static inline unsigned frame_of(uint64_t mfn)
{
    unsigned f = 0;
    while (f < FRAMES && MFN(f) != mfn)
        f++;
    return f;
}

extern const struct scenario *world_scenario; /* of the runs to come */
/* How often in a run somebody else does something within a vCPU's step. */
extern unsigned preempts_allowed;

/* pv-world.c: the surroundings. */
void world_begin(struct explore *e, void *ctx);
enum explore_step world_step(struct explore *e, void *ctx);
void world_end(struct explore *e, void *ctx, bool whole);
uint64_t world_hash(struct explore *e, void *ctx);
void world_lock(void);
void world_unlock(void);
/*
 * The entry of a page, by what the frame's rights allow now, and what a step of the vCPU does beside; the
 * guest's tables are looked at again.
 */
void world_make_entry(unsigned vcpu, unsigned page, unsigned frame);
/* One of the hypervisor's own, whatever the rights. */
void world_open(unsigned page, unsigned frame);
void world_drop_page(unsigned page);

/* pv-vcpu.c: as a hypervisor's glue does it. */
const struct op *vcpu_op(const struct vcpu *v);
uint64_t vcpu_ip(const struct vcpu *v);
bool vcpu_can_run(unsigned v);
void vcpu_step(unsigned v);
/* The op under way is over. */
void vcpu_over(struct vcpu *v);

/* pv-tool.c: all that can happen next, but for a vCPU that is in the middle of its step. */
unsigned acts(void);
void act(unsigned which);

/* pv-ref.c: the reference. */
uint8_t ref_bits(uint8_t rights);
void ref_fault(struct vcpu *v);
void ref_answered(struct vcpu *v, const struct event *ev);
/* The event was told to this vCPU's op before, and is answered. */
bool ref_told_again(const struct vcpu *v, const struct event *ev);
/* The vCPU does that to the frame. At once: by the processor, under the rights as they are. */
void ref_access(struct vcpu *v, const struct part *p, unsigned frame, bool at_once);
void ref_set(unsigned frame, uint8_t rights);
/* The lock goes: what changed must be what may change; no entry allows more than the rights. */
void ref_look(void);
void ref_judge(void);
const char *bits_name(unsigned bits);

extern const struct scenario scenarios[];
extern const size_t scenario_n;

#endif
