/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An answer STEP to a guest on nested paging: by the emulator, and by the processor. */
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
    fake_domain(&d, XM_KIND_X86_NPT, 17, false);
    uint32_t caps = xm_monitor_caps(&d);
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

/* ---- by the processor, the others held ---- */

static struct xm_hap_trap t;
static bool held, may_hold, flag;
static char order
    [64]; /* H: held, O, C: gfn's entry is open, closed, T, t: trap flag changes, R: released */

static void note(char c)
{
    size_t n = strlen(order);

    ck_assert_uint_lt(n + 1, sizeof(order));
    order[n] = c;
}

static bool hold(void *self, uint32_t vcpu)
{
    (void)self;
    ck_assert_uint_eq(vcpu, 1);
    if (may_hold)
        note('H');
    held = may_hold;
    return may_hold;
}

static void release(void *self, uint32_t vcpu)
{
    (void)self;
    (void)vcpu;
    ck_assert(held);
    held = false;
    note('R');
}

static bool trap_flag(void *self, uint32_t vcpu, bool on)
{
    bool was = flag;

    (void)self;
    (void)vcpu;
    flag = on;
    if (on != was)
        note(on ? 'T' : 't');
    return was;
}

static void renew(void *self, uint32_t vcpu, uint64_t gfn)
{
    (void)self;
    (void)vcpu;
    ck_assert(held);
    note(xm_hap_more(&t, gfn) != 0 ? 'O' : 'C');
}

static const struct xm_hap_calls calls = {hold, release, trap_flag, renew};

static void start_trap(void)
{
    memset(&s, 0, sizeof(s));
    memset(order, 0, sizeof(order));
    t = (struct xm_hap_trap){.calls = &calls, .vcpu = 1};
    held = flag = false;
    may_hold = true;
}

/* Answered for gfn, and the emulator does not do it. */
static void wanted(uint64_t gfn, unsigned what, enum xm_access now)
{
    xm_hap_answer(&s, XM_HAP_SAYS_STEP, gfn, what, now);
    ck_assert(xm_hap_begin(&s, IP, SP));
    ck_assert_int_eq(xm_hap_emulated(&s, XM_HAP_CANNOT), XM_HAP_GO_ON);
}

static bool enter(uint64_t ip)
{
    return xm_hap_enter(&t, &s, ip, SP, false);
}

static bool fault(uint64_t ip, uint64_t gfn, unsigned what, enum xm_access now)
{
    xm_hap_left(&t, &s, XM_HAP_FAULT);
    return xm_hap_fault(&t, &s, ip, SP, gfn, what, now);
}

START_TEST(held_then_open_then_closed_then_released)
{
    wanted(5, RW, XM_ACCESS_R);
    ck_assert(enter(IP));
    ck_assert(fault(IP, 5, RW, XM_ACCESS_R));
    ck_assert_uint_eq(xm_hap_more(&t, 5), RW);
    ck_assert_uint_eq(xm_hap_more(&t, 6), 0);
    ck_assert(enter(IP));
    ck_assert(!xm_hap_trapped(&t, &s));
    ck_assert_str_eq(order, "HTtOTCtR");
    ck_assert(!fault(IP, 5, RW, XM_ACCESS_R)); /* the next one is told */
}
END_TEST

START_TEST(a_further_page)
{
    wanted(5, XM_DO_X, XM_ACCESS_RW);
    ck_assert(enter(IP) && fault(IP, 5, XM_DO_X, XM_ACCESS_RW) && enter(IP));
    ck_assert(!fault(IP, 6, RW, XM_ACCESS_R)); /* closed before it is told */
    ck_assert_str_eq(order, "HTtOTtCR");
    ck_assert(!enter(IP));
    wanted(6, RW, XM_ACCESS_R);
    ck_assert(enter(IP) && fault(IP, 5, XM_DO_X, XM_ACCESS_RW) && fault(IP, 6, RW, XM_ACCESS_R));
    ck_assert(!xm_hap_trapped(&t, &s));
    ck_assert_str_eq(order, "HTtOTtCRHTtOOCCR");
}
END_TEST

START_TEST(resumed_at_a_further_page_by_the_processor)
{
    wanted(5, XM_DO_X, XM_ACCESS_RW);
    ck_assert(enter(IP) && fault(IP, 5, XM_DO_X, XM_ACCESS_RW) && !fault(IP, 6, RW, XM_ACCESS_R));
    xm_hap_answer(&s, XM_HAP_SAYS_RESUME, 6, RW, XM_ACCESS_R);
    ck_assert(xm_hap_begin(&s, IP, SP));
    ck_assert_int_eq(xm_hap_emulated(&s, XM_HAP_CANNOT), XM_HAP_GO_ON);
    ck_assert(enter(IP) && fault(IP, 5, XM_DO_X, XM_ACCESS_RW) && !fault(IP, 6, RW, XM_ACCESS_R));
}
END_TEST

