/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A32 and T32: what changes registers and flags only, as it occurs in loops around exclusives. */
#include "a32-unit.h"

/* r1, r2, r3 and the flags before; r0 and the flags after. */
struct row {
    uint32_t word, r1, r2, r3, flags, result, after;
};

static const struct row a32[] = {
    {0xe0910002 /* adds r0, r1, r2 */, 0x7fffffff, 1, 0, 0, 0x80000000, N_BIT | V_BIT},
    {0xe0910002 /* adds r0, r1, r2 */, 0xffffffff, 1, 0, 0, 0, Z_BIT | C_BIT},
    {0xe0810002 /* add r0, r1, r2 */, 0xffffffff, 1, 0, V_BIT, 0, V_BIT},
    {0xe0510002 /* subs r0, r1, r2 */, 5, 5, 0, 0, 0, Z_BIT | C_BIT},
    {0xe0510002 /* subs r0, r1, r2 */, 5, 6, 0, 0, 0xffffffff, N_BIT},
    {0xe0510002 /* subs r0, r1, r2 */, 0x80000000, 1, 0, 0, 0x7fffffff, C_BIT | V_BIT},
    {0xe2710000 /* rsbs r0, r1, #0 */, 1, 0, 0, 0, 0xffffffff, N_BIT},
    {0xe0b10002 /* adcs r0, r1, r2 */, 0xffffffff, 0, 0, C_BIT, 0, Z_BIT | C_BIT},
    {0xe0d10002 /* sbcs r0, r1, r2 */, 5, 4, 0, 0, 0, Z_BIT | C_BIT},
    {0xe2f10009 /* rscs r0, r1, #9 */, 4, 0, 0, C_BIT, 5, C_BIT},
    {0xe0110202 /* ands r0, r1, r2, lsl #4 */, 0xf0, 0xf000000f, 0, 0, 0xf0, C_BIT},
    {0xe0310022 /* eors r0, r1, r2, lsr #32 */, 3, 0x80000000, 0, 0, 3, C_BIT},
    {0xe1910042 /* orrs r0, r1, r2, asr #32 */, 0, 0x80000000, 0, V_BIT, 0xffffffff,
     N_BIT | C_BIT | V_BIT},
    {0xe3d104ff /* bics r0, r1, #0xff000000 */, 0xffffffff, 0, 0, 0, 0x00ffffff, C_BIT},
    {0xe1b00061 /* movs r0, r1, rrx */, 3, 0, 0, C_BIT, 0x80000001, N_BIT | C_BIT},
    {0xe1b00261 /* movs r0, r1, ror #4 */, 0x18, 0, 0, 0, 0x80000001, N_BIT | C_BIT},
    {0xe1b00211 /* movs r0, r1, lsl r2 */, 1, 32, 0, 0, 0, Z_BIT | C_BIT},
    {0xe1b00211 /* movs r0, r1, lsl r2 */, 1, 33, 0, C_BIT, 0, Z_BIT},
    {0xe1b00231 /* movs r0, r1, lsr r2 */, 0x80000000, 32, 0, 0, 0, Z_BIT | C_BIT},
    {0xe1b00251 /* movs r0, r1, asr r2 */, 0x80000000, 200, 0, 0, 0xffffffff, N_BIT | C_BIT},
    {0xe1b00271 /* movs r0, r1, ror r2 */, 0x80000000, 64, 0, 0, 0x80000000, N_BIT | C_BIT},
    {0xe1b00271 /* movs r0, r1, ror r2 */, 2, 0x100, 0, C_BIT, 2, C_BIT},
    {0xe3f00001 /* mvns r0, #1 */, 0, 0, 0, C_BIT, 0xfffffffe, N_BIT | C_BIT},
    {0xe3110102 /* tst r1, #0x80000000 */, 0x80000000, 0, 0, 0, 0x11110000, N_BIT | C_BIT},
    {0xe1310002 /* teq r1, r2 */, 7, 7, 0, C_BIT, 0x11110000, Z_BIT | C_BIT},
    {0xe3710001 /* cmn r1, #1 */, 0xffffffff, 0, 0, 0, 0x11110000, Z_BIT | C_BIT},
    {0xe3010234 /* movw r0, #0x1234 */, 0, 0, 0, 0, 0x1234, 0},
    {0xe3410234 /* movt r0, #0x1234 */, 0, 0, 0, 0, 0x12340000, 0},
    {0xe0000291 /* mul r0, r1, r2 */, 0x10001, 0x10001, 0, 0, 0x20001, 0},
    {0xe0203291 /* mla r0, r1, r2, r3 */, 3, 4, 5, 0, 17, 0},
    {0xe0603291 /* mls r0, r1, r2, r3 */, 3, 4, 5, 0, 0xfffffff9, 0},
    {0xe0100291 /* muls r0, r1, r2 */, 0, 4, 0, C_BIT | V_BIT, 0, Z_BIT | C_BIT | V_BIT},
    {0xe0801392 /* umull r1, r0, r2, r3 */, 0, 0xffffffff, 0xffffffff, 0, 0xfffffffe, 0},
    {0xe0c01392 /* smull r1, r0, r2, r3 */, 0, 0xffffffff, 2, 0, 0xffffffff, 0},
    {0xe0a01392 /* umlal r1, r0, r2, r3 */, 0xffffffff, 1, 1, 0, 0x11110001, 0},
    {0xe710f211 /* sdiv r0, r1, r2 */, 0x80000000, 0xffffffff, 0, 0, 0x80000000, 0},
    {0xe730f211 /* udiv r0, r1, r2 */, 7, 0, 0, 0, 0, 0},
    {0xe6af0471 /* sxtb r0, r1, ror #8 */, 0x8000, 0, 0, 0, 0xffffff80, 0},
    {0xe6f10072 /* uxtah r0, r1, r2 */, 1, 0xabcd8000, 0, 0, 0x8001, 0},
    {0xe6bf0f31 /* rev r0, r1 */, 0x11223344, 0, 0, 0, 0x44332211, 0},
    {0xe6bf0fb1 /* rev16 r0, r1 */, 0x11223344, 0, 0, 0, 0x22114433, 0},
    {0xe6ff0fb1 /* revsh r0, r1 */, 0x11223384, 0, 0, 0, 0xffff8433, 0},
    {0xe6ff0f31 /* rbit r0, r1 */, 0x00000003, 0, 0, 0, 0xc0000000, 0},
    {0xe16f0f11 /* clz r0, r1 */, 0, 0, 0, 0, 32, 0},
    {0xe7cb0411 /* bfi r0, r1, #8, #4 */, 0xff, 0, 0, 0, 0x11110f00, 0},
    {0xe7df081f /* bfc r0, #16, #16 */, 0, 0, 0, 0, 0, 0},
    {0xe7e70251 /* ubfx r0, r1, #4, #8 */, 0xfedc, 0, 0, 0, 0xed, 0},
    {0xe7a70251 /* sbfx r0, r1, #4, #8 */, 0xfedc, 0, 0, 0, 0xffffffed, 0},
    {0xe7bf0051 /* sbfx r0, r1, #0, #32 */, 0xfedc, 0, 0, 0, 0xfedc, 0},
    {0xe28f0004 /* add r0, pc, #4 */, 0, 0, 0, 0, CODE + 12, 0},
};

