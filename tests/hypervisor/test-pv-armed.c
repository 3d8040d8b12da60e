/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What EMULATE answers let one instruction of a PV guest do. */
#include <xm/pv-armed.h>
#include <xm/rights.h>

#include "fake-env.h"

#define IP 0x1000u
#define SP 0x8000u

static struct xm_pv_armed a;

static bool may(uint64_t mfn, uint8_t what)
{
    return xm_pv_is_armed(&a, IP, SP, mfn, what);
}

START_TEST(only_what_was_answered)
{
    xm_pv_arm(&a, IP, SP, 5, XM_DO_R);
    ck_assert(may(5, XM_DO_R) && !may(5, XM_DO_W) && !may(5, XM_DO_X) && !may(6, XM_DO_R));
    xm_pv_arm(&a, IP, SP, 5, XM_DO_X);
    ck_assert(may(5, XM_DO_R) && may(5, XM_DO_X) && !may(5, XM_DO_W));
}
END_TEST

/* The error code of a read-modify-write says that it is a write. */
START_TEST(a_write_may_read)
{
    xm_pv_arm(&a, IP, SP, 5, XM_DO_W);
    ck_assert(may(5, XM_DO_W) && may(5, XM_DO_R) && !may(5, XM_DO_X));
}
END_TEST

START_TEST(an_answer_that_says_nothing)
{
    xm_pv_arm(&a, IP, SP, 5, 0);
    ck_assert(may(5, XM_DO_R | XM_DO_W) && may(5, XM_DO_X));
}
END_TEST

START_TEST(further_frames_of_the_same_instruction)
{
    xm_pv_arm(&a, IP, SP, 5, XM_DO_R);
    xm_pv_arm(&a, IP, SP, 6, XM_DO_W);
    ck_assert(may(5, XM_DO_R) && may(6, XM_DO_W));
    xm_pv_disarm(&a, 5);
    xm_pv_disarm(&a, 99);
    ck_assert(!may(5, XM_DO_R) && may(6, XM_DO_W));
    xm_pv_disarm_all(&a);
    ck_assert(!may(6, XM_DO_W));
}
END_TEST

START_TEST(not_for_another_instruction)
{
    xm_pv_arm(&a, IP, SP, 5, XM_DO_W);
    ck_assert(!xm_pv_is_armed(&a, IP + 1, SP, 5, XM_DO_W));
    ck_assert(!xm_pv_is_armed(&a, IP, SP - 8, 5, XM_DO_W));
    xm_pv_arm(&a, IP + 1, SP, 6, XM_DO_W);
    ck_assert(!may(5, XM_DO_W));
    ck_assert(!xm_pv_is_armed(&a, IP + 1, SP, 5, XM_DO_W));
    ck_assert(xm_pv_is_armed(&a, IP + 1, SP, 6, XM_DO_W));
}
END_TEST

/* Room for all that an instruction can touch; more is told again, and gets its turn. */
START_TEST(more_than_there_is_room_for)
{
    for (uint64_t i = 0; i < XM_PV_ARMED; i++)
        xm_pv_arm(&a, IP, SP, i, XM_DO_R);
    ck_assert(may(0, XM_DO_R) && may(XM_PV_ARMED - 1, XM_DO_R));
    xm_pv_arm(&a, IP, SP, 100, XM_DO_R);
    ck_assert(may(100, XM_DO_R) && !may(0, XM_DO_R));
    ck_assert_uint_eq(a.n, 1);
}
END_TEST

static void clear(void)
{
    a = (struct xm_pv_armed){0};
}

int main(void)
{
    Suite *suite = suite_create("pv-armed");
    TCase *t = tcase_create("pv-armed");

    tcase_add_checked_fixture(t, clear, NULL);
    tcase_add_test(t, only_what_was_answered);
    tcase_add_test(t, a_write_may_read);
    tcase_add_test(t, an_answer_that_says_nothing);
    tcase_add_test(t, further_frames_of_the_same_instruction);
    tcase_add_test(t, not_for_another_instruction);
    tcase_add_test(t, more_than_there_is_room_for);
    suite_add_tcase(suite, t);
    return fake_run(suite);
}
