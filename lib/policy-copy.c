/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Copies of pages that a policy shows in its views follow the originals, since guests change their
 * own code: before a vCPU goes on where it sees the copy, what changed in the original since the
 * last look is brought over, and what the policy patched stays.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy.h"

#define PAGE_BYTES 4096u
#define PAGE_SHIFT 12u

struct policy_copy {
    uint32_t view; /* place in the policy's list */
    uint64_t gfn, page;
    const struct policy_remap *remap;
    uint8_t seen[PAGE_BYTES]; /* the original when it was looked at last */
};

void policy_copies_clear(struct xmem_policy *p)
{
    while (p->n_copies)
        free(p->copies[--p->n_copies]);
    free(p->copies);
    p->copies = NULL;
}

int policy_copy_note(struct xmem_policy *p, const struct policy_view *v,
                     const struct policy_remap *m, uint64_t gfn, uint64_t page, const void *original)
{
    struct policy_copy **grown, *c = malloc(sizeof(*c));

    grown = c ? realloc(p->copies, (p->n_copies + 1) * sizeof(struct policy_copy *)) : NULL;
    if (!grown) {
        free(c);
        return -ENOMEM;
    }
    c->view = (uint32_t)(v - p->views);
    c->gfn = gfn;
    c->page = page;
    c->remap = m;
    memcpy(c->seen, original, PAGE_BYTES);
    p->copies = grown;
    p->copies[p->n_copies++] = c;
    return 0;
}

static bool patched(const struct policy_copy *c, size_t offset)
{
    for (size_t i = 0; i < c->remap->n_patches; i++)
        if (offset - c->remap->patches[i].offset < c->remap->patches[i].len)
            return true;
    return false;
}

/* Is offset to be brought over? What lies under a patch is only noted. */
static bool moves(const struct policy_copy *c, const uint8_t *now, size_t offset, bool *hit)
{
    if (c->seen[offset] == now[offset])
        return false;
    if (!patched(c, offset))
        return true;
    *hit = true;
    return false;
}

static int bring_over(struct xmem_domain *d, const struct policy_copy *c, const uint8_t *now,
                      bool *hit)
{
    int err = 0;

    for (size_t i = 0, n; i < PAGE_BYTES && err == 0; i += n) {
        for (n = 0; i + n < PAGE_BYTES && moves(c, now, i + n, hit); n++)
            ;
        if (n)
            err = xmem_domain_write(d, (c->page << PAGE_SHIFT) + i, now + i, n);
        else
            n = 1;
    }
    return err;
}

static int follow(struct xmem_domain *d, struct policy_copy *c, bool *hit)
{
    uint8_t now[PAGE_BYTES];
    int err = xmem_domain_read(d, c->gfn << PAGE_SHIFT, now, sizeof(now));

    if (err || memcmp(c->seen, now, PAGE_BYTES) == 0)
        return err;
    err = bring_over(d, c, now, hit);
    if (err == 0)
        memcpy(c->seen, now, PAGE_BYTES);
    return err;
}

/* Will the vCPU see the copy when it goes on? */
static bool seen_next(const struct xmem_policy *p, const struct policy_copy *c,
                      const struct xmem_event *ev, const struct xmem_decision *decision)
{
    uint16_t view = decision->action == XMEM_ACTION_SWITCH ? decision->view : ev->view;

    return p->views[c->view].id == view;
}

int policy_copies_follow(const struct xmem_policy *p, struct xmem_domain *d,
                         const struct xmem_event *ev, struct xmem_decision *decision)
{
    bool hit = false;
    int err = 0;

    if (ev->reason != XMEM_EVENT_MEM_ACCESS)
        return 0;
    for (size_t i = 0; i < p->n_copies && err == 0; i++)
        if (p->copies[i]->gfn == ev->u.mem.gfn && seen_next(p, p->copies[i], ev, decision))
            err = follow(d, p->copies[i], &hit);
    if (hit)
        decision->flags |= XMEM_DECISION_PATCH_HIT;
    return err;
}
