/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loading and matching; what documents may say is the corpus' matter (tests/policy). */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/policy-int.h"

static struct xmem_report *report;
static struct xmem_policy *policy;

static void setup(void)
{
    policy = NULL;
    ck_assert_int_eq(xmem_report_new(&report), 0);
}

static void teardown(void)
{
    xmem_policy_free(policy);
    xmem_report_free(report);
}

static void load(const char *text)
{
    ck_assert_int_eq(xmem_policy_parse("p", text, strlen(text), report, &policy), 0);
}

static int match(uint32_t domid, const char *name, enum xmem_kind kind)
{
    struct xmem_domain_info info = XMEM_INIT(info);

    info.domid = domid;
    info.kind = kind;
    strcpy(info.name, name);
    return xmem_policy_match(policy, &info);
}

START_TEST(matching)
{
    load("{\"version\":1,\"domains\":[\"web-?\",{\"name\":\"a*b\"},{\"domid\":7},"
         "{\"glob\":\"db*\",\"kind\":\"arm-s2\"}]}");
    ck_assert_int_eq(match(1, "web-1", XMEM_KIND_X86_EPT), 0);
    ck_assert_int_eq(match(1, "web-12", XMEM_KIND_X86_EPT), -ENOENT);
    ck_assert_int_eq(match(1, "a*b", XMEM_KIND_X86_EPT), 0);
    ck_assert_int_eq(match(1, "axb", XMEM_KIND_X86_EPT), -ENOENT);
    ck_assert_int_eq(match(7, "", XMEM_KIND_X86_PV), 0);
    ck_assert_int_eq(match(1, "db1", XMEM_KIND_ARM_S2), 0);
    ck_assert_int_eq(match(1, "db1", XMEM_KIND_X86_EPT), -ENOENT);
    ck_assert_int_eq(xmem_policy_match(policy, NULL), -EINVAL);
    ck_assert_int_eq(xmem_policy_match(NULL, &(struct xmem_domain_info){.size = 8}), -EINVAL);
    ck_assert_int_eq(xmem_policy_match(policy, &(struct xmem_domain_info){.size = 1}), -EINVAL);
}
END_TEST

START_TEST(regions_are_merged)
{
    load("{\"version\":1,\"domains\":[\"*\"],\"regions\":{\"a\":[\"0x20-0x2f\",5,\"0x10-0x1f\","
         "\"0x18-0x28\",{\"first\":6,\"count\":1}]}}");
    ck_assert_uint_eq(policy->regions[0].n, 2);
    ck_assert_uint_eq(policy->regions[0].gfns, 34);
    ck_assert_uint_eq(policy->regions[0].extents[0].first, 5);
    ck_assert_uint_eq(policy->regions[0].extents[1].last, 0x2f);
}
END_TEST

START_TEST(missing_files)
{
    ck_assert_int_eq(xmem_policy_load("/nowhere/p.json", report, &policy), -ENOENT);
    ck_assert_int_eq(xmem_policy_load("/", report, &policy), -EISDIR);
    ck_assert_uint_eq(xmem_report_count(report), 2);
    ck_assert_int_eq(xmem_policy_load("/nowhere/p.json", NULL, &policy), -ENOENT);
    ck_assert_ptr_null(policy);
}
END_TEST

START_TEST(hundred_megabytes)
{
    char path[] = "/tmp/test-policy.XXXXXX";
    int fd = mkstemp(path);

    ck_assert_int_eq(ftruncate(fd, 100 << 20), 0);
    ck_assert_int_eq(xmem_policy_load(path, report, &policy), -EFBIG);
    ck_assert_uint_eq(xmem_report_count(report), 1);
    close(fd);
    unlink(path);
}
END_TEST

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[256];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
}

static void remove_file(const char *folder, const char *name)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    unlink(path);
}

