/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A32: loads and stores, exclusives, as the processor does them. */
#include "a32-unit.h"

#define AT (DATA + 0x100)

/* ---- one register ---- */

START_TEST(immediate_offsets)
{
    r.x[2] = 0xffffffff00000000ull | AT;
    a32_poke(AT + 4, 4, 0x8899aabb);
    a32_run(0xe5921004 /* ldr r1, [r2, #4] */);
    reg_eq(1, 0x8899aabb);
    touched_eq(AT + 4, 4, ARM_READS);
    ck_assert(touch.single && touch.user);
    a32_poke(AT - 255, 4, 7);
    a32_run(0xe51210ff /* ldr r1, [r2, #-255] */);
    reg_eq(1, 7);
    r.x[3] = 0xfedcba98;
    a32_run(0xe5023008 /* str r3, [r2, #-8] */);
    touched_eq(AT - 8, 4, ARM_WRITES);
    ck_assert_uint_eq(a32_peek(AT - 8, 4), 0xfedcba98);
    a32_run(0xe5c23001 /* strb r3, [r2, #1] */);
    ck_assert_uint_eq(a32_peek(AT + 1, 1), 0x98);
    a32_run(0xe1c232b2 /* strh r3, [r2, #34] */);
    ck_assert_uint_eq(a32_peek(AT + 34, 2), 0xba98);
}
END_TEST

START_TEST(sizes_and_signs)
{
    r.x[2] = AT;
    a32_poke(AT, 4, 0x11228384);
    a32_run(0xe5d21000 /* ldrb r1, [r2] */);
    reg_eq(1, 0x84);
    a32_run(0xe1d210d0 /* ldrsb r1, [r2] */);
    reg_eq(1, 0xffffff84);
    a32_run(0xe1d210b0 /* ldrh r1, [r2] */);
    reg_eq(1, 0x8384);
    a32_run(0xe1d210f0 /* ldrsh r1, [r2] */);
    reg_eq(1, 0xffff8384);
    a32_run(0xe1d210f2 /* ldrsh r1, [r2, #2] */);
    reg_eq(1, 0x1122);
    touched_eq(AT + 2, 2, ARM_READS);
}
END_TEST

START_TEST(written_back)
{
    r.x[2] = AT;
    a32_poke(AT, 4, 1);
    a32_poke(AT + 8, 4, 2);
    a32_run(0xe4921008 /* ldr r1, [r2], #8 */);
    reg_eq(1, 1);
    reg_eq(2, AT + 8);
    a32_run(0xe5321008 /* ldr r1, [r2, #-8]! */);
    reg_eq(1, 1);
    reg_eq(2, AT);
    r.x[5] = 4;
    a32_run(0xe7a24005 /* str r4, [r2, r5]! */);
    reg_eq(2, AT + 4);
    ck_assert_uint_eq(a32_peek(AT + 4, 4), 0x11110004);
    a32_run(0xe00240b5 /* strh r4, [r2], -r5 */);
    reg_eq(2, AT);
    touched_eq(AT + 4, 2, ARM_WRITES);
    a32_run(0xe1f210d3 /* ldrsb r1, [r2, #3]! */);
    reg_eq(2, AT + 3);
}
END_TEST

START_TEST(shifted_offsets)
{
    r.x[2] = AT;
    r.x[5] = 3;
    a32_run(0xe7921105 /* ldr r1, [r2, r5, lsl #2] */);
    touched_eq(AT + 12, 4, ARM_READS);
    a32_run(0xe7121205 /* ldr r1, [r2, -r5, lsl #4] */);
    touched_eq(AT - 48, 4, ARM_READS);
    r.x[5] = 0x80;
    a32_run(0xe79211a5 /* ldr r1, [r2, r5, lsr #3] */);
    touched_eq(AT + 16, 4, ARM_READS);
    r.x[5] = 0xffffff80;
    a32_run(0xe79211c5 /* ldr r1, [r2, r5, asr #3] */);
    touched_eq(AT - 16, 4, ARM_READS);
    a32_run(0xe7d21045 /* ldrb r1, [r2, r5, asr #32] */);
    touched_eq(AT - 1, 1, ARM_READS);
    a32_run(0xe7d21025 /* ldrb r1, [r2, r5, lsr #32] */);
    touched_eq(AT, 1, ARM_READS);
    r.x[5] = 0x10;
    a32_run(0xe7921165 /* ldr r1, [r2, r5, ror #2] */);
    touched_eq(AT + 4, 4, ARM_READS);
    r.cpsr |= C_BIT;
    r.x[2] = AT + 0x80000000;
    a32_run(0xe7921065 /* ldr r1, [r2, r5, rrx] */);
    touched_eq(AT + 8, 4, ARM_READS);
}
END_TEST

