/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The simulated machine: the hypervisor core running on modelled frames, vCPUs,
 * TLBs and event channels. Internal API, for lib/backend/sim and the tests.
 *
 * Cooperative and deterministic: guests make progress only in xmi_sim_domain_run() (the
 * library calls it when it finds the ring empty), one vCPU after the other in an order
 * that the seed decides. Thread-safe per domain: each domain has a lock; calls for
 * different domains may come from different threads.
 *
 * Numbers: errors are negative XM_E* values, which equal Linux's errno values.
 */
#ifndef SIM_H
#define SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xm/abi.h>

struct sim_machine;
struct sim_domain;

enum sim_kind {
    SIM_X86_EPT = 1,
    SIM_ARM_S2 = 2,
    SIM_X86_PV = 3,
    SIM_ARMV8R_MPU = 4,
    SIM_X86_NPT = 5
};

/* Releases differ; the machine behaves as the one it is told to be. */
struct sim_machine_cfg {
    uint64_t seed;
    uint32_t xen_minor; /* 17, 20, ...: numbers of rights, quirks; 0: 17 */
    uint32_t max_views; /* 0: 10 */
    uint32_t
        pcpus; /* that vCPUs of PV guests take turns on, up to 64; 0: each has one, and L4s as they are */
    uint32_t l4_frames; /* of each pCPU, for L4 shadows: 2 to 4; 0: 2 */
};
int xmi_sim_machine_create(const struct sim_machine_cfg *cfg, struct sim_machine **out);
/* Domains with it. */
void xmi_sim_machine_destroy(struct sim_machine *m);

struct sim_domain_cfg {
    uint32_t domid; /* 0: next free, from 1 */
    enum sim_kind kind;
    uint32_t vcpus; /* 1 to 128 */
    uint64_t pages; /* 4 KiB frames, mapped from gfn first_gfn on */
    uint64_t first_gfn;
    bool superpages; /* map with the largest pages that fit */
    bool altp2m;     /* views allowed (x86-ept) */
    bool holds;      /* one vCPU can be held; no released Xen has that, see README.md */
    uint32_t look; /* ops between two looks at a relaxed vCPU; 0: arm-s2 drawn, 16 to 128; else 1 */
    uint32_t regions; /* armv8r-mpu: of each core's EL2 MPU, 8 to 256; 0: 16 */
    bool whole;       /* armv8r-mpu: a plan that does not fit is refused, not filled in */
    bool qemu_codes;  /* armv8r-mpu: faults report QEMU's status codes, not silicon's */
    char name[64];
};
int xmi_sim_domain_create(struct sim_machine *m, const struct sim_domain_cfg *cfg,
                          struct sim_domain **out);
/* The domain dies, now: vCPUs stop for ever, hypercalls answer -ESRCH, the fd becomes readable. */
void xmi_sim_domain_kill(struct sim_domain *d);
struct sim_domain *xmi_sim_domain_find(struct sim_machine *m, uint32_t domid);
/* i-th domain, or NULL. */
struct sim_domain *xmi_sim_domain_at(struct sim_machine *m, size_t i);

struct sim_domain_info {
    uint32_t domid, vcpus;
    enum sim_kind kind;
    bool dying, paused, altp2m;
    bool steps; /* answers may say that the hypervisor carries an instruction over */
    uint64_t highest_gfn, pages;
    uint32_t xen_minor, max_views;
    uint32_t regions; /* armv8r-mpu: that the view of the domain may use; else 0 */
    char name[64];
};
void xmi_sim_domain_info(struct sim_domain *d, struct sim_domain_info *out);

/* ---- what a guest does ---- */

