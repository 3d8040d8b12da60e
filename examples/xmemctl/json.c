/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * JSON on stdout, as it comes. 64-bit addresses and gfns are hexadecimal strings, as in
 * policies, since many readers hold numbers in a double; counts are numbers.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ctl.h"

static bool need_comma; /* a value came before, on this level */

/* Length of the UTF-8 sequence at s, 0 if it is none (RFC 3629). */
static size_t utf8_length(const unsigned char *s)
{
    size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;

    if (n == 0 || s[0] > 0xf4) {
        return 0;
    }
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    /* overlong, surrogates, above 10ffff */
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f)) {
        return 0;
    }
    return n;
}

static void put_string(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;

    putchar('"');
    while (*s != '\0') {
        size_t n = utf8_length(s);
        if (n == 0) {
            fputs("\\ufffd", stdout);
            n = 1;
        } else if (*s == '"' || *s == '\\') {
            printf("\\%c", *s);
        } else if (*s < 0x20 || *s == 0x7f) {
            printf("\\u%04x", *s);
        } else {
            fwrite(s, 1, n, stdout);
        }
        s += n;
    }
    putchar('"');
}

/* key NULL: an element of an array, or the outermost value. */
static void put_key(const char *key)
{
    if (need_comma) {
        putchar(',');
    }
    if (key != NULL) {
        put_string(key);
        putchar(':');
    }
    need_comma = true;
}

void js_begin(const char *key, char bracket)
{
    put_key(key);
    putchar(bracket);
    need_comma = false;
}

void js_end(char bracket)
{
    putchar(bracket);
    need_comma = true;
}

void js_str(const char *key, const char *value)
{
    put_key(key);
    if (value == NULL) {
        fputs("null", stdout);
    } else {
        put_string(value);
    }
}

void js_u64(const char *key, uint64_t value)
{
    put_key(key);
    printf("%" PRIu64, value);
}

void js_hex(const char *key, uint64_t value)
{
    put_key(key);
    printf("\"0x%" PRIx64 "\"", value);
}

void js_bool(const char *key, bool value)
{
    put_key(key);
    fputs(value ? "true" : "false", stdout);
}

void js_double(const char *key, double value)
{
    put_key(key);
    printf("%.6f", value);
}

void js_newline(void)
{
    putchar('\n');
    need_comma = false;
}

void ctl_clean(char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f) {
            *text = '?';
        }
    }
}
