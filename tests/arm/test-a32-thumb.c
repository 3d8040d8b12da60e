/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* T32: the same doer, encodings of 16 and 32 bits, IT blocks and tables. */
#include "a32-unit.h"

#define AT (DATA + 0x100)

static void setup(void)
{
    a32_setup();
    r.cpsr |= THUMB;
    r.x[2] = AT;
}

/* ---- 16 bits ---- */

START_TEST(narrow_offsets)
{
    a32_poke(AT + 124, 4, 0x88776655);
    a32_run(0x6fd10000 /* ldr r1, [r2, #124] */);
    reg_eq(1, 0x88776655);
    ck_assert_uint_eq(insn.bytes, 2);
    r.x[3] = 124;
    a32_run(0x56d10000 /* ldrsb r1, [r2, r3] */);
    reg_eq(1, 0x55);
    a32_run(0x5ed10000 /* ldrsh r1, [r2, r3] */);
    reg_eq(1, 0x6655);
    a32_run(0x7fd10000 /* ldrb r1, [r2, #31] */);
    touched_eq(AT + 31, 1, ARM_READS);
    a32_run(0x87d10000 /* strh r1, [r2, #62] */);
    touched_eq(AT + 62, 2, ARM_WRITES);
    a32_run(0x54d10000 /* strb r1, [r2, r3] */);
    touched_eq(AT + 124, 1, ARM_WRITES);
    r.x[13] = AT;
    a32_run(0x91ff0000 /* str r1, [sp, #1020] */);
    touched_eq(AT + 1020, 4, ARM_WRITES);
}
END_TEST

/* The pc is that of four bytes on, aligned. */
START_TEST(narrow_from_the_pc)
{
    r.pc = DATA + 0x202;
    a32_run(0x49020000 /* ldr.n r1, [pc, #8] */);
    touched_eq(DATA + 0x20c, 4, ARM_READS);
    a32_run(0xa1020000 /* adr r1, .+12 */);
    reg_eq(1, DATA + 0x210);
}
END_TEST

START_TEST(narrow_several)
{
    a32_run(0xc2110000 /* stmia r2!, {r0, r4} */);
    touched_eq(AT, 8, ARM_WRITES);
    reg_eq(2, AT + 8);
    r.x[2] = AT;
    a32_run(0xca0a0000 /* ldmia r2!, {r1, r3} */);
    reg_eq(1, 0x11110000);
    reg_eq(3, 0x11110004);
    reg_eq(2, AT + 8);
    r.x[2] = AT;
    a32_run(0xca060000 /* ldmia r2, {r1, r2} */);
    reg_eq(2, 0x11110004);
    r.x[13] = AT + 16;
    a32_run(0xb5810000 /* push {r0, r7, lr} */);
    touched_eq(AT + 4, 12, ARM_WRITES);
    ck_assert_uint_eq(a32_peek(AT + 12, 4), 0x1111000e);
    a32_poke(AT + 12, 4, 0x5000);
    a32_jumps(0xbd810000 /* pop {r0, r7, pc} */);
    ck_assert_uint_eq(r.pc, 0x5000);
    ck_assert_uint_eq(r.cpsr, USR);
    reg_eq(13, AT + 16);
}
END_TEST

/* ---- 32 bits ---- */

START_TEST(wide_offsets)
{
    a32_run(0xf8d29800 /* ldr.w r9, [r2, #2048] */);
    touched_eq(AT + 2048, 4, ARM_READS);
    ck_assert_uint_eq(insn.bytes, 4);
    a32_run(0xf8029cff /* strb r9, [r2, #-255] */);
    touched_eq(AT - 255, 1, ARM_WRITES);
    a32_run(0xf8329904 /* ldrh r9, [r2], #-4 */);
    touched_eq(AT, 2, ARM_READS);
    reg_eq(2, AT - 4);
    a32_run(0xf8429f04 /* str r9, [r2, #4]! */);
    touched_eq(AT, 4, ARM_WRITES);
    reg_eq(2, AT);
    r.x[3] = 5;
    a32_run(0xf9329033 /* ldrsh.w r9, [r2, r3, lsl #3] */);
    touched_eq(AT + 40, 2, ARM_READS);
    r.cpsr = (r.cpsr & ~(uint64_t)ARM_CPSR_MODE) | SVC;
    a32_run(0xf9121e03 /* ldrsbt r1, [r2, #3] */);
    touched_eq(AT + 3, 1, ARM_READS);
    ck_assert(touch.user);
    r.pc = DATA + 0x306;
    a32_run(0xf81f1004 /* ldrb.w r1, [pc, #-4] */);
    touched_eq(DATA + 0x304, 1, ARM_READS);
    r.pc = DATA + 0x306;
    a32_run(0xe9df4902 /* ldrd r4, r9, [pc, #8] */);
    touched_eq(DATA + 0x310, 8, ARM_READS);
}
END_TEST

