/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is done in general registers alone. */
#include "a64-int.h"

enum arm_why a64_decode_immediate(uint32_t word, struct arm_insn *out)
{
    (void)word, (void)out;
    return ARM_UNKNOWN;
}

enum arm_why a64_decode_register(uint32_t word, struct arm_insn *out)
{
    (void)word, (void)out;
    return ARM_UNKNOWN;
}

enum arm_why a64_decode_branch(uint32_t word, struct arm_insn *out)
{
    (void)word, (void)out;
    return ARM_UNKNOWN;
}
