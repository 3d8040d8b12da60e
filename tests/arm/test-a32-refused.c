/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A32 and T32: what is left to the guest, and that nothing is changed then. */
#include "a32-unit.h"

#define AT (DATA + 0x100)

static void setup(void)
{
    a32_setup();
    r.x[2] = AT;
}

static void thumb(void)
{
    setup();
    r.cpsr |= THUMB;
}

static void each(const uint32_t *words, unsigned n, enum arm_why why)
{
    for (unsigned i = 0; i < n; i++)
        a32_not(words[i], why);
}

#define EACH(words, why) each(words, sizeof(words) / sizeof((words)[0]), why)

/* ---- faults of the guest's own ---- */

START_TEST(always_aligned)
{
    static const uint32_t a32[] = {
        0xe8920003 /* ldm r2, {r0, r1} */,  0xe8820001 /* stm r2, {r0} */,
        0xe1c240d0 /* ldrd r4, r5, [r2] */, 0xe1c240f0 /* strd r4, r5, [r2] */,
        0xe1921f9f /* ldrex r1, [r2] */,    0xe1821f93 /* strex r1, r3, [r2] */,
        0xe1f21f9f /* ldrexh r1, [r2] */,   0xe1e21f93 /* strexh r1, r3, [r2] */,
        0xe1921c9f /* lda r1, [r2] */,      0xe182fc91 /* stl r1, [r2] */,
        0xe1f21c9f /* ldah r1, [r2] */,     0xe1021093 /* swp r1, r3, [r2] */,
        0xe1921e9f /* ldaex r1, [r2] */,    0xe1e21e93 /* stlexh r1, r3, [r2] */,
    };
    static const uint32_t t32[] = {0xe8920003 /* ldm r2, {r0, r1} */,
                                   0xe9d24500 /* ldrd r4, r5, [r2] */,
                                   0xe8521f00 /* ldrex r1, [r2] */, 0xe8c21faf /* stl r1, [r2] */};
    static const uint32_t eight[] = {0xe1b24f9f /* ldrexd r4, r5, [r2] */,
                                     0xe1a21f94 /* strexd r1, r4, r5, [r2] */,
                                     0xe1b24e9f /* ldaexd r4, r5, [r2] */};
    r.x[2] = AT + 1;
    EACH(a32, ARM_FAULTS);
    r.x[2] = AT + 4;
    EACH(eight, ARM_FAULTS);
    thumb();
    r.x[2] = AT + 1;
    EACH(t32, ARM_FAULTS);
    r.x[13] = AT + 2;
    a32_not(0xb4010000 /* push {r0} */, ARM_FAULTS);
}
END_TEST

START_TEST(aligned_by_choice)
{
    static const uint32_t some[] = {0xe5921000 /* ldr r1, [r2] */, 0xe5821000 /* str r1, [r2] */,
                                    0xe1d210b0 /* ldrh r1, [r2] */,
                                    0xe0f210f2 /* ldrsht r1, [r2], #2 */,
                                    0xe1c210b0 /* strh r1, [r2] */};
    r.x[2] = AT + 1;
    a32_run(some[0]);
    r.x[2] = AT + 1;
    r.sctlr = SCTLR_M | SCTLR_A;
    EACH(some, ARM_FAULTS);
    a32_run(0xe1d210d0 /* ldrsb r1, [r2] */);
    r.x[2] = AT + 1;
    r.sctlr = 0; /* all is Device */
    EACH(some, ARM_FAULTS);
}
END_TEST

/* Faults are no matter where the condition fails. */
START_TEST(conditions_come_first)
{
    r.x[2] = AT + 1;
    r.cpsr |= Z_BIT;
    a32_not(0x08920003 /* ldmeq r2, {r0, r1} */, ARM_FAULTS);
    a32_passes(0x18920003 /* ldmne r2, {r0, r1} */);
}
END_TEST

/* ---- unpredictable ---- */

START_TEST(unsure_a32)
{
    static const uint32_t words[] = {
        0xe4922004 /* ldr r2, [r2], #4 */,
        0xe5a22004 /* str r2, [r2, #4]! */,
        0xe49f1004 /* ldr r1, [pc], #4 */,
        0xe792100f /* ldr r1, [r2, pc] */,
        0xe5d2f000 /* ldrb pc, [r2] */,
        0xe5c2f000 /* strb pc, [r2] */,
        0xe1d2f0b0 /* ldrh pc, [r2] */,
        0xe19211b3 /* ldrh r1, [r2, r3] without its zeros */,
        0xe4b2f004 /* ldrt pc, [r2], #4 */,
        0xe1c250d0 /* ldrd r5, r6, [r2] */,
        0xe1c2e0d0 /* ldrd lr, pc, [r2] */,
        0xe0c220d4 /* ldrd r2, r3, [r2], #4 */,
        0xe18240d4 /* ldrd r4, r5, [r2, r4] */,
        0xe06240d0 /* ldrd with post-index and W */,
        0xe8920000 /* ldm r2, {} */,
        0xe89f0003 /* ldm pc, {r0, r1} */,
        0xe8b20004 /* ldm r2!, {r2} */,
        0xe1821f91 /* strex r1, r1, [r2] */,
        0xe1822f91 /* strex r2, r1, [r2] */,
        0xe1a24f94 /* strexd r4, r4, r5, [r2] */,
        0xe1a25f94 /* strexd r5, r4, r5, [r2] */,
        0xe1b25f9f /* ldrexd r5, r6, [r2] */,
        0xe19f1f9f /* ldrex r1, [pc] */,
        0xe1921f90 /* ldrex without its ones */,
        0xe1022091 /* swp r2, r1, [r2] */,
        0xe0822294 /* umull r2, r2, r4, r2 */,
        0xe00f0291 /* mul pc, r1, r2 */,
    };
    EACH(words, ARM_UNSURE);
}
END_TEST