/* A line of any length, Windows line ends, no end of line at the end. */
START_TEST(symbols_beside_the_policy)
{
    char folder[] = "/tmp/test-policy.XXXXXX", path[256];
    char line[5000];

    ck_assert_ptr_nonnull(mkdtemp(folder));
    memset(line, 'x', sizeof(line));
    snprintf(line, sizeof(line),
             "ffffffff81000000 T %*s\nffffffff81001000 T from\r\n"
             "ffffffff81003001 T to",
             2000, "long");
    write_file(folder, "map", line);
    write_file(folder, "p.json",
               "{\"version\":1,\"domains\":[\"*\"],\"regions\":{\"a\":{\"symbols\":\"map\","
               "\"from\":\"from\",\"to\":\"to\",\"base\":\"0xffffffff80000000\","
               "\"offset\":\"0x10000\"}}}");
    snprintf(path, sizeof(path), "%s/p.json", folder);
    ck_assert_int_eq(xmem_policy_load(path, report, &policy), 0);
    ck_assert_uint_eq(policy->regions[0].n, 1);
    ck_assert_uint_eq(policy->regions[0].extents[0].first, 0x1011);
    ck_assert_uint_eq(policy->regions[0].extents[0].last, 0x1013);
    remove_file(folder, "map");
    remove_file(folder, "p.json");
    rmdir(folder);
}
END_TEST

/* The only extent of a region by two symbols of a file beside the policy. */
static void symbols_are(const char *folder, const char *map, const char *ends, uint64_t first,
                        uint64_t last)
{
    char path[256], text[512];

    write_file(folder, "map", map);
    snprintf(text, sizeof(text),
             "{\"version\":1,\"domains\":[\"*\"],\"regions\":{\"a\":{\"symbols\":\"map\",%s}}}",
             ends);
    write_file(folder, "p.json", text);
    snprintf(path, sizeof(path), "%s/p.json", folder);
    ck_assert_int_eq(xmem_policy_load(path, report, &policy), 0);
    ck_assert_uint_eq(policy->regions[0].n, 1);
    ck_assert_uint_eq(policy->regions[0].extents[0].first, first);
    ck_assert_uint_eq(policy->regions[0].extents[0].last, last);
    xmem_policy_free(policy);
    policy = NULL;
    remove_file(folder, "map");
    remove_file(folder, "p.json");
}

START_TEST(symbols_that_are_meant)
{
    static const char several[] = "00005000 t f\t[m]\n00001000 t f\n00002000 T f\n00009000 T g\n"
                                  "00006000 t f\t[m]\n00007000 t f\t[n]\n00001000 T f\n";
    char folder[] = "/tmp/test-policy.XXXXXX";

    ck_assert_ptr_nonnull(mkdtemp(folder));
    symbols_are(folder, several, "\"from\":{\"name\":\"f\",\"which\":1},\"to\":\"g\"", 1, 8);
    symbols_are(folder, several, "\"from\":{\"name\":\"f\",\"which\":2},\"to\":\"g\"", 2, 8);
    symbols_are(folder, several,
                "\"from\":{\"name\":\"f\",\"module\":\"m\",\"which\":2},\"to\":\"g\"", 6, 8);
    symbols_are(folder, several, "\"from\":{\"name\":\"f\",\"module\":\"n\"},\"to\":\"g\"", 7, 8);
    /* the kernel's own before those of modules, whatever comes first */
    symbols_are(folder, "10005000 t f\t[m]\n10001000 T f\n10006000 t f\t[m]\n10009000 T g\n",
                "\"from\":\"f\",\"to\":\"g\"", 0x10001, 0x10008);
    /* the end is not within the page of its Thumb bit */
    symbols_are(folder, "c0008001 T f\nc0009001 T g\n",
                "\"from\":\"f\",\"to\":\"g\",\"base\":\"0xc0000000\"", 8, 8);
    symbols_are(folder, "1000 T f(int, char)\n3000 T g(long)\n",
                "\"from\":\"f(int, char)\",\"to\":\"g(long)\"", 1, 2);
    /* names that begin alike, and one that goes on behind a NUL */
    symbols_are(folder,
                "{\"symbols\":{\"ff\":{\"address\":1},\"f\\u0000\":{\"address\":2},"
                "\"f\\u0000gggggggggggg\":{\"address\":3},\"f\":{\"address\":4096},"
                "\"g\":{\"address\":12288}}}",
                "\"from\":\"f\",\"to\":\"g\"", 1, 2);
    rmdir(folder);
}
END_TEST

