/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One A32 or T32 instruction at a time on two pages of memory that do not lie together. */
#ifndef A32_UNIT_H
#define A32_UNIT_H

#include "unit/unit.h"

#include "arm/arm.h"

#define PAGE 4096u
#define DATA 0x40000000u /* where the guest has the two pages */
#define CODE 0x80000000u
#define USR 0x10u
#define SVC 0x13u
#define THUMB ARM_CPSR_T
#define BIG ARM_CPSR_E
#define N_BIT (1u << 31)
#define Z_BIT (1u << 30)
#define C_BIT (1u << 29)
#define V_BIT (1u << 28)
#define FLAGS (N_BIT | Z_BIT | C_BIT | V_BIT)
#define SCTLR_M 1u
#define SCTLR_A 2u
#define SCTLR_ITD (1u << 7)

static uint8_t page[2][PAGE] __attribute__((aligned(PAGE)));
static struct arm_regs r, before;
static struct arm_monitor monitor;
static struct arm_touch touch;
static struct arm_insn insn;

/* Every register holds what no other does, with something above its 32 bits; so does memory. */
static inline void a32_setup(void)
{
    for (unsigned i = 0; i < 31; i++)
        r.x[i] = 0x7777777700000000ull | 0x11110000u | i;
    r.pc = CODE;
    r.cpsr = USR;
    r.sctlr = SCTLR_M;
    for (unsigned i = 0; i < PAGE; i++) {
        page[0][i] = (uint8_t)(i ^ i >> 4);
        page[1][i] = (uint8_t)(i * 3 + 1);
    }
    memset(&monitor, 0, sizeof(monitor));
}

static inline struct arm_place a32_place(const struct arm_touch *t)
{
    uint64_t offset = t->va - DATA;
    ck_assert_uint_lt(offset, 2 * PAGE);
    if (offset >= PAGE)
        return (struct arm_place){{page[1] + offset - PAGE, NULL}, t->bytes};
    uint32_t first = PAGE - (uint32_t)offset < t->bytes ? PAGE - (uint32_t)offset : t->bytes;
    return (struct arm_place){{page[0] + offset, page[1]}, first};
}

/* In the vCPU's instruction set, by m; the answer is the first that is not ARM_OK. */
static inline enum arm_why a32_try(uint32_t word, struct arm_monitor *m)
{
    struct arm_place at = {{NULL, NULL}, 0};
    enum arm_why why = xmi_arm_decode(arm_set_of(&r), word, &insn);
    before = r;
    if (!why)
        why = xmi_arm_touches(&insn, &r, &touch);
    if (!why && touch.bytes)
        at = a32_place(&touch);
    return why ? why : xmi_arm_do(&insn, &touch, &at, &r, m);
}

static inline void a32_jumps(uint32_t word)
{
    ck_assert_msg(a32_try(word, &monitor) == ARM_OK, "%08x is not done", word);
}

/* It is done, and the pc moves on by one. */
static inline void a32_run(uint32_t word)
{
    a32_jumps(word);
    ck_assert_uint_eq(r.pc, before.pc + insn.bytes);
}

/* It is not done, and nothing was changed. */
static inline void a32_not(uint32_t word, enum arm_why why)
{
    static uint8_t copy[2][PAGE];
    struct arm_monitor was = monitor;
    memcpy(copy, page, sizeof(copy));
    enum arm_why is = a32_try(word, &monitor);
    ck_assert_msg(is == why, "%08x: %d, should be %d", word, is, why);
    ck_assert_mem_eq(&r, &before, sizeof(r));
    ck_assert_mem_eq(&monitor, &was, sizeof(was));
    ck_assert_mem_eq(copy, page, sizeof(copy));
}

/* It is done, and touches and changes nothing but the pc. */
static inline void a32_passes(uint32_t word)
{
    static uint8_t copy[2][PAGE];
    memcpy(copy, page, sizeof(copy));
    a32_run(word);
    ck_assert_uint_eq(touch.bytes, 0);
    before.pc = r.pc;
    ck_assert_mem_eq(&r, &before, sizeof(r));
    ck_assert_mem_eq(copy, page, sizeof(copy));
}

static inline uint8_t *a32_byte(uint32_t va)
{
    return va - DATA < PAGE ? &page[0][va - DATA] : &page[1][va - DATA - PAGE];
}

/* As a little-endian vCPU sees it. */
static inline uint64_t a32_peek(uint32_t va, unsigned bytes)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < bytes; i++)
        v |= (uint64_t)*a32_byte(va + i) << 8 * i;
    return v;
}

static inline void a32_poke(uint32_t va, unsigned bytes, uint64_t v)
{
    for (unsigned i = 0; i < bytes; i++)
        *a32_byte(va + i) = (uint8_t)(v >> 8 * i);
}

/* The IT state that IT with these bits begins. */
static inline void a32_it(uint32_t bits)
{
    r.cpsr = (r.cpsr & ~(uint64_t)ARM_CPSR_IT) | (bits & 0xfc) << 8 | (bits & 3) << 25;
}

/* A register that was written is zero above. */
#define reg_eq(n, v) ck_assert_uint_eq(r.x[n], (uint32_t)(v))
#define touched_eq(address, count, how) \
    do { \
        ck_assert_uint_eq(touch.va, address); \
        ck_assert_uint_eq(touch.bytes, count); \
        ck_assert_uint_eq(touch.access, how); \
    } while (0)

#endif
