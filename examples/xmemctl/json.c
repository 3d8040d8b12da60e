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

static void put_string(const char *s)
{
    putchar('"');
    while (*s != '\0') {
        uint32_t code = 0;
        size_t n = ctl_utf8(s, &code);
        if (n == 0) {
            fputs("\\ufffd", stdout);
            n = 1;
        } else if (code == '"' || code == '\\') {
            printf("\\%c", (char)code);
        } else if (ctl_commands(code)) { /* exactly, and no command to a terminal */
            printf("\\u%04x", (unsigned)code);
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
