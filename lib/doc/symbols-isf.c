/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Symbols in JSON, the intermediate symbol format that dwarf2json writes:
 * { "symbols": { NAME: { "address": N, ... }, ... }, ... }, 20 to 60 MB. Only its members are told apart
 * here, and the names and symbols are read one by one by what reads policies: without memory there is a
 * code, and no name in part. A JSON library makes a tree of it, most of which is types, and its incremental
 * reader takes the text in pieces, but makes the same tree. Measured with 63 MB and 160,000 symbols: json-c
 * 0.16, read in pieces, 998 MB and 0.83 s; this 62 MB, the text itself with it, and 0.24 s.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "doc/doc-int.h"
#include "doc/doc.h"

/* A piece of the text; p moves. */
struct span {
    const char *p, *end;
};

struct isf {
    char *copy; /* of a piece, with a NUL behind it */
    size_t room;
    symbol_fn fn;
    void *arg;
    bool found; /* "symbols" */
    int err;
};

typedef bool (*member_fn)(struct isf *isf, struct span key, struct span value);

static char next(struct span *s)
{
    while (s->p < s->end && strchr(" \t\r\n", *s->p) && *s->p)
        s->p++;
    return s->p < s->end ? *s->p : '\0';
}

static bool skip_string(struct span *s)
{
    for (s->p++; s->p < s->end && *s->p != '"'; s->p++)
        s->p += *s->p == '\\';
    if (s->p >= s->end)
        return false;
    s->p++;
    return true;
}

/* A value, up to the comma or bracket behind it. What is inside is looked at later. */
static bool skip_value(struct span *s)
{
    unsigned depth = 0;
    const char *start = s->p;

    while (s->p < s->end) {
        char c = *s->p;

        if (c == '"') {
            if (!skip_string(s))
                return false;
            continue;
        }
        if (c == '{' || c == '[')
            depth++;
        if (depth == 0 && (c == ',' || c == '}' || c == ']'))
            return s->p > start;
        if (c == '}' || c == ']')
            depth--;
        s->p++;
    }
    return false;
}

/* fn for each member of the object at s->p. False: no JSON, or fn says so. */
static bool each_member(struct isf *isf, struct span *s, member_fn fn)
{
    if (next(s) != '{')
        return false;
    s->p++;
    if (next(s) == '}')
        return true;
    while (next(s) == '"') {
        struct span key = {s->p, NULL}, value;

        if (!skip_string(s))
            return false;
        key.end = s->p;
        if (next(s) != ':')
            return false;
        s->p++;
        (void)next(s);
        value.p = s->p;
        if (!skip_value(s))
            return false;
        value.end = s->p;
        if (!fn(isf, key, value))
            return false;
        if (*s->p++ != ',')
            return s->p[-1] == '}';
    }
    return false;
}

struct piece {
    struct json_scan scan;
    char *strings;
};

static void piece_free(struct piece *piece)
{
    free(piece->strings);
    free(piece->scan.values);
}

static int copy_piece(struct isf *isf, const char *from, size_t n)
{
    if (n >= isf->room) {
        size_t room = 2 * n + 256;
        char *grown = realloc(isf->copy, room);

        if (!grown)
            return -ENOMEM;
        isf->copy = grown;
        isf->room = room;
    }
    memcpy(isf->copy, from, n);
    isf->copy[n] = '\0';
    return 0;
}

/* False: it is no JSON, or memory is short. */
static bool read_piece(struct isf *isf, struct span s, struct piece *out)
{
    size_t n = (size_t)(s.end - s.p);
    int err = n > JSON_MAX_BYTES ? -EBADMSG : copy_piece(isf, s.p, n);

    *out = (struct piece){0};
    if (err == 0)
        err = xmi_json_scan(&out->scan, isf->copy, (uint32_t)n);
    if (err == 0)
        err = xmi_json_decode(out->scan.values, out->scan.n, isf->copy, (uint32_t)n, &out->strings);
    if (err) {
        isf->err = err;
        piece_free(out);
    }
    return err == 0;
}

static bool tell(struct isf *isf, struct span key, uint64_t address)
{
    struct symbol s = {.address = address};
    struct piece name;

    if (!read_piece(isf, key, &name))
        return false;
    s.name = name.scan.values[0].text;
    s.len = strlen(s.name);
    isf->fn(isf->arg, &s);
    piece_free(&name);
    return true;
}

/* False: it has none, or none that is a number of 64 bits. */
static bool get_address(const struct piece *symbol, uint64_t *out)
{
    const struct json_value *values = symbol->scan.values;
    bool has = false;

    for (uint32_t i = values[0].child; i != JSON_NONE; i = values[i].next) {
        const struct json_value *v = &values[i];

        if (strcmp(v->key, "address") == 0)
            has = v->kind == JSON_NUMBER &&
                  xmi_json_parse_u64(symbol->scan.text + v->start, v->end - v->start, out) == 0;
    }
    return has;
}

/* JSON lets a text have one; a name has none, and none that is cut there either. */
static bool has_nul(struct span s)
{
    for (; s.p < s.end; s.p++) {
        if (*s.p != '\\')
            continue;
        if (s.end - s.p >= 6 && memcmp(s.p, "\\u0000", 6) == 0)
            return true;
        s.p++;
    }
    return false;
}

static bool on_symbol(struct isf *isf, struct span key, struct span value)
{
    struct piece symbol;
    uint64_t address;
    bool has;

    if (*value.p != '{')
        return false;
    if (has_nul(key) || has_nul(value))
        return true;
    if (!read_piece(isf, value, &symbol))
        return false;
    has = get_address(&symbol, &address);
    piece_free(&symbol);
    return !has || tell(isf, key, address);
}

static bool on_root(struct isf *isf, struct span key, struct span value)
{
    static const char symbols[] = "\"symbols\"";

    if (key.end - key.p != sizeof(symbols) - 1 || memcmp(key.p, symbols, sizeof(symbols) - 1) != 0)
        return true;
    isf->found = true;
    return each_member(isf, &value, on_symbol);
}

int xmi_symbols_each_isf(const struct symbols *s, symbol_fn fn, void *arg, struct xmem_error *why)
{
    struct isf isf = {.fn = fn, .arg = arg, .err = -EBADMSG};
    struct span all = {s->from, s->from + s->len};
    bool good = each_member(&isf, &all, on_root);

    free(isf.copy);
    if (good && isf.found)
        return 0;
    if (isf.err == -ENOMEM)
        return xmi_error_set(why, -ENOMEM, "cannot be read: %s", strerror(ENOMEM));
    return xmi_error_set(why, -EBADMSG,
                         good ? "is JSON without \"symbols\", which dwarf2json "
                                "writes"
                              : "is broken or cut: no JSON");
}
