/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Atomic instructions while other vCPUs write there all the time: an exchange on the mapping comes too late as
 * often as the test says (linked with --wrap). What this machine has an access for needs none.
 */
#include "a64-unit.h"

#define ADDR (DATA + 0x100)
#define V UINT64_C(0x00000000fffffff0)
#define X 0x13u

static unsigned exchanges, late;

bool __wrap_xmi_arm_place_exchange(const struct arm_place *at, uint32_t bytes, void *expected,
                                   const void *desired);
bool __real_xmi_arm_place_exchange(const struct arm_place *at, uint32_t bytes, void *expected,
                                   const void *desired);

/* Another vCPU adds 1 before each that comes too late. */
bool __wrap_xmi_arm_place_exchange(const struct arm_place *at, uint32_t bytes, void *expected,
                                   const void *desired)
{
    if (exchanges++ < late)
        at->p[0][0]++;
    return __real_xmi_arm_place_exchange(at, bytes, expected, desired);
}

static void begin(unsigned late_n)
{
    a64_setup();
    r.x[1] = ADDR;
    r.x[0] = X;
    a64_poke(ADDR, 8, V);
    exchanges = 0;
    late = late_n;
}

struct row {
    uint32_t word; /* of x0 or w0 at [x1], which leaves in x2 what was there */
    uint64_t after;
};

static const struct row native[] = {
    {0xf8200022, V + X},      /* ldadd x0, x2 */
    {0xb8200022, 0x00000003}, /* ldadd w0, w2 */
    {0xf8201022, V & ~19ull}, /* ldclr */
    {0xf8202022, V ^ X},      /* ldeor */
    {0xf8203022, V | X},      /* ldset */
    {0xf8208022, X},          /* swp */
    {0x38e00022, 0xffffff03}, /* ldaddalb w0, w2 */
    {0x78600022, 0xffff0003}, /* ldaddlh w0, w2 */
    {0x38208022, 0xffffff13}, /* swpb w0, w2 */
};

START_TEST(needs_no_exchange)
{
    const struct row *row = &native[_i];
    begin(UINT32_MAX);
    a64_run(row->word);
    ck_assert_uint_eq(a64_peek(ADDR, 8), row->after);
    ck_assert_uint_eq(exchanges, 0);
}
END_TEST

/* In the other byte order all but what carries. */
START_TEST(needs_none_big_endian)
{
    const struct row *row = &native[_i];
    bool carries = !(row->word >> 12 & 0xf) && row->word >> 30;
    begin(0);
    r.sctlr |= SCTLR_EE;
    a64_run(row->word);
    ck_assert_uint_eq(exchanges, carries);
}
END_TEST

static const struct row compared[] = {
    {0xf8204022, V + 5}, /* ldsmax */
    {0xf8205022, X},     /* ldsmin */
    {0xf8206022, V + 5}, /* ldumax */
    {0xf8207022, X},     /* ldumin */
};

/* With what the last of the others left. */
START_TEST(is_tried_again)
{
    const struct row *row = &compared[_i];
    begin(5);
    a64_run(row->word);
    ck_assert_uint_eq(exchanges, 6);
    ck_assert_uint_eq(a64_peek(ADDR, 8), row->after);
    ck_assert_uint_eq(r.x[2], V + 5);
}
END_TEST

START_TEST(ends_in_the_end)
{
    begin(UINT32_MAX);
    ck_assert_int_eq(a64_try(compared[_i].word, NULL), ARM_TOO_LONG);
    ck_assert_mem_eq(&r, &before, sizeof(r));
    ck_assert_uint_eq(exchanges, ARM_PATIENCE);
}
END_TEST

START_TEST(swap_of_a32)
{
    begin(UINT32_MAX);
    r.cpsr = 0x1d3 | (_i ? ARM_CPSR_E : 0);
    r.x[2] = ADDR;
    struct arm_place at = {{page[0] + 0x100, NULL}, 4};
    ck_assert_int_eq(xmi_arm_decode(ARM_A32, 0xe1026090 /* swp r6, r0, [r2] */, &insn), ARM_OK);
    ck_assert_int_eq(xmi_arm_touches(&insn, &r, &touch), ARM_OK);
    ck_assert_int_eq(xmi_arm_do(&insn, &touch, &at, &r, NULL), ARM_OK);
    ck_assert_uint_eq(a64_peek(ADDR, 4), _i ? 0x13000000 : X);
    ck_assert_uint_eq(r.x[6], _i ? 0xf0ffffff : 0xfffffff0);
    ck_assert_uint_eq(exchanges, 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("contended");
    TCase *t = tcase_create("exchange");
    tcase_add_loop_test(t, needs_no_exchange, 0, (int)(sizeof(native) / sizeof(native[0])));
    tcase_add_loop_test(t, needs_none_big_endian, 0, (int)(sizeof(native) / sizeof(native[0])));
    tcase_add_loop_test(t, is_tried_again, 0, 4);
    tcase_add_loop_test(t, ends_in_the_end, 0, 4);
    tcase_add_loop_test(t, swap_of_a32, 0, 2);
    suite_add_tcase(s, t);
    return unit_run(s);
}
