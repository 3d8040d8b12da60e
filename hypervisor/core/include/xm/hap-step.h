/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An answer STEP to a guest on nested page tables: its vCPU, on the way back into the guest, has its one
 * instruction done by the hypervisor's emulator. What was answered for goes through whatever the
 * rights; each other access is held to the rights that its frame has at that moment, and is an event of
 * its own. Two steps: what the instruction does is decided access by access, and acted on when the
 * emulator holds nothing any more.
 */
#ifndef XM_HAP_STEP_H
#define XM_HAP_STEP_H

#include <xm/pv-armed.h>

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

#endif
