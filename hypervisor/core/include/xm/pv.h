/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mem_access for PV guests on shadow page tables: rights, decisions, accesses, steps. */
#ifndef XM_PV_H
#define XM_PV_H

#include <xm/types.h>
#include <xm/env.h>
#include <xm/steps.h>
#include <xm/pv-frames.h>
#include <xm/rights.h>

/* ==== one instruction by the processor ==== */

/*
 * One instruction that no emulator does, done by the processor for an answer STEP: the domain's other
 * vCPUs are held inside the hypervisor, the frames that were answered for have entries for this one's
 * demand faults, and its trap flag brings it back behind the instruction. Nothing is open when another
 * vCPU runs: held first, then opened; closed and flushed first, then released. Whatever else happens
 * in the middle closes it, too: a further frame, an exception, an interrupt that the guest is to see.
 */

struct xm_pv;
struct xm_pv_vcpu;
struct xm_pv_ask;
struct xm_pv_todo;

/* Those that were answered for, and of rights that no entry can say. All of them are closed in one go. */
#define XM_PV_STEP_FRAMES 12u

/* Of a domain, under its lock; the vCPU itself may look at it without: nobody else opens or closes it. */
struct xm_pv_step {
    bool open;
    bool own_trap; /* the guest single-steps itself */
    uint32_t vcpu;
    uint32_t n;
    struct {
        uint64_t mfn;
        uint8_t bits; /* XM_DO_* that the vCPU's entries for it may carry */
    } frame[XM_PV_STEP_FRAMES];
};

/* Is the vCPU in the middle of one? */
bool xm_pv_stepping(const struct xm_pv *pv, const struct xm_pv_vcpu *v);
/* Can the processor not do it so? xm_trap_never(), of 64-bit code. */
bool xm_pv_step_never(const uint8_t *code, uint32_t n);
/*
 * The vCPU goes back to its instruction whatever this does: what it faults on is opened if the step has
 * begun; else, as another vCPU holds this one, it comes here again. No lock is held.
 */
void xm_pv_step_begin(struct xm_pv *pv, struct xm_pv_vcpu *v);
/*
 * xm_pv_not_emulated() said STEP for todo: begins it, or, where the processor cannot do the instruction so, tells of it as
 * if nobody had answered STEP. code: its first bytes, as many as can be read. The vCPU goes back to it either way.
 */
void xm_pv_step_or_tell(struct xm_pv *pv, struct xm_pv_vcpu *v, const struct xm_pv_todo *todo,
                        const uint8_t *code, uint32_t n);
/* A frame that the step met may be open. False: no room; the step is closed. */
bool xm_pv_step_open(struct xm_pv *pv, struct xm_pv_vcpu *v, const struct xm_pv_ask *ask);
/* As xm_pv_entry_flags(), for a demand fault of this vCPU. The lock is held. */
uint64_t xm_pv_step_flags(struct xm_pv *pv, uint32_t vcpu, uint64_t mfn, uint64_t flags,
                          unsigned limits);
/*
 * Ends it, if there is one: something else comes before the instruction is done, or does it. done: what
 * was answered for is used up.
 */
void xm_pv_step_close(struct xm_pv *pv, struct xm_pv_vcpu *v, bool done);
/* The debug exception behind the instruction. True: it is the guest's own as well. */
bool xm_pv_step_trap(struct xm_pv *pv, struct xm_pv_vcpu *v);

/* ==== rights, entries, decisions ==== */

/*
 * mem_access for PV guests on shadow page tables. A PV guest has no second-stage table: its own
 * page tables hold machine frames, and rights are those of a frame (gfn = mfn), wherever and
 * however often it is mapped. They are enforced by what shadow L1 entries may carry.
 *
 * struct xm_pv stands by itself: pv-table.c, pv-set.c, pv-many.c, pv-op.c and pv-decide.c need neither
 * struct xm_domain nor this core's ring, so that a hypervisor with its own vm_event takes them as
 * they are. kinds/x86-pv.c ties them to this core's.
 *
 * Two locks. The caller holds one over a struct xm_pv (in Xen the paging lock), under which shadow entries
 * are made and taken away; but xm_pv_frame_left(), xm_pv_frames_came(), xm_pv_rights() and xm_pv_note()
 * need none. The other one, pv->lock, is taken in here by whoever reads or writes the table of rights. It is
 * a leaf: nothing is taken under it but what the memory allocator takes, so frames can come and go
 * under any lock of the surroundings.
 */

