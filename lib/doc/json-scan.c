/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads a JSON text by the grammar of RFC 8259 and notes where each value stands. Stops
 * at the first error: behind it nothing is certain. The text ends with a NUL, which no
 * rule accepts, so that looking at the next byte needs no check.
 */
#include "doc/doc-int.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

static int scan_value(struct json_scan *s, uint32_t parent, unsigned depth, uint32_t *out);

static int __attribute__((format(printf, 4, 5)))
fail(struct json_scan *s, enum xm_message m, uint32_t at, const char *fmt, ...)
{
    va_list args;

    s->message = m;
    s->error_at = at;
    va_start(args, fmt);
    vsnprintf(s->error, sizeof(s->error), fmt, args);
    va_end(args);
    return -EBADMSG;
}

static int skip_space(struct json_scan *s)
{
    const char *t = s->text;

    while (t[s->at] == ' ' || t[s->at] == '\t' || t[s->at] == '\n' || t[s->at] == '\r')
        s->at++;
    if (t[s->at] == '#' || (t[s->at] == '/' && (t[s->at + 1] == '/' || t[s->at + 1] == '*')))
        return fail(s, XM_MSG_COMMENT, s->at, "JSON has no comments; use the key \"description\"");
    return 0;
}

/* What stands where something else was expected. */
static int unexpected(struct json_scan *s, const char *expected)
{
    unsigned char c = (unsigned char)s->text[s->at];

    if (s->at >= s->len)
        return fail(s, XM_MSG_END, s->at, "the document ends where %s is expected", expected);
    if (c == '\'')
        return fail(s, XM_MSG_QUOTES, s->at, "single quotes; JSON has double quotes only");
    if (c > 0x20 && c < 0x7f)
        return fail(s, XM_MSG_SYNTAX, s->at, "'%c' where %s is expected", c, expected);
    return fail(s, XM_MSG_SYNTAX, s->at, "byte 0x%02x where %s is expected", c, expected);
}

static int new_value(struct json_scan *s, enum json_kind kind, uint32_t parent, uint32_t *out)
{

    if (s->n == JSON_MAX_VALUES)
        return fail(s, XM_MSG_VALUES, s->at, "more than %u values; split the document",
                    JSON_MAX_VALUES);
    if (xmi_array_room((void **)&s->values, s->n, &s->room, sizeof(*s->values)))
        return -ENOMEM;
    s->values[s->n] = (struct json_value){.kind = (uint8_t)kind,
                                          .start = s->at,
                                          .parent = parent,
                                          .next = JSON_NONE,
                                          .child = JSON_NONE,
                                          .key_start = s->key_start,
                                          .key_end = s->key_end};
    if (parent != JSON_NONE)
        s->values[s->n].index = s->values[parent].count;
    *out = s->n++;
    return 0;
}

static int hex4(const char *t)
{
    unsigned v = 0;

    for (int i = 0; i < 4; i++) {
        char c = t[i];
        char lower = (char)(c | 0x20);

        if (c >= '0' && c <= '9')
            v = v * 16 + (unsigned)(c - '0');
        else if (lower >= 'a' && lower <= 'f')
            v = v * 16 + (unsigned)(lower - 'a') + 10;
        else
            return -1;
    }
    return (int)v;
}

/* At the backslash of \uXXXX. A half of a pair alone, and NUL, are in no text. */
static int scan_unicode(struct json_scan *s)
{
    const char *t = s->text + s->at;
    int unit = hex4(t + 2), low;

    if (unit < 0)
        return fail(s, XM_MSG_STRING, s->at, "\\u needs four hexadecimal digits");
    if (unit == 0)
        return fail(s, XM_MSG_STRING, s->at, "NUL in a string");
    s->at += 6;
    if (unit < 0xd800 || unit > 0xdfff)
        return 0;
    low = unit < 0xdc00 && t[6] == '\\' && t[7] == 'u' ? hex4(t + 8) : -1;
    if (low < 0xdc00 || low > 0xdfff)
        return fail(s, XM_MSG_STRING, s->at - 6, "half of a surrogate pair");
    s->at += 6;
    return 0;
}

