/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What touches registers, flags and pc only, done. */
#include "arm-int.h"

struct sum {
    uint32_t value;
    bool carry, overflow;
};

static struct sum add(uint32_t a, uint32_t b, bool carry)
{
    uint64_t wide = (uint64_t)a + b + carry;
    struct sum s = {(uint32_t)wide, wide >> 32, false};
    s.overflow = (~(a ^ b) & (a ^ s.value)) >> 31;
    return s;
}

static bool carry_of(const struct arm_regs *r)
{
    return r->cpsr & A32_C;
}

static void set_carry(struct a32_next *next, bool carry)
{
    next->cpsr = carry ? next->cpsr | A32_C : next->cpsr & ~(uint64_t)A32_C;
}

static void set_nz(struct a32_next *next, bool negative, bool zero)
{
    next->cpsr &= ~(uint64_t)(A32_N | A32_Z);
    next->cpsr |= (negative ? A32_N : 0) | (zero ? A32_Z : 0);
}

/* ---- the second operand ---- */

static uint32_t moved(uint32_t value, unsigned type, unsigned amount, bool *carry)
{
    uint64_t left = (uint64_t)value << amount;
    int64_t right = type == A32_ASR ? (int64_t)(int32_t)value : (int64_t)value;
    if (type == A32_LSL) {
        *carry = left >> 32 & 1;
        return (uint32_t)left;
    }
    *carry = right >> (amount - 1) & 1;
    return (uint32_t)(right >> amount);
}

static uint32_t turned(uint32_t value, unsigned amount, bool *carry)
{
    value = value >> (amount & 31) | value << (-amount & 31);
    *carry = value >> 31;
    return value;
}

uint32_t xmi_a32_shifted(uint32_t value, unsigned type, unsigned amount, bool *carry)
{
    bool in = *carry;
    if (!amount)
        return value;
    if (type == A32_ROR)
        return turned(value, amount, carry);
    if (type == A32_RRX) {
        *carry = value & 1;
        return value >> 1 | (uint32_t)in << 31;
    }
    return moved(value, type, amount < 33 ? amount : 33, carry);
}

static uint32_t operand(const struct a32_doing *d, bool *carry)
{
    const struct a32_insn *in = d->in;
    unsigned amount = in->amount;
    if (in->flags & A32_IMMEDIATE) {
        *carry = in->flags & A32_CARRY ? in->imm >> 31 : *carry;
        return in->imm;
    }
    if (in->flags & A32_BY_REGISTER)
        amount = xmi_a32_get(d->r, in->rs) & 0xff;
    return xmi_a32_shifted(xmi_a32_get(d->r, in->rm), in->shift, amount, carry);
}

/* ---- data processing ---- */

static uint32_t logic(unsigned alu, uint32_t a, uint32_t b)
{
    switch (alu) {
    case A32_AND:
    case A32_TST: return a & b;
    case A32_EOR:
    case A32_TEQ: return a ^ b;
    case A32_ORR: return a | b;
    case A32_ORN: return a | ~b;
    case A32_BIC: return a & ~b;
    case A32_MVN: return ~b;
    default: return b;
    }
}

static bool arithmetic(unsigned alu, uint32_t a, uint32_t b, bool carry, struct sum *out)
{
    switch (alu) {
    case A32_CMP:
    case A32_SUB: *out = add(a, ~b, true); return true;
    case A32_RSB: *out = add(b, ~a, true); return true;
    case A32_CMN:
    case A32_ADD: *out = add(a, b, false); return true;
    case A32_ADC: *out = add(a, b, carry); return true;
    case A32_SBC: *out = add(a, ~b, carry); return true;
    case A32_RSC: *out = add(b, ~a, carry); return true;
    default: return false;
    }
}

static bool sets_flags(const struct a32_doing *d)
{
    return d->in->flags & A32_FLAGS || (d->in->flags & A32_OUTSIDE && !a32_in_it(d->r));
}