START_TEST(wide_several)
{
    a32_poke(AT, 8, 0x2222222211111111);
    a32_run(0xe8f29102 /* ldrd r9, r1, [r2], #8 */);
    reg_eq(9, 0x11111111);
    reg_eq(1, 0x22222222);
    reg_eq(2, AT + 8);
    a32_run(0xe9629901 /* strd r9, r9, [r2, #-4]! */);
    ck_assert_uint_eq(a32_peek(AT + 4, 8), 0x1111111111111111);
    a32_run(0xe9220201 /* stmdb r2!, {r0, r9} */);
    touched_eq(AT - 4, 8, ARM_WRITES);
    reg_eq(2, AT - 4);
    a32_run(0xe8924100 /* ldmia.w r2, {r8, lr} */);
    reg_eq(8, 0x11110000);
    reg_eq(14, 0x11111111);
    r.cpsr |= BIG;
    a32_run(0xe9d20100 /* ldrd r0, r1, [r2] */);
    reg_eq(0, 0x00001111);
}
END_TEST

START_TEST(wide_exclusives)
{
    a32_poke(AT + 8, 4, 10);
    a32_run(0xe8521f02 /* ldrex r1, [r2, #8] */);
    reg_eq(1, 10);
    r.x[1] = 11;
    a32_run(0xe8421302 /* strex r3, r1, [r2, #8] */);
    reg_eq(3, 0);
    ck_assert_uint_eq(a32_peek(AT + 8, 4), 11);
    a32_run(0xe8d21fcf /* ldaexb r1, [r2] */);
    a32_run(0xe8c24fc3 /* stlexb r3, r4, [r2] */);
    reg_eq(3, 0);
    ck_assert_uint_eq(a32_peek(AT, 1), 4);
    a32_run(0xe8d2917f /* ldrexd r9, r1, [r2] */);
    a32_run(0xe8c24573 /* strexd r3, r4, r5, [r2] */);
    reg_eq(3, 0);
    ck_assert_uint_eq(a32_peek(AT, 8), 0x1111000511110004);
    a32_run(0xe8d21fdf /* ldaexh r1, [r2] */);
    a32_run(0xf3bf8f2f /* clrex */);
    a32_run(0xe8c21fd3 /* stlexh r3, r1, [r2] */);
    reg_eq(3, 1);
    a32_run(0xe8d21faf /* lda r1, [r2] */);
    reg_eq(1, 0x11110004);
    a32_run(0xe8c25f8f /* stlb r5, [r2] */);
    ck_assert_uint_eq(a32_peek(AT, 4), 0x11110005);
}
END_TEST

START_TEST(tables)
{
    r.x[3] = 4;
    a32_poke(AT + 4, 1, 0x81);
    a32_jumps(0xe8d2f003 /* tbb [r2, r3] */);
    touched_eq(AT + 4, 1, ARM_READS);
    ck_assert_uint_eq(r.pc, CODE + 4 + 2 * 0x81);
    r.pc = CODE;
    a32_poke(AT + 8, 2, 0x8001);
    a32_jumps(0xe8d2f013 /* tbh [r2, r3, lsl #1] */);
    touched_eq(AT + 8, 2, ARM_READS);
    ck_assert_uint_eq(r.pc, CODE + 4 + 2 * 0x8001);
    r.pc = DATA + 0x202; /* the table follows it, aligned or not */
    a32_jumps(0xe8dff003 /* tbb [pc, r3] */);
    touched_eq(DATA + 0x20a, 1, ARM_READS);
}
END_TEST

