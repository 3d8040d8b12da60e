/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a view shows at a gfn, shown again, with the rights that were meant for it. */
#include "rights/rights.h"

#include "ledger/ledger.h"

size_t xmi_remap_index(const struct view *v, uint64_t gfn)
{
    size_t i = 0;
    while (i < v->remaps.n && remap_at(v, i)->gfn != gfn)
        i++;
    return i;
}

bool xmi_view_remapped(const struct view *v, uint64_t gfn)
{
    return xmi_remap_index(v, gfn) < v->remaps.n;
}

/* What was set or, of what was not, the view's default. */
uint8_t xmi_view_meant(const struct view *v, uint64_t gfn)
{
    uint8_t rights = known_set_of(xmi_known_get(&v->known, gfn));
    return rights == KNOWN_NOTHING ? view_default(v) : rights;
}

/* The entry is a new one: what was meant for it is gone. */
int xmi_view_rights_again(struct xmem_domain *d, struct view *v, uint64_t gfn)
{
    uint8_t rights = xmi_view_meant(v, gfn);
    return rights == KNOWN_NOTHING ? 0 : xmi_domain_force_alone(d, v, gfn, rights);
}

static int remap_again(struct xmem_domain *d, struct view *v, uint64_t gfn, uint64_t to);

/* With what to shows in the view out of the way, and put back after. */
static int remap_around(struct xmem_domain *d, struct view *v, uint64_t gfn, uint64_t to)
{
    size_t i = xmi_remap_index(v, to);
    if (i == v->remaps.n)
        return d->ops->view_change_gfn(d->dom, v->id, gfn, to);
    uint64_t next = remap_at(v, i)->to_gfn;
    int rc = d->ops->view_change_gfn(d->dom, v->id, to, XMEM_GFN_UNDO);
    if (rc)
        return rc;
    rc = d->ops->view_change_gfn(d->dom, v->id, gfn, to);
    int rc2 = remap_again(d, v, to, next);
    if (rc2) /* it may have been for this one time */
        rc2 = remap_again(d, v, to, next);
    return rc ? rc : rc2;
}

static int remap_again(struct xmem_domain *d, struct view *v, uint64_t gfn, uint64_t to)
{
    int rc = remap_around(d, v, gfn, to);
    return rc ? rc : xmi_view_rights_again(d, v, gfn);
}

int xmi_view_remap(struct xmem_domain *d, struct view *v, uint64_t gfn, uint64_t to)
{
    /* Xen looks to up in the view itself (p2m_change_altp2m_gfn()), not in the host view. */
    if (to == XMEM_GFN_UNDO || !xmi_view_remapped(v, to))
        return d->ops->view_change_gfn(d->dom, v->id, gfn, to);
    int rc = xmi_domain_hold(d);
    return rc ? rc : xmi_domain_let_go(d, remap_around(d, v, gfn, to));
}
