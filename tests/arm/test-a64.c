/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A64: loads, stores, exclusives and atomics on memory. */
#include "a64-unit.h"

#define V 0x8182838485868788ull
#define AT (DATA + 0x100)

static void base_is(uint64_t va)
{
    r.x[1] = va;
}

static void holds(uint64_t va, uint64_t value)
{
    a64_poke(va, 8, value);
}

START_TEST(loads_by_size)
{
    static const struct {
        uint32_t word;
        uint64_t want;
    } rows[] = {
        {0xf9400020, V},                  /* ldr x0, [x1] */
        {0xb9400020, 0x85868788},         /* ldr w0, [x1] */
        {0x79400020, 0x8788},             /* ldrh w0, [x1] */
        {0x39400020, 0x88},               /* ldrb w0, [x1] */
        {0xb9800020, 0xffffffff85868788}, /* ldrsw x0, [x1] */
        {0x79800020, 0xffffffffffff8788}, /* ldrsh x0, [x1] */
        {0x79c00020, 0xffff8788},         /* ldrsh w0, [x1] */
        {0x39800020, 0xffffffffffffff88}, /* ldrsb x0, [x1] */
        {0x39c00020, 0xffffff88},         /* ldrsb w0, [x1] */
        {0xc8dffc20, V},                  /* ldar x0, [x1] */
        {0x88df7c20, 0x85868788},         /* ldlar w0, [x1] */
        {0xf8bfc020, V},                  /* ldapr x0, [x1] */
        {0x99800020, 0xffffffff85868788}, /* ldapursw x0, [x1] */
        {0xf8400820, V},                  /* ldtr x0, [x1] */
    };
    base_is(AT);
    holds(AT, V);
    for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        a64_run(rows[i].word);
        ck_assert_uint_eq(r.x[0], rows[i].want);
        ck_assert_int_eq(insn.kind, ARM_LOAD);
        ck_assert_uint_eq(touch.access, ARM_READS);
        ck_assert(touch.single);
    }
}
END_TEST

START_TEST(stores_by_size)
{
    static const struct {
        uint32_t word;
        unsigned bytes;
    } rows[] = {
        {0xf9000020, 8}, /* str x0, [x1] */
        {0xb9000020, 4}, /* str w0, [x1] */
        {0x79000020, 2}, /* strh w0, [x1] */
        {0x39000020, 1}, /* strb w0, [x1] */
        {0x889ffc20, 4}, /* stlr w0, [x1] */
        {0x089ffc20, 1}, /* stlrb w0, [x1] */
        {0xc89f7c20, 8}, /* stllr x0, [x1] */
        {0x38000820, 1}, /* sttrb w0, [x1] */
    };
    base_is(AT);
    r.x[0] = V;
    for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        unsigned bytes = rows[i].bytes;
        holds(AT - 1, ~0ull);
        holds(AT + 7, ~0ull);
        a64_run(rows[i].word);
        ck_assert_uint_eq(a64_peek(AT, bytes), V & (~0ull >> (64 - 8 * bytes)));
        ck_assert_uint_eq(*a64_byte(AT - 1), 0xff);
        ck_assert_uint_eq(*a64_byte(AT + bytes), 0xff);
        ck_assert_uint_eq(touch.access, ARM_WRITES);
    }
}
END_TEST

