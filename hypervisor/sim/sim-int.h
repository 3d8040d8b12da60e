/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Inside the simulated machine. Locking: every entry from outside is between
 * xmi_sim_enter() and xmi_sim_leave() (the domain's lock); the core takes its own locks inside.
 * The machine's lock guards only the list of domains and is never held together with another;
 * its pv_lock guards who owns which machine frame, and is taken last.
 */
#ifndef SIM_INT_H
#define SIM_INT_H

#include <pthread.h>
#include <xm/core.h>

#include "program.h"
#include "sim.h"

#define SIM_MAX_VCPUS 128u
#define SIM_MAX_PCPUS 64u
#define SIM_MAX_DOMID 0x7feeu /* DOMID_FIRST_RESERVED - 2, and 0 is not ours */
#define SIM_INJECTIONS 16u
#define SIM_NEVER UINT64_MAX

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* ==== machine frames ==== */

/* Machine frames. A machine frame number is the frame's address here, in pages. */

/* Frames taken one by one; given back to the system all at once. */
struct sim_frames {
    void **chunk;
    size_t chunks, room;
    void *free_list; /* linked through the first word of each free frame */
    size_t next;     /* frames taken of the last chunk */
    uint64_t used;
};

/* A run of frames for a guest; touched only when used. */
struct sim_arena {
    void *map; /* what was mmapped, with slack for alignment */
    size_t map_bytes;
    char *base;
    uint64_t pages;
};

static inline void *frame_at(xm_mfn_t mfn)
{
    return (void *)(uintptr_t)(mfn.n << XM_PAGE_SHIFT);
}

static inline xm_mfn_t frame_of(const void *p)
{
    return xm_mfn((uint64_t)(uintptr_t)p >> XM_PAGE_SHIFT);
}

/* Zeroed; an invalid mfn when there is no memory. */
xm_mfn_t xmi_sim_frames_alloc(struct sim_frames *f);
void xmi_sim_frames_free(struct sim_frames *f, xm_mfn_t mfn);
void xmi_sim_frames_destroy(struct sim_frames *f);

/* align_pages: a power of two; frame i has an mfn congruent to first + i modulo that. */
int xmi_sim_arena_init(struct sim_arena *a, uint64_t pages, uint64_t first, uint64_t align_pages);
void xmi_sim_arena_destroy(struct sim_arena *a);
static inline bool sim_arena_has(const struct sim_arena *a, xm_mfn_t mfn)
{
    return mfn.n - frame_of(a->base).n < a->pages;
}

/* ==== a vCPU's TLB ==== */

/*
 * A vCPU's TLB: direct mapped, second-stage translations only, tagged by view. An entry
 * holds until the view's epoch moves (a flush: O(1) whatever the number of vCPUs) or
 * another gfn takes its place, however much the table changed meanwhile, as in a real one.
 */

#define TLB_ENTRIES 2048u

struct tlb_entry {
    uint64_t gfn;
    uint64_t epoch;  /* 0: never valid */
    uint64_t change; /* of the domain when this was last compared with the table */
    uintptr_t page;  /* host address | rights (XM_DO_*) */
};

struct sim_tlb {
    struct tlb_entry *e;
};

static inline struct tlb_entry *tlb_at(const struct sim_tlb *t, uint64_t gfn)
{
    return &t->e[gfn & (TLB_ENTRIES - 1)];
}

static inline char *tlb_page(const struct tlb_entry *e)
{
    return (char *)(e->page & ~(uintptr_t)(XM_PAGE_SIZE - 1));
}

/* Holds a translation that lets `what` through? Says nothing of whether it ought to. */
static inline bool tlb_hit(const struct tlb_entry *e, uint64_t gfn, uint64_t epoch, unsigned what)
{
    return e->gfn == gfn && e->epoch == epoch && (e->page & what) == what;
}

int xmi_sim_tlb_init(struct sim_tlb *t);
void xmi_sim_tlb_destroy(struct sim_tlb *t);
void xmi_sim_tlb_fill(struct sim_domain *d, struct sim_vcpu *v, const struct part *p,
                      const struct xm_access_res *res);
/*
 * A hit is used although the tables changed since: counts it as forbidden if the rights
 * in force do not allow `what`, or if the page is another by now.
 */
void xmi_sim_tlb_verify(struct sim_domain *d, struct sim_vcpu *v, struct tlb_entry *e,
                        unsigned what);
void xmi_sim_tlb_flush(struct sim_domain *d, unsigned view);

/* ==== domains, vCPUs, machines ==== */

/* The listener's end of the event channel. */
struct sim_evtchn {
    int fd;        /* eventfd */
    bool readable; /* its counter is not 0 */
    bool bound;    /* from ENABLE until DISABLE, or until the listener is gone */
    bool pending;  /* raised, not acknowledged */
    bool soon;     /* raised when somebody has run */
    bool quiet;    /* says nothing of vCPUs that could run */
};

struct sim_injection {
    uint64_t nth; /* hypercalls to go; 0: free */
    int op;
    int err;
};

/* One that a listener injected. */
struct sim_exception {
    bool pending;
    uint8_t vector, type, insn_len;
};

/* Of the instruction under way: an event was told of it, and answered when it is tried again. */
struct sim_told {
    uint64_t frame; /* gfn; x86-pv: mfn */
    uint8_t what;   /* XM_DO_* */
};
#define SIM_TOLD (2 * INSN_ACCESSES)

/* A page that is open so that one vCPU gets over it; whom it let through is unseen. */
struct sim_note {
    uint64_t gfn;
    uint32_t vcpu;
    uint16_t view;
    uint8_t access; /* enum xm_access in force for all others */
};

/* Of an Arm vCPU, beside what events have of it. */
struct sim_arm {
    uint64_t x[31];
    uint64_t sp_el0, sp_el1, elr_el1, spsr_el1;
    uint64_t spsr_fiq, spsr_irq, spsr_und, spsr_abt, sctlr;
    uint64_t begin;   /* pc of the op under way */
    uint32_t *code;   /* its page; NULL: no Arm vCPU */
    bool shown;       /* the op is in code and x */
    bool down;        /* not online */
    bool set;         /* registers were set since the op began */
    bool monitor;     /* the exclusive monitor is armed, */
    uint64_t watched; /* and this was loaded */
};

enum pv_due { PV_DUE_NOTHING, PV_DUE_ACT, PV_DUE_EMULATE };

struct sim_vcpu {
    struct sim_domain *dom;
    struct xm_vcpu *core;
    uint32_t id;
    struct sim_program prog;
    struct sim_tlb tlb;
    union {
        struct xm_ev_regs_x86 x86;
        struct xm_ev_regs_arm arm;
    } regs; /* without the pc */
    uint64_t pc, done, result, traps, breakpoints, debugs;
    uint64_t tried;    /* ops begun, or tried again */
    uint64_t woken;    /* from the queue for a slot: its runs at that time, and 1 */
    uint32_t pauses;   /* by the core */
    uint32_t holds;    /* by a tool, through a domctl */
    bool waiting;      /* for a slot of the ring */
    bool in_op;        /* the op was tried and is not finished */
    bool fetched;      /* x86: its code is in the guest's own memory, and the pc there; */
    uint64_t pc_after; /* where it goes on then */
    bool held_write;   /* its write waits for an answer */
    bool moved;        /* an answer moved the pc while in_op: the op is skipped */
    bool step_due;     /* the single-step event found no slot */
    bool halted;
    uint64_t wake_at; /* halted: the domain's clock when its timer goes; SIM_NEVER */
    uint64_t step_gfn;
    struct sim_exception exception;
    struct sim_told told[SIM_TOLD];
    uint8_t told_n;
    uint16_t home; /* view in which the first of them was told */
    uint64_t xcr0;
    uint64_t pv_root;        /* x86-pv: L4 table in use */
    uint64_t pv_other_root;  /* that of the other mode, the kernel's or the user's; 0: none */
    bool pv_user;            /* in user mode */
    struct sim_pcpu *pcpu;   /* that has its tables loaded; NULL: none, or the machine has none */
    struct xm_pv_vcpu *pv;   /* x86-pv: what the core has of it alone; NULL otherwise, as: */
    struct xm_hap_vcpu *hap; /* x86-npt */
    struct xm_mpu_step *mpu_step; /* armv8r-mpu */
    enum pv_due pv_due;           /* x86-pv: what was decided and is still to be done, by pv_todo */
    struct xm_pv_todo pv_todo;
    uint64_t *pv_tlb_mfn;   /* x86-pv: of each TLB entry */
    struct xm_pv_open open; /* x86-pv: for the hypervisor's accesses in its name */
    bool hap_meets;         /* x86-npt: its step met what was not answered for, and has to tell */
    uint32_t hap_offset;
    struct sim_arm arm;
};

/* Grows whenever it runs. */
static inline uint64_t sim_vcpu_runs(const struct sim_vcpu *v)
{
    return v->done + v->tried;
}

/* x86-pv: the trap flag is set. */
static inline bool sim_vcpu_traps(const struct sim_vcpu *v)
{
    return v->pv_tlb_mfn != NULL && (v->regs.x86.rflags & XM_X86_TF) != 0;
}

struct sim_pv;
struct sim_pcpus;
struct sim_mpu;
struct pv_frame;

/* The machine's frames that PV guests have or had; see pv.h. */
struct sim_pv_frames {
    struct pv_frame **chunk;
    uint64_t low, end; /* those that are there are among these */
};

struct sim_domain {
    pthread_mutex_t lock;
    struct sim_machine *machine;
    struct sim_domain_cfg cfg;
    struct xm_domain core;
    bool core_up;
    struct sim_vcpu *vcpu;
    struct sim_rng rng;       /* the scheduler's */
    sim_schedule_fn schedule; /* in place of it */
    void *schedule_ctx;
    struct sim_arena memory;
    struct sim_arena code;    /* a page of each vCPU; x86: and its tables */
    struct sim_frames tables; /* the core's */
    struct sim_frames extra;  /* populated later, outside of memory */
    struct sim_trace *traces;
    struct sim_evtchn evtchn;
    struct sim_pv *pv;   /* x86-pv */
    struct sim_mpu *mpu; /* armv8r-mpu: the core of each vCPU */

    uint64_t *epoch; /* per view: what a TLB entry must carry to be of use */
    uint64_t last_epoch;
    bool tlb_broken;
    uint64_t change; /* moves with every change of a table */
    uint64_t preempt_checks;

    uint64_t clock;     /* ops tried; leaps to the next timer when all sleep */
    uint32_t halted_n;  /* vCPUs */
    uint32_t pauses;    /* by a tool, through a domctl */
    bool dying, doomed; /* doomed: dies when the core has returned */
    struct sim_injection injection[SIM_INJECTIONS];
    sim_watch_fn watch;
    void *watch_ctx;
    sim_inject_fn inject;
    void *inject_ctx;
    uint64_t death_at; /* count of events; 0: never */

    struct sim_note *notes;
    size_t notes_n, notes_room;
    uint16_t *internal; /* per view: the one it stands for; XM_VIEW_NONE: it is a tool's own */
    uint32_t internal_n;
    bool watched; /* accesses are to be compared with what was told */

    uint64_t accesses, forbidden, unseen, hypercalls, tlb_flushes, leaked_slots;
};

struct sim_machine {
    pthread_mutex_t lock, pv_lock;
    struct sim_pv_frames pv_frames;
    struct sim_pcpus *pcpus; /* NULL: each vCPU is its own */
    struct sim_machine_cfg cfg;
    struct sim_domain **domain;
    size_t domains, room;
    uint32_t next_domid;
};

/* The domain that this thread is inside of; NULL: none. */
extern _Thread_local struct sim_domain *xmi_sim_current;

static inline bool sim_is_arm(const struct sim_domain *d)
{
    return d->cfg.kind == SIM_ARM_S2 || d->cfg.kind == SIM_ARMV8R_MPU;
}

static inline struct sim_domain *sim_from_env(struct xm_env_dom *d)
{
    return (struct sim_domain *)(void *)d;
}

static inline struct xm_env_dom *sim_to_env(struct sim_domain *d)
{
    return (struct xm_env_dom *)(void *)d;
}

/* domain.c */
void xmi_sim_enter(struct sim_domain *d);
/* Lets a doomed domain die, brings the fd up to date, drops the lock. */
void xmi_sim_leave(struct sim_domain *d);
void xmi_sim_domain_die(struct sim_domain *d);
void xmi_sim_domain_free(struct sim_domain *d);
/* machine.c. add: gives it a domid where it has none, and makes it known. */
uint32_t xmi_sim_machine_xen_minor(const struct sim_machine *m);
int xmi_sim_machine_add(struct sim_machine *m, struct sim_domain *d);

/* vcpu.c */
int xmi_sim_vcpu_init(struct sim_domain *d, uint32_t id);
void xmi_sim_vcpu_destroy(struct sim_vcpu *v);
void xmi_sim_vcpu_regs_read(struct sim_vcpu *v, void *regs, size_t bytes);
void xmi_sim_vcpu_regs_write(struct sim_vcpu *v, const void *regs, size_t bytes);
/* By a listener: a pc that leaves the op under way says that it was done. */
void xmi_sim_vcpu_set_pc(struct sim_vcpu *v, uint64_t pc);
void xmi_sim_vcpu_set_result(struct sim_vcpu *v, uint64_t value);
uint64_t *xmi_sim_vcpu_ctrlreg(struct sim_vcpu *v, uint32_t index);
/* NULL: one that the machine does not keep. */
uint64_t *xmi_sim_vcpu_msr(struct sim_vcpu *v, uint32_t msr);
bool xmi_sim_vcpu_can_run(const struct sim_vcpu *v);
/* Pauses that are somebody's to end, who waits or was told: not those for another vCPU's step. */
uint32_t xmi_sim_vcpu_pauses(const struct sim_vcpu *v);
/* Now, or when its timer goes. */
bool xmi_sim_vcpu_will_run(const struct sim_vcpu *v);

/* arm.c */
int xmi_sim_arm_init(struct sim_domain *d);
void xmi_sim_arm_vcpu_init(struct sim_vcpu *v);
/* Where n ops lead from pc. */
uint64_t xmi_sim_arm_pc_after(const struct sim_vcpu *v, uint64_t pc, uint64_t n);
/* The op at the pc begins. */
void xmi_sim_arm_begin(struct sim_vcpu *v, const struct sim_op *op);
/* Puts it into memory and registers, for somebody who may look. */
void xmi_sim_arm_show(struct sim_vcpu *v);
/* Does this pc leave the op under way? */
bool xmi_sim_arm_leaves(struct sim_vcpu *v, uint64_t pc);
void xmi_sim_arm_get(struct sim_vcpu *v, struct sim_arm_context *out);
int xmi_sim_arm_set(struct sim_vcpu *v, const struct sim_arm_context *in);
/* The code page with this gfn, or NULL. */
void *xmi_sim_arm_code_page(struct sim_domain *d, uint64_t gfn);

/* x86.c */
int xmi_sim_x86_init(struct sim_domain *d);
/* What the vCPU's cr3 is at the beginning. */
uint64_t xmi_sim_x86_cr3(const struct sim_vcpu *v);
/* An event may be made: if the op's code is in the guest's own memory, rip is there until it is over. */
void xmi_sim_x86_fetch(struct sim_vcpu *v);
/* Puts the op under way into code and registers, for somebody who may look. */
void xmi_sim_x86_show(struct sim_vcpu *v, struct xm_ev_regs_x86 *regs);
/* The page of code or tables with this gfn, or NULL. */
void *xmi_sim_x86_page(struct sim_domain *d, uint64_t gfn);

/* vcpu.c: sleep */
void xmi_sim_halt(struct sim_vcpu *v, uint64_t ticks);
void xmi_sim_halt_end(struct sim_vcpu *v);
/* Wakes whose time has come; idle: nobody can run, time passes until the next one's. */
void xmi_sim_halt_timers(struct sim_domain *d, bool idle);

/* exception.c; the guest's own handler runs */
void xmi_sim_vcpu_take_exception(struct sim_vcpu *v, uint8_t vector);
/* The pending one. True: the op under way made it, and is done. */
bool xmi_sim_vcpu_deliver(struct sim_vcpu *v);

/* evtchn.c */
int xmi_sim_evtchn_init(struct sim_evtchn *e);
void xmi_sim_evtchn_destroy(struct sim_evtchn *e);
void xmi_sim_evtchn_raise(struct sim_evtchn *e);
/* wanted: something other than a raised event wants the fd readable. */
void xmi_sim_evtchn_update(struct sim_evtchn *e, bool wanted);
/* Somebody has run. */
void xmi_sim_evtchn_time(struct sim_evtchn *e);

/* inject.c: 0, or the -err that this hypercall answers. */
int xmi_sim_inject_take(struct sim_domain *d, int op);
/* The same for what is no hypercall of the machine's: only xmi_sim_inject_by()'s function is asked. */
static inline int sim_inject_ask(struct sim_domain *d, int op)
{
    return d->inject != NULL ? d->inject(d->inject_ctx, op) : 0;
}

/* run.c: does somebody else get to run before the hypervisor goes on with this vCPU? */
bool xmi_sim_others_come(struct sim_domain *d);
/* op.c: one op of one vCPU. False: the vCPU cannot go on now, the op is not done. */
bool xmi_sim_op_step(struct sim_domain *d, struct sim_vcpu *v);
/* op-access.c */
enum op_end { OP_DONE, OP_BLOCKED };
enum translation {
    TR_OK,
    TR_BLOCKED,
    TR_TRAP,   /* the op is over without the access */
    TR_EMULATE /* x86-pv: the hypervisor does the whole op */
};
/* x86-npt: an answer STEP came, and the op has not gone on since. */
enum op_end xmi_sim_hap_carry(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op);
/* x86-npt: into the guest, which does its op by itself. */
void xmi_sim_hap_enter(struct sim_domain *d, struct sim_vcpu *v);
/* A step by the processor is under way or wanted: was the access answered for? TR_OK: p is found. */
bool xmi_sim_hap_fault(struct sim_domain *d, struct sim_vcpu *v, uint8_t what, struct part *p,
                       enum translation *end);
void xmi_sim_hap_retired(struct sim_vcpu *v);
enum op_end xmi_sim_op_access(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op,
                              const struct xm_reply *reply);
/* Finds all parts of it, or tells an event. */
enum translation xmi_sim_access_find(struct sim_domain *d, struct sim_vcpu *v,
                                     struct sim_access *a);
/* A listener did it: was all of it told? */
void xmi_sim_arm_check_skipped(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op);
/* excl.c. ends: it is at its last instruction, and all before are done. step: one of them; true: done. */
bool xmi_sim_excl_ends(const struct sim_vcpu *v, const struct sim_op *op);
/* Its branch, which is not taken. False: an event is told. */
bool xmi_sim_excl_end(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op);
bool xmi_sim_excl_step(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op);
enum op_end xmi_sim_op_hypercall_buf(struct sim_domain *d, struct sim_vcpu *v,
                                     const struct sim_op *op);
/* op-event.c; held: the write's answer is there, reply says whether it is denied. */
enum op_end xmi_sim_op_event(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op,
                             const struct xm_reply *reply);

/* The page of this process that stands for a frame of the domain's. */
char *xmi_sim_page_of(struct sim_domain *d, xm_mfn_t mfn);

/* seen.c */
/* An event of this vCPU's instruction was told, if it is not waiting for a slot. */
void xmi_sim_told(struct sim_vcpu *v, uint64_t frame, unsigned what);
/* The view whose rights bind the vCPU: its own, or the one that it stepped out of. */
unsigned xmi_sim_home_view(const struct sim_domain *d, const struct sim_vcpu *v);
/* XM_DO_* of this page that nobody needs to look at, in the view that the vCPU is in. */
unsigned xmi_sim_unwatched_bits(const struct sim_domain *d, const struct sim_vcpu *v,
                                uint64_t frame);
/* Counts what goes through against the rights in force, without having been told. */
void xmi_sim_check_done(struct sim_domain *d, struct sim_vcpu *v, const struct sim_insn *in,
                        bool emulated);
void xmi_sim_check_access(struct sim_domain *d, struct sim_vcpu *v, const struct sim_access *a,
                          bool around);
/* A view operation succeeded. */
void xmi_sim_views_changed(struct sim_domain *d, const struct xm_altp2m_op *op);
/* Nobody listens any more. */
void xmi_sim_notes_forget(struct sim_domain *d);

/* mpu.c: armv8r-mpu */
int xmi_sim_mpu_cfg_check(const struct sim_domain_cfg *cfg);
int xmi_sim_mpu_init(struct sim_domain *d);
void xmi_sim_mpu_destroy(struct sim_domain *d);
/* Regions for the view of a domain of this cfg. */
uint16_t xmi_sim_mpu_budget(const struct sim_domain_cfg *cfg);
/* A change reaches each core. */
void xmi_sim_mpu_refresh(struct sim_domain *d);
enum translation xmi_sim_mpu_translate(struct sim_domain *d, struct sim_vcpu *v,
                                       const struct xm_access_req *req, struct part *p);
/* The vCPU is about to do an instruction: what was answered with STEP is open then. False: it is stopped. */
bool xmi_sim_mpu_enter(struct sim_domain *d, struct sim_vcpu *v);
/* It is in the hypervisor again; done: its instruction is over. */
void xmi_sim_mpu_leave(struct sim_domain *d, struct sim_vcpu *v, bool done);
/* mpu-step.c: the same, on its core. */
bool xmi_sim_mpu_step_begin(struct sim_domain *d, struct sim_vcpu *v, struct xm_mpu *m);
void xmi_sim_mpu_step_end(struct sim_domain *d, struct sim_vcpu *v, struct xm_mpu *m, bool done);
bool xmi_sim_mpu_step_watches(const struct sim_domain *d, const struct sim_vcpu *v, uint64_t gfn,
                              unsigned what);
void xmi_sim_mpu_step_check(struct sim_domain *d, struct sim_vcpu *v,
                            const struct xm_access_req *req, const struct part *p);
/* The hypervisor reads and writes there, for the guest on this core: as far as its MPU lets it. */
void xmi_sim_mpu_own_access(struct sim_domain *d, struct sim_vcpu *v, const struct part *p,
                            unsigned n);
uint64_t xmi_sim_mpu_mem_bytes(const struct sim_domain *d);

/* pcpu.c; without pCPUs all of it does nothing. */
int xmi_sim_pcpus_init(struct sim_machine *m);
void xmi_sim_pcpus_destroy(struct sim_machine *m);
/* The vCPU's turn: on a pCPU, with its tables. False: no memory, the domain dies. */
bool xmi_pcpu_enter(struct sim_domain *d, struct sim_vcpu *v);
void xmi_pcpu_leave(struct sim_domain *d, struct sim_vcpu *v);

/* pv-*.c: x86-pv */
#define SIM_PV_END \
    (UINT64_C(1) << 28) /* machine frames of guests; the hypervisor's lie elsewhere */
extern const struct xm_pv_hooks xmi_sim_pv_hooks;
int xmi_sim_pv_cfg_check(const struct sim_domain_cfg *cfg);
int xmi_sim_pv_init(struct sim_domain *d);
void xmi_sim_pv_destroy(struct sim_domain *d);
void xmi_sim_pv_frames_destroy(struct sim_machine *m);
int xmi_sim_pv_populate(struct sim_domain *d, uint64_t mfn);
int xmi_sim_pv_depopulate(struct sim_domain *d, uint64_t mfn);
/* The frame of this machine that stands for mfn; invalid: not the domain's. */
xm_mfn_t xmi_sim_pv_host_frame(struct sim_domain *d, uint64_t mfn);
void xmi_sim_pv_info(struct sim_domain *d, struct sim_domain_info *out);
uint64_t xmi_sim_pv_count_rights(struct sim_domain *d);
uint64_t xmi_sim_pv_mem_bytes(const struct sim_domain *d);
enum translation xmi_sim_pv_translate(struct sim_domain *d, struct sim_vcpu *v,
                                      const struct sim_access *a, struct part *p);
void xmi_sim_pv_tlb_verify(struct sim_domain *d, struct sim_vcpu *v, struct tlb_entry *e,
                           unsigned what);
/* Finds the parts of a buffer. -XM_EFAULT; XM_CONTINUE: the domain was crashed. */
int xmi_sim_pv_buffer(struct sim_domain *d, struct sim_vcpu *v, struct part *p, unsigned n);
/* Closes what was opened for it. */
void xmi_sim_pv_close(struct sim_domain *d, struct sim_vcpu *v);
bool xmi_sim_pv_lingers(const struct sim_domain *d);
enum op_end xmi_sim_pv_op(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op);
/* One instruction by the hypervisor's emulator. */
enum op_end xmi_sim_pv_emulate(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op);
/* The instruction is over: its debug exception, if the trap flag is set. */
void xmi_sim_pv_retired(struct sim_domain *d, struct sim_vcpu *v);
/* What was decided before and not done yet. *end: the op's. False: nothing was left. */
bool xmi_sim_pv_due(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op,
                    enum op_end *end);
int xmi_sim_pv_shadow_op(struct sim_domain *d, const struct xm_domctl *op);

#endif