START_TEST(from_the_pc)
{
    r.pc = DATA + 0x200;
    a32_poke(DATA + 0x20c, 4, 0xcafe);
    a32_run(0xe59f1004 /* ldr r1, [pc, #4] */);
    reg_eq(1, 0xcafe);
    r.pc = DATA + 0x200;
    a32_run(0xe14f40d8 /* ldrd r4, r5, [pc, #-8] */);
    touched_eq(DATA + 0x200, 8, ARM_READS);
    r.x[2] = AT;
    r.pc = CODE;
    a32_run(0xe582f000 /* str pc, [r2] */);
    ck_assert_uint_eq(a32_peek(AT, 4), CODE + 8);
}
END_TEST

START_TEST(into_the_pc)
{
    r.x[2] = AT;
    a32_poke(AT, 4, 0x1001);
    a32_jumps(0xe492f004 /* ldr pc, [r2], #4 */);
    ck_assert_uint_eq(r.pc, 0x1000);
    ck_assert_uint_eq(r.cpsr, USR | THUMB);
    reg_eq(2, AT + 4);
    a32_setup();
    r.x[13] = AT;
    a32_poke(AT + 4, 4, 0x2000);
    a32_jumps(0xe8bd8008 /* pop {r3, pc} */);
    ck_assert_uint_eq(r.pc, 0x2000);
    ck_assert_uint_eq(r.cpsr, USR);
    reg_eq(13, AT + 8);
    r.pc = CODE;
    r.x[2] = AT;
    a32_poke(AT, 4, 0x1002);
    a32_not(0xe492f004 /* ldr pc, [r2], #4 */, ARM_UNSURE);
    a32_not(0xe8b28000 /* ldm r2!, {pc} */, ARM_UNSURE);
}
END_TEST

/* Where alignment is not asked for, it is done, in two pages too. */
START_TEST(unaligned)
{
    r.x[2] = DATA + PAGE - 3;
    a32_poke(DATA + PAGE - 3, 4, 0xa1b2c3d4);
    a32_run(0xe5921000 /* ldr r1, [r2] */);
    reg_eq(1, 0xa1b2c3d4);
    ck_assert(!touch.single);
    r.x[3] = 0x01020304;
    a32_run(0xe5823002 /* str r3, [r2, #2] */);
    ck_assert_uint_eq(a32_peek(DATA + PAGE - 1, 4), 0x01020304);
    a32_run(0xe1c230b0 /* strh r3, [r2] */);
    ck_assert_uint_eq(a32_peek(DATA + PAGE - 3, 2), 0x0304);
}
END_TEST

START_TEST(unprivileged)
{
    r.cpsr = SVC;
    r.x[2] = AT;
    a32_run(0xe5921000 /* ldr r1, [r2] */);
    ck_assert(!touch.user);
    a32_run(0xe4b21004 /* ldrt r1, [r2], #4 */);
    ck_assert(touch.user);
    reg_eq(2, AT + 4);
    a32_run(0xe0e210b4 /* strht r1, [r2], #4 */);
    ck_assert(touch.user);
    a32_run(0xe03210d1 /* ldrsbt r1, [r2], -r1 */);
    ck_assert(touch.user);
}
END_TEST

/* ---- two, and several ---- */

