/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events and steps, for the others. */
#ifndef XMEM_EVENTS_H
#define XMEM_EVENTS_H

#include "ledger/ledger.h"

/* A session as it begins, all zero but for what is above others. NULL: no memory. */
struct xmem_domain *events_session(void);
/* Its vCPUs are known. -ENOMEM. */
int events_init(struct xmem_domain *d);
void events_free(struct xmem_domain *d);
/* Does the event wait for its answer? 0, or what answering it would say. */
int event_check(struct xmem_domain *d, const struct xmem_event *ev);
/* The session's default; strict: where that steps over the access, as XMEM_REPLY_STEP_STRICT has it. */
int event_drop(struct xmem_domain *d, const struct xmem_event *ev, bool strict);
/* Publishes answers and notifies if there are any. */
int events_send(struct xmem_domain *d);
/*
 * The session writes into the guest: a breakpoint there is the caller's. Room for the note before the
 * write, -ENOMEM; and the note, once it was written.
 */
int event_prepare_write(struct xmem_domain *d, const uint8_t *bytes, size_t n);
void event_note_write(struct xmem_domain *d, uint64_t gpa, const uint8_t *bytes, size_t n);

/* ---- at-end.c: the end of monitoring ---- */

/* All are answered until the ring is empty. True: there were some. */
bool events_drain(struct xmem_domain *d);
/* A moment of running: answers reach the vCPUs, the last events come. True: some came. */
bool events_let_run(struct xmem_domain *d);
/* Before each try to end the ring: Xen reads no answer once it is gone, and who waits then does so for good. */
int events_last_answers(struct xmem_domain *d);
/* Has every vCPU that neither sleeps nor is parked been on a processor since it was noted? */
bool events_all_ran(struct xmem_domain *d, bool note);
/* Steps are seen through from now on, or not any more. */
void events_finishing(struct xmem_domain *d, bool on);
/* Are any left? And can events come of them? */
bool events_in_steps(struct xmem_domain *d);
bool events_readable(const struct xmem_domain *d);
/* vCPUs with an event are parked from now on, or not any more. True: some may have queued for a slot. */
bool events_parking(struct xmem_domain *d, bool on);
/* All are answered and all steps ended. The first failure. */
int events_end(struct xmem_domain *d);
/* The ring as it is now. A text. */
int events_ring(struct xmem_domain *d, const struct backend_ring *b);
/* It is no more, or a new one. */
void events_ring_gone(struct xmem_domain *d);
/* Nothing of a domain that died is left to be undone. */
void events_forget(struct xmem_domain *d);

/* Forgets all that was held: a new ring begins. */
void events_reset(struct xmem_domain *d);

/* ---- steps ---- */

/* The domain goes on: steps that waited for it begin. The first failure. */
int step_resume_all(struct xmem_domain *d);
/* XMEM_STEP_* beside which nothing passes. */
uint32_t step_airtight(struct xmem_domain *d);
/* Where a vCPU in a step view belongs; other views are as they are. */
uint16_t step_home(const struct xmem_domain *d, uint32_t vcpu, uint16_t view);
/* A step view gives its place to a caller's view. False: there is none, or all are in use. */
bool step_view_drop(struct xmem_domain *d);
/* A view goes: no step may lead back to it. -EBUSY one does; a text. */
int step_view_going(struct xmem_domain *d, uint16_t id);
/* Before all vCPUs are switched: steps by view end first. -EBUSY one does not; a text. */
int step_before_switch(struct xmem_domain *d);
/* All vCPUs belong in this view now. */
void step_switched(struct xmem_domain *d, uint16_t view);
/* What the library keeps for doing and knowing instructions itself, mapped pages of the guest too. */
void step_kept_free(struct xmem_domain *d);

/* ---- what this room gives the ledger ---- */

extern const struct ledger_kind events_steps, events_monitors;

#endif
