/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A hypervisor of the smallest kind: EL2 on one or two cores, direct-mapped guests at EL1
 * behind the EL2 MPU, one vCPU at a time on a core. What differs between the architectures is in
 * <arch.h> of r52/ and a64/.
 */
#ifndef BARE_H
#define BARE_H

#include <stdarg.h>

#include <xm/base.h>
#include <xm/mpu-domain.h>
#include <xm/mpu-remote.h>
#include <xm/mpu.h>

#include <arch.h>

#define BARE_CPUS 2u
#define BARE_REGIONS 32u /* at most, in an EL2 MPU */
#define BARE_PORT_WORDS 2u

/* What a guest asks for with HVC 2; number in the first register, arguments behind it. */
enum bare_hypercall {
    BARE_HC_SHARED_INFO = 1, /* address */
    BARE_HC_VCPU_INFO = 2,   /* address, of the calling vCPU */
    BARE_HC_SEND = 3,        /* port: of the other guest */
    BARE_HC_ACK = 4,         /* the interrupt is taken */
    BARE_HC_NULL = 5
};

/* What a guest is told to do (guest.c); the address and a value behind it. */
enum bare_op {
    BARE_OP_NOTHING = 0,
    BARE_OP_READ = 1,
    BARE_OP_WRITE = 2,
    BARE_OP_EXEC = 3,
    BARE_OP_HYPERCALL = 4,
    BARE_OP_HAMMER = 5,        /* writes there again and again, counts in the word behind it */
    BARE_OP_STORES = 7,        /* writes 1, 2, 3... there, as often as the value says */
    BARE_OP_STORES_LISTEN = 8, /* the same with interrupts on */
    BARE_OP_TWO = 9,           /* one instruction that writes two words */
    BARE_OP_TRAP = 10,         /* an undefined instruction */
    BARE_OP_LISTEN = 6 /* interrupts on, for a while; the value's address is its vcpu_info */
};

struct bare_dom;

enum bare_end {
    BARE_END_DONE = -1000,     /* the guest says that it is done */
    BARE_END_STOPPED = -1001,  /* an event is under way for it */
    BARE_END_EXCEPTION = -1002 /* the guest took one that it does not know: .answer, .answer2 */
    /* others: enum xm_mpu_fault, or an errno */
};

struct bare_vcpu {
    struct bare_regs regs;
    struct bare_dom *dom;
    uint32_t id;
    uint32_t pauses;           /* counted; it runs with none */
    int end;                   /* why it left, enum bare_end */
    uintptr_t answer, answer2; /* of the op; of an exception: syndrome, pc */
    uintptr_t vbar;
    uintptr_t fault_addr; /* of the last fault that was decided for it */
    unsigned fault_what;
    unsigned once;    /* accesses that no region allows and the rights do */
    unsigned loads;   /* faults that loaded a region or brought the core up to date */
    unsigned reloads; /* by an interrupt from the other core */
    bool kicked;      /* a virtual interrupt is pending */
    unsigned steps;   /* instructions let run by themselves, or tried to */
    unsigned told;    /* exceptions of its own that the guest was handed on */
    bool probing,
        probed; /* bare_step_find(): the next instruction is let run, it was the only one */
    struct arch_debug debug; /* its debug registers, while they are not its own */
};

struct bare_dom {
    struct xm_domain core;
    const char *name;
    struct bare_vcpu vcpu[BARE_CPUS];
    struct xm_mpu_evtchn evtchn;
    struct xm_mpu_evtchn_vcpu evtchn_vcpu[BARE_CPUS];
    uint64_t dummy[BARE_PORT_WORDS];
    struct bare_dom *peer; /* that HC_SEND sends to */
    uintptr_t code;        /* its program */
    bool listening;        /* violations become events; else they are only told by .end */
    unsigned notified, crashes;
};

struct bare_cpu {
    uintptr_t sp; /* of bare_enter() or bare_try(); the assembler knows that it is first */
    uint32_t id;
    bool probing; /* an abort at EL2 is expected, and the instruction skipped */
    bool trying;  /* ... or leads out of bare_try() */
    unsigned aborts;
    uintptr_t abort_addr;
    unsigned abort_class;
    struct bare_vcpu *running;
    struct xm_mpu mpu;
    struct xm_mpu_slot slots[2 * BARE_REGIONS];
    struct xm_mpu_region scratch[BARE_REGIONS];
};

extern struct bare_cpu bare_cpus[BARE_CPUS];

/* ---- given by the program that is run (tests/lab/board) ---- */

void bare_main(void);        /* on the first core, its MPU as the reset left it */
void bare_second_main(void); /* on the second one */

/* ---- console.c ---- */

