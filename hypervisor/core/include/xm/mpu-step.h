/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An instruction that was told and answered with STEP: it is let run once, on its own core, with what
 * was answered for and nothing else. Decisions only: what is open for whom, and until when. The
 * surroundings have the debug registers that let one instruction run and no second.
 *
 *     armed   an answer is there; the guest does not run
 *     open    the core's regions hold the pages, the guest runs its one instruction
 *     closed  at every exit from it, whatever it was for: before anything else is looked at
 *
 * An answer belongs to vCPU, instruction, page and access. It ends with its instruction, and with any
 * fault, hypercall or entry of the guest's elsewhere. What ends it early is told again.
 *
 * Of one vCPU; its own core changes it while the vCPU is there, the answer's while it is stopped.
 */
#ifndef XM_MPU_STEP_H
#define XM_MPU_STEP_H

#include <xm/mpu-plan.h>

/* Its own bytes and its data: as many regions as XM_MPU_FLOOR promises. */
#define XM_MPU_STEP_PAGES XM_MPU_FLOOR

struct xm_mpu_step_page {
    uint64_t gfn;
    uint8_t told; /* XM_DO_* that an answer lets through */
    uint8_t free; /* XM_DO_* that the rights allow, and that it needs as well */
};

struct xm_mpu_step {
    uint8_t n; /* pages, by gfn; 0: no answer */
    bool open;
    bool tried; /* was open with just these */
    uint64_t pc;
    struct xm_mpu_step_page page[XM_MPU_STEP_PAGES];
    /* What is being told. */
    uint64_t asked_pc, asked_gfn;
    uint8_t asked;
};

/* ---- the life of an answer ---- */

/* What is done at pc may be told now: an answer is about this. */
void xm_mpu_step_asked(struct xm_mpu_step *s, uint64_t pc, uint64_t gfn, unsigned what);
/* STEP was answered to it. gfn: as the answer says; another than the told one lets nothing through. */
void xm_mpu_step_answer(struct xm_mpu_step *s, uint64_t gfn);
/* A fault of the guest's at pc: an answer for another instruction, or one that did not help, ends. */
void xm_mpu_step_fault(struct xm_mpu_step *s, uint64_t pc, uint64_t gfn, unsigned what);
/* The rights allow it; its region has to be there beside what is open. */
void xm_mpu_step_needs(struct xm_mpu_step *s, uint64_t gfn, unsigned what);
/* A hypercall of the guest's, or whatever else shows that it is elsewhere. */
void xm_mpu_step_forget(struct xm_mpu_step *s);

/* ---- on the core, under the lock of the view ---- */

/*
 * Puts the pages into the core's regions: what was answered for and what the rights allow, exactly as far
 * as a region can say so. The core has the view. -XM_ENOENT: there is nothing to open.
 */
int xm_mpu_step_open(struct xm_mpu_step *s, struct xm_mpu *m, const struct xm_mpu_view *v);
/*
 * Everything as the view says. done: the instruction is over, and its answers with it; else it may
 * be opened again.
 */
void xm_mpu_step_close(struct xm_mpu_step *s, struct xm_mpu *m, const struct xm_mpu_view *v,
                       bool done);
/*
 * A region for writing or fetching can be read, too. What page i of an open step can be read for
 * without an answer and without a right: true: the surroundings watch it (a watchpoint for loads), and
 * what it meets is a fault like any other.
 */
bool xm_mpu_step_watch(const struct xm_mpu_step *s, const struct xm_mpu_view *v, unsigned i);

/* ---- what cannot be let run ---- */

enum xm_mpu_insn {
    XM_MPU_INSN_PLAIN,
    /* Load- or store-exclusive, or between them: the return from any exception takes the monitor away,
     * so that the store fails, for ever. */
    XM_MPU_INSN_EXCLUSIVE,
    /* May lead back to itself: a mismatch breakpoint does not see that. */
    XM_MPU_INSN_BACK,
    XM_MPU_INSN_DEBUG, /* reads or writes debug registers, which are not the guest's meanwhile */
    XM_MPU_INSN_WAIT   /* for an interrupt or event: which is held back for as long as it waits */
};

enum xm_mpu_set { XM_MPU_A64, XM_MPU_A32, XM_MPU_T32 };

#define XM_MPU_STEP_BEFORE 16u /* instructions before it, that are looked at; halfwords in T32 */

/*
 * word: the instruction is the last of n, those before it come before it; more than
 * XM_MPU_STEP_BEFORE of them are not looked at. T32: one for each halfword, which is in the upper
 * half, with its successor.
 */
enum xm_mpu_insn xm_mpu_step_insn(enum xm_mpu_set set, const uint32_t *word, unsigned n);

#endif