/* A32 may change the instruction set so, T32 not. */
static enum arm_why put_result(struct a32_doing *d, uint32_t value)
{
    if (d->in->rd != A32_PC) {
        a32_set(d->next, d->in->rd, value);
        return ARM_OK;
    }
    return d->r->cpsr & ARM_CPSR_T ? xmi_a32_branch(d->next, value)
                                   : xmi_a32_branch_exchange(d->next, value);
}

static enum arm_why alu(struct a32_doing *d)
{
    const struct a32_insn *in = d->in;
    bool carry = carry_of(d->r), adds;
    uint32_t a = xmi_a32_get(d->r, in->rn), b = operand(d, &carry);
    struct sum s;
    if (in->rn == A32_PC && in->flags & A32_IMMEDIATE)
        a &= ~3u; /* ADR */
    adds = arithmetic(in->alu, a, b, carry_of(d->r), &s);
    if (!adds)
        s = (struct sum){logic(in->alu, a, b), carry, false};
    if (sets_flags(d)) {
        set_nz(d->next, s.value >> 31, !s.value);
        set_carry(d->next, s.carry);
        if (adds)
            d->next->cpsr = (d->next->cpsr & ~(uint64_t)A32_V) | (s.overflow ? A32_V : 0);
    }
    if (in->alu >= A32_TST && in->alu <= A32_CMN)
        return ARM_OK;
    return put_result(d, s.value);
}

static void move_top(struct a32_doing *d)
{
    uint32_t low = xmi_a32_get(d->r, d->in->rd) & 0xffff;
    a32_set(d->next, d->in->rd, d->in->imm << 16 | low);
}

/* ---- multiplies ---- */

static void multiply(struct a32_doing *d)
{
    const struct a32_insn *in = d->in;
    uint32_t value = xmi_a32_get(d->r, in->rn) * xmi_a32_get(d->r, in->rm);
    if (in->flags & A32_NEGATE)
        value = -value;
    if (in->flags & A32_ACCUMULATE)
        value += xmi_a32_get(d->r, in->rs);
    a32_set(d->next, in->rd, value);
    if (sets_flags(d))
        set_nz(d->next, value >> 31, !value);
}

static void multiply_long(struct a32_doing *d)
{
    const struct a32_insn *in = d->in;
    uint32_t a = xmi_a32_get(d->r, in->rn), b = xmi_a32_get(d->r, in->rm);
    uint64_t value = (uint64_t)a * b;
    if (in->flags & A32_SIGNED)
        value = (uint64_t)((int64_t)(int32_t)a * (int32_t)b);
    if (in->flags & A32_ACCUMULATE)
        value += (uint64_t)xmi_a32_get(d->r, in->rs) << 32 | xmi_a32_get(d->r, in->rd);
    a32_set(d->next, in->rd, (uint32_t)value);
    a32_set(d->next, in->rs, (uint32_t)(value >> 32));
    if (in->flags & A32_FLAGS)
        set_nz(d->next, value >> 63, !value);
}

static void divide(struct a32_doing *d)
{
    uint32_t a = xmi_a32_get(d->r, d->in->rn), b = xmi_a32_get(d->r, d->in->rm), value = 0;
    if (b && d->in->flags & A32_SIGNED)
        value = (uint32_t)((int64_t)(int32_t)a / (int32_t)b);
    else if (b)
        value = a / b;
    a32_set(d->next, d->in->rd, value);
}

/* ---- bits ---- */

static void extend(struct a32_doing *d)
{
    const struct a32_insn *in = d->in;
    bool carry = false;
    unsigned bits = 8u * in->bytes;
    uint32_t value = xmi_a32_shifted(xmi_a32_get(d->r, in->rm), A32_ROR, in->amount, &carry);
    value = in->flags & A32_SIGNED ? a32_sign(value, bits) : value & ((1u << bits) - 1);
    if (in->rn != A32_PC)
        value += xmi_a32_get(d->r, in->rn);
    a32_set(d->next, in->rd, value);
}

static uint32_t reversed_bits(uint32_t value)
{
    value = (value >> 1 & 0x55555555) | (value & 0x55555555) << 1;
    value = (value >> 2 & 0x33333333) | (value & 0x33333333) << 2;
    value = (value >> 4 & 0x0f0f0f0f) | (value & 0x0f0f0f0f) << 4;
    return __builtin_bswap32(value);
}

