/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Views: made, dropped, copied lazily from the host view, kept in step with it. */
#include <xm/altp2m.h>

/* From 4.19 on a lazy copy gets the view's default rights (arch/x86/mm/altp2m.c); 4.17 keeps the
 * host's and the view's default is only reported. */
#define MINOR_COPY_TAKES_DEFAULT 19u
/* And from 4.22 on the leaf that is copied around a gfn before it gets rights of its own. */
#define MINOR_LEAF_TAKES_DEFAULT 22u

uint32_t xm_views_count(const struct xm_domain *d)
{
    uint32_t i, n = 0;

    for (i = 1; i < d->max_views; i++)
        n += d->view[i].active;
    return n;
}

bool xm_vcpu_vmfunc(struct xm_domain *d, uint32_t vcpu, uint64_t view)
{
    struct xm_vcpu *v = xm_vcpu_get(d, vcpu);
    bool ok;

    xm_p2m_lock(d);
    ok = v != NULL && d->views_active && view < d->max_views && d->view[view].active &&
         d->view[view].visible;
    if (ok)
        v->view = (uint16_t)view;
    xm_p2m_unlock(d);
    return ok;
}

static enum xm_access copied_access(const struct xm_domain *d, const struct xm_p2m *p2m,
                                    const struct xm_p2m_entry *host)
{
    if (d->xen_minor >= MINOR_COPY_TAKES_DEFAULT)
        return (enum xm_access)p2m->default_access;
    return (enum xm_access)host->access;
}

static int copy_leaf(struct xm_domain *d, struct xm_p2m *p2m, xm_gfn_t gfn, unsigned order,
                     const struct xm_p2m_entry *host, enum xm_access access)
{
    uint64_t within = gfn.n & ((UINT64_C(1) << order) - 1);
    struct xm_p2m_entry e = {
        .mfn = xm_mfn(host->mfn.n - within), .access = (uint8_t)access, .suppress_ve = true};

    return xm_table_set(d, p2m, xm_gfn(gfn.n - within), order, &e);
}

static unsigned common_order(const struct xm_p2m_entry *a, const struct xm_p2m_entry *b)
{
    unsigned order = a->order < b->order ? a->order : b->order;

    return order > XM_ORDER_1G ? XM_ORDER_1G : order;
}

int xm_view_copy(struct xm_domain *d, struct xm_p2m *p2m, xm_gfn_t gfn, struct xm_p2m_entry *e)
{
    struct xm_p2m_entry host;
    int rc;

    *e = xm_table_get(d, p2m, gfn);
    if (xm_mfn_valid(e->mfn))
        return 0;
    host = xm_table_get(d, &d->view[0], gfn);
    if (!xm_mfn_valid(host.mfn))
        return 0;
    rc = copy_leaf(d, p2m, gfn, common_order(&host, e), &host, copied_access(d, p2m, &host));
    if (rc != 0)
        return rc;
    *e = xm_table_get(d, p2m, gfn);
    return 1;
}

bool xm_view_would_have(struct xm_domain *d, struct xm_p2m *p2m, xm_gfn_t gfn,
                        struct xm_p2m_entry *e)
{
    *e = xm_table_get(d, p2m, gfn);
    if (xm_mfn_valid(e->mfn) || p2m == &d->view[0])
        return xm_mfn_valid(e->mfn);
    *e = xm_table_get(d, &d->view[0], gfn);
    e->access = (uint8_t)copied_access(d, p2m, e);
    e->suppress_ve = true;
    return xm_mfn_valid(e->mfn);
}

/*
 * altp2m_get_effective_entry(): the host's leaf around gfn as a whole, over whatever the view has in
 * its range already, with the host's rights in releases before 4.22.
 */
static int populate_leaf(struct xm_domain *d, struct xm_p2m *p2m, xm_gfn_t gfn,
                         struct xm_p2m_entry *host)
{
    unsigned order = host->order > XM_ORDER_1G ? XM_ORDER_1G : host->order;

    if (d->xen_minor >= MINOR_LEAF_TAKES_DEFAULT)
        host->access = p2m->default_access;
    return copy_leaf(d, p2m, gfn, order, host, (enum xm_access)host->access);
}

int xm_view_effective(struct xm_domain *d, struct xm_p2m *p2m, xm_gfn_t gfn, bool populate,
                      struct xm_p2m_entry *e)
{
    *e = xm_table_get(d, p2m, gfn);
    if (xm_mfn_valid(e->mfn))
        return 0;
    *e = xm_table_get(d, &d->view[0], gfn);
    if (!xm_mfn_valid(e->mfn))
        return -XM_ESRCH;
    e->suppress_ve = true;
    return populate && e->order != XM_ORDER_4K ? populate_leaf(d, p2m, gfn, e) : 0;
}

/* Everything in the view is forgotten; it fills again from the host. */
static void view_reset(struct xm_domain *d, struct xm_p2m *p2m)
{
    struct xm_p2m_entry hole = {.mfn = xm_mfn(XM_GFN_NONE)};

    for (uint64_t gfn = 0; gfn < XM_GFN_LIMIT; gfn += UINT64_C(1) << XM_ORDER_1G) {
        /* Nothing there in a whole 512 GiB: next. */
        struct xm_p2m_entry e = xm_table_get(d, p2m, xm_gfn(gfn));

        if (!xm_mfn_valid(e.mfn) && e.order > XM_ORDER_1G)
            gfn += (UINT64_C(1) << e.order) - (UINT64_C(1) << XM_ORDER_1G);
        else
            (void)xm_table_set(d, p2m, xm_gfn(gfn), XM_ORDER_1G, &hole);
    }
    p2m->min_remapped = XM_GFN_NONE;
    p2m->max_remapped = 0;
    xm_p2m_note_flush(d, p2m->view);
}

