/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What becomes of an access to a PV guest's frame, from the fault to its end: in two steps, decide
 * and act, between which no lock is held and anything can happen. The frame may get other
 * rights, leave the guest, or be mapped no longer; the listener may come and go. So acting changes
 * rights only if they still are what the decision saw, and what was let through by an answer is for
 * that vCPU, frame, access and instruction alone.
 *
 * Everything here stands on struct xm_pv; surroundings translate: Xen's glue, this core's own
 * domains (kinds/x86-pv.c), the explorer.
 */
#ifndef XM_PV_ACCESS_H
#define XM_PV_ACCESS_H

#include <xm/pv.h>

/* ---- what the surroundings do ---- */

#define XM_PV_TELL_STOP 1u /* the vCPU stops with it, whatever comes after */
#define XM_PV_TELL_WAIT 2u /* without a slot in the ring the vCPU may sleep for one */

struct xm_pv_calls {
    /* The lock over struct xm_pv. unlock's flush: TLBs first. */
    void (*lock)(void *self);
    void (*unlock)(void *self, bool flush);
    bool (*listener)(void *self); /* somebody has the ring */
    bool (*required)(void *self); /* access_required */
    /*
     * Sends the event of an access, no lock held. 1: sent, and the vCPU is stopped; 0: sent;
     * -XM_EAGAIN: no slot, nothing was sent, the vCPU may have slept; -XM_EOPNOTSUPP: nobody listens.
     */
    int (*tell)(void *self, uint32_t vcpu, const struct xm_pv_ask *ask, unsigned how);
    /* The monitor for what is not emulated is on, and the vCPU is stopped with its event. */
    bool (*tell_unimplemented)(void *self, uint32_t vcpu);
    void (*crash)(void *self, const char *why);
    /* The domain's other vCPUs stay inside the hypervisor. False: not now, one of them holds this one. */
    bool (*hold_others)(void *self, uint32_t vcpu);
    void (*release_others)(void *self, uint32_t vcpu);
    /* The processor's trap flag for the vCPU, which is the caller; as it was before. */
    bool (*trap_flag)(void *self, uint32_t vcpu, bool on);
};

/* ---- a vCPU ---- */

struct xm_pv_vcpu {
    uint32_t id;
    struct xm_pv_armed armed;
    /* What it is stopped with, for the answer. */
    bool told;
    struct xm_pv_ask told_ask;
};

/* ---- decide, then act ---- */

struct xm_pv_todo {
    struct xm_pv_ask ask;
    enum xm_pv_verdict verdict;
    enum xm_access seen; /* the rights that were decided by, */
    uint32_t stamp;      /* and what they are known by */
    enum xm_access to;   /* what they become */
};

enum xm_pv_next {
    XM_PV_GO_ON,    /* as without mem_access: the entry is made by what xm_pv_entry_flags() says */
    XM_PV_EMULATE,  /* this one instruction, asking xm_pv_piece() for each frame; no entry */
    XM_PV_OPEN,     /* the hypervisor's own, whatever the rights: what is opened for it is closed
                       before any guest runs */
    XM_PV_STEP,     /* this one instruction by the processor: xm_pv_step_begin() */
    XM_PV_AGAIN,    /* decide anew: something changed. A guest may be let run, it faults again */
    XM_PV_STOPPED,  /* again when the vCPU runs: the instruction, or the hypercall from this item */
    XM_PV_NOT_OURS, /* the guest's own fault: no event */
    XM_PV_FAIL,     /* the hypervisor's own access fails: -EFAULT */
    XM_PV_DIED      /* the domain was crashed */
};

/* Changes nothing. listener, required and ours of todo->ask are looked at now. The lock is held. */
void xm_pv_todo_decide(struct xm_pv *pv, const struct xm_pv_vcpu *v, const struct xm_pv_ask *ask,
                       struct xm_pv_todo *todo);
/* The lock is not held. */
enum xm_pv_next xm_pv_todo_act(struct xm_pv *pv, struct xm_pv_vcpu *v,
                               const struct xm_pv_todo *todo);
/* Both, until something other than AGAIN comes of it. *todo is the last one. */
enum xm_pv_next xm_pv_access(struct xm_pv *pv, struct xm_pv_vcpu *v, const struct xm_pv_ask *ask,
                             struct xm_pv_todo *todo);
/*
 * All frames of one item of a hypercall, of which none may be used up before the last was let
 * through. GO_ON, STOPPED (the hypercall is continued at this item) or DIED.
 */
enum xm_pv_next xm_pv_items(struct xm_pv *pv, struct xm_pv_vcpu *v, const struct xm_pv_ask *asks,
                            uint32_t n);

/* They were let through and the item is made: the next one comes from the same place. */
void xm_pv_items_done(struct xm_pv_vcpu *v, const struct xm_pv_ask *asks, uint32_t n);

/* ---- an instruction that is emulated ---- */

/* One of its frames. False: not so; xm_pv_todo_act(*todo) when nothing of it is held any more. */
bool xm_pv_piece(struct xm_pv *pv, const struct xm_pv_vcpu *v, const struct xm_pv_ask *ask,
                 struct xm_pv_todo *todo);
/* It was done, or the guest got its own exception. */
void xm_pv_emulated(struct xm_pv_vcpu *v);
/*
 * The emulator does not do it. todo: what it was to be emulated for. STEP where an answer asked for
 * that; else it is told, as not implemented or like a violation; where nobody listens the rights go,
 * or the domain.
 */
enum xm_pv_next xm_pv_not_emulated(struct xm_pv *pv, struct xm_pv_vcpu *v,
                                   const struct xm_pv_todo *todo);

/* ---- answers ---- */

struct xm_pv_answer {
    uint64_t mfn;       /* as the answer says */
    bool emulate, step; /* STEP holds where EMULATE does, and is done by other means if need be */
    bool moved;         /* the answer's registers are taken: */
    uint64_t ip, sp;
};

/*
 * May an answer set the registers? Of a hypercall they are not what the vCPU goes on with: it is
 * continued, and an answer that put them back would lose it.
 */
bool xm_pv_takes_registers(const struct xm_pv_vcpu *v);
/* The answer to the event that the vCPU is stopped with. */
void xm_pv_reply(struct xm_pv *pv, struct xm_pv_vcpu *v, const struct xm_pv_answer *answer);

#endif
