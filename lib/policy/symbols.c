/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ranges by symbols: { "symbols": FILE, "from": NAME, "to": NAME }. All ranges of all regions
 * are collected first, so that each file is read once.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "policy/policy-int.h"
#include "doc/doc.h"

#define SYMBOL_NAME_MAX 511u
#define LOOKUPS_MAX 65536u
#define WHICH_MAX 16u /* addresses of one name to choose from */

/* One end of one range. */
struct end {
    const char *symbol, *module; /* belong to the document; module: NULL for none named */
    const struct json_value *v;
    uint32_t which; /* of the addresses, from 1; 0: there must be one */
    uint32_t n;
    uint64_t at[WHICH_MAX]; /* the lowest, in order, all different */
    bool own;               /* they are the kernel's own, not of modules */
    uint64_t address;       /* the one */
};

struct policy_lookup {
    const char *file; /* likewise */
    const struct json_value *file_v, *v;
    struct end from, to;
    uint64_t base, offset; /* guest-physical = address - base + offset */
    uint32_t region;
    struct policy_anchor *anchor; /* its symbol is "from", and it has no region */
};

/* ---- taking note ---- */

static struct policy_lookup *new_lookup(struct policy_parser *pp, const struct json_value *v)
{
    if (pp->n_lookups == LOOKUPS_MAX) {
        xmi_json_error(pp->doc, v, XM_MSG_TOO_MANY_RANGES, "more than %u ranges by symbols",
                       LOOKUPS_MAX);
        return NULL;
    }
    if (xmi_array_room((void **)&pp->lookups, pp->n_lookups, &pp->room_lookups,
                       sizeof(*pp->lookups))) {
        pp->oom = true;
        return NULL;
    }
    pp->lookups[pp->n_lookups] = (struct policy_lookup){.v = v};
    return &pp->lookups[pp->n_lookups];
}

/* { "name": NAME, "module": NAME, "which": N } */
static bool parse_choice(struct policy_parser *pp, struct end *e)
{
    static const char *const keys[] = {"name", "module", "which", NULL};
    const struct json_value *m = xmi_json_need(pp->doc, e->v, "name");
    bool good = xmi_json_want_keys(pp->doc, e->v, keys);

    good &= m && xmi_json_get_text(pp->doc, m, SYMBOL_NAME_MAX, &e->symbol);
    if ((m = xmi_json_find(pp->doc, e->v, "module")))
        good &= xmi_json_get_text(pp->doc, m, SYMBOL_NAME_MAX, &e->module);
    if ((m = xmi_json_find(pp->doc, e->v, "which")))
        good &= xmi_json_get_u32(pp->doc, m, 1, WHICH_MAX, &e->which);
    return good;
}

static bool parse_symbol(struct policy_parser *pp, const struct json_value *object, const char *key,
                         struct end *e)
{
    e->v = xmi_json_need(pp->doc, object, key);
    if (!e->v)
        return false;
    if (e->v->kind == JSON_OBJECT)
        return parse_choice(pp, e);
    return xmi_json_get_text(pp->doc, e->v, SYMBOL_NAME_MAX, &e->symbol);
}

static bool parse_place(struct policy_parser *pp, const struct json_value *v,
                        struct policy_lookup *l)
{
    const struct json_value *m;
    bool good;

    l->file_v = xmi_json_need(pp->doc, v, "symbols");
    good = l->file_v && xmi_json_get_text(pp->doc, l->file_v, 4095, &l->file);
    if ((m = xmi_json_find(pp->doc, v, "base")))
        good &= xmi_json_get_u64(pp->doc, m, 0, UINT64_MAX, &l->base);
    if ((m = xmi_json_find(pp->doc, v, "offset")))
        good &= xmi_json_get_u64(pp->doc, m, 0, UINT64_MAX, &l->offset);
    return good;
}

void xmi_policy_symbols_add(struct policy_parser *pp, const struct json_value *v, uint32_t region)
{
    static const char *const keys[] = {"symbols", "from", "to", "base", "offset", NULL};
    struct policy_lookup *l = new_lookup(pp, v);
    bool good;

    if (!l)
        return;
    l->region = region;
    good = xmi_json_want_keys(pp->doc, v, keys);
    good &= parse_symbol(pp, v, "from", &l->from);
    good &= parse_symbol(pp, v, "to", &l->to);
    good &= parse_place(pp, v, l);
    if (good)
        pp->n_lookups++;
}

void xmi_policy_symbols_anchor(struct policy_parser *pp, const struct json_value *v, uint32_t i)
{
    struct policy_lookup *l = new_lookup(pp, v);
    bool good;

    if (!l)
        return;
    l->anchor = &pp->p->anchors[i];
    good = parse_symbol(pp, v, "symbol", &l->from);
    good &= parse_place(pp, v, l);
    if (!good)
        return;
    l->anchor->file = xmi_policy_copy(pp, l->file);
    l->anchor->symbol = xmi_policy_copy(pp, l->from.symbol);
    pp->n_lookups++;
}

