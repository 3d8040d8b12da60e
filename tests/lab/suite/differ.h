/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One operation on one side, told in a line. */
#ifndef SUITE_DIFFER_H
#define SUITE_DIFFER_H

#include <conf.h>

#define DIFFER_GFNS 128u
#define DIFFER_VCPUS 3u
#define DIFFER_VIEWS 4u
#define DIFFER_DATA 0x80u /* in a page; calls go to another place in it */
#define DIFFER_CODE 0x40u

struct side {
    struct conf c;
    uint16_t views[DIFFER_VIEWS]; /* made so far; 0: none */
    char line[4096];
};

/* Pseudo-random numbers: the same for both sides. */
uint32_t below(uint64_t *state, uint32_t n);
void say(struct side *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

void operate(struct side *s, uint64_t *state);
/* Rights of every gfn in every view. */
void look_at_all(struct side *s);

#endif
