/* SPDX-License-Identifier: GPL-2.0-only */
/* What the hooks for the answer STEP of guests on nested paging call. */
#ifndef XEN_XMEM_NPT_H
#define XEN_XMEM_NPT_H

#include <xen/mm-frame.h>
#include <public/vm_event.h>

struct domain;
struct npfec;
struct vcpu;

/* Room in struct arch_vm_event, zero at first: it comes and goes with the listener. */
#define XMEM_NPT_ROOM 80

#ifdef CONFIG_XMEM_NPT

uint32_t xmem_npt_capabilities(const struct domain *d);
/* An answer to a vCPU that is stopped. True: it says STEP, and nothing else that is emulated. */
bool xmem_npt_answer(struct vcpu *v, const vm_event_response_t *rsp);
/* The vCPU, current, is on its way back into the guest, with the registers it will have. */
void xmem_npt_resume(struct vcpu *v);
/* Its instruction is done here right now: */
bool xmem_npt_emulating(const struct vcpu *v);
/* one of its accesses. */
bool xmem_npt_piece(struct vcpu *v, unsigned long gla, gfn_t gfn, uint32_t pfec);
/* Before each entry to the guest. True: in a step, and nothing is injected. */
bool xmem_npt_enter(struct vcpu *v);
/* First of all at each exit. True: that is all. */
bool xmem_npt_exit(struct vcpu *v, uint64_t reason);
/* An access against the rights, its gfn locked. True: it was answered for. */
bool xmem_npt_fault(struct vcpu *v, gfn_t gfn, struct npfec npfec);
/* The room goes, the vCPU being paused. */
void xmem_npt_forget(struct vcpu *v);

#else

#define xmem_npt_capabilities(d) ((void)(d), 0)
#define xmem_npt_answer(v, rsp) false
#define xmem_npt_resume(v) ((void)0)
#define xmem_npt_emulating(v) false
#define xmem_npt_piece(v, gla, gfn, pfec) true
#define xmem_npt_enter(v) false
#define xmem_npt_exit(v, reason) false
#define xmem_npt_fault(v, gfn, npfec) false
#define xmem_npt_forget(v) ((void)0)

#endif

#endif
