/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doc/doc.h"

static struct xmem_report *report;
static struct json_doc *doc;

static void setup(void)
{
    doc = NULL;
    ck_assert_int_eq(xmem_report_new(&report), 0);
}

static void teardown(void)
{
    xmi_json_doc_free(doc);
    xmem_report_free(report);
}

static void parse(const char *text)
{
    ck_assert_int_eq(xmi_json_doc_parse("t", text, strlen(text), report, &doc), 0);
    ck_assert_uint_eq(xmem_report_count(report), 0);
}

static const char *message(size_t i)
{
    struct xmem_diag d = XMEM_INIT(d);

    ck_assert_int_eq(xmem_report_get(report, i, &d), 0);
    return d.full;
}

static void refuses(const void *text, size_t len, const char *full)
{
    struct json_doc *const untouched = (struct json_doc *)&report;
    struct json_doc *d = untouched;

    teardown();
    setup();
    ck_assert_int_eq(xmi_json_doc_parse("t", text, len, report, &d), -EBADMSG);
    ck_assert_ptr_eq(d, untouched);
    ck_assert_uint_eq(xmem_report_count(report), 1);
    ck_assert_str_eq(message(0), full);
}

START_TEST(positions)
{
    const struct json_value *a, *b;
    char buf[64];
    uint32_t line, column;

    parse("{\n  \"a\": [10,\n\t{ \"b/~\": null } ]\n}");
    a = xmi_json_find(doc, xmi_json_doc_root(doc), "a");
    b = xmi_json_first(doc, xmi_json_next(doc, xmi_json_first(doc, a)));
    ck_assert_int_eq(a->kind, JSON_ARRAY);
    ck_assert_int_eq(b->kind, JSON_NULL);
    xmi_json_position(doc, a->start, &line, &column);
    ck_assert_uint_eq(line, 2);
    ck_assert_uint_eq(column, 8);
    xmi_json_position(doc, b->start, &line, &column);
    ck_assert_uint_eq(line, 3);
    ck_assert_uint_eq(column, 11);
    ck_assert_str_eq(xmi_json_pointer(doc, xmi_json_doc_root(doc), buf, sizeof(buf)), "/");
    ck_assert_str_eq(xmi_json_pointer(doc, xmi_json_at(doc, a, 0), buf, sizeof(buf)), "/a/0");
    ck_assert_str_eq(xmi_json_pointer(doc, b, buf, sizeof(buf)), "/a/1/b~1~0");
    ck_assert_str_eq(xmi_json_pointer(doc, b, buf, 8), "/b~1~0");
    ck_assert_ptr_null(xmi_json_at(doc, a, 2));
}
END_TEST

START_TEST(every_kind)
{
    static const enum json_kind kinds[] = {JSON_NULL,   JSON_BOOL,  JSON_BOOL,  JSON_NUMBER,
                                           JSON_STRING, JSON_ARRAY, JSON_OBJECT};
    size_t i = 0;

    parse(" [null, true, false, -1.5e+3, \"\\u00e4\\ud83d\\ude00\\n\", [], {}] ");
    json_for_each(doc, v, xmi_json_doc_root(doc)) ck_assert_int_eq(v->kind, kinds[i++]);
    ck_assert_uint_eq(i, 7);
}
END_TEST

START_TEST(decodes_strings)
{
    const char *text;

    parse("[\"\\u00e4\\ud83d\\ude00\\\"\\/\", \"\","
          " \"\\b\\f\\n\\r\\t\\\\\\u0041\\u20Ac\\uDBFF\\uDFFF\"]");
    ck_assert(xmi_json_get_text(doc, xmi_json_at(doc, xmi_json_doc_root(doc), 2), 20, &text));
    ck_assert_str_eq(text, "\b\f\n\r\t\\A\xe2\x82\xac\xf4\x8f\xbf\xbf");
    ck_assert(xmi_json_get_text(doc, xmi_json_at(doc, xmi_json_doc_root(doc), 0), 20, &text));
    ck_assert_str_eq(text, "\xc3\xa4\xf0\x9f\x98\x80\"/");
    ck_assert(!xmi_json_get_text(doc, xmi_json_at(doc, xmi_json_doc_root(doc), 0), 7, &text));
    ck_assert(!xmi_json_get_text(doc, xmi_json_at(doc, xmi_json_doc_root(doc), 1), 20, &text));
    ck_assert_uint_eq(xmi_json_doc_errors(doc), 2);
}
END_TEST

