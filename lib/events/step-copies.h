/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Steps and events where views show copies (views/copies.h); only where there are any. */
#ifndef XMEM_STEP_COPIES_H
#define XMEM_STEP_COPIES_H

#include "events/events-int.h"
#include "session/session.h"

/* An event was taken. What its vCPU wrote is carried over. */
int xmi_copies_taken(struct xmem_domain *d, struct event *ev);
/* One that is the caller's otherwise. True: it is a write that only a guard stopped, to be stepped over. */
bool xmi_copies_event(struct xmem_domain *d, struct event *ev);
/* The event is stepped over. True: its instruction writes where copies are, and ends with an event. */
bool xmi_copies_writes(struct xmem_domain *d, const struct event *ev);
/* It was, with rc; and passes that on. */
int xmi_copies_stepped(struct xmem_domain *d, uint32_t vcpu, int rc);
/* Pages that a step opened in the vCPU's own view, for others as well, are closed again. */
int xmi_copies_closed(struct xmem_domain *d, uint32_t vcpu);

#endif