enum sim_op_code {
    SIM_OP_READ = 1, /* addr: guest-physical; value returned in the vCPU's result */
    SIM_OP_WRITE,    /* value: stored, 8 bytes */
    SIM_OP_EXEC,     /* fetch */
    SIM_OP_RMW,      /* read, then write, as one instruction; x86: as one access */
    SIM_OP_COPY,     /* reads at addr, writes to `to`, as one instruction */
    SIM_OP_GUEST_REQUEST,
    SIM_OP_BREAKPOINT,
    SIM_OP_CPUID,
    SIM_OP_CTRLREG,
    SIM_OP_MSR,
    SIM_OP_DESCRIPTOR,
    SIM_OP_PRIVCALL,
    SIM_OP_DEBUG,
    SIM_OP_IO,
    SIM_OP_VMEXIT,
    SIM_OP_HYPERCALL_BUF, /* a hypercall whose buffer is at addr: Xen's own access */
    SIM_OP_VMFUNC,        /* switch to view `value` by itself */
    SIM_OP_HALT,     /* sleeps; value: ops of the domain until its timer wakes it, 0: it has none */
    SIM_OP_WAKE,     /* wakes vCPU `index` */
    SIM_OP_POWEROFF, /* the domain shuts down (dies) */
    /* x86-pv: hypercalls; the answer is the vCPU's result */
    SIM_OP_MMU_UPDATE, /* addr: of the entry, machine; value: the new one; index: command, 0 or 2 */
    SIM_OP_UPDATE_VA,  /* addr: virtual; value: its new L1 entry; index not 0: flush */
    SIM_OP_MMUEXT,     /* index: SIM_MMUEXT_*; addr, value: machine addresses */
    SIM_OP_EXCL,   /* Arm: adds 1 by load- and store-exclusive: a loop of instructions, README.md */
    SIM_OP_TOGGLE, /* x86-pv: into user mode (index 1), or the kernel's: the other L4 is loaded */
    SIM_OP_AREA    /* x86-pv: value is written to machine address addr by the hypervisor, which
                        * keeps the frame for that (index 0, once: vcpu_info and the like), or again
                        * where it is (index 1) */
};
/* Xen's MMUEXT_* numbers. */
enum {
    SIM_MMUEXT_PIN_L1 = 0,
    SIM_MMUEXT_PIN_L2 = 1,
    SIM_MMUEXT_PIN_L3 = 2,
    SIM_MMUEXT_PIN_L4 = 3,
    SIM_MMUEXT_UNPIN = 4,
    SIM_MMUEXT_NEW_BASEPTR = 5,
    SIM_MMUEXT_TLB_FLUSH_LOCAL = 6,
    SIM_MMUEXT_TLB_FLUSH_ALL = 10,
    SIM_MMUEXT_NEW_USER_BASEPTR = 15,
    SIM_MMUEXT_CLEAR_PAGE = 16,
    SIM_MMUEXT_COPY_PAGE = 17
};
#define SIM_OP_F_WALK 1u         /* the access is made by a walk of the guest's page tables */
#define SIM_OP_F_USER 2u         /* GUEST_REQUEST: from user mode */
#define SIM_OP_F_NO_EMUL 4u      /* an instruction that the emulator does not know */
#define SIM_OP_F_UNHANDLEABLE 8u /* one that it refuses: an exception, whatever is monitored */
#define SIM_OP_F_FETCH 16u       /* an access whose instruction is fetched, at `fetch`, before it */
#define SIM_OP_F_WAITS 32u       /* EXCL: loads again until 0 is there */
struct sim_op {
    uint8_t code;   /* enum sim_op_code */
    uint8_t len;    /* bytes of the access; 0: 8 */
    uint16_t flags; /* SIM_OP_F_* */
    uint32_t index; /* CTRLREG, MSR, CPUID leaf, IO port, VMEXIT reason */
    uint64_t addr;  /* guest-physical; x86-pv: virtual */
    uint64_t value;
    uint64_t fetch; /* as addr; 4 bytes */
    uint64_t to;    /* as addr; COPY; EXCL: not 0: is loaded between its load and its store */
};
/*
 * The program of a vCPU: ops run in order, `repeat` times (0: for ever). Copied. A vCPU without a
 * program, or at its end, is idle.
 */
int xmi_sim_vcpu_script(struct sim_domain *d, uint32_t vcpu, const struct sim_op *ops, size_t n,
                        uint64_t repeat);
struct sim_random_cfg {
    uint64_t seed, count; /* accesses; 0: for ever */
    uint64_t first_gfn, gfns;
    uint32_t read, write, exec, rmw; /* weights */
};
int xmi_sim_vcpu_random(struct sim_domain *d, uint32_t vcpu, const struct sim_random_cfg *cfg);
struct sim_trace_damage {
    uint64_t lost; /* lines that begin as an access's and are none: cut, or the program's output */
    uint64_t behind; /* accesses that were found behind something else in their line */
    uint64_t line;   /* the first of both, from 1; 0: none */
};
/*
 * Replays a memory trace in the format of valgrind's lackey (lines "I  addr,size", " L addr,size",
 * " S addr,size", " M addr,size"); addresses are laid onto the domain's frames page by page in order
 * of first appearance. The file is read once, into 8 bytes an access. repeat as above. What cannot be
 * read of it is left out and counted in damage, which may be NULL.
 * -ENOSPC: more distinct pages than the domain has. -EINVAL: no access in the file.
 */
