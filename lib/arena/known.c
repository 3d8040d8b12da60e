/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "arena/arena.h"

#include <errno.h>
#include <string.h>
#include <xmem.h>

#define FANOUT KNOWN_FANOUT

struct node {
    uint32_t slot[FANOUT];
};
struct leaf {
    uint8_t byte[FANOUT];
};
_Static_assert(sizeof(struct node) == ARENA_BIG * ARENA_UNIT && sizeof(struct leaf) == ARENA_UNIT,
               "what a node and a leaf take");

/* rights -> half a byte: N to RWX keep their number, the others take 1 to 4. */
const uint8_t xmi_known_codes[] = {
    [XMEM_DEFAULT] = 4, [XMEM_N] = 8,     [XMEM_R] = 9,     [XMEM_W] = 10,
    [XMEM_RW] = 11,     [XMEM_X] = 12,    [XMEM_RX] = 13,   [XMEM_WX] = 14,
    [XMEM_RWX] = 15,    [XMEM_RX2RW] = 1, [XMEM_N2RWX] = 2, [XMEM_R_PW] = 3,
};
const size_t xmi_known_codes_n = sizeof(xmi_known_codes);
const uint8_t xmi_known_rights_of[16] = {
    KNOWN_NOTHING, XMEM_RX2RW,    XMEM_N2RWX, XMEM_R_PW, XMEM_DEFAULT, KNOWN_NOTHING,
    KNOWN_NOTHING, KNOWN_NOTHING, XMEM_N,     XMEM_R,    XMEM_W,       XMEM_RW,
    XMEM_X,        XMEM_RX,       XMEM_WX,    XMEM_RWX,
};

static bool is_uniform(uint32_t slot)
{
    return !slot || (slot & 1u);
}

static uint8_t uniform_byte(uint32_t slot)
{
    return (uint8_t)(slot >> 1);
}

static uint32_t uniform(uint8_t byte)
{
    return byte ? (uint32_t)byte << 1 | 1u : 0;
}

/* The node or leaf of a slot that is not uniform. */
static void *below(const struct known *k, uint32_t slot)
{
    return arena_at(k->arena, slot >> 1);
}

static unsigned units_of(unsigned level)
{
    return level > 1 ? ARENA_BIG : 1;
}

/* Last gfn that a root of so many levels covers. */
static uint64_t last_of(unsigned levels)
{
    return levels >= 8 ? UINT64_MAX : (UINT64_C(1) << (8 * levels)) - 1;
}

void xmi_known_init(struct known *k, struct arena *a, uint64_t *top)
{
    *k = (struct known){.arena = a, .top = top};
}

/* A slot, or the root, leads somewhere else now: told after what it leads to was filled. */
static void lead(uint32_t *slot, uint32_t to)
{
    __atomic_store_n(slot, to, __ATOMIC_RELEASE);
}

static void tell_root(const struct known *k)
{
    if (k->top)
        __atomic_store_n(k->top, (uint64_t)k->levels << 32 | k->root, __ATOMIC_RELEASE);
}

/* Nothing leads to it. */
static void slot_free(struct known *k, uint32_t slot, unsigned level)
{
    if (is_uniform(slot))
        return;
    if (level > 1) {
        const struct node *n = below(k, slot);
        for (unsigned i = 0; i < FANOUT; i++)
            slot_free(k, n->slot[i], level - 1);
    }
    k->last = NULL;
    xmi_arena_give(k->arena, slot >> 1, units_of(level));
    k->nodes--;
}

/* Turns a uniform slot into a node or leaf that says the same. */
static int slot_split(struct known *k, uint32_t *slot, unsigned level)
{
    uint8_t byte = uniform_byte(*slot);
    uint32_t unit = xmi_arena_take(k->arena, units_of(level));
    if (!unit)
        return -ENOMEM;
    struct node *n = arena_at(k->arena, unit);
    if (level == 1)
        memset(n, byte, sizeof(struct leaf));
    for (unsigned i = 0; level > 1 && i < FANOUT; i++)
        n->slot[i] = uniform(byte);
    lead(slot, unit << 1);
    k->nodes++;
    return 0;
}

static int grow(struct known *k, uint64_t last)
{
    if (!k->levels)
        k->levels = 1;
    while (last > last_of(k->levels)) {
        if (k->root) { /* what is beyond the old root is not known */
            uint32_t top = 0;
            int rc = slot_split(k, &top, k->levels + 1);
            if (rc)
                return rc;
            ((struct node *)below(k, top))->slot[0] = k->root;
            k->root = top;
        }
        k->levels++;
        tell_root(k);
    }
    return 0;
}

