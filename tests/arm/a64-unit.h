/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One A64 instruction at a time on two pages of memory that do not lie together. */
#ifndef A64_UNIT_H
#define A64_UNIT_H

#include "unit/unit.h"

#include "arm/arm.h"

#define PAGE 4096u
#define DATA 0x40000000ull /* where the guest has the two pages */
#define CODE 0x80000000ull
#define EL0T 0u
#define EL1T 4u
#define EL1H 5u
#define MMU 1u
#define SCTLR_A (1u << 1)
#define SCTLR_SA (1u << 3)
#define SCTLR_EE (1u << 25)
#define NZCV(n, z, c, v) ((n) << 31 | (z) << 30 | (c) << 29 | (v) << 28)

static uint8_t page[3][PAGE] __attribute__((aligned(PAGE)));
static struct arm_regs r, before;
static struct arm_monitor monitor;
static struct arm_touch touch;
static struct arm_insn insn;

/* Every register holds what no other does; memory holds its own offset. */
static inline void a64_setup(void)
{
    for (unsigned i = 0; i < 31; i++)
        r.x[i] = 0x1111000000000000ull + i;
    r.pc = CODE;
    r.cpsr = EL1H | NZCV(0u, 1u, 1u, 0u);
    r.sp_el0 = 0x2222000000000000ull;
    r.sp_el1 = DATA + 0x800;
    r.sctlr = MMU | SCTLR_SA;
    for (unsigned i = 0; i < PAGE; i++) {
        page[0][i] = (uint8_t)(i ^ i >> 4);
        page[2][i] = (uint8_t)(i * 3 + 1);
    }
    memset(&monitor, 0, sizeof(monitor));
}

static inline struct arm_place a64_place(const struct arm_touch *t)
{
    uint64_t offset = t->va - DATA;
    ck_assert_uint_lt(offset, 2 * PAGE);
    if (offset >= PAGE)
        return (struct arm_place){{page[2] + offset - PAGE, NULL}, t->bytes};
    uint32_t first = PAGE - (uint32_t)offset < t->bytes ? PAGE - (uint32_t)offset : t->bytes;
    return (struct arm_place){{page[0] + offset, page[2]}, first};
}

/* Once, by m; the answer is the first that is not ARM_OK. */
static inline enum arm_why a64_try(uint32_t word, struct arm_monitor *m)
{
    struct arm_place at = {{NULL, NULL}, 0};
    enum arm_why why = xmi_arm_decode(ARM_A64, word, &insn);
    before = r;
    if (!why)
        why = xmi_arm_touches(&insn, &r, &touch);
    if (!why && touch.bytes)
        at = a64_place(&touch);
    return why ? why : xmi_arm_do(&insn, &touch, &at, &r, m);
}

/* It is done, and the pc moves on by one. */
static inline void a64_run(uint32_t word)
{
    ck_assert_int_eq(a64_try(word, &monitor), ARM_OK);
    ck_assert_uint_eq(r.pc, before.pc + 4);
}

/* It is not done, and nothing was changed. */
static inline void a64_not(uint32_t word, enum arm_why why)
{
    static uint8_t copy[3][PAGE];
    memcpy(copy, page, sizeof(copy));
    ck_assert_int_eq(a64_try(word, &monitor), why);
    ck_assert_mem_eq(&r, &before, sizeof(r));
    ck_assert_mem_eq(copy, page, sizeof(copy));
}

static inline uint8_t *a64_byte(uint64_t va)
{
    return va - DATA < PAGE ? &page[0][va - DATA] : &page[2][va - DATA - PAGE];
}

/* As a little-endian guest sees it. */
static inline uint64_t a64_peek(uint64_t va, unsigned bytes)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < bytes; i++)
        v |= (uint64_t)*a64_byte(va + i) << 8 * i;
    return v;
}

static inline void a64_poke(uint64_t va, unsigned bytes, uint64_t v)
{
    for (unsigned i = 0; i < bytes; i++)
        *a64_byte(va + i) = (uint8_t)(v >> 8 * i);
}

#endif
