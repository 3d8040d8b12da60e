/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is done in general registers alone. */
#include "a64-int.h"

#define BTYPE_SHIFT 10

/* BTYPE 1: jumped to by x16 or x17, or from where it does not matter; 2: called; 3: jumped to. */
enum arm_why a64_do_bti(struct a64_run *run)
{
    static const uint8_t lets[4] = {0, 1u << 1 | 1u << 2, 1u << 1 | 1u << 3, 7u << 1};
    unsigned btype = run->r->cpsr >> BTYPE_SHIFT & 3;
    return !btype || lets[run->a->sub] & 1u << btype ? ARM_OK : ARM_UNSURE;
}

enum arm_why a64_do_fence(struct a64_run *run)
{
    (void)run;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return ARM_OK;
}
