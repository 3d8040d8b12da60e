/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sets of bits in words, and names and texts of others. */
#include "ctl.h"

#include <stdio.h>
#include <string.h>

const struct ctl_bit ctl_step_means[] = {
    {XMEM_STEP_HYPERVISOR, "hypervisor"}, {XMEM_STEP_VIEW, "view"},
    {XMEM_STEP_SINGLE, "single-step"},    {XMEM_STEP_EMULATE, "emulate"},
    {XMEM_STEP_RELAX, "relax"},           {0, NULL},
};

const struct ctl_bit ctl_cap_flags[] = {
    {XMEM_CAP_MEM_ACCESS, "mem-access"},   {XMEM_CAP_SET_MANY, "set-many"},
    {XMEM_CAP_SUPPRESS_VE, "suppress-ve"}, {XMEM_CAP_VISIBILITY, "visibility"},
    {XMEM_CAP_SWITCH_VCPU, "switch-vcpu"}, {XMEM_CAP_DEFAULT_ALL, "default-all"},
    {XMEM_CAP_ADD_PAGE, "add-page"},       {0, NULL},
};

static void put_name(const char *name, bool json)
{
    if (json) {
        js_str(NULL, name);
    } else {
        printf(" %s", name);
    }
}

static void begin(const char *key, bool json)
{
    if (json) {
        js_begin(key, '[');
    }
}

static void end(bool any, bool json)
{
    if (json) {
        js_end(']');
    } else {
        fputs(any ? "\n" : " none\n", stdout);
    }
}

void ctl_put_bits(const char *key, const struct ctl_bit *table, uint64_t bits, bool json)
{
    bool any = false;

    begin(key, json);
    for (; table->name != NULL; table++) {
        if ((bits & table->bit) != 0) {
            put_name(table->name, json);
            any = true;
        }
    }
    end(any, json);
}

void ctl_put_rights(const char *key, uint32_t rights, bool json)
{
    begin(key, json);
    for (unsigned i = 0; i < 32; i++) {
        const char *name = xmem_rights_name((enum xmem_rights)i);
        if ((rights & XMEM_RIGHTS_BIT(i)) != 0 && name != NULL) {
            put_name(name, json);
        }
    }
    end(rights != 0, json);
}

void ctl_put_monitors(const char *key, uint64_t monitors, bool json)
{
    begin(key, json);
    for (unsigned i = 0; i < 64; i++) {
        const char *name = xmem_event_reason_name((enum xmem_event_reason)i);
        if ((monitors >> i & 1u) != 0 && name != NULL) {
            put_name(name, json);
        }
    }
    end(monitors != 0, json);
}

const char *ctl_rights(enum xmem_rights rights)
{
    const char *name = xmem_rights_name(rights);

    return name != NULL ? name : "?";
}

/* ---- of others ---- */

/*
 * Names and texts that others chose, made fit for a terminal: what would command it, or change
 * the order of what stands beside it, is written as an escape.
 */

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