struct change {
    struct known *k;
    uint8_t mask, value;
    bool only_room; /* split where needed, put nothing */
};

static void leaf_put(struct leaf *l, unsigned a, unsigned b, const struct change *c)
{
    for (unsigned i = a; i <= b; i++)
        l->byte[i] = (uint8_t)((l->byte[i] & ~c->mask) | c->value);
}

/* a, b: first and last gfn, relative to the slot's. */
static int slot_put(const struct change *c, uint32_t *slot, unsigned level, uint64_t a, uint64_t b)
{
    bool whole = a == 0 && b == last_of(level);
    if (is_uniform(*slot)) {
        uint8_t old = uniform_byte(*slot);
        uint8_t new = (uint8_t)((old & ~c->mask) | c->value);
        if (whole || (new == old && !c->only_room)) {
            lead(slot, c->only_room ? *slot : uniform(new));
            return 0;
        }
        int rc = slot_split(c->k, slot, level);
        if (rc)
            return rc;
    }
    if (whole && c->mask == 0xff && !c->only_room) {
        uint32_t old = *slot;
        lead(slot, uniform(c->value));
        if (slot == &c->k->root)
            tell_root(c->k);
        slot_free(c->k, old, level);
        return 0;
    }
    if (level == 1) {
        if (!c->only_room)
            leaf_put(below(c->k, *slot), (unsigned)a, (unsigned)b, c);
        return 0;
    }
    struct node *n = below(c->k, *slot);
    unsigned shift = 8 * (level - 1);
    uint64_t part = last_of(level - 1);
    for (uint64_t i = a >> shift; i <= b >> shift; i++) {
        uint64_t from = i == a >> shift ? a & part : 0;
        uint64_t to = i == b >> shift ? b & part : part;
        int rc = slot_put(c, &n->slot[i], level - 1, from, to);
        if (rc)
            return rc;
    }
    return 0;
}

/* The leaf that holds gfn; NULL: it is in a uniform part. */
static struct leaf *leaf_far(const struct known *k, uint64_t gfn)
{
    uint32_t slot = k->root;
    if (!k->levels || gfn > last_of(k->levels))
        return NULL;
    for (unsigned level = k->levels; !is_uniform(slot); level--) {
        void *at = below(k, slot);
        if (level == 1)
            return at;
        slot = ((struct node *)at)->slot[(gfn >> (8 * (level - 1))) & 0xffu];
    }
    return NULL;
}

static bool is_last(const struct known *k, uint64_t gfn)
{
    return k->last && k->last_at == gfn >> 8;
}

static void note_leaf(struct known *k, const struct leaf *l, uint64_t gfn)
{
    k->last = (uint8_t *)(uintptr_t)l->byte;
    k->last_at = gfn >> 8;
}

/* The same, and the next ones of that leaf are found at once. */
static struct leaf *leaf_at(struct known *k, uint64_t gfn)
{
    if (is_last(k, gfn))
        return (struct leaf *)k->last;
    struct leaf *l = leaf_far(k, gfn);
    if (l)
        note_leaf(k, l, gfn);
    return l;
}

uint8_t *xmi_known_at_far(const struct known *k, struct known_at *at, uint64_t gfn)
{
    struct leaf *l = leaf_far(k, gfn);
    if (!l)
        return NULL;
    at->bytes = l->byte;
    at->leaf = gfn >> 8;
    return &l->byte[gfn & 255u];
}

static int put(const struct change *c, uint64_t gfn, uint64_t nr)
{
    struct known *k = c->k;
    int rc = grow(k, gfn + nr - 1);
    if (!rc)
        rc = slot_put(c, &k->root, k->levels, gfn, gfn + nr - 1);
    tell_root(k);
    return rc;
}

int xmi_known_prepare(struct known *k, uint64_t gfn, uint64_t nr)
{
    struct change c = {.k = k, .only_room = true};
    if (!nr || (nr == 1 && leaf_at(k, gfn)))
        return 0;
    return put(&c, gfn, nr);
}

int xmi_known_put(struct known *k, uint64_t gfn, uint64_t nr, uint8_t mask, uint8_t value)
{
    struct change c = {.k = k, .mask = mask, .value = value & mask};
    struct leaf *l = nr == 1 ? leaf_at(k, gfn) : NULL;
    if (l)
        leaf_put(l, gfn & 0xffu, gfn & 0xffu, &c);
    if (!nr || l)
        return 0;
    return put(&c, gfn, nr);
}

void xmi_known_clear(struct known *k)
{
    uint32_t root = k->root;
    unsigned levels = k->levels;
    k->root = k->levels = 0;
    tell_root(k);
    slot_free(k, root, levels);
}

