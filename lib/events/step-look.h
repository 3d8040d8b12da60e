/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is known of an x86 instruction before Xen's emulator gets it. */
#ifndef XMEM_STEP_LOOK_H
#define XMEM_STEP_LOOK_H

#include "events/events-int.h"
#include "events/step-state.h"
#include "session/session.h"
#include "x86/x86.h"

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
void xmi_step_refused(struct xmem_domain *d, struct event *ev);
bool xmi_step_was_refused(struct xmem_domain *d, struct event *ev);

#endif
