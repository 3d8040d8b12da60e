/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A64: what is done in general registers alone, and branches. */
#include "a64-unit.h"

#define N (8ull << 28)
#define Z (4ull << 28)
#define C (2ull << 28)
#define F (1ull << 28) /* overflow */
#define NZCV_MASK (15ull << 28)

static uint64_t flags(void)
{
    return r.cpsr & NZCV_MASK;
}

static void flags_are(uint64_t nzcv)
{
    r.cpsr = (r.cpsr & ~NZCV_MASK) | nzcv;
}

struct row {
    uint32_t word;
    uint64_t x1, x2, x3, nzcv, x0, after;
};

/* x0 is what comes out, and the flags; nothing else changes. */
static void run_rows(const struct row *row, size_t count)
{
    for (size_t i = 0; i < count; i++, row++) {
        r.x[1] = row->x1, r.x[2] = row->x2, r.x[3] = row->x3;
        r.x[0] = 0xaaaabbbbccccddddull;
        flags_are(row->nzcv);
        a64_run(row->word);
        ck_assert_int_eq(insn.kind, ARM_NOTHING);
        ck_assert_uint_eq(touch.bytes, 0);
        ck_assert_msg(r.x[0] == row->x0 && flags() == row->after, "word %08x: %llx, flags %llx",
                      row->word, (unsigned long long)r.x[0], (unsigned long long)flags());
        ck_assert_mem_eq(r.x + 1, before.x + 1, sizeof(r.x) - sizeof(r.x[0]));
    }
}
#define RUN(rows) run_rows(rows, sizeof(rows) / sizeof(*(rows)))

START_TEST(addition)
{
    static const struct row rows[] = {
        {0x917ffc20, 1, 0, 0, N, 0xfff001, N},                /* add x0, x1, #0xfff, lsl #12 */
        {0x31000420, 0xffffffff, 0, 0, 0, 0, Z | C},          /* adds w0, w1, #1 */
        {0x31000420, 0x7fffffff, 0, 0, 0, 0x80000000, N | F}, /* the same */
        {0xeb020020, 5, 5, 0, 0, 0, Z | C},                   /* subs x0, x1, x2 */
        {0xeb020020, 4, 5, 0, 0, ~0ull, N},
        {0xeb020020, 1ull << 63, 1, 0, 0, ~0ull >> 1, C | F},
        {0xfa020020, 5, 5, 0, C, 0, Z | C}, /* sbcs x0, x1, x2 */
        {0xfa020020, 5, 5, 0, 0, ~0ull, N},
        {0xfa020020, 5, ~0ull, 0, 0, 5, 0}, /* a borrow, and all ones: nothing left to carry */
        {0x3a020020, 0xffffffff, 0, 0, C, 0, Z | C}, /* adcs w0, w1, w2 */
        {0x3a020020, 0x1ffffffff, 0xffffffff, 0, C, 0xffffffff, N | C},
    };
    RUN(rows);
    r.sp_el1 = 0x1000;
    r.x[2] = 0xfffffffe;
    a64_run(0x8b22cbe0); /* add x0, sp, w2, sxtw #2 */
    ck_assert_uint_eq(r.x[0], 0xff8);
    a64_run(0xd10043ff); /* sub sp, sp, #16 */
    ck_assert_uint_eq(r.sp_el1, 0xff0);
    r.x[1] = 0xffffffff;
    a64_run(0x3100043f); /* cmn w1, #1: into no register */
    ck_assert_uint_eq(r.sp_el1, 0xff0);
    ck_assert_uint_eq(flags(), Z | C);
    r.cpsr = 8;
    a64_not(0xd10043ff, ARM_UNSURE);
}
END_TEST

START_TEST(logic)
{
    static const struct row rows[] = {
        {0x92009c20, ~0ull, 0, 0, C, 0x00ff00ff00ff00ff, C}, /* and x0, x1, #0xff00ff00ff00ff */
        {0x320107e0, 0, 0, 0, 0, 0x80000001, 0},             /* mov w0, #0x80000001 */
        {0xeac21020, ~0ull, 0x1f, 0, C | F, 0xf000000000000001, N}, /* ands x0, x1, x2, ror #4 */
        {0x8a220020, ~0ull, 0xff, 0, 0, ~0xffull, 0},               /* bic x0, x1, x2 */
        {0x2a2203e0, 0, 1, 0, 0, 0xfffffffe, 0},                    /* mvn w0, w2 */
        {0x92a00020, 0, 0, 0, 0, 0xfffffffffffeffff, 0},            /* movn x0, #1, lsl #16 */
        {0xf2f7dde0, 0, 0, 0, 0, 0xbeefbbbbccccdddd, 0},            /* movk x0, #0xbeef, lsl #48 */
        {0x52b00000, 0, 0, 0, 0, 0x80000000, 0},                    /* movz w0, #0x8000, lsl #16 */
    };
    RUN(rows);
    a64_not(0x9240fc20, ARM_UNKNOWN); /* a mask of all ones is none */
    a64_not(0x12400020, ARM_UNKNOWN);
    a64_not(0x52c00000, ARM_UNKNOWN); /* movz w0, lsl #32 */
}
END_TEST