START_TEST(rights_that_turn)
{
    wanted(5, XM_DO_X, XM_ACCESS_RW);
    ck_assert(enter(IP) && fault(IP, 5, XM_DO_X, XM_ACCESS_RW));
    ck_assert(!fault(IP, 6, RW, XM_ACCESS_RX2RW)); /* without an event; begun anew */
    ck_assert(enter(IP));
    ck_assert_str_eq(order, "HTtOCRHT");
    ck_assert(fault(IP, 5, XM_DO_X, XM_ACCESS_RW));
}
END_TEST

START_TEST(rights_that_were_set)
{
    wanted(5, RW, XM_ACCESS_R);
    ck_assert(enter(IP) && !fault(IP, 5, RW, XM_ACCESS_N));
    ck_assert(!t.open && !held);
}
END_TEST

/* Held by another one it comes again, and is told of nothing. */
START_TEST(one_holds_the_other)
{
    wanted(5, RW, XM_ACCESS_R);
    may_hold = false;
    ck_assert(!enter(IP) && fault(IP, 5, RW, XM_ACCESS_R));
    may_hold = true;
    ck_assert(enter(IP) && fault(IP, 5, RW, XM_ACCESS_R));
}
END_TEST

START_TEST(not_while_an_event_is_delivered)
{
    wanted(5, RW, XM_ACCESS_R);
    ck_assert(!xm_hap_enter(&t, &s, IP, SP, true) && !enter(IP + 8));
    ck_assert(!fault(IP + 8, 5, RW, XM_ACCESS_R)); /* another instruction ends it */
    ck_assert(!enter(IP));
    ck_assert_str_eq(order, "");
}
END_TEST

START_TEST(what_else_brings_it_back)
{
    wanted(5, RW, XM_ACCESS_R);
    ck_assert(enter(IP) && fault(IP, 5, RW, XM_ACCESS_R));
    xm_hap_left(&t, &s, XM_HAP_HOST);
    ck_assert(enter(IP) && xm_hap_more(&t, 5) == RW);
    xm_hap_left(&t, &s, XM_HAP_EXCEPTION);
    ck_assert(!held && !flag);
    ck_assert(enter(IP) && fault(IP, 5, RW, XM_ACCESS_R)); /* come back from the guest's handler */
    xm_hap_left(&t, &s, XM_HAP_INTERCEPTED);
    ck_assert(!held && !enter(IP));
}
END_TEST

START_TEST(left_behind_it)
{
    wanted(5, RW, XM_ACCESS_R);
    ck_assert(enter(IP) && fault(IP, 5, RW, XM_ACCESS_R));
    xm_hap_left(&t, &s, XM_HAP_FAULT); /* another one's fault, the instruction being done */
    ck_assert(!enter(IP + 3));
    ck_assert(!fault(IP, 5, RW, XM_ACCESS_R));
}
END_TEST

/* What a fault leads to may emulate the instruction, with the flags that it finds. */
START_TEST(a_fault_finds_the_guests_trap_flag)
{
    wanted(5, RW, XM_ACCESS_R);
    ck_assert(enter(IP) && flag);
    ck_assert(fault(IP, 5, RW, XM_ACCESS_R) && !flag);
    ck_assert(enter(IP) && flag);
    xm_hap_left(&t, &s, XM_HAP_FAULT); /* at a device, which is emulated */
    ck_assert(!flag && !enter(IP + 3) && !flag && !held);
    xm_hap_left(&t, &s, XM_HAP_FAULT);
    ck_assert(!flag);
}
END_TEST

START_TEST(a_fault_finds_the_flag_of_a_guest_that_steps)
{
    flag = true;
    wanted(5, RW, XM_ACCESS_R);
    ck_assert(enter(IP) && fault(IP, 5, RW, XM_ACCESS_R) && flag);
    ck_assert(enter(IP) && xm_hap_trapped(&t, &s) && flag);
}
END_TEST

START_TEST(not_while_a_device_is_waited_for)
{
    wanted(5, RW, XM_ACCESS_R);
    ck_assert(enter(IP) && fault(IP, 5, RW, XM_ACCESS_R) && enter(IP));
    xm_hap_left(&t, &s, XM_HAP_FAULT);
    ck_assert(!xm_hap_enter(&t, &s, IP, SP, true)); /* not done, nor begun anew */
    ck_assert(!held && !flag);
    ck_assert(!enter(IP + 3)); /* the device has answered */
}
END_TEST

START_TEST(moved_in_a_step)
{
    wanted(5, RW, XM_ACCESS_R);
    ck_assert(enter(IP) && fault(IP, 5, RW, XM_ACCESS_R) && enter(IP));
    xm_hap_left(&t, &s, XM_HAP_HOST); /* the registers are set meanwhile */
    ck_assert(!enter(IP + 8));
    ck_assert_str_eq(order, "HTtOTCtR");
    ck_assert(!enter(IP) && !fault(IP, 5, RW, XM_ACCESS_R));
}
END_TEST

START_TEST(moved_to_another_stack_in_a_step)
{
    wanted(5, RW, XM_ACCESS_R);
    ck_assert(enter(IP));
    xm_hap_left(&t, &s, XM_HAP_HOST);
    ck_assert(!xm_hap_enter(&t, &s, IP, SP + 8, false) && !held && !flag);
}
END_TEST