static int scan_escape(struct json_scan *s)
{
    char c = s->text[s->at + 1];

    if (c == 'u')
        return scan_unicode(s);
    if (c == '\0' || !strchr("\"\\/bfnrt", c))
        return fail(s, XM_MSG_STRING, s->at, "an escape that JSON does not have");
    s->at += 2;
    return 0;
}

/* At the opening quote; ends behind the closing one. */
static int scan_string(struct json_scan *s)
{
    uint32_t start = s->at++;

    for (;;) {
        unsigned char c = (unsigned char)s->text[s->at];
        int err;

        if (c == '"')
            break;
        if (s->at >= s->len)
            return fail(s, XM_MSG_END, start, "a string without its closing quote");
        if (c < 0x20)
            return fail(s, XM_MSG_STRING, s->at,
                        "control character 0x%02x in a string; escape it, or close the quote", c);
        err = c == '\\' ? scan_escape(s) : 0;
        if (err)
            return err;
        s->at += c != '\\';
    }
    s->at++;
    return 0;
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static uint32_t skip_digits(struct json_scan *s)
{
    uint32_t start = s->at;

    while (digit(s->text[s->at]))
        s->at++;
    return s->at - start;
}

static bool word_char(char c)
{
    return digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static int scan_number(struct json_scan *s)
{
    const char *t = s->text;
    uint32_t start = s->at;

    s->at += t[s->at] == '-';
    if (strncmp(t + s->at, "Infinity", 8) == 0)
        return fail(s, XM_MSG_NOT_JSON_WORD, start, "JSON has no Infinity");
    if (t[s->at] == '0' && digit(t[s->at + 1]))
        return fail(s, XM_MSG_NUMBER, start, "a number that begins with 0");
    if (t[s->at] == '0' && (t[s->at + 1] | 0x20) == 'x')
        return fail(s, XM_MSG_NUMBER, start, "hexadecimal numbers are strings: \"0x...\"");
    if (skip_digits(s) == 0)
        return fail(s, XM_MSG_NUMBER, start, "a sign without a number");
    if (t[s->at] == '.') {
        s->at++;
        if (skip_digits(s) == 0)
            return fail(s, XM_MSG_NUMBER, start, "a number that ends with its point");
    }
    if ((t[s->at] | 0x20) == 'e') {
        s->at++;
        s->at += t[s->at] == '+' || t[s->at] == '-';
        if (skip_digits(s) == 0)
            return fail(s, XM_MSG_NUMBER, start, "a number without its exponent");
    }
    if (word_char(t[s->at]) || t[s->at] == '.')
        return fail(s, XM_MSG_NUMBER, start, "a malformed number");
    return 0;
}

/* null, true, false; *kind says which. Other words are named: they come from other languages. */
static int scan_word(struct json_scan *s, enum json_kind *kind)
{
    const char *t = s->text + s->at;
    size_t n = 0;

    while (word_char(t[n]))
        n++;
    if (n == 4 && strncmp(t, "null", n) == 0)
        *kind = JSON_NULL;
    else if ((n == 4 && strncmp(t, "true", n) == 0) || (n == 5 && strncmp(t, "false", n) == 0))
        *kind = JSON_BOOL;
    else
        return fail(s, XM_MSG_NOT_JSON_WORD, s->at, "JSON has no word \"%.*s\"",
                    n > 24 ? 24 : (int)n, t);
    s->at += (uint32_t)n;
    return 0;
}

/* Behind an element: 1 there is another one, 0 the container is closed. */
static int scan_comma(struct json_scan *s, char close)
{
    uint32_t comma = s->at;
    int err;

    err = skip_space(s);
    if (err)
        return err;
    if (s->text[s->at] == close) {
        s->at++;
        return 0;
    }
    if (s->text[s->at] != ',')
        return unexpected(s, close == ']' ? "',' or ']'" : "',' or '}'");
    comma = s->at++;
    err = skip_space(s);
    if (err)
        return err;
    if (s->text[s->at] == close)
        return fail(s, XM_MSG_TRAILING_COMMA, comma, "a comma behind the last element");
    return 1;
}

/* The key and its colon; the value that follows is told where the key stood. */
static int scan_key(struct json_scan *s)
{
    int err = skip_space(s);

    if (err)
        return err;
    if (s->text[s->at] != '"')
        return unexpected(s, "a key in double quotes");
    s->key_start = s->at;
    err = scan_string(s);
    if (err)
        return err;
    s->key_end = s->at;
    err = skip_space(s);
    if (err)
        return err;
    if (s->text[s->at] != ':')
        return unexpected(s, "':'");
    s->at++;
    return 0;
}

static void link_child(struct json_scan *s, uint32_t parent, uint32_t child, uint32_t *last)
{
    if (*last == JSON_NONE)
        s->values[parent].child = child;
    else
        s->values[*last].next = child;
    s->values[parent].count++;
    *last = child;
}

/* At '[' or '{'. */
static int scan_container(struct json_scan *s, uint32_t self, unsigned depth)
{
    bool object = s->values[self].kind == JSON_OBJECT;
    char close = object ? '}' : ']';
    uint32_t last = JSON_NONE, child = 0;
    int more;

    if (depth >= JSON_MAX_DEPTH)
        return fail(s, XM_MSG_DEPTH, s->at, "nested more than %u deep", JSON_MAX_DEPTH);
    s->at++;
    more = skip_space(s);
    if (more < 0)
        return more;
    if (s->text[s->at] == close) {
        s->at++;
        return 0;
    }
    do {
        s->error_parent = self;
        s->key_end = 0;
        more = object ? scan_key(s) : 0;
        if (more < 0)
            return more;
        more = scan_value(s, self, depth + 1, &child);
        if (more < 0)
            return more;
        link_child(s, self, child, &last);
        s->error_parent = self;
        more = scan_comma(s, close);
    } while (more > 0);
    return more;
}

static enum json_kind kind_at(char c)
{
    switch (c) {
    case '{': return JSON_OBJECT;
    case '[': return JSON_ARRAY;
    case '"': return JSON_STRING;
    default: return digit(c) || c == '-' ? JSON_NUMBER : JSON_NULL;
    }
}

static int scan_body(struct json_scan *s, uint32_t self, unsigned depth)
{
    enum json_kind kind = s->values[self].kind;
    int err;

    switch (kind) {
    case JSON_OBJECT:
    case JSON_ARRAY: return scan_container(s, self, depth);
    case JSON_STRING: return scan_string(s);
    case JSON_NUMBER: return scan_number(s);
    default:
        err = scan_word(s, &kind);
        s->values[self].kind = (uint8_t)kind;
        return err;
    }
}

static int scan_value(struct json_scan *s, uint32_t parent, unsigned depth, uint32_t *out)
{
    int err = skip_space(s);
    char c;

    if (err)
        return err;
    c = s->text[s->at];
    if (kind_at(c) == JSON_NULL && !word_char(c))
        return unexpected(s, "a value");
    err = new_value(s, kind_at(c), parent, out);
    if (err)
        return err;
    s->error_parent = *out;
    err = scan_body(s, *out, depth);
    s->values[*out].end = s->at;
    return err;
}

static int check_utf8(struct json_scan *s)
{
    const unsigned char *t = (const unsigned char *)s->text;

    if (s->len >= 3 && memcmp(t, "\xef\xbb\xbf", 3) == 0)
        return fail(s, XM_MSG_UTF8, 0, "a byte order mark; save the file as UTF-8 without one");
    for (uint32_t i = 0; i < s->len;) {
        size_t n = t[i] < 0x80 ? 1 : utf8_length(t + i, s->len - i);

        if (n == 0)
            return fail(s, XM_MSG_UTF8, i, "byte 0x%02x is not valid UTF-8 here", t[i]);
        i += (uint32_t)n;
    }
    return 0;
}

int xmi_json_scan(struct json_scan *s, const char *text, uint32_t len)
{
    uint32_t root;
    int err;

    *s = (struct json_scan){.text = text, .len = len, .error_parent = JSON_NONE};
    err = check_utf8(s);
    if (err == 0)
        err = skip_space(s);
    if (err)
        return err;
    if (s->at == len)
        return fail(s, XM_MSG_EMPTY, s->at, "the document is empty");
    err = scan_value(s, JSON_NONE, 0, &root);
    if (err)
        return err;
    s->error_parent = JSON_NONE;
    err = skip_space(s);
    if (err)
        return err;
    if (s->at < len)
        return fail(s, XM_MSG_TRAILING, s->at, "text behind the end of the document");
    return 0;
}
