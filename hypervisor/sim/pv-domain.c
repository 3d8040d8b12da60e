/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A PV guest as its builder leaves it: every page mapped at its machine address, the page
 * tables behind the pages, read-only, the L4 pinned; and pages that come and go.
 */
#include <stdlib.h>
#include <string.h>

#include "pv.h"

#define FLAGS_PAGE (XM_PTE_P | XM_PTE_RW | PTE_US)
#define FLAGS_TABLE (XM_PTE_P | PTE_US | XM_PTE_NX)
#define FLAGS_ABOVE (XM_PTE_P | XM_PTE_RW | PTE_US)
#define PAGES_MAX (UINT64_C(1) << 20) /* the tables are made at once: 8 MiB for this many */

/* How many tables of a level cover the frames first to last. */
static uint64_t tables_of(uint64_t first, uint64_t last, unsigned level)
{
    unsigned shift = 9 * level;

    return (last >> shift) - (first >> shift) + 1;
}

/* The tables are mapped as well: more of them until they cover themselves. */
static uint64_t count_tables(uint64_t first, uint64_t pages)
{
    uint64_t n = 0, last;

    do {
        last = first + pages + n - 1;
        n = 0;
        for (unsigned level = 1; level <= PV_LEVELS; level++)
            n += tables_of(first, last, level);
    } while (last < first + pages + n - 1);
    return n;
}

int xmi_sim_pv_cfg_check(const struct sim_domain_cfg *cfg)
{
    if (cfg->altp2m || cfg->pages > PAGES_MAX || cfg->first_gfn >= PV_END / 2)
        return -XM_EINVAL;
    return 0;
}

/* ---- building ---- */

struct builder {
    struct sim_domain *d;
    uint64_t first, last;       /* what is mapped */
    uint64_t at[PV_LEVELS + 2]; /* mfn of the first table of each level */
};

static void map_pages(const struct builder *b, uint64_t pages)
{
    for (uint64_t mfn = b->first; mfn <= b->last; mfn++) {
        uint64_t table = b->at[1] + (mfn >> 9) - (b->first >> 9);

        pv_table(xmi_pv_own(b->d, table))[mfn & (PV_ENTRIES - 1)] = pte_make(
            mfn, mfn - b->first < pages ? FLAGS_PAGE : FLAGS_TABLE);
    }
}

static void link_tables(const struct builder *b, unsigned level)
{
    uint64_t n = tables_of(b->first, b->last, level - 1);

    for (uint64_t i = 0; i < n; i++) {
        uint64_t number = (b->first >> (9 * (level - 1))) + i;
        uint64_t table = b->at[level] + (number >> 9) - (b->first >> (9 * level));

        pv_table(xmi_pv_own(b->d, table))[number & (PV_ENTRIES - 1)] = pte_make(
            b->at[level - 1] + i, FLAGS_ABOVE);
    }
}

static int build(struct sim_domain *d, uint64_t tables)
{
    struct builder b = {.d = d, .first = d->cfg.first_gfn};
    uint64_t mfn = b.first + d->cfg.pages;
    int rc;

    b.last = mfn + tables - 1;
    for (unsigned level = PV_LEVELS; level > 0; level--) {
        b.at[level] = mfn;
        mfn += tables_of(b.first, b.last, level);
    }
    map_pages(&b, d->cfg.pages);
    for (unsigned level = 2; level <= PV_LEVELS; level++)
        link_tables(&b, level);
    d->pv->root = b.at[PV_LEVELS];
    rc = xmi_pv_get_type(d, d->pv->root, PV_L4);
    if (rc == 0)
        xmi_pv_own(d, d->pv->root)->pinned = true;
    for (uint32_t i = 0; i < d->cfg.vcpus && rc == 0; i++) {
        rc = xmi_pv_get_type(d, d->pv->root, PV_L4);
        d->vcpu[i].pv_root = d->pv->root;
    }
    return rc;
}

int xmi_sim_pv_init(struct sim_domain *d)
{
    uint64_t tables = count_tables(d->cfg.first_gfn, d->cfg.pages), all = d->cfg.pages + tables;
    int rc;

    d->pv = calloc(1, sizeof(*d->pv));
    if (d->pv == NULL)
        return -XM_ENOMEM;
    xm_pv_where_init(&d->pv->where, sim_to_env(d), &xmi_sim_pv_where_hooks);
    rc = xmi_sim_arena_init(&d->memory, all, d->cfg.first_gfn, 1);
    if (rc == 0)
        rc = xmi_pv_claim(d, d->cfg.first_gfn, all, d->memory.base);
    if (rc != 0)
        return rc;
    d->pv->tables = tables;
    return build(d, tables);
}

void xmi_sim_pv_destroy(struct sim_domain *d)
{
    if (d->pv == NULL)
        return;
    xmi_pcpus_forget(d);
    xmi_pv_shadow_free_all(d);
    (void)xm_pv_where_free(&d->pv->where, false);
    for (uint64_t mfn = d->cfg.first_gfn; d->pv->owned != 0 && mfn <= d->pv->highest; mfn++)
        xmi_pv_release(d, mfn);
    for (uint64_t mfn = 0; d->pv->owned != 0 && mfn < d->cfg.first_gfn; mfn++)
        xmi_pv_release(d, mfn);
    free(d->pv);
    d->pv = NULL;
}

