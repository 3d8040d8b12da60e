/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* T32 in 32 bits: registers and flags only. */
#include "arm-int.h"

#define NO_ALU 0xff

static void flag_pc(struct arm_insn *out, bool rd, bool rn, bool rm, bool rs)
{
    const struct a32_insn *a = &out->u.a32;
    a32_flag(out,
             (rd && a->rd == A32_PC) || (rn && a->rn == A32_PC) || (rm && a->rm == A32_PC) ||
                 (rs && a->rs == A32_PC),
             A32_UNSURE);
}

/* ---- data processing ---- */

static uint8_t test_of(uint8_t alu)
{
    switch (alu) {
    case A32_AND: return A32_TST;
    case A32_EOR: return A32_TEQ;
    case A32_ADD: return A32_CMN;
    case A32_SUB: return A32_CMP;
    default: return alu;
    }
}

/* Without a result it is a test, without a first operand a move. */
static enum arm_why processing(uint32_t word, struct arm_insn *out)
{
    static const uint8_t ops[16] = {A32_AND, A32_BIC, A32_ORR, A32_ORN, A32_EOR, NO_ALU,
                                    NO_ALU,  NO_ALU,  A32_ADD, NO_ALU,  A32_ADC, A32_SBC,
                                    NO_ALU,  A32_SUB, A32_RSB, NO_ALU};
    struct a32_insn *a = &out->u.a32;
    bool flags = a32_bit(word, 20), moves;
    a32_op(out, A32_ALU, ARM_NOTHING);
    a->alu = ops[a32_bits(word, 24, 21)];
    if (a->alu == NO_ALU)
        return ARM_UNKNOWN;
    a->rn = (uint8_t)a32_bits(word, 19, 16);
    a->rd = (uint8_t)a32_bits(word, 11, 8);
    a32_flag(out, flags, A32_FLAGS);
    moves = a->rn == A32_PC && (a->alu == A32_ORR || a->alu == A32_ORN);
    if (moves)
        a->alu = a->alu == A32_ORR ? A32_MOV : A32_MVN;
    if (flags && a->rd == A32_PC)
        a->alu = test_of(a->alu);
    bool test = a->alu >= A32_TST && a->alu <= A32_CMN;
    flag_pc(out, !test, !moves, false, false);
    return ARM_OK;
}

static enum arm_why with_shift(uint32_t word, struct arm_insn *out)
{
    struct a32_insn *a = &out->u.a32;
    a->rm = (uint8_t)a32_bits(word, 3, 0);
    xmi_a32_shift_of(out, a32_bits(word, 5, 4), a32_bits(word, 14, 12) << 2 | a32_bits(word, 7, 6));
    a32_flag(out, a->rm == A32_PC || a32_bit(word, 15), A32_UNSURE);
    return processing(word, out);
}

static uint32_t imm12(uint32_t word)
{
    return (uint32_t)a32_bit(word, 26) << 11 | a32_bits(word, 14, 12) << 8 | a32_bits(word, 7, 0);
}

static enum arm_why with_immediate(uint32_t word, struct arm_insn *out)
{
    uint32_t imm = imm12(word), byte = imm & 0xff, turn = imm >> 7, value;
    switch (imm >> 8) {
    case 0: value = byte; break;
    case 1: value = byte << 16 | byte; break;
    case 2: value = byte << 24 | byte << 8; break;
    case 3: value = byte * 0x01010101u; break;
    default:
        byte |= 0x80;
        value = byte >> turn | byte << (32 - turn);
        a32_flag(out, true, A32_CARRY);
    }
    out->u.a32.imm = value;
    a32_flag(out, true, A32_IMMEDIATE);
    a32_flag(out, imm >> 8 && !byte, A32_UNSURE);
    return processing(word, out);
}

/* ---- plain immediates ---- */

