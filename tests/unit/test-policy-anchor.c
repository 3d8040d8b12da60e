/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Anchors: symbols are held against the guest's memory, and regions move with what is found there. */
#include <errno.h>
#include <unistd.h>

#include "policy-machine.h"
#include "policy/policy-int.h"

#define BANNER "Linux version 6.1.0-test"
#define AT 0x18100u /* guest-physical, with slide 0 */
#define TEXT 0x10u  /* first gfn of the text, of 4 */
#define SLIDE 0x100000u
#define PAGES_OF(bytes) ((bytes) >> 12)

static const enum sim_kind kinds[] = {SIM_X86_EPT, SIM_X86_PV, SIM_ARM_S2, SIM_ARMV8R_MPU};
#define KINDS 4

static char map[64], lines[4096];

static void setup(void)
{
    static const char symbols[] = "ffffffff80010000 T _stext\nffffffff80014000 T _etext\n"
                                  "ffffffff80018100 D linux_banner\nffffffff80019000 D second\n"
                                  "ffffffff80118100 D high\n";
    int fd;

    snprintf(map, sizeof(map), "/tmp/test-anchor.XXXXXX");
    fd = mkstemp(map);
    ck_assert_int_eq(write(fd, symbols, sizeof(symbols) - 1), sizeof(symbols) - 1);
    close(fd);
}

static void teardown(void)
{
    unlink(map);
}

#define BASE "\"base\":\"0xffffffff80000000\""
#define BY(symbol, more) "{\"symbols\":\"%s\",\"symbol\":\"" symbol "\"," BASE "," more "}"
#define FIND BY("linux_banner", "\"text\":\"" BANNER "\",\"slide\":\"0x10000\"")

/* anchors and rest: with "%s" for each name of the symbol file in the first. */
static void load_anchors(const char *anchors, const char *rest)
{
    char text[2048], format[2048];

    snprintf(
        format, sizeof(format),
        "\"anchors\":[%s],\"regions\":{\"t\":{\"symbols\":\"%%s\",\"from\":\"_stext\",\"to\":\"_etext\"," BASE
        "}%s",
        anchors, rest);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(text, sizeof(text), format, map, map, map);
#pragma GCC diagnostic pop
    load(text);
}

#define RULE "},\"rules\":[{\"region\":\"t\",\"rights\":\"rx\"}]"

static void put(uint64_t gpa)
{
    ck_assert_int_eq(xmem_domain_write(session, gpa, BANNER, strlen(BANNER)), 0);
}

static int add_line(void *arg, const char *line)
{
    ck_assert_ptr_null(arg);
    strncat(lines, line, sizeof(lines) - strlen(lines) - 2);
    strcat(lines, "\n");
    return 0;
}

static int plan(void)
{
    lines[0] = '\0';
    new_report();
    return xmem_policy_plan(policy, session, report, add_line, NULL);
}

static void plan_says(const char *part)
{
    ck_assert_int_eq(plan(), 0);
    ck_assert_msg(strstr(lines, part) != NULL, "%s", lines);
}

static void refused(int code, unsigned number, const char *part)
{
    enum xmem_rights rights;

    ck_assert_int_eq(plan(), code);
    ck_assert_uint_eq(xmem_report_count(report), 1);
    said(0, number, part);
    ck_assert_str_eq(lines, "");
    new_report();
    ck_assert_int_eq(xmem_policy_apply(policy, session, report, NULL, NULL), code);
    said(0, number, part);
    ck_assert_int_eq(xmem_domain_get_rights(session, 0, 0, &rights), -ENODEV);
    new_report();
}

static enum xmem_rights rights_at(uint64_t gfn)
{
    enum xmem_rights rights;

    ck_assert_int_eq(xmem_domain_get_rights(session, 0, gfn, &rights), 0);
    return rights;
}

static void text_is_at(uint64_t gfn)
{
    ck_assert_int_eq(rights_at(gfn), XMEM_RX);
    ck_assert_int_eq(rights_at(gfn + 3), XMEM_RX);
    ck_assert_int_ne(rights_at(gfn - 1), XMEM_RX);
    ck_assert_int_ne(rights_at(gfn + 4), XMEM_RX);
    ck_assert_ptr_nonnull(xmi_policy_index_find(&policy->indexes[0], gfn));
    ck_assert_ptr_null(xmi_policy_index_find(&policy->indexes[0], gfn - 1));
    ck_assert_ptr_nonnull(xmi_policy_index_find(&policy->indexes[0], gfn + 3));
    ck_assert_ptr_null(xmi_policy_index_find(&policy->indexes[0], gfn + 4));
}

START_TEST(found_with_its_slide)
{
    make_machine(kinds[_i]);
    put(AT + SLIDE);
    load_anchors(FIND, RULE);
    plan_says(
        "anchor \"linux_banner\": stands at guest-physical 0x118100, slide 0x100000\nmonitoring");
    plan_says("rx for 4 gfns in 1 range of \"t\"");
    apply_policy();
    text_is_at(TEXT + PAGES_OF(SLIDE));
    end_machine();
}
END_TEST