START_TEST(addressing)
{
    base_is(AT);
    holds(AT - 8, V);
    a64_run(0xf85f8020); /* ldur x0, [x1, #-8] */
    ck_assert_uint_eq(r.x[0], V);
    ck_assert_uint_eq(r.x[1], AT);
    holds(AT, V + 1);
    a64_run(0xf8410420); /* ldr x0, [x1], #16 */
    ck_assert_uint_eq(r.x[0], V + 1);
    ck_assert_uint_eq(r.x[1], AT + 16);
    a64_run(0xf85f0c20); /* ldr x0, [x1, #-16]! */
    ck_assert_uint_eq(touch.va, AT);
    ck_assert_uint_eq(r.x[1], AT);
    r.x[2] = 0xffffffff; /* -1 by its lower half */
    a64_run(0xf862d820); /* ldr x0, [x1, w2, sxtw #3] */
    ck_assert_uint_eq(r.x[0], V);
    r.x[2] = 2;
    a64_run(0xf8627820); /* ldr x0, [x1, x2, lsl #3] */
    ck_assert_uint_eq(touch.va, AT + 16);
    r.x[2] = 0xf00000000000003;
    a64_run(0x38624820); /* ldrb w0, [x1, w2, uxtw] */
    ck_assert_uint_eq(touch.va, AT + 3);
    r.x[2] = 1;
    a64_run(0x7822783f); /* strh wzr, [x1, x2, lsl #1] */
    ck_assert_uint_eq(a64_peek(AT, 4), (uint32_t)(V + 1) & 0xffff);
    r.x[2] = 1;
    a64_run(0xf8225820); /* str x0, [x1, w2, uxtw #3] */
    ck_assert_uint_eq(touch.va, AT + 8);
}
END_TEST

START_TEST(literals)
{
    r.pc = AT;
    holds(AT + 16, V);
    a64_run(0x58000080); /* ldr x0, .+16 */
    ck_assert_uint_eq(r.x[0], V);
    r.pc = AT + 24;
    a64_run(0x58ffffc0); /* ldr x0, .-8 */
    ck_assert_uint_eq(r.x[0], V);
    r.pc = AT + 12;
    a64_run(0x98000020); /* ldrsw x0, .+4 */
    ck_assert_uint_eq(r.x[0], 0xffffffff85868788);
}
END_TEST

START_TEST(pairs)
{
    base_is(AT);
    holds(AT, V);
    holds(AT + 8, 1);
    a64_run(0xa9400820); /* ldp x0, x2, [x1] */
    ck_assert_uint_eq(r.x[0], V);
    ck_assert_uint_eq(r.x[2], 1);
    ck_assert_uint_eq(touch.bytes, 16);
    ck_assert(!touch.single);
    a64_run(0x69400820); /* ldpsw x0, x2, [x1] */
    ck_assert_uint_eq(r.x[0], 0xffffffff85868788);
    ck_assert_uint_eq(r.x[2], 0xffffffff81828384);
    a64_run(0x29410820); /* ldp w0, w2, [x1, #8] */
    ck_assert_uint_eq(r.x[0], 1);
    ck_assert_uint_eq(r.x[2], 0);
    r.x[0] = V;
    a64_run(0xa9bf7c20); /* stp x0, xzr, [x1, #-16]! */
    ck_assert_uint_eq(r.x[1], AT - 16);
    ck_assert_uint_eq(a64_peek(AT - 16, 8), V);
    ck_assert_uint_eq(a64_peek(AT - 8, 8), 0);
    a64_run(0xa8410820); /* ldnp x0, x2, [x1, #16] */
    ck_assert_uint_eq(r.x[0], V);
    r.x[2] = 0x1234567890;
    a64_run(0x28000820); /* stnp w0, w2, [x1] */
    ck_assert_uint_eq(a64_peek(AT - 16, 8), 0x3456789085868788);
}
END_TEST

START_TEST(pairs_that_are_not_aligned)
{
    for (unsigned by = 0; by < 16; by++) {
        base_is(AT + by);
        r.x[0] = V, r.x[2] = ~V;
        a64_run(0xa9000820); /* stp x0, x2, [x1] */
        ck_assert_uint_eq(a64_peek(AT + by, 8), V);
        ck_assert_uint_eq(a64_peek(AT + by + 8, 8), ~V);
        r.x[0] = r.x[2] = 0;
        a64_run(0xa9400820); /* ldp x0, x2, [x1] */
        ck_assert_uint_eq(r.x[0], V);
        ck_assert_uint_eq(r.x[2], ~V);
        a64_run(0x29400820); /* ldp w0, w2, [x1] */
        ck_assert_uint_eq(r.x[0], (uint32_t)V);
        ck_assert_uint_eq(r.x[2], V >> 32);
    }
}
END_TEST

