/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Random regions and accesses, drawn alike by the board, which does them, and by the host, which
 * asks the model. Addresses are offsets into an area of which every word is a return instruction.
 */
#ifndef DIFFER_H
#define DIFFER_H

#include <stdint.h>

#define DIFFER_ROUNDS 500u
#define DIFFER_ACCESSES 32u /* a round; a bit each in the answer: done */
#define DIFFER_FIRST 8u     /* the regions that are drawn: 8 to 15 */
#define DIFFER_REGIONS 8u
#define DIFFER_GRANULES 128u

struct differ_region {
    uint32_t base, last; /* offsets */
    unsigned ap, xn, on;
};

struct differ_access {
    uint32_t offset;
    unsigned el, what; /* 1 or 2; 1, 2, 4: r, w, x */
};

static inline uint32_t differ_draw(uint32_t *s, uint32_t below)
{
    *s ^= *s << 13;
    *s ^= *s >> 17;
    *s ^= *s << 5;
    return (*s >> 3) % below;
}

static inline struct differ_region differ_region(uint32_t *s)
{
    struct differ_region r;
    uint32_t granules;

    r.base = differ_draw(s, DIFFER_GRANULES) * 64u;
    granules = 1u + differ_draw(s, 40);
    r.last = r.base + granules * 64u - 1u;
    r.ap = differ_draw(s, 4);
    r.xn = differ_draw(s, 2);
    r.on = differ_draw(s, 4) != 0;
    /* Now and then inside out: matches nothing. */
    if (differ_draw(s, 16) == 0 && r.base >= 128u)
        r.last = r.base - 65u;
    return r;
}

static inline struct differ_access differ_access(uint32_t *s)
{
    struct differ_access a;

    a.offset = differ_draw(s, (DIFFER_GRANULES + 40u) * 16u) * 4u;
    a.el = 1u + differ_draw(s, 2);
    a.what = 1u << differ_draw(s, 3);
    return a;
}

#endif