static enum arm_why add_plain(uint32_t word, struct arm_insn *out)
{
    struct a32_insn *a = &out->u.a32;
    a32_op(out, A32_ALU, ARM_NOTHING);
    a->alu = a32_bit(word, 23) ? A32_SUB : A32_ADD;
    a->rn = (uint8_t)a32_bits(word, 19, 16);
    a->rd = (uint8_t)a32_bits(word, 11, 8);
    a->imm = imm12(word);
    a32_flag(out, true, A32_IMMEDIATE);
    flag_pc(out, true, false, false, false);
    return ARM_OK;
}

static enum arm_why wide_move(uint32_t word, struct arm_insn *out)
{
    struct a32_insn *a = &out->u.a32;
    a32_op(out, a32_bit(word, 23) ? A32_MOVT : A32_ALU, ARM_NOTHING);
    a->alu = A32_MOV;
    a->rd = (uint8_t)a32_bits(word, 11, 8);
    a->imm = a32_bits(word, 19, 16) << 12 | imm12(word);
    a32_flag(out, true, A32_IMMEDIATE);
    flag_pc(out, true, false, false, false);
    return ARM_OK;
}

static void field(uint32_t word, struct arm_insn *out, enum a32_op op)
{
    struct a32_insn *a = &out->u.a32;
    a32_op(out, op, ARM_NOTHING);
    a->rn = (uint8_t)a32_bits(word, 19, 16);
    a->rd = (uint8_t)a32_bits(word, 11, 8);
    a->amount = (uint8_t)(a32_bits(word, 14, 12) << 2 | a32_bits(word, 7, 6));
    a32_flag(out, a32_bit(word, 26) || a32_bit(word, 5), A32_UNSURE);
    flag_pc(out, true, op == A32_EXTRACT, false, false);
}

static enum arm_why insert(uint32_t word, struct arm_insn *out)
{
    field(word, out, A32_FIELD);
    out->u.a32.imm = a32_bits(word, 4, 0) - out->u.a32.amount + 1;
    a32_flag(out, a32_bits(word, 4, 0) < out->u.a32.amount, A32_UNSURE);
    return ARM_OK;
}

static enum arm_why extract(uint32_t word, struct arm_insn *out)
{
    field(word, out, A32_EXTRACT);
    out->u.a32.imm = a32_bits(word, 4, 0) + 1;
    a32_flag(out, !a32_bit(word, 23), A32_SIGNED);
    a32_flag(out, out->u.a32.amount + out->u.a32.imm > 32, A32_UNSURE);
    return ARM_OK;
}

/* ---- by registers ---- */

static enum arm_why shift(uint32_t word, struct arm_insn *out)
{
    struct a32_insn *a = &out->u.a32;
    a32_op(out, A32_ALU, ARM_NOTHING);
    a->alu = A32_MOV;
    a->rm = (uint8_t)a32_bits(word, 19, 16);
    a->rs = (uint8_t)a32_bits(word, 3, 0);
    a->rd = (uint8_t)a32_bits(word, 11, 8);
    a->shift = (uint8_t)a32_bits(word, 22, 21);
    a32_flag(out, true, A32_BY_REGISTER);
    a32_flag(out, a32_bit(word, 20), A32_FLAGS);
    flag_pc(out, true, false, true, true);
    return ARM_OK;
}

static enum arm_why extend(uint32_t word, struct arm_insn *out)
{
    struct a32_insn *a = &out->u.a32;
    a32_op(out, A32_EXTEND, ARM_NOTHING);
    a->rn = (uint8_t)a32_bits(word, 19, 16);
    a->rd = (uint8_t)a32_bits(word, 11, 8);
    a->rm = (uint8_t)a32_bits(word, 3, 0);
    a->amount = (uint8_t)(8 * a32_bits(word, 5, 4));
    a->bytes = a32_bit(word, 22) ? 1 : 2;
    a32_flag(out, !a32_bit(word, 20), A32_SIGNED);
    a32_flag(out, a32_bit(word, 6), A32_UNSURE);
    flag_pc(out, true, false, true, false);
    return ARM_OK;
}