/* The emulator did it for a fault that had been answered for. */
START_TEST(emulated_in_a_step)
{
    wanted(5, RW, XM_ACCESS_R);
    ck_assert(enter(IP) && fault(IP, 5, RW, XM_ACCESS_R));
    ck_assert(!enter(IP + 3) && !held && !flag);
}
END_TEST

START_TEST(an_event_comes_in_a_step)
{
    wanted(5, RW, XM_ACCESS_R);
    ck_assert(enter(IP) && fault(IP, 5, RW, XM_ACCESS_R) && enter(IP));
    xm_hap_left(&t, &s, XM_HAP_HOST);
    ck_assert(!xm_hap_enter(&t, &s, IP, SP, true));
    ck_assert_str_eq(order, "HTtOTCtR");
    ck_assert(enter(IP) && fault(IP, 5, RW, XM_ACCESS_R)); /* come back from the guest's handler */
}
END_TEST

START_TEST(the_trap_flag_is_the_guests)
{
    flag = true;
    wanted(5, RW, XM_ACCESS_R);
    ck_assert(enter(IP) && fault(IP, 5, RW, XM_ACCESS_R));
    ck_assert(xm_hap_trapped(&t, &s));
    ck_assert(flag);
    ck_assert(xm_hap_trapped(&t, &s)); /* no step: its own */
}
END_TEST

START_TEST(nobody_listens_any_more)
{
    wanted(5, RW, XM_ACCESS_R);
    ck_assert(enter(IP) && fault(IP, 5, RW, XM_ACCESS_R));
    ck_assert(!xm_hap_enter(&t, NULL, IP, SP, false));
    ck_assert(!held && !flag && !xm_hap_fault(&t, NULL, IP, SP, 5, RW, XM_ACCESS_R));
}
END_TEST

static bool never_by_trap(const char *code, uint32_t n)
{
    return xm_trap_never((const uint8_t *)code, n, true);
}

static bool enters(const char *code, uint32_t n)
{
    return xm_trap_enters_handler((const uint8_t *)code, n, true);
}

START_TEST(which_instructions)
{
    ck_assert(never_by_trap("\x9c", 1) && never_by_trap("\x48\xcf", 2) &&
              never_by_trap("\x8e\xd0", 2) && !never_by_trap("\x8e\xd8", 2));
    ck_assert(!never_by_trap("\x17", 1) &&
              xm_trap_never((const uint8_t *)"\x17", 1, false)); /* pop %ss */
    ck_assert(enters("\xcd\x80", 2) && enters("\x0f\x05", 2) && enters("\x0f\x34", 2) &&
              enters("\xcc", 1));
    ck_assert(!enters("\x0f\x11", 2) && !enters("\xc3", 1) && enters("\x48", 1));
}
END_TEST

static void add_hap_trap(Suite *suite)
{
    TCase *c = tcase_create("trap");

    tcase_add_checked_fixture(c, start_trap, NULL);
    tcase_add_test(c, held_then_open_then_closed_then_released);
    tcase_add_test(c, a_further_page);
    tcase_add_test(c, resumed_at_a_further_page_by_the_processor);
    tcase_add_test(c, rights_that_turn);
    tcase_add_test(c, rights_that_were_set);
    tcase_add_test(c, one_holds_the_other);
    tcase_add_test(c, not_while_an_event_is_delivered);
    tcase_add_test(c, what_else_brings_it_back);
    tcase_add_test(c, left_behind_it);
    tcase_add_test(c, a_fault_finds_the_guests_trap_flag);
    tcase_add_test(c, a_fault_finds_the_flag_of_a_guest_that_steps);
    tcase_add_test(c, not_while_a_device_is_waited_for);
    tcase_add_test(c, moved_in_a_step);
    tcase_add_test(c, moved_to_another_stack_in_a_step);
    tcase_add_test(c, emulated_in_a_step);
    tcase_add_test(c, an_event_comes_in_a_step);
    tcase_add_test(c, the_trap_flag_is_the_guests);
    tcase_add_test(c, nobody_listens_any_more);
    tcase_add_test(c, which_instructions);
    suite_add_tcase(suite, c);
}

int main(void)
{
    Suite *suite = suite_create("hap-step");
    TCase *tc = tcase_create("step");

    tcase_add_checked_fixture(tc, start, NULL);
    tcase_add_test(tc, nothing_is_begun_without_an_answer);
    tcase_add_test(tc, the_answered_access_alone);
    tcase_add_test(tc, an_answer_ends_where_the_rights_are_others);
    tcase_add_test(tc, a_further_page_is_its_own_event);
    tcase_add_test(tc, resumed_at_a_further_page);
    tcase_add_test(tc, another_instruction);
    tcase_add_test(tc, what_only_turns_is_tried_again);
    tcase_add_test(tc, what_is_never_done_is_told);
    tcase_add_test(tc, which_instructions_are_never_emulated);
    tcase_add_test(tc, an_answer_by_the_ring);
    tcase_add_test(tc, answer_data_are_another_means);
    tcase_add_test(tc, what_the_kind_can);
    suite_add_tcase(suite, tc);
    add_hap_trap(suite);
    return fake_run(suite);
}
