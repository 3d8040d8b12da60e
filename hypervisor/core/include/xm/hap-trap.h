/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One instruction that no emulator does, done by the processor for an answer STEP to a guest on nested page
 * tables: the domain's other vCPUs are held inside the hypervisor, the frames that were answered
 * for are opened as this one faults on them, and its trap flag brings it back behind the instruction.
 * Nothing is open when another vCPU runs, nor when this one does anything else: held first, then
 * opened; closed first, then released. Nothing is injected meanwhile.
 */
#ifndef XM_HAP_TRAP_H
#define XM_HAP_TRAP_H

#include <xm/hap-step.h>

struct xm_hap_calls {
    /* The domain's other vCPUs stay inside the hypervisor. False: not now, one of them holds this one. */
    bool (*hold_others)(void *self, uint32_t vcpu);
    void (*release_others)(void *self, uint32_t vcpu);
    /* The processor's trap flag for the vCPU, which is the caller; as it was before. */
    bool (*trap_flag)(void *self, uint32_t vcpu, bool on);
    /* The entry of gfn is made anew, with what xm_hap_more() says beside its rights; then TLBs are flushed. */
    void (*renew)(void *self, uint32_t vcpu, uint64_t gfn);
};

/* Of a vCPU, and its own; it outlives the listener. */
struct xm_hap_trap {
    const struct xm_hap_calls *calls;
    void *self;
    uint32_t vcpu;
    bool open;  /* a step is under way */
    bool own;   /* the guest single-steps itself */
    bool leave; /* the vCPU came back with a fault that did not go on with it */
    uint32_t n;
    struct {
        uint64_t gfn;
        uint8_t bits; /* XM_DO_* */
    } frame[XM_PV_ARMED];
};

/* In all of these s is NULL where nobody listens any more. */

/*
 * Before each entry to the guest, no lock held: ends a step that was left or moved, begins one that is wanted. busy: an
 * event is about to be delivered, or a device's answer is waited for. True: in a step, so that nothing may be injected.
 */
bool xm_hap_enter(struct xm_hap_trap *t, struct xm_hap_step *s, uint64_t ip, uint64_t sp,
                  bool busy);

/* First of all when the vCPU comes back in the middle of a step. */
enum xm_hap_why {
    XM_HAP_FAULT,       /* a nested page fault; xm_hap_fault() may follow, or an emulation */
    XM_HAP_HOST,        /* nothing of the guest's: it goes on */
    XM_HAP_EXCEPTION,   /* the guest's own: the instruction is not done */
    XM_HAP_INTERCEPTED, /* it is done by the hypervisor */
};
void xm_hap_left(struct xm_hap_trap *t, struct xm_hap_step *s, enum xm_hap_why why);
/* The debug exception behind the instruction. True: it is the guest's own as well. */
bool xm_hap_trapped(struct xm_hap_trap *t, struct xm_hap_step *s);

/*
 * Before a violation is told: `what` to gfn, whose rights are `now`, and gfn's entry stays as it is
 * meanwhile. True: it was answered for; no event, and the guest is entered again.
 */
bool xm_hap_fault(struct xm_hap_trap *t, struct xm_hap_step *s, uint64_t ip, uint64_t sp,
                  uint64_t gfn, unsigned what, enum xm_access now);
/* XM_DO_* that an entry for gfn may carry beside its rights, as long as a step is under way. */
uint8_t xm_hap_more(const struct xm_hap_trap *t, uint64_t gfn);

#endif
