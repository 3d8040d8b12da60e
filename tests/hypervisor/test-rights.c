/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake-env.h"

#define R XM_DO_R
#define W XM_DO_W
#define X XM_DO_X

static const struct row {
    enum xm_access a;
    uint8_t bits;
} table[] = {
    {XM_ACCESS_N, 0},      {XM_ACCESS_R, R},           {XM_ACCESS_W, W},
    {XM_ACCESS_RW, R | W}, {XM_ACCESS_X, X},           {XM_ACCESS_RX, R | X},
    {XM_ACCESS_WX, W | X}, {XM_ACCESS_RWX, R | W | X}, {XM_ACCESS_RX2RW, R | X},
    {XM_ACCESS_N2RWX, 0},  {XM_ACCESS_R_PW, R},        {XM_ACCESS_DEFAULT, 0},
    {XM_ACCESS_COUNT, 0},  {(enum xm_access)15, 0},
};

START_TEST(bits_are_those_of_the_name)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        ck_assert_uint_eq(xm_rights_bits(table[i].a), table[i].bits);
}
END_TEST

START_TEST(violated_by_every_bit_that_is_missing)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        for (unsigned what = 0; what < 8; what++)
            ck_assert_int_eq(xm_rights_violated(table[i].a, what, false),
                             (what & ~(unsigned)table[i].bits) != 0);
}
END_TEST

START_TEST(r_pw_lets_a_page_walk_write_and_nobody_else)
{
    ck_assert(!xm_rights_violated(XM_ACCESS_R_PW, W, true));
    ck_assert(xm_rights_violated(XM_ACCESS_R_PW, W, false));
    ck_assert(xm_rights_violated(XM_ACCESS_R_PW, X, true));
    ck_assert(xm_rights_violated(XM_ACCESS_R, W, true));
}
END_TEST

START_TEST(ept_has_no_write_without_read)
{
    for (unsigned a = 0; a < 16; a++) {
        bool real = a < XM_ACCESS_COUNT && a != XM_ACCESS_DEFAULT;
        bool ept = real && a != XM_ACCESS_W && a != XM_ACCESS_WX;

        ck_assert_int_eq(xm_rights_expressible(XM_KIND_ARM_S2, (enum xm_access)a), real);
        ck_assert_int_eq(xm_rights_expressible(XM_KIND_X86_EPT, (enum xm_access)a), ept);
    }
}
END_TEST

START_TEST(wire_numbers_changed_in_4_20)
{
    enum xm_access a;

    for (unsigned n = 0; n < 10; n++) {
        ck_assert(xm_rights_from_wire(17, n, &a) && a == (enum xm_access)n);
        ck_assert(xm_rights_from_wire(20, n, &a) && a == (enum xm_access)n);
    }
    ck_assert(xm_rights_from_wire(19, 10, &a) && a == XM_ACCESS_DEFAULT);
    ck_assert(!xm_rights_from_wire(19, 11, &a));
    ck_assert(xm_rights_from_wire(20, 10, &a) && a == XM_ACCESS_R_PW);
    ck_assert(xm_rights_from_wire(20, 11, &a) && a == XM_ACCESS_DEFAULT);
    ck_assert(!xm_rights_from_wire(20, 12, &a));
    ck_assert(!xm_rights_from_wire(20, UINT32_MAX, &a));
}
END_TEST

START_TEST(wire_and_back)
{
    enum xm_access a;
    uint8_t wire = 99;

    for (unsigned n = 0; n < 10; n++) {
        ck_assert(xm_rights_from_wire(17, n, &a));
        ck_assert_int_eq(xm_rights_to_wire(17, a, &wire), 0);
        ck_assert_uint_eq(wire, n);
    }
    ck_assert_int_eq(xm_rights_to_wire(20, XM_ACCESS_R_PW, &wire), 0);
    ck_assert_uint_eq(wire, 10);
    ck_assert_int_eq(xm_rights_to_wire(17, XM_ACCESS_R_PW, &wire), -XM_ERANGE);
    ck_assert_int_eq(xm_rights_to_wire(20, XM_ACCESS_DEFAULT, &wire), -XM_ERANGE);
    ck_assert_uint_eq(wire, 10);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("rights");
    TCase *t = tcase_create("rights");

    tcase_add_test(t, bits_are_those_of_the_name);
    tcase_add_test(t, violated_by_every_bit_that_is_missing);
    tcase_add_test(t, r_pw_lets_a_page_walk_write_and_nobody_else);
    tcase_add_test(t, ept_has_no_write_without_read);
    tcase_add_test(t, wire_numbers_changed_in_4_20);
    tcase_add_test(t, wire_and_back);
    suite_add_tcase(s, t);
    return fake_run(s);
}