static bool drop_hits(const struct xm_p2m *p2m, xm_gfn_t gfn, unsigned order)
{
    return p2m->min_remapped <= p2m->max_remapped &&
           gfn.n + (UINT64_C(1) << order) > p2m->min_remapped && gfn.n <= p2m->max_remapped;
}

/* Writes the host's entry over what the view has in the range; holes stay holes. */
static int view_follow(struct xm_domain *d, struct xm_p2m *p2m, xm_gfn_t gfn, unsigned order,
                       const struct xm_p2m_entry *e)
{
    uint64_t i = 0, span = UINT64_C(1) << order;
    int rc = 0;

    while (i < span && rc == 0) {
        struct xm_p2m_entry has = xm_table_get(d, p2m, xm_gfn(gfn.n + i));
        unsigned step = has.order < order ? has.order : order;

        if (xm_mfn_valid(has.mfn)) {
            has.mfn = xm_mfn(xm_mfn_valid(e->mfn) ? e->mfn.n + i : XM_GFN_NONE);
            has.access = e->access;
            rc = xm_table_set(d, p2m, xm_gfn(gfn.n + i), step, &has);
            xm_p2m_note_flush(d, p2m->view);
        }
        i += UINT64_C(1) << step;
    }
    return rc;
}

int xm_views_propagate(struct xm_domain *d, xm_gfn_t gfn, unsigned order,
                       const struct xm_p2m_entry *e)
{
    unsigned i, hits = 0;
    int rc, first = 0;

    if (!d->views_active)
        return 0;
    for (i = 0; i < d->max_views && !xm_mfn_valid(e->mfn); i++)
        hits += xm_view_table(d, i)->active && drop_hits(xm_view_table(d, i), gfn, order);
    for (i = 0; i < d->max_views; i++) {
        struct xm_p2m *p2m = xm_view_table(d, i);

        if (!p2m->active)
            continue;
        /* More than one view is concerned: Xen resets them all. */
        if (hits > 1 || (hits == 1 && drop_hits(p2m, gfn, order))) {
            view_reset(d, p2m);
            continue;
        }
        rc = view_follow(d, p2m, gfn, order, e);
        if (rc == 0)
            continue;
        /* No memory to split a leaf: better an empty view than a stale frame in it. */
        view_reset(d, p2m);
        first = first != 0 ? first : rc;
    }
    return first;
}

static void view_drop(struct xm_domain *d, struct xm_p2m *p2m)
{
    p2m->active = false;
    p2m->visible = false;
    p2m->min_remapped = XM_GFN_NONE;
    p2m->max_remapped = 0;
    xm_env_tlb_flush(d->env, p2m->view);
    d->stats.tlb_flushes++;
    xm_table_free(d, p2m);
}

int xm_view_create(struct xm_domain *d, enum xm_access rights, uint16_t *view)
{
    uint32_t i;
    int rc;

    for (i = 1; i < d->max_views && d->view[i].active; i++)
        ;
    if (i >= d->max_views)
        return -XM_EINVAL;
    rc = xm_table_init(d, &d->view[i]);
    if (rc != 0)
        return rc;
    d->view[i].active = true;
    d->view[i].visible = true;
    d->view[i].default_access = (uint8_t)rights;
    *view = (uint16_t)i;
    return 0;
}

int xm_view_destroy(struct xm_domain *d, unsigned view)
{
    /* -EBUSY for a view that is not there, too: p2m_destroy_altp2m_by_id. */
    if (view == 0 || xm_view_find(d, view) == NULL)
        return -XM_EBUSY;
    for (uint32_t i = 0; i < d->vcpus; i++)
        if (d->vcpu[i].view == view)
            return -XM_EBUSY;
    view_drop(d, &d->view[view]);
    return 0;
}

int xm_views_on(struct xm_domain *d)
{
    int rc = xm_table_init(d, &d->copy);

    if (rc != 0)
        return rc;
    d->copy.active = true;
    d->copy.default_access = d->view[0].default_access;
    d->views_active = true;
    xm_p2m_note_flush(d, 0);
    return 0;
}

void xm_views_off(struct xm_domain *d)
{
    for (uint32_t i = 0; i < d->vcpus; i++) {
        d->vcpu[i].view = 0;
        (void)xm_altp2m_notify_off(d, i);
    }
    for (uint32_t i = 1; i < d->max_views; i++)
        if (d->view[i].active)
            view_drop(d, &d->view[i]);
    view_drop(d, &d->copy);
    d->view[0].visible = true;
    d->views_active = false;
}

const struct xm_view_ops xm_altp2m = {
    .copy = xm_view_copy,
    .effective = xm_view_effective,
    .would_have = xm_view_would_have,
    .propagate = xm_views_propagate,
    .changed = xm_altp2m_changed,
    .deliver = xm_ve_deliver,
    .hypercall = xm_altp2m_op,
};
