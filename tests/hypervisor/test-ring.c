/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake-env.h"

#include <string.h>

static struct xm_domain d;

static void start(void)
{
    struct xm_domain_cfg cfg = {.kind = XM_KIND_X86_EPT, .vcpus = 12};
    struct xm_domctl_vm_event_op on = {.op = XM_VM_EVENT_ENABLE, .mode = XM_VM_EVENT_MODE_MONITOR};

    fake_start(&d, &cfg);
    ck_assert_int_eq(xm_hc_vm_event(&d, &on), 0);
}

static void stop(void)
{
    fake_end(&d);
}

static int send(uint32_t vcpu, bool sync)
{
    struct xm_ev ev = {.reason = XM_EV_REASON_GUEST_REQUEST};

    ev.u.raw[0] = vcpu + 1000;
    return xm_event_send(&d, &d.vcpu[vcpu], sync, &ev);
}

/* Answers what the i-th request was. */
static struct xm_ev request(unsigned i)
{
    return xm_ring_page(&d)->slot[i % XM_RING_SLOTS];
}

START_TEST(requests_are_in_order_and_counted)
{
    unsigned i;

    for (i = 0; i < 8; i++)
        ck_assert_int_eq(send(i, true), 1);
    for (i = 0; i < 8; i++) {
        ck_assert_uint_eq(request(i).vcpu_id, i);
        ck_assert_uint_eq(request(i).u.raw[0], i + 1000);
    }
    ck_assert_uint_eq(xm_ring_page(&d)->req_prod, 8);
    ck_assert_uint_eq(xm_ring_outstanding(&d), 8);
    ck_assert_uint_eq(fake.notifies, 8);
}
END_TEST

START_TEST(a_full_ring_puts_vcpus_to_sleep_in_order)
{
    struct xm_ev rsp;
    unsigned i;

    for (i = 0; i < 12; i++)
        ck_assert_int_eq(send(i, true), i < 8 ? 1 : -XM_EAGAIN);
    ck_assert(!fake.waits[7] && fake.waits[8] && fake.waits[11]);
    ck_assert_int_eq(send(9, true), -XM_EAGAIN); /* asleep already */
    ck_assert_uint_eq(d.stats.waits, 4);
    rsp = request(3); /* out of order: matched by vcpu_id */
    ck_assert_int_eq(fake_answer(&d, &rsp), 0);
    ck_assert_int_eq(fake.pauses[3], 0);
    ck_assert(!fake.waits[8] && fake.waits[9]);
    ck_assert_int_eq(send(8, true), 1);
    ck_assert_uint_eq(xm_ring_outstanding(&d), 8);
}
END_TEST

START_TEST(who_was_woken_and_lost_the_slot_keeps_its_place)
{
    struct xm_ev first = {.version = 7, .flags = XM_EV_FLAG_VCPU_PAUSED};
    unsigned i;

    for (i = 0; i < 10; i++)
        send(i, true);
    ck_assert_int_eq(fake_answer(&d, &first), 0);
    ck_assert(!fake.waits[8]);
    ck_assert_int_eq(send(11, true), 1); /* overtakes */
    ck_assert_int_eq(send(8, true), -XM_EAGAIN);
    first.vcpu_id = 1;
    ck_assert_int_eq(fake_answer(&d, &first), 0);
    ck_assert(!fake.waits[8] && fake.waits[9]);
}
END_TEST

START_TEST(with_too_few_free_slots_even_an_asynchronous_sender_pauses)
{
    struct xm_ev rsp = {.version = 7};

    ck_assert_int_eq(send(0, false), 0); /* 7 free, 12 vCPUs */
    ck_assert_int_eq(fake.pauses[0], 1);
    ck_assert(d.vcpu[0].blocked);
    ck_assert_uint_eq(d.vcpu[0].event_pause, 0);
    ck_assert_int_eq(fake_answer(&d, &rsp), 0);
    ck_assert_int_eq(fake.pauses[0], 0);
    ck_assert(!d.vcpu[0].blocked);
}
END_TEST

START_TEST(few_vcpus_are_not_paused_until_slots_are_few)
{
    unsigned i;

    d.vcpus = 3;
    for (i = 0; i < 5; i++) {
        ck_assert_int_eq(send(0, false), 0);
        ck_assert_int_eq(fake.pauses[0], 0);
    }
    ck_assert_int_eq(send(0, false), 0); /* 2 free < 3 */
    ck_assert_int_eq(fake.pauses[0], 1);
    ck_assert_int_eq(send(1, true), 1); /* paused for its event: not twice */
    ck_assert_int_eq(fake.pauses[1], 1);
    d.vcpus = 12;
}
END_TEST