static void turn(uint32_t word, struct arm_insn *out, uint8_t how)
{
    struct a32_insn *a = &out->u.a32;
    a32_op(out, A32_TURN, ARM_NOTHING);
    a->alu = how;
    a->rd = (uint8_t)a32_bits(word, 11, 8);
    a->rm = (uint8_t)a32_bits(word, 3, 0);
    a32_flag(out, a32_bits(word, 19, 16) != a->rm, A32_UNSURE); /* it is there twice */
    flag_pc(out, true, false, true, false);
}

static enum arm_why reverse(uint32_t word, struct arm_insn *out)
{
    static const uint8_t how[] = {A32_REV, A32_REV16, A32_RBIT, A32_REVSH};
    turn(word, out, how[a32_bits(word, 5, 4)]);
    return ARM_OK;
}

static enum arm_why count_zeros(uint32_t word, struct arm_insn *out)
{
    turn(word, out, A32_CLZ);
    return ARM_OK;
}

/* ---- multiplies ---- */

static void operands(uint32_t word, struct arm_insn *out, enum a32_op op)
{
    struct a32_insn *a = &out->u.a32;
    a32_op(out, op, ARM_NOTHING);
    a->rn = (uint8_t)a32_bits(word, 19, 16);
    a->rm = (uint8_t)a32_bits(word, 3, 0);
    a->rd = (uint8_t)a32_bits(word, 11, 8);
    a->rs = (uint8_t)a32_bits(word, 15, 12);
}

/* MUL is MLA without what is added. */
static enum arm_why multiply(uint32_t word, struct arm_insn *out)
{
    bool subtracts = a32_bit(word, 4);
    operands(word, out, A32_MUL);
    a32_flag(out, subtracts, A32_NEGATE);
    a32_flag(out, subtracts || out->u.a32.rs != A32_PC, A32_ACCUMULATE);
    flag_pc(out, true, true, true, subtracts);
    return ARM_OK;
}

static enum arm_why multiply_long(uint32_t word, struct arm_insn *out)
{
    struct a32_insn *a = &out->u.a32;
    operands(word, out, A32_MUL_LONG);
    a->rd = (uint8_t)a32_bits(word, 15, 12);
    a->rs = (uint8_t)a32_bits(word, 11, 8);
    a32_flag(out, !a32_bit(word, 21), A32_SIGNED);
    a32_flag(out, a32_bit(word, 22), A32_ACCUMULATE);
    a32_flag(out, a->rd == a->rs, A32_UNSURE);
    flag_pc(out, true, true, true, true);
    return ARM_OK;
}

static enum arm_why divide(uint32_t word, struct arm_insn *out)
{
    operands(word, out, A32_DIVIDE);
    a32_flag(out, !a32_bit(word, 21), A32_SIGNED);
    a32_flag(out, out->u.a32.rs != 15, A32_UNSURE); /* should be ones */
    flag_pc(out, true, true, true, false);
    return ARM_OK;
}

static const struct a32_row rows[] = {
    {0xfe000000, 0xea000000, with_shift},
    {0xfa008000, 0xf0000000, with_immediate},
    {0xfbf08000, 0xf2000000, add_plain},
    {0xfbf08000, 0xf2a00000, add_plain},
    {0xfb708000, 0xf2400000, wide_move},
    {0xfbf08000, 0xf3400000, extract},
    {0xfbf08000, 0xf3600000, insert},
    {0xfbf08000, 0xf3c00000, extract},
    {0xff80f0f0, 0xfa00f000, shift},
    {0xffa0f080, 0xfa00f080, extend}, /* halfwords, and bytes below */
    {0xfff0f0c0, 0xfa90f080, reverse},
    {0xfff0f0f0, 0xfab0f080, count_zeros},
    {0xfff000e0, 0xfb000000, multiply},
    {0xff9000f0, 0xfb800000, multiply_long},
    {0xffd000f0, 0xfb9000f0, divide},
};

enum arm_why xmi_t32_decode_data(uint32_t word, struct arm_insn *out)
{
    return A32_BY_ROW(rows, word, out);
}
