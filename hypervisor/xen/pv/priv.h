/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files that tie the core's PV part to Xen. */
#ifndef XMEM_PRIV_H
#define XMEM_PRIV_H

#include <xen/domain_page.h>
#include <xen/event.h>
#include <xen/guest_access.h>
#include <xen/mem_access.h>
#include <xen/monitor.h>
#include <xen/sched.h>
#include <xen/vm_event.h>
#include <xen/xmem.h>
#include <xen/xmem-release.h>
#if XMEM_XEN_MINOR >= 21 /* asm/msr.h had it before */
#include <asm/fsgsbase.h>
#endif
#include <asm/p2m.h>
#include <asm/paging.h>
#include "../mm-locks.h"

/* Xen's are macros, the core declares the functions. */
#undef memcpy
#undef memset
#pragma push_macro("noreturn")
#include <xm/pv-access.h>
#pragma pop_macro("noreturn")

/* Per vCPU: accesses that get by once. */
struct xmem_vcpu {
    struct xm_pv_vcpu pv;
    struct xm_pv_open open;
    bool queued;   /* for a slot of the ring, or woken and not there yet */
    bool on_frame; /* Xen is about the guest's exception frame, in C */
};

struct xmem_pv {
    struct xm_pv pv; /* under the paging lock, as is the rest */
    struct page_info *ring; /* made once, and the domain's until its end */
    struct xm_pv_where where;
    unsigned int vcpus;
    struct xmem_vcpu vcpu[];
};

static inline struct xm_env_dom *to_env(struct domain *d)
{
    return (struct xm_env_dom *)d;
}

static inline struct domain *from_env(struct xm_env_dom *e)
{
    return (struct domain *)e;
}

/* A frame's owner changes under page_alloc_lock, where the paging lock is never taken: the order is the other. */
#ifdef CONFIG_DEBUG_LOCKS
#define xmem_assert_order(d) ASSERT((d)->page_alloc_lock.debug.cpu != smp_processor_id())
#else
#define xmem_assert_order(d) ((void)0)
#endif

static inline struct xmem_vcpu *xmem_vcpu(const struct vcpu *v)
{
    return &v->domain->arch.pv.xmem->vcpu[v->vcpu_id];
}

/* frames.c. The frame is the domain's now; neither lock nor reference. */
bool xmem_owned(const struct domain *d, unsigned long mfn);

/* state.c */
int xmem_state(struct domain *d, struct xmem_pv **x);

/* The paging lock, where rights may change. */
void xmem_lock(struct domain *d);
void xmem_unlock(struct domain *d);

/* entry.c */
extern const struct xm_pv_where_hooks xmem_where_hooks;
void cf_check xmem_take(struct xm_env_dom *e, uint64_t place, uint64_t mfn);
bool cf_check xmem_drop(struct xm_env_dom *e, xm_mfn_t mfn);
int cf_check xmem_settle(struct xm_env_dom *e, bool may_preempt, bool *flush);
void xmem_where_free(struct domain *d);

/* open.c: Xen's own access to the frame goes through. */
void xmem_open(struct vcpu *v, unsigned long mfn);
/* The entry that is being made is for that. */
bool xmem_open_passes(const struct domain *d, unsigned long mfn);
void xmem_open_made(unsigned long mfn, uint64_t place);

/* walk.c: the guest's own tables. */
struct xmem_level {
    struct page_info *table;
    unsigned int index;
    uint64_t entry; /* as it was met */
    bool dirty;     /* was changed by xmem_walk_use() */
};
struct xmem_walk {
    unsigned long l1mfn; /* of the L1 table; INVALID_MFN if there is none */
    unsigned long mfn;
    bool allowed;
    uint32_t fault; /* not allowed: the error code of the guest's own page fault */
    unsigned int levels; /* held: */
    struct xmem_level level[CONFIG_PAGING_LEVELS];
};
/* Looks without leaving a trace. */
void xmem_walk(struct vcpu *v, unsigned long va, uint32_t error_code, struct xmem_walk *w);
/* The same for an access that is to be made: xmem_walk_use() next to it, xmem_walk_put() after it. */
void xmem_walk_hold(struct vcpu *v, unsigned long va, uint32_t error_code, struct xmem_walk *w);
bool xmem_walk_use(struct xmem_walk *w, bool write);
void xmem_walk_put(struct vcpu *v, struct xmem_walk *w);

/* event.c: self is the domain. */
extern const struct xm_pv_calls xmem_calls;

/* emulate.c: does the instruction for the guest; what answers let it do goes whatever the rights. */
enum xmem_emulation {
    XMEM_DONE,  /* or the guest got its exception */
    XMEM_STOPS, /* at a frame's rights */
    XMEM_RETRY,
    XMEM_CANNOT
};
enum xmem_emulation xmem_emulate(struct vcpu *v, struct cpu_user_regs *regs,
                                 struct xm_pv_todo *stop);

/* step.c: what the emulator does not do; and the core's calls for it. */
void xmem_step(struct vcpu *v, const struct cpu_user_regs *regs, const struct xm_pv_todo *why);
bool cf_check xmem_hold_others(void *self, uint32_t vcpu);
void cf_check xmem_release_others(void *self, uint32_t vcpu);
bool cf_check xmem_trap_flag(void *self, uint32_t vcpu, bool on);

#endif
