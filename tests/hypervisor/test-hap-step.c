/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an answer STEP lets one instruction of a guest on nested paging do. */
#include <string.h>
#include <xm/steps.h>
#include <xm/rights.h>

#include "fake-env.h"

#define IP 0x1000u
#define SP 0x8000u
#define RW (XM_DO_R | XM_DO_W)

static struct xm_hap_step s;

static void start(void)
{
    memset(&s, 0, sizeof(s));
}

static bool step(uint64_t gfn, unsigned what, enum xm_access now)
{
    xm_hap_answer(&s, XM_HAP_SAYS_STEP, gfn, what, now);
    return xm_hap_begin(&s, IP, SP);
}

START_TEST(nothing_is_begun_without_an_answer)
{
    ck_assert(!xm_hap_begin(&s, IP, SP));
    xm_hap_answer(&s, XM_HAP_SAYS_RESUME, 5, RW, XM_ACCESS_R);
    ck_assert(!xm_hap_begin(&s, IP, SP));
    ck_assert(step(5, RW, XM_ACCESS_R));
    ck_assert(!xm_hap_begin(&s, IP, SP)); /* once */
}
END_TEST

START_TEST(the_answered_access_alone)
{
    ck_assert(step(5, XM_DO_R, XM_ACCESS_N));
    ck_assert(xm_hap_piece(&s, 5, XM_DO_R, XM_ACCESS_N));
    ck_assert(xm_hap_piece(&s, 6, XM_DO_W, XM_ACCESS_RW));
    ck_assert(!xm_hap_piece(&s, 5, XM_DO_W, XM_ACCESS_N));
    ck_assert(!xm_hap_piece(&s, 6, XM_DO_R, XM_ACCESS_N));
    ck_assert(s.stopped && s.gfn == 6 && s.what == XM_DO_R);
}
END_TEST

START_TEST(an_answer_ends_where_the_rights_are_others)
{
    ck_assert(step(5, RW, XM_ACCESS_R));
    ck_assert(!xm_hap_piece(&s, 5, XM_DO_W, XM_ACCESS_N));
    ck_assert(xm_hap_piece(&s, 5, XM_DO_W, XM_ACCESS_R));
}
END_TEST

START_TEST(a_further_page_is_its_own_event)
{
    ck_assert(step(5, XM_DO_X, XM_ACCESS_RW));
    ck_assert(!xm_hap_piece(&s, 6, XM_DO_W, XM_ACCESS_R));
    ck_assert_int_eq(xm_hap_emulated(&s, XM_HAP_RETRY), XM_HAP_VIOLATION);
    ck_assert(xm_hap_still(&s, XM_ACCESS_R) && !xm_hap_still(&s, XM_ACCESS_RW));
    ck_assert(step(6, RW, XM_ACCESS_R));
    ck_assert(xm_hap_piece(&s, 5, XM_DO_X, XM_ACCESS_RW));
    ck_assert(xm_hap_piece(&s, 6, XM_DO_W, XM_ACCESS_R));
    ck_assert_int_eq(xm_hap_emulated(&s, XM_HAP_DID), XM_HAP_GO_ON);
    ck_assert(!xm_hap_piece(&s, 5, XM_DO_X, XM_ACCESS_RW)); /* the next one is told */
}
END_TEST

/* It meets the further page again; what was answered for before it is not told again. */
START_TEST(resumed_at_a_further_page)
{
    ck_assert(step(5, XM_DO_X, XM_ACCESS_RW));
    ck_assert(!xm_hap_piece(&s, 6, XM_DO_W, XM_ACCESS_R));
    ck_assert_int_eq(xm_hap_emulated(&s, XM_HAP_RETRY), XM_HAP_VIOLATION);
    xm_hap_answer(&s, XM_HAP_SAYS_RESUME, 6, RW, XM_ACCESS_R);
    ck_assert(xm_hap_begin(&s, IP, SP));
    ck_assert(xm_hap_piece(&s, 5, XM_DO_X, XM_ACCESS_RW));
    ck_assert(!xm_hap_piece(&s, 6, XM_DO_W, XM_ACCESS_R));
    xm_hap_answer(&s, XM_HAP_SAYS_OTHER, 6, RW, XM_ACCESS_R);
    ck_assert(!xm_hap_begin(&s, IP, SP));
    ck_assert(!xm_hap_piece(&s, 5, XM_DO_X, XM_ACCESS_RW));
}
END_TEST

/* An answer that sends the vCPU elsewhere is for the instruction there, and for no page before it. */
START_TEST(another_instruction)
{
    ck_assert(step(5, XM_DO_X, XM_ACCESS_RW));
    ck_assert(!xm_hap_piece(&s, 6, XM_DO_W, XM_ACCESS_R));
    xm_hap_answer(&s, XM_HAP_SAYS_STEP, 6, RW, XM_ACCESS_R);
    ck_assert(xm_hap_begin(&s, IP + 1, SP));
    ck_assert(xm_hap_piece(&s, 6, XM_DO_W, XM_ACCESS_R));
    ck_assert(!xm_hap_piece(&s, 5, XM_DO_X, XM_ACCESS_RW));
    xm_hap_answer(&s, XM_HAP_SAYS_RESUME, 5, XM_DO_X, XM_ACCESS_RW);
    ck_assert(!xm_hap_begin(&s, IP, SP));
}
END_TEST

START_TEST(what_only_turns_is_tried_again)
{
    ck_assert(step(5, XM_DO_X, XM_ACCESS_RW));
    ck_assert(!xm_hap_piece(&s, 6, XM_DO_W, XM_ACCESS_RX2RW));
    ck_assert_int_eq(xm_hap_emulated(&s, XM_HAP_RETRY), XM_HAP_VIOLATION);
    xm_hap_again(&s);
    ck_assert(xm_hap_begin(&s, IP, SP));
    ck_assert(xm_hap_piece(&s, 5, XM_DO_X, XM_ACCESS_RW));
    ck_assert(xm_hap_piece(&s, 6, XM_DO_W, XM_ACCESS_RW));
}
END_TEST

