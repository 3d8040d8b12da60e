/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "doc/doc.h"

static struct xmem_report *report;

static void setup(void)
{
    ck_assert_int_eq(xmem_report_new(&report), 0);
}

static void teardown(void)
{
    xmem_report_free(report);
}

static struct xmem_diag get(size_t i)
{
    struct xmem_diag d = XMEM_INIT(d);

    ck_assert_int_eq(xmem_report_get(report, i, &d), 0);
    return d;
}

START_TEST(null_handles)
{
    struct xmem_diag d = XMEM_INIT(d);

    ck_assert_int_eq(xmem_report_new(NULL), -EINVAL);
    xmem_report_free(NULL);
    ck_assert_uint_eq(xmem_report_count(NULL), 0);
    ck_assert_int_eq(xmem_report_get(NULL, 0, &d), -EINVAL);
    ck_assert_int_eq(xmem_report_get(report, 0, NULL), -EINVAL);
    ck_assert_int_eq(xmem_report_get(report, 0, &d), -ENOENT);
    d.size = 0;
    ck_assert_int_eq(xmem_report_get(report, 0, &d), -EINVAL);
    xmi_report_add(NULL, XM_MSG_TYPE, &(struct report_pos){.file = "f"}, "lost");
}
END_TEST

START_TEST(full_text)
{
    struct report_pos pos = {"dir/a.json", 3, 7, "/rules/1"};
    struct xmem_diag d;

    xmi_report_add(report, XM_MSG_TYPE, &pos, "a %s", "text");
    d = get(0);
    ck_assert_uint_eq(d.number, 122);
    ck_assert_uint_eq(d.line, 3);
    ck_assert_uint_eq(d.column, 7);
    ck_assert_str_eq(d.file, "dir/a.json");
    ck_assert_str_eq(d.path, "/rules/1");
    ck_assert_str_eq(d.text, "a text");
    ck_assert_str_eq(d.full, "dir/a.json:3:7: [XM-122] /rules/1: a text");
}
END_TEST

START_TEST(without_place)
{
    xmi_report_add(report, XM_MSG_READ, &(struct report_pos){.file = "x"}, "gone");
    ck_assert_str_eq(get(0).full, "x: [XM-105] /: gone");
}
END_TEST

START_TEST(is_bounded)
{
    struct report_pos pos = {"a", 1, 1, "/"};

    for (int i = 0; i < 1000; i++)
        xmi_report_add(report, XM_MSG_TYPE, &pos, "%d", i);
    ck_assert_uint_eq(xmem_report_count(report), REPORT_MAX + 1);
    ck_assert_str_eq(get(REPORT_MAX - 1).text, "19");
    ck_assert_uint_eq(get(REPORT_MAX).number, XM_MSG_MORE);
}
END_TEST

/* What would break a line, a terminal or a reader of UTF-8. */
START_TEST(is_printable)
{
    struct report_pos pos = {"a\nb", 1, 1, "/\x1b[31m"};

    xmi_report_add(report, XM_MSG_TYPE, &pos, "\x7f \xc2\x9b k\xc3\xa4se \xe2\x82");
    ck_assert_str_eq(get(0).full, "a?b:1:1: [XM-122] /?[31m: ? ?? k\xc3\xa4se ??");
}
END_TEST

/* A caller with a larger and one with a smaller struct. */
START_TEST(sizes)
{
    struct {
        struct xmem_diag d;
        uint64_t newer;
    } large = {.d = {.size = sizeof(large)}, .newer = 1};
    struct xmem_diag small = {.size = offsetof(struct xmem_diag, column)};

    xmi_report_add(report, XM_MSG_TYPE, &(struct report_pos){"f", 4, 5, "/"}, "t");
    ck_assert_int_eq(xmem_report_get(report, 0, &large.d), 0);
    ck_assert_uint_eq(large.newer, 0);
    ck_assert_uint_eq(large.d.column, 5);
    small.column = 99;
    ck_assert_int_eq(xmem_report_get(report, 0, &small), 0);
    ck_assert_uint_eq(small.line, 4);
    ck_assert_uint_eq(small.column, 99);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("report");
    TCase *tc = tcase_create("report");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, null_handles);
    tcase_add_test(tc, full_text);
    tcase_add_test(tc, without_place);
    tcase_add_test(tc, is_bounded);
    tcase_add_test(tc, is_printable);
    tcase_add_test(tc, sizes);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
