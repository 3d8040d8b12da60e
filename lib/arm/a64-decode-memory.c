/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loads and stores of general registers, as the architecture lays them out. */
#include "arm-int.h"

#define OPC(w) a64_bits(w, 22, 2)
#define SIZE(w) a64_bits(w, 30, 2)
#define RT(w) a64_bits(w, 0, 5)
#define RN(w) a64_bits(w, 5, 5)
#define RT2(w) a64_bits(w, 10, 5)
#define RS(w) a64_bits(w, 16, 5)
#define VECTOR(w) a64_bits(w, 26, 1)

static void common(uint32_t word, struct a64_insn *a, unsigned size, unsigned count)
{
    a->rd = (uint8_t)RT(word);
    a->rn = (uint8_t)RN(word);
    a->rm = (uint8_t)RS(word);
    a->ra = (uint8_t)RT2(word);
    a->size = (uint8_t)size;
    a->count = (uint8_t)count;
}

static void is(struct arm_insn *out, enum arm_kind kind, enum a64_op op)
{
    out->kind = (uint8_t)kind;
    out->u.a64.op = (uint8_t)op;
}

/* opc of one register: 0 store, 1 load, 2 load signed to 64 bits, 3 to 32. False: unallocated. */
static bool one_register(uint32_t word, struct arm_insn *out)
{
    struct a64_insn *a = &out->u.a64;
    unsigned opc = OPC(word);
    if ((opc == 3 && SIZE(word) >= 2) || (opc == 2 && SIZE(word) == 3))
        return false;
    if (opc)
        is(out, ARM_LOAD, A64_LOAD);
    else
        is(out, ARM_STORE, A64_STORE);
    if (opc >= 2)
        a->flags |= A64_SIGNED;
    if (opc == 2)
        a->flags |= A64_WIDE;
    return true;
}

/* Where a register is loaded and the base is written, or they are one, nobody knows. */
static void check_write_back(struct a64_insn *a)
{
    bool same = a->rn == a->rd || (a->count == 2 && a->rn == a->ra);
    if ((a->flags & A64_WRITE_BACK) && same && a->rn != A64_ZR)
        a->flags |= A64_UNSURE;
}

static bool is_prefetch(uint32_t word)
{
    return SIZE(word) == 3 && OPC(word) == 2;
}

static enum arm_why unsigned_offset(uint32_t word, struct arm_insn *out)
{
    if (is_prefetch(word))
        is(out, ARM_PREFETCH, A64_PREFETCH);
    else if (!one_register(word, out))
        return ARM_UNKNOWN;
    out->u.a64.imm = (int64_t)a64_bits(word, 10, 12) << SIZE(word);
    return ARM_OK;
}

/* LDUR, LDR post-index, LDTR, LDR pre-index by bits 11:10 */
static enum arm_why small_offset(uint32_t word, struct arm_insn *out)
{
    static const uint16_t flags[] = {0, A64_WRITE_BACK | A64_POST, A64_UNPRIV, A64_WRITE_BACK};
    struct a64_insn *a = &out->u.a64;
    unsigned form = a64_bits(word, 10, 2);
    if (is_prefetch(word) && !form)
        is(out, ARM_PREFETCH, A64_PREFETCH);
    else if (!one_register(word, out))
        return ARM_UNKNOWN;
    a->flags |= flags[form];
    a->imm = a64_signed(a64_bits(word, 12, 9), 9);
    check_write_back(a);
    return ARM_OK;
}

static enum arm_why register_offset(uint32_t word, struct arm_insn *out)
{
    struct a64_insn *a = &out->u.a64;
    unsigned option = a64_bits(word, 13, 3);
    if (!(option & 2))
        return ARM_UNKNOWN;
    if (is_prefetch(word))
        is(out, ARM_PREFETCH, A64_PREFETCH);
    else if (!one_register(word, out))
        return ARM_UNKNOWN;
    a->flags |= A64_BY_REG;
    a->ext = (uint8_t)option;
    a->shift = a64_bits(word, 12, 1) ? a->size : 0;
    return ARM_OK;
}

