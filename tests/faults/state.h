/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state of a simulated domain, as far as a session can change it, as lines of text. */
#ifndef FAULTS_STATE_H
#define FAULTS_STATE_H

#include <stddef.h>

struct sim_domain;

#define STATE_MAX 49152u

/*
 * Rights, frames and suppress-#VE of all gfns in all views, defaults, which views there are, what is
 * monitored, the ring, pauses, and of each vCPU its view, single step, #VE page and what holds it.
 */
size_t state_take(struct sim_domain *g, char *out, size_t room);
/* NULL: they are the same; else the first lines that differ; static. */
const char *state_differs(const char *before, const char *after);

#endif
