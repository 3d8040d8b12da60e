/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A32: registers and flags only. */
#include "arm-int.h"

static void flag_pc(struct arm_insn *out, bool rd, bool rn, bool rm, bool rs)
{
    const struct a32_insn *a = &out->u.a32;
    a32_flag(out,
             (rd && a->rd == A32_PC) || (rn && a->rn == A32_PC) || (rm && a->rm == A32_PC) ||
                 (rs && a->rs == A32_PC),
             A32_UNSURE);
}

/* ---- data processing ---- */

/* What it leaves out should be zero, and flags without a result need no S. */
static enum arm_why processing(uint32_t word, struct arm_insn *out)
{
    struct a32_insn *a = &out->u.a32;
    bool flags = a32_bit(word, 20);
    a32_op(out, A32_ALU, ARM_NOTHING);
    a->alu = (uint8_t)a32_bits(word, 24, 21);
    a->rn = (uint8_t)a32_bits(word, 19, 16);
    a->rd = (uint8_t)a32_bits(word, 15, 12);
    a32_flag(out, flags, A32_FLAGS);
    bool test = a->alu >= A32_TST && a->alu <= A32_CMN;
    bool one = a->alu == A32_MOV || a->alu == A32_MVN;
    a32_flag(out, (test && a->rd) || (one && a->rn), A32_UNSURE);
    if (!test && flags && a->rd == A32_PC)
        return ARM_UNKNOWN; /* an exception's return */
    return ARM_OK;
}

static enum arm_why with_immediate(uint32_t word, struct arm_insn *out)
{
    uint32_t turn = 2 * a32_bits(word, 11, 8), value = a32_bits(word, 7, 0);
    out->u.a32.imm = value >> turn | value << (-turn & 31);
    a32_flag(out, true, A32_IMMEDIATE);
    a32_flag(out, turn, A32_CARRY);
    return processing(word, out);
}

static enum arm_why with_shift(uint32_t word, struct arm_insn *out)
{
    out->u.a32.rm = (uint8_t)a32_bits(word, 3, 0);
    xmi_a32_shift_of(out, a32_bits(word, 6, 5), a32_bits(word, 11, 7));
    return processing(word, out);
}

static enum arm_why with_register_shift(uint32_t word, struct arm_insn *out)
{
    struct a32_insn *a = &out->u.a32;
    enum arm_why why = processing(word, out);
    a->rm = (uint8_t)a32_bits(word, 3, 0);
    a->rs = (uint8_t)a32_bits(word, 11, 8);
    a->shift = (uint8_t)a32_bits(word, 6, 5);
    a32_flag(out, true, A32_BY_REGISTER);
    flag_pc(out, true, true, true, true);
    return why == ARM_UNKNOWN ? ARM_OK : why; /* never to pc: that is unsure already */
}

static enum arm_why wide_move(uint32_t word, struct arm_insn *out)
{
    struct a32_insn *a = &out->u.a32;
    a->rd = (uint8_t)a32_bits(word, 15, 12);
    a->imm = a32_bits(word, 19, 16) << 12 | a32_bits(word, 11, 0);
    a->alu = A32_MOV;
    a32_flag(out, true, A32_IMMEDIATE);
    a32_op(out, a32_bit(word, 22) ? A32_MOVT : A32_ALU, ARM_NOTHING);
    flag_pc(out, true, false, false, false);
    return ARM_OK;
}

static enum arm_why hint(uint32_t word, struct arm_insn *out)
{
    if (a32_bits(word, 22, 16) != 0x20)
        return ARM_UNKNOWN; /* MSR */
    a32_flag(out, a32_bits(word, 15, 8) != 0xf0, A32_UNSURE);
    return xmi_a32_hint(a32_bits(word, 7, 0), out);
}

/* ---- multiplies ---- */

