/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What EMULATE answers let one instruction of a PV guest do. */
#include <xm/steps.h>
#include <xm/rights.h>

#include "fake-env.h"

#define IP 0x1000u
#define SP 0x8000u

static struct xm_pv_armed a;

#define AT 7u

static struct xm_pv_armed_frame frame_at(uint64_t mfn, uint64_t at, uint8_t what)
{
    return (struct xm_pv_armed_frame){.mfn = mfn, .at = at, .exact = at << 12 | 8, .what = what};
}

static void arm_at(uint64_t ip, uint64_t mfn, uint8_t what)
{
    const struct xm_pv_armed_frame f = frame_at(mfn, AT, what);

    xm_pv_arm(&a, ip, SP, &f);
}

static bool may_at(uint64_t ip, uint64_t sp, uint64_t mfn, uint64_t at, uint8_t what)
{
    const struct xm_pv_armed_frame f = frame_at(mfn, at, what);

    return xm_pv_is_armed(&a, ip, sp, &f);
}

static bool may(uint64_t mfn, uint8_t what)
{
    return may_at(IP, SP, mfn, AT, what);
}

START_TEST(only_what_was_answered)
{
    arm_at(IP, 5, XM_DO_R);
    ck_assert(may(5, XM_DO_R) && !may(5, XM_DO_W) && !may(5, XM_DO_X) && !may(6, XM_DO_R));
    arm_at(IP, 5, XM_DO_X);
    ck_assert(may(5, XM_DO_R) && may(5, XM_DO_X) && !may(5, XM_DO_W));
}
END_TEST

/* The error code of a read-modify-write says that it is a write. */
START_TEST(a_write_may_read)
{
    struct xm_pv_armed_frame beside = frame_at(5, AT, XM_DO_R);

    arm_at(IP, 5, XM_DO_W);
    ck_assert(may(5, XM_DO_W) && may(5, XM_DO_R) && !may(5, XM_DO_X));
    beside.exact += 8; /* not what is written */
    ck_assert(!xm_pv_is_armed(&a, IP, SP, &beside));
}
END_TEST

/* The same frame by another address is another access. */
START_TEST(not_by_another_address)
{
    arm_at(IP, 5, XM_DO_W);
    ck_assert(!may_at(IP, SP, 5, AT + 1, XM_DO_W));
}
END_TEST

START_TEST(further_frames_of_the_same_instruction)
{
    const struct xm_pv_armed_frame used = frame_at(5, AT, XM_DO_R), none = frame_at(99, AT, 0);

    arm_at(IP, 5, XM_DO_R);
    arm_at(IP, 6, XM_DO_W);
    ck_assert(may(5, XM_DO_R) && may(6, XM_DO_W));
    xm_pv_disarm(&a, &used);
    xm_pv_disarm(&a, &none);
    ck_assert(!may(5, XM_DO_R) && may(6, XM_DO_W));
    xm_pv_disarm_all(&a);
    ck_assert(!may(6, XM_DO_W));
}
END_TEST

START_TEST(not_for_another_instruction)
{
    arm_at(IP, 5, XM_DO_W);
    ck_assert(!may_at(IP + 1, SP, 5, AT, XM_DO_W));
    ck_assert(!may_at(IP, SP - 8, 5, AT, XM_DO_W));
    arm_at(IP + 1, 6, XM_DO_W);
    ck_assert(!may(5, XM_DO_W));
    ck_assert(!may_at(IP + 1, SP, 5, AT, XM_DO_W));
    ck_assert(may_at(IP + 1, SP, 6, AT, XM_DO_W));
}
END_TEST

/* It ends where another instruction comes, be it one that comes back to the first. */
START_TEST(ends_with_the_next_one)
{
    arm_at(IP, 5, XM_DO_W);
    a.step = true;
    xm_pv_armed_begin(&a, IP, SP);
    ck_assert(may(5, XM_DO_W) && a.step);
    xm_pv_armed_begin(&a, IP + 1, SP);
    xm_pv_armed_begin(&a, IP, SP);
    ck_assert(!may(5, XM_DO_W) && !a.step);
}
END_TEST

/* Room for all that an instruction can touch; more is told again, and gets its turn. */
START_TEST(more_than_there_is_room_for)
{
    for (uint64_t i = 0; i < XM_PV_ARMED; i++)
        arm_at(IP, i, XM_DO_R);
    ck_assert(may(0, XM_DO_R) && may(XM_PV_ARMED - 1, XM_DO_R));
    arm_at(IP, 100, XM_DO_R);
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
    tcase_add_test(t, not_by_another_address);
    tcase_add_test(t, ends_with_the_next_one);
    tcase_add_test(t, further_frames_of_the_same_instruction);
    tcase_add_test(t, not_for_another_instruction);
    tcase_add_test(t, more_than_there_is_room_for);
    suite_add_tcase(suite, t);
    return fake_run(suite);
}
