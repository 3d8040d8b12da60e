/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Symbols in lines: "address type name", or with a size as nm -S has it. */
#include "doc/doc.h"

#include <errno.h>
#include <string.h>

#define NARROW_DIGITS 8 /* of a 32-bit address */

static int hex_value(char c)
{
    int low = c | 0x20;

    if (c >= '0' && c <= '9')
        return c - '0';
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/* Hexadecimal digits at p; how many, 0 where they are more than an address has. */
static size_t read_hex(const char *p, const char *end, uint64_t *out)
{
    size_t n = 0;

    *out = 0;
    for (; p + n < end && hex_value(p[n]) >= 0; n++)
        *out = *out << 4 | (uint64_t)hex_value(p[n]);
    return n <= 16 ? n : 0;
}

/* Digits and the blank behind them. */
static bool skip_hex(const char **p, const char *end, uint64_t *value, size_t *digits)
{
    *digits = read_hex(*p, end, value);
    if (*digits == 0 || *p + *digits == end || (*p)[*digits] != ' ')
        return false;
    *p += *digits + 1;
    return true;
}

static bool at_type(const char *p, const char *end)
{
    return end - p > 2 && p[0] > ' ' && p[1] == ' ' && p[2] > ' ';
}

/* A name may have blanks (nm -C); behind a tab is the module, or where it is in the source. */
static void split_name(const char *p, const char *end, struct symbol *s)
{
    const char *tab = memchr(p, '\t', (size_t)(end - p));
    const char *last = tab ? tab : end;

    while (last > p && last[-1] == ' ')
        last--;
    s->name = p;
    s->len = (size_t)(last - p);
    s->module = NULL;
    if (!tab || end - tab < 4 || tab[1] != '[' || end[-1] != ']')
        return;
    s->module = tab + 2;
    s->module_len = (size_t)(end - 1 - s->module);
}

/* Other lines (blank, "file.o:", undefined symbols, with a NUL) say nothing. */
static bool parse_line(const char *p, const char *end, struct symbol *s)
{
    uint64_t size;
    size_t digits, size_digits;

    while (end > p && (end[-1] == '\r' || end[-1] == ' '))
        end--;
    if (memchr(p, '\0', (size_t)(end - p)) || !skip_hex(&p, end, &s->address, &digits))
        return false;
    if (!at_type(p, end) && (!skip_hex(&p, end, &size, &size_digits) || !at_type(p, end)))
        return false;
    s->narrow = digits == NARROW_DIGITS;
    s->code = strchr("TtWw", *p) != NULL;
    split_name(p + 2, end, s);
    return true;
}

struct tally {
    size_t symbols, code, odd;
    bool wide, somewhere;
};

static void count(void *arg, const struct symbol *s)
{
    struct tally *t = arg;

    t->symbols++;
    t->code += s->code;
    t->odd += s->code && (s->address & 1);
    t->wide |= !s->narrow;
    t->somewhere |= s->address != 0;
}

static void each_line(const struct symbols *file, uint64_t thumb, symbol_fn fn, void *arg)
{
    const char *p = file->from, *end = p + file->len;
    struct symbol s;

    while (p < end) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        const char *line_end = newline ? newline : end;

        if (parse_line(p, line_end, &s)) {
            s.address &= s.code ? ~thumb : UINT64_MAX;
            fn(arg, &s);
        }
        p = line_end + 1;
    }
}

static bool is_json(const struct symbols *s)
{
    size_t n = s->len ? strspn(s->from, " \t\r\n") : 0;

    return n < s->len && s->from[n] == '{';
}

int xmi_symbols_each(const struct symbols *s, symbol_fn fn, void *arg, struct xmem_error *why)
{
    struct tally t = {0};
    bool thumb;

    if (is_json(s))
        return xmi_symbols_each_isf(s, fn, arg, why);
    each_line(s, 0, count, &t);
    if (t.symbols == 0)
        return xmi_error_set(why, -EBADMSG, "has no lines as \"ffffffff81000000 T _text\"");
    if (!t.somewhere)
        return xmi_error_set(why, -EBADMSG,
                             "has all symbols at address 0, which is what "
                             "kptr_restrict shows of /proc/kallsyms: read it as root");
    thumb = !t.wide && t.odd * 4 >= t.code * 3 && t.odd;
    each_line(s, thumb, fn, arg);
    return 0;
}
