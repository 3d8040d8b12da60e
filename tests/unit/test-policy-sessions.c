/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One policy on several sessions, of different kinds, one after the other and in turns: what it
 * knows of one it must not take for the other, wherever their memory lies.
 */
#include <errno.h>
#include <stdio.h>

#include "policy-machine.h"
#include "api/api.h"

#define AT 0x10008u /* page 0x10 */
#define OLD UINT64_C(0x1111111111111111)
#define X86 1u
#define ARM 2u

static const struct sim_op write_op = {.code = SIM_OP_WRITE, .addr = AT, .value = 0x22};
static struct sim_domain *guests[3];

static void make_two(void)
{
    struct sim_domain_cfg dom = {.kind = SIM_ARM_S2, .vcpus = VCPUS, .pages = PAGES, .name = "a"};

    x86();
    guests[X86] = guest;
    ck_assert_int_eq(xmi_sim_domain_create(machine, &dom, &guests[ARM]), 0);
    ck_assert_int_eq(xmem_domain_close(session), 0);
    session = NULL;
}

static void load_rule(const char *on)
{
    char rest[256];

    snprintf(rest, sizeof(rest),
             "\"regions\":{\"a\":\"0x10\"},\"rules\":[{\"name\":\"r\",\"region\":\"a\","
             "\"rights\":\"rx\",\"on\":%s}]",
             on);
    load(rest);
}

/* A session in which a write to the page waits. The policy was not applied to it. */
static const struct xmem_event *begin(uint32_t domid, struct xmem_domain **d)
{
    const uint64_t old = OLD;
    const struct xmem_event *ev = NULL;

    ck_assert_int_eq(xmem_domain_open(conn, domid, NULL, d), 0);
    ck_assert_int_eq(xmem_domain_enable(*d), 0);
    ck_assert_int_eq(xmem_domain_write(*d, AT, &old, 8), 0);
    ck_assert_int_eq(xmem_domain_set_rights(*d, 0, 0x10, XMEM_RX), 0);
    ck_assert_int_eq(xmi_sim_vcpu_script(guests[domid], 0, &write_op, 1, 1), 0);
    ck_assert_int_eq(xmem_event_next(*d, &ev), 0);
    return ev;
}

/* The write did not happen, and the vCPU is behind its instruction. */
static void denied(struct xmem_domain *d, uint32_t domid, const struct xmem_event *ev)
{
    struct xmem_regs before = XMEM_INIT(before);
    struct xmem_decision what = XMEM_INIT(what);
    struct sim_vcpu_info info;
    uint64_t value;

    ck_assert_int_eq(xmem_event_get_regs(d, ev, &before), 0);
    ck_assert_int_eq(xmem_policy_handle(policy, d, ev, &what), 0);
    ck_assert_uint_eq(what.action, XMEM_ACTION_DENY);
    ck_assert_int_eq(xmem_event_next(d, &ev), -EAGAIN);
    ck_assert_int_eq(xmem_domain_read(d, AT, &value, 8), 0);
    ck_assert_uint_eq(value, OLD);
    ck_assert_int_eq(xmi_sim_vcpu_info(guests[domid], 0, &info), 0);
    ck_assert_uint_eq(info.done, 1);
    ck_assert_uint_eq(before.arch, domid == ARM ? XMEM_ARCH_ARM : XMEM_ARCH_X86);
}

static void deny_on(uint32_t domid)
{
    struct xmem_domain *d;
    const struct xmem_event *ev = begin(domid, &d);

    denied(d, domid, ev);
    ck_assert_int_eq(xmem_domain_close(d), 0);
}

START_TEST(x86_after_arm)
{
    load_rule("\"deny\"");
    deny_on(ARM);
    deny_on(X86);
}
END_TEST

START_TEST(arm_after_x86)
{
    load_rule("\"deny\"");
    deny_on(X86);
    deny_on(ARM);
}
END_TEST

START_TEST(in_turns)
{
    struct xmem_domain *on_x86, *on_arm;
    const struct xmem_event *a, *b;

    load_rule("\"deny\"");
    a = begin(X86, &on_x86);
    b = begin(ARM, &on_arm);
    denied(on_x86, X86, a);
    denied(on_arm, ARM, b);
    ck_assert_int_eq(xmem_domain_close(on_x86), 0);
    ck_assert_int_eq(xmem_domain_close(on_arm), 0);
}
END_TEST

START_TEST(numbers_are_never_given_again)
{
    uint64_t last = 0;

    for (int i = 0; i < 20; i++) {
        struct xmem_domain *d;

        ck_assert_int_eq(xmem_domain_open(conn, X86, NULL, &d), 0);
        ck_assert_uint_gt(xmi_session_number(d), last);
        last = xmi_session_number(d);
        ck_assert_int_eq(xmem_domain_close(d), 0);
    }
}
END_TEST

