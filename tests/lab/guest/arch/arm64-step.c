/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Accesses of each kind that a tool may have to step over: one number is added to what is there. */
#include "../guest.h"
#include "arm64.h"

/* A load and a store of each size; MODE names the registers, W of 32 or X of 64 bits. */
#define EACH_SIZE(DO) \
    switch (size) { \
    case 1: DO("b", "w"); break; \
    case 2: DO("h", "w"); break; \
    case 4: DO("", "w"); break; \
    default: DO("", "x"); \
    }

static uint64_t exclusive(uint64_t addr, uint64_t size, uint64_t value)
{
    uint64_t number, failed = 0;
    uint32_t status;

#define ONE(B, W) \
    __asm__ volatile("1: ldxr" B " %" W "0, [%3]\n" \
                     "add %0, %0, %4\n" \
                     "stxr" B " %w1, %" W "0, [%3]\n" \
                     "cbz %w1, 2f\n" \
                     "add %2, %2, #1\n" \
                     "b 1b\n" \
                     "2:" \
                     : "=&r"(number), "=&r"(status), "+&r"(failed) \
                     : "r"(addr), "r"(value) \
                     : "memory")
    EACH_SIZE(ONE)
#undef ONE
    return failed;
}

static void ordered(uint64_t addr, uint64_t size, uint64_t value)
{
    uint64_t number;

#define ONE(B, W) \
    __asm__ volatile("ldar" B " %" W "0, [%1]\n" \
                     "add %0, %0, %2\n" \
                     "stlr" B " %" W "0, [%1]" \
                     : "=&r"(number) \
                     : "r"(addr), "r"(value) \
                     : "memory")
    EACH_SIZE(ONE)
#undef ONE
}

static uint64_t indexed(uint64_t addr, uint64_t size, uint64_t value)
{
    uint64_t number, base = addr;

#define ONE(B, W) \
    __asm__ volatile("ldr" B " %" W "0, [%1], #24\n" \
                     "add %0, %0, %2\n" \
                     "str" B " %" W "0, [%1, #-24]!" \
                     : "=&r"(number), "+&r"(base) \
                     : "r"(value) \
                     : "memory")
    EACH_SIZE(ONE)
#undef ONE
    return base != addr;
}

static void pair(uint64_t addr, uint64_t size, uint64_t value)
{
    uint64_t first, second;

#define ONE(W) \
    __asm__ volatile("ldp %" W "0, %" W "1, [%2]\n" \
                     "add %0, %0, %3\n" \
                     "add %1, %1, %3\n" \
                     "stp %" W "0, %" W "1, [%2]" \
                     : "=&r"(first), "=&r"(second) \
                     : "r"(addr), "r"(value) \
                     : "memory")
    if (size == 4)
        ONE("w");
    else
        ONE("x");
#undef ONE
}

static void vector(uint64_t addr, uint64_t value)
{
    __asm__ volatile("msr cpacr_el1, %0\nisb" : : "r"(3ull << 20));
    __asm__ volatile(".arch_extension fp\n.arch_extension simd\n"
                     "dup v1.2d, %1\n"
                     "ldr q0, [%0]\n"
                     "add v0.2d, v0.2d, v1.2d\n"
                     "str q0, [%0]"
                     :
                     : "r"(addr), "r"(value)
                     : "memory");
}

static void atomic(uint64_t addr, uint64_t size, uint64_t value)
{
    uint64_t old;

    if (size == 4)
        __asm__ volatile(".arch_extension lse\nldadd %w2, %w0, [%1]"
                         : "=r"(old)
                         : "r"(addr), "r"(value)
                         : "memory");
    else
        __asm__ volatile(".arch_extension lse\nldadd %2, %0, [%1]"
                         : "=r"(old)
                         : "r"(addr), "r"(value)
                         : "memory");
}

/* What was seen last is the first guess: no load but that of the compare and swap. */
static uint64_t swap(uint64_t addr, uint64_t size, uint64_t value, uint64_t *guess)
{
    uint64_t seen = *guess, failed = 0;

    for (;; failed++) {
        uint64_t expected = seen, wanted = expected + value;

        if (size == 4)
            __asm__ volatile(".arch_extension lse\ncas %w0, %w2, [%1]"
                             : "+&r"(seen)
                             : "r"(addr), "r"(wanted)
                             : "memory");
        else
            __asm__ volatile(".arch_extension lse\ncas %0, %2, [%1]"
                             : "+&r"(seen)
                             : "r"(addr), "r"(wanted)
                             : "memory");
        if (seen == expected) {
            *guess = wanted;
            return failed;
        }
    }
}

uint64_t arch_access(uint64_t op, uint64_t addr, uint64_t size, uint64_t value, uint64_t *guess)
{
    switch (op) {
    case LAB_ARM64_EXCLUSIVE: return exclusive(addr, size, value);
    case LAB_ARM64_INDEXED: return indexed(addr, size, value);
    case LAB_ARM64_SWAP: return swap(addr, size, value, guess);
    case LAB_ARM64_ORDERED: ordered(addr, size, value); return 0;
    case LAB_ARM64_PAIR: pair(addr, size, value); return 0;
    case LAB_ARM64_VECTOR: vector(addr, value); return 0;
    default: atomic(addr, size, value); return 0;
    }
}
