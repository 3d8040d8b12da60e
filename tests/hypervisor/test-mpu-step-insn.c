/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which instructions can be let run by themselves; words as GNU as makes them. */
#include "mpu-test.h"

#include <xm/mpu.h>

static const struct row {
    enum xm_mpu_set set;
    uint32_t word;
    enum xm_mpu_insn is;
} table[] = {
    {XM_MPU_A64, 0xc85f7c20u, XM_MPU_INSN_EXCLUSIVE}, /* ldxr x0, [x1] */
    {XM_MPU_A64, 0xc8027c20u, XM_MPU_INSN_EXCLUSIVE}, /* stxr w2, x0, [x1] */
    {XM_MPU_A64, 0x085ffc20u, XM_MPU_INSN_EXCLUSIVE}, /* ldaxrb w0, [x1] */
    {XM_MPU_A64, 0x4802fc20u, XM_MPU_INSN_EXCLUSIVE}, /* stlxrh w2, w0, [x1] */
    {XM_MPU_A64, 0xc87f0820u, XM_MPU_INSN_EXCLUSIVE}, /* ldxp x0, x2, [x1] */
    {XM_MPU_A64, 0xc8230820u, XM_MPU_INSN_EXCLUSIVE}, /* stxp w3, x0, x2, [x1] */
    {XM_MPU_A64, 0xc8dffc20u, XM_MPU_INSN_PLAIN},     /* ldar x0, [x1] */
    {XM_MPU_A64, 0xc89ffc20u, XM_MPU_INSN_PLAIN},     /* stlr x0, [x1] */
    {XM_MPU_A64, 0x48207c82u, XM_MPU_INSN_PLAIN},     /* casp x0, x1, x2, x3, [x4] */
    {XM_MPU_A64, 0xc8a07c41u, XM_MPU_INSN_PLAIN},     /* cas x0, x1, [x2] */
    {XM_MPU_A64, 0xf8200041u, XM_MPU_INSN_PLAIN},     /* ldadd x0, x1, [x2] */
    {XM_MPU_A64, 0xf9000020u, XM_MPU_INSN_PLAIN},     /* str x0, [x1] */
    {XM_MPU_A64, 0xa9400440u, XM_MPU_INSN_PLAIN},     /* ldp x0, x1, [x2] */
    {XM_MPU_A64, 0x3d800020u, XM_MPU_INSN_PLAIN},     /* str q0, [x1] */
    {XM_MPU_A64, 0xd65f03c0u, XM_MPU_INSN_PLAIN},     /* ret */
    {XM_MPU_A64, 0x14000000u, XM_MPU_INSN_PLAIN},     /* b */
    {XM_MPU_A64, 0xd5033f5fu, XM_MPU_INSN_PLAIN},     /* clrex */
    {XM_MPU_A32, 0xe1910f9fu, XM_MPU_INSN_EXCLUSIVE}, /* ldrex r0, [r1] */
    {XM_MPU_A32, 0xe1812f90u, XM_MPU_INSN_EXCLUSIVE}, /* strex r2, r0, [r1] */
    {XM_MPU_A32, 0xe1d10f9fu, XM_MPU_INSN_EXCLUSIVE}, /* ldrexb r0, [r1] */
    {XM_MPU_A32, 0xe1b12f9fu, XM_MPU_INSN_EXCLUSIVE}, /* ldrexd r2, [r1] */
    {XM_MPU_A32, 0xe1910e9fu, XM_MPU_INSN_EXCLUSIVE}, /* ldaex r0, [r1] */
    {XM_MPU_A32, 0xe1e12e90u, XM_MPU_INSN_EXCLUSIVE}, /* stlexh r2, r0, [r1] */
    {XM_MPU_A32, 0x11812f90u, XM_MPU_INSN_EXCLUSIVE}, /* strexne r2, r0, [r1] */
    {XM_MPU_A32, 0xe1910c9fu, XM_MPU_INSN_PLAIN},     /* lda r0, [r1] */
    {XM_MPU_A32, 0xe181fc90u, XM_MPU_INSN_PLAIN},     /* stl r0, [r1] */
    {XM_MPU_A32, 0xe5810000u, XM_MPU_INSN_PLAIN},     /* str r0, [r1] */
    {XM_MPU_A32, 0xe4910004u, XM_MPU_INSN_PLAIN},     /* ldr r0, [r1], #4 */
    {XM_MPU_A32, 0xe8a100ffu, XM_MPU_INSN_PLAIN},     /* stmia r1!, {r0 to r7} */
    {XM_MPU_A32, 0xe89100ffu, XM_MPU_INSN_PLAIN},     /* ldm r1, {r0 to r7} */
    {XM_MPU_A32, 0xe1c200d0u, XM_MPU_INSN_PLAIN},     /* ldrd r0, [r2] */
    {XM_MPU_A32, 0xe1c100b0u, XM_MPU_INSN_PLAIN},     /* strh r0, [r1] */
    {XM_MPU_A32, 0xe0810002u, XM_MPU_INSN_PLAIN},     /* add r0, r1, r2 */
    {XM_MPU_A32, 0xe0000291u, XM_MPU_INSN_PLAIN},     /* mul r0, r1, r2 */
    {XM_MPU_A32, 0xe3500001u, XM_MPU_INSN_PLAIN},     /* cmp r0, #1 */
    {XM_MPU_A32, 0xe1100001u, XM_MPU_INSN_PLAIN},     /* tst r0, r1 */
    {XM_MPU_A32, 0xee070f15u, XM_MPU_INSN_PLAIN},     /* mcr 15, 0, r0, cr7, cr5, {0} */
    {XM_MPU_A32, 0xe591f000u, XM_MPU_INSN_BACK},      /* ldr pc, [r1] */
    {XM_MPU_A32, 0xe791f002u, XM_MPU_INSN_BACK},      /* ldr pc, [r1, r2] */
    {XM_MPU_A32, 0xe8bd8010u, XM_MPU_INSN_BACK},      /* pop {r4, pc} */
    {XM_MPU_A32, 0xe12fff1eu, XM_MPU_INSN_BACK},      /* bx lr */
    {XM_MPU_A32, 0xe12fff33u, XM_MPU_INSN_BACK},      /* blx r3 */
    {XM_MPU_A32, 0xe1a0f00eu, XM_MPU_INSN_BACK},      /* mov pc, lr */
    {XM_MPU_A32, 0xe1b0f00eu, XM_MPU_INSN_BACK},      /* movs pc, lr */
    {XM_MPU_A32, 0xe08ff000u, XM_MPU_INSN_BACK},      /* add pc, pc, r0 */
    {XM_MPU_A32, 0xe25ef004u, XM_MPU_INSN_BACK},      /* subs pc, lr, #4 */
    {XM_MPU_A32, 0xe160006eu, XM_MPU_INSN_BACK},      /* eret */
    {XM_MPU_A32, 0xf8bd0a00u, XM_MPU_INSN_BACK},      /* rfeia sp! */
    {XM_MPU_A32, 0xeafffffeu, XM_MPU_INSN_BACK},      /* b */
    {XM_MPU_A32, 0x1afffffeu, XM_MPU_INSN_BACK},      /* bne */
    {XM_MPU_A32, 0xebfffffeu, XM_MPU_INSN_BACK},      /* bl */
    {XM_MPU_A32, 0xea000000u, XM_MPU_INSN_PLAIN},     /* b */
    {XM_MPU_A32, 0xeb000002u, XM_MPU_INSN_PLAIN},     /* bl */
    {XM_MPU_A32, 0xf57ff04fu, XM_MPU_INSN_PLAIN},     /* dsb sy */
    {XM_MPU_T32, 0xe8510f00u, XM_MPU_INSN_EXCLUSIVE}, /* ldrex r0, [r1] */
    {XM_MPU_T32, 0xe8410200u, XM_MPU_INSN_EXCLUSIVE}, /* strex r2, r0, [r1] */
    {XM_MPU_T32, 0xe8d10f4fu, XM_MPU_INSN_EXCLUSIVE}, /* ldrexb r0, [r1] */
    {XM_MPU_T32, 0xe8c10372u, XM_MPU_INSN_EXCLUSIVE}, /* strexd r2, r0, r3, [r1] */
    {XM_MPU_T32, 0xe8d10fdfu, XM_MPU_INSN_EXCLUSIVE}, /* ldaexh r0, [r1] */
    {XM_MPU_T32, 0xe8d10fafu, XM_MPU_INSN_PLAIN},     /* lda r0, [r1] */
    {XM_MPU_T32, 0x60080000u, XM_MPU_INSN_PLAIN},     /* str r0, [r1, #0] */
    {XM_MPU_T32, 0xf8c10000u, XM_MPU_INSN_PLAIN},     /* str.w r0, [r1] */
    {XM_MPU_T32, 0xf8d10004u, XM_MPU_INSN_PLAIN},     /* ldr.w r0, [r1, #4] */
    {XM_MPU_T32, 0xb5010000u, XM_MPU_INSN_PLAIN},     /* push {r0, lr} */
    {XM_MPU_T32, 0xe8910005u, XM_MPU_INSN_PLAIN},     /* ldmia.w r1, {r0, r2} */
    {XM_MPU_T32, 0xe92100fcu, XM_MPU_INSN_PLAIN},     /* stmdb r1!, {r2 to r7} */
    {XM_MPU_T32, 0xe9d20100u, XM_MPU_INSN_PLAIN},     /* ldrd r0, r1, [r2] */
    {XM_MPU_T32, 0xeb010002u, XM_MPU_INSN_PLAIN},     /* add.w r0, r1, r2 */
    {XM_MPU_T32, 0x28010000u, XM_MPU_INSN_PLAIN},     /* cmp r0, #1 */
    {XM_MPU_T32, 0xdf000000u, XM_MPU_INSN_PLAIN},     /* svc 0 */
    {XM_MPU_T32, 0xde000000u, XM_MPU_INSN_PLAIN},     /* udf #0 */
    {XM_MPU_T32, 0xf8d1f000u, XM_MPU_INSN_BACK},      /* ldr.w pc, [r1] */
    {XM_MPU_T32, 0xbd100000u, XM_MPU_INSN_BACK},      /* pop {r4, pc} */
    {XM_MPU_T32, 0xe8bd81f0u, XM_MPU_INSN_BACK},      /* ldmia.w sp!, {r4 to r8, pc} */
    {XM_MPU_T32, 0x47700000u, XM_MPU_INSN_BACK},      /* bx lr */
    {XM_MPU_T32, 0x47980000u, XM_MPU_INSN_BACK},      /* blx r3 */
    {XM_MPU_T32, 0x46f70000u, XM_MPU_INSN_BACK},      /* mov pc, lr */
    {XM_MPU_T32, 0x448f0000u, XM_MPU_INSN_BACK},      /* add pc, r1 */
    {XM_MPU_T32, 0xe8dff000u, XM_MPU_INSN_BACK},      /* tbb [pc, r0] */
    {XM_MPU_T32, 0xf3de8f04u, XM_MPU_INSN_BACK},      /* subs pc, lr, #4 */
    {XM_MPU_T32, 0xf3c18f00u, XM_MPU_INSN_BACK},      /* bxj r1 */
    {XM_MPU_T32, 0xe9bdc000u, XM_MPU_INSN_BACK},      /* rfeia sp! */
    {XM_MPU_T32, 0xe7fe0000u, XM_MPU_INSN_BACK},      /* b.n */
    {XM_MPU_T32, 0xd1fe0000u, XM_MPU_INSN_BACK},      /* bne.n */
    {XM_MPU_T32, 0xf7ffbffeu, XM_MPU_INSN_BACK},      /* b.w */
    {XM_MPU_T32, 0xf7fffffeu, XM_MPU_INSN_BACK},      /* bl */
    {XM_MPU_T32, 0xf47faffeu, XM_MPU_INSN_BACK},      /* bne.w */
    {XM_MPU_T32, 0xe0020000u, XM_MPU_INSN_PLAIN},     /* b.n */
    {XM_MPU_T32, 0xf3bf8f4fu, XM_MPU_INSN_PLAIN},     /* dsb sy */
    {XM_MPU_A64, 0xd5300240u, XM_MPU_INSN_DEBUG},     /* mrs x0, mdscr_el1 */
    {XM_MPU_A64, 0xd5100240u, XM_MPU_INSN_DEBUG},     /* msr mdscr_el1, x0 */
    {XM_MPU_A64, 0xd5381000u, XM_MPU_INSN_PLAIN},     /* mrs x0, sctlr_el1 */
    {XM_MPU_A32, 0xee100e52u, XM_MPU_INSN_DEBUG},     /* mrc p14, 0, r0, c0, c2, 2 */
    {XM_MPU_A32, 0xee110f10u, XM_MPU_INSN_PLAIN},     /* mrc p15, 0, r0, c1, c0, 0 */
    {XM_MPU_T32, 0xee100e52u, XM_MPU_INSN_DEBUG},     /* mrc p14, 0, r0, c0, c2, 2 */
    {XM_MPU_A64, 0xd503207fu, XM_MPU_INSN_WAIT},      /* wfi */
    {XM_MPU_A64, 0xd503205fu, XM_MPU_INSN_WAIT},      /* wfe */
    {XM_MPU_A64, 0xd5031023u, XM_MPU_INSN_WAIT},      /* wfit x3 */
    {XM_MPU_A64, 0xd5031003u, XM_MPU_INSN_WAIT},      /* wfet x3 */
    {XM_MPU_A64, 0xd503201fu, XM_MPU_INSN_PLAIN},     /* nop */
    {XM_MPU_A64, 0xd503203fu, XM_MPU_INSN_PLAIN},     /* yield */
    {XM_MPU_A64, 0xd503209fu, XM_MPU_INSN_PLAIN},     /* sev */
    {XM_MPU_A32, 0xe320f003u, XM_MPU_INSN_WAIT},      /* wfi */
    {XM_MPU_A32, 0x1320f003u, XM_MPU_INSN_WAIT},      /* wfine */
    {XM_MPU_A32, 0xe320f002u, XM_MPU_INSN_WAIT},      /* wfe */
    {XM_MPU_A32, 0xe320f001u, XM_MPU_INSN_PLAIN},     /* yield */
    {XM_MPU_A32, 0xe320f000u, XM_MPU_INSN_PLAIN},     /* nop */
    {XM_MPU_T32, 0xbf300000u, XM_MPU_INSN_WAIT},      /* wfi */
    {XM_MPU_T32, 0xbf200000u, XM_MPU_INSN_WAIT},      /* wfe */
    {XM_MPU_T32, 0xf3af8003u, XM_MPU_INSN_WAIT},      /* wfi.w */
    {XM_MPU_T32, 0xf3af8002u, XM_MPU_INSN_WAIT},      /* wfe.w */
    {XM_MPU_T32, 0xbf100000u, XM_MPU_INSN_PLAIN},     /* yield */
    {XM_MPU_T32, 0xf3af8000u, XM_MPU_INSN_PLAIN},     /* nop.w */
};
#define ROWS (sizeof(table) / sizeof(table[0]))

