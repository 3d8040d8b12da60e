/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all kinds share: the kind as an object, domains, tables of frames, rights, events. */
#ifndef XM_BASE_H
#define XM_BASE_H

#include <xm/abi.h>
#include <xm/types.h>
#include <xm/env.h>

/* ==== a kind ==== */

/*
 * What kinds of guests differ in. A kind is one constant object, and base/ asks it; nothing compares
 * kinds. A build has those that its environment names in xm_kinds[], and links what these name.
 *
 * Functions of a kind are called as those are that ask: where a comment does not say "no lock", the
 * p2m lock is held.
 */

enum xm_kind {
    XM_KIND_X86_EPT = 1,
    XM_KIND_ARM_S2 = 2,
    XM_KIND_X86_PV = 3,
    XM_KIND_ARM_MPU = 4,
    XM_KIND_X86_NPT = 5
};

struct xm_domain;
struct xm_domain_cfg;
struct xm_p2m;
struct xm_p2m_entry;
struct xm_vcpu;

/* Where the host view's and other views' entries are; the inline functions below say what each does. */
struct xm_table_ops {
    int (*init)(struct xm_domain *d, struct xm_p2m *p2m);
    /* No lock; also one that was never made. */
    void (*free)(struct xm_domain *d, struct xm_p2m *p2m);
    struct xm_p2m_entry (*get)(struct xm_domain *d, struct xm_p2m *p2m, xm_gfn_t gfn);
    int (*set)(struct xm_domain *d, struct xm_p2m *p2m, xm_gfn_t gfn, unsigned order,
               const struct xm_p2m_entry *e);
};

/* Views beside the host view; <xm/altp2m.h>. But for changed() asked only while views are on. */
struct xm_view_ops {
    /* Copies the host's entry on a first touch. 1: copied, retry; 0: *e is the view's or a hole. */
    int (*copy)(struct xm_domain *d, struct xm_p2m *p2m, xm_gfn_t gfn, struct xm_p2m_entry *e);
    int (*effective)(struct xm_domain *d, struct xm_p2m *p2m, xm_gfn_t gfn, bool populate,
                     struct xm_p2m_entry *e);
    bool (*would_have)(struct xm_domain *d, struct xm_p2m *p2m, xm_gfn_t gfn,
                       struct xm_p2m_entry *e);
    /* The host view has another entry or other rights: views follow. */
    int (*propagate)(struct xm_domain *d, xm_gfn_t gfn, unsigned order,
                     const struct xm_p2m_entry *e);
    /* Other frames are mapped there, or none. */
    void (*changed)(struct xm_domain *d, xm_gfn_t gfn, unsigned order);
    /* A violation that the guest handles itself. False: it does not, or not now. */
    bool (*deliver)(struct xm_vcpu *v, uint64_t gpa, uint64_t gla, unsigned what, unsigned rights);
    /* HVMOP_altp2m; no lock. */
    int (*hypercall)(struct xm_domain *d, struct xm_altp2m_op *op);
};

struct xm_kind_ops {
    enum xm_kind kind;
    const struct xm_table_ops *table;
    const struct xm_view_ops *views; /* NULL: the host view only, */
    int no_views;                    /* and this is what HVMOP_altp2m answers */
    uint16_t refused;                /* 1 << enum xm_access: what an entry cannot say */
    uint16_t regs_bytes;             /* of registers in events */
    bool write_reads;                /* a write is reported as a read, too */
    bool set_multi;                  /* rights come in lists as well */
    bool rwx_until_set;              /* a get answers rwx until the first set */
    bool intercepts;                 /* MSRs and control registers can be monitored */
    size_t own_bytes,
        vcpu_bytes; /* of xm_domain.own and xm_vcpu.own: zeroed, and made before init() */

    /* All of these may be NULL, and are called without a lock. */
    bool (*cfg_ok)(const struct xm_domain_cfg *cfg);
    void (*init)(struct xm_domain *d, const struct xm_domain_cfg *cfg);
    void (*end)(struct xm_domain *d);
    /* May a listener come? Else -XM_ENODEV. */
    bool (*may_listen)(const struct xm_domain *d);
    /* XENMEM_access_op, in place of xm_access_op(). */
    int (*mem_access)(struct xm_domain *d, struct xm_mem_access_op *op, uint32_t *start);

