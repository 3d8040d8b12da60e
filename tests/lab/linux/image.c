/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * image SUM VALUE: what exec makes of a program, checked page by page. The sum of its code is SUM, or is
 * printed if that is 0; constants, written data, zeros and the stack are as they must be, before and after
 * they are written with VALUE. Exit: 0, or which of them is not.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define WORDS 8192u /* of each: 8 pages */
#define EIGHT(f, n) \
    f(n), f((n) + 1), f((n) + 2), f((n) + 3), f((n) + 4), f((n) + 5), f((n) + 6), f((n) + 7)
#define MANY(n) \
    EIGHT(PATTERN, n), EIGHT(PATTERN, (n) + 8), EIGHT(PATTERN, (n) + 16), EIGHT(PATTERN, (n) + 24)
#define MORE(n) MANY(n), MANY((n) + 32), MANY((n) + 64), MANY((n) + 96)
#define PAGE(n) \
    MORE(n), MORE((n) + 128), MORE((n) + 256), MORE((n) + 384), MORE((n) + 512), MORE((n) + 640), \
        MORE((n) + 768), MORE((n) + 896)
#define ALL \
    PAGE(0), PAGE(1024), PAGE(2048), PAGE(3072), PAGE(4096), PAGE(5120), PAGE(6144), PAGE(7168)
#define PATTERN(n) (UINT32_C(0x9e3779b9) * ((n) + 1u))

extern const uint8_t __executable_start[], etext[];

static const volatile uint32_t constants[WORDS] = {ALL};
static volatile uint32_t data[WORDS] = {ALL};
static volatile uint32_t zeros[WORDS];

enum { GOOD, CODE, CONSTANTS, DATA, ZEROS, STACK, WRITTEN };

static uint64_t sum_of(const uint8_t *from, const uint8_t *to)
{
    uint64_t sum = UINT64_C(14695981039346656037);

    for (; from < to; from++)
        sum = (sum ^ *from) * UINT64_C(1099511628211);
    return sum;
}

static int wrong(const volatile uint32_t *at, uint32_t value)
{
    uint32_t i = 0;

    while (i < WORDS && at[i] == PATTERN(i) + value)
        i++;
    return i < WORDS;
}

static void fill(volatile uint32_t *at, uint32_t value)
{
    for (uint32_t i = 0; i < WORDS; i++)
        at[i] = PATTERN(i) + value;
}

static int all_zero(void)
{
    uint32_t i = 0;

    while (i < WORDS && zeros[i] == 0)
        i++;
    return i == WORDS;
}

static int stack_holds(uint32_t value)
{
    volatile uint32_t stack[WORDS];

    fill(stack, value);
    return !wrong(stack, value);
}

static int check(uint64_t sum, uint32_t value)
{
    if (sum && sum_of(__executable_start, etext) != sum)
        return CODE;
    if (wrong(constants, 0))
        return CONSTANTS;
    if (wrong(data, 0))
        return DATA;
    if (!all_zero())
        return ZEROS;
    if (!stack_holds(value))
        return STACK;
    fill(data, value);
    fill(zeros, ~value);
    return wrong(data, value) || wrong(zeros, ~value) ? WRITTEN : GOOD;
}

int main(int argc, char **argv)
{
    uint64_t sum = argc > 1 ? strtoull(argv[1], NULL, 16) : 0;

    if (!sum)
        printf("%llx\n", (unsigned long long)sum_of(__executable_start, etext));
    return check(sum, argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 16) : 0);
}
