/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <xm/pv-frames.h>

#define NODE_BITS 6u
#define SLOTS (1u << NODE_BITS)
#define LEAF_BITS (NODE_BITS - 1) /* two words a frame */
#define TAG_NONE UINT64_MAX
#define ROOM_FIRST 6u /* with its head: 56 bytes, then twice as many and two each time */
#define MORE_FREE 65536u
#define FREED_AT_ONCE 32u
#define LEFT_AT_ONCE 8u /* leaves, for whoever comes by */

/*
 * A frame's words: a place is kept shifted, with bit 0 set. The second one is else 0, an array of places
 * beyond the first, or MANY.
 */
#define MANY UINT64_C(2)

struct xm_pv_where_node {
    uint32_t used; /* slots of a node that are not empty; of a leaf: frames that have places */
    uint32_t left; /* frames of a leaf that left the domain, a bit each; else: such are below */
    union {
        struct xm_pv_where_node *below[SLOTS];
        uint64_t word[SLOTS];
    } u;
};

struct more {
    uint32_t n, room;
    uint64_t place[]; /* as words */
};

static uint64_t word_of(uint64_t place)
{
    return place << 1 | 1;
}

static struct more *more_of(uint64_t word)
{
    return (word & 1) == 0 && word > MANY ? (struct more *)(uintptr_t)word : NULL;
}

/* ---- the tree: changed under the caller's lock and its own, so that with either it can be looked at ---- */

void xm_pv_where_init(struct xm_pv_where *w, struct xm_env_dom *env,
                      const struct xm_pv_where_hooks *hooks)
{
    memset(w, 0, sizeof(*w));
    w->env = env;
    w->hooks = hooks;
    xm_env_lock_init(&w->lock, XM_RANK_RIGHTS);
    w->tag = TAG_NONE;
}

static unsigned index_at(uint64_t mfn, unsigned level)
{
    unsigned shift = LEAF_BITS + NODE_BITS * (level - 1);

    return (unsigned)(mfn >> shift) & (SLOTS - 1);
}

static bool covers(const struct xm_pv_where *w, uint64_t mfn)
{
    return w->height != 0 && mfn >> (LEAF_BITS + NODE_BITS * (w->height - 1)) == 0;
}

static struct xm_pv_where_node *node_new(struct xm_pv_where *w)
{
    struct xm_pv_where_node *n = xm_env_alloc(sizeof(*n));

    if (n != NULL)
        w->bytes += sizeof(*n);
    return n;
}

static void node_free(struct xm_pv_where *w, struct xm_pv_where_node *n)
{
    w->tag = TAG_NONE;
    w->bytes -= sizeof(*n);
    xm_env_free(n, sizeof(*n));
}

/* Raises the root until it covers the frame. */
static bool grow(struct xm_pv_where *w, uint64_t mfn)
{
    while (!covers(w, mfn)) {
        if (w->root != NULL) {
            struct xm_pv_where_node *top = node_new(w);

            if (top == NULL)
                return false;
            top->u.below[0] = w->root;
            top->used = 1;
            top->left = w->root->left != 0;
            w->root = top;
        }
        w->height++;
    }
    return true;
}

static struct xm_pv_where_node *leaf_make_locked(struct xm_pv_where *w, uint64_t mfn)
{
    struct xm_pv_where_node **at = &w->root, *above = NULL;

    if (!grow(w, mfn))
        return NULL;
    for (unsigned level = w->height;;) {
        if (*at == NULL) {
            *at = node_new(w);
            if (*at == NULL)
                return NULL;
            if (above != NULL)
                above->used++;
        }
        if (--level == 0)
            return *at;
        above = *at;
        at = &above->u.below[index_at(mfn, level)];
    }
}

static struct xm_pv_where_node *leaf_make(struct xm_pv_where *w, uint64_t mfn)
{
    struct xm_pv_where_node *leaf;

    xm_env_lock(&w->lock);
    leaf = leaf_make_locked(w, mfn);
    xm_env_unlock(&w->lock);
    return leaf;
}

/* mark: on the way, that a frame below left. */
static struct xm_pv_where_node *leaf_look(const struct xm_pv_where *w, uint64_t mfn, bool mark)
{
    struct xm_pv_where_node *n = covers(w, mfn) ? w->root : NULL;

    for (unsigned level = w->height - 1; n != NULL && level > 0; level--) {
        if (mark)
            n->left = 1;
        n = n->u.below[index_at(mfn, level)];
    }
    return n;
}

static struct xm_pv_where_node *leaf_find(struct xm_pv_where *w, uint64_t mfn)
{
    struct xm_pv_where_node *n;

    if (w->tag == mfn >> LEAF_BITS)
        return w->leaf;
    n = leaf_look(w, mfn, false);
    if (n != NULL) {
        w->tag = mfn >> LEAF_BITS;
        w->leaf = n;
    }
    return n;
}