/* ---- reading ---- */

static int compare_files(const void *a, const void *b)
{
    const struct policy_lookup *x = a, *y = b;
    int order = strcmp(x->file, y->file);

    /* of one file in the order of the document, so that messages come in order */
    return order ? order : x->v < y->v ? -1 : x->v > y->v;
}

static int compare_ends(const void *a, const void *b)
{
    return strcmp((*(struct end *const *)a)->symbol, (*(struct end *const *)b)->symbol);
}

/* In the order of strcmp(); a name from JSON may have a NUL in it. */
static int compare_name(const struct end *e, const struct symbol *s)
{
    size_t n = strlen(e->symbol);
    int order = memcmp(e->symbol, s->name, n < s->len ? n : s->len);

    return order ? order : n < s->len ? -1 : n > s->len;
}

static void insert_address(struct end *e, uint64_t address)
{
    uint32_t i = 0;

    while (i < e->n && e->at[i] < address)
        i++;
    if (i == WHICH_MAX || (i < e->n && e->at[i] == address))
        return;
    if (e->n == WHICH_MAX)
        e->n--;
    memmove(&e->at[i + 1], &e->at[i], (e->n - i) * sizeof(e->at[0]));
    e->at[i] = address;
    e->n++;
}

static bool same_text(const char *text, const char *s, size_t n)
{
    return strlen(text) == n && memcmp(text, s, n) == 0;
}

/* Where no module is named, the kernel's own symbols come before those of modules. */
static void note_address(struct end *e, const struct symbol *s)
{
    bool own = !s->module;

    if (e->module && (own || !same_text(e->module, s->module, s->module_len)))
        return;
    if (e->n && e->own && !own)
        return;
    if (own && !e->own)
        e->n = 0;
    e->own = own;
    insert_address(e, s->address);
}

struct ends {
    struct end **v; /* sorted by name */
    size_t n;
};

