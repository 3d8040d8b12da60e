/* SPDX-License-Identifier: GPL-2.0-only */
/* What the hooks call. Without the option each of them is what was there before, or nothing. */
#ifndef XEN_XMEM_H
#define XEN_XMEM_H

#include <xen/mm.h>
#include <xen/sched.h>
#include <public/domctl.h>
#include <public/memory.h>
#include <public/vm_event.h>
#include <public/xmem.h>

#ifdef CONFIG_XMEM_PV

/* The domain's paging mode: a bit beside PG_log_dirty and the like. */
#define PG_XMEM (XMEM_SHADOW_MEM_ACCESS << 10)

struct xen_domctl_shadow_op;
struct cpu_user_regs;

/* Could have mem_access: a 64-bit PV guest. */
static inline bool xmem_pv_served(const struct domain *d)
{
    return is_pv_domain(d);
}

/* Has it on. */
static inline bool xmem_pv_active(const struct domain *d)
{
    return is_pv_domain(d) && unlikely(d->arch.paging.mode & PG_XMEM);
}

/*
 * Has it on, and some frame is restricted: as long as none is, an access costs this look. Read without
 * a lock: who restricts a frame takes its shadow entries away under the paging lock, and they are made
 * again under it, by what holds then; and a frame that comes restricted has none before this says so.
 */
static inline bool xmem_pv_restricts(const struct domain *d)
{
    return is_pv_domain(d) && unlikely(ACCESS_ONCE(d->arch.pv.xmem_restricts));
}

/* ---- state.c: ring, mode, end ---- */

unsigned int xmem_pv_ring_frames(const struct domain *d, unsigned int id);
int xmem_pv_ring_acquire(struct domain *d, unsigned int id, unsigned int frame,
                         unsigned int nr_frames, xen_pfn_t mfn_list[]);
bool xmem_pv_ring_foreign(const struct page_info *page, const struct domain *l1e_owner,
                          const struct domain *pg_owner);
int xmem_pv_ring_prepare(struct domain *d, struct page_info **page, void **va);
bool xmem_pv_shadow_op(struct domain *d, const struct xen_domctl_shadow_op *sc, int *rc);
int xmem_pv_end(struct domain *d);
void xmem_pv_destroy(struct domain *d);

static inline int xmem_pv_relinquish(struct domain *d)
{
    return is_pv_domain(d) && d->arch.pv.xmem ? xmem_pv_end(d) : 0;
}

/* ---- frames.c: who has which frame; page_alloc_lock is held ---- */

int xmem_pv_frames_came(struct domain *d, const struct page_info *pg, unsigned int nr, bool must);
void xmem_pv_frames_left(struct domain *d, const struct page_info *pg, unsigned int nr);

/*
 * Before d owns them. -ENOMEM, as if there were no frames; but not of frames that go to a domain without being
 * counted (MEMF_no_refcount): who gives back what was stolen cannot cope with a failure.
 */
static inline int xmem_pv_come(struct domain *d, const struct page_info *pg, unsigned int nr,
                               unsigned int memflags)
{
    return xmem_pv_active(d) ? xmem_pv_frames_came(d, pg, nr, memflags & MEMF_no_refcount) : 0;
}

/*
 * When nothing refers to them as d's any more. Whether mem_access is on is asked behind that: who turns it on
 * later finds that they are not d's.
 */
static inline void xmem_pv_leave(struct domain *d, const struct page_info *pg, unsigned int nr)
{
    if (xmem_pv_active(d) && !d->is_dying)
        xmem_pv_frames_left(d, pg, nr);
}

/* A PV domain's ring is named by no HVM parameter. */
#define xmem_ring_gfn(d, gfn) (is_hvm_domain(d) ? (gfn) : 1UL)
#define xmem_ring_prepare(d, gfn, page, va)                     \
    (is_hvm_domain(d) ? prepare_ring_for_helper(d, gfn, page, va) \
                      : xmem_pv_ring_prepare(d, page, va))

