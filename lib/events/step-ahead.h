/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * By Xen's emulator an x86 instruction reaches all its pages, whatever their rights. So the library
 * looks ahead: what the instruction touches is found by its bytes and its vCPU's registers, and a
 * page that is restricted and was not answered for is told first, as an event of its own. What other
 * vCPUs change of the code and of the guest's tables between the look and the emulation is not seen.
 */
#ifndef XMEM_STEP_AHEAD_H
#define XMEM_STEP_AHEAD_H

#include "events/events-int.h"
#include "events/page-cache.h"
#include "x86/x86.h"

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

#endif
