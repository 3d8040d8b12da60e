/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory traces as valgrind's lackey writes them with --trace-mem=yes:
 *   "I  addr,size" fetch; " L addr,size" load; " S addr,size" store; " M addr,size" modify.
 * Its own messages ("==pid== ...") and the program's output may stand between, and what is cut is
 * left out.
 */
#include "sim.h"
#include "program.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xm/types.h>

#define MAX_ACCESS 4096u /* bytes; lackey's largest is an XSAVE area */

struct builder {
    struct sim_trace *t;
    size_t room;
    uint64_t last_page[2]; /* of fetches, of data: most accesses stay in their page */
    uint64_t last_index[2];
    struct sim_trace_damage damage;
};

static size_t map_slot(const struct trace_map *m, uint64_t page)
{
    size_t i = (size_t)((page * UINT64_C(0x9e3779b97f4a7c15)) >> 20) & (m->room - 1);

    while (m->key[i] != 0 && m->key[i] != page + 1)
        i = (i + 1) & (m->room - 1);
    return i;
}

static int map_grow(struct trace_map *m)
{
    struct trace_map n = {.room = m->room ? m->room * 2 : 1024, .used = m->used};

    n.key = calloc(n.room, sizeof(*n.key));
    n.index = calloc(n.room, sizeof(*n.index));
    if (n.key == NULL || n.index == NULL) {
        free(n.key);
        free(n.index);
        return -ENOMEM;
    }
    for (size_t i = 0; i < m->room; i++) {
        if (m->key[i] != 0) {
            size_t s = map_slot(&n, m->key[i] - 1);

            n.key[s] = m->key[i];
            n.index[s] = m->index[i];
        }
    }
    free(m->key);
    free(m->index);
    *m = n;
    return 0;
}

static int map_add(struct trace_map *m, uint64_t page, uint64_t *index)
{
    if (m->used * 2 >= m->room && map_grow(m) != 0)
        return -ENOMEM;
    size_t s = map_slot(m, page);
    if (m->key[s] == 0) {
        m->key[s] = page + 1;
        m->index[s] = m->used++;
    }
    *index = m->index[s];
    return 0;
}

static int push(struct builder *b, uint64_t addr, unsigned what)
{
    unsigned c = what == XM_DO_X ? 0 : 1;
    uint64_t page = addr >> XM_PAGE_SHIFT;

    if (b->t->n == b->room) {
        size_t room = b->room ? b->room * 2 : 4096;
        uint64_t *p = realloc(b->t->acc, room * sizeof(*p));

        if (p == NULL)
            return -ENOMEM;
        b->t->acc = p;
        b->room = room;
    }
    if (page != b->last_page[c]) {
        if (map_add(&b->t->map, page, &b->last_index[c]) != 0)
            return -ENOMEM;
        b->last_page[c] = page;
    }
    b->t->acc[b->t->n++] = TRACE_PACK(b->last_index[c], what, addr & (XM_PAGE_SIZE - 1));
    return 0;
}

/* 0: no line of a trace, though it may stand in one. */
static unsigned line_what(const char *s)
{
    if (strncmp(s, "I  ", 3) == 0)
        return XM_DO_X;
    if (s[0] != ' ' || s[1] == '\0' || s[2] != ' ')
        return 0;
    switch (s[1]) {
    case 'L': return XM_DO_R;
    case 'S': return XM_DO_W;
    case 'M': return XM_DO_R | XM_DO_W;
    default: return 0;
    }
}

static const char *parse_hex(const char *s, uint64_t *out)
{
    uint64_t v = 0;
    unsigned n = 0;

    for (;; s++, n++) {
        unsigned d;

        if (*s >= '0' && *s <= '9')
            d = (unsigned)(*s - '0');
        else if (*s >= 'a' && *s <= 'f')
            d = (unsigned)(*s - 'a') + 10;
        else if (*s >= 'A' && *s <= 'F')
            d = (unsigned)(*s - 'A') + 10;
        else
            break;
        v = v << 4 | d;
    }
    *out = v;
    return n >= 1 && n <= 16 ? s : NULL;
}

static const char *parse_size(const char *s, uint64_t *out)
{
    uint64_t v = 0;
    unsigned n = 0;

    for (; *s >= '0' && *s <= '9' && n < 6; s++, n++)
        v = v * 10 + (uint64_t)(*s - '0');
    *out = v;
    return n >= 1 ? s : NULL;
}

struct access {
    unsigned what;
    uint64_t addr, size;
};

