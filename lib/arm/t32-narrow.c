/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* T32 in 16 bits: word is the halfword. */
#include "arm-int.h"

static uint8_t low(uint32_t word, unsigned at)
{
    return (uint8_t)a32_bits(word, at + 2, at);
}

/* ---- data processing ---- */

static struct a32_insn *alu(struct arm_insn *out, enum a32_alu op, uint32_t flags)
{
    a32_op(out, A32_ALU, ARM_NOTHING);
    out->u.a32.alu = (uint8_t)op;
    a32_flag(out, true, flags);
    return &out->u.a32;
}

/* LSL #0 is MOV, which sets flags too, and is in no IT block. */
static enum arm_why shift(uint32_t word, struct arm_insn *out)
{
    struct a32_insn *a = alu(out, A32_MOV, A32_OUTSIDE);
    a->rd = low(word, 0);
    a->rm = low(word, 3);
    xmi_a32_shift_of(out, a32_bits(word, 12, 11), a32_bits(word, 10, 6));
    a32_flag(out, !a32_bits(word, 12, 6), A32_ALONE);
    return ARM_OK;
}

static enum arm_why add_small(uint32_t word, struct arm_insn *out)
{
    struct a32_insn *a = alu(out, a32_bit(word, 9) ? A32_SUB : A32_ADD, A32_OUTSIDE);
    a->rd = low(word, 0);
    a->rn = low(word, 3);
    a->rm = low(word, 6);
    a->imm = low(word, 6);
    a32_flag(out, a32_bit(word, 10), A32_IMMEDIATE);
    return ARM_OK;
}

static enum arm_why immediate(uint32_t word, struct arm_insn *out)
{
    static const uint8_t ops[] = {A32_MOV, A32_CMP, A32_ADD, A32_SUB};
    uint32_t op = a32_bits(word, 12, 11);
    struct a32_insn *a = alu(out, ops[op], A32_IMMEDIATE | (op == 1 ? A32_FLAGS : A32_OUTSIDE));
    a->rd = op == 1 ? 0 : low(word, 8);
    a->rn = low(word, 8);
    a->imm = a32_bits(word, 7, 0);
    return ARM_OK;
}

static void shift_by_register(uint32_t word, struct arm_insn *out, enum a32_shift type)
{
    struct a32_insn *a = alu(out, A32_MOV, A32_OUTSIDE | A32_BY_REGISTER);
    a->rm = low(word, 0);
    a->rs = low(word, 3);
    a->shift = (uint8_t)type;
}

static void multiply(uint32_t word, struct arm_insn *out)
{
    a32_op(out, A32_MUL, ARM_NOTHING);
    out->u.a32.rm = low(word, 0);
    out->u.a32.rn = low(word, 3);
    a32_flag(out, true, A32_OUTSIDE);
}

/* RSB's operand is 0. */
static void negate(uint32_t word, struct arm_insn *out)
{
    struct a32_insn *a = alu(out, A32_RSB, A32_OUTSIDE | A32_IMMEDIATE);
    a->rn = low(word, 3);
}

static enum arm_why processing(uint32_t word, struct arm_insn *out)
{
    static const uint8_t ops[16] = {A32_AND, A32_EOR, 0,       0,      0,       A32_ADC,
                                    A32_SBC, 0,       A32_TST, 0,      A32_CMP, A32_CMN,
                                    A32_ORR, 0,       A32_BIC, A32_MVN};
    uint32_t op = a32_bits(word, 9, 6);
    struct a32_insn *a = &out->u.a32;
    a->rd = a->rn = low(word, 0);
    switch (op) {
    case 2: shift_by_register(word, out, A32_LSL); break;
    case 3: shift_by_register(word, out, A32_LSR); break;
    case 4: shift_by_register(word, out, A32_ASR); break;
    case 7: shift_by_register(word, out, A32_ROR); break;
    case 9: negate(word, out); break;
    case 13: multiply(word, out); break;
    default: {
        bool test = op == 8 || op == 10 || op == 11;
        alu(out, ops[op], test ? A32_FLAGS : A32_OUTSIDE)->rm = low(word, 3);
    }
    }
    return ARM_OK;
}

/* ---- any register ---- */