/* The uniform part or leaf that holds gfn: its level (0: one leaf byte), and the byte. */
static unsigned find(const struct known *k, uint64_t gfn, uint8_t *byte, const struct leaf **leaf)
{
    uint32_t slot = k->root;
    unsigned level = k->levels;
    *leaf = NULL;
    while (!is_uniform(slot)) {
        unsigned i = (gfn >> (8 * (level - 1))) & 0xffu;
        if (level == 1) {
            *leaf = below(k, slot);
            *byte = (*leaf)->byte[i];
            return 0;
        }
        slot = ((const struct node *)below(k, slot))->slot[i];
        level--;
    }
    *byte = uniform_byte(slot);
    return level;
}

uint8_t xmi_known_get(const struct known *k, uint64_t gfn)
{
    const struct leaf *leaf;
    uint8_t byte;
    if (is_last(k, gfn))
        return k->last[gfn & 0xffu];
    if (!k->levels || gfn > last_of(k->levels))
        return 0;
    find(k, gfn, &byte, &leaf);
    if (leaf) /* the next ones of it are found at once */
        note_leaf((struct known *)(uintptr_t)k, leaf, gfn);
    return byte;
}

/* How many gfns behind gfn are surely the same in the part that find() found; max is enough. */
static uint64_t part_run(unsigned level, uint64_t gfn, uint8_t byte, const struct leaf *leaf,
                         uint64_t max)
{
    if (!leaf)
        return last_of(level) - (gfn & last_of(level));
    unsigned i = gfn & 0xffu, n = i;
    while (n - i < max && n + 1 < FANOUT && leaf->byte[n + 1] == byte)
        n++;
    return n - i;
}

uint8_t xmi_known_run(const struct known *k, uint64_t gfn, uint64_t *nr)
{
    const struct leaf *leaf;
    uint8_t byte = 0, next;
    uint64_t more = *nr - 1, done = 0; /* gfns after the first one */
    if (!more && is_last(k, gfn))
        return k->last[gfn & 0xffu];
    if (!k->levels || gfn > last_of(k->levels))
        return 0;
    unsigned level = find(k, gfn, &byte, &leaf);
    done = part_run(level, gfn, byte, leaf, more);
    while (done < more) {
        if (gfn + done + 1 > last_of(k->levels)) { /* beyond: not known */
            done = byte ? done : more;
            break;
        }
        level = find(k, gfn + done + 1, &next, &leaf);
        if (next != byte)
            break;
        done += 1 + part_run(level, gfn + done + 1, byte, leaf, more - done - 1);
    }
    *nr = (done < more ? done : more) + 1;
    return byte;
}

struct walk {
    const struct known *k;
    known_fn fn;
    void *arg;
    uint64_t from;    /* the first gfn that is asked for */
    uint64_t gfn, nr; /* the run so far */
    uint8_t byte;
};

static int walk_emit(struct walk *w)
{
    int rc = w->byte && w->nr ? w->fn(w->arg, w->gfn, w->nr, w->byte) : 0;
    w->nr = 0;
    return rc;
}

static int walk_add(struct walk *w, uint64_t gfn, uint64_t nr, uint8_t byte)
{
    if (w->nr && w->byte == byte && w->gfn + w->nr == gfn) {
        w->nr += nr;
        return 0;
    }
    int rc = walk_emit(w);
    w->gfn = gfn;
    w->nr = nr;
    w->byte = byte;
    return rc;
}

static int walk_slot(struct walk *w, uint32_t slot, unsigned level, uint64_t gfn)
{
    uint64_t skip = gfn < w->from ? w->from - gfn : 0;
    int rc = 0;
    if (!slot || skip > last_of(level))
        return 0;
    if (is_uniform(slot))
        return walk_add(w, gfn + skip, last_of(level) - skip + (level < 8), uniform_byte(slot));
    const void *at = below(w->k, slot);
    for (unsigned i = 0; i < FANOUT && !rc; i++) {
        if (level == 1)
            rc = i < skip ? 0 : walk_add(w, gfn + i, 1, ((const struct leaf *)at)->byte[i]);
        else
            rc = walk_slot(w, ((const struct node *)at)->slot[i], level - 1,
                           gfn + ((uint64_t)i << (8 * (level - 1))));
    }
    return rc;
}

int xmi_known_each(const struct known *k, known_fn fn, void *arg)
{
    return xmi_known_each_from(k, 0, fn, arg);
}

int xmi_known_each_from(const struct known *k, uint64_t gfn, known_fn fn, void *arg)
{
    struct walk w = {.k = k, .fn = fn, .arg = arg, .from = gfn};
    int rc = walk_slot(&w, k->root, k->levels, 0);
    return rc ? rc : walk_emit(&w);
}