START_TEST(unsure_t32)
{
    static const uint32_t words[] = {
        0xc2060000 /* stm r2!, {r1, r2} */,
        0xb4000000 /* push {} */,
        0x45180000 /* cmp of two low registers */,
        0xf8522b04 /* ldr r2, [r2], #4 */,
        0xf8c2f000 /* str pc, [r2] */,
        0xf852100f /* ldr r1, [r2, pc] */,
        0xe9d24400 /* ldrd r4, r4, [r2] */,
        0xe9e22502 /* strd r2, r5, [r2, #8]! */,
        0xe8920002 /* ldm.w r2, {r1} */,
        0xe892c002 /* ldm.w r2, {r1, lr, pc} */,
        0xe8922002 /* ldm.w r2, {r1, sp} */,
        0xe8a20006 /* stm.w r2!, {r1, r2} */,
        0xe8829100 /* stm.w r2, {r8, r12, pc} */,
        0xe8421100 /* strex r1, r1, [r2] */,
        0xe8d2447f /* ldrexd r4, r4, [r2] */,
        0xe8d2f00f /* tbb [r2, pc] */,
        0xf10f0100 /* add.w r1, pc, #0 */,
    };
    thumb();
    EACH(words, ARM_UNSURE);
}
END_TEST

/* By what the vCPU is: HYP and modes that are none, a pc that is none, the end of all addresses. */
START_TEST(unsure_states)
{
    uint32_t load = 0xe5921000 /* ldr r1, [r2] */;
    static const uint32_t modes[] = {0x1a, 0x16, 0x14, 0x1c};
    for (unsigned i = 0; i < 4; i++) {
        r.cpsr = modes[i];
        a32_not(load, ARM_UNSURE);
    }
    r.cpsr = USR;
    r.pc = CODE + 2;
    a32_not(load, ARM_UNSURE);
    r.pc = 0x100000000ull + CODE;
    a32_not(load, ARM_UNSURE);
    r.pc = CODE;
    r.x[2] = 0xfffffffe;
    a32_not(load, ARM_UNSURE);
    r.x[2] = 0xfffffff8;
    a32_not(0xe8920070 /* ldm r2, {r4, r5, r6} */, ARM_UNSURE);
    r.x[2] = AT + 2;
    a32_not(0xe592f000 /* ldr pc, [r2] */, ARM_UNSURE);
    r.x[2] = AT;
    r.cpsr = USR | 1u << 20;
    a32_not(load, ARM_FAULTS);
    r.cpsr = SVC;
    r.x[2] = AT;
    a32_run(load);
}
END_TEST

/* A decoded instruction of the other set, and a touch of something else. */
START_TEST(not_that_instruction)
{
    struct arm_place at = {{page[0], NULL}, PAGE};
    ck_assert_int_eq(xmi_arm_decode(ARM_A32, 0xe5921000 /* ldr r1, [r2] */, &insn), ARM_OK);
    ck_assert_int_eq(xmi_arm_touches(&insn, &r, &touch), ARM_OK);
    touch.bytes = 2;
    before = r;
    ck_assert_int_eq(xmi_arm_do(&insn, &touch, &at, &r, NULL), ARM_UNSURE);
    touch.bytes = 4;
    r.cpsr |= THUMB;
    ck_assert_int_eq(xmi_arm_do(&insn, &touch, &at, &r, NULL), ARM_UNSURE);
    r.cpsr = before.cpsr;
    ck_assert_mem_eq(&r, &before, sizeof(r));
}
END_TEST

/* ---- not known ---- */

