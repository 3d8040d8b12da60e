/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is done in general registers alone: data processing, by immediates and by registers. */
#include "arm-int.h"

#define WIDE(w) a64_bits(w, 31, 1)
#define OPC(w) a64_bits(w, 29, 2)
#define SUBTRACTS(w) a64_bits(w, 30, 1)
#define SETS(w) a64_bits(w, 29, 1)
#define KIND_OF_SHIFT(w) a64_bits(w, 22, 2)
#define ANDS 3u /* opc of logical instructions */

static enum arm_why take(uint32_t word, struct arm_insn *out, enum a64_op op, unsigned flags)
{
    struct a64_insn *a = &out->u.a64;
    a->op = (uint8_t)op;
    a->rd = (uint8_t)a64_bits(word, 0, 5);
    a->rn = (uint8_t)a64_bits(word, 5, 5);
    a->ra = (uint8_t)a64_bits(word, 10, 5);
    a->rm = (uint8_t)a64_bits(word, 16, 5);
    a->flags = (uint16_t)(flags | (WIDE(word) ? A64_WIDE : 0));
    return ARM_OK;
}

static unsigned add_flags(uint32_t word)
{
    return (SUBTRACTS(word) ? A64_NOT : 0) | (SETS(word) ? A64_FLAGS : 0);
}

/* ---- immediates ---- */

static enum arm_why address(uint32_t word, struct arm_insn *out)
{
    int64_t imm = a64_signed(a64_bits(word, 5, 19) << 2 | a64_bits(word, 29, 2), 21);
    (void)take(word, out, A64_ADR, 0);
    out->u.a64.sub = (uint8_t)a64_bits(word, 31, 1);
    out->u.a64.imm = out->u.a64.sub ? imm * 4096 : imm;
    return ARM_OK;
}

static enum arm_why add_immediate(uint32_t word, struct arm_insn *out)
{
    unsigned flags = add_flags(word) | A64_RN_SP | (SETS(word) ? 0 : A64_RD_SP);
    out->u.a64.imm = (int64_t)a64_bits(word, 10, 12) << (a64_bits(word, 22, 1) ? 12 : 0);
    return take(word, out, A64_ADD_IMM, flags);
}

/* A run of ones in an element of 2 to 64 bits, rotated, and repeated. False: none. */
static bool bit_mask(unsigned n, unsigned imms, unsigned immr, uint64_t *mask)
{
    unsigned key = n << 6 | (~imms & 63);
    if (key < 2)
        return false;
    unsigned len = 31u - (unsigned)__builtin_clz(key), bits = 1u << len;
    unsigned ones = imms & (bits - 1), turn = immr & (bits - 1);
    if (ones == bits - 1)
        return false;
    uint64_t all = ~0ull >> (64 - bits), run = (2ull << ones) - 1;
    if (turn)
        run = (run >> turn | run << (bits - turn)) & all;
    for (; bits < 64; bits *= 2)
        run |= run << bits;
    *mask = run;
    return true;
}

static enum arm_why logical_immediate(uint32_t word, struct arm_insn *out)
{
    uint64_t mask;
    unsigned n = a64_bits(word, 22, 1), opc = OPC(word);
    if (n && !WIDE(word))
        return ARM_UNKNOWN;
    if (!bit_mask(n, a64_bits(word, 10, 6), a64_bits(word, 16, 6), &mask))
        return ARM_UNKNOWN;
    out->u.a64.imm = (int64_t)mask;
    out->u.a64.sub = (uint8_t)opc;
    return take(word, out, A64_LOGIC_IMM, opc == ANDS ? A64_FLAGS : A64_RD_SP);
}

static enum arm_why move(uint32_t word, struct arm_insn *out)
{
    unsigned opc = OPC(word), shift = 16 * a64_bits(word, 21, 2);
    uint64_t imm = (uint64_t)a64_bits(word, 5, 16) << shift;
    if (opc == 1 || (shift >= 32 && !WIDE(word)))
        return ARM_UNKNOWN;
    out->u.a64.imm = (int64_t)(opc ? imm : ~imm);
    out->u.a64.shift = (uint8_t)shift;
    return take(word, out, opc == 3 ? A64_MOVE_KEEP : A64_MOVE, 0);
}

/* BFM and its like, and EXTR: by two numbers of bits within the register. */
static enum arm_why by_bits(uint32_t word, struct arm_insn *out, enum a64_op op)
{
    struct a64_insn *a = &out->u.a64;
    unsigned last = a64_bits(word, 10, 6), first = a64_bits(word, 16, 6);
    a->shift = (uint8_t)(op == A64_EXTRACT ? last : first);
    a->ext = (uint8_t)last;
    a->sub = (uint8_t)OPC(word);
    if (a64_bits(word, 22, 1) != WIDE(word) || a->sub == 3)
        return ARM_UNKNOWN;
    if (op == A64_EXTRACT && (a->sub || a64_bits(word, 21, 1)))
        return ARM_UNKNOWN;
    if (!WIDE(word) && (last >= 32 || (op == A64_BITFIELD && first >= 32)))
        return ARM_UNKNOWN;
    return take(word, out, op, 0);
}

/* By bits 25:23. */
enum arm_why xmi_a64_decode_immediate(uint32_t word, struct arm_insn *out)
{
    switch (a64_bits(word, 23, 3)) {
    case 0:
    case 1: return address(word, out);
    case 2: return add_immediate(word, out);
    case 4: return logical_immediate(word, out);
    case 5: return move(word, out);
    case 6: return by_bits(word, out, A64_BITFIELD);
    case 7: return by_bits(word, out, A64_EXTRACT);
    default: return ARM_UNKNOWN;
    }
}

