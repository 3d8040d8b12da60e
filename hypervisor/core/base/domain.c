/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <xm/base.h>

#define MINOR_DEFAULT 17u
#define MINOR_FIRST 11u
#define VCPUS_MAX 8192u

const struct xm_kind_ops *xm_kind_find(enum xm_kind kind)
{
    const struct xm_kind_ops *const *k = xm_kinds;

    while (*k != NULL && (*k)->kind != kind)
        k++;
    return *k;
}

bool xm_rights_expressible(enum xm_kind kind, enum xm_access a)
{
    const struct xm_kind_ops *ops = xm_kind_find(kind);

    return ops != NULL && xm_kind_expresses(ops, a);
}

uint32_t xm_domctl_version(uint32_t xen_minor)
{
    static const uint8_t of_minor[] = {
        [11] = 0x10, [12] = 0x11, [13] = 0x12, [14] = 0x12, [15] = 0x13, [16] = 0x14, [17] = 0x15,
        [18] = 0x16, [19] = 0x17, [20] = 0x17, [21] = 0x17, [22] = 0x18, [23] = 0x18,
    };

    if (xen_minor >= sizeof(of_minor))
        return of_minor[sizeof(of_minor) - 1];
    return of_minor[xen_minor];
}

static bool cfg_ok(const struct xm_kind_ops *ops, const struct xm_domain_cfg *cfg)
{
    if (ops == NULL || (ops->views == NULL && cfg->views_allowed))
        return false;
    if (ops->cfg_ok != NULL && !ops->cfg_ok(cfg))
        return false;
    if (cfg->vcpus == 0 || cfg->vcpus > VCPUS_MAX || cfg->max_views > XM_VIEWS_MAX)
        return false;
    if (cfg->xen_minor != 0 && cfg->xen_minor < MINOR_FIRST)
        return false;
    return cfg->highest_gfn < XM_GFN_LIMIT;
}

static void fields_init(struct xm_domain *d, const struct xm_kind_ops *ops,
                        const struct xm_domain_cfg *cfg)
{
    memset(d, 0, sizeof(*d));
    d->env = cfg->env;
    d->ops = ops;
    d->xen_minor = cfg->xen_minor != 0 ? cfg->xen_minor : MINOR_DEFAULT;
    d->vcpus = cfg->vcpus;
    d->views_allowed = cfg->views_allowed;
    d->max_views = cfg->max_views != 0 ? cfg->max_views : XM_VIEWS_DEFAULT;
    d->ring.mfn = xm_mfn(XM_GFN_NONE);
    xm_env_lock_init(&d->p2m_lock, XM_RANK_P2M);
    xm_env_lock_init(&d->ring_lock, XM_RANK_RING);
}

static void view_init(struct xm_p2m *p2m, uint32_t view)
{
    p2m->root = xm_mfn(XM_GFN_NONE);
    p2m->view = (uint16_t)view;
    p2m->cache_tag = XM_GFN_NONE;
    p2m->default_access = XM_ACCESS_RWX;
    p2m->min_remapped = XM_GFN_NONE;
}

static void views_init(struct xm_domain *d)
{
    for (uint32_t i = 0; i < d->max_views; i++)
        view_init(&d->view[i], i);
    view_init(&d->copy, 0);
}

static void vcpus_init(struct xm_domain *d)
{
    for (uint32_t i = 0; i < d->vcpus; i++) {
        d->vcpu[i].id = i;
        d->vcpu[i].notify_gfn = XM_GFN_NONE;
        d->vcpu[i].notify_mfn = xm_mfn(XM_GFN_NONE);
        if (d->vcpu_own != NULL)
            d->vcpu[i].own = (char *)d->vcpu_own + i * d->ops->vcpu_bytes;
    }
}

static void *alloc_any(size_t bytes, bool *ok)
{
    void *p = bytes != 0 ? xm_env_alloc(bytes) : NULL;

    *ok = *ok && (bytes == 0 || p != NULL);
    return p;
}

static bool arrays_make(struct xm_domain *d)
{
    bool ok = true;

    d->view = alloc_any(d->max_views * sizeof(*d->view), &ok);
    d->vcpu = alloc_any(d->vcpus * sizeof(*d->vcpu), &ok);
    d->own = alloc_any(d->ops->own_bytes, &ok);
    d->vcpu_own = alloc_any(d->vcpus * d->ops->vcpu_bytes, &ok);
    return ok;
}

int xm_domain_init(struct xm_domain *d, const struct xm_domain_cfg *cfg)
{
    const struct xm_kind_ops *ops = xm_kind_find(cfg->kind);
    int rc = -XM_ENOMEM;

    if (!cfg_ok(ops, cfg))
        return -XM_EINVAL;
    fields_init(d, ops, cfg);
    if (!arrays_make(d))
        goto fail;
    views_init(d);
    vcpus_init(d);
    d->built = true;
    if (ops->init != NULL)
        ops->init(d, cfg);
    rc = xm_table_init(d, &d->view[0]);
    if (rc != 0)
        goto fail;
    d->view[0].active = true;
    d->view[0].visible = true;
    d->view[0].max_gfn = cfg->highest_gfn;
    return 0;
fail:
    xm_domain_destroy(d);
    return rc;
}

static void release(void *p, size_t bytes)
{
    if (p != NULL)
        xm_env_free(p, bytes);
}

/* Some of them may be missing. */
static void arrays_free(struct xm_domain *d)
{
    release(d->view, d->max_views * sizeof(*d->view));
    release(d->vcpu, d->vcpus * sizeof(*d->vcpu));
    release(d->own, d->ops->own_bytes);
    release(d->vcpu_own, d->vcpus * d->ops->vcpu_bytes);
}

/* What init() made: nothing where an array is missing. */
static void tables_free(struct xm_domain *d)
{
    for (uint32_t i = 0; i < d->max_views; i++)
        xm_table_free(d, &d->view[i]);
    xm_table_free(d, &d->copy);
    if (d->ops->end != NULL)
        d->ops->end(d);
}

void xm_domain_destroy(struct xm_domain *d)
{
    if (d == NULL || d->ops == NULL)
        return;
    if (d->built)
        tables_free(d);
    if (d->ring.page != NULL) {
        xm_env_frame_unmap(d->ring.page);
        xm_env_frame_free(d->env, d->ring.mfn);
    }
    release(d->monitor.msr, 2 * sizeof(*d->monitor.msr));
    arrays_free(d);
    memset(d, 0, sizeof(*d));
}
