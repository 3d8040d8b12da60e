/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <xm/env.h>
#include <xm/pv-table.h>

#define NODE_BITS 6u
#define SLOTS (1u << NODE_BITS)
#define CELL_BITS 3u
#define LEAF_BITS (NODE_BITS + CELL_BITS)
#define EPOCH_SHIFT 32u
#define TAG_NONE UINT64_MAX

_Static_assert(XM_PV_LEAF_FRAMES == 1u << LEAF_BITS, "frames of a leaf");

struct xm_pv_node {
    uint32_t used; /* slots that are not empty */
    union {
        struct xm_pv_node *below[SLOTS];
        uint64_t cell[SLOTS]; /* of a leaf */
    } u;
};

void xm_pv_table_init(struct xm_pv_table *t)
{
    memset(t, 0, sizeof(*t));
    t->epoch = 1;
    t->tag = TAG_NONE;
}

static struct xm_pv_node *node_new(struct xm_pv_table *t)
{
    struct xm_pv_node *n = xm_env_alloc(sizeof(*n));

    if (n != NULL)
        t->bytes += sizeof(*n);
    return n;
}

static void node_free(struct xm_pv_table *t, struct xm_pv_node *n)
{
    t->tag = TAG_NONE;
    t->bytes -= sizeof(*n);
    xm_env_free(n, sizeof(*n));
}

/* level: 0 for leaves. At most 6 deep (XM_PV_MFN_LIMIT). */
static void subtree_free(struct xm_pv_table *t, struct xm_pv_node *n, unsigned level)
{
    unsigned i;

    for (i = 0; level > 0 && i < SLOTS; i++) {
        if (n->u.below[i] != NULL)
            subtree_free(t, n->u.below[i], level - 1);
    }
    node_free(t, n);
}

void xm_pv_table_free(struct xm_pv_table *t)
{
    if (t->root != NULL)
        subtree_free(t, t->root, t->height - 1);
    xm_pv_table_init(t);
}

static unsigned index_at(uint64_t mfn, unsigned level)
{
    unsigned shift = level == 0 ? CELL_BITS : LEAF_BITS + NODE_BITS * (level - 1);

    return (unsigned)(mfn >> shift) & (SLOTS - 1);
}

static bool covers(const struct xm_pv_table *t, uint64_t mfn)
{
    return t->height != 0 && mfn >> (LEAF_BITS + NODE_BITS * (t->height - 1)) == 0;
}

static struct xm_pv_node *leaf_find(struct xm_pv_table *t, uint64_t mfn)
{
    struct xm_pv_node *n = t->root;
    unsigned level;

    if (t->tag == mfn >> LEAF_BITS)
        return t->leaf;
    if (!covers(t, mfn))
        return NULL;
    for (level = t->height - 1; n != NULL && level > 0; level--)
        n = n->u.below[index_at(mfn, level)];
    if (n != NULL) {
        t->tag = mfn >> LEAF_BITS;
        t->leaf = n;
    }
    return n;
}

static unsigned shift_in_cell(uint64_t mfn)
{
    return 4u * (unsigned)(mfn & ((1u << CELL_BITS) - 1));
}

/* The values of a cell as far as they are of this epoch. */
static uint32_t live(const struct xm_pv_table *t, uint64_t cell)
{
    return cell >> EPOCH_SHIFT == t->epoch ? (uint32_t)cell : 0;
}

uint8_t xm_pv_table_get(struct xm_pv_table *t, uint64_t mfn)
{
    struct xm_pv_node *leaf;

    if (t->tracked == 0)
        return 0;
    leaf = leaf_find(t, mfn);
    if (leaf == NULL)
        return 0;
    return (uint8_t)(live(t, leaf->u.cell[index_at(mfn, 0)]) >> shift_in_cell(mfn) & 15u);
}

/* Raises the root until it covers the frame. */
static int grow(struct xm_pv_table *t, uint64_t mfn)
{
    while (!covers(t, mfn)) {
        if (t->root != NULL) {
            struct xm_pv_node *top = node_new(t);

            if (top == NULL)
                return -XM_ENOMEM;
            top->u.below[0] = t->root;
            top->used = 1;
            t->root = top;
        }
        t->height++;
    }
    return 0;
}

int xm_pv_table_reserve(struct xm_pv_table *t, uint64_t mfn)
{
    struct xm_pv_node **at = &t->root, *above = NULL;
    unsigned level;

    if (mfn >= XM_PV_MFN_LIMIT)
        return -XM_ERANGE;
    if (leaf_find(t, mfn) != NULL)
        return 0;
    if (grow(t, mfn) != 0)
        return -XM_ENOMEM;
    for (level = t->height;;) {
        if (*at == NULL) {
            *at = node_new(t);
            if (*at == NULL) {
                xm_pv_table_prune(t, mfn);
                return -XM_ENOMEM;
            }
            if (above != NULL)
                above->used++;
        }
        if (--level == 0)
            return 0;
        above = *at;
        at = &above->u.below[index_at(mfn, level)];
    }
}

/* Frees the empty nodes on the way to the frame. What is left of n. */
static struct xm_pv_node *prune(struct xm_pv_table *t, struct xm_pv_node *n, unsigned level,
                                uint64_t mfn)
{
    struct xm_pv_node **at;

    if (level > 0) {
        at = &n->u.below[index_at(mfn, level)];
        if (*at != NULL) {
            *at = prune(t, *at, level - 1, mfn);
            n->used -= *at == NULL;
        }
    }
    if (n->used != 0)
        return n;
    node_free(t, n);
    return NULL;
}

void xm_pv_table_prune(struct xm_pv_table *t, uint64_t mfn)
{
    if (t->root == NULL || !covers(t, mfn))
        return;
    t->root = prune(t, t->root, t->height - 1, mfn);
    if (t->root == NULL)
        t->height = 0;
}

void xm_pv_table_put(struct xm_pv_table *t, uint64_t mfn, uint8_t value)
{
    struct xm_pv_node *leaf = leaf_find(t, mfn);
    unsigned shift = shift_in_cell(mfn);
    uint32_t before, after;
    uint64_t *cell;

    if (leaf == NULL)
        return;
    cell = &leaf->u.cell[index_at(mfn, 0)];
    before = live(t, *cell);
    after = (before & ~(15u << shift)) | (uint32_t)(value & 15u) << shift;
    if ((before >> shift & 15u) != 0)
        t->tracked--;
    if (value != 0)
        t->tracked++;
    leaf->used -= *cell != 0;
    *cell = after != 0 ? (uint64_t)t->epoch << EPOCH_SHIFT | after : 0;
    leaf->used += *cell != 0;
    if (leaf->used == 0 && !t->keep)
        xm_pv_table_prune(t, mfn);
}

void xm_pv_table_bump(struct xm_pv_table *t)
{
    t->tracked = 0;
    /* Once in 2^32 times: values of the first epoch must not come back. */
    if (++t->epoch == 0)
        xm_pv_table_free(t);
}
