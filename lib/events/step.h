/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Letting one instruction through. While it is under way no access goes through that the
 * rights in force forbid, but those of this instruction that were told and answered for:
 *  - pages are open only while the vCPU may be doing the instruction, only as far as the
 *    answers said, and by view for nobody else;
 *  - a further page is an event of its own, at which all pages are closed until it is answered;
 *  - any other answer ends the step, and takes the vCPU back to the view where it belongs.
 *
 *   step.c       which means, and what events say of a step
 *   step-base.c  what the means share: pages, rights, the phases of a step
 *   step-answer.c  by an answer alone
 *   step-view.c  by view: views of the library's own, for one instruction
 *   step-again.c the same in short, where a view is open already
 *   step-open.c  by single step and by relaxing: pages open in the vCPU's own view
 *   step-ahead.c by Xen's emulator: its further pages, told before it
 *   step-strict.c  what a strict step does not use
 */
#ifndef XMEM_STEP_H
#define XMEM_STEP_H

#include "arm/arm.h"
#include "events/events-int.h"
#include "session/session.h"
#include "x86/x86.h"

/* A view for stepping over: what it has open beyond the rights of the view it stands for. */
struct step_view {
    struct view *v;
    uint16_t origin;
    bool bad;               /* what is set there is not known any more: not for another step */
    bool unhook;            /* the first open page shows the host's frame */
    bool turns;             /* a page was put there with rights that accesses turn */
    struct step_view *then; /* where its step went on last, at a further page */
    uint32_t users;         /* vCPUs that may be in it */
    uint64_t prepared;      /* when */
    struct step_pages pages;
};

/* Answers ev so that its access is done once. On failure the event stays open; a text. */
int xmi_step_over(struct xmem_domain *d, struct event *ev);
/*
 * An event of a vCPU in a step, in a step view, or a single step's. 1: only stepping caused it,
 * it was answered and the caller never sees it; 0: it is the caller's; negative: one of ours,
 * and going on with it failed (a text).
 */
int xmi_step_event(struct xmem_domain *d, struct event *ev);
/* What the answer to an event has to say for the step's sake; vcpu.attention is set. */
void xmi_step_answer(struct xmem_domain *d, struct event *ev, struct answer *a);
/* The caller's single step: on, or off if it is on, with the next answer. */
void xmi_step_toggle(struct xmem_domain *d, uint32_t vcpu);
/* May a fast single step be pending in the event's vCPU? It cannot be made the caller's. */
bool xmi_step_is_fast(const struct xmem_domain *d, const struct event *ev);
/*
 * Begins steps that waited for the domain to go on, for another vCPU's step to end, or for a view.
 * The first failure.
 */
int xmi_step_resume(struct xmem_domain *d);
/* Single step with the next answer, so that nothing comes in between. A text. */
int xmi_step_set_single(struct xmem_domain *d, uint32_t vcpu);
/* The vCPU is answered with a fast single step in this view, which leads to end. */
void xmi_step_set_fast(struct xmem_domain *d, uint32_t vcpu, uint16_t view, uint16_t end);
/* The vCPU is answered with an emulation: what cannot be emulated is stepped over otherwise. */
void xmi_step_note_emulation(struct xmem_domain *d, struct event *ev);

/* ---- for those who change rights and views ---- */

/* Other frames are, or may be, at these gfns. */
void xmi_step_arm_pages_changed(struct xmem_domain *d, uint64_t gfn, uint64_t nr);
/* Rights of gfns were changed: step views do not hold on to the old ones. */
void xmi_step_rights_changed_far(struct xmem_domain *d, uint16_t view, uint64_t gfn, uint64_t nr);
/* The step view of this number, or NULL. */
struct step_view *xmi_step_view_of(const struct xmem_domain *d, uint16_t id);
/* The view is forgotten; it may have been a step view. */
void xmi_step_view_forget(struct xmem_domain *d, const struct view *v);

/* ---- for the end of the session ---- */

/*
 * An event in a step view: the instruction is let through there. To switch its fast single step
 * off instead would leave Xen with half of it, which swallows the next tool's first single step
 * (hvm_toggle_singlestep()). False: it is none, or it cannot be.
 */
bool xmi_step_see_through(struct xmem_domain *d, struct event *ev);
/* Forgets the step of the event's vCPU. Is a fast single step on in it? It has to go off. */
bool xmi_step_forget(struct xmem_domain *d, struct event *ev);
/* Any vCPU left of which single step is on? */
bool xmi_step_any(struct xmem_domain *d);
/* Arms every page that is open for a moment, and lets all vCPUs go on. The first failure. */
int xmi_step_end_all(struct xmem_domain *d);

