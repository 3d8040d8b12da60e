/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stepping over an access on Arm: the library does the instruction of the vCPU that waits, on
 * mappings of the guest's pages, and answers with what it left in the registers. No page is opened.
 *
 *   step-arm.c        the means: matching the event, telling further pages, committing, falling back
 *   step-arm-world.c  the guest's memory as the vCPU reaches it, with the rights in force
 */
#ifndef XMEM_STEP_ARM_H
#define XMEM_STEP_ARM_H

#include "arm/arm.h"
#include "events/events-int.h"
#include "events/step-state.h"
#include "session/session.h"
#include "events/page-cache.h"

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
