/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "arm.h"

#include "arm-int.h"

#include <string.h>

enum arm_why xmi_arm_decode(enum arm_set set, uint32_t word, struct arm_insn *out)
{
    bool narrow = set == ARM_T32 && word >> 16 < ARM_T32_WIDE;
    memset(out, 0, sizeof(*out));
    out->set = (uint8_t)set;
    out->bytes = narrow ? 2 : 4;
    out->word = narrow ? word & 0xffff0000u : word;
    return set == ARM_A64 ? xmi_a64_decode(word, out) : xmi_a32_decode(set, out->word, out);
}

enum arm_why xmi_arm_touches(const struct arm_insn *in, const struct arm_regs *r,
                             struct arm_touch *out)
{
    memset(out, 0, sizeof(*out));
    return in->set == ARM_A64 ? xmi_a64_touches(in, r, out) : xmi_a32_touches(in, r, out);
}

enum arm_why xmi_arm_do(const struct arm_insn *in, const struct arm_touch *touch,
                        const struct arm_place *at, struct arm_regs *r, struct arm_monitor *m)
{
    return in->set == ARM_A64 ? xmi_a64_do(in, touch, at, r, m) : xmi_a32_do(in, touch, at, r, m);
}
