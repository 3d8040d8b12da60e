/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loads and stores of A64: by general registers, and by what the library leaves to the vCPU. */
#include "ops.h"

#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

/* ---- an operation out of its instructions; a base register that is off at the end spoils the result ---- */

/* %0 the result, %1 a base (`at` and `off`), %2 the value, %3 an index; %4 and %5 are free. */
#define ONE(name, off, index, text) \
    static uint64_t name(uint8_t *at, uint64_t value) \
    { \
        uint64_t got, by = (uint64_t)(index), free1, free2; \
        uint8_t *base = at + (off); \
\
        __asm__ volatile(text \
                         : "=&r"(got), "+&r"(base), "+&r"(value), "+&r"(by), "=&r"(free1), \
                           "=&r"(free2) \
                         : \
                         : "memory", "cc"); \
        return got + (uint64_t)(base - at - (off)); \
    }

/* %0 and %1 the results, %2 a base, %3 and %4 the elements of the value, w9 is free. */
#define TWO(name, off, text) \
    static uint64_t name(uint8_t *at, uint64_t value) \
    { \
        uint64_t got[2]; \
        uint8_t *base = at + (off); \
\
        __asm__ volatile(text \
                         : "=&r"(got[0]), "=&r"(got[1]), "+&r"(base) \
                         : "r"(op_element(value, 0)), "r"(op_element(value, 1)) \
                         : "memory", "cc", "x9", "v0", "v1"); \
        return op_mix(got, 2) + (uint64_t)(base - at - (off)); \
    }

/* Until the store of %w4 succeeds. */
#define LOOP(load, compute, store) "1: " load "\n " compute "\n " store "\n cbnz %w4, 1b"

/* ---- one register ---- */

ONE(byte, 0, 0, "strb %w2, [%1]\n ldrb %w0, [%1]")
ONE(half, 0, 0, "strh %w2, [%1]\n ldrh %w0, [%1]")
ONE(word, 0, 0, "str %w2, [%1]\n ldr %w0, [%1]")
ONE(quad, 0, 0, "str %2, [%1]\n ldr %0, [%1]")
ONE(byte_s32, 0, 0, "strb %w2, [%1]\n ldrsb %w0, [%1]")
ONE(byte_s64, 0, 0, "strb %w2, [%1]\n ldrsb %0, [%1]")
ONE(half_s32, 0, 0, "strh %w2, [%1]\n ldrsh %w0, [%1]")
ONE(half_s64, 0, 0, "strh %w2, [%1]\n ldrsh %0, [%1]")
ONE(word_s64, 0, 0, "str %w2, [%1]\n ldrsw %0, [%1]")
ONE(scaled, -264, 0, "str %2, [%1, #264]\n ldr %0, [%1, #264]")
ONE(unscaled, 9, 0, "stur %2, [%1, #-9]\n ldur %0, [%1, #-9]")
ONE(unscaled_s, 7, 0, "sturh %w2, [%1, #-7]\n ldursh %0, [%1, #-7]")
ONE(unprivileged, -8, 0, "sttr %2, [%1, #8]\n ldtr %0, [%1, #8]")
ONE(unprivileged_s, 3, 0, "sttrb %w2, [%1, #-3]\n ldtrsb %w0, [%1, #-3]")
ONE(post, 0, 0, "str %2, [%1], #24\n ldr %0, [%1, #-24]!")
ONE(pre, 0, 0, "add %1, %1, #16\n str %w2, [%1, #-16]!\n ldr %w0, [%1], #16\n sub %1, %1, #16")
ONE(post_byte, 0, 0, "strb %w2, [%1], #-1\n ldrsb %0, [%1, #1]!")
ONE(indexed, -40, 5, "str %2, [%1, %3, lsl #3]\n ldr %0, [%1, %3, lsl #3]")
ONE(indexed_u, -20, INT64_C(0x7654321000000005),
    "str %w2, [%1, %w3, uxtw #2]\n ldr %w0, [%1, %w3, uxtw #2]")
ONE(indexed_s, 10, INT64_C(0x76543210fffffffb),
    "strh %w2, [%1, %w3, sxtw #1]\n ldrsh %w0, [%1, %w3, sxtw #1]")
ONE(zeroes, 0, 0, "str %2, [%1]\n str xzr, [%1]\n ldr xzr, [%1]\n str %2, [%1]\n ldr %0, [%1]")