static enum arm_why multiply(uint32_t word, struct arm_insn *out)
{
    struct a32_insn *a = &out->u.a32;
    bool accumulates = a32_bits(word, 22, 21), subtracts = a32_bit(word, 22);
    uint32_t rs = a32_bits(word, 15, 12);
    a32_op(out, A32_MUL, ARM_NOTHING);
    if (subtracts && (a32_bit(word, 20) || !a32_bit(word, 21)))
        return ARM_UNKNOWN;
    a->rd = (uint8_t)a32_bits(word, 19, 16);
    a->rm = (uint8_t)a32_bits(word, 11, 8);
    a->rn = (uint8_t)a32_bits(word, 3, 0);
    a->rs = (uint8_t)rs;
    a32_flag(out, accumulates, A32_ACCUMULATE);
    a32_flag(out, subtracts, A32_NEGATE);
    a32_flag(out, a32_bit(word, 20), A32_FLAGS);
    a32_flag(out, !accumulates && rs, A32_UNSURE);
    flag_pc(out, true, true, true, accumulates);
    return ARM_OK;
}

static enum arm_why multiply_long(uint32_t word, struct arm_insn *out)
{
    struct a32_insn *a = &out->u.a32;
    a32_op(out, A32_MUL_LONG, ARM_NOTHING);
    a->rs = (uint8_t)a32_bits(word, 19, 16);
    a->rd = (uint8_t)a32_bits(word, 15, 12);
    a->rm = (uint8_t)a32_bits(word, 11, 8);
    a->rn = (uint8_t)a32_bits(word, 3, 0);
    a32_flag(out, a32_bit(word, 22), A32_SIGNED);
    a32_flag(out, a32_bit(word, 21), A32_ACCUMULATE);
    a32_flag(out, a32_bit(word, 20), A32_FLAGS);
    a32_flag(out, a->rs == a->rd, A32_UNSURE);
    flag_pc(out, true, true, true, true);
    return ARM_OK;
}

/* ---- where data processing without flags would be ---- */

static enum arm_why to_register(uint32_t word, struct arm_insn *out)
{
    struct a32_insn *a = &out->u.a32;
    a32_op(out, A32_BRANCH_REG, ARM_NOTHING);
    a->rm = (uint8_t)a32_bits(word, 3, 0);
    a32_flag(out, a32_bit(word, 5), A32_LINK);
    a32_flag(out, a32_bits(word, 19, 8) != 0xfff, A32_UNSURE);
    flag_pc(out, false, false, a32_bit(word, 5), false);
    return ARM_OK;
}

static enum arm_why turn(uint32_t word, struct arm_insn *out, enum a32_turn how)
{
    struct a32_insn *a = &out->u.a32;
    a32_op(out, A32_TURN, ARM_NOTHING);
    a->alu = (uint8_t)how;
    a->rd = (uint8_t)a32_bits(word, 15, 12);
    a->rm = (uint8_t)a32_bits(word, 3, 0);
    a32_flag(out, a32_bits(word, 19, 16) != 15 || a32_bits(word, 11, 8) != 15, A32_UNSURE);
    flag_pc(out, true, false, true, false);
    return ARM_OK;
}

static enum arm_why count_zeros(uint32_t word, struct arm_insn *out)
{
    return turn(word, out, A32_CLZ);
}

static const struct a32_row data[] = {
    {0x0fc000f0, 0x00000090, multiply},
    {0x0fc000f0, 0x00400090, multiply}, /* MLS */
    {0x0f8000f0, 0x00800090, multiply_long},
    {0x0ff000f0, 0x01200010, to_register}, /* BX */
    {0x0ff000f0, 0x01200030, to_register}, /* BLX */
    {0x0ff000f0, 0x01600010, count_zeros},
    {0x0f900000, 0x01000000, NULL}, /* MRS, MSR, halfword multiplies, ... */
    {0x0fb00000, 0x03000000, wide_move},
    {0x0fb00000, 0x03200000, hint},
    {0x0e000010, 0x00000000, with_shift},
    {0x0e000090, 0x00000010, with_register_shift},
    {0x0e000000, 0x02000000, with_immediate},
};

