/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "arm.h"

#include "a32-int.h"
#include "a64-int.h"

#include <string.h>

#define MODE_EL0 0u
#define SCTLR_E0E (1u << 24)
#define SCTLR_EE (1u << 25)

enum arm_set arm_set_of(const struct arm_regs *r)
{
    if (!(r->cpsr & ARM_CPSR_32BIT))
        return ARM_A64;
    return r->cpsr & ARM_CPSR_T ? ARM_T32 : ARM_A32;
}

bool arm_big_endian(const struct arm_regs *r)
{
    if (r->cpsr & ARM_CPSR_32BIT)
        return r->cpsr & ARM_CPSR_E;
    return r->sctlr & ((r->cpsr & 0xcu) == MODE_EL0 ? SCTLR_E0E : SCTLR_EE);
}

enum arm_why arm_decode(enum arm_set set, uint32_t word, struct arm_insn *out)
{
    bool narrow = set == ARM_T32 && word >> 16 < ARM_T32_WIDE;
    memset(out, 0, sizeof(*out));
    out->set = (uint8_t)set;
    out->bytes = narrow ? 2 : 4;
    out->word = narrow ? word & 0xffff0000u : word;
    return set == ARM_A64 ? a64_decode(word, out) : a32_decode(set, out->word, out);
}

enum arm_why arm_touches(const struct arm_insn *in, const struct arm_regs *r,
                         struct arm_touch *out)
{
    memset(out, 0, sizeof(*out));
    return in->set == ARM_A64 ? a64_touches(in, r, out) : a32_touches(in, r, out);
}

enum arm_why arm_do(const struct arm_insn *in, const struct arm_touch *touch,
                    const struct arm_place *at, struct arm_regs *r, struct arm_monitor *m)
{
    return in->set == ARM_A64 ? a64_do(in, touch, at, r, m) : a32_do(in, touch, at, r, m);
}
