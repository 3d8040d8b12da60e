/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a guest can go by itself under a policy, and what is said of it; and that a guest does
 * not leave a start view that is hidden. */
#include <errno.h>
#include <stdio.h>

#include "policy-machine.h"

#define AT 0x10008u /* page 0x10 */

/* ---- what is warned of ---- */

#define BASE \
    "\"regions\":{\"all\":\"0x100-0x1ff\",\"low\":\"0x100-0x17f\",\"hole\":" \
    "[\"0x100-0x13f\",\"0x141-0x1ff\"],\"most\":\"0x101-0x1ff\",\"far\":\"0xffffffffff\"},"
#define RULE(region, view, rights, on) \
    "{\"region\":\"" region "\",\"view\":\"" view "\",\"rights\":\"" rights "\",\"on\":\"" on "\"}"

static const struct {
    const char *rest, *said; /* NULL: nothing */
} cases[] = {
    {BASE "\"views\":[{\"name\":\"v\"}],\"rules\":[" RULE("all", "host", "rx", "deny") "," RULE(
         "all", "v", "rx", "deny") "]",
     NULL},
    {BASE "\"views\":[{\"name\":\"v\"}],\"rules\":[" RULE("all", "host", "rx", "deny") "," RULE(
         "low", "v", "rx", "deny") "]",
     "writes of gfn 0x180 pass there"},
    {BASE "\"views\":[{\"name\":\"v\"}],\"rules\":[" RULE("all", "host", "rx", "deny") "," RULE(
         "hole", "v", "rx", "deny") "]",
     "writes of gfn 0x140 pass there"},
    {BASE "\"views\":[{\"name\":\"v\"}],\"rules\":[" RULE("all", "host", "rx", "deny") "," RULE(
         "most", "v", "rx", "deny") "]",
     "writes of gfn 0x100 pass there"},
    {BASE "\"views\":[{\"name\":\"v\"}],\"rules\":[" RULE("far", "host", "rx", "deny") "]",
     "writes of gfn 0xffffffffff pass there"},
    {BASE "\"views\":[{\"name\":\"v\",\"visible\":false}],\"rules\":[" RULE("all", "host", "rx",
                                                                            "deny") "]",
     NULL}, /* the guest cannot go there */
    {BASE "\"views\":[{\"name\":\"v\",\"visible\":false}],\"rules\":[" RULE("all", "v", "rx",
                                                                            "deny") "]",
     "in view \"v\"; give it the rule too, or hide it"},
    {BASE "\"views\":[{\"name\":\"v\"}],\"rules\":[" RULE("all", "host", "rx", "deny") "," RULE(
         "all", "v", "rx", "relax") "]",
     "writes of gfn 0x100 pass there"},
    {BASE "\"views\":[{\"name\":\"v\"}],\"rules\":[" RULE("all", "host", "rx", "deny") "," RULE(
         "all", "v", "rx", "resume") "]",
     NULL}, /* it only comes again */
    {BASE "\"views\":[{\"name\":\"v\"}],\"rules\":[" RULE("all", "host", "rx", "deny") "," RULE(
         "all", "v", "rx2rw", "deny") "]",
     "writes of gfn 0x100 pass there"},
    {BASE "\"views\":[{\"name\":\"v\",\"default_rights\":\"rx\"}],\"default_action\":\"pause\","
          "\"rules\":[" RULE("all", "host", "rx", "deny") "]",
     NULL},
    {BASE "\"views\":[{\"name\":\"v\",\"default_rights\":\"rx\"}],\"rules\":[" RULE(
         "all", "host", "rx", "deny") "]",
     "writes of gfn 0x100 pass there"}, /* stepped over */
    {BASE
     "\"views\":[{\"name\":\"v\",\"remaps\":[{\"gfn\":\"0x100\",\"to\":\"0x300\",\"count\":255}"
     "]}],\"rules\":[" RULE("all", "host", "rx", "deny") "]",
     "writes of gfn 0x1ff pass there"},
    {BASE "\"views\":[{\"name\":\"a\"},{\"name\":\"b\"}],\"rules\":[" RULE(
         "all", "host", "rx",
         "deny") ","
                 "{\"region\":\"all\",\"view\":\"a\",\"rights\":\"rx\",\"on\":{\"action\":\"switch\",\"view\":"
                 "\"b\"}},"
                 "{\"region\":\"all\",\"view\":\"b\",\"rights\":\"rx\",\"on\":{\"action\":\"switch\",\"view\":"
                 "\"a\"}}]",
     NULL}, /* back and forth for ever */
};
#define CASES (sizeof(cases) / sizeof(cases[0]))

START_TEST(warned_of)
{
    x86();
    load(cases[_i].rest);
    ck_assert_uint_eq(xmem_report_count(report), cases[_i].said ? 1 : 0);
    if (cases[_i].said)
        said(0, 502, cases[_i].said);
    end_machine();
}
END_TEST

/* More than a report holds: one line says so. */
START_TEST(many_warnings)
{
    char text[8192] = "\"regions\":{\"a\":1},\"views\":[", *p = text + strlen(text);
    struct xmem_diag d = XMEM_INIT(d);

    x86();
    for (int i = 0; i < 40; i++)
        p += sprintf(p, "%s{\"name\":\"v%d\"}", i ? "," : "", i);
    sprintf(p, "],\"rules\":[{\"region\":\"a\",\"rights\":\"n\",\"on\":\"deny\"}]");
    load(text);
    ck_assert_uint_eq(xmem_report_count(report), 20);
    said(18, 502, "view \"v18\"");
    said(19, 500, "there are more warnings");
    end_machine();
}
END_TEST

/* ---- plans ---- */

