/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bundle.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

int bundle_read(const char *path, struct bundle *b)
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
    char path[4096];
    FILE *out;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    out = fopen(path, "w");
    if (!out)
        perror(path);
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

int bundle_write(const struct bundle *b, const char *folder)
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

void bundle_free(struct bundle *b)
{
    for (size_t i = 0; i < b->n; i++) {
        free(b->cases[i].name);
        free(b->cases[i].expected);
        free(b->cases[i].text);
    }
    free(b->cases);
}