START_TEST(over_the_end_of_a_page)
{
    for (unsigned before_end = 1; before_end < 16; before_end++) {
        uint64_t va = DATA + PAGE - before_end;
        base_is(va);
        r.x[0] = V, r.x[2] = ~V;
        a64_run(0xa9000820); /* stp x0, x2, [x1] */
        ck_assert_uint_eq(touch.va, va);
        ck_assert_uint_eq(a64_peek(va, 8), V);
        ck_assert_uint_eq(a64_peek(va + 8, 8), ~V);
        r.x[0] = 0;
        a64_run(0xf9400020); /* ldr x0, [x1] */
        ck_assert_uint_eq(r.x[0], V);
        ck_assert_uint_eq(touch.single, before_end == 8);
    }
}
END_TEST

START_TEST(big_endian)
{
    base_is(AT);
    holds(AT, V);
    r.sctlr |= SCTLR_EE;
    a64_run(0xf9400020); /* ldr x0, [x1] */
    ck_assert_uint_eq(r.x[0], 0x8887868584838281);
    a64_run(0x79800020); /* ldrsh x0, [x1] */
    ck_assert_uint_eq(r.x[0], 0xffffffffffff8887);
    a64_run(0x29400820); /* ldp w0, w2, [x1] */
    ck_assert_uint_eq(r.x[0], 0x88878685);
    ck_assert_uint_eq(r.x[2], 0x84838281);
    r.x[0] = 1;
    a64_run(0xf8200022); /* ldadd x0, x2, [x1] */
    ck_assert_uint_eq(r.x[2], 0x8887868584838281);
    ck_assert_uint_eq(a64_peek(AT, 8), 0x8282838485868788);
    a64_run(0x887f0c20); /* ldxp w0, w3, [x1] */
    ck_assert_uint_eq(r.x[0], 0x88878685);
    ck_assert_uint_eq(r.x[3], 0x84838282);
    r.x[0] = 0x01020304, r.x[3] = 0x05060708;
    a64_run(0x88220c20); /* stxp w2, w0, w3, [x1] */
    ck_assert_uint_eq(r.x[2], 0);
    ck_assert_uint_eq(a64_peek(AT, 8), 0x0807060504030201);
    r.cpsr = EL0T;       /* where another bit says it */
    a64_run(0xb9400020); /* ldr w0, [x1] */
    ck_assert_uint_eq(r.x[0], 0x04030201);
    r.sctlr |= 1u << 24;
    a64_run(0xb9400020);
    ck_assert_uint_eq(r.x[0], 0x01020304);
}
END_TEST

START_TEST(big_endian_of_sixteen)
{
    base_is(AT);
    r.sctlr |= SCTLR_EE;
    r.x[2] = 0x8887868584838281, r.x[3] = 7;
    r.x[4] = 1, r.x[5] = 2;
    holds(AT, V);
    holds(AT + 8, 7ull << 56);
    a64_run(0x48227c24); /* casp x2, x3, x4, x5, [x1] */
    ck_assert_uint_eq(r.x[2], 0x8887868584838281);
    ck_assert_uint_eq(a64_peek(AT, 8), 1ull << 56);
    ck_assert_uint_eq(a64_peek(AT + 8, 8), 2ull << 56);
    a64_run(0xa9400820); /* ldp x0, x2, [x1] */
    ck_assert_uint_eq(r.x[0], 1);
    ck_assert_uint_eq(r.x[2], 2);
    a64_run(0xa9000022); /* stp x2, x0, [x1] */
    ck_assert_uint_eq(a64_peek(AT, 8), 2ull << 56);
}
END_TEST

START_TEST(stack_pointer)
{
    r.x[0] = V;
    a64_run(0xb81f0fe0); /* str w0, [sp, #-16]! */
    ck_assert_uint_eq(r.sp_el1, DATA + 0x7f0);
    ck_assert_uint_eq(a64_peek(DATA + 0x7f0, 4), 0x85868788);
    a64_run(0xa8c17bfd); /* ldp x29, x30, [sp], #16 */
    ck_assert_uint_eq(r.sp_el1, DATA + 0x800);
    ck_assert_uint_eq((uint32_t)r.x[29], 0x85868788);
    r.cpsr = EL1T, r.sp_el0 = DATA + 0x40;
    a64_run(0xf80107ff); /* str xzr, [sp], #16 */
    ck_assert_uint_eq(r.sp_el0, DATA + 0x50);
    ck_assert_uint_eq(a64_peek(DATA + 0x40, 8), 0);
    ck_assert(!touch.user);
    r.cpsr = EL0T;
    a64_run(0xf94003e2); /* ldr x2, [sp] */
    ck_assert(touch.user);
}
END_TEST

