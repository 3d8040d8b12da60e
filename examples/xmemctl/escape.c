/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names and texts that others chose, made fit for a terminal: what would command it, or change
 * the order of what stands beside it, is written as an escape.
 */
#include <stdio.h>
#include <string.h>

#include "ctl.h"

size_t ctl_utf8(const char *text, uint32_t *code)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;

    if (n == 0 || s[0] > 0xf4) {
        return 0;
    }
    *code = n == 1 ? s[0] : s[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            return 0;
        }
        *code = *code << 6 | (s[i] & 0x3fu);
    }
    /* overlong, surrogates, above 10ffff: RFC 3629 */
    if ((n == 3 && (*code < 0x800 || (*code >= 0xd800 && *code < 0xe000))) ||
        (n == 4 && (*code < 0x10000 || *code > 0x10ffff))) {
        return 0;
    }
    return n;
}

bool ctl_commands(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) ||       /* C0, DEL, C1 */
           code == 0x061c || code == 0x200e || code == 0x200f || /* marks of direction, */
           (code >= 0x202a && code <= 0x202e) ||                 /* embeddings, overrides, */
           (code >= 0x2066 && code <= 0x2069) ||                 /* isolates: UAX #9 */
           code == 0x2028 || code == 0x2029;                     /* ends of lines */
}

/* quote: a backslash is doubled, so that an escape is known from a name that looks like one. */
static void put(FILE *f, const char *text, bool quote)
{
    while (*text != '\0') {
        uint32_t code = 0;
        size_t n = ctl_utf8(text, &code);
        if (n == 0 || (n == 1 && ctl_commands(code))) {
            fprintf(f, "\\x%02x", (unsigned char)*text);
        } else if (ctl_commands(code)) {
            fprintf(f, "\\u%04x", (unsigned)code);
        } else if (quote && code == '\\') {
            fputs("\\\\", f);
        } else {
            fwrite(text, 1, n, f);
        }
        text += n == 0 ? 1 : n;
    }
}

void ctl_put_name(const char *name)
{
    put(stdout, name, true);
}

void ctl_put_text(FILE *f, const char *text)
{
    put(f, text, false);
}

const char *ctl_name(const char *name, char out[CTL_NAME_BYTES])
{
    FILE *f = fmemopen(out, CTL_NAME_BYTES, "w");

    out[0] = '\0';
    if (f != NULL) {
        put(f, name, true);
        fclose(f);
    }
    return out;
}