/* What the surroundings do for it. */
struct xm_pv_hooks {
    /*
     * Does the frame belong to the domain now? Asked under pv->lock: takes no lock and no reference. What
     * makes that sound: a frame that leaves stops being owned before xm_pv_frame_left().
     */
    bool (*owned)(struct xm_env_dom *d, xm_mfn_t mfn);
    /*
     * Takes the frame out of every shadow L1 table of the domain, however often it is mapped, at once or
     * by what settle does. Must not count on references: a PV guest's own tables hold some, too. True: TLBs
     * may hold what was taken out; the flush is the caller's. xm_pv_where_drop() finds the entries.
     */
    bool (*drop)(struct xm_env_dom *d, xm_mfn_t mfn);
    /* The same for all frames; the flush is the caller's. */
    void (*blow)(struct xm_env_dom *d);
    /*
     * The end of an operation, before anybody is told that it is done: xm_pv_where_settle(). NULL: drop
     * leaves nothing to be done.
     */
    int (*settle)(struct xm_env_dom *d, bool may_preempt, bool *flush);
    /*
     * Shadow entries that drop has looked at so far, of all frames: a guest decides how many a frame has. NULL:
     * each frame counts as one.
     */
    uint64_t (*looks)(struct xm_env_dom *d);
};

/* What setting the default means. */
enum xm_pv_default {
    XM_PV_DEFAULT_ALL = 0,   /* all frames, whatever they were set to before (the RFC for PV) */
    XM_PV_DEFAULT_LATER = 1, /* frames that the domain gets from now on (as for HVM) */
};

/* What becomes of an access of the hypervisor's own that the rights forbid. */
enum xm_pv_policy {
    XM_PV_OWN_IGNORE = 0, /* goes on: mem_access is for guests (as upstream, everywhere) */
    XM_PV_OWN_NOTIFY = 1, /* goes on, and an event is sent that stops nobody */
    XM_PV_OWN_DENY = 2,   /* -EFAULT, nothing is copied */
};

struct xm_pv_calls;

/* Frames are told apart in so many groups where it matters that something was changed. */
#define XM_PV_STAMPS 256u

/* Operations on many frames that can be under way, over continuations. */
#define XM_PV_TICKETS 16u

/* One of them. It is known again by who does what to which frames. */
struct xm_pv_ticket {
    uint64_t caller, frames, rights; /* first frame and rights, or handles of lists */
    uint32_t nr;
    uint32_t good, done; /* items that were checked, changed */
    uint64_t used;       /* when it was continued last; 0: free */
    int rc;              /* what it will answer */
    uint8_t state;
};

/* Frames of a leaf that has its new rights, whose entries have still to go: before anybody is told so. */
struct xm_pv_going {
    uint64_t first;
    uint64_t lost[XM_PV_LEAF_FRAMES / 64]; /* a bit each */
    uint32_t left;                         /* frames to look at, at the leaf's end; 0: none */
};

struct xm_pv {
    struct xm_env_dom *env;
    const struct xm_pv_hooks *hooks;
    const struct xm_pv_calls *calls; /* set behind xm_pv_init(); with self */
    void *self;
    uint64_t end;   /* first machine frame number that is none */
    uint8_t policy; /* enum xm_pv_policy */
    struct xm_pv_ticket ticket[XM_PV_TICKETS];
    uint64_t turns; /* by which the age of a ticket is told */
    struct xm_pv_going going;

    struct xm_lock lock; /* over all below; who writes on to semantics holds the caller's as well */
    struct xm_pv_table table;
    uint32_t stamps[XM_PV_STAMPS]; /* by frame: grow with each change but a verdict's */
    bool on;
    uint8_t default_access; /* enum xm_access; what frames get from now on */
    uint8_t base;           /* what frames have that the table knows nothing of */
    uint8_t semantics;      /* enum xm_pv_default */
    struct xm_pv_step step; /* an instruction that the processor does for an answer */
};

/* ---- on and off ---- */

/* end: frames from it on are refused with -XM_EINVAL. */
void xm_pv_init(struct xm_pv *pv, struct xm_env_dom *env, const struct xm_pv_hooks *hooks,
                uint64_t end);