START_TEST(stack_pointer_not_aligned)
{
    r.sp_el1 += 8;
    a64_not(0xf94003e2, ARM_FAULTS); /* ldr x2, [sp] */
    a64_not(0xa8c17bfd, ARM_FAULTS); /* ldp x29, x30, [sp], #16 */
    r.sctlr &= ~(uint64_t)SCTLR_SA;
    a64_run(0xf94003e2);
    r.cpsr = EL0T, r.sp_el0 = DATA + 8;
    a64_run(0xf94003e2);
    r.sctlr |= 1u << 4;
    a64_not(0xf94003e2, ARM_FAULTS);
    r.cpsr = 9; /* EL2 */
    a64_not(0xf94003e2, ARM_UNSURE);
    a64_not(0xf9400020, ARM_UNSURE);
}
END_TEST

START_TEST(alignment)
{
    static const uint32_t strict[] = {
        0xc8dffc20, /* ldar x0, [x1] */
        0x889ffc20, /* stlr w0, [x1] */
        0xf8bfc020, /* ldapr x0, [x1] */
        0x99800020, /* ldapursw x0, [x1] */
        0xc85f7c20, /* ldxr x0, [x1] */
        0xc8027c20, /* stxr w2, x0, [x1] */
        0xf8200022, /* ldadd x0, x2, [x1] */
        0xc8a07c22, /* cas x0, x2, [x1] */
    };
    base_is(AT + 2);
    for (unsigned i = 0; i < sizeof(strict) / sizeof(*strict); i++)
        a64_not(strict[i], ARM_FAULTS);
    a64_run(0xf9400020); /* ldr x0, [x1] */
    r.sctlr |= SCTLR_A;
    a64_not(0xf9400020, ARM_FAULTS);
    a64_run(0x79400020); /* ldrh w0, [x1] */
    r.sctlr = 0;         /* no stage 1: Device */
    a64_not(0xf9400020, ARM_FAULTS);
    base_is(AT + 8);
    a64_run(0xf9400020);
    a64_run(0xa9400820);             /* ldp x0, x2, [x1]: of 8 bytes each */
    a64_not(0xc87f0c20, ARM_FAULTS); /* ldxp x0, x3, [x1]: of 16 */
    a64_not(0x48227c24, ARM_FAULTS); /* casp x2, x3, x4, x5, [x1] */
    a64_run(0x887f0c20);             /* ldxp w0, w3, [x1] */
}
END_TEST

START_TEST(rights)
{
    base_is(AT);
    a64_run(0xf9400020); /* ldr x0, [x1] */
    ck_assert(!touch.user);
    a64_run(0xf8400820); /* ldtr x0, [x1] */
    ck_assert(touch.user);
    r.cpsr |= 1u << 23; /* UAO */
    a64_run(0xf8400820);
    ck_assert(!touch.user);
    a64_run(0xf8200022); /* ldadd x0, x2, [x1] */
    ck_assert_uint_eq(touch.access, ARM_READS | ARM_WRITES);
    r.sctlr |= 1ull << 40; /* tags are checked */
    a64_not(0xf9400020, ARM_UNSURE);
}
END_TEST

START_TEST(not_known_what_the_processor_does)
{
    static const uint32_t words[] = {
        0xf8408421, /* ldr x1, [x1], #8 */
        0xf8008c21, /* str x1, [x1, #8]! */
        0xa8810420, /* stp x0, x1, [x1], #16 */
        0xa9400020, /* ldp x0, x0, [x1] */
        0xc87f0020, /* ldxp x0, x0, [x1] */
        0xc8027c22, /* stxr w2, x2, [x1] */
        0xc8017c20, /* stxr w1, x0, [x1] */
        0xc8220820, /* stxp w2, x0, x2, [x1] */
    };
    base_is(AT);
    for (unsigned i = 0; i < sizeof(words) / sizeof(*words); i++)
        a64_not(words[i], ARM_UNSURE);
    base_is(~0ull - 3);
    a64_not(0xf9400020, ARM_UNSURE); /* ldr x0, [x1]: over the end of all */
    base_is(AT);
    r.x[2] = 8;
    a64_run(0xf8626821); /* ldr x1, [x1, x2]: no write-back */
}
END_TEST