static uint64_t *words_of(struct xm_pv_where_node *leaf, uint64_t mfn)
{
    return &leaf->u.word[2 * (mfn & (SLOTS / 2 - 1))];
}

/* ---- frames with more than two places ---- */

static size_t more_bytes(uint32_t room)
{
    return sizeof(struct more) + room * sizeof(uint64_t);
}

/* A guest decides how often its frames are mapped: no more for that than for the tree. */
static struct more *more_new(struct xm_pv_where *w, uint32_t room)
{
    size_t bytes = more_bytes(room);
    struct more *m = NULL;

    if (2 * w->more + bytes <= w->bytes + MORE_FREE)
        m = xm_env_alloc(bytes);
    if (m == NULL)
        return NULL;
    m->room = room;
    w->bytes += bytes;
    w->more += bytes;
    return m;
}

static void more_free(struct xm_pv_where *w, struct more *m)
{
    size_t bytes = more_bytes(m->room);

    w->bytes -= bytes;
    w->more -= bytes;
    xm_env_free(m, bytes);
}

static bool more_has(const struct more *m, uint64_t word)
{
    uint32_t i = 0;

    while (i < m->n && m->place[i] != word)
        i++;
    return i < m->n;
}

static bool stale(struct xm_pv_where *w, uint64_t word, uint64_t mfn)
{
    w->looks++;
    return !w->hooks->holds(w->env, word >> 1, mfn);
}

static void more_purge(struct xm_pv_where *w, struct more *m, uint64_t mfn)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < m->n; i++) {
        if (!stale(w, m->place[i], mfn))
            m->place[n++] = m->place[i];
    }
    m->n = n;
}

/* Twice the room, or NULL: the frame counts as one of many. */
static struct more *more_grow(struct xm_pv_where *w, struct more *m)
{
    struct more *to = m->room < XM_PV_WHERE_PLACES ? more_new(w, 2 * m->room + 2) : NULL;

    if (to != NULL) {
        memcpy(to->place, m->place, m->n * sizeof(m->place[0]));
        to->n = m->n;
    }
    more_free(w, m);
    return to;
}

/* Looked through only when it is full, and left with half of it free: a place costs a few looks. */
static void more_add(struct xm_pv_where *w, uint64_t *at, uint64_t word, uint64_t mfn)
{
    struct more *m = more_of(*at);

    if (more_has(m, word))
        return;
    if (m->n == m->room) {
        more_purge(w, m, mfn);
        if (m->n > m->room / 2)
            m = more_grow(w, m);
    }
    *at = m != NULL ? (uint64_t)(uintptr_t)m : MANY;
    if (m != NULL)
        m->place[m->n++] = word;
}

static void more_begin(struct xm_pv_where *w, uint64_t *at, uint64_t word)
{
    struct more *m = more_new(w, ROOM_FIRST);

    if (m != NULL) {
        m->place[m->n++] = *at;
        m->place[m->n++] = word;
    }
    *at = m != NULL ? (uint64_t)(uintptr_t)m : MANY;
}

/* ---- frames that left ---- */

static void clear(struct xm_pv_where *w, struct xm_pv_where_node *leaf, uint64_t *words)
{
    if (more_of(words[1]) != NULL)
        more_free(w, more_of(words[1]));
    leaf->used -= words[0] != 0 || words[1] != 0;
    words[0] = words[1] = 0;
}

static uint32_t bit_of(uint64_t mfn)
{
    return 1u << (mfn & (SLOTS / 2 - 1));
}

void xm_pv_where_left(struct xm_pv_where *w, uint64_t mfn)
{
    struct xm_pv_where_node *leaf;

    xm_env_lock(&w->lock);
    leaf = leaf_look(w, mfn, true);
    if (leaf != NULL)
        __atomic_store_n(&leaf->left, leaf->left | bit_of(mfn), __ATOMIC_RELAXED);
    xm_env_unlock(&w->lock);
}

/* It is the domain's again, with nothing of what it was. */
static void forget_past(struct xm_pv_where *w, struct xm_pv_where_node *leaf, uint64_t mfn)
{
    xm_env_lock(&w->lock);
    clear(w, leaf, words_of(leaf, mfn));
    leaf->left &= ~bit_of(mfn);
    xm_env_unlock(&w->lock);
}

static void leaf_forget(struct xm_pv_where *w, struct xm_pv_where_node *leaf)
{
    for (unsigned i = 0; i < SLOTS / 2; i++) {
        if ((leaf->left >> i & 1) != 0)
            clear(w, leaf, words_of(leaf, i));
    }
    leaf->left = 0;
}

