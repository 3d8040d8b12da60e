/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which action of a list decides: every list of two against the rule as it is written, by brute
 * force; and guests of several kinds that meet some of them. */
#include <errno.h>
#include <stdio.h>

#include "policy-machine.h"
#include "policy/policy-int.h"

#define AT 0x10008u /* page 0x10 */
#define R XMEM_ACCESS_R
#define W XMEM_ACCESS_W
#define X XMEM_ACCESS_X

static const uint32_t strictest_first[] = {
    XMEM_ACTION_DENY, XMEM_ACTION_PAUSE,      XMEM_ACTION_SWITCH, XMEM_ACTION_RELAX,
    XMEM_ACTION_LOG,  XMEM_ACTION_ALLOW_ONCE, XMEM_ACTION_RESUME,
};
#define ACTIONS (sizeof(strictest_first) / sizeof(strictest_first[0]))

START_TEST(order)
{
    for (size_t i = 0; i < ACTIONS; i++)
        ck_assert_uint_eq(xmi_policy_strictness(strictest_first[i]), i);
    ck_assert_uint_gt(xmi_policy_strictness(XMEM_ACTION_NONE),
                      xmi_policy_strictness(XMEM_ACTION_RESUME));
    ck_assert_uint_gt(xmi_policy_strictness(99), xmi_policy_strictness(XMEM_ACTION_NONE));
}
END_TEST

/* As xmem-policy(5) says it: 0 or 1, place in the list, or -1. */
static int wanted(const struct policy_action *list, uint32_t forbidden, uint32_t access)
{
    uint32_t kinds = (access & W) ? access | R : access;
    int found = -1;

    kinds = (kinds & forbidden) ? kinds & forbidden : kinds;
    for (size_t s = 0; s < ACTIONS && found < 0; s++)
        for (int i = 1; i >= 0; i--)
            if (list[i].action == strictest_first[s] && (list[i].access & kinds))
                found = i;
    return found;
}

static bool same_place(const struct policy_action *a, const struct policy_action *b)
{
    return a->pos.line == b->pos.line && a->action == b->action;
}

static void check_list(struct xmem_policy *p, const struct policy_action *list)
{
    struct policy_rule *rule = &p->rules[0];
    uint32_t forbidden = xmi_policy_forbidden(rule->rights);
    bool decides[2] = {false, false};

    for (uint32_t access = 1; access <= POLICY_ACCESS_ALL; access++) {
        const struct policy_action *a = policy_rule_action(rule, access);
        int i = wanted(list, forbidden, access);

        ck_assert_int_eq(a == NULL, i < 0);
        ck_assert(!a || same_place(a, &list[i]));
        if (i >= 0 && (access == R || access == W || access == X) && (access & forbidden))
            decides[i] = true;
    }
    /* Xen on EPT says rw of a write, the other kinds w */
    ck_assert_ptr_eq(policy_rule_action(rule, W), policy_rule_action(rule, R | W));
    ck_assert_ptr_null(policy_rule_action(rule, 0));
    for (uint32_t i = 0; i < 2; i++) {
        bool noted = false;

        for (size_t n = 0; n < p->n_unused; n++)
            noted = noted || p->unused[n].place == i;
        ck_assert_int_eq(noted, !decides[i]);
    }
}

/* Entries for nothing that is forbidden are refused when loading. */
static void check_pair(enum xmem_rights rights, const struct policy_action *list)
{
    struct policy_rule rule = {.rights = rights};
    struct xmem_policy p = {.rules = &rule, .n_rules = 1};

    if (!(list[0].access & xmi_policy_forbidden(rights)) ||
        !(list[1].access & xmi_policy_forbidden(rights)))
        return;
    xmi_policy_rule_decide(&p, &rule, list, 2);
    ck_assert_uint_le(rule.n_actions, 2);
    check_list(&p, list);
}

START_TEST(every_list_of_two)
{
    enum xmem_rights rights = (enum xmem_rights)_i;

    for (size_t a = 0; a < ACTIONS * ACTIONS; a++)
        for (uint32_t access = 0; access < 64; access++) {
            const struct policy_action list[2] = {
                {.action = strictest_first[a / ACTIONS], .access = access / 8, .pos = {1, 1}},
                {.action = strictest_first[a % ACTIONS], .access = access % 8, .pos = {2, 1}}};

            check_pair(rights, list);
        }
}
END_TEST

/* Three kinds of access, three that decide, whatever else is in the list. */
START_TEST(long_lists)
{
    struct policy_action list[64];
    struct policy_rule rule = {.rights = XMEM_N};
    struct xmem_policy p = {.rules = &rule, .n_rules = 1};

    for (uint32_t i = 0; i < 64; i++)
        list[i] = (struct policy_action){
            .action = strictest_first[6 - i % 7], .access = 1u << i % 3, .pos = {i + 1, 1}};
    xmi_policy_rule_decide(&p, &rule, list, 64);
    ck_assert_uint_le(rule.n_actions, 3);
    for (uint32_t access = 1; access <= POLICY_ACCESS_ALL; access++)
        ck_assert_uint_eq(policy_rule_action(&rule, access)->action, XMEM_ACTION_DENY);
    ck_assert_uint_eq(p.n_unused, REPORT_MAX);
}
END_TEST