static enum arm_why high(uint32_t word, struct arm_insn *out)
{
    static const uint8_t ops[] = {A32_ADD, A32_CMP, A32_MOV};
    uint32_t op = a32_bits(word, 9, 8);
    struct a32_insn *a = alu(out, ops[op], op == 1 ? A32_FLAGS : 0);
    a->rn = (uint8_t)(low(word, 0) | a32_bit(word, 7) << 3);
    a->rd = op == 1 ? 0 : a->rn;
    a->rm = (uint8_t)a32_bits(word, 6, 3);
    a32_flag(out, op != 1 && a->rd == A32_PC, A32_LAST);
    a32_flag(out, op == 0 && a->rd == A32_PC && a->rm == A32_PC, A32_UNSURE);
    if (op == 1)
        a32_flag(out, a->rn == A32_PC || a->rm == A32_PC || (a->rn < 8 && a->rm < 8), A32_UNSURE);
    return ARM_OK;
}

static enum arm_why to_register(uint32_t word, struct arm_insn *out)
{
    a32_op(out, A32_BRANCH_REG, ARM_NOTHING);
    out->u.a32.rm = (uint8_t)a32_bits(word, 6, 3);
    a32_flag(out, true, A32_LAST);
    a32_flag(out, a32_bit(word, 7), A32_LINK);
    a32_flag(out, low(word, 0) || (a32_bit(word, 7) && out->u.a32.rm == A32_PC), A32_UNSURE);
    return ARM_OK;
}

static enum arm_why add_address(uint32_t word, struct arm_insn *out)
{
    struct a32_insn *a = alu(out, A32_ADD, A32_IMMEDIATE);
    a->rd = low(word, 8);
    a->rn = a32_bit(word, 11) ? A32_SP : A32_PC;
    a->imm = 4 * a32_bits(word, 7, 0);
    return ARM_OK;
}

static enum arm_why move_sp(uint32_t word, struct arm_insn *out)
{
    struct a32_insn *a = alu(out, a32_bit(word, 7) ? A32_SUB : A32_ADD, A32_IMMEDIATE);
    a->rd = a->rn = A32_SP;
    a->imm = 4 * a32_bits(word, 6, 0);
    return ARM_OK;
}

static enum arm_why extend(uint32_t word, struct arm_insn *out)
{
    struct a32_insn *a = &out->u.a32;
    a32_op(out, A32_EXTEND, ARM_NOTHING);
    a->rd = low(word, 0);
    a->rm = low(word, 3);
    a->rn = A32_PC;
    a->bytes = a32_bit(word, 6) ? 1 : 2;
    a32_flag(out, !a32_bit(word, 7), A32_SIGNED);
    return ARM_OK;
}

static enum arm_why reverse(uint32_t word, struct arm_insn *out)
{
    static const uint8_t how[] = {A32_REV, A32_REV16, 0, A32_REVSH};
    uint32_t op = a32_bits(word, 7, 6);
    if (op == 2)
        return ARM_UNKNOWN; /* HLT */
    a32_op(out, A32_TURN, ARM_NOTHING);
    out->u.a32.alu = how[op];
    out->u.a32.rd = low(word, 0);
    out->u.a32.rm = low(word, 3);
    return ARM_OK;
}

/* ---- loads and stores ---- */

static void access(struct arm_insn *out, bool load, uint32_t bytes)
{
    a32_op(out, load ? A32_LOAD : A32_STORE, load ? ARM_LOAD : ARM_STORE);
    out->u.a32.bytes = (uint8_t)bytes;
}

static enum arm_why literal(uint32_t word, struct arm_insn *out)
{
    access(out, true, 4);
    out->u.a32.rd = low(word, 8);
    out->u.a32.rn = A32_PC;
    out->u.a32.imm = 4 * a32_bits(word, 7, 0);
    return ARM_OK;
}

static enum arm_why by_register(uint32_t word, struct arm_insn *out)
{
    static const uint8_t bytes[] = {4, 2, 1, 1, 4, 2, 1, 2};
    uint32_t op = a32_bits(word, 11, 9);
    access(out, op >= 3, bytes[op]);
    out->u.a32.rd = low(word, 0);
    out->u.a32.rn = low(word, 3);
    out->u.a32.rm = low(word, 6);
    a32_flag(out, true, A32_REGISTER);
    a32_flag(out, op == 3 || op == 7, A32_SIGNED);
    return ARM_OK;
}

static enum arm_why by_immediate(uint32_t word, struct arm_insn *out)
{
    static const uint8_t bytes[] = {4, 1, 2};
    uint32_t size = bytes[a32_bits(word, 15, 12) - 6];
    access(out, a32_bit(word, 11), size);
    out->u.a32.rd = low(word, 0);
    out->u.a32.rn = low(word, 3);
    out->u.a32.imm = size * a32_bits(word, 10, 6);
    return ARM_OK;
}