START_TEST(root_number)
{
    uint64_t n;

    parse("12");
    ck_assert(xmi_json_get_u64(doc, xmi_json_doc_root(doc), 0, 12, &n));
    ck_assert_uint_eq(n, 12);
}
END_TEST

/* Each is exact, or refused. */
START_TEST(integers)
{
    static const struct {
        const char *text;
        bool good;
        uint64_t value;
    } cases[] = {
        {"0", true, 0},
        {"9007199254740991", true, UINT64_C(9007199254740991)},
        {"9007199254740992", false, 0},
        {"\"0x0\"", true, 0},
        {"\"0xffffffffffffffff\"", true, UINT64_MAX},
        {"\"0X00000000000000000000Ab\"", true, 0xab},
        {"\"0x10000000000000000\"", false, 0},
        {"\"0x\"", false, 0},
        {"\"0x1g\"", false, 0},
        {"\"12\"", true, 12},
        {"\"012\"", true, 12}, /* no octal */
        {"\"18446744073709551615\"", true, UINT64_MAX},
        {"\"18446744073709551616\"", false, 0},
        {"\"99999999999999999999\"", false, 0},
        {"\"12 \"", false, 0},
        {"\"1a\"", false, 0},
        {"\"-1\"", false, 0},
        {"\"+1\"", false, 0},
        {"\" 0x1\"", false, 0},
        {"\"\"", false, 0},
        {"-1", false, 0},
        {"-0", false, 0},
        {"1.0", false, 0},
        {"1e3", false, 0},
        {"1E3", false, 0},
        {"18446744073709551616", false, 0},
        {"99999999999999999999999999999999999999999999999999", false, 0},
        {"true", false, 0},
        {"null", false, 0},
        {"[1]", false, 0},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t n = 77;

        teardown();
        setup();
        parse(cases[i].text);
        ck_assert_msg(xmi_json_get_u64(doc, xmi_json_doc_root(doc), 0, UINT64_MAX, &n) ==
                          cases[i].good,
                      "%s", cases[i].text);
        ck_assert_uint_eq(n, cases[i].good ? cases[i].value : 77);
        ck_assert_uint_eq(xmem_report_count(report), cases[i].good ? 0 : 1);
    }
}
END_TEST

START_TEST(ranges)
{
    uint64_t n = 5;
    uint32_t small = 5;

    parse("[3, \"0x100000000\"]");
    ck_assert(!xmi_json_get_u64(doc, xmi_json_at(doc, xmi_json_doc_root(doc), 0), 4, 9, &n));
    ck_assert(!xmi_json_get_u64(doc, xmi_json_at(doc, xmi_json_doc_root(doc), 0), 0, 2, &n));
    ck_assert(
        !xmi_json_get_u32(doc, xmi_json_at(doc, xmi_json_doc_root(doc), 1), 0, UINT32_MAX, &small));
    ck_assert_uint_eq(n, 5);
    ck_assert_uint_eq(small, 5);
    ck_assert_str_eq(message(0), "t:1:2: [XM-124] /0: 3 is out of range: 4 to 9");
}
END_TEST