/* ---- pairs ---- */

TWO(pair, 0, "stp %3, %4, [%2]\n ldp %0, %1, [%2]")
TWO(pair_word, -32, "stp %w3, %w4, [%2, #32]\n ldp %w0, %w1, [%2, #32]")
TWO(pair_s, 16, "stp %w3, %w4, [%2, #-16]\n ldpsw %0, %1, [%2, #-16]")
TWO(pair_post, 0, "stp %3, %4, [%2], #32\n ldp %0, %1, [%2, #-32]!")
TWO(pair_pre, 0,
    "add %2, %2, #8\n stp %w3, %w4, [%2, #-8]!\n ldp %w0, %w1, [%2], #8\n sub %2, %2, #8")
TWO(pair_stream, 0, "stnp %3, %4, [%2]\n ldnp %0, %1, [%2]")

/* ---- acquire and release, exclusives ---- */

ONE(ordered, 0, 0, "stlr %2, [%1]\n ldar %0, [%1]")
ONE(ordered_word, 0, 0, "stlr %w2, [%1]\n ldar %w0, [%1]")
ONE(ordered_half, 0, 0, "stlrh %w2, [%1]\n ldarh %w0, [%1]")
ONE(ordered_byte, 0, 0, "stlrb %w2, [%1]\n ldarb %w0, [%1]")
ONE(ex, 0, 0, LOOP("ldxr %0, [%1]", "add %5, %0, %2", "stxr %w4, %5, [%1]"))
ONE(ex_word, 0, 0, LOOP("ldaxr %w0, [%1]", "add %w5, %w0, %w2", "stlxr %w4, %w5, [%1]"))
ONE(ex_half, 0, 0, LOOP("ldxrh %w0, [%1]", "eor %w5, %w0, %w2", "stlxrh %w4, %w5, [%1]"))
ONE(ex_byte, 0, 0, LOOP("ldaxrb %w0, [%1]", "orr %w5, %w0, %w2", "stxrb %w4, %w5, [%1]"))
TWO(ex_pair, 0, "1: ldxp %0, %1, [%2]\n stxp w9, %3, %4, [%2]\n cbnz w9, 1b")

/* ---- LSE, RCpc ---- */

#define LSE ".arch_extension lse\n"
ONE(lse_add, 0, 0, LSE "ldadd %2, %0, [%1]")
ONE(lse_add_word, 0, 0, LSE "ldaddal %w2, %w0, [%1]")
ONE(lse_set, 0, 0, LSE "ldseta %2, %0, [%1]")
ONE(lse_xor, 0, 0, LSE "ldeorlh %w2, %w0, [%1]")
ONE(lse_clear, 0, 0, LSE "ldclrb %w2, %w0, [%1]")
ONE(lse_swap, 0, 0, LSE "swpal %2, %0, [%1]")
ONE(lse_cas, 0, 0,
    LSE "ldr %0, [%1]\n mov %5, %0\n add %4, %0, %2\n casal %5, %4, [%1]\n"
        "eor %5, %5, %0\n add %0, %0, %5") /* what it saw was what was loaded */
ONE(rcpc, 0, 0, ".arch_extension rcpc\n stlr %2, [%1]\n ldapr %0, [%1]")

/* The laboratory's processors have blocks of 64 bytes; elsewhere this is tried without it. */
ONE(zva, 0, 0,
    "mrs %4, dczid_el0\n cmp %4, #4\n b.ne 1f\n dc zva, %1\n b 2f\n"
    "1: stp xzr, xzr, [%1]\n stp xzr, xzr, [%1, #16]\n stp xzr, xzr, [%1, #32]\n"
    "stp xzr, xzr, [%1, #48]\n 2: mov %0, #0")