/* Of the node and below: *leaves at most. What is left of n. */
static struct xm_pv_where_node *forget_below(struct xm_pv_where *w, struct xm_pv_where_node *n,
                                             unsigned level, unsigned *leaves)
{
    uint32_t some = 0;

    if (level == 0) {
        leaf_forget(w, n);
        --*leaves;
    }
    for (unsigned i = 0; level > 0 && i < SLOTS; i++) {
        struct xm_pv_where_node **below = &n->u.below[i];

        if (*below == NULL || (*below)->left == 0)
            continue;
        if (*leaves > 0 && (*below = forget_below(w, *below, level - 1, leaves)) == NULL)
            n->used--;
        some |= *below != NULL && (*below)->left != 0;
    }
    n->left = some;
    if (n->used != 0)
        return n;
    node_free(w, n);
    return NULL;
}

static bool some_left(const struct xm_pv_where *w)
{
    return w->root != NULL && __atomic_load_n(&w->root->left, __ATOMIC_RELAXED) != 0;
}

static void forget_some(struct xm_pv_where *w)
{
    unsigned leaves = LEFT_AT_ONCE;

    xm_env_lock(&w->lock);
    w->root = forget_below(w, w->root, w->height - 1, &leaves);
    if (w->root == NULL)
        w->height = 0;
    xm_env_unlock(&w->lock);
}

/* ---- entries come and go ---- */

static void add(struct xm_pv_where *w, uint64_t *words, uint64_t word, uint64_t mfn)
{
    if (words[0] == word || words[1] == word || words[1] == MANY)
        return;
    if (more_of(words[1]) != NULL)
        more_add(w, &words[1], word, mfn);
    else if (words[0] == 0)
        words[0] = word;
    else if (words[1] == 0)
        words[1] = word;
    else if (stale(w, words[0], mfn))
        words[0] = word;
    else if (stale(w, words[1], mfn))
        words[1] = word;
    else
        more_begin(w, &words[1], word);
}

void xm_pv_where_note(struct xm_pv_where *w, uint64_t mfn, uint64_t place)
{
    struct xm_pv_where_node *leaf;
    uint64_t *words;

    if (!w->on)
        return;
    if (some_left(w))
        forget_some(w);
    leaf = leaf_find(w, mfn);
    if (leaf == NULL)
        leaf = leaf_make(w, mfn);
    if (leaf == NULL) {
        w->lost = true;
        w->whole = false;
        return;
    }
    if ((__atomic_load_n(&leaf->left, __ATOMIC_RELAXED) & bit_of(mfn)) != 0)
        forget_past(w, leaf, mfn);
    words = words_of(leaf, mfn);
    if (words[0] == 0 && words[1] == 0)
        leaf->used++;
    add(w, words, word_of(place), mfn);
}

static void more_remove(struct xm_pv_where *w, uint64_t *at, uint64_t word)
{
    struct more *m = more_of(*at);
    uint32_t i = 0;

    while (i < m->n && m->place[i] != word)
        i++;
    if (i < m->n)
        m->place[i] = m->place[--m->n];
    if (m->n > 1)
        return;
    *at = m->n == 1 ? m->place[0] : 0;
    more_free(w, m);
}

void xm_pv_where_gone(struct xm_pv_where *w, uint64_t mfn, uint64_t place)
{
    struct xm_pv_where_node *leaf = w->on ? leaf_find(w, mfn) : NULL;
    uint64_t *words, word = word_of(place);
    bool had;

    if (leaf == NULL)
        return;
    words = words_of(leaf, mfn);
    had = words[0] != 0 || words[1] != 0;
    if (words[0] == word)
        words[0] = 0;
    else if (words[1] == word)
        words[1] = 0;
    else if (more_of(words[1]) != NULL)
        more_remove(w, &words[1], word);
    leaf->used -= had && words[0] == 0 && words[1] == 0;
}

/* ---- taking out ---- */

static void take(struct xm_pv_where *w, uint64_t word, uint64_t mfn)
{
    if ((word & 1) == 0)
        return;
    w->looks++;
    w->hooks->take(w->env, word >> 1, mfn);
}

static void sweep_ask(struct xm_pv_where *w)
{
    w->on = true;
    w->lost = false;
    /* One that is under way goes round from where it is. */
    if (w->left == 0) {
        w->part = 0;
        w->parts = w->hooks->parts(w->env);
        w->sweeps++;
    }
    w->left = w->parts;
}

void xm_pv_where_drop(struct xm_pv_where *w, uint64_t mfn)
{
    struct xm_pv_where_node *leaf = w->whole ? leaf_find(w, mfn) : NULL;
    struct more *m;
    uint64_t *words;

    if (!w->whole)
        sweep_ask(w);
    if (leaf == NULL)
        return;
    words = words_of(leaf, mfn);
    if (words[1] == MANY) {
        sweep_ask(w);
        return;
    }
    take(w, words[0], mfn);
    take(w, words[1], mfn);
    m = more_of(words[1]);
    for (uint32_t i = 0; m != NULL && i < m->n; i++)
        take(w, m->place[i], mfn);
    clear(w, leaf, words);
}

