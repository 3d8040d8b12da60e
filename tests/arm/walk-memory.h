/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A little memory with tables in it, for tests of the walk. */
#ifndef WALK_MEMORY_H
#define WALK_MEMORY_H

#include "unit/unit.h"

#include <arm/arm-int.h>

#define BASE UINT64_C(0x40000000) /* of what is there, */
#define PAGES 256u                /* which is 1 MiB */
#define BIT(n) (UINT64_C(1) << (n))

static _Alignas(4096) uint8_t memory[PAGES * 4096u];
static unsigned pages_asked, pages_most = 4;
static struct arm_regs r;

static const uint8_t *page_of(void *ctx, uint64_t gfn)
{
    uint64_t first = BASE >> 12;
    if (ctx != memory || ++pages_asked > pages_most) /* each ck_assert costs a system call */
        ck_abort_msg("%u pages asked for", pages_asked);
    return gfn - first < PAGES ? memory + (gfn - first) * 4096u : NULL;
}

static const struct arm_walk the_walk = {.ctx = memory, .page = page_of};

static inline void put64(uint64_t ipa, uint64_t v)
{
    if (ipa - BASE > sizeof(memory) - 8)
        ck_abort();
    memcpy(memory + (ipa - BASE), &v, sizeof(v));
}

static inline void put32(uint64_t ipa, uint32_t v)
{
    ck_assert(ipa - BASE <= sizeof(memory) - 4);
    memcpy(memory + (ipa - BASE), &v, sizeof(v));
}

static inline enum arm_why translate(uint64_t va, bool user, struct arm_translation *t)
{
    memset(t, 0xee, sizeof(*t));
    pages_asked = 0;
    return xmi_arm_translate(&the_walk, &r, va, user, t);
}

static inline enum arm_why why(uint64_t va, bool user)
{
    struct arm_translation t;
    return translate(va, user, &t);
}

/* The same numbers each time. */
static inline uint64_t random64(void)
{
    static uint64_t state = 88172645463325252u;
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

#endif
