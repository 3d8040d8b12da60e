/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An operation out of its instructions. A base register that is off at the end spoils the result. */
#ifndef A64_H
#define A64_H

/* %0 the result, %1 a base (`at` and `off`), %2 the value, %3 an index; %4 and %5 are free. */
#define ONE(name, off, index, text)                                                                  \
    static uint64_t name(uint8_t *at, uint64_t value)                                                \
    {                                                                                                \
        uint64_t got, by = (uint64_t)(index), free1, free2;                                          \
        uint8_t *base = at + (off);                                                                  \
                                                                                                     \
        __asm__ volatile(text                                                                        \
                         : "=&r"(got), "+&r"(base), "+&r"(value), "+&r"(by), "=&r"(free1),           \
                           "=&r"(free2)                                                              \
                         :                                                                           \
                         : "memory", "cc");                                                          \
        return got + (uint64_t)(base - at - (off));                                                  \
    }

/* %0 and %1 the results, %2 a base, %3 and %4 the elements of the value, w9 is free. */
#define TWO(name, off, text)                                                                         \
    static uint64_t name(uint8_t *at, uint64_t value)                                                \
    {                                                                                                \
        uint64_t got[2];                                                                             \
        uint8_t *base = at + (off);                                                                  \
                                                                                                     \
        __asm__ volatile(text                                                                        \
                         : "=&r"(got[0]), "=&r"(got[1]), "+&r"(base)                                 \
                         : "r"(op_element(value, 0)), "r"(op_element(value, 1))                      \
                         : "memory", "cc", "x9", "v0", "v1");                                        \
        return op_mix(got, 2) + (uint64_t)(base - at - (off));                                       \
    }

/* Until the store of %w4 succeeds. */
#define LOOP(load, compute, store) "1: " load "\n " compute "\n " store "\n cbnz %w4, 1b"

#endif