START_TEST(where_its_symbols_are)
{
    make_machine(kinds[_i]);
    load_anchors(BY("linux_banner", "\"text\":\"" BANNER "\""), RULE);
    refused(-ENOENT, 313, "/anchors/0: \"linux_banner\" of \"");
    put(AT + SLIDE);
    refused(-ENOENT, 313, "is not at guest-physical 0x18100");
    put(AT);
    plan_says("stands at guest-physical 0x18100, slide 0x0\n");
    apply_policy();
    text_is_at(TEXT);
    end_machine();
}
END_TEST

START_TEST(found_below)
{
    make_machine(SIM_X86_EPT);
    load_anchors(
        BY("high", "\"text\":\"" BANNER "\",\"slide\":\"0x1000\""),
        ",\"fixed\":[\"0x1\",\"0x100-0x10f\"]},\"rules\":[{\"region\":\"fixed\",\"rights\":\"r\"}]");
    put(AT + 0x100000 - 0x5000);
    plan_says("slide -0x5000\n");
    apply_policy();
    ck_assert_int_eq(rights_at(1), XMEM_R); /* what is no symbol stays */
    end_machine();
}
END_TEST

START_TEST(nowhere)
{
    make_machine(SIM_X86_EPT);
    load_anchors(FIND, RULE);
    refused(-ENOENT, 313, "is nowhere in the guest's memory");
    put(AT + 0x1000); /* not at a step */
    refused(-ENOENT, 313, "is nowhere in the guest's memory");
    end_machine();
}
END_TEST

START_TEST(in_two_places)
{
    make_machine(SIM_X86_EPT);
    load_anchors(FIND, RULE);
    put(AT + SLIDE);
    put(AT + 0x50000);
    refused(-ENOENT, 313, "may be at guest-physical 0x68100 and 0x118100");
    load_anchors(FIND "," BY("second", "\"bytes\":\"f00f\""), RULE);
    refused(-ENOENT, 313, "nowhere");
    ck_assert_int_eq(xmem_domain_write(session, 0x19000 + SLIDE, "\xf0\x0f", 2), 0);
    apply_policy();
    text_is_at(TEXT + PAGES_OF(SLIDE));
    end_machine();
}
END_TEST

/* Known only when it is known where the text is. */
START_TEST(overlaps)
{
    static const char rest[] = ",\"f\":\"0x112\"},\"rules\":[{\"region\":\"t\",\"rights\":\"rx\"},"
                               "{\"region\":\"f\",\"rights\":\"r\"}]";

    make_machine(SIM_X86_EPT);
    load_anchors(FIND, rest);
    put(AT + SLIDE);
    refused(-EBADMSG, 212, "/rules/1/region: overlaps rule \"rules/0\"");
    put(AT);
    ck_assert_int_eq(xmem_domain_write(session, AT + SLIDE, "x", 1), 0);
    apply_policy();
    text_is_at(TEXT);
    ck_assert_int_eq(rights_at(0x112), XMEM_R);
    end_machine();
}
END_TEST

/* A plan, or what fails, leaves the policy as it was applied. */
START_TEST(plans_move_nothing)
{
    make_machine(SIM_X86_EPT);
    load_anchors(FIND, RULE);
    put(AT + SLIDE);
    apply_policy();
    ck_assert_int_eq(xmem_domain_write(session, AT + SLIDE, "x", 1), 0);
    put(AT + 0x30000);
    plan_says("slide 0x30000");
    text_is_at(TEXT + PAGES_OF(SLIDE));
    xmi_sim_inject_errno(guest, 1, XM_HC_ACCESS_SET, -EPERM);
    ck_assert_int_ne(xmem_policy_apply(policy, session, report, NULL, NULL), 0);
    text_is_at(TEXT + PAGES_OF(SLIDE));
    end_machine();
}
END_TEST

START_TEST(too_many_places)
{
    make_machine_at(SIM_X86_EPT, 0x200000);
    load_anchors(BY("linux_banner", "\"text\":\"" BANNER "\",\"slide\":4096"), RULE);
    refused(-ENOENT, 313, "with larger steps they are less than 1048576");
    end_machine();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("policy-anchor");
    TCase *tc = tcase_create("kinds"), *one = tcase_create("x86");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, found_with_its_slide, 0, KINDS);
    tcase_add_loop_test(tc, where_its_symbols_are, 0, KINDS);
    suite_add_tcase(suite, tc);
    tcase_add_checked_fixture(one, setup, teardown);
    tcase_add_test(one, found_below);
    tcase_add_test(one, nowhere);
    tcase_add_test(one, in_two_places);
    tcase_add_test(one, overlaps);
    tcase_add_test(one, plans_move_nothing);
    tcase_add_test(one, too_many_places);
    suite_add_tcase(suite, one);
    return run_suite(suite);
}