START_TEST(pairs)
{
    r.x[2] = AT;
    a32_poke(AT, 8, 0x1122334455667788);
    a32_run(0xe0c240d8 /* ldrd r4, r5, [r2], #8 */);
    reg_eq(4, 0x55667788);
    reg_eq(5, 0x11223344);
    reg_eq(2, AT + 8);
    touched_eq(AT, 8, ARM_READS);
    ck_assert(touch.single);
    r.x[3] = 4;
    a32_run(0xe1a240f3 /* strd r4, r5, [r2, r3]! */);
    reg_eq(2, AT + 12);
    ck_assert_uint_eq(a32_peek(AT + 12, 8), 0x1122334455667788);
    ck_assert(!touch.single);
    a32_run(0xe1c220d0 /* ldrd r2, r3, [r2] */);
    reg_eq(2, 0x55667788);
    reg_eq(3, 0x11223344);
}
END_TEST

static void many(uint32_t word, uint32_t first, uint32_t back)
{
    a32_setup();
    r.x[2] = AT;
    a32_poke(first, 8, 0x2222222211111111);
    a32_poke(first + 8, 4, 0x33333333);
    a32_run(word);
    touched_eq(first, 12, ARM_READS);
    reg_eq(1, 0x11111111);
    reg_eq(7, 0x22222222);
    reg_eq(14, 0x33333333);
    ck_assert_uint_eq((uint32_t)r.x[2], back);
}

START_TEST(several)
{
    many(0xe8924082 /* ldmia r2, {r1, r7, lr} */, AT, AT);
    many(0xe8b24082 /* ldmia r2!, {r1, r7, lr} */, AT, AT + 12);
    many(0xe9b24082 /* ldmib r2!, {r1, r7, lr} */, AT + 4, AT + 12);
    many(0xe8324082 /* ldmda r2!, {r1, r7, lr} */, AT - 8, AT - 12);
    many(0xe9324082 /* ldmdb r2!, {r1, r7, lr} */, AT - 12, AT - 12);
    many(0xe9124082 /* ldmdb r2, {r1, r7, lr} */, AT - 12, AT);
    r.x[13] = DATA + PAGE + 8;
    a32_run(0xe92d400f /* push {r0, r1, r2, r3, lr} */);
    touched_eq(DATA + PAGE - 12, 20, ARM_WRITES);
    reg_eq(13, DATA + PAGE - 12);
    ck_assert_uint_eq(a32_peek(DATA + PAGE - 12, 4), 0x11110000);
    ck_assert_uint_eq(a32_peek(DATA + PAGE + 4, 4), 0x33333333);
    a32_run(0xe89d01f0 /* ldm sp, {r4, r5, r6, r7, r8} */);
    reg_eq(8, 0x33333333);
}
END_TEST

/* The base itself: loaded without write-back, stored as it was where it is the first. */
START_TEST(base_in_the_list)
{
    r.x[2] = AT;
    a32_poke(AT + 4, 4, 5);
    a32_run(0xe8920006 /* ldm r2, {r1, r2} */);
    reg_eq(2, 5);
    r.x[2] = AT;
    a32_run(0xe8a2000c /* stm r2!, {r2, r3} */);
    ck_assert_uint_eq(a32_peek(AT, 4), AT);
    reg_eq(2, AT + 8);
    a32_not(0xe8a20006 /* stm r2!, {r1, r2} */, ARM_UNSURE);
    a32_not(0xe8b20006 /* ldm r2!, {r1, r2} */, ARM_UNSURE);
    r.x[13] = AT;
    a32_run(0xe8828002 /* stmia r2, {r1, pc} */);
    ck_assert_uint_eq(a32_peek(AT + 12, 4), (uint32_t)before.pc + 8);
}
END_TEST

/* ---- big-endian: every word by itself ---- */

