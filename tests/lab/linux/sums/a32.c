/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loads and stores of a 32-bit program; compiled once as A32 and once as T32, with a name of its SET each. */
#include "ops.h"

/* %0 the result, %1 a base (`at` and `off`), %2 the value, %3 an index; %4 and %5 are free. */
#define ONE(name, off, index, text) \
    static uint64_t name(uint8_t *at, uint64_t value) \
    { \
        uint32_t got, v = (uint32_t)value, by = (index), free1, free2; \
        uint8_t *base = at + (off); \
\
        __asm__ volatile(text \
                         : "=&r"(got), "+&r"(base), "+&r"(v), "+&r"(by), "=&r"(free1), \
                           "=&r"(free2) \
                         : \
                         : "memory", "cc"); \
        return got + (uint64_t)(base - at - (off)); \
    }

/* The elements go to r4, r5, r6 and r8 and come from there; %0 is the base. */
#define MANY(name, off, n, text) \
    static uint64_t name(uint8_t *at, uint64_t value) \
    { \
        uint32_t words[4]; \
        uint64_t got[4]; \
        uint8_t *base = at + (off); \
        unsigned i; \
\
        for (i = 0; i < 4; i++) \
            words[i] = (uint32_t)op_element(value, i); \
        __asm__ volatile("ldm %1, {r4, r5, r6, r8}\n " text "\n stm %1, {r4, r5, r6, r8}" \
                         : "+&r"(base) \
                         : "r"(words) \
                         : "memory", "cc", "r4", "r5", "r6", "r8", "r9", "r12"); \
        for (i = 0; i < 4; i++) \
            got[i] = words[i]; \
        return op_mix(got, n) + (uint64_t)(base - at - (off)); \
    }

#define FORGET "mov r4, #0\n mov r5, #0\n mov r6, #0\n mov r8, #0\n "
#define LOOP(load, compute, store) "1: " load "\n " compute "\n " store "\n cmp %4, #0\n bne 1b"

ONE(byte, 0, 0, "strb %2, [%1]\n ldrb %0, [%1]")
ONE(half, 0, 0, "strh %2, [%1]\n ldrh %0, [%1]")
ONE(word, 0, 0, "str %2, [%1]\n ldr %0, [%1]")
ONE(byte_s, 0, 0, "strb %2, [%1]\n ldrsb %0, [%1]")
ONE(half_s, 0, 0, "strh %2, [%1]\n ldrsh %0, [%1]")
ONE(offset, -100, 0, "str %2, [%1, #100]\n ldr %0, [%1, #100]")
ONE(negative, 4, 0, "strb %2, [%1, #-4]\n ldrsb %0, [%1, #-4]")
ONE(post, 0, 0, "str %2, [%1], #24\n ldr %0, [%1, #-24]!")
ONE(pre, 16, 0, "strh %2, [%1, #-16]!\n ldrsh %0, [%1], #16")
ONE(indexed, -20, 5, "str %2, [%1, %3, lsl #2]\n ldr %0, [%1, %3, lsl #2]")
ONE(indexed_byte, -5, 5, "strb %2, [%1, %3]\n ldrb %0, [%1, %3]")
/* On a condition that holds, and on one that does not, whose access must not be made. */
ONE(conditional, 0, 0,
    "mov %4, #0\n cmp %1, #0\n itte ne\n strne %2, [%1]\n ldrne %0, [%1]\n ldreq %0, [%4]")
ONE(ordered, 0, 0, "stl %2, [%1]\n lda %0, [%1]")
ONE(ordered_half, 0, 0, "stlh %2, [%1]\n ldah %0, [%1]")
ONE(ordered_byte, 0, 0, "stlb %2, [%1]\n ldab %0, [%1]")
ONE(ex, 0, 0, LOOP("ldrex %0, [%1]", "add %5, %0, %2", "strex %4, %5, [%1]"))
ONE(ex_ordered, 0, 0, LOOP("ldaex %0, [%1]", "eor %5, %0, %2", "stlex %4, %5, [%1]"))
ONE(ex_half, 0, 0, LOOP("ldrexh %0, [%1]", "orr %5, %0, %2", "strexh %4, %5, [%1]"))
ONE(ex_byte, 0, 0, LOOP("ldrexb %0, [%1]", "bic %5, %0, %2", "strexb %4, %5, [%1]"))
MANY(dual, 0, 2, "strd r4, r5, [%0]\n " FORGET "ldrd r4, r5, [%0]")
MANY(dual_back, 0, 2, "strd r4, r5, [%0], #8\n " FORGET "ldrd r4, r5, [%0, #-8]!")
MANY(multiple, 0, 4, "stmia %0, {r4, r5, r6, r8}\n " FORGET "ldmia %0, {r4, r5, r6, r8}")
MANY(multiple_back, 0, 4, "stmia %0!, {r4, r5, r6, r8}\n " FORGET "ldmdb %0!, {r4, r5, r6, r8}")
MANY(ex_dual, 0, 2,
     "mov r8, r4\n mov r9, r5\n 1: ldrexd r4, r5, [%0]\n strexd r12, r8, r9, [%0]\n"
     "cmp r12, #0\n bne 1b")

