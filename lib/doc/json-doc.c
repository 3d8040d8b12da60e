/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "doc/doc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doc/doc-int.h"

struct json_doc {
    char *name;
    char *text; /* with a NUL behind it */
    uint32_t len;
    uint32_t *lines; /* where each line begins */
    uint32_t n_lines;
    struct json_value *values;
    uint32_t n_values;
    char *strings; /* decoded; values point into it */
    struct xmem_report *report;
    size_t errors;
    size_t warnings;
};

const char *xmi_json_doc_name(const struct json_doc *doc)
{
    return doc->name;
}

char *xmi_json_doc_sibling(const struct json_doc *doc, const char *file)
{
    const char *slash = strrchr(doc->name, '/');
    char *path = NULL;

    if (*file == '/' || !slash)
        return strdup(file);
    if (asprintf(&path, "%.*s/%s", (int)(slash - doc->name), doc->name, file) < 0)
        return NULL;
    return path;
}

const struct json_value *xmi_json_doc_root(const struct json_doc *doc)
{
    return &doc->values[0];
}

size_t xmi_json_doc_errors(const struct json_doc *doc)
{
    return doc->errors;
}

const struct json_value *xmi_json_first(const struct json_doc *doc, const struct json_value *v)
{
    return v && v->child != JSON_NONE ? &doc->values[v->child] : NULL;
}

const struct json_value *xmi_json_at(const struct json_doc *doc, const struct json_value *v,
                                     size_t i)
{
    const struct json_value *it = xmi_json_first(doc, v);

    while (it && it->index != i)
        it = xmi_json_next(doc, it);
    return it;
}

const struct json_value *xmi_json_next(const struct json_doc *doc, const struct json_value *v)
{
    return v->next != JSON_NONE ? &doc->values[v->next] : NULL;
}

/* ---- places ---- */

static int index_lines(struct json_doc *doc)
{
    uint32_t n = 1;

    for (uint32_t i = 0; i < doc->len; i++)
        n += doc->text[i] == '\n';
    doc->lines = malloc(n * sizeof(*doc->lines));
    if (!doc->lines)
        return -ENOMEM;
    doc->lines[doc->n_lines++] = 0;
    for (uint32_t i = 0; i < doc->len; i++)
        if (doc->text[i] == '\n')
            doc->lines[doc->n_lines++] = i + 1;
    return 0;
}

void xmi_json_position(const struct json_doc *doc, uint32_t offset, uint32_t *line,
                       uint32_t *column)
{
    uint32_t low = 0, high = doc->n_lines;

    while (high - low > 1) {
        uint32_t mid = low + (high - low) / 2;

        if (doc->lines[mid] <= offset)
            low = mid;
        else
            high = mid;
    }
    *line = low + 1;
    *column = offset - doc->lines[low] + 1;
}

#define POINTER_KEY_MAX 64 /* bytes of a key that a message shows */

/*
 * Writes "/key" or "/index" in front of *at; false when there is no room. In a broken
 * document no key is decoded yet: what stands there must do.
 */
static bool prepend_token(const struct json_doc *doc, const struct json_value *v, const char *buf,
                          char **at)
{
    const char *key = v->key ? v->key : doc->text + v->key_start + 1;
    size_t n = 0, len = v->key ? strlen(v->key) : v->key_end - v->key_start - 2;
    char token[2 * POINTER_KEY_MAX + 8];

    token[n++] = '/';
    for (size_t i = 0; v->key_end && i < len && i < POINTER_KEY_MAX; i++) {
        if (key[i] == '~' || key[i] == '/') /* RFC 6901 escapes these */
            token[n++] = '~';
        token[n++] = (char)(key[i] == '~' ? '0' : key[i] == '/' ? '1' : key[i]);
    }
    if (v->key_end == 0)
        n += (size_t)snprintf(token + n, 16, "%u", v->index);
    if ((size_t)(*at - buf) < n)
        return false;
    *at -= n;
    memcpy(*at, token, n);
    return true;
}

const char *xmi_json_pointer(const struct json_doc *doc, const struct json_value *v, char *buf,
                             size_t size)
{
    char *at = buf + size - 1;

    *at = '\0';
    if (v->parent == JSON_NONE)
        *--at = '/';
    for (; v->parent != JSON_NONE; v = &doc->values[v->parent])
        if (!prepend_token(doc, v, buf, &at))
            break;
    return at;
}

const char *xmi_json_raw(const struct json_doc *doc, const struct json_value *v, size_t *n)
{
    *n = v->end - v->start;
    return doc->text + v->start;
}

/* ---- messages ---- */

static void __attribute__((format(printf, 5, 0)))
error_at(struct json_doc *doc, const struct json_value *v, uint32_t offset, enum xm_message m,
         const char *fmt, va_list args)
{
    char buf[2048];
    struct report_pos pos = {.file = doc->name, .path = "/"};

    if (++doc->errors > REPORT_MAX + 1)
        return; /* the report is full: hostile documents have millions of errors */
    if (v)
        pos.path = xmi_json_pointer(doc, v, buf, sizeof(buf));
    xmi_json_position(doc, offset, &pos.line, &pos.column);
    xmi_report_vadd(doc->report, m, &pos, fmt, args);
}

void xmi_json_error(struct json_doc *doc, const struct json_value *v, enum xm_message m,
                    const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    error_at(doc, v, v->start, m, fmt, args);
    va_end(args);
}

void xmi_json_key_error(struct json_doc *doc, const struct json_value *v, enum xm_message m,
                        const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    error_at(doc, v, v->key_end ? v->key_start : v->start, m, fmt, args);
    va_end(args);
}

