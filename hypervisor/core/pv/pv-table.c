/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <xm/env.h>
#include <xm/pv-frames.h>

#define NODE_BITS 6u
#define SLOTS (1u << NODE_BITS)
#define LEAF_BITS 9u
#define LEAF XM_PV_LEAF_FRAMES
#define WORDS (LEAF / 16u) /* 16 frames a word */
#define TAG_NONE UINT64_MAX

/* What a leaf's slot holds: 0, the address of its node, or value << 2 | this. */
#define SLOT_UNIFORM 1u
#define SLOT_HOLES 2u

#define MARK_RESERVED 1u
#define MARK_HOLES 2u /* of a leaf: some frames may not be the owner's */

_Static_assert(LEAF == 1u << LEAF_BITS, "frames of a leaf");

struct xm_pv_node {
    struct xm_pv_node *next; /* of those that are reserved, or gone */
    uint32_t number;         /* first frame, in leaves; of one that is gone: slots done with */
    uint16_t used;           /* slots that are not empty, or frames that have a value */
    uint8_t level;           /* 0: a leaf */
    uint8_t marks;
};

struct xm_pv_inner {
    struct xm_pv_node head;
    uintptr_t slot[SLOTS];
};

struct leaf {
    struct xm_pv_node head;
    uint64_t word[WORDS];
};

void xm_pv_table_init(struct xm_pv_table *t)
{
    memset(t, 0, sizeof(*t));
    t->tag = TAG_NONE;
}

/* ---- nodes ---- */

static size_t size_of(unsigned level)
{
    return level == 0 ? sizeof(struct leaf) : sizeof(struct xm_pv_inner);
}

static struct xm_pv_node *node_new(struct xm_pv_table *t, uint64_t mfn, unsigned level)
{
    struct xm_pv_node *n = xm_env_alloc(size_of(level));

    if (n == NULL)
        return NULL;
    t->tag = TAG_NONE; /* what was not there may be now */
    t->bytes += size_of(level);
    n->level = (uint8_t)level;
    n->number = (uint32_t)(mfn >> (LEAF_BITS + NODE_BITS * level) << (NODE_BITS * level));
    return n;
}

static void node_free(struct xm_pv_table *t, struct xm_pv_node *n)
{
    if (n->level != 0)
        t->tag = TAG_NONE;
    t->bytes -= size_of(n->level);
    xm_env_free(n, size_of(n->level));
}

static void mark(struct xm_pv_table *t, struct xm_pv_node *n)
{
    if ((n->marks & MARK_RESERVED) != 0)
        return;
    n->marks |= MARK_RESERVED;
    n->next = t->reserved;
    t->reserved = n;
}

static bool is_node(uintptr_t slot)
{
    return slot != 0 && (slot & SLOT_UNIFORM) == 0;
}

static struct xm_pv_inner *inner_at(uintptr_t slot)
{
    return (struct xm_pv_inner *)slot; /* of a level that has nothing else */
}

static struct leaf *leaf_at(uintptr_t slot)
{
    return (struct leaf *)slot;
}

/* Of a slot that is no node: what all frames have. */
static uint8_t uniform(uintptr_t slot)
{
    return (uint8_t)(slot >> 2);
}

/* ---- the way to a leaf ---- */

static unsigned index_at(uint64_t mfn, unsigned level)
{
    return (unsigned)(mfn >> (LEAF_BITS + NODE_BITS * (level - 1))) & (SLOTS - 1);
}

static bool covers(const struct xm_pv_table *t, uint64_t mfn)
{
    return t->height != 0 && mfn >> (LEAF_BITS + NODE_BITS * t->height) == 0;
}

/* The leaf's slot; NULL: no node has one for it. */
static uintptr_t *find(struct xm_pv_table *t, uint64_t mfn)
{
    struct xm_pv_inner *n = t->root;
    unsigned level;

    if (t->tag == mfn >> LEAF_BITS)
        return t->at;
    if (!covers(t, mfn))
        return NULL;
    for (level = t->height; level > 1 && n != NULL; level--)
        n = inner_at(n->slot[index_at(mfn, level)]);
    t->tag = mfn >> LEAF_BITS;
    t->above = n;
    t->at = n != NULL ? &n->slot[index_at(mfn, 1)] : NULL;
    return t->at;
}