static enum arm_why one_of_many(uint32_t word, struct arm_insn *out)
{
    common(word, &out->u.a64, SIZE(word), 1);
    if (a64_bits(word, 24, 1))
        return VECTOR(word) ? ARM_VECTOR : unsigned_offset(word, out);
    if (VECTOR(word))
        return ARM_VECTOR;
    if (!a64_bits(word, 21, 1))
        return small_offset(word, out);
    switch (a64_bits(word, 10, 2)) {
    case 0: return xmi_a64_decode_atomic(word, out);
    case 2: return register_offset(word, out);
    default: return ARM_UNKNOWN; /* with pointer authentication */
    }
}

static enum arm_why literal(uint32_t word, struct arm_insn *out)
{
    struct a64_insn *a = &out->u.a64;
    unsigned opc = SIZE(word);
    if (VECTOR(word))
        return opc == 3 ? ARM_UNKNOWN : ARM_VECTOR;
    common(word, a, opc == 1 ? 3 : 2, 1);
    a->flags = A64_LITERAL;
    a->imm = a64_signed(a64_bits(word, 5, 19), 19) * 4;
    if (opc == 3) {
        is(out, ARM_PREFETCH, A64_PREFETCH);
        return ARM_OK;
    }
    is(out, ARM_LOAD, A64_LOAD);
    if (opc == 2)
        a->flags |= A64_SIGNED | A64_WIDE;
    return ARM_OK;
}

/* Bits 24:23 say how: LDNP, post-index, offset, pre-index. */
static enum arm_why pair(uint32_t word, struct arm_insn *out)
{
    static const uint16_t flags[] = {0, A64_WRITE_BACK | A64_POST, 0, A64_WRITE_BACK};
    struct a64_insn *a = &out->u.a64;
    unsigned opc = SIZE(word), form = a64_bits(word, 23, 2);
    bool load = a64_bits(word, 22, 1);
    if (opc == 3)
        return ARM_UNKNOWN;
    if (VECTOR(word))
        return ARM_VECTOR;
    if (opc == 1 && (!load || !form))
        return ARM_UNKNOWN; /* STGP */
    common(word, a, opc == 2 ? 3 : 2, 2);
    is(out, load ? ARM_LOAD : ARM_STORE, load ? A64_LOAD : A64_STORE);
    a->flags = flags[form];
    if (opc == 1)
        a->flags |= A64_SIGNED | A64_WIDE;
    if (load && a->rd == a->ra)
        a->flags |= A64_UNSURE;
    a->imm = a64_signed(a64_bits(word, 15, 7), 7) * (1 << a->size);
    check_write_back(a);
    return ARM_OK;
}

/* LDAPUR, STLUR */
static enum arm_why ordered_offset(uint32_t word, struct arm_insn *out)
{
    struct a64_insn *a = &out->u.a64;
    if (VECTOR(word) || a64_bits(word, 21, 1) || a64_bits(word, 10, 2))
        return ARM_UNKNOWN;
    common(word, a, SIZE(word), 1);
    if (!one_register(word, out))
        return ARM_UNKNOWN;
    a->flags |= A64_ALIGNED | (out->kind == ARM_LOAD ? A64_ACQUIRE : A64_RELEASE);
    a->imm = a64_signed(a64_bits(word, 12, 9), 9);
    return ARM_OK;
}

/* Bits 27 and 25 are 1 and 0. */
enum arm_why xmi_a64_decode_memory(uint32_t word, struct arm_insn *out)
{
    bool high = a64_bits(word, 24, 1);
    switch (a64_bits(word, 28, 2)) {
    case 0:
        if (VECTOR(word))
            return ARM_VECTOR; /* structures */
        return high ? ARM_UNKNOWN : xmi_a64_decode_exclusive(word, out);
    case 1: return high ? ordered_offset(word, out) : literal(word, out);
    case 2: return pair(word, out);
    default: return one_of_many(word, out);
    }
}

/* ---- exclusives and atomics ---- */

#define ACQUIRE_LSE (1u << 23)
#define RELEASE_LSE (1u << 22)

static enum arm_why take(uint32_t word, struct arm_insn *out, enum arm_kind kind, enum a64_op op)
{
    struct a64_insn *a = &out->u.a64;
    out->kind = (uint8_t)kind;
    a->op = (uint8_t)op;
    a->rd = (uint8_t)a64_bits(word, 0, 5);
    a->rn = (uint8_t)a64_bits(word, 5, 5);
    a->ra = (uint8_t)a64_bits(word, 10, 5);
    a->rm = (uint8_t)a64_bits(word, 16, 5);
    a->flags |= A64_ALIGNED;
    a->count = 1;
    return ARM_OK;
}

