/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Operations on memory: each is one form of store, or load, or both, and says what memory and its
 * result have to be afterwards, so that a model in plain C can follow it.
 */
#ifndef OPS_H
#define OPS_H

#include <stddef.h>
#include <stdint.h>

/* Of `count` elements of `bytes`, beside each other; element i is of op_element(value, i). */
enum op_kind {
    OP_MOVE, /* stores them, and loads them again */
    OP_SWAP, /* stores them; gives back what was there */
    OP_ADD,  /* adds, and so on; gives back what was there */
    OP_OR,
    OP_XOR,
    OP_CLEAR,
    OP_ZERO,
};

struct op {
    const char *name;
    /* The result: op_mix() of the elements. */
    uint64_t (*run)(uint8_t *at, uint64_t value);
    uint8_t kind, bytes, count, align;
    uint8_t sign;          /* bits that a loaded element is extended to by its sign; 0: by zeroes */
    uint8_t loads, stores; /* accesses that it makes */
    unsigned long needs;   /* HWCAP_* */
};

struct op_set {
    const struct op *ops;
    size_t count;
    /* Adds up the `bytes` at `at`, as op_sum() does, by loads of 16. */
    uint64_t (*sum)(const uint8_t *at, size_t bytes);
};

/* Those of the program; what is not in it is NULL. */
extern const struct op_set op_a64 __attribute__((weak)), op_vector __attribute__((weak)),
    op_arm __attribute__((weak)), op_thumb __attribute__((weak));

static inline uint64_t op_element(uint64_t value, unsigned i)
{
    return value * (2u * i + 1u);
}

static inline uint64_t op_mix(const uint64_t *elements, unsigned count)
{
    uint64_t mix = 0;
    unsigned i;

    for (i = 0; i < count; i++)
        mix += op_element(elements[i], i);
    return mix;
}

/* Fletcher's sums, of words. */
static inline uint64_t op_sum_word(uint64_t sum, uint32_t word)
{
    uint32_t low = (uint32_t)sum + word, high = (uint32_t)(sum >> 32) + low;

    return (uint64_t)high << 32 | low;
}

#endif