START_TEST(alone)
{
    for (size_t i = 0; i < ROWS; i++)
        ck_assert_msg(xm_mpu_step_insn(table[i].set, &table[i].word, 1) == table[i].is, "row %zu",
                      i);
}
END_TEST

/* Behind a load-exclusive, near enough, and no store-exclusive between the two. */
START_TEST(between)
{
    static const struct {
        enum xm_mpu_set set;
        uint32_t load, store, plain;
    } sets[] = {
        {XM_MPU_A64, 0xc85f7c20u, 0xc8027c20u, 0xf9000020u},
        {XM_MPU_A32, 0xe1910f9fu, 0xe1812f90u, 0xe5810000u},
        {XM_MPU_T32, 0xe8510f00u, 0xe8410200u, 0x60080000u},
    };

    for (unsigned k = 0; k < 3; k++) {
        uint32_t word[XM_MPU_STEP_BEFORE + 2];
        unsigned n = XM_MPU_STEP_BEFORE + 2;

        for (unsigned i = 0; i < n; i++)
            word[i] = sets[k].plain;
        ck_assert_int_eq(xm_mpu_step_insn(sets[k].set, word, n), XM_MPU_INSN_PLAIN);
        word[0] = sets[k].load; /* too far */
        ck_assert_int_eq(xm_mpu_step_insn(sets[k].set, word, n), XM_MPU_INSN_PLAIN);
        ck_assert_int_eq(xm_mpu_step_insn(sets[k].set, word, n - 1), XM_MPU_INSN_EXCLUSIVE);
        word[n - 2] = sets[k].load;
        ck_assert_int_eq(xm_mpu_step_insn(sets[k].set, word, n), XM_MPU_INSN_EXCLUSIVE);
        word[n - 2] = sets[k].store;
        word[n - 3] = sets[k].load;
        ck_assert_int_eq(xm_mpu_step_insn(sets[k].set, word, n), XM_MPU_INSN_PLAIN);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("mpu-step-insn");
    TCase *tc = tcase_create("all");

    tcase_add_test(tc, alone);
    tcase_add_test(tc, between);
    suite_add_tcase(s, tc);
    return fake_run(s);
}
