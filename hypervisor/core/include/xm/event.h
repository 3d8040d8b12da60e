/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The monitor: what is watched, the ring, events out and answers in. */
#ifndef XM_EVENT_H
#define XM_EVENT_H

#include <xm/domain.h>

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