START_TEST(big_endian)
{
    r.cpsr |= BIG;
    r.x[2] = AT;
    a32_poke(AT, 8, 0x8877665544332211);
    a32_run(0xe5921000 /* ldr r1, [r2] */);
    reg_eq(1, 0x11223344);
    a32_run(0xe1d210b2 /* ldrh r1, [r2, #2] */);
    reg_eq(1, 0x3344);
    a32_run(0xe1c240d0 /* ldrd r4, r5, [r2] */);
    reg_eq(4, 0x11223344);
    reg_eq(5, 0x55667788);
    a32_run(0xe89200c0 /* ldm r2, {r6, r7} */);
    reg_eq(6, 0x11223344);
    reg_eq(7, 0x55667788);
    a32_run(0xe1c240f8 /* strd r4, r5, [r2, #8] */);
    a32_run(0xe1c241f4 /* strd r4, r5, [r2, #20] */);
    a32_run(0xe8820030 /* stm r2, {r4, r5} */);
    ck_assert_uint_eq(a32_peek(AT, 8), 0x8877665544332211);
    ck_assert_uint_eq(a32_peek(AT + 8, 8), 0x8877665544332211);
    ck_assert_uint_eq(a32_peek(AT + 20, 8), 0x8877665544332211);
    a32_run(0xe1c240b1 /* strh r4, [r2, #1] */);
    ck_assert_uint_eq(a32_peek(AT + 1, 2), 0x4433);
}
END_TEST

START_TEST(big_endian_exclusives)
{
    r.cpsr |= BIG;
    r.x[2] = AT;
    a32_poke(AT, 8, 0x8877665544332211);
    a32_run(0xe1b24f9f /* ldrexd r4, r5, [r2] */);
    reg_eq(4, 0x11223344);
    reg_eq(5, 0x55667788);
    r.x[4] = 0x01020304;
    a32_run(0xe1a21f94 /* strexd r1, r4, r5, [r2] */);
    reg_eq(1, 0);
    ck_assert_uint_eq(a32_peek(AT, 8), 0x8877665504030201);
    a32_run(0xe1f24f9f /* ldrexh r4, [r2] */);
    reg_eq(4, 0x0102);
    a32_run(0xe1e21f95 /* strexh r1, r5, [r2] */);
    reg_eq(1, 0);
    ck_assert_uint_eq(a32_peek(AT, 2), 0x8877);
    a32_run(0xe1026094 /* swp r6, r4, [r2] */);
    reg_eq(6, 0x77880304);
    ck_assert_uint_eq(a32_peek(AT, 4), 0x02010000);
}
END_TEST

/* ---- exclusives and the like ---- */

START_TEST(exclusives)
{
    r.x[2] = AT;
    a32_poke(AT, 4, 41);
    a32_run(0xe1921f9f /* ldrex r1, [r2] */);
    touched_eq(AT, 4, ARM_READS);
    reg_eq(1, 41);
    ck_assert_uint_eq(monitor.va, AT);
    ck_assert_uint_eq(monitor.bytes, 4);
    r.x[1] = 42;
    a32_run(0xe1823f91 /* strex r3, r1, [r2] */);
    touched_eq(AT, 4, ARM_WRITES);
    reg_eq(3, 0);
    ck_assert(monitor.stored);
    ck_assert_uint_eq(a32_peek(AT, 4), 42);
    a32_run(0xe1823f92 /* strex r3, r2, [r2] */);
    reg_eq(3, 1);
    ck_assert_uint_eq(a32_peek(AT, 4), 42);
}
END_TEST

static void fails(uint32_t load, uint32_t store, uint32_t base, bool written)
{
    a32_setup();
    r.x[2] = AT;
    a32_poke(AT, 8, 0x2222222222222222); /* what was loaded is elsewhere too */
    if (load)
        a32_run(load);
    r.x[2] = base;
    if (written)
        a32_poke(AT, 1, 9);
    uint64_t was = a32_peek(AT, 8);
    a32_run(store);
    reg_eq(3, 1);
    ck_assert_uint_eq(monitor.bytes, 0);
    ck_assert(!monitor.stored);
    ck_assert_uint_eq(a32_peek(AT, 8), was);
}

/* Not armed, another address, another size, written meanwhile. */
START_TEST(exclusives_fail)
{
    fails(0, 0xe1823f91 /* strex r3, r1, [r2] */, AT, false);
    fails(0xe1921f9f /* ldrex r1, [r2] */, 0xe1823f91 /* strex r3, r1, [r2] */, AT + 4, false);
    fails(0xe1921f9f /* ldrex r1, [r2] */, 0xe1e23f91 /* strexh r3, r1, [r2] */, AT, false);
    fails(0xe1921f9f /* ldrex r1, [r2] */, 0xe1823f91 /* strex r3, r1, [r2] */, AT, true);
    fails(0xe1d21f9f /* ldrexb r1, [r2] */, 0xe1c23f91 /* strexb r3, r1, [r2] */, AT, true);
    fails(0xe1b20f9f /* ldrexd r0, r1, [r2] */, 0xe1a23f90 /* strexd r3, r0, r1, [r2] */, AT, true);
}
END_TEST