static const struct op ops[] = {
    {"strb, ldrb", byte, OP_MOVE, 1, 1, 1, 0, 1, 1, 0},
    {"strh, ldrh", half, OP_MOVE, 2, 1, 1, 0, 1, 1, 0},
    {"str, ldr w", word, OP_MOVE, 4, 1, 1, 0, 1, 1, 0},
    {"str, ldr x", quad, OP_MOVE, 8, 1, 1, 0, 1, 1, 0},
    {"strb, ldrsb w", byte_s32, OP_MOVE, 1, 1, 1, 32, 1, 1, 0},
    {"strb, ldrsb x", byte_s64, OP_MOVE, 1, 1, 1, 64, 1, 1, 0},
    {"strh, ldrsh w", half_s32, OP_MOVE, 2, 1, 1, 32, 1, 1, 0},
    {"strh, ldrsh x", half_s64, OP_MOVE, 2, 1, 1, 64, 1, 1, 0},
    {"str w, ldrsw", word_s64, OP_MOVE, 4, 1, 1, 64, 1, 1, 0},
    {"scaled", scaled, OP_MOVE, 8, 1, 1, 0, 1, 1, 0},
    {"stur, ldur", unscaled, OP_MOVE, 8, 1, 1, 0, 1, 1, 0},
    {"sturh, ldursh", unscaled_s, OP_MOVE, 2, 1, 1, 64, 1, 1, 0},
    {"sttr, ldtr", unprivileged, OP_MOVE, 8, 1, 1, 0, 1, 1, 0},
    {"sttrb, ldtrsb", unprivileged_s, OP_MOVE, 1, 1, 1, 32, 1, 1, 0},
    {"post-index, pre-index", post, OP_MOVE, 8, 1, 1, 0, 1, 1, 0},
    {"pre-index, post-index", pre, OP_MOVE, 4, 1, 1, 0, 1, 1, 0},
    {"post-index of a byte", post_byte, OP_MOVE, 1, 1, 1, 64, 1, 1, 0},
    {"lsl #3", indexed, OP_MOVE, 8, 1, 1, 0, 1, 1, 0},
    {"uxtw #2", indexed_u, OP_MOVE, 4, 1, 1, 0, 1, 1, 0},
    {"sxtw #1", indexed_s, OP_MOVE, 2, 1, 1, 32, 1, 1, 0},
    {"xzr", zeroes, OP_MOVE, 8, 1, 1, 0, 2, 3, 0},
    {"stp, ldp x", pair, OP_MOVE, 8, 2, 1, 0, 1, 1, 0},
    {"stp, ldp w", pair_word, OP_MOVE, 4, 2, 1, 0, 1, 1, 0},
    {"stp w, ldpsw", pair_s, OP_MOVE, 4, 2, 1, 64, 1, 1, 0},
    {"stp, ldp post-index, pre-index", pair_post, OP_MOVE, 8, 2, 1, 0, 1, 1, 0},
    {"stp, ldp pre-index, post-index", pair_pre, OP_MOVE, 4, 2, 1, 0, 1, 1, 0},
    {"stnp, ldnp", pair_stream, OP_MOVE, 8, 2, 1, 0, 1, 1, 0},
    {"stlr, ldar x", ordered, OP_MOVE, 8, 1, 8, 0, 1, 1, 0},
    {"stlr, ldar w", ordered_word, OP_MOVE, 4, 1, 4, 0, 1, 1, 0},
    {"stlrh, ldarh", ordered_half, OP_MOVE, 2, 1, 2, 0, 1, 1, 0},
    {"stlrb, ldarb", ordered_byte, OP_MOVE, 1, 1, 1, 0, 1, 1, 0},
    {"ldxr, stxr x", ex, OP_ADD, 8, 1, 8, 0, 1, 1, 0},
    {"ldaxr, stlxr w", ex_word, OP_ADD, 4, 1, 4, 0, 1, 1, 0},
    {"ldxrh, stlxrh", ex_half, OP_XOR, 2, 1, 2, 0, 1, 1, 0},
    {"ldaxrb, stxrb", ex_byte, OP_OR, 1, 1, 1, 0, 1, 1, 0},
    {"ldxp, stxp x", ex_pair, OP_SWAP, 8, 2, 16, 0, 1, 1, 0},
    {"ldadd x", lse_add, OP_ADD, 8, 1, 8, 0, 1, 1, HWCAP_ATOMICS},
    {"ldaddal w", lse_add_word, OP_ADD, 4, 1, 4, 0, 1, 1, HWCAP_ATOMICS},
    {"ldseta x", lse_set, OP_OR, 8, 1, 8, 0, 1, 1, HWCAP_ATOMICS},
    {"ldeorlh", lse_xor, OP_XOR, 2, 1, 2, 0, 1, 1, HWCAP_ATOMICS},
    {"ldclrb", lse_clear, OP_CLEAR, 1, 1, 1, 0, 1, 1, HWCAP_ATOMICS},
    {"swpal x", lse_swap, OP_SWAP, 8, 1, 8, 0, 1, 1, HWCAP_ATOMICS},
    {"casal x", lse_cas, OP_ADD, 8, 1, 8, 0, 2, 1, HWCAP_ATOMICS},
    {"stlr, ldapr x", rcpc, OP_MOVE, 8, 1, 8, 0, 1, 1, HWCAP_LRCPC},
    {"dc zva", zva, OP_ZERO, 64, 1, 64, 0, 0, 1, 0},
};

