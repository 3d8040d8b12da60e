/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Mappings of a few of the guest's pages, kept for the next step, since mapping one costs many times
 * what an instruction does with it. What is kept shows the frame that the gfn had when it was mapped: a
 * guest that gives the page away and gets another one there (ballooning) is not seen any more. So
 * whoever asks for a page says how sure it has to be.
 */
#ifndef XMEM_PAGE_CACHE_H
#define XMEM_PAGE_CACHE_H

#include "backend/backend.h"

#define PAGE_CACHE_SETS 16u
#define PAGE_CACHE_WAYS 4u
#define PAGE_CACHE_PAGES (PAGE_CACHE_SETS * PAGE_CACHE_WAYS)
#define PAGE_CACHE_RETIRED 32u
#define PAGE_CACHE_KEEP_NS 10000000u

enum page_use {
    PAGE_AFRESH, /* data: mapped in this step */
    PAGE_KNOWN,  /* data, and the caller knows that the gfn has the frame that it had when mapped */
    PAGE_RECENT, /* tables and code, which are compared with the event: mapped 10 ms ago or less */
};

struct page_kept {
    uint64_t gfn;
    uint8_t *page; /* NULL: nothing is here */
    uint64_t at;   /* CLOCK_MONOTONIC, ns: when the step began that mapped it */
    uint64_t step;
};

/* All zero is an empty one. */
struct page_cache {
    struct page_kept v[PAGE_CACHE_SETS][PAGE_CACHE_WAYS];
    uint8_t turn[PAGE_CACHE_SETS]; /* which is given up next */
    uint8_t *retired[PAGE_CACHE_RETIRED];
    uint32_t retired_n;
    uint64_t now, step;
    uint64_t mapped; /* page_map so far */
};

/* Before the pages of a step are asked for: the time, and pages of former steps are not used any more. */
void xmi_page_cache_begin(struct page_cache *c, const struct xmem_backend_ops *ops, void *dom);

#define PAGE_CACHE_HASH UINT64_C(0x9e3779b97f4a7c15) /* neighbours in sets of their own */
#define PAGE_CACHE_SHIFT 60u                         /* PAGE_CACHE_SETS */
static inline struct page_kept *page_cache_set(struct page_cache *c, uint64_t gfn)
{
    return c->v[gfn * PAGE_CACHE_HASH >> PAGE_CACHE_SHIFT];
}

static inline bool page_cache_good(const struct page_cache *c, const struct page_kept *k,
                                   enum page_use use)
{
    if (k->step == c->step || use == PAGE_KNOWN)
        return true;
    return use == PAGE_RECENT && c->now - k->at <= PAGE_CACHE_KEEP_NS;
}

int xmi_page_cache_get_far(struct page_cache *c, const struct xmem_backend_ops *ops, void *dom,
                           uint64_t gfn, enum page_use use, uint8_t **out);
/*
 * 4 KiB at gfn, read-write. *out holds until xmi_page_cache_begin() or a drop. Whatever page_map
 * answers, or -ENOBUFS: too many pages in one step.
 */
static inline int page_cache_get(struct page_cache *c, const struct xmem_backend_ops *ops,
                                 void *dom, uint64_t gfn, enum page_use use, uint8_t **out)
{
    const struct page_kept *set = page_cache_set(c, gfn);
    for (uint32_t i = 0; i < PAGE_CACHE_WAYS; i++)
        if (set[i].gfn == gfn && set[i].page && page_cache_good(c, &set[i], use)) {
            *out = set[i].page;
            return 0;
        }
    return xmi_page_cache_get_far(c, ops, dom, gfn, use, out);
}
/* The gfns got other frames, or may have. */
void xmi_page_cache_drop(struct page_cache *c, const struct xmem_backend_ops *ops, void *dom,
                         uint64_t gfn, uint64_t nr);
void xmi_page_cache_drop_all(struct page_cache *c, const struct xmem_backend_ops *ops, void *dom);

#endif