int xm_pv_where_settle(struct xm_pv_where *w, bool may_preempt, bool *flush)
{
    if (some_left(w))
        forget_some(w);
    while (w->left != 0) {
        w->hooks->sweep(w->env, w->part, w->parts);
        w->part = (w->part + 1) % w->parts;
        w->left--;
        *flush = true;
        if (w->left == 0)
            w->whole = !w->lost;
        else if (may_preempt && xm_env_preempt())
            return XM_CONTINUE;
    }
    return 0;
}

/* ---- giving back ---- */

/* Frees the empty nodes on the way to the frame. What is left of n. */
static struct xm_pv_where_node *prune(struct xm_pv_where *w, struct xm_pv_where_node *n,
                                      unsigned level, uint64_t mfn)
{
    struct xm_pv_where_node **below;

    if (n == NULL)
        return NULL;
    if (level > 0) {
        below = &n->u.below[index_at(mfn, level)];
        if (*below != NULL && (*below = prune(w, *below, level - 1, mfn)) == NULL)
            n->used--;
    }
    if (n->used != 0)
        return n;
    node_free(w, n);
    return NULL;
}

static void leaf_empty(struct xm_pv_where *w, struct xm_pv_where_node *leaf)
{
    for (unsigned i = 0; i < SLOTS && leaf->used != 0; i += 2)
        clear(w, leaf, &leaf->u.word[i]);
}

/* A leaf in a tree that is not empty, going down by what is there. *mfn: a frame of it. */
static struct xm_pv_where_node *leaf_any(const struct xm_pv_where *w, uint64_t *mfn)
{
    struct xm_pv_where_node *n = w->root;

    *mfn = 0;
    for (unsigned level = w->height - 1; level > 0; level--) {
        unsigned i = 0;

        while (i < SLOTS && n->u.below[i] == NULL)
            i++;
        if (i == SLOTS)
            return NULL;
        *mfn |= (uint64_t)i << (LEAF_BITS + NODE_BITS * (level - 1));
        n = n->u.below[i];
    }
    return n;
}

int xm_pv_where_free(struct xm_pv_where *w, bool may_preempt)
{
    struct xm_pv_where_node *leaf;
    uint64_t mfn;

    /* What is still there is not whole from here on, and not asked. */
    w->on = w->whole = w->lost = false;
    w->left = w->part = w->parts = 0;
    for (unsigned i = 1; w->root != NULL; i++) {
        xm_env_lock(&w->lock);
        leaf = leaf_any(w, &mfn);
        if (leaf != NULL)
            leaf_empty(w, leaf);
        w->root = prune(w, w->root, w->height - 1, mfn);
        xm_env_unlock(&w->lock);
        if (may_preempt && i % FREED_AT_ONCE == 0 && xm_env_preempt())
            return XM_CONTINUE;
    }
    w->height = 0;
    w->sweeps = 0;
    return 0;
}

/* ---- those that are open for the hypervisor's own access ---- */

void xm_pv_open_next(struct xm_pv_open *o, uint64_t mfn)
{
    o->pass = true;
    o->mfn = mfn;
}

static void drop_oldest(struct xm_pv_open *o, struct xm_env_dom *d, xm_pv_take_fn *take_out)
{
    take_out(d, o->entry[0].place, o->entry[0].mfn);
    o->n--;
    for (uint32_t i = 0; i < o->n; i++)
        o->entry[i] = o->entry[i + 1];
}

static bool kept(const struct xm_pv_open *o, uint64_t mfn, uint64_t place)
{
    uint32_t i = 0;

    while (i < o->n && (o->entry[i].place != place || o->entry[i].mfn != mfn))
        i++;
    return i < o->n;
}

void xm_pv_open_made(struct xm_pv_open *o, uint64_t mfn, uint64_t place, struct xm_env_dom *d,
                     xm_pv_take_fn *take_out)
{
    o->pass = false;
    if (kept(o, mfn, place))
        return;
    if (o->n == XM_PV_OPEN_MOST)
        drop_oldest(o, d, take_out);
    o->entry[o->n++] = (struct xm_pv_open_entry){.mfn = mfn, .place = place};
}

bool xm_pv_open_close(struct xm_pv_open *o, struct xm_env_dom *d, xm_pv_take_fn *take_out)
{
    bool flush = o->n != 0;

    for (uint32_t i = 0; i < o->n; i++)
        take_out(d, o->entry[i].place, o->entry[i].mfn);
    o->pass = false;
    o->n = 0;
    return flush;
}
