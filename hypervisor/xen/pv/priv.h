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
#include <xm/pv.h>
#pragma pop_macro("noreturn")

/* Per vCPU: accesses that get by once. */
struct xmem_vcpu {
    /* EMULATE answers to events of the instruction under way; where the last event was told. */
    struct xm_pv_armed armed;
    unsigned long told_ip, told_sp;
    struct xm_pv_open open;
};

struct xmem_pv {
    struct xm_pv pv; /* under the paging lock, as is the rest */
    struct page_info *ring;
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

static inline struct xmem_vcpu *xmem_vcpu(const struct vcpu *v)
{
    return &v->domain->arch.pv.xmem->vcpu[v->vcpu_id];
}

/* state.c */
int xmem_state(struct domain *d, struct xmem_pv **x);
/* The frame is the domain's now. */
bool xmem_owned(struct domain *d, unsigned long mfn);

/* Drops the paging lock where rights may have changed. */
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

/* fault.c: the guest's own tables, looked at without leaving a trace. */
struct xmem_walk {
    unsigned long l1mfn; /* of the L1 table; INVALID_MFN if there is none */
    unsigned long mfn;
    bool allowed;
};
void xmem_walk(struct vcpu *v, unsigned long va, uint32_t error_code, struct xmem_walk *w);

/* event.c */
struct xmem_access {
    unsigned long mfn;
    unsigned long va;
    unsigned int offset;
    uint8_t what; /* XM_DO_* */
    bool va_valid;
};
/* 0 or 1: sent; 1: and the vCPU is paused. Else a negative errno. */
int xmem_send(struct vcpu *v, const struct xmem_access *a, bool sync, bool may_sleep);
/* Did an answer let the instruction at regs do this? */
bool xmem_armed(struct vcpu *v, const struct cpu_user_regs *regs, const struct xmem_access *a);
/* The monitor for what cannot be emulated is on, and the vCPU is paused with its event. */
bool xmem_send_unimplemented(struct vcpu *v);
enum xm_pv_verdict xmem_decide(struct vcpu *v, const struct xmem_access *a, enum xm_pv_who who,
                               enum xm_access *to);
/* The rights of a verdict. */
void xmem_relax(struct domain *d, unsigned long mfn, enum xm_access to);

/* emulate.c: does the instruction for the guest; what answers let it do goes whatever the rights. */
bool xmem_emulate(struct vcpu *v, struct cpu_user_regs *regs);

#endif