START_TEST(bits)
{
    static const struct row rows[] = {
        {0x93442c20, 0xf80, 0, 0, 0, 0xfffffffffffffff8, 0},              /* sbfx x0, x1, #4, #8 */
        {0xd37c1c20, 0x1234, 0, 0, 0, 0x340, 0},                          /* ubfiz x0, x1, #4, #8 */
        {0xb3783c20, 0x1234, 0, 0, 0, 0xaaaabbbbcc1234dd, 0},             /* bfi x0, x1, #8, #16 */
        {0x33083c20, 0x1234, 0, 0, 0, 0xccccdd12, 0},                     /* bfxil w0, w1, #8, #8 */
        {0x93c22020, 0x12, 0x3456, 0, 0, 0x1200000000000034, 0},          /* extr x0, x1, x2, #8 */
        {0x13817c20, 0x80000000, 0, 0, 0, 1, 0},                          /* ror w0, w1, #31 */
        {0x9ac22020, 1, 67, 0, 0, 8, 0},                                  /* lsl x0, x1, x2 */
        {0x1ac22420, 0xf80000000, 31, 0, 0, 1, 0},                        /* lsr w0, w1, w2 */
        {0x9ac22820, 1ull << 63, 63, 0, 0, ~0ull, 0},                     /* asr x0, x1, x2 */
        {0x1ac22c20, 0x12345678, 8, 0, 0, 0x78123456, 0},                 /* ror w0, w1, w2 */
        {0x5ac00020, 1, 0, 0, 0, 0x80000000, 0},                          /* rbit w0, w1 */
        {0xdac00c20, 0x0102030405060708, 0, 0, 0, 0x0807060504030201, 0}, /* rev x0, x1 */
        {0x5ac00420, 0x01020304, 0, 0, 0, 0x02010403, 0},                 /* rev16 w0, w1 */
        {0xdac00820, 0x0102030405060708, 0, 0, 0, 0x0403020108070605, 0}, /* rev32 x0, x1 */
        {0x5ac01020, 0x7fffffff, 0, 0, 0, 1, 0},                          /* clz w0, w1 */
        {0x5ac01020, 0xff00000000, 0, 0, 0, 32, 0},
        {0xdac01420, ~0ull, 0, 0, 0, 63, 0}, /* cls x0, x1 */
        {0xdac01420, 1ull << 62, 0, 0, 0, 0, 0},
    };
    RUN(rows);
}
END_TEST

START_TEST(by_condition)
{
    static const struct row rows[] = {
        {0x9a828020, 1, 2, 0, C, 1, C}, /* csel x0, x1, x2, hi */
        {0x9a828020, 1, 2, 0, C | Z, 2, C | Z},
        {0x1a82b420, 1, ~0ull, 0, 0, 0, 0}, /* csinc w0, w1, w2, lt */
        {0x1a82b420, 1, ~0ull, 0, F, 1, F},
        {0xda82a020, 1, 2, 0, N | F, 1, N | F}, /* csinv x0, x1, x2, ge */
        {0xda82a020, 1, 2, 0, N, ~2ull, N},
        {0xda826420, 1, 2, 0, 0, 0 - 2ull, 0}, /* csneg x0, x1, x2, vs */
    };
    RUN(rows);
    r.x[1] = 3;
    flags_are(Z);
    a64_run(0xfa430825); /* ccmp x1, #3, #5, eq */
    ck_assert_uint_eq(flags(), Z | C);
    flags_are(0);
    a64_run(0xfa430825);
    ck_assert_uint_eq(flags(), Z | F);
    r.x[1] = 0xffffffff, r.x[2] = 1;
    a64_run(0x3a42102f); /* ccmn w1, w2, #15, ne: Z is set */
    ck_assert_uint_eq(flags(), NZCV_MASK);
    flags_are(N);
    a64_run(0x3a42102f);
    ck_assert_uint_eq(flags(), Z | C);
}
END_TEST

START_TEST(multiplication)
{
    static const struct row rows[] = {
        {0x9b020c20, 3, 4, 5, 0, 17, 0},                          /* madd x0, x1, x2, x3 */
        {0x1b028c20, 3, 4, 5, 0, 0xfffffff9, 0},                  /* msub w0, w1, w2, w3 */
        {0x9b220c20, 0xffffffff, 2, 5, 0, 3, 0},                  /* smaddl x0, w1, w2, x3 */
        {0x9ba28c20, 0xffffffff, 2, 5, 0, 5 - 0x1fffffffeull, 0}, /* umsubl x0, w1, w2, x3 */
        {0x9b427c20, ~0ull, ~0ull, 0, 0, 0, 0},                   /* smulh x0, x1, x2 */
        {0x9b427c20, 1ull << 63, 1ull << 63, 0, 0, 1ull << 62, 0},
        {0x9b427c20, 1ull << 63, 2, 0, 0, ~0ull, 0},
        {0x9bc27c20, ~0ull, ~0ull, 0, 0, ~1ull, 0}, /* umulh x0, x1, x2 */
        {0x9ac20820, 7, 0, 0, 0, 0, 0},             /* udiv x0, x1, x2 */
        {0x9ac20820, ~0ull, 2, 0, 0, ~0ull >> 1, 0},
        {0x9ac20c20, 0 - 7ull, 2, 0, 0, 0 - 3ull, 0}, /* sdiv x0, x1, x2 */
        {0x9ac20c20, 1ull << 63, ~0ull, 0, 0, 1ull << 63, 0},
        {0x1ac20c20, 0x80000000, 0xffffffff, 0, 0, 0x80000000, 0}, /* sdiv w0, w1, w2 */
    };
    RUN(rows);
}
END_TEST

