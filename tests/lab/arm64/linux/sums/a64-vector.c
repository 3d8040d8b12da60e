/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the library leaves to the vCPU: vector registers, and what the kernel does with a user's page. */
#include "ops.h"

#include "a64.h"

#include <string.h>
#include <unistd.h>

TWO(vector, 0, "mov v0.d[0], %3\n mov v0.d[1], %4\n str q0, [%2]\n ldr q1, [%2]\n umov %0, v1.d[0]\n umov %1, v1.d[1]")
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

static const struct op ops[] = {
    {"str, ldr q", vector, OP_MOVE, 8, 2, 1, 0, 1, 1, 0},
    {"stp x, ld1", vector_load, OP_MOVE, 8, 2, 1, 0, 1, 1, 0},
    {"st1, ldp x", vector_store, OP_MOVE, 8, 2, 1, 0, 1, 1, 0},
    {"stp d, ldp x", vector_pair, OP_MOVE, 8, 2, 1, 0, 1, 1, 0},
    {"stp, ldp x", general, OP_MOVE, 8, 2, 1, 0, 1, 1, 0},
    {"read(), write()", copied, OP_MOVE, 8, 2, 8, 0, 0, 0, 0},
};

static uint64_t sum(const uint8_t *at, size_t bytes)
{
    uint64_t total = 0;
    size_t i;

    for (i = 0; i < bytes; i += 16) {
        uint32_t words[4];

        __asm__ volatile("ldr q0, [%0]\n str q0, [%1]" : : "r"(at + i), "r"(words) : "v0", "memory");
        total = op_sum_word(op_sum_word(total, words[0]), words[1]);
        total = op_sum_word(op_sum_word(total, words[2]), words[3]);
    }
    return total;
}

const struct op_set op_vector = {ops, sizeof(ops) / sizeof(ops[0]), sum};