static uint64_t sum(const uint8_t *at, size_t bytes)
{
    uint64_t total = 0;
    size_t i;

    for (i = 0; i < bytes; i += 16) {
        uint64_t first, second;

        __asm__ volatile("ldp %0, %1, [%2]" : "=&r"(first), "=&r"(second) : "r"(at + i) : "memory");
        total = op_sum_word(op_sum_word(total, (uint32_t)first), (uint32_t)(first >> 32));
        total = op_sum_word(op_sum_word(total, (uint32_t)second), (uint32_t)(second >> 32));
    }
    return total;
}

const struct op_set op_a64 = {ops, sizeof(ops) / sizeof(ops[0]), sum};

/* ---- vector registers, and what the kernel does with a user's page ---- */

TWO(vector, 0,
    "mov v0.d[0], %3\n mov v0.d[1], %4\n str q0, [%2]\n ldr q1, [%2]\n umov %0, v1.d[0]\n umov %1, v1.d[1]")
TWO(vector_load, 0, "stp %3, %4, [%2]\n ld1 {v1.16b}, [%2]\n umov %0, v1.d[0]\n umov %1, v1.d[1]")
TWO(vector_store, 0, "mov v0.d[0], %3\n mov v0.d[1], %4\n st1 {v0.16b}, [%2]\n ldp %0, %1, [%2]")
TWO(vector_pair, 0, "fmov d0, %3\n fmov d1, %4\n stp d0, d1, [%2]\n ldp %0, %1, [%2]")
TWO(general, 0, "stp %3, %4, [%2]\n ldp %0, %1, [%2]")

/* The kernel writes the page, and reads it. */
static uint64_t copied(uint8_t *at, uint64_t value)
{
    static int ends[2] = {-1, -1};
    uint64_t words[2] = {op_element(value, 0), op_element(value, 1)}, got[2] = {0, 0};

    if (ends[0] < 0 && pipe(ends))
        return 0;
    if (write(ends[1], words, sizeof(words)) != sizeof(words) ||
        read(ends[0], at, sizeof(words)) != sizeof(words) ||
        write(ends[1], at, sizeof(words)) != sizeof(words) ||
        read(ends[0], got, sizeof(got)) != sizeof(got))
        return 0;
    return op_mix(got, 2);
}

static const struct op vector_ops[] = {
    {"str, ldr q", vector, OP_MOVE, 8, 2, 1, 0, 1, 1, 0},
    {"stp x, ld1", vector_load, OP_MOVE, 8, 2, 1, 0, 1, 1, 0},
    {"st1, ldp x", vector_store, OP_MOVE, 8, 2, 1, 0, 1, 1, 0},
    {"stp d, ldp x", vector_pair, OP_MOVE, 8, 2, 1, 0, 1, 1, 0},
    {"stp, ldp x", general, OP_MOVE, 8, 2, 1, 0, 1, 1, 0},
    {"read(), write()", copied, OP_MOVE, 8, 2, 8, 0, 0, 0, 0},
};

static uint64_t vector_sum(const uint8_t *at, size_t bytes)
{
    uint64_t total = 0;
    size_t i;

    for (i = 0; i < bytes; i += 16) {
        uint32_t words[4];

        __asm__ volatile("ldr q0, [%0]\n str q0, [%1]"
                         :
                         : "r"(at + i), "r"(words)
                         : "v0", "memory");
        total = op_sum_word(op_sum_word(total, words[0]), words[1]);
        total = op_sum_word(op_sum_word(total, words[2]), words[3]);
    }
    return total;
}

const struct op_set op_vector = {vector_ops, sizeof(vector_ops) / sizeof(vector_ops[0]),
                                 vector_sum};