START_TEST(nobody_stays_blocked_when_all_is_answered)
{
    struct xm_ev rsp = {.version = 7};
    unsigned i;

    for (i = 0; i < 8; i++)
        ck_assert_int_eq(send(i, false), 0);
    for (i = 8; i < 12; i++)
        ck_assert_int_eq(send(i, false), -XM_EAGAIN);
    for (i = 0; i < 8; i++)
        ck_assert_int_eq(fake_answer(&d, &rsp), 0);
    ck_assert_uint_eq(d.ring.blocked, 0);
    ck_assert_uint_eq(d.ring.waiters, 0);
    for (i = 0; i < 12; i++)
        ck_assert(fake.pauses[i] == 0 && !fake.waits[i]);
}
END_TEST

START_TEST(indexes_wrap)
{
    struct xm_ring_page *page = xm_ring_page(&d);
    unsigned i;

    d.ring.req_prod = d.ring.rsp_cons = UINT32_MAX - 2;
    page->req_prod = page->rsp_prod = UINT32_MAX - 2;
    for (i = 0; i < 8; i++) {
        ck_assert_int_eq(send(1, true), 1);
        ck_assert_int_eq(fake_resume(&d, 1, XM_EV_FLAG_VCPU_PAUSED), 0);
    }
    ck_assert_uint_eq(d.ring.rsp_cons, 5);
    ck_assert_int_eq(fake.pauses[1], 0);
}
END_TEST

START_TEST(indexes_that_cannot_be_take_nothing)
{
    struct xm_ring_page *page = xm_ring_page(&d);
    static const uint32_t bad[] = {9, 100, 0x80000000u, UINT32_MAX};
    unsigned i;

    ck_assert_int_eq(send(0, true), 1);
    for (i = 0; i < 4; i++) {
        page->rsp_prod = bad[i];
        ck_assert_int_eq(xm_ring_consume(&d), -XM_EINVAL);
    }
    ck_assert_uint_eq(fake.logs, 1);
    ck_assert_uint_eq(d.stats.bad_responses, 4);
    ck_assert_int_eq(fake.pauses[0], 1);
    page->rsp_prod = 1;
    ck_assert_int_eq(xm_ring_consume(&d), 0);
    ck_assert_int_eq(fake.pauses[0], 0);
    page->rsp_prod = 0;
    ck_assert_int_eq(xm_ring_consume(&d), -XM_EINVAL);
    ck_assert_uint_eq(fake.logs, 2);
}
END_TEST

START_TEST(answers_without_a_request_are_taken_and_make_no_slots)
{
    struct xm_ev rsp = {.version = 7, .flags = XM_EV_FLAG_VCPU_PAUSED};
    unsigned i;

    for (i = 0; i < 3; i++)
        ck_assert_int_eq(fake_answer(&d, &rsp), 0);
    ck_assert_uint_eq(d.stats.double_answers, 3);
    for (i = 0; i < 9; i++)
        ck_assert_int_eq(send(i, true), i < 8 ? 1 : -XM_EAGAIN);
    for (i = 0; i < 8; i++) {
        rsp.vcpu_id = i;
        ck_assert_int_eq(fake_answer(&d, &rsp), 0);
    }
    ck_assert_uint_eq(xm_ring_outstanding(&d), 0);
    ck_assert_int_eq(fake.pauses[7], 0);
    ck_assert(!fake.waits[8]);
}
END_TEST

START_TEST(the_pages_request_index_is_not_believed)
{
    struct xm_ring_page *page = xm_ring_page(&d);

    page->req_prod = 0xdeadbeef;
    ck_assert_int_eq(send(5, true), 1);
    ck_assert_uint_eq(page->req_prod, 1);
    ck_assert_uint_eq(page->slot[0].vcpu_id, 5);
}
END_TEST

