/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Branches: decoded and done. */
#include "arm-int.h"

#define BTYPE_JUMP (1u << 10)
#define BTYPE_CALL (2u << 10)
#define LINK 30u

/* Of A64_BRANCH_REG. */
enum { BR = 0, BLR, RET };

/* ---- decoding ---- */

static enum arm_why to(struct arm_insn *out, enum a64_op op, uint32_t distance, unsigned bits)
{
    out->u.a64.op = (uint8_t)op;
    out->u.a64.imm = a64_signed(distance, bits) * 4;
    return ARM_OK;
}

static enum arm_why by_register(uint32_t word, struct arm_insn *out)
{
    unsigned opc = a64_bits(word, 21, 4);
    if (opc > RET || a64_bits(word, 16, 5) != 31 || a64_bits(word, 10, 6) || a64_bits(word, 0, 5))
        return ARM_UNKNOWN;
    out->u.a64.op = A64_BRANCH_REG;
    out->u.a64.sub = (uint8_t)opc;
    out->u.a64.rn = (uint8_t)a64_bits(word, 5, 5);
    return ARM_OK;
}

/* Compared with zero, or one bit of it. */
static enum arm_why by_value(uint32_t word, struct arm_insn *out)
{
    struct a64_insn *a = &out->u.a64;
    a->rd = (uint8_t)a64_bits(word, 0, 5);
    a->flags = (uint16_t)((a64_bits(word, 31, 1) ? A64_WIDE : 0) |
                          (a64_bits(word, 24, 1) ? A64_NOT : 0));
    if (!a64_bits(word, 25, 1))
        return to(out, A64_BRANCH_ZERO, a64_bits(word, 5, 19), 19);
    a->shift = (uint8_t)(a64_bits(word, 31, 1) << 5 | a64_bits(word, 19, 5));
    return to(out, A64_BRANCH_BIT, a64_bits(word, 5, 14), 14);
}

enum arm_why xmi_a64_decode_branch(uint32_t word, struct arm_insn *out)
{
    if (a64_bits(word, 26, 5) == 5) {
        out->u.a64.sub = (uint8_t)a64_bits(word, 31, 1);
        return to(out, A64_BRANCH, a64_bits(word, 0, 26), 26);
    }
    if (a64_bits(word, 26, 5) == 13)
        return by_value(word, out);
    if (a64_bits(word, 24, 8) == 0x54 && !a64_bits(word, 4, 1)) {
        out->u.a64.ext = (uint8_t)a64_bits(word, 0, 4);
        return to(out, A64_BRANCH_IF, a64_bits(word, 5, 19), 19);
    }
    return a64_bits(word, 25, 7) == 0x6b ? by_register(word, out) : ARM_UNKNOWN;
}

/* ---- doing ---- */

/* A tag of the address may be left out of the pc, or be a fault there. */
static enum arm_why go(struct a64_run *run, uint64_t target)
{
    if (a64_signed(target >> 55, 9) != 0 && a64_signed(target >> 55, 9) != -1)
        return ARM_UNSURE;
    run->next = target;
    return ARM_OK;
}

static enum arm_why go_if(struct a64_run *run, bool taken)
{
    return taken ? go(run, run->r->pc + (uint64_t)run->a->imm) : ARM_OK;
}

enum arm_why xmi_a64_do_branch(struct a64_run *run)
{
    enum arm_why why = go_if(run, true);
    if (!why && run->a->sub)
        run->r->x[LINK] = run->r->pc + 4;
    return why;
}

enum arm_why xmi_a64_do_branch_if(struct a64_run *run)
{
    return go_if(run, xmi_a64_holds(run->r, run->a->ext));
}

enum arm_why xmi_a64_do_branch_zero(struct a64_run *run)
{
    uint64_t value = a64_x(run->r, run->a->rd);
    if (!(run->a->flags & A64_WIDE))
        value = (uint32_t)value;
    return go_if(run, !value == !(run->a->flags & A64_NOT));
}

enum arm_why xmi_a64_do_branch_bit(struct a64_run *run)
{
    bool set = a64_x(run->r, run->a->rd) >> run->a->shift & 1;
    return go_if(run, set == !!(run->a->flags & A64_NOT));
}

/* What a jump by any but x16 and x17 leaves in BTYPE depends on its own page being guarded. */
enum arm_why xmi_a64_do_branch_reg(struct a64_run *run)
{
    const struct a64_insn *a = run->a;
    if (a->sub == BR && a->rn != 16 && a->rn != 17)
        return ARM_UNSURE;
    enum arm_why why = go(run, a64_x(run->r, a->rn));
    if (why)
        return why;
    if (a->sub != RET)
        run->btype = a->sub == BLR ? BTYPE_CALL : BTYPE_JUMP;
    if (a->sub == BLR)
        run->r->x[LINK] = run->r->pc + 4;
    return ARM_OK;
}