    /* And these may not. 1 << XM_MONITOR_*, and what else can be told of: */
    uint32_t (*monitor_caps)(const struct xm_domain *d);
    /* An answer to a vCPU that is stopped for its event, before the vCPU goes on: registers too. */
    void (*answer)(struct xm_domain *d, struct xm_vcpu *v, const struct xm_ev *rsp);
};

/* The environment's: the kinds of this build, a NULL behind them. */
extern const struct xm_kind_ops *const xm_kinds[];

/* NULL: this build has it not. */
const struct xm_kind_ops *xm_kind_find(enum xm_kind kind);

/* Can an entry say so? Never default itself. */
static inline bool xm_kind_expresses(const struct xm_kind_ops *ops, enum xm_access a)
{
    return (unsigned)a < XM_ACCESS_COUNT && a != XM_ACCESS_DEFAULT && (ops->refused >> a & 1) == 0;
}

/* The same by name. False, too, where the build has no such kind. */
bool xm_rights_expressible(enum xm_kind kind, enum xm_access a);

/* ==== a domain ==== */

/*
 * A domain as the core knows it. The environment embeds a struct xm_domain in its
 * own, reads what it likes, and changes it only through the functions.
 *
 * Locking: the functions take the core's own locks (p2m, then ring). The environment
 * keeps a domain alive while it calls. A vCPU's own fields (reply, single step) belong to the ring
 * lock while the vCPU is stopped and to the vCPU itself while it runs.
 */

#define XM_VIEWS_MAX 512u /* of an EPTP list: one page of 8-byte entries */
#define XM_VIEWS_DEFAULT 10u
#define XM_VIEW_NONE 0xffffu
#define XM_VIEW_ALL (~0u) /* of xm_env_tlb_flush */

/* One second-stage table. Root invalid: not there. */
struct xm_p2m {
    xm_mfn_t root;
    uint16_t view; /* 0: the host view */
    bool active, visible;
    uint8_t default_access;              /* enum xm_access */
    uint64_t max_gfn;                    /* highest ever mapped; the host view's only grows */
    uint64_t min_remapped, max_remapped; /* target gfns of change_gfn; min > max: none */
    uint64_t tables;                     /* frames of table, root included */
    uint64_t mapped;                     /* gfns */
    /* The level-1 table walked last: saves three levels for neighbours. gfn >> 9, or ~0. */
    uint64_t cache_tag;
    xm_mfn_t cache_table;
};

/* What the answer to an event asks of the vCPU; taken by xm_reply_take(). */
struct xm_reply {
    uint32_t flags;  /* XM_EV_FLAG_EMULATE and its three companions, no others */
    uint32_t reason; /* of the event that was answered */
    bool deny;       /* the held register write must not happen */
    union {
        struct xm_ev_read_data read;
        struct xm_ev_insn_data insn;
    } data;
};

/* The write that waits for its answer (control register or MSR). */
struct xm_held_write {
    uint32_t reason; /* 0: none */
    uint32_t index;
};

struct xm_vcpu {
    uint32_t id;
    uint16_t view;        /* in use; 0 when views are off */
    uint32_t event_pause; /* VCPU_PAUSED events without an answer; a disable leaves it, as Xen */
    bool blocked;         /* stopped by an overly full ring ("mark and pause") */
    bool waiting;         /* no slot at all: sleeps, in order of `ticket` */
    uint64_t ticket;
    uint32_t next_waiter;    /* id + 1 of the one behind it; 0: none */
    uint32_t pending_reason; /* of the event that stopped it; 0: none */
    bool single_step, fast_step;
    uint16_t fast_view;  /* where a fast single step ends */
    bool next_interrupt; /* the listener asked for the next one */
    uint64_t notify_gfn; /* #VE information page; XM_GFN_NONE: off */
    xm_mfn_t notify_mfn;
    struct xm_held_write held;
    bool has_reply;
    struct xm_reply reply;
    void *own; /* its kind's: events and answers of that kind alone */
};

#define XM_MSR_WORDS (0x2000u / 64u)
struct xm_monitor {
    uint32_t enabled; /* 1 << XM_MONITOR_*; MSR and CTRLREG by their own fields */
    /* 1 << index. onchange decides nothing by itself: a write that changes nothing is hidden by
     * the mask anyway, in Xen as here. */
    uint8_t cr_enabled, cr_sync, cr_onchange;
    uint64_t cr_mask[XM_EV_CTRLREGS];
    bool guest_request_sync, guest_request_userspace, debug_sync, vmexit_sync;
    bool inguest_pagefault_disabled, control_register_values, emulate_each_rep;
    /* low, 0x40000000 and 0xc0000000 ranges; the second half: only on change. From ENABLE on. */
    uint64_t (*msr)[3][XM_MSR_WORDS];
};