/* From now on rights hold: rwx at first. Shadows made before need not be dropped. */
void xm_pv_on(struct xm_pv *pv);
/* Forgets all rights; shadows are dropped, the flush is the caller's. xm_pv_reap() gives the memory back. */
void xm_pv_off(struct xm_pv *pv);
/* The same when the domain ends: it has no shadows any more. Frames that leave need not be told. */
void xm_pv_end(struct xm_pv *pv);
/* Memory of tables that were forgotten. XM_CONTINUE: again. Needs no lock of the caller's. */
int xm_pv_reap(struct xm_pv *pv);
/* Nothing is restricted: turning it off would change nothing. */
bool xm_pv_idle(struct xm_pv *pv);
/* *restricts: is anything? For who looks at it without a lock. After each change, before what changed is seen. */
void xm_pv_note(struct xm_pv *pv, bool *restricts);

/*
 * Bits of a shadow mode. Each user of shadow tables implies them; they go with the last user, as
 * in Xen (shadow_one_bit_disable). Turning off what is not on changes nothing.
 */
#define XM_PV_MODE_SHADOW 1u
#define XM_PV_MODE_LOG_DIRTY 2u
#define XM_PV_MODE_MEM_ACCESS 4u
uint32_t xm_pv_mode_with(uint32_t mode, uint32_t bit);
uint32_t xm_pv_mode_without(uint32_t mode, uint32_t bit);

/*
 * What a toolstack asks for. Turned on again, it takes the new policy and the meaning of the default; else rwx at
 * first. Off: -XM_EBUSY if somebody listens (who ends that first), or if it is to be idle and is not; xm_pv_reap()
 * gives the memory back. The flush is the caller's.
 */
void xm_pv_turn_on(struct xm_pv *pv, enum xm_pv_policy policy, enum xm_pv_default semantics);
int xm_pv_turn_off(struct xm_pv *pv, bool if_idle, bool listener);

/* ---- rights ---- */

/* XENMEM_access_op as it came. */
struct xm_pv_op {
    uint8_t op, access; /* access: the release's number, in and out */
    bool lists;         /* the caller's lists can be read under the caller's lock */
    uint32_t nr, xen_minor;
    uint64_t pfn;                   /* XM_GFN_NONE: the default */
    uint64_t pfn_list, access_list; /* handles */
};
/* -XM_EOPNOTSUPP: not on, or a list that cannot be read; -XM_ENOSYS: no such op; else as below. */
int xm_pv_op(struct xm_pv *pv, struct xm_pv_op *op, uint32_t *start, bool *flush);

/*
 * Sets all or nothing: unless every frame is the domain's and there is memory for all, nothing
 * changes. -XM_EINVAL: wraps, empty, or beyond the end; -XM_ESRCH: a frame is not the domain's;
 * -XM_ENOMEM. XM_CONTINUE: again with the *start left then (0 at first), a multiple of 64.
 * XM_ACCESS_DEFAULT: as the default says, from now on with XM_PV_DEFAULT_ALL, today with _LATER.
 * *flush is set where TLBs must be flushed before the lock is dropped; never cleared.
 * A frame that leaves the domain between check and change is passed over, as if it had left behind it.
 * Others' operations, an end of them or a new default in between take nothing from it. With more than
 * XM_PV_TICKETS at once, one that has waited longest is checked anew, from where it is.
 */
int xm_pv_set(struct xm_pv *pv, uint64_t first, uint32_t nr, uint32_t *start, enum xm_access a,
              bool *flush);
/*
 * The same for a list. gfns, rights: handles of uint64_t[nr] and uint8_t[nr], the release's numbers. A list
 * is read when it is checked and again when it is changed. One that differs then is not all or nothing: it
 * ends at the first item that is not right, as that item says; each one before it was right.
 */
int xm_pv_set_list(struct xm_pv *pv, uint64_t gfns, uint64_t rights, uint32_t nr, uint32_t *start,
                   uint32_t xen_minor, bool *flush);
