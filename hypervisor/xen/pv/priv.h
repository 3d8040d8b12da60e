/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files that connect the core's PV part to Xen share. */
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
#if XMEM_XEN_MINOR >= 21 /* in asm/msr.h up to 4.20 */
#include <asm/fsgsbase.h>
#endif
#include <asm/p2m.h>
#include <asm/paging.h>
#include "../mm-locks.h"

/* Xen defines these as macros; the core declares functions. */
#undef memcpy
#undef memset
#pragma push_macro("noreturn")
#include <xm/pv.h>
#pragma pop_macro("noreturn")

/* Per vCPU: the accesses that may pass once. */
struct xmem_vcpu {
    struct xm_pv_vcpu pv;
    struct xm_pv_open open;
    bool queued;   /* waits for a ring slot, or was woken and has not claimed one yet */
    bool on_frame; /* C code of Xen reads or writes the guest's exception frame */
};

struct xmem_pv {
    struct xm_pv pv;        /* the paging lock guards this and all below */
    struct page_info *ring; /* allocated once, kept until the domain is destroyed */
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

/* Frames change owner under page_alloc_lock. The paging lock comes first in the order, so it is never taken there. */
#ifdef CONFIG_DEBUG_LOCKS
#define xmem_assert_order(d) ASSERT((d)->page_alloc_lock.debug.cpu != smp_processor_id())
#else
#define xmem_assert_order(d) ((void)0)
#endif

static inline struct xmem_vcpu *xmem_vcpu(const struct vcpu *v)
{
    return &v->domain->arch.pv.xmem->vcpu[v->vcpu_id];
}

/* frames.c: true if the domain owns the frame now; takes neither lock nor reference. */
bool xmem_owned(const struct domain *d, unsigned long mfn);

/* state.c */
int xmem_state(struct domain *d, struct xmem_pv **x);

/* Take and release the paging lock around a change of rights. */
void xmem_lock(struct domain *d);
void xmem_unlock(struct domain *d);

/* entry.c */
extern const struct xm_pv_where_hooks xmem_where_hooks;
void cf_check xmem_take(struct xm_env_dom *e, uint64_t place, uint64_t mfn);
bool cf_check xmem_drop(struct xm_env_dom *e, xm_mfn_t mfn);
int cf_check xmem_settle(struct xm_env_dom *e, bool may_preempt, bool *flush);
uint64_t cf_check xmem_looks(struct xm_env_dom *e);
void xmem_where_free(struct domain *d);

/* open.c: lets Xen's own access to the frame through. */
void xmem_open(struct vcpu *v, unsigned long mfn);
/* True if the shadow entry being made serves such an access. */
bool xmem_open_passes(const struct domain *d, unsigned long mfn);
void xmem_open_made(unsigned long mfn, uint64_t place);

/* walk.c: walks the guest's own page tables. */
struct xmem_level {
    struct page_info *table;
    unsigned int index;
    uint64_t entry; /* as the walk read it */
    bool dirty;     /* xmem_walk_use() wrote it */
};
struct xmem_walk {
    unsigned long l1mfn; /* the L1 table's; INVALID_MFN if there is none */
    unsigned long mfn;
    bool allowed;
    uint32_t fault;      /* if not allowed: the error code of the guest's page fault */
    unsigned int levels; /* number of tables below that are referenced */
    struct xmem_level level[CONFIG_PAGING_LEVELS];
};
/* Walks, sets no bit and keeps no reference. */
void xmem_walk(struct vcpu *v, unsigned long va, uint32_t error_code, struct xmem_walk *w);
/* Walks for an access that follows and keeps references: xmem_walk_use() at the access, xmem_walk_put() after it. */
void xmem_walk_hold(struct vcpu *v, unsigned long va, uint32_t error_code, struct xmem_walk *w);
bool xmem_walk_use(struct xmem_walk *w, bool write);
void xmem_walk_put(struct vcpu *v, struct xmem_walk *w);

/* event.c: the core's calls; self is the domain. */
extern const struct xm_pv_calls xmem_calls;

/* emulate.c: emulates the guest's instruction; accesses that an answer allows pass whatever the rights. */
enum xmem_emulation {
    XMEM_DONE,  /* or an exception was injected */
    XMEM_STOPS, /* a frame's rights forbid an access */
    XMEM_RETRY,
    XMEM_CANNOT
};
enum xmem_emulation xmem_emulate(struct vcpu *v, struct cpu_user_regs *regs,
                                 struct xm_pv_todo *stop);

/* step.c: steps over an instruction that the emulator does not support, and the core's calls for that. */
void xmem_step(struct vcpu *v, const struct cpu_user_regs *regs, const struct xm_pv_todo *why);
bool cf_check xmem_hold_others(void *self, uint32_t vcpu);
void cf_check xmem_release_others(void *self, uint32_t vcpu);
bool cf_check xmem_trap_flag(void *self, uint32_t vcpu, bool on);

#endif
