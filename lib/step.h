/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Letting one access through and arming the page again. */
#ifndef XMEM_STEP_H
#define XMEM_STEP_H

#include "domain.h"

/* Answers ev so that its access is done once. On failure the event stays open; a text. */
int step_over(struct xmem_domain *d, struct event *ev);
/*
 * An event that only stepping caused: answered here, the caller never sees it. 1: it was
 * one, 0: it is the caller's, negative: arming again failed (a text); it was one as well.
 */
int step_swallow(struct xmem_domain *d, struct event *ev);
/* Is the page open for a moment, for somebody's step? */
bool step_relaxed(const struct xmem_domain *d, const struct view *v, uint64_t gfn);
/* The step view gives its place to a caller's view. False: there is none, or it is in use. */
bool step_view_drop(struct xmem_domain *d);
/* The vCPU is answered with a fast single step in this view. */
void step_fast(struct xmem_domain *d, uint32_t vcpu, uint16_t view);
/* For the end of the session: is single step on in the event's vCPU? It is off from now on. */
bool step_forget(struct xmem_domain *d, const struct event *ev);
/* Single step with this answer, so that nothing comes in between: adds to its flags. A text. */
int step_alone(struct xmem_domain *d, uint32_t vcpu, uint32_t *flags);
/* Any vCPU left of which single step is on? */
bool step_any(struct xmem_domain *d);
/* Arms every page that is open for a moment, and lets all vCPUs go on. The first failure. */
int step_end_all(struct xmem_domain *d);

#endif