/* Raises the root until it covers the frame. */
static bool grow(struct xm_pv_table *t, uint64_t mfn)
{
    while (!covers(t, mfn)) {
        if (t->root != NULL) {
            struct xm_pv_inner *top = (struct xm_pv_inner *)node_new(t, 0, t->height + 1);

            if (top == NULL)
                return false;
            top->slot[0] = (uintptr_t)t->root;
            top->head.used = 1;
            t->root = top;
        }
        t->height++;
    }
    return true;
}

/* Frees the empty nodes on the way to the frame. What is left of n. */
static struct xm_pv_inner *prune_below(struct xm_pv_table *t, struct xm_pv_inner *n, uint64_t mfn)
{
    if (n->head.level > 1) {
        uintptr_t *at = &n->slot[index_at(mfn, n->head.level)];

        if (*at != 0) {
            *at = (uintptr_t)prune_below(t, inner_at(*at), mfn);
            n->head.used = (uint16_t)(n->head.used - (*at == 0));
        }
    }
    if (n->head.used != 0 || (n->head.marks & MARK_RESERVED) != 0)
        return n;
    node_free(t, &n->head);
    return NULL;
}

static void prune(struct xm_pv_table *t, uint64_t mfn)
{
    if (!covers(t, mfn))
        return;
    if (t->root != NULL)
        t->root = prune_below(t, t->root, mfn);
    if (t->root == NULL)
        t->height = 0;
}

/* Nodes down to the leaf's slot. */
static bool make_way(struct xm_pv_table *t, uint64_t mfn)
{
    struct xm_pv_inner *n;
    unsigned level;

    if (!grow(t, mfn))
        return false;
    if (t->root == NULL)
        t->root = (struct xm_pv_inner *)node_new(t, mfn, t->height);
    n = t->root;
    for (level = t->height; level > 1 && n != NULL; level--) {
        uintptr_t *at = &n->slot[index_at(mfn, level)];

        if (*at == 0) {
            *at = (uintptr_t)node_new(t, mfn, level - 1);
            n->head.used = (uint16_t)(n->head.used + (*at != 0));
        }
        n = inner_at(*at);
    }
    return n != NULL;
}

static uintptr_t *make_slot(struct xm_pv_table *t, uint64_t mfn)
{
    uintptr_t *at = find(t, mfn);

    if (at != NULL)
        return at;
    if (make_way(t, mfn))
        return find(t, mfn);
    prune(t, mfn);
    return NULL;
}

/* The slot is the one found last. */
static void slot_set(struct xm_pv_table *t, uint64_t mfn, uintptr_t value)
{
    struct xm_pv_node *above = &t->above->head;

    above->used = (uint16_t)(above->used + (value != 0) - (*t->at != 0));
    *t->at = value;
    if (value == 0)
        prune(t, mfn);
}

/* ---- leaves ---- */

static uint64_t word_of(uint8_t value)
{
    return UINT64_C(0x1111111111111111) * value;
}

static uint8_t leaf_get(const struct leaf *l, uint64_t mfn)
{
    return (uint8_t)(l->word[mfn % LEAF / 16] >> (4 * (mfn % 16)) & 15u);
}

static void leaf_put(struct xm_pv_table *t, struct leaf *l, uint64_t mfn, uint8_t value)
{
    unsigned shift = 4 * (unsigned)(mfn % 16);
    uint64_t *word = &l->word[mfn % LEAF / 16];
    bool had = (*word >> shift & 15u) != 0, has = value != 0;

    *word = (*word & ~(UINT64_C(15) << shift)) | (uint64_t)value << shift;
    l->head.used = (uint16_t)(l->head.used + has - had);
    t->tracked += has;
    t->tracked -= had;
}

static void leaf_fill(struct xm_pv_table *t, struct leaf *l, uint8_t value)
{
    unsigned i;

    t->tracked -= l->head.used;
    for (i = 0; i < WORDS; i++)
        l->word[i] = word_of(value);
    l->head.used = value != 0 ? LEAF : 0;
    t->tracked += l->head.used;
}

/* In place of what the slot says for all frames. */
static struct leaf *leaf_make(struct xm_pv_table *t, uint64_t mfn)
{
    struct leaf *l = (struct leaf *)node_new(t, mfn, 0);
    uintptr_t slot = *t->at;

