/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Typed getters over a document. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doc/doc.h"

const char *xmi_json_kind_name(enum json_kind kind)
{
    static const char *const names[] = {"null",     "true or false", "a number",
                                        "a string", "an array",      "an object"};

    return names[kind];
}

const struct json_value *xmi_json_find(const struct json_doc *doc, const struct json_value *object,
                                       const char *key)
{
    json_for_each(doc, v, object) if (v->key && strcmp(v->key, key) == 0) return v;
    return NULL;
}

bool xmi_json_want(struct json_doc *doc, const struct json_value *v, enum json_kind kind)
{
    if (v->kind == kind)
        return true;
    xmi_json_error(doc, v, XM_MSG_TYPE, "%s where %s is expected", xmi_json_kind_name(v->kind),
                   xmi_json_kind_name(kind));
    return false;
}

/* "a, b, c" of a list, into buf. */
static const char *list_words(const char *const *words, char *buf, size_t size)
{
    size_t n = 0;

    buf[0] = '\0';
    for (size_t i = 0; words[i] && n < size; i++)
        n += (size_t)snprintf(buf + n, size - n, "%s%s", i ? ", " : "", words[i]);
    return buf;
}

static bool find_word(const char *const *words, const char *text, size_t *out)
{
    for (size_t i = 0; words[i]; i++)
        if (strcmp(words[i], text) == 0) {
            *out = i;
            return true;
        }
    return false;
}

bool xmi_json_want_keys(struct json_doc *doc, const struct json_value *object,
                        const char *const *keys)
{
    char list[512];
    bool good = xmi_json_want(doc, object, JSON_OBJECT);
    size_t place;

    if (!good)
        return false;
    json_for_each(doc, v, object) if (!find_word(keys, v->key, &place))
    {
        xmi_json_key_error(doc, v, XM_MSG_UNKNOWN_KEY, "unknown key \"%.60s\"; known here: %s",
                           v->key, list_words(keys, list, sizeof(list)));
        good = false;
    }
    return good;
}

const struct json_value *xmi_json_need(struct json_doc *doc, const struct json_value *object,
                                       const char *key)
{
    const struct json_value *v = xmi_json_find(doc, object, key);

    if (!v)
        xmi_json_error(doc, object, XM_MSG_MISSING_KEY, "the key \"%s\" is missing", key);
    return v;
}

bool xmi_json_want_count(struct json_doc *doc, const struct json_value *v, uint32_t min,
                         uint32_t max)
{
    if (v->count >= min && v->count <= max)
        return true;
    if (v->count < min)
        xmi_json_error(doc, v, XM_MSG_COUNT, "%s with %u elements; it needs %u or more",
                       xmi_json_kind_name(v->kind), v->count, min);
    else
        xmi_json_error(doc, v, XM_MSG_COUNT, "%s with %u elements; it may have %u at most",
                       xmi_json_kind_name(v->kind), v->count, max);
    return false;
}

bool xmi_json_get_bool(struct json_doc *doc, const struct json_value *v, bool *out)
{
    size_t n;

    if (!xmi_json_want(doc, v, JSON_BOOL))
        return false;
    *out = *xmi_json_raw(doc, v, &n) == 't';
    return true;
}

bool xmi_json_get_text(struct json_doc *doc, const struct json_value *v, size_t max,
                       const char **out)
{
    size_t n;

    if (!xmi_json_want(doc, v, JSON_STRING))
        return false;
    n = strlen(v->text);
    if (n == 0 || n > max) {
        xmi_json_error(doc, v, XM_MSG_TEXT_LENGTH, "%s; 1 to %zu bytes are allowed",
                       n ? "too long" : "empty", max);
        return false;
    }
    *out = v->text;
    return true;
}

bool xmi_json_get_word(struct json_doc *doc, const struct json_value *v, const char *what,
                       const char *const *words, size_t *out)
{
    char list[512];
    const char *text;

    if (!xmi_json_want(doc, v, JSON_STRING))
        return false;
    text = v->text;
    if (find_word(words, text, out))
        return true;
    xmi_json_error(doc, v, XM_MSG_WORD, "\"%.60s\" is not %s; known: %s", text, what,
                   list_words(words, list, sizeof(list)));
    return false;
}