START_TEST(unknown)
{
    static const uint32_t a32[] = {
        0xef000000 /* svc #0 */,
        0xe7f000f0 /* udf #0 */,
        0xe1200070 /* bkpt #0 */,
        0xee111f10 /* mrc p15, 0, r1, c1, c0, 0 */,
        0xe10f1000 /* mrs r1, cpsr */,
        0xe128f001 /* msr cpsr_f, r1 */,
        0xe8d20002 /* ldm r2, {r1}^ */,
        0xe8d28002 /* ldm r2, {r1, pc}^ */,
        0xf8920a00 /* rfeia r2 */,
        0xf8cd0513 /* srsia sp, #19 */,
        0xf10c0080 /* cpsid i */,
        0xf1010200 /* setend be */,
        0xe320f004 /* sev */,
        0xe1b0f00e /* movs pc, lr */,
        0xe25ef004 /* subs pc, lr, #4 */,
        0xee300a81 /* vadd.f32 s0, s1, s2 */,
        0xec521b10 /* vmov r1, r2, d0 */,
        0xee001a10 /* vmov s0, r1 */,
        0xed925e00 /* ldc p14, c5, [r2] */,
        0xe6521f93 /* uadd8 r1, r2, r3 */,
        0xe1610382 /* smulbb r1, r2, r3 */,
    };
    static const uint32_t t32[] = {
        0xdf000000 /* svc #0 */,       0xde000000 /* udf #0 */,
        0xbe000000 /* bkpt #0 */,      0xee111f10 /* mrc p15, 0, r1, c1, c0, 0 */,
        0xe992c000 /* rfeia r2 */,     0xe98dc013 /* srsia sp, #19 */,
        0xb6720000 /* cpsid i */,      0xbf400000 /* sev */,
        0xf3ef8100 /* mrs r1, cpsr */, 0xee300a81 /* vadd.f32 s0, s1, s2 */,
        0xf7f0a000 /* udf.w #0 */,     0xf3de8f04 /* subs pc, lr, #4 */,
    };
    EACH(a32, ARM_UNKNOWN);
    thumb();
    EACH(t32, ARM_UNKNOWN);
}
END_TEST

START_TEST(vectors)
{
    static const uint32_t a32[] = {
        0xed920b00 /* vldr d0, [r2] */,       0xedc20a01 /* vstr s1, [r2, #4] */,
        0xecb20b08 /* vldmia r2!, {d0-d3} */, 0xed2d8b02 /* vpush {d8} */,
        0xf422070f /* vld1.8 {d0}, [r2] */,   0xf402008d /* vst4.32 {d0-d3}, [r2]! */};
    static const uint32_t t32[] = {
        0xed920b00 /* vldr d0, [r2] */, 0xed220a04 /* vstmdb r2!, {s0-s3} */,
        0xf922070f /* vld1.8 {d0}, [r2] */, 0xf902084f /* vst2.16 {d0-d1}, [r2] */};
    EACH(a32, ARM_VECTOR);
    thumb();
    EACH(t32, ARM_VECTOR);
}
END_TEST

/* ---- touches nothing ---- */

START_TEST(prefetches_and_barriers)
{
    static const uint32_t a32[] = {0xf5d2f000 /* pld [r2] */,
                                   0xf792f003 /* pldw [r2, r3] */,
                                   0xf4d2f004 /* pli [r2, #4] */,
                                   0xf5dff004 /* pld [pc, #4] */,
                                   0xf57ff05b /* dmb ish */,
                                   0xf57ff04f /* dsb sy */,
                                   0xf57ff06f /* isb */,
                                   0xf57ff01f /* clrex */,
                                   0xe320f000 /* nop */,
                                   0xe320f001 /* yield */,
                                   0xe320f002 /* wfe */};
    static const uint32_t t32[] = {0xf892f000 /* pld [r2] */,
                                   0xf832fc04 /* pldw [r2, #-4] */,
                                   0xf912f013 /* pli [r2, r3, lsl #1] */,
                                   0xf89ff004 /* pld [pc, #4] */,
                                   0xf3bf8f5b /* dmb ish */,
                                   0xf3bf8f2f /* clrex */,
                                   0xbf000000 /* nop */,
                                   0xf3af8000 /* nop.w */};
    r.x[2] = 1; /* nothing is there */
    for (unsigned i = 0; i < sizeof(a32) / 4; i++)
        a32_passes(a32[i]);
    r.cpsr |= THUMB;
    for (unsigned i = 0; i < sizeof(t32) / 4; i++)
        a32_passes(t32[i]);
    ck_assert_int_eq(xmi_arm_decode(ARM_T32, t32[0], &insn), ARM_OK);
    ck_assert_int_eq(insn.kind, ARM_PREFETCH);
}
END_TEST

START_TEST(single_step_bit)
{
    r.cpsr |= ARM_CPSR_SS;
    a32_run(0xe5921000 /* ldr r1, [r2] */);
    ck_assert_uint_eq(r.cpsr, USR);
}
END_TEST

int main(void)
{
    const unit_test tests[] = {
        always_aligned, aligned_by_choice,       conditions_come_first, unsure_a32,
        unsure_t32,     unsure_states,           not_that_instruction,  unknown,
        vectors,        prefetches_and_barriers, single_step_bit,       NULL};
    return unit_main("a32-refused", setup, NULL, tests);
}
