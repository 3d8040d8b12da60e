/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who finishes the instruction of an event, by its reason and its answer. */
#ifndef XMEM_FINISH_H
#define XMEM_FINISH_H

#include "events/events-int.h"
#include "session/session.h"

#define REPLY_ACTIONS (XMEM_REPLY_REINJECT + 1)

enum finish {
    FINISH_REFUSED = 0, /* no such answer to this event */
    FINISH_DONE,        /* the hypervisor: before the event, or when it is answered */
    FINISH_DROPPED,     /* nobody: it is not done */
    FINISH_AGAIN,       /* the vCPU tries again; the rights in force decide */
    FINISH_SKIPPED,     /* its results are there: the library moves the pc behind it */
    FINISH_EMULATED,    /* the hypervisor's emulator */
    FINISH_STEPPED,     /* the vCPU, by a step of the library */
    FINISH_INJECTED,    /* an exception: the guest's own handler */
};

/* What the table says of an event that waits, on this kind of machine. */
enum finish xmi_finish_who(const struct xmem_domain *d, const struct event *ev, uint32_t action);
/*
 * Adds to the answer of a reply what finishes the instruction. data has RING_DATA_MAX bytes; with
 * SET_REGS the registers are there. A failure has a text, and nothing happened.
 */
int xmi_finish_answer(struct xmem_domain *d, struct event *ev, const struct xmem_reply *r,
                      struct answer *a, uint8_t *data);
/* The answer of a reply lets its vCPU get on: it is not stuck. */
void xmi_finish_progress(struct xmem_domain *d, const struct event *ev, const struct xmem_reply *r);
void xmi_finish_send(struct xmem_domain *d, struct event *ev, const struct answer *a);
/* Resumes, and finishes what Xen left to the listener. A failure has a text. */
int xmi_finish_go_on(struct xmem_domain *d, struct event *ev);
/* Before the event is answered at the session's end, where nobody is told of it any more. */
void xmi_finish_at_end(struct xmem_domain *d, struct event *ev);
/* An event that finishing another one caused is answered. 1: it was one, 0: it was none. */
int xmi_finish_swallow(struct xmem_domain *d, struct event *ev);

/* reinject.c: the guest's own breakpoint goes to the guest; where that cannot be, it is skipped. */
int xmi_event_reinject(struct xmem_domain *d, struct event *ev);
/* Into the vCPU that waits; the answer makes it go on in its handler. A text. */
int xmi_event_inject(struct xmem_domain *d, const struct event *ev);
/* An instruction that cannot be emulated: the guest gets an invalid-opcode exception. A text. */
int xmi_event_inject_undefined(struct xmem_domain *d, const struct event *ev);
/* Is it the guest's own, not one that the session put there? In the view where it goes on. */
bool xmi_event_is_guests(const struct xmem_domain *d, const struct event *ev, uint16_t view);
/* Is the breakpoint instruction still in the host view's memory? True where nobody can tell. */
bool xmi_event_still_there(struct xmem_domain *d, struct event *ev);

#endif
