/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records of guest L4s, and what writers note in them. */
#include <xm/l4.h>

void xm_l4_host_init(struct xm_l4_host *h, const struct xm_l4_layout *layout)
{
    memset(h, 0, sizeof(*h));
    xm_env_lock_init(&h->lock, XM_RANK_L4);
    h->layout = *layout;
    h->ring = XM_L4_RING;
}

static struct xm_l4 **bucket_of(struct xm_l4_host *h, uint64_t mfn)
{
    return &h->bucket[(mfn * UINT64_C(0x9e3779b97f4a7c15) >> 32) % XM_L4_BUCKETS];
}

/* The lock is held. The link to it, or to the end of its bucket. */
static struct xm_l4 **find(struct xm_l4_host *h, uint64_t mfn)
{
    struct xm_l4 **at = bucket_of(h, mfn);

    while (*at && (*at)->mfn != mfn)
        at = &(*at)->next;
    return at;
}

struct xm_l4 *xm_l4_find(struct xm_l4_host *h, uint64_t mfn)
{
    struct xm_l4 *l4;

    xm_env_lock(&h->lock);
    l4 = *find(h, mfn);
    xm_env_unlock(&h->lock);
    return l4;
}

/* Records are reused and never freed: a pCPU's frame may still point to one, and sees by mfn and id. */
static struct xm_l4 *take(struct xm_l4_host *h)
{
    struct xm_l4 *l4 = h->unused;

    if (l4)
        h->unused = l4->next;
    return l4;
}

static struct xm_l4 *take_or_alloc(struct xm_l4_host *h)
{
    struct xm_l4 *l4;

    xm_env_lock(&h->lock);
    l4 = take(h);
    xm_env_unlock(&h->lock);
    if (l4)
        return l4;
    l4 = xm_env_alloc(sizeof(*l4));
    if (!l4)
        return NULL;
    l4->mfn = XM_GFN_NONE;
    xm_env_lock(&h->lock);
    h->records++;
    xm_env_unlock(&h->lock);
    return l4;
}

static void give_back(struct xm_l4_host *h, struct xm_l4 *l4)
{
    l4->next = h->unused;
    h->unused = l4;
}

static void map_build(struct xm_l4 *l4, const struct xm_l4_layout *layout, const uint64_t *table)
{
    memset(l4->present, 0, sizeof(l4->present));
    for (unsigned i = 0; i < XM_L4_SLOTS; i++)
        if (xm_l4_is_guests(layout, i) && xm_env_pte_read(&table[i]) != 0)
            l4->present[i / 64] |= UINT64_C(1) << i % 64;
}

int xm_l4_validated(struct xm_l4_host *h, uint64_t mfn, const uint64_t *table)
{
    struct xm_l4 *l4 = take_or_alloc(h), **at;
    int rc = 0;

    if (!l4)
        return -XM_ENOMEM;
    map_build(l4, &h->layout, table);
    xm_env_lock(&h->lock);
    at = find(h, mfn);
    if (*at) {
        give_back(h, l4);
        rc = -XM_EEXIST;
    } else {
        l4->gen = 0;
        l4->next = NULL;
        xm_env_pte_write(&l4->id, ++h->ids);
        xm_env_pte_write(&l4->mfn, mfn);
        *at = l4;
    }
    xm_env_unlock(&h->lock);
    return rc;
}

int xm_l4_ended(struct xm_l4_host *h, uint64_t mfn)
{
    struct xm_l4 **at, *l4;

    xm_env_lock(&h->lock);
    at = find(h, mfn);
    l4 = *at;
    if (l4) {
        *at = l4->next;
        xm_env_pte_write(&l4->mfn, XM_GFN_NONE);
        give_back(h, l4);
    }
    xm_env_unlock(&h->lock);
    return l4 ? 0 : -XM_ENOENT;
}

static void free_all(struct xm_l4 *l4)
{
    while (l4) {
        struct xm_l4 *next = l4->next;

        xm_env_free(l4, sizeof(*l4));
        l4 = next;
    }
}

void xm_l4_host_free(struct xm_l4_host *h)
{
    for (unsigned i = 0; i < XM_L4_BUCKETS; i++)
        free_all(h->bucket[i]);
    free_all(h->unused);
    memset(h->bucket, 0, sizeof(h->bucket));
    h->unused = NULL;
    h->records = 0;
}

static bool is_own(const struct xm_l4_layout *l, unsigned slot)
{
    for (unsigned i = 0; i < l->own_n; i++)
        if (l->own[i] == slot)
            return true;
    return false;
}

/* The map has the guest's slots alone: own ones are copied with it anyway. */
static void note_map(struct xm_l4 *l4, unsigned slot, bool present)
{
    uint64_t *word = &l4->present[slot / 64], bit = UINT64_C(1) << slot % 64;
    uint64_t was = xm_env_pte_read(word);

    xm_env_pte_write(word, present ? was | bit : was & ~bit);
}

int xm_l4_note(const struct xm_l4_host *h, struct xm_l4 *l4, unsigned slot, bool present)
{
    uint64_t gen = xm_env_pte_read(&l4->gen);

    if (xm_l4_is_guests(&h->layout, slot))
        note_map(l4, slot, present);
    else if (!is_own(&h->layout, slot))
        return -XM_EINVAL;
    xm_env_pte_write(&l4->ring[gen & (h->ring - 1)], slot);
    xm_env_pte_write(&l4->gen, gen + 1);
    return 0;
}