static const struct row t32[] = {
    {0x18880000 /* adds r0, r1, r2 */, 0x7fffffff, 1, 0, 0, 0x80000000, N_BIT | V_BIT},
    {0x1fc80000 /* subs r0, r1, #7 */, 6, 0, 0, 0, 0xffffffff, N_BIT},
    {0x08080000 /* lsrs r0, r1, #32 */, 0x80000000, 0, 0, 0, 0, Z_BIT | C_BIT},
    {0x00080000 /* movs r0, r1 */, 0, 0, 0, C_BIT, 0, Z_BIT | C_BIT},
    {0x42480000 /* rsbs r0, r1, #0 */, 1, 0, 0, 0, 0xffffffff, N_BIT},
    {0x43c80000 /* mvns r0, r1 */, 0, 0, 0, 0, 0xffffffff, N_BIT},
    {0x29ff0000 /* cmp r1, #255 */, 255, 0, 0, 0, 0x11110000, Z_BIT | C_BIT},
    {0x30010000 /* adds r0, #1 */, 0, 0, 0, 0, 0x11110001, 0},
    {0x44780000 /* add r0, pc */, 0, 0, 0, 0, 0x91110004, 0},
    {0xb2c80000 /* uxtb r0, r1 */, 0x1ff, 0, 0, 0, 0xff, 0},
    {0xb2080000 /* sxth r0, r1 */, 0x8000, 0, 0, 0, 0xffff8000, 0},
    {0xba480000 /* rev16 r0, r1 */, 0x11223344, 0, 0, 0, 0x22114433, 0},
    {0xf01110ff /* ands.w r0, r1, #0xff00ff */, 0x12345678, 0, 0, C_BIT, 0x340078, C_BIT},
    {0xf0514000 /* orrs.w r0, r1, #0x80000000 */, 0, 0, 0, 0, 0x80000000, N_BIT | C_BIT},
    {0xea612002 /* orn r0, r1, r2, lsl #8 */, 0, 0xff, 0, 0, 0xffff00ff, 0},
    {0xf06f20ab /* mvn.w r0, #0xab00ab00 */, 0, 0, 0, 0, 0x54ff54ff, 0},
    {0xea111f32 /* tst.w r1, r2, ror #4 */, 0x80000000, 8, 0, 0, 0x11110000, N_BIT | C_BIT},
    {0xf60170ff /* addw r0, r1, #0xfff */, 1, 0, 0, 0, 0x1000, 0},
    {0xf6a10001 /* subw r0, r1, #0x801 */, 0x801, 0, 0, C_BIT, 0, C_BIT},
    {0xf20f0000 /* adr.w r0, .+4 */, 0, 0, 0, 0, CODE + 4, 0},
    {0xf6487034 /* movw r0, #0x8f34 */, 0, 0, 0, 0, 0x8f34, 0},
    {0xf6c87034 /* movt r0, #0x8f34 */, 0, 0, 0, 0, 0x8f340000, 0},
    {0xfa11f002 /* lsls.w r0, r1, r2 */, 1, 31, 0, 0, 0x80000000, N_BIT},
    {0xfb013012 /* mls r0, r1, r2, r3 */, 3, 4, 5, 0, 0xfffffff9, 0},
    {0xfb01f002 /* mul r0, r1, r2 */, 3, 4, 5, 0, 12, 0},
    {0xfbc21003 /* smlal r1, r0, r2, r3 */, 0, 0xffffffff, 1, 0, 0x1110ffff, 0},
    {0xfbb1f0f2 /* udiv r0, r1, r2 */, 0xffffffff, 16, 0, 0, 0x0fffffff, 0},
    {0xfa41f0a2 /* sxtab r0, r1, r2, ror #16 */, 1, 0x00800000, 0, 0, 0xffffff81, 0},
    {0xfa91f0a1 /* rbit r0, r1 */, 1, 0, 0, 0, 0x80000000, 0},
    {0xfab1f081 /* clz r0, r1 */, 1, 0, 0, 0, 31, 0},
    {0xfa91f0b1 /* revsh.w r0, r1 */, 0x11223384, 0, 0, 0, 0xffff8433, 0},
    {0xf36170df /* bfi r0, r1, #31, #1 */, 1, 0, 0, 0, 0x91110000, 0},
    {0xf3c170c0 /* ubfx r0, r1, #31, #1 */, 0x80000000, 0, 0, 0, 1, 0},
};