/* An access that ends where the line does. */
static bool read_access(const char *s, struct access *a)
{
    a->what = line_what(s);
    if (a->what == 0)
        return false;
    s = parse_hex(s + 3, &a->addr);
    if (s == NULL || *s != ',')
        return false;
    s = parse_size(s + 1, &a->size);
    if (s == NULL || (*s != '\n' && *s != '\r' && *s != '\0'))
        return false;
    return a->size != 0 && a->size <= MAX_ACCESS && a->addr + (a->size - 1) >= a->addr;
}

/*
 * Behind a line that was cut, or output of the program without its end, the rest may be whole:
 * lackey writes what it has in pieces, and others write to the same place.
 */
static bool find_access(const char *s, struct access *a)
{
    while (*s != '\0')
        if (read_access(++s, a))
            return true;
    return false;
}

static int push_access(struct builder *b, const struct access *a)
{
    uint64_t last = a->addr + (a->size - 1);
    int rc = push(b, a->addr, a->what);

    if (rc == 0 && a->addr >> XM_PAGE_SHIFT != last >> XM_PAGE_SHIFT)
        rc = push(b, last & ~(uint64_t)(XM_PAGE_SIZE - 1), a->what);
    return rc;
}

static int add_line(struct builder *b, const char *s, uint64_t no)
{
    struct sim_trace_damage *dmg = &b->damage;
    struct access a;

    if (read_access(s, &a))
        return push_access(b, &a);
    bool lost = line_what(s) != 0;
    dmg->lost += lost;
    if (!find_access(s, &a)) {
        dmg->line = lost && dmg->line == 0 ? no : dmg->line;
        return 0;
    }
    dmg->behind++;
    dmg->line = dmg->line == 0 ? no : dmg->line;
    return push_access(b, &a);
}

static int read_lines(struct builder *b, FILE *f)
{
    char *s = NULL;
    size_t room = 0;
    uint64_t no = 0;
    int rc = 0;

    while (rc == 0 && getline(&s, &room, f) >= 0)
        rc = add_line(b, s, ++no);
    if (rc == 0 && ferror(f))
        rc = errno ? -errno : -EIO;
    if (rc == 0 && b->t->n == 0)
        rc = -EINVAL;
    free(s);
    return rc;
}

/* What was doubled on the way is given back: 8 bytes an access is meant. */
static void shrink(struct sim_trace *t)
{
    uint64_t *p = realloc(t->acc, t->n * sizeof(*p));

    if (p != NULL)
        t->acc = p;
}

static int load_file(struct sim_trace *t, FILE *f, struct sim_trace_damage *damage)
{
    struct builder b = {.t = t, .last_page = {UINT64_MAX, UINT64_MAX}};
    struct stat st;

    if (fstat(fileno(f), &st) != 0)
        return -errno;
    if (S_ISDIR(st.st_mode))
        return -EISDIR;
    t->dev = st.st_dev;
    t->ino = st.st_ino;
    t->bytes = st.st_size;
    t->mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    int rc = read_lines(&b, f);
    if (rc == 0)
        shrink(t);
    if (damage != NULL)
        *damage = b.damage;
    return rc;
}

int xmi_sim_trace_load(const char *path, struct sim_trace **out, struct sim_trace_damage *damage)
{
    struct sim_trace *t = calloc(1, sizeof(*t));
    int rc;

    if (t == NULL)
        return -ENOMEM;
    t->refs = 1;
    FILE *f = fopen(path, "re");
    if (f == NULL) {
        rc = -errno;
    } else {
        setvbuf(f, NULL, _IOFBF, 1u << 20);
        rc = load_file(t, f, damage);
        fclose(f);
    }
    if (rc != 0)
        xmi_sim_trace_free(t);
    else
        *out = t;
    return rc;
}

void xmi_sim_trace_free(struct sim_trace *t)
{
    if (t == NULL)
        return;
    free(t->acc);
    free(t->map.key);
    free(t->map.index);
    free(t);
}

bool xmi_sim_trace_same_file(const struct sim_trace *a, const struct sim_trace *b)
{
    return a->dev == b->dev && a->ino == b->ino && a->bytes == b->bytes &&
           a->mtime_ns == b->mtime_ns;
}

int xmi_sim_trace_index(const struct sim_trace *t, uint64_t addr, uint64_t *index)
{
    size_t s = map_slot(&t->map, addr >> XM_PAGE_SHIFT);

    if (t->map.key[s] == 0)
        return -ENOENT;
    *index = t->map.index[s];
    return 0;
}