enum arm_why xmi_a32_decode_data(uint32_t word, struct arm_insn *out)
{
    return A32_BY_ROW(data, word, out);
}

/* ---- media ---- */

static enum arm_why extend(uint32_t word, struct arm_insn *out)
{
    struct a32_insn *a = &out->u.a32;
    a32_op(out, A32_EXTEND, ARM_NOTHING);
    a->rn = (uint8_t)a32_bits(word, 19, 16);
    a->rd = (uint8_t)a32_bits(word, 15, 12);
    a->rm = (uint8_t)a32_bits(word, 3, 0);
    a->amount = (uint8_t)(8 * a32_bits(word, 11, 10));
    a->bytes = a32_bit(word, 20) ? 2 : 1;
    a32_flag(out, !a32_bit(word, 22), A32_SIGNED);
    a32_flag(out, a32_bits(word, 9, 8), A32_UNSURE);
    flag_pc(out, true, false, true, false);
    return ARM_OK;
}

static enum arm_why reverse(uint32_t word, struct arm_insn *out)
{
    bool low = a32_bit(word, 22), second = a32_bit(word, 7);
    if (low)
        return turn(word, out, second ? A32_REVSH : A32_RBIT);
    return turn(word, out, second ? A32_REV16 : A32_REV);
}

static enum arm_why divide(uint32_t word, struct arm_insn *out)
{
    struct a32_insn *a = &out->u.a32;
    a32_op(out, A32_DIVIDE, ARM_NOTHING);
    a->rd = (uint8_t)a32_bits(word, 19, 16);
    a->rm = (uint8_t)a32_bits(word, 11, 8);
    a->rn = (uint8_t)a32_bits(word, 3, 0);
    a32_flag(out, !a32_bit(word, 21), A32_SIGNED);
    a32_flag(out, a32_bits(word, 15, 12) != 15, A32_UNSURE);
    flag_pc(out, true, true, true, false);
    return ARM_OK;
}

static enum arm_why insert(uint32_t word, struct arm_insn *out)
{
    struct a32_insn *a = &out->u.a32;
    uint32_t high = a32_bits(word, 20, 16), low = a32_bits(word, 11, 7);
    a32_op(out, A32_FIELD, ARM_NOTHING);
    a->rd = (uint8_t)a32_bits(word, 15, 12);
    a->rn = (uint8_t)a32_bits(word, 3, 0);
    a->amount = (uint8_t)low;
    a->imm = high - low + 1;
    a32_flag(out, high < low, A32_UNSURE);
    flag_pc(out, true, false, false, false);
    return ARM_OK;
}

static enum arm_why extract(uint32_t word, struct arm_insn *out)
{
    struct a32_insn *a = &out->u.a32;
    a32_op(out, A32_EXTRACT, ARM_NOTHING);
    a->rd = (uint8_t)a32_bits(word, 15, 12);
    a->rn = (uint8_t)a32_bits(word, 3, 0);
    a->amount = (uint8_t)a32_bits(word, 11, 7);
    a->imm = a32_bits(word, 20, 16) + 1;
    a32_flag(out, !a32_bit(word, 22), A32_SIGNED);
    a32_flag(out, a->amount + a->imm > 32, A32_UNSURE);
    flag_pc(out, true, true, false, false);
    return ARM_OK;
}

static const struct a32_row media[] = {
    {0x0fb000f0, 0x06a00070, extend}, /* bytes */
    {0x0fb000f0, 0x06b00070, extend}, /* halfwords */
    {0x0fb00070, 0x06b00030, reverse}, {0x0fd000f0, 0x07100010, divide},
    {0x0fe00070, 0x07c00010, insert},  {0x0fa00070, 0x07a00050, extract},
};

enum arm_why xmi_a32_decode_media(uint32_t word, struct arm_insn *out)
{
    return A32_BY_ROW(media, word, out);
}
