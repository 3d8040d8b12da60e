/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The corpus of documents: each good one loads without a message, each bad one NAME.json
 * gives exactly the messages that its folder's file "expected" has for it and nothing else, and
 * so does each one that is warned of, but it loads. One test per document.
 */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sim.h>
#include <xmem.h>

#include "doc/sim-file.h"

struct folder {
    const char *path; /* below tests/policy, or examples/policies */
    int at_least;
    struct dirent **entries;
    int n;
};
static struct folder valid = {"tests/policy/valid", 20, NULL, 0};
static struct folder invalid = {"tests/policy/invalid", 60, NULL, 0};
static struct folder warned = {"tests/policy/warned", 6, NULL, 0};
static struct folder examples = {"examples/policies", 3, NULL, 0};
static struct folder machine_valid = {"tests/policy/machine/valid", 3, NULL, 0};
static struct folder machine_warned = {"tests/policy/machine/warned", 5, NULL, 0};
static struct folder machine_invalid = {"tests/policy/machine/invalid", 40, NULL, 0};

static int is_document(const struct dirent *e)
{
    const char *dot = strstr(e->d_name, ".json");

    return dot && dot[5] == '\0' && !strstr(e->d_name, ".schema.");
}

/* Messages name files as they were given: documents are read from their own folder. */
static void enter(const struct folder *f)
{
    const char *top = getenv("TOP_SRCDIR");
    char path[4096];

    snprintf(path, sizeof(path), "%s/%s", top ? top : ".", f->path);
    if (chdir(path)) {
        perror(path);
        exit(1);
    }
}

static void list(struct folder *f)
{
    enter(f);
    f->n = scandir(".", &f->entries, is_document, alphasort);
}

/* The messages, a line each. Freed by the caller. */
static char *messages(const struct xmem_report *r)
{
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);

    for (size_t i = 0; i < xmem_report_count(r); i++) {
        struct xmem_diag diag = XMEM_INIT(diag);

        ck_assert_int_eq(xmem_report_get(r, i, &diag), 0);
        fprintf(f, "%s\n", diag.full);
    }
    fclose(f);
    return text;
}

/* The table of the folder that the caller is in. Freed by the caller. */
static char *table(const char *folder)
{
    char *text = NULL;
    size_t room = 0;
    FILE *f = fopen("expected", "r");

    ck_assert_msg(f != NULL, "%s/expected: %s", folder, strerror(errno));
    ck_assert_int_gt(getdelim(&text, &room, '\0', f), 0);
    fclose(f);
    return text;
}

/* What follows the line "== NAME", up to the next such line. Freed by the caller. */
static char *expected(const struct folder *f, const char *name)
{
    char head[300], *text = table(f->path), *at, *end, *found;

    snprintf(head, sizeof(head), "== %s\n", name);
    at = strstr(text, head);
    ck_assert_msg(at && (at == text || at[-1] == '\n'), "%s/expected has no %s", f->path, name);
    at += strlen(head);
    end = strstr(at, "\n== ");
    found = end ? strndup(at, (size_t)(end + 1 - at)) : strdup(at);
    free(text);
    return found;
}

/* Symbol files of examples are samples: nothing in a guest is to be held against them. */
static bool only_unanchored(const struct xmem_report *r)
{
    struct xmem_diag diag = XMEM_INIT(diag);

    for (size_t i = 0; xmem_report_get(r, i, &diag) == 0; i++)
        if (diag.number != 506)
            return false;
    return true;
}

static void load_good(struct folder *f, int i)
{
    const char *name = f->entries[i]->d_name;
    struct xmem_policy *p = NULL;
    struct xmem_report *r;
    char *said;
    int err;

    enter(f);
    ck_assert_int_eq(xmem_report_new(&r), 0);
    err = xmem_policy_load(name, r, &p);
    said = messages(r);
    ck_assert_msg(err == 0 && (*said == '\0' || (f == &examples && only_unanchored(r))),
                  "%s: %d %s", name, err, said);
    xmem_policy_free(p);
    xmem_report_free(r);
    free(said);
}

START_TEST(good_document)
{
    load_good(&valid, _i);
}
END_TEST

START_TEST(example)
{
    load_good(&examples, _i);
}
END_TEST

START_TEST(bad_document)
{
    const char *name = invalid.entries[_i]->d_name;
    struct xmem_policy *const untouched = (struct xmem_policy *)&invalid;
    struct xmem_policy *p = untouched;
    struct xmem_report *r;
    char *said, *wanted;

    enter(&invalid);
    wanted = expected(&invalid, name);
    ck_assert_int_eq(xmem_report_new(&r), 0);
    ck_assert_int_eq(xmem_policy_load(name, r, &p), -EBADMSG);
    ck_assert_ptr_eq(p, untouched);
    said = messages(r);
    ck_assert_str_eq(said, wanted);
    xmem_report_free(r);
    /* without a report it is refused all the same */
    ck_assert_int_eq(xmem_policy_load(name, NULL, &p), -EBADMSG);
    ck_assert_ptr_eq(p, untouched);
    free(said);
    free(wanted);
}
END_TEST

