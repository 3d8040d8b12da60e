/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A struct xm_pv by itself: who owns which frame, and what was dropped. */
#ifndef PV_TEST_H
#define PV_TEST_H

#include "fake-env.h"

#define END 100000u

extern bool foreign[END]; /* frames that are not the domain's */
extern unsigned drops, blows;
extern uint64_t dropped; /* the last one */
extern struct xm_pv pv;

void start(enum xm_pv_default semantics);
/* Turns it off: all memory comes back. */
void end(void);
/* To the end of the hypercall. *flush: of all its parts. */
int set(uint64_t first, uint32_t nr, enum xm_access a, bool *flush);
enum xm_access get(uint64_t mfn);

#endif
