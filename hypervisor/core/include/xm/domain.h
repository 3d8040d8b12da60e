/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A domain as the core knows it. The environment embeds a struct xm_domain in its
 * own, reads what it likes, and changes it only through the functions.
 *
 * Locking: the functions take the core's own locks (p2m, then ring). The environment
 * keeps a domain alive while it calls. A vCPU's own fields (reply, single step) belong to the ring
 * lock while the vCPU is stopped and to the vCPU itself while it runs.
 */
#ifndef XM_DOMAIN_H
#define XM_DOMAIN_H

#include <xm/abi.h>
#include <xm/env.h>
#include <xm/kind.h>

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

#endif