START_TEST(warned_document)
{
    const char *name = warned.entries[_i]->d_name;
    struct xmem_policy *p = NULL;
    struct xmem_report *r;
    char *said, *wanted;

    enter(&warned);
    wanted = expected(&warned, name);
    ck_assert_int_eq(xmem_report_new(&r), 0);
    ck_assert_int_eq(xmem_policy_load(name, r, &p), 0);
    said = messages(r);
    ck_assert_str_eq(said, wanted);
    for (size_t i = 0; i < xmem_report_count(r); i++) {
        struct xmem_diag diag = XMEM_INIT(diag);

        ck_assert_int_eq(xmem_report_get(r, i, &diag), 0);
        ck_assert_uint_ge(diag.number, 500);
    }
    xmem_policy_free(p);
    xmem_report_free(r);
    free(said);
    free(wanted);
}
END_TEST

START_TEST(good_machine)
{
    const char *name = machine_valid.entries[_i]->d_name;
    struct sim_machine *m = NULL;
    struct xmem_error err = {""};

    enter(&machine_valid);
    ck_assert_msg(sim_file_load(name, NULL, &m, &err) == 0, "%s", err.text);
    ck_assert_ptr_nonnull(sim_domain_at(m, 0));
    sim_machine_destroy(m);
}
END_TEST

/* It is made, and what is to be said of it is in the caller's report. */
START_TEST(warned_machine)
{
    const char *name = machine_warned.entries[_i]->d_name;
    struct xmem_open_opts opts = XMEM_INIT(opts);
    struct sim_machine *m = NULL;
    struct xmem_error err = {""};
    char *said, *wanted;

    enter(&machine_warned);
    wanted = expected(&machine_warned, name);
    ck_assert_int_eq(xmem_report_new(&opts.report), 0);
    ck_assert_msg(sim_file_load(name, &opts, &m, &err) == 0, "%s", err.text);
    said = messages(opts.report);
    ck_assert_str_eq(said, wanted);
    xmem_report_free(opts.report);
    sim_machine_destroy(m);
    free(said);
    free(wanted);
}
END_TEST

/* Its first message is the text, and a report has all. */
START_TEST(bad_machine)
{
    const char *name = machine_invalid.entries[_i]->d_name;
    struct sim_machine *const untouched = (struct sim_machine *)&invalid;
    struct xmem_open_opts opts = XMEM_INIT(opts);
    struct sim_machine *m = untouched;
    struct xmem_error err = {""};
    char *wanted, *said;

    enter(&machine_invalid);
    wanted = expected(&machine_invalid, name);
    ck_assert_int_eq(sim_file_load(name, NULL, &m, &err), -EINVAL);
    ck_assert_ptr_eq(m, untouched);
    wanted[strcspn(wanted, "\n")] = '\0';
    ck_assert_str_eq(err.text, wanted);
    ck_assert_int_eq(xmem_report_new(&opts.report), 0);
    ck_assert_int_eq(sim_file_load(name, &opts, &m, &err), -EINVAL);
    ck_assert_str_eq(err.text, wanted);
    said = messages(opts.report);
    *strrchr(said, '\n') = '\0';
    said[strcspn(said, "\n")] = '\0';
    ck_assert_ptr_eq(strstr(wanted, said), wanted);
    xmem_report_free(opts.report);
    free(said);
    free(wanted);
}
END_TEST

/* Nothing is expected of a document that is not there, and the table is sorted. */
static void check_table(const struct folder *f)
{
    char *text, *line, *rest;
    int i = 0;

    enter(f);
    text = table(f->path);
    for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        if (!strncmp(line, "== ", 3)) {
            ck_assert_msg(i < f->n && !strcmp(line + 3, f->entries[i]->d_name), "%s/expected: %s",
                          f->path, line + 3);
            i++;
        }
    ck_assert_int_eq(i, f->n);
    free(text);
}

START_TEST(tables)
{
    check_table(&invalid);
    check_table(&warned);
    check_table(&machine_invalid);
    check_table(&machine_warned);
}
END_TEST

START_TEST(large_enough)
{
    const struct folder *all[] = {&valid,         &invalid,        &warned, &examples,
                                  &machine_valid, &machine_warned, &machine_invalid};

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        ck_assert_msg(all[i]->n >= all[i]->at_least, "%s: %d documents", all[i]->path, all[i]->n);
}
END_TEST

static void free_folder(struct folder *f)
{
    for (int i = 0; i < f->n; i++)
        free(f->entries[i]);
    free(f->entries);
}

static Suite *make_suite(void)
{
    Suite *suite = suite_create("corpus");
    TCase *tc = tcase_create("documents");

    tcase_add_test(tc, large_enough);
    tcase_add_test(tc, tables);
    tcase_add_loop_test(tc, good_document, 0, valid.n);
    tcase_add_loop_test(tc, example, 0, examples.n);
    tcase_add_loop_test(tc, bad_document, 0, invalid.n);
    tcase_add_loop_test(tc, warned_document, 0, warned.n);
    tcase_add_loop_test(tc, good_machine, 0, machine_valid.n);
    tcase_add_loop_test(tc, warned_machine, 0, machine_warned.n);
    tcase_add_loop_test(tc, bad_machine, 0, machine_invalid.n);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    struct folder *all[] = {&valid,         &invalid,        &warned, &examples,
                                  &machine_valid, &machine_warned, &machine_invalid};
    char home[4096];
    SRunner *runner;
    int failed;

    if (!getcwd(home, sizeof(home)))
        return 1;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (chdir(home))
            return 1;
        list(all[i]);
    }
    if (chdir(home)) /* where the results go */
        return 1;
    runner = srunner_create(make_suite());
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        free_folder(all[i]);
    return failed != 0;
}