/* Keys are compared as they are decoded, and told in the order of the document. */
START_TEST(keys_that_occur_twice)
{
    static const char text[] = "{\"z\": {\"b\": 0, \"a\": 0, \"\\u0062\": 0,\n"
                               "\"a\": 0, \"b\": 0}, \"y\": 0, \"z\": 0}";

    ck_assert_int_eq(xmi_json_doc_parse("t", text, strlen(text), report, &doc), -EBADMSG);
    ck_assert_uint_eq(xmem_report_count(report), 4);
    ck_assert_str_eq(message(0),
                     "t:2:26: [XM-108] /z: the key \"z\" occurs twice, first in line 1");
    ck_assert_str_eq(message(1),
                     "t:1:24: [XM-108] /z/b: the key \"b\" occurs twice, first in line 1");
    ck_assert_str_eq(message(2),
                     "t:2:1: [XM-108] /z/a: the key \"a\" occurs twice, first in line 1");
    ck_assert_str_eq(message(3),
                     "t:2:9: [XM-108] /z/b: the key \"b\" occurs twice, first in line 1");
}
END_TEST

START_TEST(reports_syntax)
{
    refuses("", 0, "t:1:1: [XM-101] /: the document is empty");
    refuses("[1,]", 4, "t:1:3: [XM-111] /: a comma behind the last element");
    refuses("[1\0]", 4, "t:1:3: [XM-106] /: byte 0x00 where ',' or ']' is expected");
    refuses("{\"a\":1,\"a\":2}", 13,
            "t:1:8: [XM-108] /a: the key \"a\" occurs twice, first in line 1");
    refuses("{\"a\":{\"b\":[1,nul]}}", 19, "t:1:14: [XM-109] /a/b/1: JSON has no word \"nul\"");
    refuses("[\"\xff\"]", 5, "t:1:3: [XM-102] /: byte 0xff is not valid UTF-8 here");
    refuses("[\"a\\", 4, "t:1:4: [XM-114] /0: an escape that JSON does not have");
    refuses("[\"\\ud800\\u0041\"]", 16, "t:1:3: [XM-114] /0: half of a surrogate pair");
    refuses("[-Infinity]", 11, "t:1:2: [XM-109] /0: JSON has no Infinity");
    refuses("[/", 2, "t:1:2: [XM-106] /: '/' where a value is expected");
}
END_TEST

START_TEST(depth)
{
    char text[80];

    memset(text, '[', 32);
    memset(text + 32, ']', 32);
    text[64] = '\0';
    parse(text);
    memset(text, '[', 33);
    refuses(text, 33,
            "t:1:33: [XM-103] /0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0: "
            "nested more than 32 deep");
}
END_TEST

START_TEST(too_many_values)
{
    size_t len = 2 * (size_t)JSON_MAX_VALUES + 1;
    char *text = malloc(len);

    text[0] = '[';
    for (size_t i = 1; i < len; i++)
        text[i] = i % 2 ? '1' : ',';
    text[len - 1] = ']';
    ck_assert_int_eq(xmi_json_doc_parse("t", text, len, report, &doc), -EBADMSG);
    ck_assert_ptr_nonnull(strstr(message(0), "[XM-116] /: more than 2097152 values"));
    doc = NULL;
    free(text);
}
END_TEST

START_TEST(getters_tell_kinds)
{
    bool on = false;
    size_t word;
    static const char *const words[] = {"one", "two", NULL};
    static const char *const keys[] = {"a", NULL};
    const struct json_value *root, *v;

    parse("{\"a\": [], \"b\": \"two\"}");
    root = xmi_json_doc_root(doc);
    v = xmi_json_find(doc, root, "a");
    ck_assert(!xmi_json_get_bool(doc, v, &on));
    ck_assert(!xmi_json_get_word(doc, v, "a word", words, &word));
    ck_assert(!xmi_json_want_count(doc, v, 1, 2));
    ck_assert(!xmi_json_want_count(doc, root, 0, 1));
    ck_assert(!xmi_json_want_keys(doc, root, keys));
    ck_assert(!xmi_json_want_keys(doc, v, keys));
    ck_assert_ptr_null(xmi_json_need(doc, root, "c"));
    ck_assert(xmi_json_get_word(doc, xmi_json_find(doc, root, "b"), "a word", words, &word));
    ck_assert_uint_eq(word, 1);
    ck_assert_uint_eq(xmi_json_doc_errors(doc), 7);
    ck_assert_str_eq(message(4), "t:1:11: [XM-120] /b: unknown key \"b\"; known here: a");
}
END_TEST

/* ---- files ---- */

