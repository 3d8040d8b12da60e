/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Large leaves of the host and views. What a view gets for a gfn that it has no entry for covers
 * the host's whole leaf of 2 MiB or 1 GiB (QUIRK_VIEW_SET_COVERS_LEAF): in some releases with the
 * host's rights, so that the view's default is lost, and in all of them over what the view has
 * there, which matters where an undone remapping left a hole. A host view of small leaves has
 * neither. So the part of 2 MiB is split there first, once in a session: a set of the rights that
 * a gfn of it has. As any set in the host view it overwrites that gfn in views, which are set
 * again; nothing runs meanwhile.
 */
#include "rights/rights-int.h"
#include "rights/rights.h"

#include "ledger/ledger.h"

#include <errno.h>
#include <inttypes.h>

#define PART_BITS 9u               /* of a gfn: its place in 2 MiB */
#define PARTS_MAX BACKEND_RUNS_MAX /* split in one hypercall */

static bool known_split(const struct xmem_domain *d, uint64_t gfn)
{
    return xmi_known_get(&d->rights->split, gfn >> PART_BITS);
}

/* Only where there was room is it noted: else it is split again. */
void xmi_view_leaf_note(struct xmem_domain *d, uint64_t gfn, uint64_t nr)
{
    uint64_t first = gfn >> PART_BITS, last = (gfn + nr - 1) >> PART_BITS;
    if (d->quirks & QUIRK_VIEW_SET_COVERS_LEAF)
        (void)xmi_known_put(&d->rights->split, first, last - first + 1, 0xff, 1);
}

/* Gfns of the next parts in the list that are not split yet, from *at on; as many as there is room for. */
static void next_parts(const struct xmem_domain *d, const struct runs *list, struct place *at,
                       struct runs *out)
{
    while (at->run < list->n && out->n < out->cap) {
        const struct run *r = &list->v[at->run], *last = out->n ? &out->v[out->n - 1] : NULL;
        uint64_t gfn = r->gfn + at->off, next = ((gfn >> PART_BITS) + 1) << PART_BITS;
        if (!known_split(d, gfn) && !(last && last->gfn >> PART_BITS == gfn >> PART_BITS))
            runs_append(out, gfn, 1, XMEM_RWX);
        *at = next < run_end(r) ? (struct place){at->run, next - r->gfn}
                                : (struct place){at->run + 1, 0};
    }
}

/* Of another tool's view nothing is known: what it has there is asked for, to be set again. */
static int learn_foreign(struct xmem_domain *d, struct view *v, const struct runs *parts)
{
    int rc = 0;
    for (size_t i = 0; i < parts->n && !rc; i++) {
        uint64_t gfn = parts->v[i].gfn;
        uint8_t rights;
        if (known_set_of(xmi_known_get(&v->known, gfn)) != KNOWN_NOTHING)
            continue;
        d->stats.gets++;
        rc = d->ops->rights_get(d->dom, v->id, gfn, &rights);
        if (!rc)
            rc = xmi_known_put(&v->known, gfn, 1, 0xff, xmi_domain_found_byte(d, v, rights));
        else if (rc == -ESRCH)
            rc = 0;
    }
    return rc;
}

/* Holes go from the list: they may be filled by a large leaf later, so nothing is noted of them. */
static void drop_holes(struct runs *parts, const uint8_t *rights)
{
    size_t k = 0;
    for (size_t i = 0; i < parts->n; i++)
        if (rights[i] != BACKEND_NO_RIGHTS)
            parts->v[k++] = parts->v[i];
    parts->n = k;
}

static int send_split(struct xmem_domain *d, struct runs *parts)
{
    uint64_t gfns[PARTS_MAX];
    uint8_t rights[PARTS_MAX];
    for (size_t i = 0; i < parts->n; i++)
        gfns[i] = parts->v[i].gfn;
    d->stats.sets++;
    int rc = d->ops->host_split(d->dom, gfns, rights, (uint32_t)parts->n);
    if (!rc)
        drop_holes(parts, rights);
    return rc;
}

/* The domain is held. */
static int split(struct xmem_domain *d, struct runs *parts)
{
    uint64_t first = parts->v[0].gfn;
    int rc = 0;
    for (uint32_t id = 1; id < d->view_end && !rc; id++)
        if (d->views[id] && !d->views[id]->own)
            rc = learn_foreign(d, d->views[id], parts);
    if (!rc)
        rc = send_split(d, parts);
    if (rc)
        return xmi_domain_fail(d, rc, 0,
                               "domain %" PRIu32 ": the large page around gfn 0x%" PRIx64
                               " cannot be split, so that views keep their rights",
                               d->domid, first);
    d->rights->splitting =
        true; /* without memory it is not noted, and what is set again must not split once more */
    rc = d->watch->host_split(d, parts); /* which notes them first */
    d->rights->splitting = false;
    return rc;
}

/* No memory is needed, since putting things back may come here as well. */
static int split_unless_done(struct xmem_domain *d, const struct runs *list)
{
    struct run few[PARTS_MAX];
    struct runs parts = {.v = few, .cap = PARTS_MAX};
    struct place at = {0};
    bool held = false;
    int rc = 0;
    if (d->rights->splitting)
        return 0;
    for (next_parts(d, list, &at, &parts); parts.n && !rc; next_parts(d, list, &at, &parts)) {
        rc = held ? 0 : xmi_domain_hold(d);
        if (rc)
            return rc;
        held = true;
        rc = split(d, &parts);
        parts.n = 0;
    }
    return held ? xmi_domain_let_go(d, rc) : rc;
}

int xmi_view_leaf_before_set(struct xmem_domain *d, const struct view *v, const struct runs *list)
{
    bool plain = v->def == XMEM_RWX &&
                 (d->led->default_now == XMEM_RWX || d->led->default_now == KNOWN_NOTHING);
    if (!v->id || plain || !(d->quirks & QUIRK_LEAF_TAKES_HOST_RIGHTS) || !d->ops->host_split)
        return 0;
    return split_unless_done(d, list);
}

int xmi_view_leaf_before_undo(struct xmem_domain *d, uint64_t gfn)
{
    struct run one = {gfn, UINT64_C(1) << 8};
    if (!(d->quirks & QUIRK_VIEW_SET_COVERS_LEAF) || !d->ops->host_split)
        return 0;
    return split_unless_done(d, &(struct runs){&one, 1, 1});
}
