/* SPDX-License-Identifier: GPL-2.0-only */
/* Called by the hooks for the answer STEP to guests on nested paging. */
#ifndef XEN_XMEM_NPT_H
#define XEN_XMEM_NPT_H

#include <xen/mm-frame.h>
#include <public/vm_event.h>

struct domain;
struct npfec;
struct vcpu;

/* Bytes in struct arch_vm_event, which is allocated zeroed for a listener and freed with it. */
#define XMEM_NPT_ROOM 80

#ifdef CONFIG_XMEM_NPT

uint32_t xmem_npt_capabilities(const struct domain *d);
/* Takes the answer to a stopped vCPU. True: it says STEP and no other kind of emulation. */
bool xmem_npt_answer(struct vcpu *v, const vm_event_response_t *rsp);
/* v is current and about to return to the guest; its registers are final. */
void xmem_npt_resume(struct vcpu *v);
/* Is its instruction being emulated here? */
bool xmem_npt_emulating(const struct vcpu *v);
/* One access of that emulation. False: the rights forbid it. */
bool xmem_npt_piece(struct vcpu *v, unsigned long gla, gfn_t gfn, uint32_t pfec);
/* Called before each VM entry. True: in a step, so that nothing is injected. */
bool xmem_npt_enter(struct vcpu *v);
/* Called first at each VM exit. True: the exit is handled. */
bool xmem_npt_exit(struct vcpu *v, uint64_t reason);
/* An access that the rights forbid; the gfn is locked. True: an answer allows it. */
bool xmem_npt_fault(struct vcpu *v, gfn_t gfn, struct npfec npfec);
/* The struct is about to be freed; v is paused. */
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
