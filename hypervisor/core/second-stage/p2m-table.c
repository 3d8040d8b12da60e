/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One second-stage table. Entries look like EPT's: bits 0 to 2 are the hardware's rights,
 * bit 7 says "larger page", bit 63 is suppress-#VE. Of the bits that hardware ignores, bit 11
 * marks a leaf (one without rights has no hardware bit set) and 52 to 55 hold the rights as
 * they were asked for.
 */
#include <xm/rights.h>
#include <xm/second-stage.h>

#define TOP_LEVEL 3u
#define LEVEL_BITS 9u
#define ENTRIES 512u

#define PTE_RWX UINT64_C(7)
#define PTE_LARGE (UINT64_C(1) << 7)
#define PTE_LEAF (UINT64_C(1) << 11)
#define PTE_FRAME ((UINT64_C(1) << 52) - (UINT64_C(1) << 12))
#define PTE_ACCESS_SHIFT 52u
#define PTE_SUPPRESS_VE (UINT64_C(1) << 63)

static unsigned index_at(xm_gfn_t gfn, unsigned level)
{
    return (unsigned)(gfn.n >> (LEVEL_BITS * level)) & (ENTRIES - 1);
}

static xm_mfn_t pte_mfn(uint64_t pte)
{
    return xm_mfn((pte & PTE_FRAME) >> XM_PAGE_SHIFT);
}

static bool pte_is_table(uint64_t pte)
{
    return pte != 0 && (pte & PTE_LEAF) == 0;
}

static uint64_t pte_make(const struct xm_p2m_entry *e, unsigned level)
{
    uint64_t pte;

    if (!xm_mfn_valid(e->mfn))
        return 0;
    pte = (e->mfn.n << XM_PAGE_SHIFT) | PTE_LEAF | xm_rights_bits((enum xm_access)e->access);
    pte |= (uint64_t)e->access << PTE_ACCESS_SHIFT;
    if (level > 0)
        pte |= PTE_LARGE;
    if (e->suppress_ve)
        pte |= PTE_SUPPRESS_VE;
    return pte;
}

static struct xm_p2m_entry pte_decode(uint64_t pte, xm_gfn_t gfn, unsigned level)
{
    struct xm_p2m_entry e = {
        .mfn = xm_mfn(XM_GFN_NONE), .order = (uint8_t)(LEVEL_BITS * level), .suppress_ve = true};
    uint64_t within = gfn.n & ((UINT64_C(1) << e.order) - 1);

    if (pte == 0)
        return e;
    e.mfn = xm_mfn(pte_mfn(pte).n + within);
    e.access = (uint8_t)((pte >> PTE_ACCESS_SHIFT) & 15);
    e.suppress_ve = (pte & PTE_SUPPRESS_VE) != 0;
    return e;
}

static uint64_t slot_read(xm_mfn_t table, unsigned index)
{
    uint64_t *t = xm_env_frame_map(table);
    uint64_t pte = xm_env_pte_read(&t[index]);

    xm_env_frame_unmap(t);
    return pte;
}

static void slot_write(xm_mfn_t table, unsigned index, uint64_t pte)
{
    uint64_t *t = xm_env_frame_map(table);

    xm_env_pte_write(&t[index], pte);
    xm_env_frame_unmap(t);
}

static xm_mfn_t table_new(struct xm_domain *d, struct xm_p2m *p2m)
{
    xm_mfn_t mfn = xm_env_frame_alloc(d->env);

    if (xm_mfn_valid(mfn))
        p2m->tables++;
    return mfn;
}

static int table_init(struct xm_domain *d, struct xm_p2m *p2m)
{
    p2m->tables = 0;
    p2m->mapped = 0;
    p2m->cache_tag = XM_GFN_NONE;
    p2m->root = table_new(d, p2m);
    return xm_mfn_valid(p2m->root) ? 0 : -XM_ENOMEM;
}

/* Frees a table and all below it; at most TOP_LEVEL deep. Nobody may walk it any more. */
static void subtree_free(struct xm_domain *d, struct xm_p2m *p2m, xm_mfn_t table, unsigned level)
{
    for (unsigned i = 0; i < ENTRIES; i++) {
        uint64_t pte = slot_read(table, i);

        if (pte_is_table(pte))
            subtree_free(d, p2m, pte_mfn(pte), level - 1);
        else if (pte != 0)
            p2m->mapped -= UINT64_C(1) << (LEVEL_BITS * level);
    }
    xm_env_frame_free(d->env, table);
    p2m->tables--;
}

static void table_free(struct xm_domain *d, struct xm_p2m *p2m)
{
    if (!xm_mfn_valid(p2m->root) || p2m->tables == 0)
        return;
    subtree_free(d, p2m, p2m->root, TOP_LEVEL);
    p2m->root = xm_mfn(XM_GFN_NONE);
    p2m->cache_tag = XM_GFN_NONE;
}