START_TEST(addresses)
{
    r.pc = 0x80001ffcull;
    a64_run(0x70ffffe0); /* adr x0, .-1 */
    ck_assert_uint_eq(r.x[0], 0x80001ffb);
    r.pc = 0x80001ffcull;
    a64_run(0xb0000000); /* adrp x0, .+0x1000 */
    ck_assert_uint_eq(r.x[0], 0x80002000);
}
END_TEST

/* ---- branches ---- */

static void goes(uint32_t word, int64_t by)
{
    r.pc = CODE;
    ck_assert_int_eq(a64_try(word, NULL), ARM_OK);
    ck_assert_uint_eq(r.pc, CODE + (uint64_t)by);
}

START_TEST(branches)
{
    goes(0x14000002, 8); /* b .+8 */
    ck_assert_uint_eq(r.x[30], before.x[30]);
    goes(0x97fffffe, -8); /* bl .-8 */
    ck_assert_uint_eq(r.x[30], CODE + 4);
    flags_are(Z);
    goes(0x54000201, 4); /* b.ne .+64 */
    flags_are(0);
    goes(0x54000201, 64);
    r.x[0] = 1ull << 32;
    goes(0x34000040, 8);  /* cbz w0, .+8 */
    goes(0xb5ffffc0, -8); /* cbnz x0, .-8 */
    goes(0xb6f80040, 8);  /* tbz x0, #63, .+8 */
    goes(0x3707ffc0, 4);  /* tbnz w0, #0, .-8 */
    r.x[0] = 1;
    goes(0x34000040, 4);
    goes(0x3707ffc0, -8);
    r.x[30] = CODE + 0x100;
    goes(0xd65f03c0, 0x100); /* ret */
    ck_assert_uint_eq(r.cpsr & ARM_CPSR_BTYPE, 0);
}
END_TEST

START_TEST(conditions)
{
    /* by NZCV in a bit each, as the architecture's table of conditions has them */
    static const uint16_t holds[16] = {
        0xf0f0, 0x0f0f, 0xcccc, 0x3333, 0xff00, 0x00ff, 0xaaaa, 0x5555,
        0x0c0c, 0xf3f3, 0xaa55, 0x55aa, 0x0a05, 0xf5fa, 0xffff, 0xffff,
    };
    for (unsigned cond = 0; cond < 16; cond++)
        for (unsigned nzcv = 0; nzcv < 16; nzcv++) {
            flags_are((uint64_t)nzcv << 28);
            goes(0x54000200 | cond, holds[cond] >> nzcv & 1 ? 64 : 4);
        }
}
END_TEST

START_TEST(branches_by_register)
{
    r.x[16] = CODE + 0x100;
    goes(0xd61f0200, 0x100); /* br x16 */
    ck_assert_uint_eq(r.cpsr & ARM_CPSR_BTYPE, 1u << 10);
    a64_not(0x91000420, ARM_UNSURE); /* add x0, x1, #1: not where a guarded page lets it come */
    a64_run(0xd503245f);             /* bti c */
    ck_assert_uint_eq(r.cpsr & ARM_CPSR_BTYPE, 0);
    r.x[1] = CODE + 0x40;
    goes(0xd63f0020, 0x40); /* blr x1 */
    ck_assert_uint_eq(r.x[30], CODE + 4);
    ck_assert_uint_eq(r.cpsr & ARM_CPSR_BTYPE, 2u << 10);
    a64_not(0xd503249f, ARM_UNSURE); /* bti j */
    a64_run(0xd503245f);
    r.x[30] = CODE + 0x80;
    goes(0xd63f03c0, 0x80); /* blr x30 */
    ck_assert_uint_eq(r.x[30], CODE + 4);
    r.cpsr &= ~(uint64_t)ARM_CPSR_BTYPE;
    a64_not(0xd61f0020, ARM_UNSURE); /* br x1: its page is not known */
    r.x[30] |= 1ull << 56;
    a64_not(0xd65f03c0, ARM_UNSURE); /* ret to an address with a tag */
    r.x[30] = 0xffffffff80000000;
    ck_assert_int_eq(a64_try(0xd65f03c0, NULL), ARM_OK);
    ck_assert_uint_eq(r.pc, 0xffffffff80000000);
}
END_TEST

int main(void)
{
    const unit_test tests[] = {
        addition,  logic,    bits,       by_condition,         multiplication,
        addresses, branches, conditions, branches_by_register, NULL};
    return unit_main("a64-alu", a64_setup, NULL, tests);
}
