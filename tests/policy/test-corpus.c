/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The corpus of documents: each good one loads without a message, each bad one gives exactly the
 * messages that its bundle has for it and nothing else, and so does each one that is warned of,
 * but it loads. One test per document. With --split FOLDER the documents are written there, and
 * nothing is tested.
 */
#include <check.h>
#include <ctype.h>
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

#include "doc/sim-file.h"

/* ---- a bundle: many small documents in one file, each with its messages; see README.md ---- */

struct bundle_case {
    char *name;
    char *expected; /* lines; "" if there are none */
    char *text;
    size_t len; /* of text, which may have any bytes */
};

struct bundle {
    struct bundle_case *cases;
    size_t n;
};

struct reader {
    const char *path;
    FILE *in;
    char *line; /* with its newline */
    size_t room;
    ssize_t len; /* -1 at the end */
    int number;
};

static int wrong(const struct reader *r, const char *what)
{
    fprintf(stderr, "%s:%d: %s\n", r->path, r->number, what);
    return -1;
}

static void advance(struct reader *r)
{
    r->len = getline(&r->line, &r->room, r->in);
    r->number++;
}

static bool is_head(const struct reader *r)
{
    return r->len > 0 && !strncmp(r->line, "=== ", 4);
}

/* Takes the word, with a space before it, from the end of a line. */
static bool takes(char *line, const char *word)
{
    size_t len = strlen(line), n = strlen(word);

    if (len <= n || strcmp(line + len - n, word) != 0)
        return false;
    line[len - n] = '\0';
    return true;
}

/* \xNN and \\ in place. -1: another escape. */
static int unescape(struct bundle_case *c)
{
    char *to = c->text, *end = c->text + c->len, *at = c->text;

    while (at < end)
        if (*at != '\\') {
            *to++ = *at++;
        } else if (at[1] == '\\') {
            *to++ = '\\';
            at += 2;
        } else if (at[1] == 'x' && isxdigit((unsigned char)at[2]) &&
                   isxdigit((unsigned char)at[3])) {
            *to++ = (char)strtoul((char[]){at[2], at[3], '\0'}, NULL, 16);
            at += 4;
        } else {
            return -1;
        }
    c->len = (size_t)(to - c->text);
    return 0;
}

/* "=== NAME [cut] [escaped]", and the "> " lines below it. */
static int read_head(struct reader *r, struct bundle_case *c, bool *escaped, bool *cut)
{
    size_t len;
    FILE *out;

    r->line[strcspn(r->line, "\n")] = '\0';
    *escaped = takes(r->line, " escaped");
    *cut = takes(r->line, " cut");
    c->name = strdup(r->line + 4);
    if (!c->name || strpbrk(c->name, " /") || *c->name == '\0')
        return wrong(r, "expected \"=== NAME [cut] [escaped]\"");
    out = open_memstream(&c->expected, &len);
    for (advance(r); r->len > 1 && !strncmp(r->line, "> ", 2); advance(r))
        fputs(r->line + 2, out);
    return fclose(out);
}

/* The lines up to the next case, but for the empty one in between. */
static int read_text(struct reader *r, struct bundle_case *c, bool escaped, bool cut)
{
    FILE *out = open_memstream(&c->text, &c->len);

    for (; r->len > 0 && !is_head(r); advance(r))
        fwrite(r->line, 1, (size_t)r->len, out);
    if (fclose(out))
        return wrong(r, strerror(errno));
    if (is_head(r) &&
        (c->len < 1 || c->text[--c->len] != '\n' || (c->len > 0 && c->text[c->len - 1] != '\n')))
        return wrong(r, "no empty line before the next case");
    if (cut && (c->len < 1 || c->text[--c->len] != '\n'))
        return wrong(r, "there is no newline to be cut");
    c->text[c->len] = '\0';
    if (memchr(c->text, '\0', c->len) || (escaped && unescape(c)))
        return wrong(r, "of the case above: a NUL, or another escape than \\xNN and \\\\");
    return 0;
}

static int read_case(struct reader *r, struct bundle *b)
{
    struct bundle_case *cases = realloc(b->cases, (b->n + 1) * sizeof(*cases)), *c;
    bool escaped, cut;

    if (!cases)
        return wrong(r, strerror(errno));
    b->cases = cases;
    c = &cases[b->n++];
    *c = (struct bundle_case){0};
    if (read_head(r, c, &escaped, &cut))
        return -1;
    if (b->n > 1 && strcmp(c[-1].name, c->name) >= 0)
        return wrong(r, "the case above is not in the order of names");
    return read_text(r, c, escaped, cut);
}

static int read_all(struct reader *r, struct bundle *b)
{
    for (advance(r); r->len > 0 && !is_head(r); advance(r))
        if (*r->line != '#' && *r->line != '\n')
            return wrong(r, "expected \"=== NAME\"");
    while (r->len > 0)
        if (read_case(r, b))
            return -1;
    return 0;
}

/* -1 after a message: not there, no bundle, or not sorted by name. */
static int bundle_read(const char *path, struct bundle *b)
{
    struct reader r = {.path = path, .in = fopen(path, "r")};
    int err;

    *b = (struct bundle){0};
    if (!r.in)
        return wrong(&r, strerror(errno));
    err = read_all(&r, b);
    fclose(r.in);
    free(r.line);
    return err;
}

static FILE *create(const char *folder, const char *name)
{
    char *path;
    FILE *out;

    if (asprintf(&path, "%s/%s", folder, name) < 0)
        return NULL;
    out = fopen(path, "w");
    if (!out)
        perror(path);
    free(path);
    return out;
}

static int write_case(const struct bundle_case *c, const char *folder, FILE *table)
{
    FILE *out = create(folder, c->name);

    if (!out)
        return -1;
    fwrite(c->text, 1, c->len, out);
    if (*c->expected)
        fprintf(table, "== %s\n%s", c->name, c->expected);
    return fclose(out);
}

/* Each document as a file of a folder that is made, and the messages as its file "expected". */
static int bundle_write(const struct bundle *b, const char *folder)
{
    FILE *table;
    int err = 0;

    if (mkdir(folder, 0777) && errno != EEXIST) {
        perror(folder);
        return -1;
    }
    table = create(folder, "expected");
    if (!table)
        return -1;
    for (size_t i = 0; i < b->n && !err; i++)
        err = write_case(&b->cases[i], folder, table);
    return fclose(table) || err ? -1 : 0;
}

static void bundle_free(struct bundle *b)
{
    for (size_t i = 0; i < b->n; i++) {
        free(b->cases[i].name);
        free(b->cases[i].expected);
        free(b->cases[i].text);
    }
    free(b->cases);
}

/* ---- the tests ---- */

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