enum arm_why xmi_a64_decode_atomic(uint32_t word, struct arm_insn *out)
{
    struct a64_insn *a = &out->u.a64;
    unsigned opc = a64_bits(word, 12, 3);
    bool acquire = word & ACQUIRE_LSE, release = word & RELEASE_LSE;
    a->size = (uint8_t)a64_bits(word, 30, 2);
    a->flags = (uint16_t)((acquire ? A64_ACQUIRE : 0) | (release ? A64_RELEASE : 0));
    a->sub = (uint8_t)opc;
    if (!a64_bits(word, 15, 1))
        return take(word, out, ARM_ATOMIC, A64_RMW);
    a->sub = A64_SWP;
    if (!opc)
        return take(word, out, ARM_ATOMIC, A64_RMW);
    if (opc == 4 && acquire && !release && a64_bits(word, 16, 5) == A64_ZR)
        return take(word, out, ARM_LOAD, A64_LOAD); /* LDAPR */
    return ARM_UNKNOWN;
}

/* The status may be none of the registers that are stored, nor the base. */
static void check_status(struct a64_insn *a)
{
    if (a->rm == a->rd || (a->count == 2 && a->rm == a->ra) || (a->rm == a->rn && a->rn != A64_ZR))
        a->flags |= A64_UNSURE;
}

static enum arm_why exclusive(uint32_t word, struct arm_insn *out, unsigned count, bool load)
{
    struct a64_insn *a = &out->u.a64;
    a->size = (uint8_t)(count == 2 ? 2 + a64_bits(word, 30, 1) : a64_bits(word, 30, 2));
    if (a64_bits(word, 15, 1))
        a->flags |= load ? A64_ACQUIRE : A64_RELEASE;
    (void)(load ? take(word, out, ARM_LOAD_EX, A64_LOAD_EX)
                : take(word, out, ARM_STORE_EX, A64_STORE_EX));
    a->count = (uint8_t)count;
    if (!load)
        check_status(a);
    else if (a->rm != A64_ZR)
        return ARM_UNKNOWN;
    if (load && count == 2 && a->rd == a->ra)
        a->flags |= A64_UNSURE;
    return count == 1 && a->ra != A64_ZR ? ARM_UNKNOWN : ARM_OK;
}

/* LDAR, STLR, LDLAR, STLLR */
static enum arm_why ordered(uint32_t word, struct arm_insn *out, bool load)
{
    struct a64_insn *a = &out->u.a64;
    a->size = (uint8_t)a64_bits(word, 30, 2);
    a->flags |= load ? A64_ACQUIRE : A64_RELEASE;
    (void)(load ? take(word, out, ARM_LOAD, A64_LOAD) : take(word, out, ARM_STORE, A64_STORE));
    return a->rm == A64_ZR && a->ra == A64_ZR ? ARM_OK : ARM_UNKNOWN;
}

static enum arm_why swap_if(uint32_t word, struct arm_insn *out, unsigned count)
{
    struct a64_insn *a = &out->u.a64;
    a->size = (uint8_t)(count == 2 ? 2 + a64_bits(word, 30, 1) : a64_bits(word, 30, 2));
    a->flags |= (uint16_t)((a64_bits(word, 22, 1) ? A64_ACQUIRE : 0) |
                           (a64_bits(word, 15, 1) ? A64_RELEASE : 0));
    (void)take(word, out, ARM_ATOMIC, A64_SWAP_IF);
    a->count = (uint8_t)count;
    if (count == 2 && ((a->rm | a->rd) & 1))
        return ARM_UNKNOWN;
    return a->ra == A64_ZR ? ARM_OK : ARM_UNKNOWN;
}

enum arm_why xmi_a64_decode_exclusive(uint32_t word, struct arm_insn *out)
{
    bool load = a64_bits(word, 22, 1);
    switch (a64_bits(word, 21, 1) | a64_bits(word, 23, 1) << 1) {
    case 0: return exclusive(word, out, 1, load);
    case 1: return a64_bits(word, 31, 1) ? exclusive(word, out, 2, load) : swap_if(word, out, 2);
    case 2: return ordered(word, out, load);
    default: return swap_if(word, out, 1);
    }
}