void xmi_json_warning(struct json_doc *doc, const struct json_value *v, enum xm_message m,
                      const char *fmt, ...)
{
    char buf[2048], text[1024];
    struct report_pos pos = {.file = doc->name};
    va_list args;

    if (++doc->warnings > REPORT_MAX / 2)
        return; /* room for errors that come yet */
    pos.path = xmi_json_pointer(doc, v, buf, sizeof(buf));
    xmi_json_position(doc, v->start, &pos.line, &pos.column);
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    xmi_report_add(doc->report, m, &pos, "warning: %s", text);
}

static void __attribute__((format(printf, 5, 6)))
offset_error(struct json_doc *doc, const struct json_value *v, uint32_t offset, enum xm_message m,
             const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    error_at(doc, v, offset, m, fmt, args);
    va_end(args);
}

static void __attribute__((format(printf, 4, 5)))
file_error(const char *name, struct xmem_report *r, enum xm_message m, const char *fmt, ...)
{
    struct report_pos pos = {.file = name, .path = "/"};
    va_list args;

    va_start(args, fmt);
    xmi_report_vadd(r, m, &pos, fmt, args);
    va_end(args);
}

/* ---- keys ---- */

static void report_twice(void *arg, uint32_t value, uint32_t first)
{
    struct json_doc *doc = arg;
    const struct json_value *v = &doc->values[value];
    uint32_t line, column;

    xmi_json_position(doc, doc->values[first].key_start, &line, &column);
    xmi_json_key_error(doc, v, XM_MSG_DUPLICATE, "the key \"%.60s\" occurs twice, first in line %u",
                       v->key, line);
}

/* ---- parsing ---- */

static int run_scanner(struct json_doc *doc)
{
    struct json_scan s;
    const struct json_value *at = NULL;
    int err = xmi_json_scan(&s, doc->text, doc->len);

    doc->values = s.values;
    doc->n_values = s.n;
    if (err != -EBADMSG)
        return err;
    if (s.error_parent != JSON_NONE)
        at = &s.values[s.error_parent];
    offset_error(doc, at, s.error_at, s.message, "%s", s.error);
    return err;
}

static int parse_text(struct json_doc *doc)
{
    int err = index_lines(doc);

    if (err == 0)
        err = run_scanner(doc);
    if (err == 0)
        err = xmi_json_decode(doc->values, doc->n_values, doc->text, doc->len, &doc->strings);
    if (err == 0)
        err = xmi_json_find_twice(doc->values, doc->n_values, report_twice, doc);
    return err ? err : doc->errors ? -EBADMSG : 0;
}

static int too_large(const char *name, struct xmem_report *r)
{
    file_error(name, r, XM_MSG_SIZE, "larger than %u MiB", JSON_MAX_BYTES >> 20);
    return -EFBIG;
}

/* Takes text, which has room for a NUL behind it. */
static int parse_owned(const char *name, char *text, size_t len, struct xmem_report *r,
                       struct json_doc **out)
{
    struct json_doc *doc = calloc(1, sizeof(*doc));
    int err = -ENOMEM;

    if (!doc) {
        free(text);
        return err;
    }
    doc->text = text;
    doc->text[len] = '\0';
    doc->len = (uint32_t)len;
    doc->report = r;
    doc->name = strdup(name);
    if (doc->name)
        err = parse_text(doc);
    if (err)
        xmi_json_doc_free(doc);
    else
        *out = doc;
    return err;
}

int xmi_json_doc_parse(const char *name, const void *text, size_t len, struct xmem_report *r,
                       struct json_doc **out)
{
    char *copy;

    if (len > JSON_MAX_BYTES)
        return too_large(name, r);
    copy = malloc(len + 1);
    if (!copy)
        return -ENOMEM;
    if (len)
        memcpy(copy, text, len);
    return parse_owned(name, copy, len, r, out);
}

void xmi_json_doc_free(struct json_doc *doc)
{
    if (!doc)
        return;
    free(doc->strings);
    free(doc->values);
    free(doc->lines);
    free(doc->text);
    free(doc->name);
    free(doc);
}

/* ---- files ---- */

/* Regular files have a size that is checked first; a pipe is read up to the limit. */
static int read_all(int fd, char **out, size_t *len)
{
    size_t room = 1 << 16, n = 0;
    char *text = malloc(room + 1), *grown;
    ssize_t got;

    while (text) {
        got = read(fd, text + n, room - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        n += (size_t)got;
        if (n > JSON_MAX_BYTES)
            break;
        if (n < room)
            continue;
        room *= 2;
        grown = realloc(text, room + 1);
        if (!grown)
            free(text);
        text = grown;
    }
    if (!text)
        return -ENOMEM;
    if (n > JSON_MAX_BYTES || got < 0) {
        int err = n > JSON_MAX_BYTES ? -EFBIG : -errno;

        free(text);
        return err;
    }
    *out = text;
    *len = n;
    return 0;
}

static int read_file(const char *path, char **out, size_t *len)
{
    struct stat st;
    int err = 0, fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) < 0)
        err = -errno;
    else if (S_ISDIR(st.st_mode))
        err = -EISDIR;
    else if (S_ISREG(st.st_mode) && st.st_size > (off_t)JSON_MAX_BYTES)
        err = -EFBIG;
    if (err == 0)
        err = read_all(fd, out, len);
    close(fd);
    return err;
}

int xmi_json_doc_load(const char *path, struct xmem_report *r, struct json_doc **out)
{
    char *text = NULL;
    size_t len = 0;
    int err = read_file(path, &text, &len);

    if (err == -EFBIG)
        return too_large(path, r);
    if (err) {
        file_error(path, r, XM_MSG_READ, "cannot be read: %s", strerror(-err));
        return err;
    }
    return parse_owned(path, text, len, r, out);
}