    if (l == NULL)
        return NULL;
    if (slot != 0) {
        t->tracked -= LEAF;
        leaf_fill(t, l, uniform(slot));
        l->head.marks = (slot & SLOT_HOLES) != 0 ? MARK_HOLES : 0;
    }
    slot_set(t, mfn, (uintptr_t)l);
    return l;
}

/* From the word that was written last on: the next one differs, most of the time. */
static bool all_same(const struct leaf *l, unsigned from)
{
    uint64_t want = word_of(l->word[from] & 15u);
    unsigned i;

    for (i = 0; i < WORDS; i++) {
        if (l->word[(from + i) % WORDS] != want)
            return false;
    }
    return true;
}

/* A leaf whose frames all have the same needs no node. */
static void leaf_settle(struct xm_pv_table *t, struct leaf *l, uint64_t mfn)
{
    uintptr_t slot = 0;

    if ((l->head.marks & MARK_RESERVED) != 0 || (l->head.used != 0 && l->head.used != LEAF) ||
        !all_same(l, mfn % LEAF / 16))
        return;
    if (l->head.used != 0)
        slot = (uintptr_t)(l->word[0] & 15u) << 2 | SLOT_UNIFORM |
               ((l->head.marks & MARK_HOLES) != 0 ? SLOT_HOLES : 0);
    node_free(t, &l->head);
    slot_set(t, mfn, slot);
}

/* ---- values ---- */

uint8_t xm_pv_table_get(struct xm_pv_table *t, uint64_t mfn)
{
    uintptr_t *at = find(t, mfn);

    if (at == NULL)
        return 0;
    return is_node(*at) ? leaf_get(leaf_at(*at), mfn) : uniform(*at);
}

bool xm_pv_table_uniform(struct xm_pv_table *t, uint64_t mfn)
{
    uintptr_t *at = find(t, mfn);

    return at == NULL || !is_node(*at);
}

bool xm_pv_table_touched(struct xm_pv_table *t, uint64_t mfn)
{
    uintptr_t *at = find(t, mfn);

    return at != NULL && *at != 0;
}

/* The leaf as a node. */
static struct leaf *leaf_need(struct xm_pv_table *t, uint64_t mfn)
{
    uintptr_t *at = make_slot(t, mfn);
    struct leaf *l;

    if (at == NULL)
        return NULL;
    if (is_node(*at))
        return leaf_at(*at);
    l = leaf_make(t, mfn);
    if (l == NULL)
        prune(t, mfn);
    return l;
}

int xm_pv_table_put(struct xm_pv_table *t, uint64_t mfn, uint8_t value)
{
    struct leaf *l;
    uintptr_t *at;

    if (mfn >= XM_PV_MFN_LIMIT)
        return -XM_ERANGE;
    at = find(t, mfn);
    if (at == NULL ? value == 0 : !is_node(*at) && uniform(*at) == value)
        return 0;
    l = leaf_need(t, mfn);
    if (l == NULL)
        return -XM_ENOMEM;
    leaf_put(t, l, mfn, value);
    leaf_settle(t, l, mfn);
    return 0;
}

int xm_pv_table_fill(struct xm_pv_table *t, uint64_t mfn, uint8_t value, bool holes)
{
    uintptr_t *at = find(t, mfn);

    if (mfn >= XM_PV_MFN_LIMIT)
        return -XM_ERANGE;
    if (at == NULL && value == 0)
        return 0;
    if (at == NULL)
        at = make_slot(t, mfn);
    if (at == NULL)
        return -XM_ENOMEM;
    if (is_node(*at)) {
        struct leaf *l = leaf_at(*at);

        leaf_fill(t, l, value);
        l->head.marks = (uint8_t)((l->head.marks & ~MARK_HOLES) | (holes ? MARK_HOLES : 0));
        leaf_settle(t, l, mfn);
        return 0;
    }
    t->tracked += value != 0 ? LEAF : 0;
    t->tracked -= *at != 0 ? LEAF : 0;
    slot_set(t, mfn,
             value == 0 ? 0 : (uintptr_t)value << 2 | SLOT_UNIFORM | (holes ? SLOT_HOLES : 0));
    return 0;
}