START_TEST(answers_of_no_use_free_their_slot_and_no_more)
{
    struct xm_ev rsp;

    ck_assert_int_eq(send(0, true), 1);
    ck_assert_int_eq(send(1, true), 1);
    ck_assert_int_eq(send(2, true), 1);
    rsp = request(0);
    rsp.vcpu_id = 12;
    ck_assert_int_eq(fake_answer(&d, &rsp), 0);
    rsp = request(1);
    rsp.version = 6;
    ck_assert_int_eq(fake_answer(&d, &rsp), 0);
    rsp = request(2);
    rsp.vcpu_id = 9; /* not paused: somebody answers twice */
    ck_assert_int_eq(fake_answer(&d, &rsp), 0);
    ck_assert_uint_eq(d.stats.bad_responses, 2);
    ck_assert_uint_eq(d.stats.double_answers, 1);
    ck_assert_uint_eq(xm_ring_outstanding(&d), 0);
    ck_assert_int_eq(fake.pauses[0] + fake.pauses[1] + fake.pauses[2], 3);
}
END_TEST

START_TEST(a_listener_that_overwrites_a_slot_later_changes_nothing)
{
    struct xm_ring_page *page = xm_ring_page(&d);

    ck_assert_int_eq(send(0, true), 1);
    page->slot[0].flags = XM_EV_FLAG_VCPU_PAUSED;
    page->rsp_prod = 1;
    ck_assert_int_eq(xm_ring_consume(&d), 0);
    memset(page, 0xff, sizeof(*page));
    page->rsp_prod = 1;
    ck_assert_int_eq(xm_ring_consume(&d), 0);
    ck_assert_int_eq(send(0, true), 1);
    ck_assert_uint_eq(page->slot[1].vcpu_id, 0);
}
END_TEST

START_TEST(without_a_ring_the_guest_goes_on)
{
    xm_ring_kill(&d);
    ck_assert_int_eq(send(0, true), 0);
    ck_assert_int_eq(fake.pauses[0], 0);
    ck_assert_int_eq(xm_ring_consume(&d), -XM_ENODEV);
    ck_assert_uint_eq(xm_ring_outstanding(&d), 0);
}
END_TEST

START_TEST(a_request_that_comes_after_the_end_is_dropped)
{
    struct xm_domctl_vm_event_op on = {.op = XM_VM_EVENT_ENABLE, .mode = XM_VM_EVENT_MODE_MONITOR};
    struct xm_ev ev = {.reason = XM_EV_REASON_GUEST_REQUEST};

    ck_assert_int_eq(xm_ring_claim(&d, &d.vcpu[0]), 0);
    xm_ring_kill(&d);
    xm_ring_put(&d, &d.vcpu[0], &ev);
    ck_assert_int_eq(xm_hc_vm_event(&d, &on), 0);
    xm_ring_put(&d, &d.vcpu[0], &ev);
    ck_assert_uint_eq(d.stats.events, 0);
    ck_assert_uint_eq(fake.notifies, 0);
    ck_assert_int_eq(send(0, true), 1);
}
END_TEST

START_TEST(death_wakes_all)
{
    unsigned i;

    for (i = 0; i < 12; i++)
        send(i, false);
    xm_ring_kill(&d);
    for (i = 0; i < 12; i++)
        ck_assert(fake.pauses[i] == 0 && !fake.waits[i]);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("ring");
    TCase *t = tcase_create("ring");

    tcase_add_checked_fixture(t, start, stop);
    tcase_add_test(t, requests_are_in_order_and_counted);
    tcase_add_test(t, a_full_ring_puts_vcpus_to_sleep_in_order);
    tcase_add_test(t, who_was_woken_and_lost_the_slot_keeps_its_place);
    tcase_add_test(t, with_too_few_free_slots_even_an_asynchronous_sender_pauses);
    tcase_add_test(t, few_vcpus_are_not_paused_until_slots_are_few);
    tcase_add_test(t, nobody_stays_blocked_when_all_is_answered);
    tcase_add_test(t, indexes_wrap);
    tcase_add_test(t, indexes_that_cannot_be_take_nothing);
    tcase_add_test(t, answers_without_a_request_are_taken_and_make_no_slots);
    tcase_add_test(t, the_pages_request_index_is_not_believed);
    tcase_add_test(t, answers_of_no_use_free_their_slot_and_no_more);
    tcase_add_test(t, a_listener_that_overwrites_a_slot_later_changes_nothing);
    tcase_add_test(t, without_a_ring_the_guest_goes_on);
    tcase_add_test(t, a_request_that_comes_after_the_end_is_dropped);
    tcase_add_test(t, death_wakes_all);
    suite_add_tcase(s, t);
    return fake_run(s);
}
