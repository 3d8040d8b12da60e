/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Decoding by hand: the scanner has checked every escape, and a decoded string is shorter than it
 * stands in the text, so that one allocation is enough for all and nothing can be missing of any.
 */
#include "doc/doc-int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- one string ---- */

static uint32_t hex4(const char *s)
{
    uint32_t v = 0;

    for (int i = 0; i < 4; i++)
        v = v << 4 | (uint32_t)(s[i] <= '9' ? s[i] - '0' : (s[i] | 0x20) - 'a' + 10);
    return v;
}

static char *put_utf8(char *out, uint32_t c)
{
    if (c < 0x80) {
        *out++ = (char)c;
        return out;
    }
    if (c < 0x800) {
        *out++ = (char)(0xc0 | c >> 6);
    } else {
        if (c < 0x10000) {
            *out++ = (char)(0xe0 | c >> 12);
        } else {
            *out++ = (char)(0xf0 | c >> 18);
            *out++ = (char)(0x80 | (c >> 12 & 0x3f));
        }
        *out++ = (char)(0x80 | (c >> 6 & 0x3f));
    }
    *out++ = (char)(0x80 | (c & 0x3f));
    return out;
}

/* At the u of \uXXXX; a first half has its second behind it. Moves *s behind it. */
static char *put_unicode(char *out, const char **s)
{
    uint32_t c = hex4(*s + 1);

    *s += 5;
    if (c >= 0xd800 && c <= 0xdfff) {
        c = 0x10000 + ((c - 0xd800) << 10) + (hex4(*s + 2) - 0xdc00);
        *s += 6;
    }
    return put_utf8(out, c);
}

/* s: at the opening quote, end behind the closing one. Returns the place behind the NUL. */
static char *decode(char *out, const char *s, const char *end)
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";

    for (s++; s < end - 1;) {
        if (*s != '\\') {
            *out++ = *s++;
        } else if (s[1] == 'u') {
            s++;
            out = put_unicode(out, &s);
        } else {
            const char *letter = strchr(from, s[1]);

            *out++ = letter ? to[letter - from] : s[1];
            s += 2;
        }
    }
    *out++ = '\0';
    return out;
}

int xmi_json_decode(struct json_value *values, uint32_t n, const char *text, uint32_t len,
                    char **out)
{
    char *room = malloc((size_t)len + 1), *at = room;

    if (!room)
        return -ENOMEM;
    *out = room;
    for (uint32_t i = 0; i < n; i++) {
        struct json_value *v = &values[i];

        if (v->key_end) {
            v->key = at;
            at = decode(at, text + v->key_start, text + v->key_end);
        }
        if (v->kind == JSON_STRING) {
            v->text = at;
            at = decode(at, text + v->start, text + v->end);
        }
    }
    return 0;
}

/* ---- keys that occur twice ---- */

struct member {
    const char *key;
    uint32_t value, first;
};

static int by_key(const void *a, const void *b)
{
    const struct member *x = a, *y = b;
    int order = strcmp(x->key, y->key);

    return order ? order : x->value < y->value ? -1 : 1;
}

static int by_value(const void *a, const void *b)
{
    const struct member *x = a, *y = b;

    return x->value < y->value ? -1 : 1;
}

static void compare(struct member *m, uint32_t n, json_twice_fn fn, void *arg)
{
    uint32_t twice = 0;

    qsort(m, n, sizeof(*m), by_key);
    for (uint32_t i = 1; i < n; i++) {
        if (strcmp(m[i].key, m[i - 1].key) != 0)
            continue;
        m[i].first = m[i - 1].first;
        twice++;
    }
    if (!twice)
        return;
    qsort(m, n, sizeof(*m), by_value); /* told in the order of the document */
    for (uint32_t i = 0; i < n; i++)
        if (m[i].first != m[i].value)
            fn(arg, m[i].value, m[i].first);
}

static uint32_t members_of(const struct json_value *values, uint32_t object, struct member *m)
{
    uint32_t n = 0;

    for (uint32_t i = values[object].child; i != JSON_NONE; i = values[i].next)
        m[n++] = (struct member){values[i].key, i, i};
    return n;
}

int xmi_json_find_twice(const struct json_value *values, uint32_t n, json_twice_fn fn, void *arg)
{
    uint32_t most = 0;
    struct member *m;

    for (uint32_t i = 0; i < n; i++)
        if (values[i].kind == JSON_OBJECT && values[i].count > most)
            most = values[i].count;
    if (most < 2)
        return 0;
    m = malloc(most * sizeof(*m));
    if (!m)
        return -ENOMEM;
    for (uint32_t i = 0; i < n; i++)
        if (values[i].kind == JSON_OBJECT && values[i].count > 1)
            compare(m, members_of(values, i, m), fn, arg);
    free(m);
    return 0;
}