static void note_symbol(void *arg, const struct symbol *s)
{
    struct ends *ends = arg;
    size_t low = 0, high = ends->n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (compare_name(ends->v[mid], s) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    for (; low < ends->n && compare_name(ends->v[low], s) == 0; low++)
        note_address(ends->v[low], s);
}

static int read_symbols(const char *path, struct ends *ends, struct xmem_error *why)
{
    struct symbols file;
    int err = xmi_symbols_load(path, &file, why);

    if (err)
        return err;
    err = xmi_symbols_each(&file, note_symbol, ends, why);
    xmi_symbols_free(&file);
    return err;
}

/* ---- adding the ranges ---- */

/* Of several the one that is chosen. */
static bool choose(struct policy_parser *pp, const struct policy_lookup *l, struct end *e)
{
    const char *in = e->module ? " in module " : "", *module = e->module ? e->module : "";
    uint32_t which = e->which ? e->which : 1;

    if (e->n == 0)
        xmi_json_error(pp->doc, e->v, XM_MSG_SYMBOL_UNKNOWN,
                       "\"%.60s\" has no symbol \"%.60s\"%s%.60s", l->file, e->symbol, in, module);
    else if (which > e->n)
        xmi_json_error(pp->doc, e->v, XM_MSG_SYMBOL_UNKNOWN,
                       "\"%.60s\" has \"%.60s\"%s%.60s at %u address%s only, not %u", l->file,
                       e->symbol, in, module, e->n, e->n == 1 ? "" : "es", which);
    else if (e->n > 1 && !e->which)
        xmi_json_error(
            pp->doc, e->v, XM_MSG_SYMBOL_TWICE,
            "\"%.60s\" has several symbols \"%.60s\"%s%.60s with different addresses, as "
            "0x%" PRIx64 " and 0x%" PRIx64 "; { \"name\": ..., \"which\": 1 } is the lowest",
            l->file, e->symbol, in, module, e->at[0], e->at[1]);
    else {
        e->address = e->at[which - 1];
        return true;
    }
    return false;
}

static bool check_end(struct policy_parser *pp, const struct policy_lookup *l, struct end *e)
{
    if (!choose(pp, l, e))
        return false;
    if (e->address >= l->base && e->address - l->base <= UINT64_MAX - l->offset)
        return true;
    xmi_json_error(pp->doc, e->v, XM_MSG_SYMBOL_BASE,
                   "\"%.60s\" is at 0x%" PRIx64 ": with base 0x%" PRIx64 " and offset 0x%" PRIx64
                   " that is no address",
                   e->symbol, e->address, l->base, l->offset);
    return false;
}

static void add_pages(struct policy_parser *pp, const struct policy_lookup *l, uint32_t group,
                      uint64_t first, uint64_t last)
{
    struct policy_region *region = &pp->p->regions[l->region];

    if (group)
        xmi_policy_region_add_slid(pp, l->v, region, &(struct policy_slid){first, last, group});
    else
        xmi_policy_region_add(pp, l->v, region, first, last);
}

/* The pages that [from, to) touches; of an anchor where it is. */
static void add_range(struct policy_parser *pp, struct policy_lookup *l, uint32_t group)
{
    uint64_t first, last;
    bool good = check_end(pp, l, &l->from);

    if (l->anchor) {
        l->anchor->gpa = l->from.address - l->base + l->offset;
        l->anchor->group = group;
        return;
    }
    good &= check_end(pp, l, &l->to);
    if (!good)
        return;
    if (l->to.address <= l->from.address) {
        xmi_json_error(pp->doc, l->to.v, XM_MSG_SYMBOL_ORDER,
                       "\"%.60s\" at 0x%" PRIx64 " is not above \"%.60s\" at 0x%" PRIx64,
                       l->to.symbol, l->to.address, l->from.symbol, l->from.address);
        return;
    }
    first = (l->from.address - l->base + l->offset) >> PAGE_BITS;
    last = (l->to.address - 1 - l->base + l->offset) >> PAGE_BITS;
    if (last > POLICY_GFN_LAST)
        xmi_json_error(pp->doc, l->v, XM_MSG_GFN_LIMIT,
                       "gfn 0x%" PRIx64 " is not below 2^%d; \"base\" is subtracted from addresses",
                       last, POLICY_GFN_BITS);
    else
        add_pages(pp, l, group, first, last);
}

static void note_unanchored(struct policy_parser *pp, const struct policy_lookup *l)
{
    struct xmem_policy *p = pp->p;
    struct policy_unanchored *u = &p->unanchored[p->n_unanchored];
    char buf[512];

    if (p->n_unanchored == REPORT_MAX)
        return;
    u->file = xmi_policy_copy(pp, l->file);
    u->path = xmi_policy_copy(pp, xmi_json_pointer(pp->doc, l->file_v, buf, sizeof(buf)));
    u->pos = xmi_policy_pos(pp, l->file_v);
    p->n_unanchored++;
}

/* The number of the slide of a file, 0: none. */
static uint32_t slide_of(struct policy_parser *pp, const struct policy_lookup *lookups, size_t n)
{
    bool anchored = false, slides = false;

    for (size_t i = 0; i < n; i++) {
        anchored |= lookups[i].anchor != NULL;
        slides |= lookups[i].anchor && lookups[i].anchor->step;
    }
    if (!anchored)
        note_unanchored(pp, lookups);
    return slides ? ++pp->p->n_slides : 0;
}

/* lookups[0..n) name one file. */
static void resolve_file(struct policy_parser *pp, struct policy_lookup *lookups, size_t n)
{
    struct ends ends = {.v = calloc(2 * n, sizeof(struct end *))};
    uint32_t group = slide_of(pp, lookups, n);
    char *path = xmi_json_doc_sibling(pp->doc, lookups->file);
    struct xmem_error why = {""};
    int err;

    if (!ends.v || !path) {
        pp->oom = true;
        goto out;
    }
    for (size_t i = 0; i < n; i++) {
        ends.v[ends.n++] = &lookups[i].from;
        if (!lookups[i].anchor)
            ends.v[ends.n++] = &lookups[i].to;
    }
    qsort(ends.v, ends.n, sizeof(struct end *), compare_ends);
    err = read_symbols(path, &ends, &why);
    pp->oom |= err == -ENOMEM;
    if (err)
        xmi_json_error(pp->doc, lookups->file_v, XM_MSG_SYMBOL_FILE, "\"%.200s\" %s", lookups->file,
                       why.text);
    for (size_t i = 0; !err && i < n; i++)
        add_range(pp, &lookups[i], group);
out:
    free(path);
    free(ends.v);
}

void xmi_policy_symbols_resolve(struct policy_parser *pp)
{
    size_t end;

    if (pp->n_lookups)
        qsort(pp->lookups, pp->n_lookups, sizeof(*pp->lookups), compare_files);
    for (size_t i = 0; i < pp->n_lookups && !pp->oom; i = end) {
        end = i + 1;
        while (end < pp->n_lookups && strcmp(pp->lookups[end].file, pp->lookups[i].file) == 0)
            end++;
        resolve_file(pp, &pp->lookups[i], end - i);
    }
    pp->p->slides = calloc(pp->p->n_slides + 1, sizeof(*pp->p->slides));
    pp->oom |= !pp->p->slides;
}

void xmi_policy_symbols_free(struct policy_parser *pp)
{
    free(pp->lookups);
}
