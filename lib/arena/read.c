/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "arena/arena.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* ---- the image ---- */

static const struct ledger_head *head_of(const struct ledger_image *m)
{
    return (const void *)m->bytes;
}

static int check_head(struct ledger_image *m)
{
    const struct ledger_head *h = head_of(m);
    if (!__atomic_load_n(&h->magic, __ATOMIC_ACQUIRE))
        return -EAGAIN;
    m->head = *h;
    if (h->magic != LEDGER_MAGIC || m->head.version != LEDGER_VERSION ||
        m->head.head_size != sizeof(m->head))
        return -EINVAL;
    return m->head.state == LEDGER_MAKING ? -EAGAIN : 0;
}

int xmi_ledger_image_map(int fd, struct ledger_image *out)
{
    struct stat st;
    struct ledger_image m = {0};
    if (fstat(fd, &st))
        return -EINVAL;
    if (st.st_size < (off_t)ARENA_PAGE)
        return st.st_size ? -EINVAL : -EAGAIN;
    m.size = (size_t)st.st_size;
    void *p = mmap(NULL, m.size, PROT_READ, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED)
        return -ENOMEM;
    m.bytes = p;
    int rc = check_head(&m);
    if (rc)
        xmi_ledger_image_unmap(&m);
    else
        *out = m;
    return rc;
}

void xmi_ledger_image_unmap(struct ledger_image *m)
{
    if (m->bytes)
        munmap((void *)(uintptr_t)m->bytes, m->size);
    *m = (struct ledger_image){0};
}

bool xmi_ledger_image_moved(const struct ledger_image *m)
{
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return __atomic_load_n(&head_of(m)->freed, __ATOMIC_ACQUIRE) != m->head.freed;
}

/* NULL: not within what is there. */
static const void *at(const struct ledger_image *m, uint32_t unit, unsigned units)
{
    return unit && ((uint64_t)unit + units) * ARENA_UNIT <= m->size
               ? m->bytes + (size_t)unit * ARENA_UNIT
               : NULL;
}

/* ---- lists ---- */

bool xmi_ledger_image_entry(const struct ledger_image *m, const struct arena_list_top *list,
                            uint32_t i, void *entry)
{
    uint32_t unit = list->first;
    if (i >= list->n || i / LIST_ENTRIES >= m->size / ARENA_UNIT) /* a ring of units ends as well */
        return false;
    for (uint32_t skip = i / LIST_ENTRIES; skip; skip--) {
        const uint32_t *next = at(m, unit, 1);
        if (!next)
            return false;
        unit = *next;
    }
    const uint8_t *u = at(m, unit, 1);
    if (u)
        memcpy(entry, u + (1 + i % LIST_ENTRIES) * LIST_ENTRY, LIST_ENTRY);
    return u != NULL;
}

bool xmi_ledger_image_view(const struct ledger_image *m, uint32_t i, struct ledger_view *out)
{
    uint32_t unit = m->head.first_view;
    for (size_t left = m->size / ARENA_UNIT; left; left--) { /* a ring of them ends as well */
        const struct ledger_view *v = at(m, unit, 1);
        if (!v)
            return false;
        *out = *v;
        if (out->used && !i--)
            return true;
        unit = out->next;
    }
    return false;
}

/* ---- rights ---- */

uint8_t xmi_ledger_image_byte(const struct ledger_image *m, uint64_t table, uint64_t gfn)
{
    uint32_t slot = (uint32_t)table;
    unsigned level = (unsigned)(table >> 32);
    if (level > 8 || (level < 8 && gfn >> (8 * level)))
        return 0;
    for (; slot && !(slot & 1u); level--) {
        unsigned i = level ? (gfn >> (8 * (level - 1))) & 0xffu : 0;
        const void *piece = level ? at(m, slot >> 1, level > 1 ? ARENA_BIG : 1) : NULL;
        if (!piece)
            return 0;
        if (level == 1)
            return ((const uint8_t *)piece)[i];
        slot = ((const uint32_t *)piece)[i];
    }
    return (uint8_t)(slot >> 1);
}

static bool begun(const struct ledger_image *m, const struct ledger_view *v, uint64_t gfn)
{
    const struct ledger_doing *d = &m->head.doing;
    return d->what == LEDGER_RIGHTS && d->view == v->id && gfn >= d->gfn && gfn <= d->last;
}

/* Open for a step, or guarded. */
static bool apart(const struct ledger_image *m, const struct ledger_view *v, uint64_t gfn)
{
    struct relaxed r;
    struct ledger_guard g;
    for (uint32_t i = 0; xmi_ledger_image_entry(m, &m->head.open, i, &r); i++)
        if (r.gfn == gfn && r.view == v->id)
            return true;
    for (uint32_t i = 0; xmi_ledger_image_entry(m, &m->head.guards, i, &g); i++)
        if (g.gfn == gfn)
            return true;
    return false;
}

bool xmi_ledger_image_names(const struct ledger_image *m, const struct ledger_view *v, uint64_t gfn)
{
    uint8_t byte = xmi_ledger_image_byte(m, v->known, gfn);
    if (v->own)
        return true;
    if (!(byte & KNOWN_FOUND))
        return false;
    bool set = (byte & KNOWN_SET) && known_set_of(byte) != known_found_of(byte);
    return set || v->unsure || begun(m, v, gfn) || apart(m, v, gfn);
}
