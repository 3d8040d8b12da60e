/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* x86: whom an answer EMULATE or STEP lets through, and the one instruction on nested page tables. */
#ifndef XM_STEPS_H
#define XM_STEPS_H

#include <xm/types.h>

/* ==== what answers let one instruction do ==== */

/*
 * What EMULATE answers let one instruction of a vCPU do, whatever the rights. An instruction that
 * touches several frames is stopped at each; what was answered for is kept until it is done. It
 * is known by where it is: an interrupt's handler that comes first is another one.
 */

#define XM_PV_ARMED 8u /* code, source and destination over a boundary each, and room */

/* One access to one frame. */
struct xm_pv_armed_frame {
    uint64_t mfn;
    uint64_t at;    /* page of the virtual address; of a hypercall's item, offset in the frame */
    uint64_t exact; /* the whole address */
    uint32_t stamp; /* of the frame's rights: an answer ends where they are set */
    uint8_t what;   /* XM_DO_* */
};

struct xm_pv_armed {
    uint64_t ip, sp;
    uint32_t n;
    bool step; /* the answer to the last one was STEP: it is done, emulated or not */
    struct xm_pv_armed_frame frame[XM_PV_ARMED];
};

/* The instruction at ip is next: what was answered for another one counts no longer. */
void xm_pv_armed_begin(struct xm_pv_armed *a, uint64_t ip, uint64_t sp);
/*
 * Another instruction takes the place of the one before. A write lets what is written be read as well: of
 * an instruction that does both the processor tells the write alone.
 */
void xm_pv_arm(struct xm_pv_armed *a, uint64_t ip, uint64_t sp,
               const struct xm_pv_armed_frame *frame);
bool xm_pv_is_armed(const struct xm_pv_armed *a, uint64_t ip, uint64_t sp,
                    const struct xm_pv_armed_frame *frame);
/* The access was made. */
void xm_pv_disarm(struct xm_pv_armed *a, const struct xm_pv_armed_frame *frame);
void xm_pv_disarm_all(struct xm_pv_armed *a);

/* ==== instructions and the trap flag ==== */

/* x86: which instructions the trap flag can bring a vCPU back behind, with nobody the wiser. */

#define XM_X86_TF (UINT64_C(1) << 8) /* of rflags */

/*
 * Can the processor not do it so? What pushes or loads the trap flag would show it or take it
 * away, and behind a load of the stack segment the trap comes one instruction late. code: from its
 * first byte on, n of them.
 */
bool xm_trap_never(const uint8_t *code, uint32_t n, bool is_long);
/* Besides: what goes into a handler of the guest's own, which finds the flag where it is kept. */
bool xm_trap_enters_handler(const uint8_t *code, uint32_t n, bool is_long);
/* The first byte that is no prefix; n: there is none. */
uint32_t xm_insn_opcode(const uint8_t *code, uint32_t n, bool is_long);

/* ==== nested paging: STEP by the emulator ==== */

/*
 * An answer STEP to a guest on nested page tables: its vCPU, on the way back into the guest, has its one
 * instruction done by the hypervisor's emulator. What was answered for goes through whatever the
 * rights; each other access is held to the rights that its frame has at that moment, and is an event of
 * its own. Two steps: what the instruction does is decided access by access, and acted on when the
 * emulator holds nothing any more.
 */

/* Of a vCPU: the listener's while it is stopped, its own when it goes on. */
struct xm_hap_step {
    bool due;     /* an answer came, and the vCPU has not gone on since; */
    bool fresh;   /* it was STEP, for `next` */
    bool trap;    /* the processor is to do it: xm/hap-trap.h */
    bool stopped; /* the emulation met what nobody answered for: */
    uint8_t what; /* XM_DO_* */
    uint64_t gfn;
    struct xm_pv_armed_frame next; /* what the answer is for */
    struct xm_pv_armed armed;      /* and what those before it were for */
};

/*
 * Any answer to an event that stopped the vCPU: the access `what` to gfn, whose rights are `now`. A plain
 * one to a further page of the instruction lets it meet that page again, and what was answered for
 * before is kept until it is done, or another one is next; anything else ends it.
 */
enum xm_hap_says { XM_HAP_SAYS_STEP, XM_HAP_SAYS_RESUME, XM_HAP_SAYS_OTHER };
void xm_hap_answer(struct xm_hap_step *s, enum xm_hap_says says, uint64_t gfn, unsigned what,
                   enum xm_access now);
/* On the way back into the guest, with the registers it will have. True: emulate, asking xm_hap_piece(). */
bool xm_hap_begin(struct xm_hap_step *s, uint64_t ip, uint64_t sp);
/*
 * Does the emulator something else than the processor, or something that ends elsewhere? code: from its
 * first byte on, n of them.
 */
bool xm_hap_not_for_emulator(const uint8_t *code, uint32_t n, bool is_long);
/* One access of the instruction; now: the frame's rights. False: not so, and nothing of it is done. */
bool xm_hap_piece(struct xm_hap_step *s, uint64_t gfn, unsigned what, enum xm_access now);

enum xm_hap_result {
    XM_HAP_DID, /* it was done, or ended in the guest's own exception */
    XM_HAP_RETRY, /* nothing was done; for a piece that was refused, or for reasons of the emulator's */
    XM_HAP_CANNOT, /* it does not do this one, the processor may: xm/hap-trap.h */
    XM_HAP_NEVER   /* nor can the processor be stopped behind it */
};

enum xm_hap_next {
    XM_HAP_GO_ON,     /* into the guest; xm_hap_enter() has the processor do it, if need be */
    XM_HAP_VIOLATION, /* s->gfn and s->what meet the rights like any access: if they only turn, or
                             nobody stops the vCPU, xm_hap_again(), and the instruction is begun anew */
    XM_HAP_UNIMPLEMENTED /* told as not implemented; where nobody wants that, the guest goes on,
                             and its access is told again */
};

enum xm_hap_next xm_hap_emulated(struct xm_hap_step *s, enum xm_hap_result result);
/* Before it meets them: the frame's rights are `now`. False: it is not refused any more. */
bool xm_hap_still(const struct xm_hap_step *s, enum xm_access now);
/* The access that was refused need not be any more. */
void xm_hap_again(struct xm_hap_step *s);
/* The vCPU went on some other way. */
void xm_hap_ended(struct xm_hap_step *s);

/* ==== nested paging: STEP by the processor ==== */

/*
 * One instruction that no emulator does, done by the processor for an answer STEP to a guest on nested page
 * tables: the domain's other vCPUs are held inside the hypervisor, the frames that were answered
 * for are opened as this one faults on them, and its trap flag brings it back behind the instruction.
 * Nothing is open when another vCPU runs, nor when this one does anything else: held first, then
 * opened; closed first, then released. Nothing is injected meanwhile.
 */

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