/* In shadow/common.c, for what is static there; the paging lock is held. */
int xmem_shadow_mode(struct domain *d, bool on);
bool xmem_shadow_entry(struct domain *d, uint64_t place, unsigned long mfn, bool take);
unsigned int xmem_shadow_parts(const struct domain *d);
void xmem_shadow_sweep(struct domain *d, unsigned int part, unsigned int parts);
void xmem_shadow_blow(struct domain *d);

/* ---- op.c: XENMEM_access_op ---- */

long xmem_pv_memop(struct domain *d, unsigned long cmd, xen_mem_access_op_t *mao,
                   XEN_GUEST_HANDLE_PARAM(xen_mem_access_op_t) arg);

/* ---- entry.c: shadow L1 entries ---- */

uint32_t xmem_pv_restrict(const struct domain *d, mfn_t mfn, uint32_t flags, bool demand);

/* Flags of a shadow L1 entry; demand: made for a fault, not ahead of one. False: it is to be empty. */
static inline bool xmem_pv_l1e(const struct domain *d, mfn_t mfn, uint32_t *flags, bool demand)
{
    if (!xmem_pv_restricts(d))
        return true;
    *flags = xmem_pv_restrict(d, mfn, *flags, demand);
    return *flags & _PAGE_PRESENT;
}

/* l1mfn: the guest's table. */
void xmem_pv_entry_written(struct domain *d, unsigned long l1mfn, unsigned int index, uint64_t old,
                           uint64_t new);
bool xmem_pv_entry_stays(struct domain *d, unsigned long l1mfn, unsigned int index, uint64_t entry);

/* ---- open.c: entries for Xen's own accesses ---- */

void xmem_pv_close(struct vcpu *v);

/* The vCPU, which is this pCPU's, is going to be in guest mode, or another pCPU's. */
static inline void xmem_pv_leaves(struct vcpu *v)
{
    if (is_pv_domain(v->domain) && unlikely(v->domain->arch.pv.xmem))
        xmem_pv_close(v);
}

/* ---- fault.c: accesses through the shadow tables ---- */

#define XMEM_GO_ON (~0U)
/* XMEM_GO_ON, or what the page fault handler answers. */
uint32_t xmem_pv_page_fault(struct vcpu *v, unsigned long va, struct cpu_user_regs *regs);

static inline uint32_t xmem_pv_fault(struct vcpu *v, unsigned long va, struct cpu_user_regs *regs)
{
    return xmem_pv_restricts(v->domain) ? xmem_pv_page_fault(v, va, regs) : XMEM_GO_ON;
}

void xmem_pv_on_frame(struct vcpu *v, bool on);

/* From here to there Xen reads or writes the guest's exception frame: a failure is the guest's end. */
static inline void xmem_pv_frame(bool on)
{
    if (is_pv_vcpu(current) && unlikely(current->domain->arch.pv.xmem))
        xmem_pv_on_frame(current, on);
}

/* ---- write.c: what Xen reads and writes for the guest by a frame's number ---- */

int xmem_pv_touch(struct domain *owner, unsigned long mfn, unsigned int offset);
int xmem_pv_touch_both(struct domain *to_owner, unsigned long to, unsigned int offset,
                       struct domain *from_owner, unsigned long from);
int xmem_pv_touch_va(unsigned long va);
bool xmem_pv_stops_ptwr(unsigned long va, mfn_t mfn);

/* 0, or -ERESTART: an event was sent, the hypercall is to be continued at this item. */
static inline int xmem_pv_write(struct domain *owner, unsigned long mfn, unsigned int offset)
{
    return xmem_pv_restricts(owner) ? xmem_pv_touch(owner, mfn, offset) : 0;
}

static inline int xmem_pv_copy(struct domain *owner, unsigned long to, unsigned long from)
{
    return xmem_pv_restricts(owner) ? xmem_pv_touch_both(owner, to, 0, owner, from) : 0;
}

