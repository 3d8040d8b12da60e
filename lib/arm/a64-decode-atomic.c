/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Exclusives, acquire and release, compare and swap, and those that read, modify and write. */
#include "a64-int.h"

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
