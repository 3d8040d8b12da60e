/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "a64-int.h"

enum arm_why a64_decode(uint32_t word, struct arm_insn *out)
{
    (void)out;
    (void)word;
    return ARM_UNKNOWN;
}

enum arm_why a64_touches(const struct arm_insn *in, const struct arm_regs *r,
                         struct arm_touch *out)
{
    (void)in, (void)r, (void)out;
    return ARM_UNSURE;
}

enum arm_why a64_do(const struct arm_insn *in, const struct arm_touch *touch,
                    const struct arm_place *at, struct arm_regs *r, struct arm_monitor *m)
{
    (void)in, (void)touch, (void)at, (void)r, (void)m;
    return ARM_UNSURE;
}