/* ---- pages that come and go: the guest's kernel maps and unmaps them at their address ---- */

static void map_1to1(struct sim_domain *d, uint64_t mfn)
{
    struct pv_walk w;

    if (!xmi_pv_walk_guest(d, d->pv->root, mfn << XM_PAGE_SHIFT, &w) && w.table[1] != 0)
        (void)xmi_pv_write_entry(d, w.table[1], pv_index(mfn << XM_PAGE_SHIFT, 1),
                                 pte_make(mfn, FLAGS_PAGE));
}

static bool unmap_1to1(struct sim_domain *d, uint64_t mfn)
{
    struct pv_walk w;

    return xmi_pv_walk_guest(d, d->pv->root, mfn << XM_PAGE_SHIFT, &w) && pte_mfn(w.leaf) == mfn &&
           xmi_pv_write_entry(d, w.table[1], pv_index(mfn << XM_PAGE_SHIFT, 1), 0) == 0;
}

int xmi_sim_pv_populate(struct sim_domain *d, uint64_t mfn)
{
    xm_mfn_t host = xmi_sim_frames_alloc(&d->extra);
    int rc;

    if (!xm_mfn_valid(host))
        return -XM_ENOMEM;
    rc = xmi_pv_own(d, mfn) != NULL ? -XM_EEXIST : xm_pv_frame_came(xm_pv_of(&d->core), mfn);
    if (rc == 0) {
        rc = xmi_pv_claim(d, mfn, 1, frame_at(host));
        if (rc != 0)
            xm_pv_frame_left(xm_pv_of(&d->core), mfn);
    }
    if (rc != 0) {
        xmi_sim_frames_free(&d->extra, host);
        return rc;
    }
    map_1to1(d, mfn);
    return 0;
}

int xmi_sim_pv_depopulate(struct sim_domain *d, uint64_t mfn)
{
    struct pv_frame *f = xmi_pv_own(d, mfn);
    bool was_mapped;
    char *host;

    if (f == NULL)
        return -XM_ESRCH;
    was_mapped = unmap_1to1(d, mfn);
    if (f->refs != 0 || f->types != 0) {
        if (was_mapped)
            map_1to1(d, mfn);
        return -XM_EBUSY;
    }
    xmi_pv_disown(f);
    xm_pv_frame_left(xm_pv_of(&d->core), mfn);
    xm_pv_where_left(&d->pv->where, mfn);
    host = f->host;
    /* Before anybody else can get it. */
    xmi_sim_tlb_flush(d, 0);
    xmi_pv_release(d, mfn);
    if (!sim_arena_has(&d->memory, frame_of(host)))
        xmi_sim_frames_free(&d->extra, frame_of(host));
    return 0;
}

/* ---- looking ---- */

xm_mfn_t xmi_sim_pv_host_frame(struct sim_domain *d, uint64_t mfn)
{
    const struct pv_frame *f = xmi_pv_own(d, mfn);

    return f != NULL ? frame_of(f->host) : xm_mfn(XM_GFN_NONE);
}

void xmi_sim_pv_info(struct sim_domain *d, struct sim_domain_info *out)
{
    out->highest_gfn = d->pv->highest;
    out->pages = d->pv->owned;
}

uint64_t xmi_sim_pv_count_rights(struct sim_domain *d)
{
    struct xm_pv *pv = xm_pv_of(&d->core);
    uint64_t n = pv->default_access != XM_ACCESS_RWX;

    if (xm_pv_idle(pv))
        return 0;
    for (uint64_t mfn = 0; mfn <= d->pv->highest; mfn++)
        n += xmi_pv_own(d, mfn) != NULL && xm_pv_rights(pv, mfn) != XM_ACCESS_RWX;
    return n;
}

uint64_t xmi_sim_pv_mem_bytes(const struct sim_domain *d)
{
    return xm_pv_of(&d->core)->table.bytes + d->pv->where.bytes +
           d->pv->shadow_count * XM_PAGE_SIZE;
}

int xmi_sim_pv_set_policy(struct sim_domain *d, enum sim_pv_policy policy)
{
    int rc = -XM_EINVAL;

    xmi_sim_enter(d);
    if (d->pv != NULL && policy <= SIM_PV_OWN_DENY) {
        xm_pv_of(&d->core)->policy = (uint8_t)policy;
        rc = 0;
    }
    xmi_sim_leave(d);
    return rc;
}

int xmi_sim_pv_set_later_default(struct sim_domain *d, bool later)
{
    int rc = -XM_EINVAL;

    xmi_sim_enter(d);
    if (d->pv != NULL && !xm_pv_of(&d->core)->on) {
        xm_pv_of(&d->core)->semantics = later ? XM_PV_DEFAULT_LATER : XM_PV_DEFAULT_ALL;
        rc = 0;
    }
    xmi_sim_leave(d);
    return rc;
}

uint64_t xmi_sim_pv_ring_mfn(struct sim_domain *d)
{
    return xm_mfn_valid(d->core.ring.mfn) ? PV_XEN_FIRST + d->core.ring.mfn.n : XM_GFN_NONE;
}

uint64_t xmi_sim_pv_root(struct sim_domain *d)
{
    return d->pv != NULL ? d->pv->root : XM_GFN_NONE;
}