static enum arm_why on_stack(uint32_t word, struct arm_insn *out)
{
    access(out, a32_bit(word, 11), 4);
    out->u.a32.rd = low(word, 8);
    out->u.a32.rn = A32_SP;
    out->u.a32.imm = 4 * a32_bits(word, 7, 0);
    return ARM_OK;
}

/* Written back, but for a load of its own base. */
static enum arm_why multiple(uint32_t word, struct arm_insn *out)
{
    bool load = a32_bit(word, 11);
    uint32_t list = a32_bits(word, 7, 0), rn = low(word, 8);
    bool within = list >> rn & 1;
    xmi_a32_many(out, load, list, true, false);
    out->u.a32.rn = (uint8_t)rn;
    a32_flag(out, !(load && within), A32_BACK);
    a32_flag(out, !load && within && list & ((1u << rn) - 1), A32_UNSURE);
    return ARM_OK;
}

static enum arm_why push_pop(uint32_t word, struct arm_insn *out)
{
    bool load = a32_bit(word, 11);
    uint32_t more = a32_bit(word, 8) ? 1u << (load ? A32_PC : A32_LR) : 0;
    xmi_a32_many(out, load, a32_bits(word, 7, 0) | more, load, !load);
    out->u.a32.rn = A32_SP;
    a32_flag(out, true, A32_BACK);
    return ARM_OK;
}

/* ---- branches and IT ---- */

static enum arm_why branch(uint32_t word, struct arm_insn *out)
{
    a32_op(out, A32_BRANCH, ARM_NOTHING);
    out->u.a32.imm = a32_sign(a32_bits(word, 10, 0), 11) * 2;
    a32_flag(out, true, A32_LAST);
    return ARM_OK;
}

static enum arm_why branch_if(uint32_t word, struct arm_insn *out)
{
    uint32_t cond = a32_bits(word, 11, 8);
    if (cond >= A32_ALWAYS)
        return ARM_UNKNOWN; /* UDF, SVC */
    a32_op(out, A32_BRANCH, ARM_NOTHING);
    out->u.a32.cond = (uint8_t)cond;
    out->u.a32.imm = a32_sign(a32_bits(word, 7, 0), 8) * 2;
    a32_flag(out, true, A32_ALONE);
    return ARM_OK;
}

static enum arm_why branch_zero(uint32_t word, struct arm_insn *out)
{
    a32_op(out, A32_BRANCH_ZERO, ARM_NOTHING);
    out->u.a32.rn = low(word, 0);
    out->u.a32.imm = 2 * (a32_bits(word, 7, 3) | (uint32_t)a32_bit(word, 9) << 5);
    a32_flag(out, true, A32_ALONE);
    a32_flag(out, a32_bit(word, 11), A32_NEGATE);
    return ARM_OK;
}

static enum arm_why if_then(uint32_t word, struct arm_insn *out)
{
    uint32_t cond = a32_bits(word, 7, 4), mask = a32_bits(word, 3, 0);
    if (!mask)
        return xmi_a32_hint(cond, out);
    a32_op(out, A32_IT, ARM_NOTHING);
    out->u.a32.imm = a32_bits(word, 7, 0);
    a32_flag(out, true, A32_ALONE);
    a32_flag(out, cond == 15 || (cond == A32_ALWAYS && mask & (mask - 1)), A32_UNSURE);
    return ARM_OK;
}

static const struct a32_row rows[] = {
    {0xf800, 0x1800, add_small},    {0xe000, 0x0000, shift},        {0xe000, 0x2000, immediate},
    {0xfc00, 0x4000, processing},   {0xff00, 0x4700, to_register},  {0xfc00, 0x4400, high},
    {0xf800, 0x4800, literal},      {0xf000, 0x5000, by_register},  {0xf000, 0x6000, by_immediate},
    {0xf000, 0x7000, by_immediate}, {0xf000, 0x8000, by_immediate}, {0xf000, 0x9000, on_stack},
    {0xf000, 0xa000, add_address},  {0xff00, 0xb000, move_sp},      {0xf500, 0xb100, branch_zero},
    {0xff00, 0xb200, extend},       {0xff00, 0xba00, reverse},      {0xf600, 0xb400, push_pop},
    {0xff00, 0xbf00, if_then},      {0xf000, 0xc000, multiple},     {0xf000, 0xd000, branch_if},
    {0xf800, 0xe000, branch},
};

enum arm_why xmi_t32_decode_narrow(uint32_t word, struct arm_insn *out)
{
    return A32_BY_ROW(rows, word, out);
}