START_TEST(exclusives_of_all_sizes)
{
    r.x[2] = AT;
    a32_poke(AT, 8, 0x1111111122222222);
    r.x[5] = 0xabcdef01;
    a32_run(0xe1d21e9f /* ldaexb r1, [r2] */);
    reg_eq(1, 0x22);
    a32_run(0xe1c23e95 /* stlexb r3, r5, [r2] */);
    reg_eq(3, 0);
    a32_run(0xe1f21f9f /* ldrexh r1, [r2] */);
    reg_eq(1, 0x2201);
    a32_run(0xe1e23f95 /* strexh r3, r5, [r2] */);
    reg_eq(3, 0);
    a32_run(0xe1b26e9f /* ldaexd r6, r7, [r2] */);
    reg_eq(6, 0x2222ef01);
    reg_eq(7, 0x11111111);
    a32_run(0xe1a23e96 /* stlexd r3, r6, r7, [r2] */);
    reg_eq(3, 0);
    ck_assert_uint_eq(a32_peek(AT, 8), 0x111111112222ef01);
    a32_run(0xe1921f9f /* ldrex r1, [r2] */);
    a32_run(0xf57ff01f /* clrex */);
    a32_run(0xe1823f91 /* strex r3, r1, [r2] */);
    reg_eq(3, 1);
    ck_assert_int_eq(a32_try(0xe1921f9f /* ldrex r1, [r2] */, NULL), ARM_EXCLUSIVE);
    ck_assert_int_eq(a32_try(0xe1823f91 /* strex r3, r1, [r2] */, NULL), ARM_EXCLUSIVE);
}
END_TEST

START_TEST(acquire_release_and_swap)
{
    r.x[2] = AT;
    a32_run(0xe182fc91 /* stl r1, [r2] */);
    ck_assert_uint_eq(a32_peek(AT, 4), 0x11110001);
    touched_eq(AT, 4, ARM_WRITES);
    a32_run(0xe1923c9f /* lda r3, [r2] */);
    reg_eq(3, 0x11110001);
    a32_run(0xe1d23c9f /* ldab r3, [r2] */);
    reg_eq(3, 1);
    a32_run(0xe1e2fc94 /* stlh r4, [r2] */);
    ck_assert_uint_eq(a32_peek(AT, 4), 0x11110004);
    r.x[5] = 0xcafe;
    a32_run(0xe1026095 /* swp r6, r5, [r2] */);
    touched_eq(AT, 4, ARM_READS | ARM_WRITES);
    reg_eq(6, 0x11110004);
    a32_run(0xe1425095 /* swpb r5, r5, [r2] */);
    reg_eq(5, 0xfe);
    ck_assert_uint_eq(a32_peek(AT, 4), 0xcafe);
}
END_TEST

/* ---- through a loop ---- */

static const uint32_t *program;
static unsigned placed;

static enum arm_why fetch(void *ctx, const struct arm_regs *regs, uint32_t *word)
{
    (void)ctx;
    *word = program[(regs->pc - CODE) / 4];
    return ARM_OK;
}

static enum arm_why place(void *ctx, const struct arm_regs *regs, const struct arm_touch *t,
                          struct arm_place *out)
{
    (void)ctx, (void)regs;
    placed++;
    *out = a32_place(t);
    return ARM_OK;
}