struct xm_ring {
    bool enabled;
    xm_mfn_t mfn; /* kept from the first ENABLE until the domain goes */
    struct xm_ring_page *page;
    uint32_t req_prod, rsp_cons; /* the truth; the page's own indexes are hostile */
    uint32_t outstanding; /* requests put and not answered; made-up answers are not below 0 */
    uint32_t claimed;     /* slots reserved and not yet filled */
    uint32_t waiters, blocked;
    uint32_t first_waiter, last_waiter; /* id + 1; 0: none */
    uint32_t last_woken;
    uint64_t next_ticket;
    bool broken; /* indexes made no sense last time */
};

struct xm_stats {
    uint64_t events, responses;
    uint64_t double_answers; /* VCPU_PAUSED answers to a vCPU that had no event pending */
    uint64_t bad_responses;  /* version, vcpu_id or indexes wrong */
    uint64_t waits, blocks, tlb_flushes;
    uint64_t lost; /* notifications that found no slot; nobody waited for them */
};

struct xm_domain {
    struct xm_env_dom *env;
    const struct xm_kind_ops *ops;
    uint32_t xen_minor;
    uint32_t vcpus, max_views;
    bool views_allowed, views_active;
    bool access_required;
    bool built;       /* its arrays are all there */
    bool access_used; /* Arm answers rwx to every get until the first set */
    struct xm_lock p2m_lock, ring_lock;
    struct xm_p2m *view; /* max_views of them; [0] is the host view */
    struct xm_p2m copy;  /* what vCPUs in view 0 run on while views are on; see altp2m.h */
    struct xm_vcpu *vcpu;
    void *own;      /* its kind's */
    void *vcpu_own; /* of all vCPUs */
    struct xm_monitor monitor;
    struct xm_ring ring;
    struct xm_stats stats;
    unsigned flush; /* views to flush when the p2m lock is dropped: view + 1, 0 none */
};

struct xm_pv_hooks;

struct xm_domain_cfg {
    struct xm_env_dom *env;
    enum xm_kind kind;
    uint32_t vcpus;
    bool views_allowed;                 /* x86-ept only */
    uint32_t max_views;                 /* 0: 10, at most XM_VIEWS_MAX; view 0 counts */
    uint32_t xen_minor;                 /* whose manners to have; 0: 17 */
    uint64_t highest_gfn;               /* at least; mapping raises it */
    const struct xm_pv_hooks *pv_hooks; /* x86-pv */
    uint64_t pv_end;                    /* x86-pv: machine frames end here */
    uint16_t
        mpu_budget; /* arm-mpu: regions that its view may have on every core; not below the floor */
    uint8_t mpu_mode;         /* arm-mpu: enum xm_mpu_mode */
    uint8_t mpu_sh, mpu_attr; /* arm-mpu: of its memory */
    /* arm-mpu: the environment lets one instruction run, <xm/mpu-domain.h>. Else answers with STEP are
     * neither announced nor taken. */
    bool mpu_step;
};

/* -XM_EINVAL: the cfg makes no sense; -XM_ENOMEM. On failure *d needs no destroy. */
int xm_domain_init(struct xm_domain *d, const struct xm_domain_cfg *cfg);
/* Gives back tables, ring and arrays. The guest's own frames are the environment's. */
void xm_domain_destroy(struct xm_domain *d);

static inline struct xm_vcpu *xm_vcpu_get(struct xm_domain *d, uint32_t id)
{
    return id < d->vcpus ? &d->vcpu[id] : NULL;
}

/* domctl.h's interface version of that release (0x15 for 4.17). */
uint32_t xm_domctl_version(uint32_t xen_minor);

/* ==== frames with their rights ==== */

/*
 * What a guest's frames are, with their rights: a table for the host view and one for each other view.
 * A kind says what a table is: <xm/kind.h>.
 *
 * A change notes which views are to be flushed; the flush comes once, when the operation (or the
 * continuation's chunk) drops the p2m lock.
 */