START_TEST(not_ours)
{
    static const uint32_t vector[] = {0x3dc00020, 0x6d400420, 0x1c000040, 0x4c407020, 0xa5e0a020};
    static const uint32_t unknown[] = {
        0xd4000001,                         /* svc #0 */
        0xd53b4200,                         /* mrs x0, nzcv */
        0xf8200420,                         /* ldraa x0, [x1] */
        0xd5033b9f,                         /* dsb ish */
        0xd503209f,                         /* sev */
        0xd503233f,                         /* paciasp */
        0x1ac24020,                         /* crc32b w0, w1, w2 */
        0x00000000, 0xffffffff, 0x48237c24, /* casp of an odd register */
        0xd9200020,                         /* stg */
        0x69000820,                         /* stgp */
        0xc85f0020,                         /* ldxr with a second register */
    };
    for (unsigned i = 0; i < sizeof(vector) / sizeof(*vector); i++)
        a64_not(vector[i], ARM_VECTOR);
    for (unsigned i = 0; i < sizeof(unknown) / sizeof(*unknown); i++)
        a64_not(unknown[i], ARM_UNKNOWN);
}
END_TEST

/* ---- exclusives ---- */

START_TEST(exclusive_succeeds)
{
    base_is(AT);
    holds(AT, V);
    a64_run(0xc85f7c20); /* ldxr x0, [x1] */
    ck_assert_uint_eq(r.x[0], V);
    ck_assert_int_eq(insn.kind, ARM_LOAD_EX);
    r.x[0]++;
    a64_run(0xc8027c20); /* stxr w2, x0, [x1] */
    ck_assert_uint_eq(r.x[2], 0);
    ck_assert(monitor.stored);
    ck_assert_uint_eq(a64_peek(AT, 8), V + 1);
    holds(AT, V);
    a64_run(0xc8027c20); /* its monitor is gone */
    ck_assert_uint_eq(r.x[2], 1);
    ck_assert(!monitor.stored);
}
END_TEST

START_TEST(exclusive_fails)
{
    base_is(AT);
    holds(AT, V);
    a64_run(0xc85f7c20);    /* ldxr x0, [x1] */
    a64_poke(AT + 7, 1, 0); /* another vCPU */
    a64_run(0xc8027c20);    /* stxr w2, x0, [x1] */
    ck_assert_uint_eq(r.x[2], 1);
    ck_assert_uint_eq(a64_peek(AT, 8), V << 8 >> 8);
    holds(AT + 8, a64_peek(AT, 8));
    a64_run(0xc85f7c20);
    base_is(AT + 8); /* elsewhere, and the same is there */
    a64_run(0xc8027c20);
    ck_assert_uint_eq(r.x[2], 1);
    a64_run(0xc85f7c20);
    a64_run(0x885f7c20); /* ldxr w0, [x1] */
    a64_run(0xc8027c20); /* of another size */
    ck_assert_uint_eq(r.x[2], 1);
    a64_run(0xc85f7c20);
    a64_run(0xd5033f5f); /* clrex */
    a64_run(0xc8027c20);
    ck_assert_uint_eq(r.x[2], 1);
}
END_TEST

