/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ranges by symbols: { "symbols": FILE, "from": NAME, "to": NAME }. FILE is a System.map or
 * the output of nm: "address type name" in each line that matters. All ranges of all
 * regions are collected first, so that each file is read once, line by line.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy.h"

#define SYMBOL_FILE_MAX (256u << 20)
#define SYMBOL_NAME_MAX 511u
#define LOOKUPS_MAX 65536u
#define PAGE_SHIFT 12

/* One end of one range. */
struct end {
    const char *symbol; /* belongs to the document */
    const struct json_value *v;
    uint64_t address;
    bool found, twice;
};

struct policy_lookup {
    const char *file; /* likewise */
    const struct json_value *file_v, *v;
    struct end from, to;
    uint64_t base, offset; /* guest-physical = address - base + offset */
    uint32_t region;
};

/* ---- taking note ---- */

static struct policy_lookup *new_lookup(struct policy_parser *pp, const struct json_value *v)
{
    size_t room = pp->room_lookups ? 2 * pp->room_lookups : 8;
    struct policy_lookup *grown;

    if (pp->n_lookups == LOOKUPS_MAX) {
        json_error(pp->doc, v, XM_MSG_TOO_MANY_RANGES, "more than %u ranges by symbols",
                   LOOKUPS_MAX);
        return NULL;
    }
    if (pp->n_lookups == pp->room_lookups) {
        grown = realloc(pp->lookups, room * sizeof(*grown));
        if (!grown) {
            pp->oom = true;
            return NULL;
        }
        pp->lookups = grown;
        pp->room_lookups = room;
    }
    pp->lookups[pp->n_lookups] = (struct policy_lookup){.v = v};
    return &pp->lookups[pp->n_lookups];
}

static bool parse_symbol(struct policy_parser *pp, const struct json_value *object,
                         const char *key, struct end *e)
{
    e->v = json_need(pp->doc, object, key);
    return e->v && json_get_text(pp->doc, e->v, SYMBOL_NAME_MAX, &e->symbol);
}