#define XM_ORDER_4K 0u
#define XM_ORDER_2M 9u
#define XM_ORDER_1G 18u
#define XM_GFN_LIMIT (UINT64_C(1) << 36) /* 48 bits of guest-physical address */

struct xm_p2m_entry {
    xm_mfn_t mfn;   /* of the gfn asked for, not of the leaf's start; invalid: not mapped */
    uint8_t access; /* enum xm_access */
    uint8_t order;  /* of the leaf, or of the hole */
    bool suppress_ve;
};

/* ---- for the environment: the host view ---- */

/*
 * Maps 2^order frames with the default rights of now. Existing mappings are replaced. Views that
 * hold one of the gfns see the new frame with the host's rights, as in Xen.
 * -XM_EINVAL: order or alignment; -XM_ERANGE: gfn too high; -XM_ENOMEM: nothing changed.
 */
int xm_p2m_map(struct xm_domain *d, xm_gfn_t gfn, xm_mfn_t mfn, unsigned order);
/* Unmaps; holes are skipped. A view that has a gfn in its remapped range starts afresh. */
int xm_p2m_unmap(struct xm_domain *d, xm_gfn_t gfn, unsigned order);
uint64_t xm_p2m_highest_gfn(const struct xm_domain *d);

/* What view has for gfn now; an entry with an invalid mfn when nothing. Copies nothing. */
struct xm_p2m_entry xm_p2m_get(struct xm_domain *d, uint16_t view, xm_gfn_t gfn);

/*
 * HVMOP_altp2m. The caller has found the domain (d). Results go into *op, which the caller copies
 * back on 0 and on XM_CONTINUE. XM_CONTINUE: call again with the same op.
 */
int xm_hc_altp2m(struct xm_domain *d, struct xm_altp2m_op *op);

/* A view that exists, or NULL; 0 is the host view itself. */
struct xm_p2m *xm_view_find(struct xm_domain *d, unsigned view);
/*
 * What a vCPU in this view runs on. While views are on that is, for view 0 too, a copy that fills
 * when the guest touches a page (altp2m_p2m[0] in Xen): rights that an access turns are turned
 * there, and the host view keeps what was set.
 */
struct xm_p2m *xm_view_table(struct xm_domain *d, unsigned view);
/* False: no such view; the vCPU stays where it is (p2m_switch_vcpu_altp2m_by_id). */
bool xm_vcpu_switch_view(struct xm_domain *d, uint32_t vcpu, unsigned view);

/* ---- inside the core, under the p2m lock ---- */

static inline int xm_table_init(struct xm_domain *d, struct xm_p2m *p2m)
{
    return d->ops->table->init(d, p2m);
}

static inline void xm_table_free(struct xm_domain *d, struct xm_p2m *p2m)
{
    d->ops->table->free(d, p2m);
}

static inline struct xm_p2m_entry xm_table_get(struct xm_domain *d, struct xm_p2m *p2m,
                                               xm_gfn_t gfn)
{
    return d->ops->table->get(d, p2m, gfn);
}

/* e->mfn invalid: removes. Splits larger leaves; a leaf replaces what was below it. */
static inline int xm_table_set(struct xm_domain *d, struct xm_p2m *p2m, xm_gfn_t gfn,
                               unsigned order, const struct xm_p2m_entry *e)
{
    return d->ops->table->set(d, p2m, gfn, order, e);
}

/* The host view has e at gfn now. */
static inline int xm_views_follow(struct xm_domain *d, xm_gfn_t gfn, unsigned order,
                                  const struct xm_p2m_entry *e)
{
    return d->views_active ? d->ops->views->propagate(d, gfn, order, e) : 0;
}

void xm_p2m_lock(struct xm_domain *d);
/* Drops the lock, having flushed what was noted. */
void xm_p2m_unlock(struct xm_domain *d);
void xm_p2m_note_flush(struct xm_domain *d, uint16_t view);

/* ==== rights, as they are set and met ==== */

/* Rights as the listener sets them, and as a guest's access meets them. */

/*
 * XENMEM_access_op. The caller has found the domain. start: 0, and where XM_CONTINUE was answered
 * the value left in *start by then. GET writes op->access; the caller copies it back.
 */
int xm_hc_mem_access(struct xm_domain *d, struct xm_mem_access_op *op, uint32_t *start);

/* The same behind the look for a listener, as it is where a kind has no other. */
int xm_access_op(struct xm_domain *d, struct xm_mem_access_op *op, uint32_t *start);