/* XM_ACCESS_DEFAULT: as it is. */
void xm_pv_set_default(struct xm_pv *pv, enum xm_access a, bool *flush);
/* -XM_EINVAL: no frame; -XM_ESRCH: not the domain's. */
int xm_pv_get(struct xm_pv *pv, uint64_t mfn, enum xm_access *a);
/* In force, for a frame that is known to be the domain's. */
enum xm_access xm_pv_rights(struct xm_pv *pv, uint64_t mfn);
/* What is in force, and what xm_pv_turn() knows it by. False: not the domain's, or nothing is in force. */
bool xm_pv_look(struct xm_pv *pv, uint64_t mfn, enum xm_access *a, uint32_t *stamp);
/*
 * A verdict's change of rights to ones that allow the access; rx2rw loses execution. -XM_ENOMEM. Nothing if
 * rights were set, or the frame came or left, since the stamp: be it to the same.
 */
int xm_pv_turn(struct xm_pv *pv, uint64_t mfn, uint32_t stamp, enum xm_access to, bool *flush);
/*
 * Changes of owner, told under one lock of the surroundings. Left: after the frame is no more the
 * domain's, before anybody else can have it. Came: before the domain can have it; -XM_ENOMEM: none of them did.
 */
void xm_pv_frame_left(struct xm_pv *pv, uint64_t mfn);
int xm_pv_frames_came(struct xm_pv *pv, uint64_t first, uint64_t nr);
static inline int xm_pv_frame_came(struct xm_pv *pv, uint64_t mfn)
{
    return xm_pv_frames_came(pv, mfn, 1);
}

/* ---- shadow L1 entries ---- */

#define XM_PTE_P (UINT64_C(1) << 0)
#define XM_PTE_RW (UINT64_C(1) << 1)
#define XM_PTE_NX (UINT64_C(1) << 63)

/* Other reasons why an entry is not writable now. */
#define XM_PV_LIMIT_READ_ONLY 1u  /* the guest's own entries say so, or hold no dirty bit yet */
#define XM_PV_LIMIT_LOG_DIRTY 2u  /* the first write must be seen */
#define XM_PV_LIMIT_PAGE_TABLE 4u /* the frame is a page table */

/* XM_DO_* that an entry can allow under these rights: an x86 entry has no w, wx or x. */
uint8_t xm_pv_entry_bits(enum xm_access a);
/*
 * Flags that a shadow L1 entry for mfn may have, out of those of the guest's entry: on a fault as
 * on a prefetch, and when the guest's entry is written. Never adds; bits other than P, RW and NX
 * are left alone. Without P in the answer the entry is to be empty, without the frame's number, also where
 * the guest's own entry has none: a processor may speculate on the address of an entry that is not
 * present, and read a frame that is hidden.
 */
uint64_t xm_pv_entry_flags(struct xm_pv *pv, uint64_t mfn, uint64_t flags, unsigned limits);
/* more: XM_DO_* beside what the rights allow. */
uint64_t xm_pv_entry_flags_with(struct xm_pv *pv, uint64_t mfn, uint8_t more, uint64_t flags,
                                unsigned limits);

/* ---- what becomes of an access ---- */

enum xm_pv_who {
    XM_PV_BY_GUEST = 0,     /* an instruction of the guest: a page fault, or one that is emulated */
    XM_PV_BY_HYPERCALL = 1, /* a page-table write that the guest has made for it: mmu_update,
                              update_va_mapping, mmuext's clear and copy */
    XM_PV_BY_XEN = 2,       /* copies of arguments and results, grants */
    XM_PV_BY_PTWR = 3,      /* an instruction that writes an L1 table, which is done for it; not
                              a place where a vCPU may sleep */
};

/* An access, who makes it, and what holds at the time. */
struct xm_pv_ask {
    uint64_t mfn;
    uint64_t va;     /* if va_valid */
    uint64_t ip, sp; /* of the guest */
    uint32_t offset; /* in the frame */
    uint8_t what;    /* XM_DO_* */
    uint8_t who;     /* enum xm_pv_who */
    bool va_valid;
    bool guest_allows; /* the guest's own page tables */
    bool ours;         /* the frame is the domain's: rights are for no others */
    bool unfailing;    /* BY_XEN: of a failure nobody could be told */
    bool listener;     /* somebody has the ring */
    bool required;     /* access_required */
};