void policy_symbols_add(struct policy_parser *pp, const struct json_value *v, uint32_t region)
{
    static const char *const keys[] = {"symbols", "from", "to", "base", "offset", NULL};
    struct policy_lookup *l = new_lookup(pp, v);
    const struct json_value *m;
    bool good;

    if (!l)
        return;
    l->region = region;
    l->file_v = json_find(pp->doc, v, "symbols");
    good = json_want_keys(pp->doc, v, keys);
    good &= json_get_text(pp->doc, l->file_v, 4095, &l->file);
    good &= parse_symbol(pp, v, "from", &l->from);
    good &= parse_symbol(pp, v, "to", &l->to);
    if ((m = json_find(pp->doc, v, "base")))
        good &= json_get_u64(pp->doc, m, 0, UINT64_MAX, &l->base);
    if ((m = json_find(pp->doc, v, "offset")))
        good &= json_get_u64(pp->doc, m, 0, UINT64_MAX, &l->offset);
    if (good)
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

/* "address type name"; other lines (blank, "file.o:", undefined symbols) say nothing. */
static bool split_line(char *line, uint64_t *address, const char **name)
{
    char *end, *type;

    if (*line == ' ' || *line == '\t' || *line == '-' || *line == '+')
        return false;
    errno = 0;
    *address = strtoull(line, &end, 16);
    if (end == line || errno || *end != ' ')
        return false;
    type = end + 1;
    if (*type <= ' ' || type[1] != ' ' || type[2] <= ' ')
        return false;
    *name = type + 2;
    type[2 + strcspn(type + 2, " \t\r\n")] = '\0';
    return true;
}

static void note_symbol(struct end **ends, size_t n, const char *name, uint64_t address)
{
    size_t low = 0, high = n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (strcmp(ends[mid]->symbol, name) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    for (; low < n && strcmp(ends[low]->symbol, name) == 0; low++) {
        struct end *e = ends[low];

        e->twice |= e->found && e->address != address;
        e->address = address;
        e->found = true;
    }
}

static FILE *open_symbols(const char *path)
{
    struct stat st;
    FILE *f;
    /* not to wait for a pipe's writer; only regular files are read */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0)
        return NULL;
    if (fstat(fd, &st) < 0) {
        close(fd);
        return NULL;
    }
    if (!S_ISREG(st.st_mode) || st.st_size > (off_t)SYMBOL_FILE_MAX) {
        close(fd);
        errno = S_ISREG(st.st_mode) ? EFBIG : S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
        return NULL;
    }
    f = fdopen(fd, "r");
    if (!f)
        close(fd);
    return f;
}

/* Returns how many symbols the file has; -errno. */
static long read_symbols(const char *path, struct end **ends, size_t n)
{
    FILE *f = open_symbols(path);
    char line[1024];
    uint64_t address;
    const char *name;
    long symbols = 0;
    bool fresh = true;

    if (!f)
        return -errno;
    while (fgets(line, sizeof(line), f)) {
        bool begins = fresh;

        fresh = strchr(line, '\n') != NULL; /* the rest of a long line is no line */
        if (begins && split_line(line, &address, &name)) {
            note_symbol(ends, n, name, address);
            symbols++;
        }
    }
    if (ferror(f))
        symbols = -EIO;
    fclose(f);
    return symbols;
}

/* ---- adding the ranges ---- */

static bool check_end(struct policy_parser *pp, const struct policy_lookup *l,
                      const struct end *e)
{
    if (!e->found)
        json_error(pp->doc, e->v, XM_MSG_SYMBOL_UNKNOWN, "\"%.60s\" has no symbol \"%.60s\"",
                   l->file, e->symbol);
    else if (e->twice)
        json_error(pp->doc, e->v, XM_MSG_SYMBOL_TWICE,
                   "\"%.60s\" has several symbols \"%.60s\" with different addresses", l->file,
                   e->symbol);
    else if (e->address < l->base || e->address - l->base > UINT64_MAX - l->offset)
        json_error(pp->doc, e->v, XM_MSG_SYMBOL_BASE,
                   "\"%.60s\" is at 0x%" PRIx64 ": with base 0x%" PRIx64 " and offset 0x%" PRIx64
                   " that is no address",
                   e->symbol, e->address, l->base, l->offset);
    else
        return true;
    return false;
}

/* The pages that [from, to) touches. */
static void add_range(struct policy_parser *pp, const struct policy_lookup *l)
{
    uint64_t first, last;
    bool good = check_end(pp, l, &l->from);

    good &= check_end(pp, l, &l->to);
    if (!good)
        return;
    if (l->to.address <= l->from.address) {
        json_error(pp->doc, l->to.v, XM_MSG_SYMBOL_ORDER,
                   "\"%.60s\" at 0x%" PRIx64 " is not above \"%.60s\" at 0x%" PRIx64, l->to.symbol,
                   l->to.address, l->from.symbol, l->from.address);
        return;
    }
    first = (l->from.address - l->base + l->offset) >> PAGE_SHIFT;
    last = (l->to.address - 1 - l->base + l->offset) >> PAGE_SHIFT;
    if (last > POLICY_GFN_LAST)
        json_error(pp->doc, l->v, XM_MSG_GFN_LIMIT,
                   "gfn 0x%" PRIx64 " is not below 2^%d; \"base\" is subtracted from addresses",
                   last, POLICY_GFN_BITS);
    else
        policy_region_add(pp, l->v, &pp->p->regions[l->region], first, last);
}

/* lookups[0..n) name one file. */
static void resolve_file(struct policy_parser *pp, struct policy_lookup *lookups, size_t n)
{
    struct end **ends = calloc(2 * n, sizeof(struct end *));
    char *path = json_doc_sibling(pp->doc, lookups->file);
    long symbols;

    if (!ends || !path) {
        pp->oom = true;
        goto out;
    }
    for (size_t i = 0; i < n; i++) {
        ends[2 * i] = &lookups[i].from;
        ends[2 * i + 1] = &lookups[i].to;
    }
    qsort(ends, 2 * n, sizeof(struct end *), compare_ends);
    symbols = read_symbols(path, ends, 2 * n);
    if (symbols < 0)
        json_error(pp->doc, lookups->file_v, XM_MSG_SYMBOL_FILE, "\"%.200s\" cannot be read: %s",
                   lookups->file, strerror((int)-symbols));
    else if (symbols == 0)
        json_error(pp->doc, lookups->file_v, XM_MSG_SYMBOL_FILE,
                   "\"%.200s\" has no lines as \"ffffffff81000000 T _text\"", lookups->file);
    for (size_t i = 0; symbols > 0 && i < n; i++)
        add_range(pp, &lookups[i]);
out:
    free(path);
    free(ends);
}

void policy_symbols_resolve(struct policy_parser *pp)
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
}

void policy_symbols_free(struct policy_parser *pp)
{
    free(pp->lookups);
}