/* ---- frames that leave ---- */

/* No memory for a leaf with a hole: as it is, unless that was the last frame of it. */
static void left_without_room(struct xm_pv_table *t, uint64_t mfn, xm_pv_still *still, void *who)
{
    uint64_t first = mfn - mfn % LEAF;
    unsigned i;

    for (i = 0; i < LEAF; i++) {
        if (first + i != mfn && still(who, first + i)) {
            *t->at |= SLOT_HOLES;
            return;
        }
    }
    t->tracked -= LEAF;
    slot_set(t, mfn, 0);
}

/* Values of frames that left unnoticed. */
static void leaf_heal(struct xm_pv_table *t, struct leaf *l, xm_pv_still *still, void *who)
{
    uint64_t first = (uint64_t)l->head.number << LEAF_BITS;
    unsigned i;

    for (i = 0; i < LEAF; i++) {
        if (leaf_get(l, i) != 0 && !still(who, first + i))
            leaf_put(t, l, i, 0);
    }
    l->head.marks &= (uint8_t)~MARK_HOLES;
}

void xm_pv_table_left(struct xm_pv_table *t, uint64_t mfn, xm_pv_still *still, void *who)
{
    uintptr_t *at = find(t, mfn);
    struct leaf *l;

    if (at == NULL || *at == 0)
        return;
    l = is_node(*at) ? leaf_at(*at) : leaf_make(t, mfn);
    if (l == NULL) {
        left_without_room(t, mfn, still, who);
        return;
    }
    leaf_put(t, l, mfn, 0);
    if ((l->head.marks & MARK_HOLES) != 0)
        leaf_heal(t, l, still, who);
    leaf_settle(t, l, mfn);
}

/* ---- room ---- */

int xm_pv_table_reserve(struct xm_pv_table *t, uint64_t mfn)
{
    struct leaf *l;

    if (mfn >= XM_PV_MFN_LIMIT)
        return -XM_ERANGE;
    l = leaf_need(t, mfn);
    if (l == NULL)
        return -XM_ENOMEM;
    mark(t, &l->head);
    return 0;
}

int xm_pv_table_reserve_leaf(struct xm_pv_table *t, uint64_t mfn)
{
    if (mfn >= XM_PV_MFN_LIMIT)
        return -XM_ERANGE;
    if (make_slot(t, mfn) == NULL)
        return -XM_ENOMEM;
    mark(t, &t->above->head);
    return 0;
}

bool xm_pv_table_release(struct xm_pv_table *t)
{
    struct xm_pv_node *n = t->reserved;
    uint64_t mfn;

    if (n == NULL)
        return false;
    t->reserved = n->next;
    n->marks &= (uint8_t)~MARK_RESERVED;
    mfn = (uint64_t)n->number << LEAF_BITS;
    if (n->level == 0 && find(t, mfn) != NULL)
        leaf_settle(t, (struct leaf *)n, mfn);
    else if (n->used == 0)
        prune(t, mfn);
    return true;
}

/* ---- all of it ---- */

void xm_pv_table_forget(struct xm_pv_table *t)
{
    if (t->root != NULL) {
        t->root->head.number = 0;
        t->root->head.next = t->gone;
        t->gone = &t->root->head;
    }
    t->root = NULL;
    t->height = 0;
    t->tag = TAG_NONE;
    t->reserved = NULL;
    t->tracked = 0;
}

/* The next node below one that is gone, or NULL. */
static struct xm_pv_node *below(struct xm_pv_node *n)
{
    uintptr_t slot = 0;

    while (n->level != 0 && n->number < SLOTS && !is_node(slot))
        slot = ((struct xm_pv_inner *)n)->slot[n->number++];
    return is_node(slot) ? (struct xm_pv_node *)slot : NULL;
}

bool xm_pv_table_reap(struct xm_pv_table *t)
{
    struct xm_pv_node *n = t->gone, *child;

    if (n == NULL)
        return false;
    while ((child = below(n)) != NULL) {
        child->number = 0;
        child->next = n;
        n = child;
    }
    t->gone = n->next;
    node_free(t, n);
    return true;
}

void xm_pv_table_free(struct xm_pv_table *t)
{
    xm_pv_table_forget(t);
    while (xm_pv_table_reap(t))
        ;
}
