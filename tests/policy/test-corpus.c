/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The corpus of documents: each good one loads without a message, each bad one gives exactly the
 * messages that its bundle has for it and nothing else, and so does each one that is warned of,
 * but it loads. One test per document. With --split FOLDER the documents are written there, and
 * nothing is tested.
 */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sim.h>
#include <xmem.h>

#include "bundle.h"
#include "doc/sim-file.h"

struct folder {
    const char *name; /* of the bundle, and of the folder that it is split into */
    int at_least;
    bool judged; /* messages are expected of each */
    struct bundle bundle;
    const struct bundle_case **documents; /* those that are no files named by others */
    int n;
};
static struct folder valid = {.name = "valid", .at_least = 20};
static struct folder invalid = {.name = "invalid", .at_least = 60, .judged = true};
static struct folder warned = {.name = "warned", .at_least = 6, .judged = true};
static struct folder machine_valid = {.name = "machine/valid", .at_least = 3};
static struct folder machine_warned = {.name = "machine/warned", .at_least = 5, .judged = true};
static struct folder machine_invalid = {.name = "machine/invalid", .at_least = 40, .judged = true};
static struct folder *const folders[] = {&valid,         &invalid,        &warned,
                                         &machine_valid, &machine_warned, &machine_invalid};
#define FOLDERS (sizeof(folders) / sizeof(folders[0]))

static char split[4096]; /* where the bundles were split */
static struct dirent **examples;
static int n_examples;

static const char *top(void)
{
    const char *given = getenv("TOP_SRCDIR");

    return given ? given : ".";
}

static bool is_document(const char *name)
{
    const char *dot = strstr(name, ".json");

    return dot && dot[5] == '\0' && !strstr(name, ".schema.");
}

static int is_example(const struct dirent *e)
{
    return is_document(e->d_name);
}

