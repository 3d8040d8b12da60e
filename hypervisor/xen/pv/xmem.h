/* SPDX-License-Identifier: GPL-2.0-only */
/* What the hooks call. Without the option each expands to the code that was there before, or to nothing. */
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

/* Can mem_access be enabled for this domain? */
static inline bool xmem_pv_served(const struct domain *d)
{
    return is_pv_domain(d);
}

/* Is mem_access enabled? */
static inline bool xmem_pv_active(const struct domain *d)
{
    return is_pv_domain(d) && unlikely(d->arch.paging.mode & PG_XMEM);
}

/*
 * Is mem_access enabled, and any frame restricted? While none is, an access costs only this test. Read
 * without a lock: restricting a frame removes its shadow entries under the paging lock, and new ones are
 * made under that lock by the rights of that moment; a frame that arrives restricted has no entry before
 * this flag is set.
 */
static inline bool xmem_pv_restricts(const struct domain *d)
{
    return is_pv_domain(d) && unlikely(ACCESS_ONCE(d->arch.pv.xmem_restricts));
}

/* ---- state.c: ring, mode, teardown ---- */

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

/* ---- frames.c: ownership of frames; page_alloc_lock is held ---- */

int xmem_pv_frames_came(struct domain *d, const struct page_info *pg, unsigned int nr, bool must);
void xmem_pv_frames_left(struct domain *d, const struct page_info *pg, unsigned int nr);

/*
 * Called before d owns the frames. Returns -ENOMEM, as when no frame is free; never for frames assigned
 * without reference counting (MEMF_no_refcount): the code that returns a stolen page cannot handle a failure.
 */
static inline int xmem_pv_come(struct domain *d, const struct page_info *pg, unsigned int nr,
                               unsigned int memflags)
{
    return xmem_pv_active(d) ? xmem_pv_frames_came(d, pg, nr, memflags & MEMF_no_refcount) : 0;
}

/*
 * Called when no reference to the frames as d's is left. The mode is tested after that: a later call that
 * enables mem_access finds that d does not own them.
 */
static inline void xmem_pv_leave(struct domain *d, const struct page_info *pg, unsigned int nr)
{
    if (xmem_pv_active(d) && !d->is_dying)
        xmem_pv_frames_left(d, pg, nr);
}

/* No HVM parameter holds the gfn of a PV domain's ring. */
#define xmem_ring_gfn(d, gfn) (is_hvm_domain(d) ? (gfn) : 1UL)
#define xmem_ring_prepare(d, gfn, page, va) \
    (is_hvm_domain(d) ? prepare_ring_for_helper(d, gfn, page, va) \
                      : xmem_pv_ring_prepare(d, page, va))

/* Included in shadow/common.c, whose static functions they use; the paging lock is held. */
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

/* Restricts the flags of a shadow L1 entry. demand: made for a fault, not prefetched. False: leave it empty. */
static inline bool xmem_pv_l1e(const struct domain *d, mfn_t mfn, uint32_t *flags, bool demand)
{
    if (!xmem_pv_restricts(d))
        return true;
    *flags = xmem_pv_restrict(d, mfn, *flags, demand);
    return *flags & _PAGE_PRESENT;
}

/* l1mfn: the guest's L1 table. */
void xmem_pv_entry_written(struct domain *d, unsigned long l1mfn, unsigned int index, uint64_t old,
                           uint64_t new);
bool xmem_pv_entry_stays(struct domain *d, unsigned long l1mfn, unsigned int index, uint64_t entry);

/* ---- open.c: entries for Xen's own accesses ---- */

void xmem_pv_close(struct vcpu *v);

/* v, which runs on this pCPU, is about to enter guest mode or to be switched out. */
static inline void xmem_pv_leaves(struct vcpu *v)
{
    if (is_pv_domain(v->domain) && unlikely(v->domain->arch.pv.xmem))
        xmem_pv_close(v);
}

/* ---- fault.c: accesses through the shadow tables ---- */

#define XMEM_GO_ON (~0U)
/* Returns XMEM_GO_ON, or what the page fault handler is to return. */
uint32_t xmem_pv_page_fault(struct vcpu *v, unsigned long va, struct cpu_user_regs *regs);

static inline uint32_t xmem_pv_fault(struct vcpu *v, unsigned long va, struct cpu_user_regs *regs)
{
    return xmem_pv_restricts(v->domain) ? xmem_pv_page_fault(v, va, regs) : XMEM_GO_ON;
}

void xmem_pv_on_frame(struct vcpu *v, bool on);

/* Brackets code that reads or writes the guest's exception frame, where a failure crashes the guest. */
static inline void xmem_pv_frame(bool on)
{
    if (is_pv_vcpu(current) && unlikely(current->domain->arch.pv.xmem))
        xmem_pv_on_frame(current, on);
}

/* ---- write.c: what Xen reads and writes for the guest by frame number ---- */

int xmem_pv_touch(struct domain *owner, unsigned long mfn, unsigned int offset);
int xmem_pv_touch_both(struct domain *to_owner, unsigned long to, unsigned int offset,
                       struct domain *from_owner, unsigned long from);
int xmem_pv_touch_va(unsigned long va);
bool xmem_pv_stops_ptwr(unsigned long va, mfn_t mfn);

/* Returns 0, or -ERESTART if an event was sent: the hypercall continues at this item. */
static inline int xmem_pv_write(struct domain *owner, unsigned long mfn, unsigned int offset)
{
    return xmem_pv_restricts(owner) ? xmem_pv_touch(owner, mfn, offset) : 0;
}

static inline int xmem_pv_copy(struct domain *owner, unsigned long to, unsigned long from)
{
    return xmem_pv_restricts(owner) ? xmem_pv_touch_both(owner, to, 0, owner, from) : 0;
}

/* A grant copy: checks those of the two frames that the current domain owns. */
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

/* ---- event.c: contents of events, effects of answers ---- */

bool xmem_pv_fill_regs(vm_event_request_t *req);
void xmem_pv_response(struct vcpu *v, vm_event_response_t *rsp);
uint32_t xmem_pv_capabilities(const struct domain *d);

void xmem_pv_note_queue(bool in);
bool xmem_pv_in_queue(const struct domain *d);

/* Brackets the wait for a ring slot; a vCPU that was woken and has not run yet is still in between. */
static inline void xmem_pv_queue(bool in)
{
    if (is_pv_vcpu(current) && current->domain->arch.pv.xmem)
        xmem_pv_note_queue(in);
}

/* Does any vCPU wait for a slot? The domain is paused; a dying one does not run again. */
static inline bool xmem_pv_queues(const struct domain *d)
{
    return is_pv_domain(d) && d->arch.pv.xmem && !d->is_dying && xmem_pv_in_queue(d);
}

/* ---- step.c: the ways back into Xen from a step by trap flag ---- */

bool xmem_pv_debugged(unsigned long *dr6);
void xmem_pv_bounce(void);
void xmem_pv_left(void);

/* A #DB in guest mode. False: the step alone caused it, and the guest does not get it. */
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