int xmi_sim_vcpu_trace(struct sim_domain *d, uint32_t vcpu, const char *path, uint64_t repeat,
                       struct sim_trace_damage *damage);
/* Pages that the trace uses: gfn of the page that held addr in the traced program. */
int xmi_sim_trace_gfn(struct sim_domain *d, uint32_t vcpu, uint64_t addr, uint64_t *gfn);

/*
 * Runs vCPUs that can run, at most `steps` ops in all, or until something was put into the ring
 * (the op is finished first). Returns how many ops were done; 0: nobody can run now.
 */
uint64_t xmi_sim_domain_run(struct sim_domain *d, uint64_t steps);
/*
 * As long as a tool takes between two looks: with a page open meanwhile, what passes is what a
 * scheduler's slice lets pass.
 */
void xmi_sim_domain_look(struct sim_domain *d);
/*
 * Who runs next, in place of the seed: asked in xmi_sim_domain_run() with the n vCPUs that can run,
 * before each slice; answers one of them, and in *ops (1 when asked) for how many ops at most, or
 * SIM_NOBODY: the run ends. It calls nothing of this domain. fn NULL: the seed again.
 */
#define SIM_NOBODY UINT32_MAX
typedef uint32_t (*sim_schedule_fn)(void *ctx, const uint32_t *vcpus, uint32_t n, uint64_t *ops);
void xmi_sim_domain_schedule(struct sim_domain *d, sim_schedule_fn fn, void *ctx);
/* Anybody left who could run, now or after an answer? */
bool xmi_sim_domain_runnable(struct sim_domain *d);

/* An interrupt for a vCPU that may be halted. */
int xmi_sim_vcpu_wake(struct sim_domain *d, uint32_t vcpu);

enum sim_vcpu_state {
    SIM_VCPU_IDLE,
    SIM_VCPU_RUNNABLE,
    SIM_VCPU_PAUSED,
    SIM_VCPU_WAITING,
    SIM_VCPU_HALTED
};
struct sim_vcpu_info {
    enum sim_vcpu_state state;
    bool
        asleep; /* blocked, or off: it would not run if nobody paused it; who waits for an answer does not sleep */
    uint16_t view;
    uint64_t done;   /* ops finished */
    uint64_t ran;    /* grows whenever it runs */
    uint64_t pc;     /* moves with each op finished: by 1 on x86; Arm: see SIM_CODE_GFN */
    uint64_t result; /* of the last read */
    bool single_step;
    uint64_t traps; /* #VEs and other exceptions that the guest took; their op is dropped */
    uint64_t breakpoints, debugs; /* #BPs and #DBs that its own handlers saw; traps has them, too */
};
int xmi_sim_vcpu_info(struct sim_domain *d, uint32_t vcpu, struct sim_vcpu_info *out);

/*
 * Arm: the gfn of vCPU 0's code; the others' follow. Its MMU is off, and its pc goes from word to word
 * of that page, and by a branch in the last one to the first again. What is at the pc when an event
 * is made, or registers are asked for, is the op under way as an A64 instruction, with its operands in
 * the registers; ops that are none are undefined instructions there. The page can be mapped, and
 * belongs to no memory map: nothing restricts it, and no gfn of the domain's is counted for it.
 */
#define SIM_CODE_GFN ((UINT64_C(1) << 36) - 0x1000)

/*
 * x86-ept, x86-npt: the op under way as an instruction, which stands at the pc when an event is made. A test
 * that has an op fetched from the guest's own memory (F_FETCH, EXEC) writes it there: then the pc is
 * there as well, until the op is over. The number of bytes; 0: the op is no such instruction.
 */
#define SIM_X86_BYTES 16u
size_t xmi_sim_x86_encode(const struct sim_op *op, uint8_t out[SIM_X86_BYTES]);

/* An Arm vCPU's registers, as the vcpucontext domctls have them. */
struct sim_arm_context {
    uint64_t x[31], pc, cpsr;
    uint64_t sp_el0, sp_el1, elr_el1, spsr_el1;
    uint64_t spsr_fiq, spsr_irq, spsr_und, spsr_abt;
    uint64_t sctlr, tcr, ttbr0, ttbr1;
    bool online; /* clear: it does not run, and interrupts for it are lost */
};

/* ---- the listener's side, as libxenctrl and friends give it on real Xen ---- */