enum xm_pv_verdict {
    XM_PV_PASS,        /* as without mem_access; make the entry */
    XM_PV_PASS_ONCE,   /* the rights allow it but no entry can say so: do it, leave no entry */
    XM_PV_ANSWERED,    /* they do not, and an answer does: the same */
    XM_PV_GUEST_FAULT, /* the guest's own #PF; no event */
    XM_PV_RELAX,       /* xm_pv_turn(to), then again; no event */
    XM_PV_EVENT,       /* the vCPU stops with an event and does it again. A hypercall ends
                          before this item and is continued there: nobody stops inside */
    XM_PV_EVENT_RELAX, /* an event that stops nobody; if there was a slot, xm_pv_turn(to) */
    XM_PV_NOTIFY,      /* as _EVENT_RELAX (to: the same rights if there is nothing to relax) and go
                          on at once; without a slot the event is lost, nobody waits */
    XM_PV_EFAULT,      /* the hypervisor's access fails */
    XM_PV_CRASH        /* the domain, by access_required */
};

/* Decides, and changes nothing. *to: rights for the verdicts that speak of them. */
enum xm_pv_verdict xm_pv_decide(struct xm_pv *pv, const struct xm_pv_ask *ask, enum xm_access *to);

/* XM_DO_* of an x86 page fault's error code. A read-modify-write reports the write alone. */
#define XM_PFEC_W 2u
#define XM_PFEC_I 16u
uint8_t xm_pv_what(uint32_t error_code);

/* ==== an access, from the fault to its end ==== */

/*
 * What becomes of an access to a PV guest's frame, from the fault to its end: in two steps, decide
 * and act, between which no lock is held and anything can happen. The frame may get other
 * rights, leave the guest, or be mapped no longer; the listener may come and go. So acting changes
 * rights only if they still are what the decision saw, and what was let through by an answer is for
 * that vCPU, frame, access and instruction alone.
 *
 * Everything here stands on struct xm_pv; surroundings translate: Xen's glue, this core's own
 * domains (kinds/x86-pv.c), the explorer.
 */

/* ---- what the surroundings do ---- */

#define XM_PV_TELL_STOP 1u /* the vCPU stops with it, whatever comes after */
#define XM_PV_TELL_WAIT 2u /* without a slot in the ring the vCPU may sleep for one */

struct xm_pv_calls {
    /* The lock over struct xm_pv. unlock's flush: TLBs first. */
    void (*lock)(void *self);
    void (*unlock)(void *self, bool flush);
    bool (*listener)(void *self); /* somebody has the ring */
    bool (*required)(void *self); /* access_required */
    /*
     * Sends the event of an access, no lock held. 1: sent, and the vCPU is stopped; 0: sent;
     * -XM_EAGAIN: no slot, nothing was sent, the vCPU may have slept; -XM_EOPNOTSUPP: nobody listens.
     */
    int (*tell)(void *self, uint32_t vcpu, const struct xm_pv_ask *ask, unsigned how);
    /* The monitor for what is not emulated is on, and the vCPU is stopped with its event. */
    bool (*tell_unimplemented)(void *self, uint32_t vcpu);
    void (*crash)(void *self, const char *why);
    /* The domain's other vCPUs stay inside the hypervisor. False: not now, one of them holds this one. */
    bool (*hold_others)(void *self, uint32_t vcpu);
    void (*release_others)(void *self, uint32_t vcpu);
    /* The processor's trap flag for the vCPU, which is the caller; as it was before. */
    bool (*trap_flag)(void *self, uint32_t vcpu, bool on);
};

/* ---- a vCPU ---- */

struct xm_pv_vcpu {
    uint32_t id;
    struct xm_pv_armed armed;
    /* What it is stopped with, for the answer. */
    bool told;
    struct xm_pv_ask told_ask;
};

/* ---- decide, then act ---- */

struct xm_pv_todo {
    struct xm_pv_ask ask;
    enum xm_pv_verdict verdict;
    enum xm_access seen; /* the rights that were decided by, */
    uint32_t stamp;      /* and what they are known by */
    enum xm_access to;   /* what they become */
};

enum xm_pv_next {
    XM_PV_GO_ON,    /* as without mem_access: the entry is made by what xm_pv_entry_flags() says */
    XM_PV_EMULATE,  /* this one instruction, asking xm_pv_piece() for each frame; no entry */
    XM_PV_OPEN,     /* the hypervisor's own, whatever the rights: what is opened for it is closed
                       before any guest runs */
    XM_PV_STEP,     /* this one instruction by the processor: xm_pv_step_begin() */
    XM_PV_AGAIN,    /* decide anew: something changed. A guest may be let run, it faults again */
    XM_PV_STOPPED,  /* again when the vCPU runs: the instruction, or the hypercall from this item */
    XM_PV_NOT_OURS, /* the guest's own fault: no event */
    XM_PV_FAIL,     /* the hypervisor's own access fails: -EFAULT */
    XM_PV_DIED      /* the domain was crashed */
};