/* ---- IT ---- */

static uint32_t it_of(void)
{
    return (uint32_t)((r.cpsr >> 8 & 0xfc) | (r.cpsr >> 25 & 3));
}

START_TEST(it_begins_and_advances)
{
    r.cpsr |= Z_BIT;
    a32_run(0xbf0a0000 /* itet eq */);
    ck_assert_uint_eq(it_of(), 0x0a);
    a32_setup();
    setup();
    r.cpsr |= Z_BIT;
    a32_run(0xbf0d0000 /* iteet eq */);
    ck_assert_uint_eq(it_of(), 0x0d);
    a32_run(0x68110000 /* ldr r1, [r2] */);
    touched_eq(AT, 4, ARM_READS);
    ck_assert_uint_eq(it_of(), 0x1a);
    a32_run(0x68510000 /* ldr r1, [r2, #4] */);
    ck_assert_uint_eq(touch.bytes, 0);
    ck_assert_uint_eq(it_of(), 0x14);
    a32_run(0x60510000 /* str r1, [r2, #4] */);
    ck_assert_uint_eq(touch.bytes, 0);
    ck_assert_uint_eq(it_of(), 0x08);
    a32_run(0xf8521f08 /* ldr.w r1, [r2, #8]! */);
    reg_eq(2, AT + 8);
    ck_assert_uint_eq(it_of(), 0);
}
END_TEST

/* A condition that fails: only pc and IT state move on. */
START_TEST(it_passes_over)
{
    a32_it(0x04 | 0x00);
    uint64_t regs[31];
    memcpy(regs, r.x, sizeof(regs));
    a32_run(0xf8521b04 /* ldr.w r1, [r2], #4 */);
    ck_assert_uint_eq(touch.bytes, 0);
    ck_assert_uint_eq(it_of(), 0x08);
    a32_run(0xbd020000 /* pop {r1, pc} */);
    ck_assert_uint_eq(it_of(), 0);
    ck_assert_mem_eq(regs, r.x, sizeof(regs));
}
END_TEST

/* Encodings of 16 bits set flags outside only. */
START_TEST(it_and_flags)
{
    a32_run(0x21000000 /* movs r1, #0 */);
    ck_assert_uint_eq(r.cpsr & FLAGS, Z_BIT);
    a32_it(0x08);
    a32_run(0x21010000 /* movs r1, #1 */);
    reg_eq(1, 1);
    ck_assert_uint_eq(r.cpsr & FLAGS, Z_BIT);
    a32_it(0x08);
    a32_run(0x29010000 /* cmp r1, #1 */);
    ck_assert_uint_eq(r.cpsr & FLAGS, Z_BIT | C_BIT);
}
END_TEST

START_TEST(it_refuses)
{
    r.x[13] = AT;
    a32_it(0xe4);
    a32_not(0xbd020000 /* pop {r1, pc} */, ARM_UNSURE); /* not the last */
    a32_not(0xe8d2f003 /* tbb [r2, r3] */, ARM_UNSURE);
    a32_not(0xf8d2f000 /* ldr.w pc, [r2] */, ARM_UNSURE);
    a32_not(0x47100000 /* bx r2 */, ARM_UNSURE);
    a32_it(0xe8);
    a32_not(0xbf080000 /* it eq */, ARM_UNSURE);
    a32_not(0xd0020000 /* beq.n .+8 */, ARM_UNSURE);
    a32_not(0xb1110000 /* cbz r1, .+8 */, ARM_UNSURE);
    r.sctlr |= SCTLR_ITD;
    a32_not(0x68110000 /* ldr r1, [r2] */, ARM_UNSURE);
    a32_it(0);
    a32_not(0xbf080000 /* it eq */, ARM_UNSURE);
    a32_run(0x68110000 /* ldr r1, [r2] */);
    r.sctlr &= ~(uint64_t)SCTLR_ITD;
    r.cpsr &= ~(uint64_t)THUMB;
    a32_it(0xe8);
    a32_not(0xe5921000, ARM_UNSURE); /* in A32 there is none */
}
END_TEST

/* ---- branches ---- */