START_TEST(exclusive_of_bytes_and_pairs)
{
    base_is(AT);
    holds(AT, V);
    holds(AT + 8, ~V);
    a64_run(0x085ffc20); /* ldaxrb w0, [x1] */
    ck_assert_uint_eq(r.x[0], 0x88);
    r.x[0] = 0x7ff;
    a64_run(0x0802fc20); /* stlxrb w2, w0, [x1] */
    ck_assert_uint_eq(r.x[2], 0);
    ck_assert_uint_eq(a64_peek(AT, 2), 0x87ff);
    a64_run(0xc87f0c20); /* ldxp x0, x3, [x1] */
    ck_assert_uint_eq(r.x[3], ~V);
    r.x[0] = 1, r.x[3] = 2;
    a64_run(0xc8220c20); /* stxp w2, x0, x3, [x1] */
    ck_assert_uint_eq(r.x[2], 0);
    ck_assert_uint_eq(a64_peek(AT, 8), 1);
    ck_assert_uint_eq(a64_peek(AT + 8, 8), 2);
    a64_run(0xc87f0c20);
    holds(AT + 8, 3);
    a64_run(0xc8220c20);
    ck_assert_uint_eq(r.x[2], 1);
    ck_assert_uint_eq(a64_peek(AT + 8, 8), 3);
}
END_TEST

START_TEST(exclusive_without_a_monitor)
{
    base_is(AT);
    ck_assert_int_eq(a64_try(0xc85f7c20, NULL), ARM_EXCLUSIVE); /* ldxr x0, [x1] */
    ck_assert_int_eq(a64_try(0xc8027c20, NULL), ARM_EXCLUSIVE); /* stxr w2, x0, [x1] */
    ck_assert_mem_eq(&r, &before, sizeof(r));
    ck_assert_int_eq(a64_try(0xd5033f5f, NULL), ARM_OK); /* clrex */
}
END_TEST

/* ---- atomics ---- */

START_TEST(atomics)
{
    static const struct {
        uint32_t word;
        uint64_t by, want;
    } rows[] = {
        {0xf8200022, 2, V + 2},                                 /* ldadd x0, x2, [x1] */
        {0x38e00022, 0xffff, (V & ~0xffull) | 0x87},            /* ldaddalb w0, w2, [x1] */
        {0x78201022, 0xff00, (V & ~0xffffull) | 0x88},          /* ldclrh w0, w2, [x1] */
        {0xb8202022, ~0ull, (V & ~0xffffffffull) | 0x7a797877}, /* ldeor w0, w2, [x1] */
        {0xf8203022, 1, V | 1},                                 /* ldset x0, x2, [x1] */
        {0xb8204022, 5, (V & ~0xffffffffull) | 5},              /* ldsmax w0, w2, [x1] */
        {0x38205022, 5, V},                                     /* ldsminb w0, w2, [x1] */
        {0x78206022, 0xf00008, V},                              /* ldumaxh w0, w2, [x1] */
        {0xf8207022, 5, 5},                                     /* ldumin x0, x2, [x1] */
        {0xf8208022, 9, 9},                                     /* swp x0, x2, [x1] */
        {0x38e08022, 0x109, (V & ~0xffull) | 9},                /* swpalb w0, w2, [x1] */
    };
    base_is(AT);
    for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        unsigned bits = 8u << (rows[i].word >> 30);
        holds(AT, V);
        r.x[0] = rows[i].by;
        a64_run(rows[i].word);
        ck_assert_int_eq(insn.kind, ARM_ATOMIC);
        ck_assert_uint_eq(a64_peek(AT, 8), rows[i].want);
        ck_assert_uint_eq(r.x[2], V & (~0ull >> (64 - bits)));
    }
    r.x[0] = 1;
    a64_run(0xf820003f); /* stadd x0, [x1] */
    ck_assert_uint_eq(a64_peek(AT, 8), ((V & ~0xffull) | 9) + 1);
}
END_TEST