/* ---- numbers ---- */

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int xmi_json_parse_u64(const char *s, size_t n, uint64_t *out)
{
    bool hex = n > 1 && s[0] == '0' && (s[1] | 0x20) == 'x';
    uint64_t base = hex ? 16 : 10, v = 0;
    size_t i = hex ? 2 : 0;

    if (i == n)
        return -EINVAL;
    for (; i < n; i++) {
        int d = digit_value(s[i]);

        if (d < 0 || (uint64_t)d >= base)
            return -EINVAL;
        if (__builtin_mul_overflow(v, base, &v) || __builtin_add_overflow(v, (uint64_t)d, &v))
            return -ERANGE;
    }
    *out = v;
    return 0;
}

static void range_error(struct json_doc *doc, const struct json_value *v, uint64_t min,
                        uint64_t max)
{
    size_t n;
    const char *text = xmi_json_raw(doc, v, &n);
    const char *more = n > 40 ? "..." : "";
    int shown = n > 40 ? 40 : (int)n;

    if (max > UINT32_MAX)
        xmi_json_error(doc, v, XM_MSG_RANGE, "%.*s%s is out of range: %" PRIu64 " to 0x%" PRIx64,
                       shown, text, more, min, max);
    else
        xmi_json_error(doc, v, XM_MSG_RANGE, "%.*s%s is out of range: %" PRIu64 " to %" PRIu64,
                       shown, text, more, min, max);
}

/* The digits of a plain number; -ERANGE beyond JSON_MAX_PLAIN. */
static int parse_plain(const char *s, size_t n, uint64_t *out)
{
    uint64_t v = 0;

    for (size_t i = 0; i < n; i++) {
        v = v * 10 + (uint64_t)(s[i] - '0');
        if (v > JSON_MAX_PLAIN)
            return -ERANGE;
    }
    *out = v;
    return 0;
}

/* A number token: all digits, or negative, or with a point or an exponent. */
static bool get_plain(struct json_doc *doc, const struct json_value *v, uint64_t min, uint64_t max,
                      uint64_t *out)
{
    size_t n;
    const char *text = xmi_json_raw(doc, v, &n);

    if (memchr(text, '.', n) || memchr(text, 'e', n) || memchr(text, 'E', n)) {
        xmi_json_error(doc, v, XM_MSG_INTEGER, "%.*s is not an integer", n > 40 ? 40 : (int)n,
                       text);
        return false;
    }
    if (text[0] == '-') {
        range_error(doc, v, min, max);
        return false;
    }
    if (parse_plain(text, n, out) == 0)
        return true;
    if (max > JSON_MAX_PLAIN)
        xmi_json_error(doc, v, XM_MSG_RANGE,
                       "%.*s is too large for a plain number: above %" PRIu64
                       " write a string \"0x...\"",
                       n > 40 ? 40 : (int)n, text, JSON_MAX_PLAIN);
    else
        range_error(doc, v, min, max);
    return false;
}

static bool get_quoted(struct json_doc *doc, const struct json_value *v, uint64_t min, uint64_t max,
                       uint64_t *out)
{
    const char *text = v->text;
    int err = xmi_json_parse_u64(text, strlen(text), out);

    if (err == -EINVAL)
        xmi_json_error(doc, v, XM_MSG_HEX, "\"%.60s\" is not a number as \"31\" or \"0x1f\"", text);
    else if (err)
        range_error(doc, v, min, max);
    return err == 0;
}

bool xmi_json_get_u64(struct json_doc *doc, const struct json_value *v, uint64_t min, uint64_t max,
                      uint64_t *out)
{
    uint64_t n;
    bool good;

    if (v->kind != JSON_NUMBER && v->kind != JSON_STRING) {
        xmi_json_error(doc, v, XM_MSG_TYPE, "%s where a number or a string \"0x...\" is expected",
                       xmi_json_kind_name(v->kind));
        return false;
    }
    good = (v->kind == JSON_NUMBER ? get_plain : get_quoted)(doc, v, min, max, &n);
    if (!good)
        return false;
    if (n < min || n > max) {
        range_error(doc, v, min, max);
        return false;
    }
    *out = n;
    return true;
}

bool xmi_json_get_u32(struct json_doc *doc, const struct json_value *v, uint32_t min, uint32_t max,
                      uint32_t *out)
{
    uint64_t n;

    if (!xmi_json_get_u64(doc, v, min, max, &n))
        return false;
    *out = (uint32_t)n;
    return true;
}