static void turn(struct a32_doing *d)
{
    uint32_t value = xmi_a32_get(d->r, d->in->rm), swapped = __builtin_bswap32(value);
    switch (d->in->alu) {
    case A32_REV: value = swapped; break;
    case A32_REV16: value = swapped >> 16 | swapped << 16; break;
    case A32_REVSH: value = a32_sign(swapped >> 16, 16); break;
    case A32_RBIT: value = reversed_bits(value); break;
    default: value = value ? (uint32_t)__builtin_clz(value) : 32; break;
    }
    a32_set(d->next, d->in->rd, value);
}

static void insert(struct a32_doing *d)
{
    const struct a32_insn *in = d->in;
    uint32_t mask = (uint32_t)((UINT64_C(1) << in->imm) - 1) << in->amount;
    uint32_t from = in->rn == A32_PC ? 0 : xmi_a32_get(d->r, in->rn) << in->amount;
    a32_set(d->next, in->rd, (xmi_a32_get(d->r, in->rd) & ~mask) | (from & mask));
}

static void extract(struct a32_doing *d)
{
    const struct a32_insn *in = d->in;
    uint32_t value = xmi_a32_get(d->r, in->rn) >> in->amount;
    if (in->flags & A32_SIGNED)
        value = a32_sign(value, in->imm);
    else
        value &= (uint32_t)((UINT64_C(1) << in->imm) - 1);
    a32_set(d->next, in->rd, value);
}

/* ---- branches ---- */

static void link(struct a32_doing *d)
{
    uint32_t thumb = d->r->cpsr & ARM_CPSR_T ? 1 : 0;
    if (d->in->flags & A32_LINK)
        a32_set(d->next, A32_LR, (uint32_t)d->next->pc | thumb);
}

static enum arm_why branch(struct a32_doing *d)
{
    uint32_t pc = xmi_a32_get(d->r, A32_PC);
    bool to_thumb = d->in->flags & A32_EXCHANGE && !(d->r->cpsr & ARM_CPSR_T);
    link(d);
    if (!(d->in->flags & A32_EXCHANGE))
        return xmi_a32_branch(d->next, pc + d->in->imm);
    return xmi_a32_branch_exchange(d->next, ((pc & ~3u) + d->in->imm) | to_thumb);
}

static enum arm_why branch_register(struct a32_doing *d)
{
    link(d);
    return xmi_a32_branch_exchange(d->next, xmi_a32_get(d->r, d->in->rm));
}

static enum arm_why branch_zero(struct a32_doing *d)
{
    bool zero = !xmi_a32_get(d->r, d->in->rn), unless = d->in->flags & A32_NEGATE;
    return zero == unless ? ARM_OK
                          : xmi_a32_branch(d->next, xmi_a32_get(d->r, A32_PC) + d->in->imm);
}

/* ---- all ---- */

static void clear_exclusive(struct a32_doing *d)
{
    if (d->m)
        d->m->bytes = 0;
}

enum arm_why xmi_a32_registers(struct a32_doing *d)
{
    switch (d->in->op) {
    case A32_ALU: return alu(d);
    case A32_BRANCH: return branch(d);
    case A32_BRANCH_REG: return branch_register(d);
    case A32_BRANCH_ZERO: return branch_zero(d);
    case A32_CLEAR_EX: clear_exclusive(d); break;
    case A32_BARRIER: __sync_synchronize(); break;
    case A32_IT: d->next->cpsr = xmi_a32_with_it(d->next->cpsr, d->in->imm); break;
    case A32_MOVT: move_top(d); break;
    case A32_MUL: multiply(d); break;
    case A32_MUL_LONG: multiply_long(d); break;
    case A32_DIVIDE: divide(d); break;
    case A32_EXTEND: extend(d); break;
    case A32_TURN: turn(d); break;
    case A32_FIELD: insert(d); break;
    case A32_EXTRACT: extract(d); break;
    default: break; /* prefetches and hints */
    }
    return ARM_OK;
}