/* A pipe without a writer must not be waited for, a device not be read. */
START_TEST(symbols_of_odd_files)
{
    char folder[] = "/tmp/test-policy.XXXXXX", path[256], text[512];

    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/pipe", folder);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    snprintf(text, sizeof(text),
             "{\"version\":1,\"domains\":[\"*\"],\"regions\":{\"a\":{\"symbols\":\"%s\",\"from\":"
             "\"x\",\"to\":\"y\"},\"b\":{\"symbols\":\"/dev/zero\",\"from\":\"x\",\"to\":\"y\"}}}",
             path);
    ck_assert_int_eq(xmem_policy_parse("p", text, strlen(text), report, &policy), -EBADMSG);
    ck_assert_uint_eq(xmem_report_count(report), 2);
    unlink(path);
    rmdir(folder);
}
END_TEST

/* Tens of thousands of rules and regions are no reason to take long. */
START_TEST(many_rules)
{
    size_t len;
    char *text;
    FILE *f = open_memstream(&text, &len);

    fputs("{\"version\":1,\"domains\":[\"*\"],\"regions\":{", f);
    for (unsigned i = 0; i < 60000; i++)
        fprintf(f, "%s\"r%u\":\"0x%x\"", i ? "," : "", i, i * 3);
    fputs("},\"rules\":[", f);
    for (unsigned i = 0; i < 60000; i++)
        fprintf(f, "%s{\"region\":\"r%u\",\"rights\":\"r\"}", i ? "," : "", i);
    fputs("]}", f);
    fclose(f);
    ck_assert_int_eq(xmem_policy_parse("p", text, len, report, &policy), 0);
    ck_assert_str_eq(policy->regions[policy->rules[777].region].name, "r777");
    free(text);
}
END_TEST

/* Every rule overlaps every other one. */
START_TEST(many_overlaps)
{
    size_t len;
    char *text;
    FILE *f = open_memstream(&text, &len);

    fputs("{\"version\":1,\"domains\":[\"*\"],\"regions\":{\"a\":\"0x0-0xffff\"},\"rules\":[", f);
    for (unsigned i = 0; i < 60000; i++)
        fprintf(f, "%s{\"region\":\"a\",\"rights\":\"r\"}", i ? "," : "");
    fputs("]}", f);
    fclose(f);
    ck_assert_int_eq(xmem_policy_parse("p", text, len, report, &policy), -EBADMSG);
    ck_assert_uint_eq(xmem_report_count(report), REPORT_MAX + 1);
    free(text);
}
END_TEST

/* A hundred rules of a region with 100,000 ranges: more than is worth building. */
START_TEST(too_many_ranges)
{
    size_t len;
    char *text;
    FILE *f = open_memstream(&text, &len);
    struct xmem_diag d = XMEM_INIT(d);

    fputs("{\"version\":1,\"domains\":[\"*\"],\"regions\":{\"a\":[0", f);
    for (unsigned i = 1; i < 100000; i++)
        fprintf(f, ",%u", i * 2);
    fputs("]},\"rules\":[", f);
    for (unsigned i = 0; i < 100; i++)
        fprintf(f, "%s{\"region\":\"a\",\"rights\":\"r\"}", i ? "," : "");
    fputs("]}", f);
    fclose(f);
    ck_assert_int_eq(xmem_policy_parse("p", text, len, report, &policy), -EBADMSG);
    ck_assert_uint_eq(xmem_report_count(report), 1);
    ck_assert_int_eq(xmem_report_get(report, 0, &d), 0);
    ck_assert_uint_eq(d.number, 224);
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("policy-load");
    TCase *tc = tcase_create("load");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 240);
    tcase_add_test(tc, matching);
    tcase_add_test(tc, regions_are_merged);
    tcase_add_test(tc, missing_files);
    tcase_add_test(tc, hundred_megabytes);
    tcase_add_test(tc, symbols_beside_the_policy);
    tcase_add_test(tc, symbols_that_are_meant);
    tcase_add_test(tc, symbols_of_odd_files);
    tcase_add_test(tc, many_rules);
    tcase_add_test(tc, many_overlaps);
    tcase_add_test(tc, too_many_ranges);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