/* ---- on Arm, for step.c ---- */

/* Does the library do the instruction itself, where the hypervisor cannot? */
bool xmi_step_arm_can(const struct xmem_domain *d);
/* Is a store-exclusive at the pc, which its event makes fail? False where it cannot be seen. */
bool xmi_step_arm_exclusive(struct xmem_domain *d, struct event *ev);
/* As xmi_event_length_on_arm(); cpsr: of the event. */
int xmi_step_arm_length(struct xmem_domain *d, struct event *ev, uint64_t cpsr, uint32_t *bytes);
int xmi_step_by_arm(struct xmem_domain *d, struct event *ev);
/* Its event in the middle of an instruction is answered by something else. */
void xmi_step_arm_leave(struct xmem_domain *d, struct event *ev, struct answer *a);
/* Forgets what was kept; its mappings go. */
void xmi_step_arm_free(struct xmem_domain *d);

/* ---- between the step's own files ---- */

/* The rights in force in a view. */
int xmi_step_rights_of(struct xmem_domain *d, struct view *v, uint64_t gfn, uint8_t *rights);
/* The page gets the rights that an access would have turned its own ones into. A text. */
int xmi_step_turn(struct xmem_domain *d, struct view *v, uint64_t gfn, uint8_t rights);
/* A sum of the general registers, where the event has them. */
uint64_t xmi_step_sum_registers(struct xmem_domain *d, struct event *ev);
/* The fewest rights out of can that allow need beside what rights allow. */
uint8_t xmi_step_widen(uint32_t can, uint8_t rights, uint32_t need);
/* Is the page there, for all that is needed? */
bool xmi_step_pages_have(const struct step_pages *p, uint64_t gfn, uint32_t need);
/* False: no room. */
bool xmi_step_pages_add(struct step_pages *p, uint64_t gfn, uint32_t need);
void xmi_step_pages_remove(struct step_pages *p, uint64_t gfn, uint64_t nr);
void xmi_step_set_phase(struct xmem_domain *d, uint32_t vcpu, enum step_phase phase);
/* No more than that: pages and phase. */
void xmi_step_reset(struct xmem_domain *d, uint32_t vcpu);
/* Lets the domain run a moment, where it needs this thread for that. */
void xmi_step_let_run(struct xmem_domain *d);

/* Rights of open pages were changed by the caller: they are as he said, and open for nobody. */
void xmi_step_forget_open(struct xmem_domain *d, uint16_t view, uint64_t gfn, uint64_t nr);

/* The answer is kept back until the step can begin: xmi_step_resume(). */
int xmi_step_defer(struct xmem_domain *d, struct event *ev);

/* Each: -EOPNOTSUPP, or -ENOSPC, where another means is to be tried; nothing is open then. */
int xmi_step_by_hypervisor(struct xmem_domain *d, struct event *ev);
int xmi_step_by_emulation(struct xmem_domain *d, struct event *ev);
int xmi_step_by_view(struct xmem_domain *d, struct event *ev);
int xmi_step_by_single(struct xmem_domain *d, struct event *ev);
int xmi_step_by_relaxing(struct xmem_domain *d, struct event *ev);
/* The most frequent step, in short: the page that is open in a view already. False: it is not that. */
bool xmi_step_view_again(struct xmem_domain *d, struct event *ev);
/*
 * The vCPU's step has met the page that such a step met before, in the view where it runs; it is the
 * caller's event. False: it may be something else.
 */
bool xmi_step_view_further(struct xmem_domain *d, struct event *ev);
/* The step view goes: nobody points to it. */
void xmi_step_again_forget(struct xmem_domain *d, const struct step_view *sv);
/* A vCPU that ran in a step view has an event elsewhere: its step is over. */
void xmi_step_leave_view(struct xmem_domain *d, struct step *s);
/* 1 answered, 0 the caller's, negative failed: an event in a step view. */
int xmi_step_view_event(struct xmem_domain *d, struct event *ev, struct step_view *sv);
/* The vCPU is not in its step view any more. */
void xmi_step_view_release(struct step *s);
/* Closes what the vCPU's step opened in its own view, and lets the others run. */
int xmi_step_close(struct xmem_domain *d, uint32_t vcpu);
/* What closing left open, or held, or not followed, is tried once more. A text. */
int xmi_step_pay(struct xmem_domain *d);
/* The same for all vCPUs, whose steps are forgotten. The first failure. */
int xmi_step_close_all(struct xmem_domain *d);
/* XMEM_PASSES_* of a means. */
uint32_t xmi_step_passes(struct xmem_domain *d, uint32_t means);
/* The same of the event's own instruction, by this means. */
uint32_t xmi_step_passes_now(struct xmem_domain *d, const struct event *ev, uint32_t means);