/* ---- registers ---- */

static enum arm_why shifted(uint32_t word, struct arm_insn *out, enum a64_op op, unsigned flags)
{
    out->u.a64.ext = (uint8_t)KIND_OF_SHIFT(word);
    out->u.a64.shift = (uint8_t)a64_bits(word, 10, 6);
    if (!WIDE(word) && out->u.a64.shift >= 32)
        return ARM_UNKNOWN;
    return take(word, out, op, flags);
}

static enum arm_why logical(uint32_t word, struct arm_insn *out)
{
    unsigned flags = (a64_bits(word, 21, 1) ? A64_NOT : 0) | (OPC(word) == ANDS ? A64_FLAGS : 0);
    out->u.a64.sub = (uint8_t)OPC(word);
    return shifted(word, out, A64_LOGIC, flags);
}

static enum arm_why add_extended(uint32_t word, struct arm_insn *out)
{
    out->u.a64.ext = (uint8_t)a64_bits(word, 13, 3);
    out->u.a64.shift = (uint8_t)a64_bits(word, 10, 3);
    if (out->u.a64.shift > 4 || KIND_OF_SHIFT(word))
        return ARM_UNKNOWN;
    return take(word, out, A64_ADD_EXTENDED,
                add_flags(word) | A64_RN_SP | (SETS(word) ? 0 : A64_RD_SP));
}

static enum arm_why conditional_compare(uint32_t word, struct arm_insn *out)
{
    if (!SETS(word) || a64_bits(word, 10, 1) || a64_bits(word, 4, 1))
        return ARM_UNKNOWN;
    out->u.a64.ext = (uint8_t)a64_bits(word, 12, 4);
    out->u.a64.shift = (uint8_t)a64_bits(word, 0, 4);
    out->u.a64.imm = a64_bits(word, 16, 5);
    return take(word, out, A64_COMPARE_IF,
                (SUBTRACTS(word) ? A64_NOT : 0) | (a64_bits(word, 11, 1) ? 0 : A64_BY_REG));
}

static enum arm_why conditional_select(uint32_t word, struct arm_insn *out)
{
    if (SETS(word) || a64_bits(word, 11, 1))
        return ARM_UNKNOWN;
    out->u.a64.ext = (uint8_t)a64_bits(word, 12, 4);
    out->u.a64.sub = (uint8_t)a64_bits(word, 10, 1);
    return take(word, out, A64_SELECT, SUBTRACTS(word) ? A64_NOT : 0);
}

/* Without CRC32, which not every processor has: there is no telling from here. */
static enum arm_why two_sources(uint32_t word, struct arm_insn *out)
{
    unsigned opcode = a64_bits(word, 10, 6);
    out->u.a64.sub = (uint8_t)opcode;
    if (SETS(word))
        return ARM_UNKNOWN;
    if (opcode == 2 || opcode == 3)
        return take(word, out, A64_DIVIDE, opcode == 3 ? A64_SIGNED : 0);
    out->u.a64.ext = opcode & 3;
    return opcode >= 8 && opcode < 12 ? take(word, out, A64_SHIFT, 0) : ARM_UNKNOWN;
}

static enum arm_why one_source(uint32_t word, struct arm_insn *out)
{
    unsigned opcode = a64_bits(word, 10, 6);
    out->u.a64.sub = (uint8_t)opcode;
    if (SETS(word) || a64_bits(word, 16, 5) || opcode > 5 || (opcode == 3 && !WIDE(word)))
        return ARM_UNKNOWN;
    return take(word, out, A64_ONE_SOURCE, 0);
}

static enum arm_why three_sources(uint32_t word, struct arm_insn *out)
{
    unsigned op = a64_bits(word, 21, 3), minus = a64_bits(word, 15, 1);
    if (OPC(word) || (op && !WIDE(word)))
        return ARM_UNKNOWN;
    switch (op) {
    case 0: return take(word, out, A64_MULTIPLY, minus ? A64_NOT : 0);
    case 1:
    case 5:
        return take(word, out, A64_MULTIPLY_LONG,
                    (minus ? A64_NOT : 0) | (op == 1 ? A64_SIGNED : 0));
    case 2:
    case 6:
        return minus ? ARM_UNKNOWN : take(word, out, A64_MULTIPLY_HIGH, op == 2 ? A64_SIGNED : 0);
    default: return ARM_UNKNOWN;
    }
}

/* Bit 28 is set: by bits 24:21. */
static enum arm_why others(uint32_t word, struct arm_insn *out)
{
    switch (a64_bits(word, 21, 4)) {
    case 0:
        return a64_bits(word, 10, 6) ? ARM_UNKNOWN
                                     : take(word, out, A64_ADD_CARRY, add_flags(word));
    case 2: return conditional_compare(word, out);
    case 4: return conditional_select(word, out);
    case 6: return SUBTRACTS(word) ? one_source(word, out) : two_sources(word, out);
    default: return a64_bits(word, 24, 1) ? three_sources(word, out) : ARM_UNKNOWN;
    }
}

enum arm_why xmi_a64_decode_register(uint32_t word, struct arm_insn *out)
{
    if (a64_bits(word, 28, 1))
        return others(word, out);
    if (!a64_bits(word, 24, 1))
        return logical(word, out);
    if (a64_bits(word, 21, 1))
        return add_extended(word, out);
    if (KIND_OF_SHIFT(word) == 3)
        return ARM_UNKNOWN;
    return shifted(word, out, A64_ADD_SHIFTED, add_flags(word));
}