START_TEST(what_is_never_done_is_told)
{
    ck_assert(step(5, XM_DO_X, XM_ACCESS_RW));
    ck_assert_int_eq(xm_hap_emulated(&s, XM_HAP_NEVER), XM_HAP_UNIMPLEMENTED);
    xm_hap_again(&s);
    ck_assert(!xm_hap_begin(&s, IP, SP));
    ck_assert(step(5, XM_DO_X, XM_ACCESS_RW)); /* no page refused, nor told */
    ck_assert_int_eq(xm_hap_emulated(&s, XM_HAP_RETRY), XM_HAP_GO_ON);
    xm_hap_answer(&s, XM_HAP_SAYS_STEP, 5, XM_DO_X, XM_ACCESS_RW);
    xm_hap_ended(&s);
    ck_assert(!xm_hap_begin(&s, IP, SP));
}
END_TEST

static bool never(const char *code, uint32_t n)
{
    return xm_hap_not_for_emulator((const uint8_t *)code, n, true);
}

START_TEST(which_instructions_are_never_emulated)
{
    ck_assert(never("\x48\xcf", 2) && never("\xcb", 1) &&
              never("\xff\x28", 2)); /* iretq; ret, jmp: far */
    ck_assert(never("\xff\x18", 2) && never("\xff", 1) && never("\x48", 1));
    ck_assert(never("\xf3\x6c", 2) && never("\xec", 1) && never("\xe7\x80", 2) && never("\xf4", 1));
    ck_assert(!never("\x48\x89\x3e", 3) && !never("\xff\x20", 2) && !never("\xc3", 1) &&
              !never("\x9c", 1));
    ck_assert(!xm_hap_not_for_emulator((const uint8_t *)"\x48\xcf", 2, false)); /* dec %eax */
}
END_TEST

/* ---- by the ring ---- */

static struct xm_domain d;

static void violate(void)
{
    fake_domain(&d, XM_KIND_X86_NPT, 17, false);
    ck_assert_int_eq(fake_set(&d, 3, 1, XM_ACCESS_R), 0);
    ck_assert_int_eq(fake_access(&d, 1, 3, XM_DO_W), XM_V_STOPPED);
}

START_TEST(an_answer_by_the_ring)
{
    struct xm_reply reply;

    violate();
    ck_assert_int_eq(
        fake_resume(&d, 1, XM_EV_FLAG_VCPU_PAUSED | XM_EV_FLAG_STEP | XM_EV_FLAG_EMULATE), 0);
    ck_assert(!xm_reply_take(&d, 1, &reply));
    ck_assert(xm_hap_begin(&xm_hap_of(&d.vcpu[1])->step, IP, SP));
    ck_assert(xm_hap_piece(&xm_hap_of(&d.vcpu[1])->step, 3, XM_DO_W, XM_ACCESS_R));
    fake_end(&d);
}
END_TEST

START_TEST(answer_data_are_another_means)
{
    struct xm_reply reply;

    violate();
    ck_assert_int_eq(fake_resume(&d, 1,
                                 XM_EV_FLAG_VCPU_PAUSED | XM_EV_FLAG_STEP | XM_EV_FLAG_EMULATE |
                                     XM_EV_FLAG_EMULATE_NOWRITE),
                     0);
    ck_assert(xm_reply_take(&d, 1, &reply) && (reply.flags & XM_EV_FLAG_EMULATE_NOWRITE) != 0);
    ck_assert(!xm_hap_begin(&xm_hap_of(&d.vcpu[1])->step, IP, SP));
    fake_end(&d);
}
END_TEST

START_TEST(what_the_kind_can)
{
    uint32_t caps;

    fake_domain(&d, XM_KIND_X86_NPT, 17, false);
    caps = xm_monitor_caps(&d);
    ck_assert((caps & XM_MONITOR_CAP_STEP) != 0 && (caps & (1u << XM_MONITOR_SINGLESTEP)) == 0);
    ck_assert((caps & (1u << XM_MONITOR_EMUL_UNIMPLEMENTED)) != 0);
    ck_assert_int_eq(fake_set(&d, 3, 1, XM_ACCESS_X), -XM_EINVAL);
    ck_assert_int_eq(fake_set(&d, 3, 1, XM_ACCESS_WX), -XM_EINVAL);
    fake_end(&d);
    fake_domain(&d, XM_KIND_X86_EPT, 17, false);
    ck_assert((xm_monitor_caps(&d) & XM_MONITOR_CAP_STEP) == 0);
    fake_end(&d);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hap-step");
    TCase *t = tcase_create("step");

    tcase_add_checked_fixture(t, start, NULL);
    tcase_add_test(t, nothing_is_begun_without_an_answer);
    tcase_add_test(t, the_answered_access_alone);
    tcase_add_test(t, an_answer_ends_where_the_rights_are_others);
    tcase_add_test(t, a_further_page_is_its_own_event);
    tcase_add_test(t, resumed_at_a_further_page);
    tcase_add_test(t, another_instruction);
    tcase_add_test(t, what_only_turns_is_tried_again);
    tcase_add_test(t, what_is_never_done_is_told);
    tcase_add_test(t, which_instructions_are_never_emulated);
    tcase_add_test(t, an_answer_by_the_ring);
    tcase_add_test(t, answer_data_are_another_means);
    tcase_add_test(t, what_the_kind_can);
    suite_add_tcase(suite, t);
    return fake_run(suite);
}