/* The operations behind it, shared with altp2m; rights are the release's numbers. */
int xm_access_set(struct xm_domain *d, unsigned view, uint64_t gfn, uint32_t nr, uint32_t *start,
                  uint32_t wire);
int xm_access_set_multi(struct xm_domain *d, unsigned view, uint64_t gfns, uint64_t rights,
                        uint32_t nr, uint32_t *start);
int xm_access_get(struct xm_domain *d, unsigned view, uint64_t gfn, uint8_t *wire);

/* ---- the guest's side ---- */

enum xm_access_kind { XM_ACC_UNKNOWN = 0, XM_ACC_WITH_GLA = 1, XM_ACC_IN_GPT = 2 };

struct xm_access_req {
    uint32_t vcpu;
    xm_gfn_t gfn;
    uint32_t offset;
    bool gla_valid;
    uint64_t gla;
    uint8_t what; /* XM_DO_*, more than one for a read-modify-write */
    uint8_t kind; /* enum xm_access_kind */
};

struct xm_access_res {
    xm_mfn_t mfn;   /* of the page; valid with OK and EMULATE */
    uint8_t bits;   /* XM_DO_* that a TLB may keep for this gfn in this view */
    uint8_t access; /* enum xm_access in force */
    uint16_t view;
};

enum xm_verdict {
    XM_V_OK,        /* do it; cache .mfn and .bits */
    XM_V_RETRY_NOW, /* something was relaxed or copied: ask again at once */
    XM_V_STOPPED,   /* the vCPU is paused with an event, or waits for a slot: again when it runs */
    XM_V_VE,        /* the guest takes a #VE; its page is filled in */
    XM_V_EMULATE,   /* page walk with in-guest faults turned off: do it, cache nothing */
    XM_V_UNMAPPED,  /* nothing there: MMIO or an abort */
    XM_V_CRASH      /* the domain was crashed */
};

enum xm_verdict xm_access_check(struct xm_domain *d, const struct xm_access_req *req,
                                struct xm_access_res *res);
/* The event of an access that did `what`. */
void xm_access_event_fill(const struct xm_access_req *req, unsigned what, struct xm_ev *ev);

/*
 * The rights in force for vcpu and gfn, for self-checks: no copy, no conversion, no event. A view
 * that has not copied the gfn yet answers what it would copy. False: unmapped.
 */
bool xm_access_lookup(struct xm_domain *d, uint32_t vcpu, xm_gfn_t gfn, struct xm_access_res *res);
/* The same for a vCPU that would be in this view. */
bool xm_access_lookup_view(struct xm_domain *d, unsigned view, xm_gfn_t gfn,
                           struct xm_access_res *res);

/* ==== events ==== */

/* The monitor: what is watched, the ring, events out and answers in. */

/* ---- hypercalls ---- */

/* VM_EVENT_OP, MONITOR_OP and SET_ACCESS_REQUIRED; others -XM_ENOSYS; version: -XM_EACCES. */
int xm_hc_domctl(struct xm_domain *d, struct xm_domctl *op);
int xm_hc_vm_event(struct xm_domain *d, struct xm_domctl_vm_event_op *op);
int xm_hc_monitor(struct xm_domain *d, struct xm_domctl_monitor_op *op);
uint32_t xm_monitor_caps(const struct xm_domain *d);

/* ---- the ring ---- */

/* The page, from the first ENABLE until the domain goes; NULL before. */
struct xm_ring_page *xm_ring_page(struct xm_domain *d);
/*
 * The listener notified: takes all answers. -XM_ENODEV: no ring; -XM_EINVAL: the
 * page's indexes make no sense, nothing was taken.
 */
int xm_ring_consume(struct xm_domain *d);
/* Requests put and not answered yet. */
uint32_t xm_ring_outstanding(struct xm_domain *d);
/* The domain dies: nobody waits any more. */
void xm_ring_kill(struct xm_domain *d);