/* Hypercalls; struct layouts in <xm/abi.h> are Xen's. Continuations are made inside, as in Xen. */
int xmi_sim_hc_mem_access(struct sim_machine *m, struct xm_mem_access_op *op);
/* Several of them on one domain in one hypercall; each goes its own way, as in Xen's multicall. */
struct sim_multicall {
    struct xm_mem_access_op op;
    int result;
};
int xmi_sim_hc_multicall(struct sim_machine *m, struct sim_multicall *v, uint32_t n);
int xmi_sim_hc_domctl(struct sim_machine *m, struct xm_domctl *op);
int xmi_sim_hc_altp2m(struct sim_machine *m, struct xm_altp2m_op *op);
/*
 * -EOPNOTSUPP: not an Arm guest. Set takes all or nothing; -EINVAL as Xen has it: the mode in cpsr, or
 * in an spsr_el1 that is not 0, is none of AArch64's below EL2. A pc that leaves the op under way
 * says that the op was done outside of the vCPU, its result being in x0; so does an answer's.
 */
int xmi_sim_hc_vcpu_get(struct sim_machine *m, uint32_t domid, uint32_t vcpu,
                        struct sim_arm_context *out);
int xmi_sim_hc_vcpu_set(struct sim_machine *m, uint32_t domid, uint32_t vcpu,
                        const struct sim_arm_context *in);
/* Frames of the guest: mapped while the domain is; -ESRCH: nothing there. */
int xmi_sim_map_gfn(struct sim_domain *d, uint64_t gfn, void **page);
int xmi_sim_populate(struct sim_domain *d, uint64_t gfn);
int xmi_sim_depopulate(struct sim_domain *d, uint64_t gfn);
/* The monitor ring's page, after the ENABLE domctl; and its event channel. */
void *xmi_sim_ring_page(struct sim_domain *d);
/* Readable while an event may be there, or the domain died, or vCPUs could run. */
int xmi_sim_evtchn_fd(struct sim_domain *d);
void xmi_sim_evtchn_ack(struct sim_domain *d);
/* Readable until it is acknowledged, though the hypervisor said nothing. */
void xmi_sim_evtchn_poke(struct sim_domain *d);
/* The same when a vCPU has run, which is how time goes by here. */
void xmi_sim_evtchn_soon(struct sim_domain *d);
/* The listener notifies: the hypervisor consumes the answers. */
void xmi_sim_evtchn_notify(struct sim_domain *d);
/* Forget the fd's "vCPUs could run" part: for tests that want the real event channel's behaviour. */
void xmi_sim_evtchn_quiet(struct sim_domain *d, bool quiet);
uint64_t xmi_sim_hypercall_count(struct sim_domain *d);
#define SIM_VECTOR_DB 1u
#define SIM_VECTOR_BP 3u
#define SIM_VECTOR_UD 6u
/*
 * The device model's call that injects an exception: the guest's own handler takes it when the
 * vCPU runs next. type: x86's (3 hardware exception, 4 to 6 made by an instruction: the pc moves
 * past it by insn_len, and an op that waits for an answer is done). -EINVAL; -EBUSY: one is
 * pending; -EOPNOTSUPP: not an x86-ept; -ESRCH: the domain dies.
 */
int xmi_sim_vcpu_inject(struct sim_domain *d, uint32_t vcpu, uint8_t vector, uint8_t type,
                        uint8_t insn_len);

/* ---- x86-pv ----
 * A gfn of such a domain is a machine frame, of which no two domains have the same. The guest
 * begins with each page mapped at its machine address, and its page tables behind its pages.
 */

/* What rights mean for accesses of the hypervisor's own (enum xm_pv_policy). */
enum sim_pv_policy { SIM_PV_OWN_IGNORE = 0, SIM_PV_OWN_NOTIFY = 1, SIM_PV_OWN_DENY = 2 };
int xmi_sim_pv_set_policy(struct sim_domain *d, enum sim_pv_policy policy);
/* A new default is for later frames (as for HVM), not for all. -EINVAL: mem_access is on. */
int xmi_sim_pv_set_later_default(struct sim_domain *d, bool later);
/* Machine frame of the ring, which is the hypervisor's; ~0: not made yet. */
uint64_t xmi_sim_pv_ring_mfn(struct sim_domain *d);
/* L4 shadows of all pCPUs. */
struct sim_l4_counts {
    uint64_t loads;             /* changes of CR3 */
    uint64_t none, slots, full; /* of these and of interrupts, by what had to be copied */
    uint64_t words;             /* copied */
    /* For a write of an L4, each pCPU: runs another domain; has not loaded it; was told; that in vain. */
    uint64_t domain_miss, cache_miss, writes, in_vain;
    uint64_t shared,
        wrong; /* two pCPUs on one L4; a loaded shadow that is not as its L4: always 0 */
};
void xmi_sim_l4_counts(struct sim_machine *m, struct sim_l4_counts *out);
/* The L4 table that the guest began with. */
uint64_t xmi_sim_pv_root(struct sim_domain *d);