/* ---- step-strict.c: nothing else may pass, or the event stays open ---- */

/* Does the caller want that of this event, or of all? */
static inline bool step_wants_strict(const struct xmem_domain *d, const struct event *ev)
{
    return ev->strict || (d->opts.step_means & XMEM_STEP_STRICT);
}
/* May the means not be used: it is too wide, or did not do it before? */
bool xmi_step_barred(struct xmem_domain *d, const struct step *s, uint32_t means);
/* -EOPNOTSUPP, and a text: by which of the means it could be done, and what would pass. */
int xmi_step_refuse(struct xmem_domain *d, const struct event *ev, uint32_t means);
/* What cannot be emulated is told once more as the access that it is, for another answer. 0. */
int xmi_step_tell_again(struct xmem_domain *d, struct event *ev);

/* ---- step-look.c: what is known of an x86 instruction before Xen's emulator gets it ---- */

/*
 * Does Xen's emulator always fail on what these bytes begin with? is_long: in long mode, where
 * 0x40 to 0x4f are prefixes. No: it may do it, or the bytes do not tell.
 */
bool xmi_step_look_never(const uint8_t *code, size_t n, bool is_long);
/* The same of the instruction of an event, where it can be read. */
bool xmi_step_not_for_xen(struct xmem_domain *d, struct event *ev);
/*
 * The emulator has refused the instruction of this event: the next time at this place the answer can say
 * at once by what it is done. Kept for some places.
 */
void xmi_step_note_refusal(struct xmem_domain *d, struct event *ev);
bool xmi_step_was_refused(struct xmem_domain *d, struct event *ev);

/* ---- step-copies.c: where views show copies (views/copies.c); only where there are any ---- */

/* An event was taken. What its vCPU wrote is carried over. */
int xmi_copies_follow_event(struct xmem_domain *d, struct event *ev);
/* One that is the caller's otherwise. True: it is a write that only a guard stopped, to be stepped over. */
bool xmi_copies_claim_write(struct xmem_domain *d, struct event *ev);
/* The event is stepped over. True: its instruction writes where copies are, and ends with an event. */
bool xmi_copies_note_writes(struct xmem_domain *d, const struct event *ev);
/* It was, with rc; and passes that on. */
int xmi_copies_end_step(struct xmem_domain *d, uint32_t vcpu, int rc);
/* Pages that a step opened in the vCPU's own view, for others as well, are closed again. */
int xmi_copies_follow_closed(struct xmem_domain *d, uint32_t vcpu);

/* ---- step-ahead.c: further pages, told before the emulation ---- */

/*
 * By Xen's emulator an x86 instruction reaches all its pages, whatever their rights. So the library
 * looks ahead: what the instruction touches is found by its bytes and its vCPU's registers, and a
 * page that is restricted and was not answered for is told first, as an event of its own. What other
 * vCPUs change of the code and of the guest's tables between the look and the emulation is not seen.
 */

#define AHEAD_INSNS 64u  /* kept decoded, by their bytes; 1 << (64 - AHEAD_SHIFT) */
#define AHEAD_RIGHTS 64u /* of gfns that the session did not set, likewise */
#define AHEAD_SHIFT 58u

struct ahead_insn {
    uint8_t bytes[X86_INSN_MAX + 1];
    struct x86_insn in; /* its length is 0: nothing is here */
};

struct ahead_rights {
    uint64_t gfn, at; /* asked then, by the page cache's time; 0: nothing is here */
    uint16_t view;
    uint8_t rights;
};

struct step_ahead {
    struct page_cache pages; /* tables and code */
    struct ahead_insn insn[AHEAD_INSNS];
    struct ahead_rights rights[AHEAD_RIGHTS];
    uint64_t turn[STEP_PAGES]; /* of the last look: rx2rw that its instruction writes */
    uint32_t turn_n;
    bool failed; /* the last look lacked memory to read the guest's */
};

/*
 * Before the event is answered with EMULATE. 0: nothing is to be told; the step's `sure` says whether
 * that is known. 1: a further page of the instruction is an event now, and ev counts as answered.
 * Negative: a hypercall failed, or memory is missing; a text.
 */
int xmi_step_look_ahead(struct xmem_domain *d, struct event *ev);
/* The look told nothing, and the event is about to be answered so: what writes turn is turned. A text. */
int xmi_step_ahead_turn(struct xmem_domain *d, struct event *ev);
/*
 * An access is to be denied by an answer with EMULATE. *past: 0, or, where that would reach more that
 * the rights forbid, the length of the instruction, which is to be gone past. -ENOMEM and so on; a text.
 */