static struct xm_p2m_entry get(struct xm_p2m *p2m, xm_gfn_t gfn)
{
    xm_mfn_t table = p2m->root;
    unsigned level = TOP_LEVEL;
    uint64_t pte;

    if (!xm_mfn_valid(table) || gfn.n >= XM_GFN_LIMIT)
        return pte_decode(0, gfn, TOP_LEVEL - 1);
    if (p2m->cache_tag == gfn.n >> LEVEL_BITS)
        return pte_decode(slot_read(p2m->cache_table, index_at(gfn, 0)), gfn, 0);
    for (;; level--) {
        pte = slot_read(table, index_at(gfn, level));
        if (level == 0 || !pte_is_table(pte))
            break;
        table = pte_mfn(pte);
    }
    if (level == 0) {
        p2m->cache_tag = gfn.n >> LEVEL_BITS;
        p2m->cache_table = table;
    }
    return pte_decode(pte, gfn, level);
}

static struct xm_p2m_entry table_get(struct xm_domain *d, struct xm_p2m *p2m, xm_gfn_t gfn)
{
    (void)d;
    return get(p2m, gfn);
}

/* A larger leaf becomes a table of leaves one size smaller, with the same rights. */
static void fill_from_leaf(xm_mfn_t table, uint64_t leaf, unsigned level)
{
    uint64_t *t = xm_env_frame_map(table);
    uint64_t step = UINT64_C(1) << (LEVEL_BITS * level + XM_PAGE_SHIFT);

    if (level == 0)
        leaf &= ~PTE_LARGE;
    for (unsigned i = 0; i < ENTRIES; i++)
        xm_env_pte_write(&t[i], leaf + i * step);
    xm_env_frame_unmap(t);
}

/* The table below slot `index` of a table at `level`, made where there is none. */
static int table_below(struct xm_domain *d, struct xm_p2m *p2m, xm_mfn_t *table, unsigned index,
                       unsigned level)
{
    uint64_t pte = slot_read(*table, index);
    xm_mfn_t below;

    if (pte_is_table(pte)) {
        *table = pte_mfn(pte);
        return 0;
    }
    below = table_new(d, p2m);
    if (!xm_mfn_valid(below))
        return -XM_ENOMEM;
    if (pte != 0)
        fill_from_leaf(below, pte, level - 1);
    /* Only now, and in one store: a CPU that walks meanwhile sees the leaf or the whole table. */
    slot_write(*table, index, (below.n << XM_PAGE_SHIFT) | PTE_RWX);
    *table = below;
    return 0;
}

/* Replaces one slot and what hung below it. */
static void slot_replace(struct xm_domain *d, struct xm_p2m *p2m, xm_mfn_t table, unsigned index,
                         unsigned level, uint64_t pte)
{
    uint64_t old = slot_read(table, index);
    uint64_t span = UINT64_C(1) << (LEVEL_BITS * level);

    slot_write(table, index, pte);
    if (pte != 0)
        p2m->mapped += span;
    if (!pte_is_table(old)) {
        p2m->mapped -= old != 0 ? span : 0;
        return;
    }
    p2m->cache_tag = XM_GFN_NONE;
    /* Paging-structure caches may still hold the old tables: flush before they are reused. */
    xm_env_tlb_flush(d->env, p2m->view);
    d->stats.tlb_flushes++;
    subtree_free(d, p2m, pte_mfn(old), level - 1);
}

/* Removing from a hole needs no tables. */
static bool is_hole(struct xm_p2m *p2m, xm_gfn_t gfn, unsigned order)
{
    struct xm_p2m_entry e = get(p2m, gfn);

    return !xm_mfn_valid(e.mfn) && e.order >= order;
}

static int table_set(struct xm_domain *d, struct xm_p2m *p2m, xm_gfn_t gfn, unsigned order,
                     const struct xm_p2m_entry *e)
{
    unsigned target = order / LEVEL_BITS;
    uint64_t pte = pte_make(e, target);
    xm_mfn_t table = p2m->root;
    int rc;

    if (!xm_mfn_valid(table) || gfn.n >= XM_GFN_LIMIT)
        return -XM_ERANGE;
    if (target == 0 && p2m->cache_tag == gfn.n >> LEVEL_BITS) {
        slot_replace(d, p2m, p2m->cache_table, index_at(gfn, 0), 0, pte);
        return 0;
    }
    if (pte == 0 && is_hole(p2m, gfn, order))
        return 0;
    for (unsigned level = TOP_LEVEL; level > target; level--) {
        rc = table_below(d, p2m, &table, index_at(gfn, level), level);
        if (rc != 0)
            return rc;
    }
    slot_replace(d, p2m, table, index_at(gfn, target), target, pte);
    if (target == 0) {
        p2m->cache_tag = gfn.n >> LEVEL_BITS;
        p2m->cache_table = table;
    }
    return 0;
}

const struct xm_table_ops xm_second_stage = {
    .init = table_init,
    .free = table_free,
    .get = table_get,
    .set = table_set,
};
