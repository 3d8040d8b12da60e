/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events and steps, for the others. */
#ifndef XMEM_EVENTS_H
#define XMEM_EVENTS_H

#include "ledger/ledger.h"

/* A session as it begins, all zero but for what is above others. NULL: no memory. */
struct xmem_domain *xmi_events_session(void);
/* Its vCPUs are known. -ENOMEM. */
int xmi_events_init(struct xmem_domain *d);
void xmi_events_free(struct xmem_domain *d);
/* Does the event wait for its answer? 0, or what answering it would say. */
int xmi_event_check(struct xmem_domain *d, const struct xmem_event *ev);
/* The session's default; strict: where that steps over the access, as XMEM_REPLY_STEP_STRICT has it. */
int xmi_event_drop(struct xmem_domain *d, const struct xmem_event *ev, bool strict);
/*
 * Its access is to be denied by emulation on x86. *past: 0, or how many bytes of code are to be gone past
 * instead, since more of the instruction would be done that the rights forbid. A text.
 */
int xmi_event_denied(struct xmem_domain *d, const struct xmem_event *ev, uint32_t *past);
/* The guest gets an undefined-instruction exception for its fetch (x86). -EBUSY; a text. */
int xmi_event_deny_fetch(struct xmem_domain *d, const struct xmem_event *ev);
/*
 * How far it is to the next instruction on Arm. -EOPNOTSUPP: that cannot be known, or a new pc is not
 * all that going there takes (an IT block); no text.
 */
int xmi_event_length_on_arm(struct xmem_domain *d, const struct xmem_event *ev, uint32_t *bytes);
/* Publishes answers and notifies if there are any. */
int xmi_events_send(struct xmem_domain *d);
/*
 * The session writes into the guest: a breakpoint there is the caller's. Room for the note before the
 * write, -ENOMEM; and the note, once it was written.
 */
int xmi_event_prepare_write(struct xmem_domain *d, const uint8_t *bytes, size_t n);
void xmi_event_note_write(struct xmem_domain *d, uint64_t gpa, const uint8_t *bytes, size_t n);

/* ---- at-end.c: the end of monitoring ---- */

/* All are answered until the ring is empty. True: there were some. */
bool xmi_events_drain(struct xmem_domain *d);
/* A moment of running: answers reach the vCPUs, the last events come. True: some came. */
bool xmi_events_let_run(struct xmem_domain *d);
/* Before each try to end the ring: Xen reads no answer once it is gone, and who waits then does so for good. */
int xmi_events_last_answers(struct xmem_domain *d);
/* Has every vCPU that neither sleeps nor is parked been on a processor since it was noted? */
bool xmi_events_all_ran(struct xmem_domain *d, bool note);
/* Steps are seen through from now on, or not any more. */
void xmi_events_finishing(struct xmem_domain *d, bool on);
/* Are any left? And can events come of them? */
bool xmi_events_in_steps(struct xmem_domain *d);
bool xmi_events_readable(const struct xmem_domain *d);
/* vCPUs with an event are parked from now on, or not any more. True: some may have queued for a slot. */
bool xmi_events_parking(struct xmem_domain *d, bool on);
/* All are answered and all steps ended. The first failure. */
int xmi_events_end(struct xmem_domain *d);
/* The ring as it is now. A text. */
int xmi_events_ring(struct xmem_domain *d, const struct backend_ring *b);
/* It is no more, or a new one. */
void xmi_events_ring_gone(struct xmem_domain *d);
/* Nothing of a domain that died is left to be undone. */
void xmi_events_forget(struct xmem_domain *d);

/* Forgets all that was held: a new ring begins. */
void xmi_events_reset(struct xmem_domain *d);

/* ---- steps ---- */

/* The domain goes on: steps that waited for it begin. The first failure. */
int xmi_step_resume_all(struct xmem_domain *d);
/* XMEM_STEP_* beside which nothing passes. */
uint32_t xmi_step_airtight(struct xmem_domain *d);
/* Where a vCPU in a step view belongs; other views are as they are. */
uint16_t xmi_step_home(const struct xmem_domain *d, uint32_t vcpu, uint16_t view);
/* A step view gives its place to a caller's view. False: there is none, or all are in use. */
bool xmi_step_view_drop(struct xmem_domain *d);
/* A view goes: no step may lead back to it. -EBUSY one does; a text. */
int xmi_step_drop_views_of(struct xmem_domain *d, uint16_t id);
/* Before all vCPUs are switched: steps by view end first. -EBUSY one does not; a text. */
int xmi_step_prepare_switch(struct xmem_domain *d);
/* All vCPUs belong in this view now. */
void xmi_step_note_switch(struct xmem_domain *d, uint16_t view);
/* What the library keeps for doing and knowing instructions itself, mapped pages of the guest too. */
void xmi_step_kept_free(struct xmem_domain *d);

/* ---- what this room gives the ledger ---- */

extern const struct ledger_kind xmi_events_steps, xmi_events_monitors;

#endif