/* Is that MSR watched? *onchange: only when its value changes. */
bool xm_monitor_msr(const struct xm_domain *d, uint32_t msr, bool *onchange);
/* Inside the core. claim: 0, -XM_EOPNOTSUPP (no ring), -XM_EAGAIN (vCPU put to sleep). */
int xm_ring_claim(struct xm_domain *d, struct xm_vcpu *v);
/* v NULL: whoever caused it must not be paused even if the ring is nearly full. */
void xm_ring_put(struct xm_domain *d, struct xm_vcpu *v, struct xm_ev *ev);
/* False: no ring or no slot, and nobody sleeps. */
bool xm_ring_try_claim(struct xm_domain *d);
/* The page, made once, on demand; it is the hypervisor's until the domain goes. -XM_ENOMEM. */
int xm_ring_make(struct xm_domain *d);
/* Claims, stops the vCPU if sync, fills in view and registers, puts (monitor_traps). 1: stopped. */
int xm_event_send(struct xm_domain *d, struct xm_vcpu *v, bool sync, struct xm_ev *ev);
/* The same where nobody may sleep: without a slot -XM_EAGAIN, at once. */
int xm_event_try(struct xm_domain *d, struct xm_vcpu *v, bool sync, struct xm_ev *ev);
/* Tells, and stops nobody whatever state the ring is in. False: the event is lost (stats.lost). */
bool xm_event_notify(struct xm_domain *d, struct xm_vcpu *v, struct xm_ev *ev);
void xm_reply_apply(struct xm_domain *d, struct xm_vcpu *v, const struct xm_ev *rsp);

/* ---- the guest's side: one function per reason ---- */

/*
 * What becomes of the op. Whatever the answer, the vCPU may in addition have been paused because
 * the ring is nearly full: the environment sees that by its own pause count.
 */
enum xm_go {
    XM_GO_ON,    /* as if nothing had been */
    XM_GO_DONE,  /* the op takes effect now; the vCPU is stopped behind it */
    XM_GO_HELD,  /* stopped; the write happens after the answer unless that says deny */
    XM_GO_AGAIN, /* stopped, no effect; done again after the answer, which may move the pc */
    XM_GO_WAIT,  /* no slot: the vCPU sleeps; the op is done again when it wakes */
    XM_GO_CRASH
};

enum xm_go xm_event_ctrlreg(struct xm_domain *d, uint32_t vcpu, uint32_t index, uint64_t old_value,
                            uint64_t new_value);
enum xm_go xm_event_msr(struct xm_domain *d, uint32_t vcpu, uint32_t msr, uint64_t old_value,
                        uint64_t new_value);
enum xm_go xm_event_cpuid(struct xm_domain *d, uint32_t vcpu, uint32_t insn_length, uint32_t leaf,
                          uint32_t subleaf);
enum xm_go xm_event_breakpoint(struct xm_domain *d, uint32_t vcpu, const struct xm_ev_debug *b);
enum xm_go xm_event_debug(struct xm_domain *d, uint32_t vcpu, const struct xm_ev_debug *b);
enum xm_go xm_event_descriptor(struct xm_domain *d, uint32_t vcpu,
                               const struct xm_ev_desc_access *a);
/* userspace: the call came from the guest's user mode. */
enum xm_go xm_event_guest_request(struct xm_domain *d, uint32_t vcpu, bool userspace);
enum xm_go xm_event_privileged_call(struct xm_domain *d, uint32_t vcpu);
enum xm_go xm_event_io(struct xm_domain *d, uint32_t vcpu, const struct xm_ev_io *io);
enum xm_go xm_event_vmexit(struct xm_domain *d, uint32_t vcpu, uint64_t reason,
                           uint64_t qualification);
enum xm_go xm_event_interrupt(struct xm_domain *d, uint32_t vcpu, const struct xm_ev_interrupt *i);
enum xm_go xm_event_emul_unimplemented(struct xm_domain *d, uint32_t vcpu);
/*
 * Called after each instruction of a vCPU of which .single_step is set. Ends a fast single step
 * (the view is switched back) or sends the event; does neither while single step is not
 * monitored, as Xen.
 */
enum xm_go xm_event_singlestep(struct xm_domain *d, uint32_t vcpu, uint64_t gfn);

/*
 * The answer's wishes for the op that the vCPU is about to do or to do again; at most once per
 * answer. False: none. EMULATE: the whole op goes through whatever the rights are (NOWRITE: its
 * writes are dropped; SET_EMUL_READ_DATA: its reads give .data.read; SET_EMUL_INSN_DATA: these
 * bytes are executed). deny: the write that was held must not happen.
 */
bool xm_reply_take(struct xm_domain *d, uint32_t vcpu, struct xm_reply *out);

#endif