START_TEST(compare_and_swap)
{
    base_is(AT);
    holds(AT, V);
    r.x[0] = V, r.x[2] = 1;
    a64_run(0xc8a07c22); /* cas x0, x2, [x1] */
    ck_assert_uint_eq(r.x[0], V);
    ck_assert_uint_eq(a64_peek(AT, 8), 1);
    r.x[2] = 7;
    a64_run(0xc8a07c22);
    ck_assert_uint_eq(r.x[0], 1);
    ck_assert_uint_eq(a64_peek(AT, 8), 1);
    r.x[0] = 0xffffffff00000001;
    a64_run(0x48e0fc22); /* casalh w0, w2, [x1] */
    ck_assert_uint_eq(r.x[0], 1);
    ck_assert_uint_eq(a64_peek(AT, 8), 7);
    holds(AT, V);
    r.x[2] = (uint32_t)V, r.x[3] = V >> 32, r.x[4] = 1, r.x[5] = 2;
    a64_run(0x0862fc24); /* caspal w2, w3, w4, w5, [x1] */
    ck_assert_uint_eq(a64_peek(AT, 8), 0x0000000200000001);
    holds(AT + 8, 0);
    r.x[30] = 0x0000000200000001;
    a64_run(0x483e7c24); /* casp x30, xzr, x4, x5, [x1] */
    ck_assert_uint_eq(a64_peek(AT, 8), 1);
    ck_assert_uint_eq(a64_peek(AT + 8, 8), 2);
    ck_assert_uint_eq(r.x[30], 0x0000000200000001);
}
END_TEST

/* ---- neither ---- */

START_TEST(touches_nothing)
{
    static const uint32_t words[] = {0xf9800020, 0xf8803020, 0xd503201f, 0xd503205f,
                                     0xd5033bbf, 0xd5033fdf, 0xd503245f, 0xd5033f5f};
    r.x[1] = 3;
    for (unsigned i = 0; i < sizeof(words) / sizeof(*words); i++) {
        a64_run(words[i]);
        ck_assert_uint_eq(touch.bytes, 0);
        r.pc = before.pc;
        ck_assert_mem_eq(&r, &before, sizeof(r));
    }
}
END_TEST

/* What they would do is this machine's to say; where it does not, they are not done. */
START_TEST(blocks_and_lines)
{
    uint32_t bytes = xmi_arm_place_zero_bytes();
    base_is(AT + 5);
    ck_assert_int_eq(xmi_arm_decode(ARM_A64, 0xd50b7421, &insn), ARM_OK);
    ck_assert_int_eq(insn.kind, ARM_ZERO);
    if (bytes)
        a64_run(0xd50b7421); /* dc zva, x1 */
    else
        a64_not(0xd50b7421, ARM_UNSURE);
    ck_assert_uint_eq(!a64_peek(AT, 8), !!bytes);
    if (xmi_arm_place_clean_can())
        a64_run(0xd50b7a21); /* dc cvac, x1 */
    else
        a64_not(0xd50b7a21, ARM_UNSURE);
    a64_not(0xd50b7521, ARM_UNSURE); /* ic ivau, x1 */
    a64_not(0xd50b7c21, ARM_UNSURE); /* dc cvap, x1 */
    r.sctlr = 0;
    a64_not(0xd50b7421, ARM_FAULTS); /* of Device memory */
    r.cpsr = EL0T, r.sctlr = MMU;
    a64_not(0xd50b7421, ARM_FAULTS);
    a64_not(0xd50b7a21, ARM_FAULTS);
}
END_TEST

START_TEST(state_moves_on)
{
    base_is(AT);
    r.cpsr |= ARM_CPSR_SS | ARM_CPSR_BTYPE;
    a64_run(0xf9400020); /* ldr x0, [x1] */
    ck_assert_uint_eq(r.cpsr, before.cpsr & ~(uint64_t)(ARM_CPSR_SS | ARM_CPSR_BTYPE));
    r.cpsr |= 1u << 20; /* illegal state */
    a64_not(0xf9400020, ARM_UNSURE);
}
END_TEST

int main(void)
{
    const unit_test tests[] = {loads_by_size,
                               stores_by_size,
                               addressing,
                               literals,
                               pairs,
                               pairs_that_are_not_aligned,
                               over_the_end_of_a_page,
                               big_endian,
                               big_endian_of_sixteen,
                               stack_pointer,
                               stack_pointer_not_aligned,
                               alignment,
                               rights,
                               not_known_what_the_processor_does,
                               not_ours,
                               exclusive_succeeds,
                               exclusive_fails,
                               exclusive_of_bytes_and_pairs,
                               exclusive_without_a_monitor,
                               atomics,
                               compare_and_swap,
                               touches_nothing,
                               blocks_and_lines,
                               state_moves_on,
                               NULL};
    return unit_main("a64", a64_setup, NULL, tests);
}