static void row(const struct row *row, uint32_t state)
{
    a32_setup();
    r.cpsr = state | row->flags;
    r.x[1] = row->r1;
    r.x[2] = row->r2;
    r.x[3] = row->r3;
    a32_run(row->word);
    ck_assert_uint_eq(touch.bytes, 0);
    ck_assert_int_eq(insn.kind, ARM_NOTHING);
    ck_assert_msg((uint32_t)r.x[0] == row->result, "%08x: %08x, should be %08x", row->word,
                  (uint32_t)r.x[0], row->result);
    ck_assert_msg((r.cpsr & FLAGS) == row->after, "%08x: flags %08x, should be %08x", row->word,
                  (uint32_t)(r.cpsr & FLAGS), row->after);
    ck_assert_uint_eq(r.cpsr & ~(uint64_t)FLAGS, state);
    for (unsigned i = 4; i < 31; i++)
        ck_assert_uint_eq(r.x[i], before.x[i]);
}

START_TEST(in_a32)
{
    for (unsigned i = 0; i < sizeof(a32) / sizeof(a32[0]); i++)
        row(&a32[i], USR);
}
END_TEST

START_TEST(in_t32)
{
    for (unsigned i = 0; i < sizeof(t32) / sizeof(t32[0]); i++)
        row(&t32[i], USR | THUMB);
}
END_TEST

START_TEST(branches_of_a32)
{
    a32_jumps(0xeafffbfe /* b .-4096 */);
    ck_assert_uint_eq(r.pc, CODE - 4096);
    r.pc = CODE;
    a32_jumps(0xeb00000e /* bl .+64 */);
    ck_assert_uint_eq(r.pc, CODE + 64);
    reg_eq(14, CODE + 4);
    r.pc = CODE;
    a32_jumps(0xfb000001 /* blx .+14 */);
    ck_assert_uint_eq(r.pc, CODE + 14);
    ck_assert_uint_eq(r.cpsr, USR | THUMB);
    reg_eq(14, CODE + 4);
    r.cpsr = USR;
    r.pc = CODE;
    r.x[1] = CODE + 0x101;
    a32_jumps(0xe12fff11 /* bx r1 */);
    ck_assert_uint_eq(r.pc, CODE + 0x100);
    ck_assert_uint_eq(r.cpsr, USR | THUMB);
    r.cpsr = USR;
    a32_jumps(0xe1a0f001 /* mov pc, r1 */); /* interworks too */
    ck_assert_uint_eq(r.cpsr, USR | THUMB);
    r.cpsr = USR;
    r.pc = CODE;
    r.x[1] = CODE + 2;
    a32_not(0xe12fff31 /* blx r1 */, ARM_UNSURE);
    r.cpsr = USR | Z_BIT;
    a32_passes(0x1afffffa /* bne .-16 */);
    r.pc = 0xfffffff8;
    a32_jumps(0xea00000e /* b .+64 */); /* around */
    ck_assert_uint_eq(r.pc, 0x38);
}
END_TEST

int main(void)
{
    const unit_test tests[] = {in_a32, in_t32, branches_of_a32, NULL};
    return unit_main("a32-data", a32_setup, NULL, tests);
}
