/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Symbols in JSON, the intermediate symbol format that dwarf2json writes:
 * { "symbols": { NAME: { "address": N, ... }, ... }, ... }. Such a document has a gigabyte as a
 * tree, most of it types. So only its members are told apart here, and json-c reads the names
 * and symbols one by one.
 */
#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <string.h>

#include "doc/symbols.h"

/* A piece of the text; p moves. */
struct span {
    const char *p, *end;
};

struct isf {
    struct json_tokener *tok;
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

/* A value, up to the comma or bracket behind it. json-c looks at what is inside. */
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

/* json-c reads a piece; NULL: it is no JSON, or memory is short. */
static struct json_object *read_piece(struct isf *isf, struct span s)
{
    struct json_object *o = NULL;
    enum json_tokener_error error;

    json_tokener_reset(isf->tok);
    if (s.end - s.p < INT_MAX)
        o = json_tokener_parse_ex(isf->tok, s.p, (int)(s.end - s.p));
    error = json_tokener_get_error(isf->tok);
    if (!o)
        isf->err = error == json_tokener_success ? -ENOMEM : -EBADMSG;
    s.p += json_tokener_get_parse_end(isf->tok);
    if (o && next(&s)) { /* something is behind it */
        json_object_put(o);
        o = NULL;
    }
    return o;
}

static bool tell(struct isf *isf, struct span key, struct json_object *address)
{
    struct json_object *name = read_piece(isf, key);
    struct symbol s = {.address = json_object_get_uint64(address)};

    if (!name)
        return false;
    s.name = json_object_get_string(name);
    s.len = (size_t)json_object_get_string_len(name);
    isf->fn(isf->arg, &s);
    json_object_put(name);
    return true;
}

static bool on_symbol(struct isf *isf, struct span key, struct span value)
{
    struct json_object *symbol, *address;
    bool good;

    if (*value.p != '{')
        return false;
    symbol = read_piece(isf, value);
    good = symbol != NULL;
    if (good && json_object_object_get_ex(symbol, "address", &address) &&
        json_object_is_type(address, json_type_int))
        good = tell(isf, key, address);
    json_object_put(symbol);
    return good;
}

static bool on_root(struct isf *isf, struct span key, struct span value)
{
    static const char symbols[] = "\"symbols\"";

    if (key.end - key.p != sizeof(symbols) - 1 || memcmp(key.p, symbols, sizeof(symbols) - 1) != 0)
        return true;
    isf->found = true;
    return each_member(isf, &value, on_symbol);
}

int symbols_each_isf(const struct symbols *s, symbol_fn fn, void *arg, struct xmem_error *why)
{
    struct isf isf = {.tok = json_tokener_new(), .fn = fn, .arg = arg, .err = -EBADMSG};
    struct span all = {s->from, s->from + s->len};
    bool good = isf.tok && each_member(&isf, &all, on_root);

    if (isf.tok)
        json_tokener_free(isf.tok);
    else
        isf.err = -ENOMEM;
    if (good && isf.found)
        return 0;
    if (isf.err == -ENOMEM)
        return xmem_error_set(why, -ENOMEM, "cannot be read: %s", strerror(ENOMEM));
    return xmem_error_set(why, -EBADMSG, good ? "is JSON without \"symbols\", which dwarf2json "
                          "writes" : "is broken or cut: no JSON");
}
