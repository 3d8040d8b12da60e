/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The Cortex-R52's step by a mismatch breakpoint, which no emulator has: what debug.c writes, read as a
 * processor reads it (DDI 0568, breakpoint debug events). An instruction of a guest stops if one breakpoint that is on matches it, or is of the
 * mismatch kind and does not, unless debug exceptions are masked.
 */
#include "fake-env.h"

#include "bare.h"
#include <debug-regs.h>

#define DBGDIDR ENCODED(p14, 0u, 0u, 0u, 0u)
#define DBGDSCR ENCODED(p14, 0u, 0u, 2u, 2u)
#define DBGOSLAR ENCODED(p14, 0u, 1u, 0u, 4u)
#define DBGOSLSR ENCODED(p14, 0u, 1u, 1u, 4u)
#define DBGOSDLR ENCODED(p14, 0u, 1u, 3u, 4u)
#define DBGBVR(n) (ENCODED(p14, 0u, 0u, 0u, 4u) + ((n) << 3))
#define DBGBCR(n) (ENCODED(p14, 0u, 0u, 0u, 5u) + ((n) << 3))
#define HDCR ENCODED(p15, 4u, 1u, 1u, 1u)
#define VBAR ENCODED(p15, 0u, 12u, 0u, 0u)
#define BREAKS 8u
#define T32 (1u << 5)
#define PC UINT32_C(0x20104010)

static uint32_t reg[1u << 15], before[1u << 15];

uint32_t r52_read(unsigned at)
{
    return reg[at];
}

void r52_write(unsigned at, uint32_t v)
{
    if (at == DBGOSLAR)
        reg[DBGOSLSR] = v == 0xc5acce55u ? 2u : 0;
    else
        reg[at] = v;
}

struct bare_cpu *arch_cpu(void)
{
    static struct bare_cpu cpu;

    return &cpu;
}

/* Eight breakpoints and watchpoints, and a guest that has some of its own on. */
static void start(void)
{
    memset(reg, 0, sizeof(reg));
    reg[DBGDIDR] = 7u << 28 | 7u << 24;
    reg[VBAR] = 0x20100000;
    arch_debug_fill();
    reg[DBGBVR(3)] = PC; /* it stopped there, and goes on */
    reg[DBGBCR(3)] = 0xfu << 5 | 3u << 1 | 1u;
    memcpy(before, reg, sizeof(reg));
    arch_step_take(0);
}

/* At EL1, where TDE has debug exceptions taken to EL2. */
static bool stops(uint32_t at)
{
    bool masked = (reg[DBGDSCR] & 1u << 15) == 0 || (reg[DBGOSLSR] & 2u) != 0 ||
                  (reg[DBGOSDLR] & 1u) != 0;
    bool stop = false;

    for (unsigned i = 0; i < BREAKS; i++) {
        uint32_t control = reg[DBGBCR(i)], value = reg[DBGBVR(i)];
        bool is = value == (at & ~3u) && (control >> 5 & 0xfu & 1u << (at & 2u)) != 0;

        ck_assert_uint_eq(value & 3u, 0);
        if ((control & 1u) == 0 || (control >> 1 & 3u) != 3u)
            continue;
        ck_assert_uint_eq(control & ~(1u | 3u << 1 | 0xfu << 5 | 4u << 20), 0); /* not linked */
        stop |= (control >> 20 & 4u) != 0 ? !is : is;
    }
    return stop && !masked && (reg[HDCR] & 1u << 8) != 0;
}

/* The one instruction does not stop, any other does: beside it, far from it, in a handler. */
static void check_step(uint32_t pc, bool thumb)
{
    struct bare_regs regs = {.pc = pc, .flags = thumb ? T32 : 0};
    struct arch_debug dbg;

    ck_assert(arch_step_on(&dbg, &regs, NULL, 0));
    ck_assert(!stops(pc));
    for (uint32_t at = pc - 64; at < pc + 64; at += thumb ? 2 : 4)
        ck_assert_int_eq(stops(at), at != pc);
    for (uint32_t at = reg[VBAR]; at < reg[VBAR] + 32; at += 4)
        ck_assert(stops(at));
    ck_assert(stops(0xfffffffcu) && stops(0));
    regs.pc = pc + 4;
    ck_assert(arch_step_off(&dbg, &regs, true));
    ck_assert_mem_eq(reg, before, sizeof(reg));
}

START_TEST(one_instruction)
{
    start();
    check_step(PC, false);
    check_step(PC, true);
    check_step(PC + 2, true);
}
END_TEST

/* The guest's locks and its mask are as before, whatever they were; a step that was not done is told from one that was. */
START_TEST(the_guests_own)
{
    struct bare_regs regs = {.pc = PC};
    struct arch_debug dbg;

    for (unsigned how = 0; how < 8; how++) {
        start();
        reg[DBGOSLSR] = how & 1 ? 2u : 0;
        reg[DBGOSDLR] = how >> 1 & 1;
        reg[DBGDSCR] = how & 4 ? 1u << 15 | 1u << 12 : 1u << 12;
        memcpy(before, reg, sizeof(reg));
        ck_assert(arch_step_on(&dbg, &regs, NULL, 0));
        ck_assert(!stops(PC) && stops(PC + 4));
        ck_assert(!arch_step_off(&dbg, &regs, false));
        ck_assert_mem_eq(reg, before, sizeof(reg));
    }
}
END_TEST

/* Nothing is written where it cannot be: at a vector that it might raise, with pages to watch in a guest that has watchpoints. */
START_TEST(refused)
{
    struct bare_regs regs = {.pc = 0x20100004, .flags = T32};
    const uintptr_t page = 0x20200000;
    struct arch_debug dbg;

    start();
    ck_assert(!arch_step_on(&dbg, &regs, NULL, 0));
    ck_assert_mem_eq(reg, before, sizeof(reg));
    regs.pc = PC;
    reg[DBGOSLSR] = reg[DBGOSDLR] = 0;
    reg[DBGDSCR] = 1u << 15;
    memcpy(before, reg, sizeof(reg));
    ck_assert(!arch_step_on(&dbg, &regs, &page, 1));
    ck_assert_mem_eq(reg, before, sizeof(reg));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("bare-r52");
    TCase *c = tcase_create("bare-r52");

    tcase_add_test(c, one_instruction);
    tcase_add_test(c, the_guests_own);
    tcase_add_test(c, refused);
    suite_add_tcase(s, c);
    return fake_run(s);
}
