/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One instruction of a guest on nested paging by its processor, the others held. */
#include <string.h>
#include <xm/steps.h>

#include "fake-env.h"

#define IP 0x1000u
#define SP 0x8000u
#define RW (XM_DO_R | XM_DO_W)

static struct xm_hap_step s;
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

static void start(void)
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

START_TEST(resumed_at_a_further_page)
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

static bool never(const char *code, uint32_t n)
{
    return xm_trap_never((const uint8_t *)code, n, true);
}

static bool enters(const char *code, uint32_t n)
{
    return xm_trap_enters_handler((const uint8_t *)code, n, true);
}

START_TEST(which_instructions)
{
    ck_assert(never("\x9c", 1) && never("\x48\xcf", 2) && never("\x8e\xd0", 2) &&
              !never("\x8e\xd8", 2));
    ck_assert(!never("\x17", 1) && xm_trap_never((const uint8_t *)"\x17", 1, false)); /* pop %ss */
    ck_assert(enters("\xcd\x80", 2) && enters("\x0f\x05", 2) && enters("\x0f\x34", 2) &&
              enters("\xcc", 1));
    ck_assert(!enters("\x0f\x11", 2) && !enters("\xc3", 1) && enters("\x48", 1));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hap-trap");
    TCase *c = tcase_create("trap");

    tcase_add_checked_fixture(c, start, NULL);
    tcase_add_test(c, held_then_open_then_closed_then_released);
    tcase_add_test(c, a_further_page);
    tcase_add_test(c, resumed_at_a_further_page);
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
    return fake_run(suite);
}