/* ---- armv8r-mpu ----
 * A direct-mapped guest (frame = gfn) of which each vCPU has a core with an EL2 MPU.
 */

struct sim_mpu_info {
    uint32_t regions, planned; /* of the guest on this core now; of the domain's whole plan */
    uint64_t register_writes, syncs, fills, evictions;
    uint64_t covered, windows, flips,
        switches; /* remote accesses of the hypervisor's, by their way */
};
/* -EINVAL: another kind, or no such vCPU. */
int xmi_sim_mpu_core_info(struct sim_domain *d, uint32_t vcpu, struct sim_mpu_info *out);
/* Instants at which registers were wrong: overlaps, bases changed while on, missing barriers. */
uint64_t xmi_sim_mpu_defects(struct sim_domain *d);

/* ---- what a stepping library says beside the hypercalls, for the machine's check of itself ---- */

/*
 * open: this page of this view is open so that one vCPU gets over it; `access` (enum xm_access)
 * stays in force for everybody else. Said before it is opened, and taken back (open false) when
 * it is closed. -EINVAL; -ENOMEM; -ENOENT: not open for that vCPU.
 */
int xmi_sim_step_note(struct sim_domain *d, uint16_t view, uint64_t gfn, uint32_t vcpu,
                      uint8_t access, bool open);
/*
 * That vCPU's instruction under way was told to the tool for this page as well (XM_DO_*), by the
 * library itself and not by an event of the hypervisor's. -EINVAL.
 */
int xmi_sim_step_told(struct sim_domain *d, uint32_t vcpu, uint64_t gfn, uint8_t what);
/*
 * `view` is for stepping over accesses of vCPUs of view `from`: whoever is in it is bound by the
 * rights of `from`, or of the view that it stepped out of. Until the view is destroyed. -EINVAL.
 */
int xmi_sim_view_internal(struct sim_domain *d, uint16_t view, uint16_t from);

/* ---- what goes wrong ---- */

/* The n-th hypercall from now (1: the next) on this domain answers -err; op 0: any, else one XM_HC_*. */
void xmi_sim_inject_errno(struct sim_domain *d, uint64_t nth, int op, int err);
/*
 * Asked before each hypercall on this domain, and before frames are mapped, given and taken: 0, or the
 * negative errno that it answers then, nothing being done. It calls nothing of this domain. NULL: nobody.
 */
typedef int (*sim_inject_fn)(void *ctx, int op);
void xmi_sim_inject_by(struct sim_domain *d, sim_inject_fn fn, void *ctx);
/* Called at the end of each hypercall on this domain, and of all else; it calls nothing of it. NULL: nobody. */
typedef void (*sim_watch_fn)(void *ctx);
void xmi_sim_watch_by(struct sim_domain *d, sim_watch_fn fn, void *ctx);
/* Beside XM_HC_*, for it alone: xmi_sim_map_gfn(), xmi_sim_populate(), xmi_sim_depopulate(). */
enum { SIM_HC_MAP = XM_HC_COUNT, SIM_HC_POPULATE, SIM_HC_DEPOPULATE, SIM_HC_COUNT };
/* The domain dies when it has put `events` more requests into the ring. */
void xmi_sim_inject_death(struct sim_domain *d, uint64_t events);
/* The listener is gone without a word: nothing is disabled, the channel is closed. */
void xmi_sim_listener_abandon(struct sim_domain *d);
/* TLB entries stay until flushed; tests break this on purpose to see the check fail. */
void xmi_sim_break_tlb_flush(struct sim_domain *d, bool broken);

/* ---- the machine checks itself ---- */

struct sim_report {
    uint64_t accesses, events, hypercalls, tlb_flushes;
    uint64_t unanswered, double_answers, leaked_slots;
    uint64_t leftover_rights, leftover_views, leftover_pauses, leftover_monitors;
    /* Accesses that went through although the rights at that moment forbade it: by a TLB entry, in a
     * view for stepping, or with an instruction that was stepped over for another page or right; on Arm,
     * where no step needs to open a page, since their page was open for another's step as well. */
    uint64_t forbidden;
    uint64_t
        unseen; /* not Arm: that passed since their page was open for another vCPU or instruction */
    uint64_t mem_bytes, mapped_gfns;
};
/* d NULL: all domains, added up; `forbidden` with L4 shadows that were found wrong or shared. */
void xmi_sim_report(struct sim_machine *m, struct sim_domain *d, struct sim_report *out);

#endif