/* ---- guests ---- */

/* The decision for one access to the page. */
static uint32_t decision(enum sim_kind kind, const char *rights, const char *on, uint8_t code)
{
    const struct sim_op op = {.code = code, .addr = AT, .value = 5};
    struct xmem_decision d = XMEM_INIT(d);
    const struct xmem_event *ev;
    char text[512];

    make_machine(kind);
    snprintf(text, sizeof(text),
             "\"regions\":{\"a\":\"0x10\"},\"rules\":[{\"region\":\"a\",\"rights\":\"%s\","
             "\"on\":%s}]",
             rights, on);
    load(text);
    new_report();
    apply_policy();
    ck_assert_int_eq(xmi_sim_vcpu_script(guest, 0, &op, 1, 1), 0);
    ck_assert_int_eq(xmem_event_next(session, &ev), 0);
    ck_assert_int_eq(xmem_policy_handle(policy, session, ev, &d), 0);
    end_machine();
    return d.action;
}

#define ON(a, x, b, y) \
    "[{\"action\":\"" a "\",\"access\":\"" x "\"},{\"action\":\"" b "\",\"access\":\"" y "\"}]"

static const struct {
    const char *rights, *on;
    uint8_t code;
    uint32_t action;
} cases[] = {
    {"n", ON("log", "r", "deny", "w"), SIM_OP_WRITE, XMEM_ACTION_DENY},
    {"n", ON("log", "r", "deny", "w"), SIM_OP_READ, XMEM_ACTION_LOG},
    {"n", ON("deny", "w", "log", "r"), SIM_OP_WRITE, XMEM_ACTION_DENY},
    {"n", ON("deny", "r", "log", "w"), SIM_OP_WRITE, XMEM_ACTION_DENY},
    {"n", ON("deny", "r", "log", "w"), SIM_OP_READ, XMEM_ACTION_DENY},
    {"n", ON("allow-once", "rwx", "log", "w"), SIM_OP_WRITE, XMEM_ACTION_LOG},
    {"n", ON("log", "x", "deny", "rwx"), SIM_OP_EXEC, XMEM_ACTION_DENY},
    {"r", ON("deny", "rx", "log", "w"), SIM_OP_WRITE, XMEM_ACTION_LOG},
    {"rx", ON("log", "rw", "allow-once", "w"), SIM_OP_WRITE, XMEM_ACTION_LOG},
    {"n", ON("resume", "r", "log", "w"), SIM_OP_WRITE, XMEM_ACTION_LOG},
    {"n", ON("log", "w", "relax", "r"), SIM_OP_WRITE, XMEM_ACTION_RELAX},
};
#define CASES (sizeof(cases) / sizeof(cases[0]))

START_TEST(the_same_on_every_kind)
{
    static const enum sim_kind kinds[] = {SIM_X86_EPT, SIM_ARM_S2, SIM_ARMV8R_MPU};

    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
        ck_assert_uint_eq(decision(kinds[k], cases[_i].rights, cases[_i].on, cases[_i].code),
                          cases[_i].action);
}
END_TEST

START_TEST(port_of_two_monitors)
{
    struct xmem_decision d = XMEM_INIT(d);
    struct xmem_event ev = {.reason = XMEM_EVENT_IO, .u.io.port = 0x60};
    static const char one[] = "{\"name\":\"one\",\"reason\":\"io\",\"index\":96,"
                              "\"action\":\"pause\"}";
    static const char all[] = "{\"name\":\"all\",\"reason\":\"io\",\"action\":\"log\"}";
    char text[512];

    x86();
    for (int i = 0; i < 2; i++) {
        snprintf(text, sizeof(text), "\"monitors\":[%s,%s]", i ? one : all, i ? all : one);
        load(text);
        ev.u.io.port = 0x60;
        ck_assert_int_eq(xmem_policy_decide(policy, session, &ev, &d), 0);
        ck_assert_str_eq(d.rule, "one");
        ck_assert_uint_eq(d.action, XMEM_ACTION_PAUSE);
        ev.u.io.port = 0x61;
        ck_assert_int_eq(xmem_policy_decide(policy, session, &ev, &d), 0);
        ck_assert_str_eq(d.rule, "all");
    }
    end_machine();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("policy-strict");
    TCase *tc = tcase_create("lists"), *guests = tcase_create("guests");

    tcase_add_test(tc, order);
    tcase_add_loop_test(tc, every_list_of_two, XMEM_N, XMEM_R_PW + 1);
    tcase_add_test(tc, long_lists);
    suite_add_tcase(suite, tc);
    tcase_add_loop_test(guests, the_same_on_every_kind, 0, CASES);
    tcase_add_test(guests, port_of_two_monitors);
    suite_add_tcase(suite, guests);
    return run_suite(suite);
}