static int collect(void *arg, const char *line)
{
    strcat(arg, line);
    strcat(arg, "\n");
    return 0;
}

START_TEST(views_of_others)
{
    char lines[2048] = "";
    uint16_t view;

    x86();
    load("\"regions\":{\"a\":1},\"rules\":[{\"region\":\"a\",\"rights\":\"n\",\"on\":\"deny\"}]");
    ck_assert_int_eq(xmem_policy_plan(policy, session, report, collect, lines), 0);
    ck_assert_uint_eq(xmem_report_count(report), 0);
    ck_assert_ptr_null(strstr(lines, "reach"));
    ck_assert_int_eq(xmem_view_create(session, NULL, &view), 0);
    ck_assert_int_eq(xmem_policy_plan(policy, session, report, collect, lines), 0);
    ck_assert_uint_eq(xmem_report_count(report), 1);
    said(0, 503, "the domain has 1 view already");
    load("\"regions\":{\"a\":1},\"rules\":[{\"region\":\"a\",\"rights\":\"n\",\"on\":\"log\"}]");
    new_report();
    ck_assert_int_eq(xmem_policy_plan(policy, session, report, collect, lines), 0);
    ck_assert_uint_eq(xmem_report_count(report), 0); /* it stops nothing */
    end_machine();
}
END_TEST

START_TEST(plan_tells_where)
{
    char lines[2048] = "";

    x86();
    load("\"regions\":{\"a\":1},\"views\":[{\"name\":\"v\"},{\"name\":\"h\",\"visible\":false}],"
         "\"rules\":[{\"region\":\"a\",\"view\":\"v\",\"rights\":\"n\"}]");
    ck_assert_int_eq(xmem_policy_plan(policy, session, report, collect, lines), 0);
    ck_assert_ptr_nonnull(strstr(lines, "\nreach: the guest can go to view \"host\" by itself, "
                                        "0 rules there\n"
                                        "reach: the guest can go to view \"v\" by itself, "
                                        "1 rule there\n"));
    ck_assert_ptr_null(strstr(lines, "\"h\" by itself"));
    end_machine();
}
END_TEST

/* ---- guests ---- */

/* Writes, goes away by VMFUNC, writes again. Returns how many writes were denied. */
static int denials(const char *views)
{
    static const struct sim_op ops[] = {{.code = SIM_OP_WRITE, .addr = AT, .value = 1},
                                        {.code = SIM_OP_VMFUNC, .value = 0},
                                        {.code = SIM_OP_WRITE, .addr = AT, .value = 7}};
    struct xmem_decision d = XMEM_INIT(d);
    const struct xmem_event *ev;
    char text[512];
    int n = 0;

    snprintf(text, sizeof(text),
             "\"regions\":{\"a\":\"0x10\"},\"views\":[%s],\"start_view\":\"jail\",\"rules\":"
             "[{\"region\":\"a\",\"view\":\"jail\",\"rights\":\"rx\",\"on\":\"deny\"}]",
             views);
    load(text);
    new_report();
    apply_policy();
    ck_assert_int_eq(xmi_sim_vcpu_script(guest, 0, ops, 3, 5), 0);
    while (xmem_event_next(session, &ev) == 0) {
        ck_assert_int_eq(xmem_policy_handle(policy, session, ev, &d), 0);
        n += d.action == XMEM_ACTION_DENY;
    }
    return n;
}

START_TEST(stays_where_it_starts)
{
    uint64_t value;

    x86();
    ck_assert_int_eq(denials("{\"name\":\"jail\",\"visible\":false}"), 10);
    ck_assert_int_eq(xmem_domain_read(session, AT, &value, 8), 0);
    ck_assert_uint_eq(value, 0);
    end_machine(); /* closes, and nothing is left hidden */
}
END_TEST

/* The guest leaves where that is allowed; the warning said so. */
START_TEST(leaves_where_it_may)
{
    x86();
    ck_assert_int_eq(denials("{\"name\":\"jail\"}"), 1);
    end_machine();
}
END_TEST

/* The policy's own switches lead to the host view, however hidden. */
START_TEST(the_policy_switches)
{
    static const struct sim_op op = {.code = SIM_OP_WRITE, .addr = AT, .value = 1};
    struct xmem_decision d = XMEM_INIT(d);
    const struct xmem_event *ev;
    struct sim_vcpu_info info;

    x86();
    load("\"regions\":{\"a\":\"0x10\"},\"views\":[{\"name\":\"jail\",\"visible\":false}],"
         "\"start_view\":\"jail\",\"rules\":[{\"region\":\"a\",\"view\":\"jail\",\"rights\":\"rx\","
         "\"on\":{\"action\":\"switch\",\"view\":\"host\"}}]");
    apply_policy();
    ck_assert_int_eq(xmi_sim_vcpu_script(guest, 0, &op, 1, 1), 0);
    ck_assert_int_eq(xmem_event_next(session, &ev), 0);
    ck_assert_int_eq(xmem_policy_handle(policy, session, ev, &d), 0);
    ck_assert_int_eq(xmem_event_next(session, &ev), -EAGAIN);
    ck_assert_int_eq(xmi_sim_vcpu_info(guest, 0, &info), 0);
    ck_assert_uint_eq(info.view, 0);
    ck_assert_uint_eq(info.done, 1);
    end_machine();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("policy-reach");
    TCase *tc = tcase_create("reach");

    tcase_add_loop_test(tc, warned_of, 0, CASES);
    tcase_add_test(tc, many_warnings);
    tcase_add_test(tc, views_of_others);
    tcase_add_test(tc, plan_tells_where);
    tcase_add_test(tc, stays_where_it_starts);
    tcase_add_test(tc, leaves_where_it_may);
    tcase_add_test(tc, the_policy_switches);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
