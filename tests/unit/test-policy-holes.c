/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Policies about gfns without a page: plan and apply say the same, on every kind. */
#include <errno.h>

#include "policy-machine.h"

#define FIRST 0x1000u /* gfn of the first page: beyond several questions of 1024 */
#define LAST (FIRST + PAGES - 1)
#define RULE(more) \
    "\"regions\":{\"all\":\"0x0-0x11ff\"},\"rules\":[{\"region\":\"all\",\"rights\":\"rx\"" more \
    "}]"

static const enum sim_kind kinds[] = {SIM_X86_EPT, SIM_X86_PV, SIM_ARM_S2, SIM_ARMV8R_MPU};
#define KINDS 4

static char lines[4096];

static int add_line(void *arg, const char *line)
{
    ck_assert_ptr_null(arg);
    strncat(lines, line, sizeof(lines) - strlen(lines) - 2);
    strcat(lines, "\n");
    return 0;
}

static void plan_is(const char *part)
{
    lines[0] = '\0';
    ck_assert_int_eq(xmem_policy_plan(policy, session, report, add_line, NULL), 0);
    ck_assert_msg(strstr(lines, part) != NULL, "%s", lines);
}

/* Planned and applied: the same message, and nothing is done. */
static void refused(const char *part, size_t messages)
{
    enum xmem_rights rights;

    for (int apply = 0; apply < 2; apply++) {
        new_report();
        lines[0] = '\0';
        ck_assert_int_eq(apply ? xmem_policy_apply(policy, session, report, NULL, NULL)
                               : xmem_policy_plan(policy, session, report, add_line, NULL),
                         -ERANGE);
        ck_assert_str_eq(lines, "");
        ck_assert_uint_eq(xmem_report_count(report), messages);
        said(0, 312, part);
        ck_assert_int_eq(xmem_domain_get_rights(session, 0, FIRST, &rights), -ENODEV);
    }
    new_report();
}

static void rights_are(uint64_t gfn, enum xmem_rights wanted)
{
    enum xmem_rights rights;

    ck_assert_int_eq(xmem_domain_get_rights(session, 0, gfn, &rights), 0);
    ck_assert_msg(rights == wanted, "gfn 0x%llx: %s", (unsigned long long)gfn,
                  xmem_rights_name(rights));
}

START_TEST(refused_with_the_first_hole)
{
    make_machine_at(kinds[_i], FIRST);
    load(RULE(""));
    refused("/rules/0/region: gfn 0x0 of \"all\" is a hole", 1);
    load(RULE(",\"holes\":\"refuse\"") ",\"holes\":\"skip\"");
    refused("gfn 0x0 of \"all\" is a hole", 1);
    end_machine();
}
END_TEST

START_TEST(skipped)
{
    make_machine_at(kinds[_i], FIRST);
    load(RULE("") ",\"holes\":\"skip\"");
    plan_is(
        "rx for 512 gfns in 1 range of \"all\", without 4096 holes\ntotal: 512 gfns in 1 range\n");
    apply_policy();
    rights_are(FIRST, XMEM_RX);
    rights_are(LAST, XMEM_RX);
    end_machine();
}
END_TEST

/* Between pages, and above the highest. */
START_TEST(holes_between_pages)
{
    make_machine_at(kinds[_i], FIRST);
    ck_assert_int_eq(xmi_sim_depopulate(guest, FIRST + 100), 0);
    ck_assert_int_eq(xmi_sim_depopulate(guest, FIRST + 101), 0);
    load(
        "\"regions\":{\"all\":\"0x1000-0x10ff\"},\"rules\":[{\"region\":\"all\",\"rights\":\"rx\"}]");
    refused("gfn 0x1064 of \"all\" is a hole", 1);
    load("\"regions\":{\"all\":\"0x1000-0xffffffffff\"},\"rules\":[{\"region\":\"all\","
         "\"rights\":\"rx\",\"holes\":\"skip\"}]");
    plan_is(" in 2 ranges of \"all\", without 109951");
    apply_policy();
    rights_are(FIRST + 99, XMEM_RX);
    rights_are(FIRST + 102, XMEM_RX);
    rights_are(LAST, XMEM_RX);
    end_machine();
}
END_TEST

START_TEST(without_any_page)
{
    make_machine_at(kinds[_i], FIRST);
    load("\"holes\":\"skip\",\"regions\":{\"low\":\"0x0-0xfff\",\"high\":\"0x80000\"},\"rules\":["
         "{\"region\":\"low\",\"rights\":\"rx\"},{\"region\":\"high\",\"rights\":\"rx\"}]");
    refused("the domain has no page in \"low\" at all", 2);
    end_machine();
}
END_TEST

START_TEST(rules_of_one_region)
{
    make_machine_at(SIM_X86_EPT, FIRST);
    load("\"views\":[{\"name\":\"v\"}],\"regions\":{\"all\":\"0x0-0x11ff\"},\"rules\":["
         "{\"region\":\"all\",\"rights\":\"rx\",\"holes\":\"skip\"},"
         "{\"region\":\"all\",\"rights\":\"rx\",\"view\":\"v\"}]");
    refused("/rules/1/region: gfn 0x0 of \"all\" is a hole", 1);
    end_machine();
}
END_TEST

START_TEST(remaps)
{
    make_machine_at(SIM_X86_EPT, FIRST);
    load(
        "\"holes\":\"skip\",\"views\":[{\"name\":\"v\",\"remaps\":[{\"gfn\":\"0xfff\",\"to\":\"0x1000\"}]}]");
    refused("/views/0/remaps: gfn 0xfff is a hole", 1);
    load(
        "\"views\":[{\"name\":\"v\",\"remaps\":[{\"gfn\":\"0x1000\",\"to\":\"0xffe\",\"count\":3}]}]");
    refused("/views/0/remaps: gfn 0xffe is a hole", 1);
    load(
        "\"views\":[{\"name\":\"v\",\"remaps\":[{\"gfn\":\"0xfff\",\"count\":2,\"to\":\"copy\"}]}]");
    refused("/views/0/remaps: gfn 0xfff is a hole", 1);
    end_machine();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("policy-holes");
    TCase *tc = tcase_create("kinds"), *one = tcase_create("x86");

    tcase_add_loop_test(tc, refused_with_the_first_hole, 0, KINDS);
    tcase_add_loop_test(tc, skipped, 0, KINDS);
    tcase_add_loop_test(tc, holes_between_pages, 0, KINDS);
    tcase_add_loop_test(tc, without_any_page, 0, KINDS);
    suite_add_tcase(suite, tc);
    tcase_add_test(one, rules_of_one_region);
    tcase_add_test(one, remaps);
    suite_add_tcase(suite, one);
    return run_suite(suite);
}