/* By a grant copy: of its own frames at either end. */
static inline int xmem_pv_grant_copy(struct domain *to_owner, mfn_t to, unsigned int offset,
                                     struct domain *from_owner, mfn_t from)
{
    return xmem_pv_restricts(current->domain)
               ? xmem_pv_touch_both(to_owner, mfn_x(to), offset, from_owner, mfn_x(from))
               : 0;
}

static inline int xmem_pv_update_va(unsigned long va)
{
    return xmem_pv_restricts(current->domain) ? xmem_pv_touch_va(va) : 0;
}

static inline bool xmem_pv_ptwr(unsigned long va, mfn_t mfn)
{
    return xmem_pv_restricts(current->domain) && xmem_pv_stops_ptwr(va, mfn);
}

/* ---- event.c: what events carry, what answers do ---- */

bool xmem_pv_fill_regs(vm_event_request_t *req);
void xmem_pv_response(struct vcpu *v, vm_event_response_t *rsp);
uint32_t xmem_pv_capabilities(const struct domain *d);

void xmem_pv_note_queue(bool in);
bool xmem_pv_in_queue(const struct domain *d);

/* The vCPU may sleep for a slot of the ring from here, until there; woken and not yet run it is in between. */
static inline void xmem_pv_queue(bool in)
{
    if (is_pv_vcpu(current) && current->domain->arch.pv.xmem)
        xmem_pv_note_queue(in);
}

/* The domain is paused. One that dies runs no more. */
static inline bool xmem_pv_queues(const struct domain *d)
{
    return is_pv_domain(d) && d->arch.pv.xmem && !d->is_dying && xmem_pv_in_queue(d);
}

/* ---- step.c: the ways back from an instruction that the guest's processor does for an answer ---- */

bool xmem_pv_debugged(unsigned long *dr6);
void xmem_pv_bounce(void);
void xmem_pv_left(void);

/* Of an exception of the guest's. False: it was for the step alone. */
static inline bool xmem_pv_debug(unsigned long *dr6)
{
    return !is_pv_vcpu(current) || likely(!current->arch.pv.xmem_stepping) || xmem_pv_debugged(dr6);
}

static inline void xmem_pv_step_leave(void)
{
    if (unlikely(current->arch.pv.xmem_stepping))
        xmem_pv_left();
}

#else

#define xmem_pv_served(d) false
#define xmem_pv_memop(d, cmd, mao, arg) (-EINVAL)
#define xmem_pv_ring_foreign(page, l1e_owner, pg_owner) false
#define xmem_pv_shadow_op(d, sc, rc) false
#define xmem_pv_destroy(d) ((void)0)
#define xmem_pv_relinquish(d) 0
#define xmem_pv_come(d, pg, nr, memflags) 0
#define xmem_pv_leave(d, pg, nr) ((void)0)
#define xmem_pv_active(d) false
#define xmem_ring_gfn(d, gfn) (gfn)
#define xmem_ring_prepare(d, gfn, page, va) prepare_ring_for_helper(d, gfn, page, va)
#define xmem_pv_l1e(d, mfn, flags, demand) true
#define xmem_pv_entry_written(d, l1mfn, index, old, new) ((void)0)
#define xmem_pv_leaves(v) ((void)0)
#define XMEM_GO_ON (~0U)
#define xmem_pv_fault(v, va, regs) XMEM_GO_ON
#define xmem_pv_frame(on) ((void)0)
#define xmem_pv_write(owner, mfn, offset) 0
#define xmem_pv_copy(owner, to, from) 0
#define xmem_pv_grant_copy(to_owner, to, offset, from_owner, from) 0
#define xmem_pv_update_va(va) 0
#define xmem_pv_ptwr(va, mfn) false
#define xmem_pv_fill_regs(req) false
#define xmem_pv_response(v, rsp) ((void)0)
#define xmem_pv_capabilities(d) 0
#define xmem_pv_queue(in) ((void)0)
#define xmem_pv_queues(d) false
#define xmem_pv_debug(dr6) true
#define xmem_pv_step_leave() ((void)0)

#endif
#endif
