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

#include "events/events-int.h"
#include "events/step-state.h"
#include "session/session.h"

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
int xmi_step_alone(struct xmem_domain *d, uint32_t vcpu);
/* The vCPU is answered with a fast single step in this view, which leads to end. */
void xmi_step_fast(struct xmem_domain *d, uint32_t vcpu, uint16_t view, uint16_t end);
/* The vCPU is answered with an emulation: what cannot be emulated is stepped over otherwise. */
void xmi_step_emulated(struct xmem_domain *d, struct event *ev);

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

/* ---- on Arm: step-arm.h ---- */

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
uint64_t xmi_step_registers(struct xmem_domain *d, struct event *ev);
/* The fewest rights out of can that allow need beside what rights allow. */
uint8_t xmi_step_widen(uint32_t can, uint8_t rights, uint32_t need);
/* Is the page there, for all that is needed? */
bool xmi_step_pages_have(const struct step_pages *p, uint64_t gfn, uint32_t need);
/* False: no room. */
bool xmi_step_pages_add(struct step_pages *p, uint64_t gfn, uint32_t need);
void xmi_step_pages_remove(struct step_pages *p, uint64_t gfn, uint64_t nr);
void xmi_step_phase(struct xmem_domain *d, uint32_t vcpu, enum step_phase phase);
/* No more than that: pages and phase. */
void xmi_step_reset(struct xmem_domain *d, uint32_t vcpu);
/* Lets the domain run a moment, where it needs this thread for that. */
void xmi_step_let_run(struct xmem_domain *d);

/* Rights of open pages were changed by the caller: they are as he said, and open for nobody. */
void xmi_step_open_changed(struct xmem_domain *d, uint16_t view, uint64_t gfn, uint64_t nr);

/* The answer is kept back until the step can begin: xmi_step_resume(). */
int xmi_step_later(struct xmem_domain *d, struct event *ev);

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
void xmi_step_view_left(struct xmem_domain *d, struct step *s);
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

#endif