/* Changes nothing. listener, required and ours of todo->ask are looked at now. The lock is held. */
void xm_pv_todo_decide(struct xm_pv *pv, const struct xm_pv_vcpu *v, const struct xm_pv_ask *ask,
                       struct xm_pv_todo *todo);
/* The lock is not held. */
enum xm_pv_next xm_pv_todo_act(struct xm_pv *pv, struct xm_pv_vcpu *v,
                               const struct xm_pv_todo *todo);
/* Both, until something other than AGAIN comes of it. *todo is the last one. */
enum xm_pv_next xm_pv_access(struct xm_pv *pv, struct xm_pv_vcpu *v, const struct xm_pv_ask *ask,
                             struct xm_pv_todo *todo);
/*
 * All frames of one item of a hypercall, of which none may be used up before the last was let
 * through. GO_ON, STOPPED (the hypercall is continued at this item) or DIED.
 */
enum xm_pv_next xm_pv_items(struct xm_pv *pv, struct xm_pv_vcpu *v, const struct xm_pv_ask *asks,
                            uint32_t n);

/* They were let through and the item is made: the next one comes from the same place. */
void xm_pv_items_done(struct xm_pv_vcpu *v, const struct xm_pv_ask *asks, uint32_t n);

/* ---- an instruction that is emulated ---- */

/* One of its frames. False: not so; xm_pv_todo_act(*todo) when nothing of it is held any more. */
bool xm_pv_piece(struct xm_pv *pv, const struct xm_pv_vcpu *v, const struct xm_pv_ask *ask,
                 struct xm_pv_todo *todo);
/* It was done, or the guest got its own exception. */
void xm_pv_emulated(struct xm_pv_vcpu *v);
/*
 * The emulator does not do it. todo: what it was to be emulated for. STEP where an answer asked for
 * that; else it is told, as not implemented or like a violation; where nobody listens the rights go,
 * or the domain.
 */
enum xm_pv_next xm_pv_not_emulated(struct xm_pv *pv, struct xm_pv_vcpu *v,
                                   const struct xm_pv_todo *todo);

/* ---- answers ---- */

struct xm_pv_answer {
    uint64_t mfn;       /* as the answer says */
    bool emulate, step; /* STEP holds where EMULATE does, and is done by other means if need be */
    bool moved;         /* the answer's registers are taken: */
    uint64_t ip, sp;
};

/*
 * May an answer set the registers? Of a hypercall they are not what the vCPU goes on with: it is
 * continued, and an answer that put them back would lose it.
 */
bool xm_pv_takes_registers(const struct xm_pv_vcpu *v);
/* The answer to the event that the vCPU is stopped with. */
void xm_pv_reply(struct xm_pv *pv, struct xm_pv_vcpu *v, const struct xm_pv_answer *answer);

/* ==== for the files of pv/ alone ==== */

/* Shared by the files that set rights of a PV guest's frames. */

/* pv-set.c; pv->lock is held. */
enum xm_access xm_pv_rights_locked(struct xm_pv *pv, uint64_t mfn);
/* What the table keeps for these rights: nothing where the frame has them anyway. */
uint8_t xm_pv_value_of(const struct xm_pv *pv, enum xm_access a);
bool xm_pv_owned(struct xm_pv *pv, uint64_t mfn);
/*
 * One frame's rights, by who may set them; xm_pv_settle() is to follow. -XM_ENOMEM. Nothing becomes of a
 * frame that is not the domain's any more.
 */
int xm_pv_change(struct xm_pv *pv, uint64_t mfn, enum xm_access to, bool *flush);
/* What is left of drops, by hooks->settle: XM_CONTINUE where it may be preempted, and was. */
int xm_pv_settle(struct xm_pv *pv, bool may_preempt, bool *flush);
/* What was seen of these frames holds no longer. */
void xm_pv_stamp_some(struct xm_pv *pv, uint64_t first, uint64_t nr);

/* pv-many.c: what operations reserved is gone, those under way check what is left of them anew. */
void xm_pv_tickets_again(struct xm_pv *pv);

#endif
