/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/base.h"
#include "events/events-int.h"

#include <errno.h>

_Static_assert(PAGE_CACHE_SETS == 1u << (64 - PAGE_CACHE_SHIFT), "sets");

static void unmap_retired(struct page_cache *c, const struct xmem_backend_ops *ops, void *dom)
{
    while (c->retired_n)
        ops->page_unmap(dom, c->retired[--c->retired_n]);
}

void xmi_page_cache_begin(struct page_cache *c, const struct xmem_backend_ops *ops, void *dom)
{
    c->now = (uint64_t)xmi_clock_ns();
    c->step++;
    unmap_retired(c, ops, dom);
}

static struct page_kept *find(struct page_cache *c, uint64_t gfn)
{
    struct page_kept *set = page_cache_set(c, gfn);
    for (uint32_t i = 0; i < PAGE_CACHE_WAYS; i++)
        if (set[i].gfn == gfn && set[i].page)
            return &set[i];
    return NULL;
}

/* Its pointer may be in use until this step is over. */
static void retire(struct page_cache *c, struct page_kept *k)
{
    if (k->page)
        c->retired[c->retired_n++] = k->page;
    k->page = NULL;
}

static struct page_kept *room_for(struct page_cache *c, uint64_t gfn)
{
    struct page_kept *set = page_cache_set(c, gfn);
    for (uint32_t i = 0; i < PAGE_CACHE_WAYS; i++)
        if (!set[i].page)
            return &set[i];
    return &set[c->turn[(set - c->v[0]) / PAGE_CACHE_WAYS]++ % PAGE_CACHE_WAYS];
}

int xmi_page_cache_get_far(struct page_cache *c, const struct xmem_backend_ops *ops, void *dom,
                           uint64_t gfn, enum page_use use, uint8_t **out)
{
    struct page_kept *k = find(c, gfn);
    void *page;
    if (k && page_cache_good(c, k, use)) {
        *out = k->page;
        return 0;
    }
    if (c->retired_n == PAGE_CACHE_RETIRED)
        return -ENOBUFS;
    if (!k)
        k = room_for(c, gfn);
    retire(c, k);
    int rc = ops->page_map(dom, gfn, &page);
    if (rc)
        return rc;
    c->mapped++;
    *k = (struct page_kept){.gfn = gfn, .page = page, .at = c->now, .step = c->step};
    *out = page;
    return 0;
}

void xmi_page_cache_drop(struct page_cache *c, const struct xmem_backend_ops *ops, void *dom,
                         uint64_t gfn, uint64_t nr)
{
    unmap_retired(c, ops, dom);
    for (uint32_t i = 0; i < PAGE_CACHE_PAGES; i++) {
        struct page_kept *k = &c->v[i / PAGE_CACHE_WAYS][i % PAGE_CACHE_WAYS];
        if (!k->page || k->gfn - gfn >= nr)
            continue;
        ops->page_unmap(dom, k->page);
        k->page = NULL;
    }
}

void xmi_page_cache_drop_all(struct page_cache *c, const struct xmem_backend_ops *ops, void *dom)
{
    xmi_page_cache_drop(c, ops, dom, 0, UINT64_MAX);
}
