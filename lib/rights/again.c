/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a change in the host view overwrote in other views, set there again. */
#include "rights/rights-int.h"

#include "ledger/ledger.h"
#include "rights/rights.h"

#include <inttypes.h>

/* Rights that the session set, or that the view's default gave, in this part. */
static void view_rights_in(const struct view *v, uint64_t gfn, uint64_t left, struct feed *out)
{
    while (left) {
        uint64_t nr = left;
        uint8_t rights = known_set_of(xmi_known_run(&v->known, gfn, &nr));
        if (rights == KNOWN_NOTHING)
            rights = view_default(v);
        if (rights != KNOWN_NOTHING)
            xmi_feed_add(out, gfn, nr, rights);
        gfn += nr;
        left -= nr;
    }
}

int xmi_changes_make_entries(struct xmem_domain *d, struct view *v, uint64_t gfn, uint64_t nr)
{
    struct feed f;
    if (view_default(v) == KNOWN_NOTHING || (d->quirks & QUIRK_VIEW_COPIES_HOST_RIGHTS))
        return 0;
    xmi_feed_begin(&f, d, v);
    for (uint64_t left = nr; left; gfn += nr, left -= nr) {
        nr = left;
        if (known_set_of(xmi_known_run(&v->known, gfn, &nr)) == KNOWN_NOTHING)
            xmi_feed_add(&f, gfn, nr, view_default(v));
    }
    return xmi_feed_end(&f);
}

static int reapply_remaps(struct xmem_domain *d, struct view *v, uint64_t gfn, uint64_t nr)
{
    for (size_t i = 0; i < v->remaps.n; i++) {
        const struct remap *m = remap_at(v, i);
        if (m->gfn - gfn >= nr)
            continue;
        int rc = xmi_view_remap(d, v, m->gfn, m->to_gfn);
        if (rc)
            return xmi_domain_fail(d, rc, MAY_SRCH,
                                   "view %u: gfn 0x%" PRIx64 " cannot be remapped "
                                   "again after a change in the host view",
                                   v->id, m->gfn);
    }
    return 0;
}

static int reapply_view(struct xmem_domain *d, struct view *v, const struct runs *host,
                        struct place from, struct place to)
{
    struct feed f;
    int rc = 0;
    xmi_feed_begin(&f, d, v);
    for (size_t i = from.run; i <= to.run && i < host->n && !rc; i++) {
        const struct run *r = &host->v[i];
        uint64_t a = i == from.run ? from.off : 0, b = i == to.run ? to.off : run_nr(r);
        if (a >= b)
            continue;
        rc = reapply_remaps(d, v, r->gfn + a, b - a);
        if (!rc)
            view_rights_in(v, r->gfn + a, b - a, &f);
    }
    int rc2 = xmi_feed_end(&f);
    return rc ? rc : rc2;
}

int xmi_changes_reapply_part(struct xmem_domain *d, const struct runs *host, struct place from,
                             struct place to)
{
    int rc = 0;
    for (size_t i = from.run; i < host->n && (i < to.run || (i == to.run && to.off)); i++)
        xmi_view_leaf_note(d, host->v[i].gfn, i < to.run ? run_nr(&host->v[i]) : to.off);
    if (!(d->quirks & QUIRK_HOST_SET_OVERWRITES_VIEWS) || !d->led->views_on)
        return 0;
    for (uint32_t id = 1; id < d->view_end && !rc; id++)
        if (d->views[id])
            rc = reapply_view(d, d->views[id], host, from, to);
    return rc;
}

int xmi_changes_reapply(struct xmem_domain *d, const struct runs *list)
{
    return list->n
               ? xmi_changes_reapply_part(d, list, (struct place){0, 0}, (struct place){list->n, 0})
               : 0;
}

int xmi_changes_reapply_one(struct xmem_domain *d, uint64_t gfn)
{
    struct run one = {gfn, UINT64_C(1) << 8};
    return xmi_changes_reapply(d, &(struct runs){&one, 1, 1});
}

int xmi_domain_force_rights(struct xmem_domain *d, struct view *v, uint64_t gfn, uint8_t rights)
{
    int rc = xmi_domain_force_alone(d, v, gfn, rights);
    if (rc || v->id)
        return rc;
    rc = xmi_changes_reapply_one(d, gfn);
    return rc ? xmi_domain_fail_force(d, v, gfn, rights, rc) : 0;
}

int xmi_domain_force_open(struct xmem_domain *d, struct view *v, uint64_t gfn, uint8_t rights)
{
    d->rights->as_said = true;
    int rc = xmi_domain_force_rights(d, v, gfn, rights);
    d->rights->as_said = false;
    return rc;
}