START_TEST(branches)
{
    a32_jumps(0xf7febffe /* b.w .-4096 */);
    ck_assert_uint_eq(r.pc, CODE - 4096);
    r.pc = CODE + 2;
    a32_jumps(0xf123fa29 /* bl .+0x123456 */);
    ck_assert_uint_eq(r.pc, CODE + 2 + 0x123456);
    reg_eq(14, (CODE + 6) | 1);
    r.pc = CODE + 2;
    a32_jumps(0xf000e802 /* blx, from the aligned pc */);
    ck_assert_uint_eq(r.pc, CODE + 8);
    ck_assert_uint_eq(r.cpsr, USR);
    r.cpsr |= THUMB;
    r.pc = CODE;
    r.x[3] = CODE + 0x101;
    a32_jumps(0x47980000 /* blx r3 */);
    ck_assert_uint_eq(r.pc, CODE + 0x100);
    reg_eq(14, (CODE + 2) | 1);
    r.pc = CODE;
    r.x[3] = 0;
    a32_jumps(0xb1f30000 /* cbz r3, .+0x40 */);
    ck_assert_uint_eq(r.pc, CODE + 0x40);
    a32_run(0xb9f30000 /* cbnz r3, .+0x40 */);
    r.cpsr |= Z_BIT;
    a32_run(0xf04387fe /* bne.w .+0x4000 */);
    a32_jumps(0xd0010000 /* beq .+6 */);
    ck_assert_uint_eq(r.pc, before.pc + 6);
    r.pc = CODE;
    r.x[3] = CODE + 0x201;
    a32_jumps(0x469f0000 /* mov pc, r3 */);
    ck_assert_uint_eq(r.pc, CODE + 0x200);
    ck_assert_uint_eq(r.cpsr, USR | THUMB | Z_BIT);
}
END_TEST

/* ---- a loop ---- */

static const uint32_t *program;

/* Of two halfwords; the second half of the word may be anything. */
static enum arm_why fetch(void *ctx, const struct arm_regs *regs, uint32_t *word)
{
    (void)ctx;
    *word = program[(regs->pc - CODE) / 2];
    return ARM_OK;
}

static enum arm_why place(void *ctx, const struct arm_regs *regs, const struct arm_touch *t,
                          struct arm_place *out)
{
    (void)ctx, (void)regs;
    *out = a32_place(t);
    return ARM_OK;
}

START_TEST(around_a_loop)
{
    /* By halfwords: a lock that is taken when it is free, as compilers make it. */
    static const uint32_t lock[] = {0xe8521f00 /* ldrex r1, [r2] */,
                                    0,
                                    0x29000000 /* cmp r1, #0 */,
                                    0xbf040000 /* itt eq */,
                                    0xe8420300 /* strexeq r3, r0, [r2] */,
                                    0,
                                    0x2b000000 /* cmpeq r3, #0 */,
                                    0xd1f70000 /* bne .-14 */,
                                    0xf3bf8f5b /* dmb ish */,
                                    0};
    static const struct arm_world world = {NULL, fetch, place, NULL, NULL};
    unsigned done;
    program = lock;
    a32_poke(AT, 4, 0);
    ck_assert_int_eq(xmi_arm_loop(&world, &r, &monitor, 100, &done), ARM_OK);
    ck_assert_uint_eq(done, 3);
    ck_assert_uint_eq(a32_peek(AT, 4), 0x11110000);
    ck_assert_uint_eq(r.pc, CODE + 12);
    ck_assert_uint_eq(it_of(), 0x08);
    memset(&monitor, 0, sizeof(monitor));
    a32_it(0);
    r.pc = CODE;
    ck_assert_int_eq(xmi_arm_loop(&world, &r, &monitor, 50, &done), ARM_TOO_LONG);
    ck_assert_uint_eq(done, 50);
}
END_TEST

int main(void)
{
    const unit_test tests[] = {narrow_offsets, narrow_from_the_pc,
                               narrow_several, wide_offsets,
                               wide_several,   wide_exclusives,
                               tables,         it_begins_and_advances,
                               it_passes_over, it_and_flags,
                               it_refuses,     branches,
                               around_a_loop,  NULL};
    return unit_main("a32-thumb", setup, NULL, tests);
}