static void load_fails(const char *path, int err, const char *part)
{
    struct json_doc *d = NULL;

    teardown();
    setup();
    ck_assert_int_eq(xmi_json_doc_load(path, report, &d), err);
    ck_assert_ptr_null(d);
    ck_assert_uint_eq(xmem_report_count(report), 1);
    ck_assert_ptr_nonnull(strstr(message(0), part));
}

/* 100 MB are not read: the size is asked for. A device that never ends is read up to the limit. */
START_TEST(large_files)
{
    char path[] = "/tmp/test-json-doc.XXXXXX";
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ftruncate(fd, 100 * 1000 * 1000), 0);
    load_fails(path, -EFBIG, "[XM-104] /: larger than 16 MiB");
    ck_assert_int_eq(ftruncate(fd, JSON_MAX_BYTES + 1), 0);
    load_fails(path, -EFBIG, "[XM-104]");
    ck_assert_int_eq(ftruncate(fd, JSON_MAX_BYTES), 0); /* NUL bytes: read, and no JSON */
    load_fails(path, -EBADMSG, "[XM-106]");
    close(fd);
    unlink(path);
    load_fails("/dev/zero", -EFBIG, "[XM-104]");
    ck_assert_int_eq(xmi_json_doc_parse("t", "", (size_t)JSON_MAX_BYTES + 1, report, &doc), -EFBIG);
}
END_TEST

START_TEST(files_that_cannot_be_read)
{
    load_fails("/nowhere/x.json", -ENOENT, "/nowhere/x.json: [XM-105] /: cannot be read: No such");
    load_fails("/tmp", -EISDIR, "[XM-105]");
}
END_TEST

START_TEST(loads_a_file)
{
    char path[] = "/tmp/test-json-doc.XXXXXX", *beside;
    int fd = mkstemp(path);

    ck_assert_int_eq(write(fd, "[1]", 3), 3);
    close(fd);
    ck_assert_int_eq(xmi_json_doc_load(path, report, &doc), 0);
    ck_assert_str_eq(xmi_json_doc_name(doc), path);
    beside = xmi_json_doc_sibling(doc, "x");
    ck_assert_str_eq(beside, "/tmp/x");
    free(beside);
    beside = xmi_json_doc_sibling(doc, "/y/x");
    ck_assert_str_eq(beside, "/y/x");
    free(beside);
    unlink(path);
}
END_TEST

/* A fifth of a million errors must not take long, and only the first are kept. */
START_TEST(many_errors)
{
    static const char *const none[] = {NULL};
    size_t len = 0, n = 200000;
    char *text = malloc(n * 12 + 3);

    text[len++] = '{';
    for (size_t i = 0; i < n; i++)
        len += (size_t)sprintf(text + len, "%s\"%06zx\":1", i ? "," : "", i);
    text[len++] = '}';
    ck_assert_int_eq(xmi_json_doc_parse("t", text, len, report, &doc), 0);
    ck_assert(!xmi_json_want_keys(doc, xmi_json_doc_root(doc), none));
    ck_assert_uint_eq(xmi_json_doc_errors(doc), n);
    ck_assert_uint_eq(xmem_report_count(report), REPORT_MAX + 1);
    free(text);
}
END_TEST

/* ---- the report ---- */

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
    Suite *suite = suite_create("json-doc");
    TCase *tc = tcase_create("json-doc");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, positions);
    tcase_add_test(tc, every_kind);
    tcase_add_test(tc, decodes_strings);
    tcase_add_test(tc, root_number);
    tcase_add_test(tc, integers);
    tcase_add_test(tc, ranges);
    tcase_add_test(tc, keys_that_occur_twice);
    tcase_add_test(tc, reports_syntax);
    tcase_add_test(tc, depth);
    tcase_add_test(tc, too_many_values);
    tcase_add_test(tc, getters_tell_kinds);
    tcase_add_test(tc, large_files);
    tcase_add_test(tc, files_that_cannot_be_read);
    tcase_add_test(tc, loads_a_file);
    tcase_add_test(tc, many_errors);
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
