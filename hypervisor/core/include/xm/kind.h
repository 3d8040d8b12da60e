/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What kinds of guests differ in. A kind is one constant object, and base/ asks it; nothing compares
 * kinds. A build has those that its environment names in xm_kinds[], and links what these name.
 *
 * Functions of a kind are called as those are that ask: where a comment does not say "no lock", the
 * p2m lock is held.
 */
#ifndef XM_KIND_H
#define XM_KIND_H

#include <xm/abi.h>
#include <xm/types.h>

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

/* Where the host view's and other views' entries are; <xm/p2m.h> says what each does. */
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

#endif
