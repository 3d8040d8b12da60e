/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the decoders of A32 and T32 share. */
#include "arm-int.h"

enum arm_why xmi_a32_by_row(const struct a32_row *rows, size_t n, uint32_t word,
                            struct arm_insn *out)
{
    for (const struct a32_row *row = rows; row < rows + n; row++)
        if ((word & row->mask) == row->value)
            return row->decode ? row->decode(word, out) : ARM_UNKNOWN;
    return ARM_UNKNOWN;
}

void xmi_a32_shift_of(struct arm_insn *out, uint32_t type, uint32_t amount)
{
    struct a32_insn *a = &out->u.a32;
    a->shift = (uint8_t)type;
    a->amount = (uint8_t)amount;
    if (amount || type == A32_LSL)
        return;
    a->shift = type == A32_ROR ? A32_RRX : a->shift;
    a->amount = type == A32_ROR ? 1 : 32;
}

/* Those that may do nothing. SEV and SEVL may not: somebody waits for them. */
enum arm_why xmi_a32_hint(uint32_t number, struct arm_insn *out)
{
    bool debug = number >> 4 == 0xf, csdb = number == 0x14;
    if (number > 3 && !debug && !csdb)
        return ARM_UNKNOWN;
    a32_op(out, A32_HINT, ARM_NOTHING);
    return ARM_OK;
}