static const struct op ops[] = {
    {"strb, ldrb", byte, OP_MOVE, 1, 1, 1, 0, 1, 1, 0},
    {"strh, ldrh", half, OP_MOVE, 2, 1, 1, 0, 1, 1, 0},
    {"str, ldr", word, OP_MOVE, 4, 1, 1, 0, 1, 1, 0},
    {"strb, ldrsb", byte_s, OP_MOVE, 1, 1, 1, 32, 1, 1, 0},
    {"strh, ldrsh", half_s, OP_MOVE, 2, 1, 1, 32, 1, 1, 0},
    {"an offset", offset, OP_MOVE, 4, 1, 1, 0, 1, 1, 0},
    {"a negative one", negative, OP_MOVE, 1, 1, 1, 32, 1, 1, 0},
    {"post-index, pre-index", post, OP_MOVE, 4, 1, 1, 0, 1, 1, 0},
    {"pre-index, post-index", pre, OP_MOVE, 2, 1, 1, 32, 1, 1, 0},
    {"lsl #2", indexed, OP_MOVE, 4, 1, 1, 0, 1, 1, 0},
    {"an index", indexed_byte, OP_MOVE, 1, 1, 1, 0, 1, 1, 0},
    {"conditions", conditional, OP_MOVE, 4, 1, 1, 0, 1, 1, 0},
    {"stl, lda", ordered, OP_MOVE, 4, 1, 4, 0, 1, 1, 0},
    {"stlh, ldah", ordered_half, OP_MOVE, 2, 1, 2, 0, 1, 1, 0},
    {"stlb, ldab", ordered_byte, OP_MOVE, 1, 1, 1, 0, 1, 1, 0},
    {"ldrex, strex", ex, OP_ADD, 4, 1, 4, 0, 1, 1, 0},
    {"ldaex, stlex", ex_ordered, OP_XOR, 4, 1, 4, 0, 1, 1, 0},
    {"ldrexh, strexh", ex_half, OP_OR, 2, 1, 2, 0, 1, 1, 0},
    {"ldrexb, strexb", ex_byte, OP_CLEAR, 1, 1, 1, 0, 1, 1, 0},
    {"strd, ldrd", dual, OP_MOVE, 4, 2, 4, 0, 1, 1, 0},
    {"strd, ldrd write-back", dual_back, OP_MOVE, 4, 2, 4, 0, 1, 1, 0},
    {"stm, ldm", multiple, OP_MOVE, 4, 4, 4, 0, 1, 1, 0},
    {"stm, ldm write-back", multiple_back, OP_MOVE, 4, 4, 4, 0, 1, 1, 0},
    {"ldrexd, strexd", ex_dual, OP_SWAP, 4, 2, 8, 0, 1, 1, 0},
};

static uint64_t sum(const uint8_t *at, size_t bytes)
{
    uint64_t total = 0;
    size_t i;
    unsigned k;

    for (i = 0; i < bytes; i += 16) {
        uint32_t words[4];

        __asm__ volatile("ldm %0, {r4, r5, r6, r8}\n stm %1, {r4, r5, r6, r8}"
                         :
                         : "r"(at + i), "r"(words)
                         : "r4", "r5", "r6", "r8", "memory");
        for (k = 0; k < 4; k++)
            total = op_sum_word(total, words[k]);
    }
    return total;
}

const struct op_set SET = {ops, sizeof(ops) / sizeof(ops[0]), sum};
