/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Statements that only a real hypervisor can answer. */
#ifndef SUITE_REAL_H
#define SUITE_REAL_H

#include <conf.h>
#include <sys/types.h>

extern const struct statement statements_listeners[], statements_signals[], statements_emulation[],
    statements_carried[], statements_kill[];

/* Prints TAP of those whose text contains `only` (NULL: all). */
void statements_run(const char *machine, const struct statement *s, const char *only);
/* The plan, after all of them; 1: something failed. */
int statements_end(void);

/* What a listener in a process of its own does; it never returns. */
typedef void (*listener_fn)(struct conf *c);
/* Starts one and waits until it listens. 0 or a negative errno; *pid is killed by the caller. */
int listener_start(struct conf *c, listener_fn fn, pid_t *pid);
int listener_kill(pid_t pid);

#endif