void bare_print(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void bare_print_list(const char *fmt, va_list ap);

/* ---- env.c ---- */

/* Memory that the core asks for; all that was given out since is gone. */
void bare_heap_reset(void);

/* ---- vcpu.c ---- */

/* Xen's own regions and its view, then the MPU on. 0 or a negative errno. */
int bare_mpu_start(struct bare_cpu *cpu, const struct xm_mpu_ops *ops, bool resident);
/* Guests' memory as a target of remote writes, as finely as the machine can. */
int bare_target(const struct bare_cpu *cpu, struct xm_mpu_target *t, uintptr_t addr, size_t bytes);
/*
 * gfns from first on, rights rwx. Before them, BARE_PROGRAM pages: its program (rx), and a stack for
 * each vCPU (rw).
 */
#define BARE_PROGRAM (1u + BARE_CPUS)
int bare_dom_init(struct bare_dom *d, const char *name, uint64_t first, uint64_t gfns,
                  enum xm_mpu_mode mode);
/*
 * Rights of gfns; the view is changed, and each core that runs the domain reached. -XM_ENOSPC:
 * they stay as they were. -XM_EBUSY: another core does not answer.
 */
int bare_dom_set(struct bare_dom *d, uint64_t first, uint64_t gfns, enum xm_access a);
/* Tells the vCPU what to do next, from its program's start. */
void bare_tell(struct bare_vcpu *v, enum bare_op op, uintptr_t a, uintptr_t b);
/* Runs it on this core till it leaves: its .end. */
int bare_run(struct bare_vcpu *v);
/* bare_tell() and bare_run(). */
int bare_op(struct bare_vcpu *v, enum bare_op op, uintptr_t a, uintptr_t b);

/* ---- step.c ---- */

/*
 * The guest is about to run with these registers: with what was answered with STEP, for one
 * instruction. False: it is stopped with an event.
 */
bool bare_step_enter(struct bare_cpu *cpu, struct bare_vcpu *v, struct bare_regs *regs);
/* First of all at each exit. done: the debug exception says that it is over. Answers whether one was on. */
bool bare_step_leave(struct bare_cpu *cpu, struct bare_vcpu *v, struct bare_regs *regs, bool done);
/* Where a watchpoint of the step's was met, reported at addr; before bare_step_leave(). */
uintptr_t bare_step_met(struct bare_vcpu *v, uintptr_t addr);
/*
 * Tries with this vCPU by which way one instruction can be let run here, and takes it: its name, or NULL.
 * Domains that are made later take answers with STEP; those before it, or with none, do not.
 */
const char *bare_step_find(struct bare_vcpu *v);
bool bare_can_step(void);

/* ---- evtchn.c ---- */

int bare_evtchn_init(struct bare_dom *d);

/* ---- trap.c, called by the architecture's exception entry ---- */

enum bare_trap_kind {
    BARE_TRAP_CALL,
    BARE_TRAP_ABORT,
    BARE_TRAP_IRQ,
    BARE_TRAP_OTHER,
    BARE_TRAP_STEP, /* one instruction is over */
    BARE_TRAP_DEBUG /* another debug exception, in the middle of a step */
};
struct bare_trap {
    enum bare_trap_kind kind;
    bool from_guest;
    unsigned what; /* of an abort: XM_DO_* */
    uintptr_t addr;
    unsigned number;    /* of a call */
    unsigned class;     /* the syndrome's */
    uintptr_t syndrome; /* all of it: the register has another one soon, where a shim is at work */
    uintptr_t *store;   /* of a write: the register, or NULL if the syndrome does not say; */
    unsigned bytes;     /* how much */
};
void bare_trap(struct bare_regs *regs, const struct bare_trap *t);

/* ---- at EL2, each through an instruction that may abort: true if it did not ---- */

bool bare_probe_read(uintptr_t addr);
bool bare_probe_write(uintptr_t addr, uint32_t v);
bool bare_probe_exec(uintptr_t addr);
/* True: fn came back; false: an abort led out of it. */
bool bare_try(void (*fn)(void *), void *arg);

/* ---- start.S ---- */

void bare_enter(struct bare_regs *regs); /* comes back by bare_leave() */
void bare_leave(void) __attribute__((noreturn));
int bare_call(void (*fn)(void *), void *arg); /* 0; 1 by bare_leave() */
void bare_exit(int code) __attribute__((noreturn));

/* ---- guest.c: the guests' program, one page, which runs wherever it is copied to ---- */

/* Vectors first. */
extern const char guest_image[], guest_begin[];

/* At the upper end of each vCPU's stack page. */
#define GUEST_DATA_BYTES 64u
struct guest_data {
    uint64_t got; /* ports that came in, of the first 64 */
    uintptr_t shared, info;
    uint32_t upcalls;
};

#endif