/* An event of one session, handed to the policy with another: nothing is done to either. */
START_TEST(event_of_another_session)
{
    static const char *const actions[] = {"\"pause\"", "\"relax\"", "\"deny\"", "\"log\"",
                                          "\"resume\""};
    struct xmem_domain *on_x86, *on_arm;
    const struct xmem_event *a = begin(X86, &on_x86), *b = begin(ARM, &on_arm);
    struct xmem_domain_info info = XMEM_INIT(info);
    enum xmem_rights rights;

    ck_assert_ptr_nonnull(b);
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        load_rule(actions[i]);
        ck_assert_int_eq(xmem_policy_handle(policy, on_arm, a, NULL), -EINVAL);
        ck_assert_int_eq(xmem_domain_get_info(on_arm, &info), 0);
        ck_assert_uint_eq(info.flags & XMEM_DOMAIN_PAUSED, 0);
        ck_assert_int_eq(xmem_domain_get_rights(on_arm, 0, 0x10, &rights), 0);
        ck_assert_uint_eq(rights, XMEM_RX);
    }
    load_rule("\"deny\"");
    denied(on_x86, X86, a);
    ck_assert_int_eq(xmem_domain_close(on_x86), 0);
    ck_assert_int_eq(xmem_domain_close(on_arm), 0);
}
END_TEST

/* Answered already: the domain is not paused for it, nor the page opened. */
START_TEST(event_answered_already)
{
    static const char *const actions[] = {"\"pause\"", "\"relax\""};
    struct xmem_domain_info info = XMEM_INIT(info);
    struct xmem_domain *d;
    const struct xmem_event *ev = begin(X86, &d);
    enum xmem_rights rights;

    ck_assert_int_eq(xmem_event_drop(d, ev), 0);
    for (size_t i = 0; i < 2; i++) {
        load_rule(actions[i]);
        ck_assert_int_eq(xmem_policy_handle(policy, d, ev, NULL), -EALREADY);
        ck_assert_int_eq(xmem_domain_get_info(d, &info), 0);
        ck_assert_uint_eq(info.flags & XMEM_DOMAIN_PAUSED, 0);
        ck_assert_int_eq(xmem_domain_get_rights(d, 0, 0x10, &rights), 0);
        ck_assert_uint_eq(rights, XMEM_RX);
    }
    ck_assert_int_eq(xmem_domain_close(d), 0);
}
END_TEST

/* Views have numbers in the session alone that the policy was applied to. */
START_TEST(views_of_another_session)
{
    static const char text[] =
        "\"regions\":{\"a\":\"0x10\"},\"views\":[{\"name\":\"v\"}],\"rules\":[{\"name\":\"r\","
        "\"region\":\"a\",\"rights\":\"rx\",\"on\":{\"action\":\"switch\",\"view\":\"v\"}}]";
    struct xmem_decision what = XMEM_INIT(what);
    const struct xmem_event *ev;
    struct xmem_domain *d;
    uint16_t view;

    load(text);
    ck_assert_int_eq(xmem_domain_open(conn, X86, NULL, &session), 0);
    apply_policy();
    ck_assert_int_eq(xmem_domain_close(session), 0);
    session = NULL;
    ev = begin(X86, &d);
    ck_assert_int_eq(xmem_view_create(d, NULL, &view), 0); /* has that number now */
    ck_assert_int_eq(xmem_policy_handle(policy, d, ev, &what), -ENOENT);
    ck_assert_int_eq(xmem_event_drop(d, ev), 0);
    ck_assert_int_eq(xmem_domain_close(d), 0);
}
END_TEST

/* A limit of logging is of the session that the policy is applied to. */
START_TEST(limit_begins_again)
{
    struct xmem_decision what = XMEM_INIT(what);
    const struct xmem_event *ev;

    load_rule("\"log\",\"log_limit\":1");
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(xmem_domain_open(conn, X86, NULL, &session), 0);
        apply_policy();
        ck_assert_int_eq(xmi_sim_vcpu_script(guests[X86], 0, &write_op, 1, 2), 0);
        for (int n = 0; n < 2; n++) {
            ck_assert_int_eq(xmem_event_next(session, &ev), 0);
            ck_assert_int_eq(xmem_policy_handle(policy, session, ev, &what), 0);
            ck_assert_uint_eq(what.action, n ? XMEM_ACTION_ALLOW_ONCE : XMEM_ACTION_LOG);
        }
        ck_assert_int_eq(xmem_domain_close(session), 0);
        session = NULL;
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("policy-sessions");
    TCase *tc = tcase_create("two domains");

    tcase_add_checked_fixture(tc, make_two, end_machine);
    tcase_add_test(tc, x86_after_arm);
    tcase_add_test(tc, arm_after_x86);
    tcase_add_test(tc, in_turns);
    tcase_add_test(tc, numbers_are_never_given_again);
    tcase_add_test(tc, event_of_another_session);
    tcase_add_test(tc, event_answered_already);
    tcase_add_test(tc, views_of_another_session);
    tcase_add_test(tc, limit_begins_again);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