int xmi_step_ahead_denied(struct xmem_domain *d, struct event *ev, uint32_t *past);
/* Rights of gfns were changed, or other frames may be there. */
void xmi_step_ahead_changed(struct xmem_domain *d, uint64_t gfn, uint64_t nr);
void xmi_step_ahead_free(struct xmem_domain *d);

/* ---- step-arm.c, step-arm-world.c: on Arm ---- */

/*
 * Stepping over an access on Arm: the library does the instruction of the vCPU that waits, on
 * mappings of the guest's pages, and answers with what it left in the registers. No page is opened.
 *
 *   step-arm.c        the means: matching the event, telling further pages, committing, falling back
 *   step-arm-world.c  the guest's memory as the vCPU reaches it, with the rights in force
 */

#define ARM_DECODED 256u /* instructions kept decoded, by their word */

struct arm_decoded {
    bool used;
    struct arm_insn in;
};

#define ARM_WALKED 16u /* pages whose translation is kept, of each kind */
enum arm_walked_kind { ARM_WALKED_DATA = 0, ARM_WALKED_CODE, ARM_WALKED_KINDS };

/* Looked up once a step; in the next one each of its entries is read again before it serves. */
struct arm_page {
    struct arm_walked walked;
    uint64_t step; /* of the page cache, in which it was sure */
};

/* A vCPU that waits, and how far its instructions were done for it. */
struct arm_vcpu {
    struct backend_vcpu read; /* as the hypervisor has it, */
    struct arm_regs now;      /* and as it is to go on */
    struct arm_monitor monitor;
    const struct event *going; /* the event that waits in the middle, or NULL */
    bool looping;              /* through an exclusive's loop */
    bool exclusive;            /* one was met */
    bool wrote;                /* memory was changed, which must not be done again */
    bool not_put;              /* all is done, and its registers could not be put back */
    bool fetched;              /* its first instruction, by the vCPU itself */
    uint32_t gone;             /* instructions done for the event that it met, */
    uint32_t since;            /* of them, since a load-exclusive, */
    uint32_t told;             /* and further events that were made of them */
    /* Left between a load- and a store-exclusive, by the instruction there: */
    uint64_t left_pc;
    uint32_t left_n; /* in a row, without a store, */
    uint32_t relax;  /* and of the next events how many are left to other means */
    /* Loads that met their page in a row from the same place at the same address. */
    uint64_t load_pc, load_gla;
    uint32_t load_n;
    uint32_t load_most; /* then the loop that they may be in is gone through */
    bool set_taken;     /* such registers were taken back before: of these modes */
    uint32_t modes;
};

struct step_arm {
    struct page_cache pages;
    struct arm_page walked[ARM_WALKED_KINDS][ARM_WALKED];
    struct arm_decoded decoded[ARM_DECODED];
    struct arm_vcpu vcpu[];
};

/* An access on the way, asked of the world. */
struct arm_reach {
    struct xmem_domain *d;
    struct event *ev;
    struct arm_vcpu *v;
    uint8_t kind; /* of the instruction under way; ARM_NOTHING as long as it is not known */
    struct {
        bool used;
        uint8_t rights;
        uint64_t gfn;
    } last[ARM_WALKED_KINDS]; /* rights that were looked up in this step */
    bool ask;                 /* it is forbidden and was not answered for: */
    uint64_t ask_gfn, ask_gla;
    uint32_t ask_access; /* XMEM_ACCESS_* that are missing */
    int rc;              /* a failure of the backend that has a text */
};

/* Callbacks of struct arm_world; ctx is a struct arm_reach. */
#define ARM_WORD 4u       /* bytes of an instruction, but for the short ones of T32 */
#define HALFWORD_BITS 16u /* a T32 instruction: its first halfword, then its second one or 0 */
enum arm_why xmi_arm_reach_fetch(void *ctx, const struct arm_regs *r, uint32_t *word);
enum arm_why xmi_arm_reach_place(void *ctx, const struct arm_regs *r, const struct arm_touch *touch,
                                 struct arm_place *out);
void xmi_arm_reach_past(void *ctx);
/* The gfn of an address of the vCPU's, with its rights of stage 1. */
enum arm_why xmi_arm_reach_gfn(struct arm_reach *w, const struct arm_regs *r, uint64_t va,
                               enum arm_walked_kind kind, bool user, struct arm_translation *out);

#endif
