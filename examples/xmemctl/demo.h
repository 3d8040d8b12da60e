/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* demo.c: parts of `xmemctl demo`. */
#ifndef DEMO_H
#define DEMO_H

#include "ctl.h"

#define DEMO_GUESTS 2u

/* A guest: a domain that replays the trace of a program. */
struct demo_guest {
    const char *name;  /* of the domain; the trace is NAME.trace */
    char *const *argv; /* NULL-terminated */
    int expect;        /* violations: 1 some, 0 none, -1 whatever comes */
};

/* Writes a page and executes it: the program that is traced. 0 or a negative errno. */
int demo_jit(void);

/* ---- a private folder for the files of the demonstration ---- */

struct demo_dir {
    char path[4096 - 64];
};
int demo_dir_make(struct demo_dir *dir);
/* Creates a file in it, and opens it for writing; a negative errno. */
int demo_dir_create(const struct demo_dir *dir, const char *name);
int demo_dir_write(const struct demo_dir *dir, const char *name, const char *text);
/* With all that is in it. */
void demo_dir_remove(const struct demo_dir *dir);

/* ---- traces ---- */

bool demo_have_valgrind(void);
/*
 * Runs the program under valgrind's lackey, which writes its accesses to fd. -ETIMEDOUT,
 * -EINTR a signal asked to stop, -ECHILD valgrind or the program could not run, or, if it must
 * end well, did not do so.
 */
int demo_trace(char *const *argv, int fd, uint64_t timeout_ms, bool must_end_well);

/* ---- what the machine and the policy look like ---- */

/* pages: of each domain. 0 or a negative errno. */
int demo_write_machine(const struct demo_dir *dir, const struct demo_guest *guests, size_t n,
                       uint64_t pages);
/* W^X over the gfns first to last; the text is freed by the caller, or NULL. */
char *demo_policy(uint64_t first, uint64_t last);

#endif
