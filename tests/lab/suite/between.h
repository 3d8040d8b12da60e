/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A library between libxmem and Xen's libraries (LD_PRELOAD): calls of one function fail when they are
 * told to, and are then not made. libxmem finds its functions by dlsym(), which is ours here.
 */
#ifndef SUITE_BETWEEN_H
#define SUITE_BETWEEN_H

#include <stdint.h>

struct between {
    const char *function; /* as Xen's library has it, */
    const char *other;    /* and what does the same elsewhere; NULL: nothing */
    int error;            /* errno */
    /* Only calls count whose argument of that number, from 1 on, is `value`; 0: all do. */
    uint8_t arg, value;
    unsigned nth, times; /* fails from the nth call on, so many times */
};

/* From now on; NULL: no more. 0, or -1: there is no such function here. */
int between_arm(const struct between *b);
/* How many calls failed since then. */
unsigned between_failed(void);

#endif