/* Messages name files as they were given: documents are read from their own folder. */
static void enter(const char *folder, const char *name)
{
    char path[8192];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    if (chdir(path)) {
        perror(path);
        exit(1);
    }
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

/* Symbol files of examples are samples: nothing in a guest is to be held against them. */
static bool only_unanchored(const struct xmem_report *r)
{
    struct xmem_diag diag = XMEM_INIT(diag);

    for (size_t i = 0; xmem_report_get(r, i, &diag) == 0; i++)
        if (diag.number != 506)
            return false;
    return true;
}

static void load_good(const char *name, bool is_sample)
{
    struct xmem_policy *p = NULL;
    struct xmem_report *r;
    char *said;
    int err;

    ck_assert_int_eq(xmem_report_new(&r), 0);
    err = xmem_policy_load(name, r, &p);
    said = messages(r);
    ck_assert_msg(err == 0 && (*said == '\0' || (is_sample && only_unanchored(r))), "%s: %d %s",
                  name, err, said);
    xmem_policy_free(p);
    xmem_report_free(r);
    free(said);
}

START_TEST(good_document)
{
    enter(split, valid.name);
    load_good(valid.documents[_i]->name, false);
}
END_TEST

START_TEST(example)
{
    enter(top(), "examples/policies");
    load_good(examples[_i]->d_name, true);
}
END_TEST

START_TEST(bad_document)
{
    const struct bundle_case *c = invalid.documents[_i];
    struct xmem_policy *const untouched = (struct xmem_policy *)&invalid;
    struct xmem_policy *p = untouched;
    struct xmem_report *r;
    char *said;

    enter(split, invalid.name);
    ck_assert_int_eq(xmem_report_new(&r), 0);
    ck_assert_int_eq(xmem_policy_load(c->name, r, &p), -EBADMSG);
    ck_assert_ptr_eq(p, untouched);
    said = messages(r);
    ck_assert_str_eq(said, c->expected);
    xmem_report_free(r);
    /* without a report it is refused all the same */
    ck_assert_int_eq(xmem_policy_load(c->name, NULL, &p), -EBADMSG);
    ck_assert_ptr_eq(p, untouched);
    free(said);
}
END_TEST

START_TEST(warned_document)
{
    const struct bundle_case *c = warned.documents[_i];
    struct xmem_policy *p = NULL;
    struct xmem_report *r;
    char *said;

    enter(split, warned.name);
    ck_assert_int_eq(xmem_report_new(&r), 0);
    ck_assert_int_eq(xmem_policy_load(c->name, r, &p), 0);
    said = messages(r);
    ck_assert_str_eq(said, c->expected);
    for (size_t i = 0; i < xmem_report_count(r); i++) {
        struct xmem_diag diag = XMEM_INIT(diag);

        ck_assert_int_eq(xmem_report_get(r, i, &diag), 0);
        ck_assert_uint_ge(diag.number, 500);
    }
    xmem_policy_free(p);
    xmem_report_free(r);
    free(said);
}
END_TEST

START_TEST(good_machine)
{
    const char *name = machine_valid.documents[_i]->name;
    struct sim_machine *m = NULL;
    struct xmem_error err = {""};

    enter(split, machine_valid.name);
    ck_assert_msg(xmi_sim_file_load(name, NULL, &m, &err) == 0, "%s", err.text);
    ck_assert_ptr_nonnull(xmi_sim_domain_at(m, 0));
    xmi_sim_machine_destroy(m);
}
END_TEST

/* It is made, and what is to be said of it is in the caller's report. */
START_TEST(warned_machine)
{
    const struct bundle_case *c = machine_warned.documents[_i];
    struct xmem_open_opts opts = XMEM_INIT(opts);
    struct sim_machine *m = NULL;
    struct xmem_error err = {""};
    char *said;

    enter(split, machine_warned.name);
    ck_assert_int_eq(xmem_report_new(&opts.report), 0);
    ck_assert_msg(xmi_sim_file_load(c->name, &opts, &m, &err) == 0, "%s", err.text);
    said = messages(opts.report);
    ck_assert_str_eq(said, c->expected);
    xmem_report_free(opts.report);
    xmi_sim_machine_destroy(m);
    free(said);
}
END_TEST

/* Its first message is the text, and a report has all. */
START_TEST(bad_machine)
{
    const struct bundle_case *c = machine_invalid.documents[_i];
    struct sim_machine *const untouched = (struct sim_machine *)&invalid;
    struct xmem_open_opts opts = XMEM_INIT(opts);
    struct sim_machine *m = untouched;
    struct xmem_error err = {""};
    char *wanted, *said;

    enter(split, machine_invalid.name);
    wanted = strdup(c->expected);
    ck_assert_int_eq(xmi_sim_file_load(c->name, NULL, &m, &err), -EINVAL);
    ck_assert_ptr_eq(m, untouched);
    wanted[strcspn(wanted, "\n")] = '\0';
    ck_assert_str_eq(err.text, wanted);
    ck_assert_int_eq(xmem_report_new(&opts.report), 0);
    ck_assert_int_eq(xmi_sim_file_load(c->name, &opts, &m, &err), -EINVAL);
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

/* Something is expected of each document that is judged, and of nothing else. */
START_TEST(tables)
{
    for (size_t i = 0; i < FOLDERS; i++)
        for (size_t j = 0; j < folders[i]->bundle.n; j++) {
            const struct bundle_case *c = &folders[i]->bundle.cases[j];

            ck_assert_msg((*c->expected != '\0') == (folders[i]->judged && is_document(c->name)),
                          "%s.cases: %s: expected: %s", folders[i]->name, c->name, c->expected);
        }
}
END_TEST

START_TEST(large_enough)
{
    for (size_t i = 0; i < FOLDERS; i++)
        ck_assert_msg(folders[i]->n >= folders[i]->at_least, "%s: %d documents", folders[i]->name,
                      folders[i]->n);
    ck_assert_int_ge(n_examples, 3);
}
END_TEST

static int read_folder(struct folder *f, const char *to)
{
    char path[8192];

    snprintf(path, sizeof(path), "%s/tests/policy/%s.cases", top(), f->name);
    if (bundle_read(path, &f->bundle))
        return -1;
    f->documents = calloc(f->bundle.n, sizeof(struct bundle_case *));
    for (size_t i = 0; i < f->bundle.n; i++)
        if (is_document(f->bundle.cases[i].name))
            f->documents[f->n++] = &f->bundle.cases[i];
    snprintf(path, sizeof(path), "%s/%s", to, f->name);
    return bundle_write(&f->bundle, path);
}

static int read_folders(const char *to)
{
    char path[8192];
    int err = 0;

    snprintf(path, sizeof(path), "%s/machine", to);
    if (mkdir(path, 0777) && errno != EEXIST)
        return -1;
    for (size_t i = 0; i < FOLDERS && !err; i++)
        err = read_folder(folders[i], to);
    return err;
}

static void free_folders(void)
{
    for (size_t i = 0; i < FOLDERS; i++) {
        free(folders[i]->documents);
        bundle_free(&folders[i]->bundle);
    }
    for (int i = 0; i < n_examples; i++)
        free(examples[i]);
    free(examples);
}

static Suite *make_suite(void)
{
    Suite *suite = suite_create("corpus");
    TCase *tc = tcase_create("documents");

    tcase_add_test(tc, large_enough);
    tcase_add_test(tc, tables);
    tcase_add_loop_test(tc, good_document, 0, valid.n);
    tcase_add_loop_test(tc, example, 0, n_examples);
    tcase_add_loop_test(tc, bad_document, 0, invalid.n);
    tcase_add_loop_test(tc, warned_document, 0, warned.n);
    tcase_add_loop_test(tc, good_machine, 0, machine_valid.n);
    tcase_add_loop_test(tc, warned_machine, 0, machine_warned.n);
    tcase_add_loop_test(tc, bad_machine, 0, machine_invalid.n);
    suite_add_tcase(suite, tc);
    return suite;
}

static int run_all(void)
{
    SRunner *runner = srunner_create(make_suite());
    int failed;

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

int main(int argc, char **argv)
{
    const char *tmp = getenv("TMPDIR");
    char home[4096], path[8192];
    int status = 1;

    if (argc == 3 && !strcmp(argv[1], "--split")) {
        status = read_folders(argv[2]) != 0;
        free_folders();
        return status;
    }
    snprintf(split, sizeof(split), "%s/xm-corpus.XXXXXX", tmp ? tmp : "/tmp");
    snprintf(path, sizeof(path), "%s/examples/policies", top());
    n_examples = scandir(path, &examples, is_example, alphasort);
    if (getcwd(home, sizeof(home)) && mkdtemp(split) && read_folders(split) == 0)
        status = run_all();
    enter(home, "");
    snprintf(path, sizeof(path), "rm -rf '%s'", split);
    if (system(path))
        status = 1;
    free_folders();
    return status;
}