/* Begun at a store that the vCPU lost, it comes round once. */
START_TEST(around_a_loop)
{
    static const uint32_t counter[] = {
        0xe1921f9f /* ldrex r1, [r2] */,     0xe2811001 /* add r1, r1, #1 */,
        0xe1823f91 /* strex r3, r1, [r2] */, 0xe3530000 /* cmp r3, #0 */,
        0x1afffffa /* bne .-16 */,           0xe5821000 /* str r1, [r2] */};
    static const struct arm_world world = {NULL, fetch, place, NULL, NULL};
    unsigned done;
    program = counter;
    r.x[2] = AT;
    a32_poke(AT, 4, 6);
    r.pc = CODE + 8;
    ck_assert_int_eq(xmi_arm_loop(&world, &r, &monitor, 100, &done), ARM_OK);
    ck_assert_uint_eq(a32_peek(AT, 4), 7);
    ck_assert_uint_eq(r.pc, CODE + 12);
    ck_assert_uint_eq(done, 5);
    ck_assert_uint_eq(placed, 3);
    memset(&monitor, 0, sizeof(monitor));
    ck_assert_int_eq(xmi_arm_loop(&world, &r, &monitor, 100, &done), ARM_UNKNOWN);
    ck_assert_uint_eq(r.pc, CODE + 20);
}
END_TEST

/* ---- conditions ---- */

START_TEST(conditions)
{
    static const uint32_t holds[14] = {Z_BIT, 0,     C_BIT, 0, N_BIT, 0, V_BIT,
                                       0,     C_BIT, Z_BIT, 0, V_BIT, 0, Z_BIT};
    static const uint32_t fails_with[14] = {
        0,     Z_BIT,         0,     C_BIT, 0, N_BIT, 0, V_BIT, C_BIT | Z_BIT, C_BIT,
        N_BIT, N_BIT | V_BIT, Z_BIT, 0};
    for (uint32_t c = 0; c < 14; c++) {
        a32_setup();
        r.x[2] = AT;
        r.cpsr = USR | fails_with[c];
        a32_passes(c << 28 | 0x04924004); /* ldr r4, [r2], #4 */
        a32_passes(c << 28 | 0x0892c002); /* ldm r2, {r1, lr, pc} */
        a32_passes(c << 28 | 0x01824f91); /* strex r4, r1, [r2] */
        r.cpsr = USR | holds[c];
        a32_run(c << 28 | 0x04924004);
        touched_eq(AT, 4, ARM_READS);
        reg_eq(2, AT + 4);
    }
}
END_TEST

/* ---- banked registers ---- */

START_TEST(banks)
{
    static const struct {
        uint32_t mode;
        unsigned r8, sp, lr;
    } modes[] = {{USR, 8, 13, 14},  {0x11, 24, 29, 30}, {0x12, 8, 17, 16}, {SVC, 8, 19, 18},
                 {0x17, 8, 21, 20}, {0x1b, 8, 23, 22},  {0x1f, 8, 13, 14}};
    for (unsigned i = 0; i < 7; i++) {
        a32_setup();
        r.cpsr = modes[i].mode;
        r.x[modes[i].sp] = AT;
        a32_run(0xe58de000 /* str lr, [sp] */);
        ck_assert_uint_eq(a32_peek(AT, 4), 0x11110000 | modes[i].lr);
        ck_assert_uint_eq(touch.user, modes[i].mode == USR);
        a32_poke(AT, 4, 3);
        a32_run(0xe49d8004 /* ldr r8, [sp], #4 */);
        reg_eq(modes[i].r8, 3);
        reg_eq(modes[i].sp, AT + 4);
        a32_run(0xe1a0e008 /* mov lr, r8 */);
        reg_eq(modes[i].lr, 3);
        a32_run(0xe3a07009 /* mov r7, #9 */);
        reg_eq(7, 9);
    }
}
END_TEST

int main(void)
{
    const unit_test tests[] = {immediate_offsets,
                               sizes_and_signs,
                               written_back,
                               shifted_offsets,
                               from_the_pc,
                               into_the_pc,
                               unaligned,
                               unprivileged,
                               pairs,
                               several,
                               base_in_the_list,
                               big_endian,
                               big_endian_exclusives,
                               exclusives,
                               exclusives_fail,
                               exclusives_of_all_sizes,
                               acquire_release_and_swap,
                               around_a_loop,
                               conditions,
                               banks,
                               NULL};
    return unit_main("a32", a32_setup, NULL, tests);
}
