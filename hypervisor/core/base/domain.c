/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <xm/core.h>

#define MINOR_DEFAULT 17u
#define MINOR_FIRST 11u
#define VCPUS_MAX 8192u

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

static bool cfg_ok(const struct xm_domain_cfg *cfg)
{
    if (cfg->kind < XM_KIND_X86_EPT || cfg->kind > XM_KIND_X86_NPT)
        return false;
    if (cfg->kind != XM_KIND_X86_EPT && cfg->views_allowed)
        return false;
    if (cfg->kind == XM_KIND_X86_PV && cfg->pv_hooks == NULL)
        return false;
    if (cfg->kind == XM_KIND_ARM_MPU &&
        (cfg->mpu_budget < XM_MPU_FLOOR || cfg->mpu_mode > XM_MPU_WHOLE || cfg->mpu_sh > 3 ||
         cfg->mpu_attr > 7))
        return false;
    if (cfg->vcpus == 0 || cfg->vcpus > VCPUS_MAX || cfg->max_views > XM_VIEWS_MAX)
        return false;
    if (cfg->xen_minor != 0 && cfg->xen_minor < MINOR_FIRST)
        return false;
    return cfg->highest_gfn < XM_GFN_LIMIT;
}

static void fields_init(struct xm_domain *d, const struct xm_domain_cfg *cfg)
{
    memset(d, 0, sizeof(*d));
    d->env = cfg->env;
    d->kind = cfg->kind;
    d->xen_minor = cfg->xen_minor != 0 ? cfg->xen_minor : MINOR_DEFAULT;
    d->vcpus = cfg->vcpus;
    d->views_allowed = cfg->views_allowed;
    d->max_views = cfg->max_views != 0 ? cfg->max_views : XM_VIEWS_DEFAULT;
    d->ring.mfn = xm_mfn(XM_GFN_NONE);
    d->mpu.budget = cfg->mpu_budget;
    d->mpu.mode = cfg->mpu_mode;
    d->mpu.sh = cfg->mpu_sh;
    d->mpu.attr = cfg->mpu_attr;
    d->mpu_step = cfg->kind == XM_KIND_ARM_MPU && cfg->mpu_step;
    xm_pv_init(&d->pv, cfg->env, cfg->pv_hooks, cfg->pv_end);
    xm_pv_bind(d);
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
    uint32_t i;

    for (i = 0; i < d->max_views; i++)
        view_init(&d->view[i], i);
    view_init(&d->copy, 0);
}

static void vcpus_init(struct xm_domain *d)
{
    uint32_t i;

    for (i = 0; i < d->vcpus; i++) {
        d->vcpu[i].id = d->vcpu[i].pv.id = i;
        d->vcpu[i].notify_gfn = XM_GFN_NONE;
        d->vcpu[i].notify_mfn = xm_mfn(XM_GFN_NONE);
        xm_hap_bind(d, &d->vcpu[i]);
    }
}

int xm_domain_init(struct xm_domain *d, const struct xm_domain_cfg *cfg)
{
    int rc = -XM_ENOMEM;

    if (!cfg_ok(cfg))
        return -XM_EINVAL;
    fields_init(d, cfg);
    d->view = xm_env_alloc(d->max_views * sizeof(*d->view));
    d->vcpu = xm_env_alloc(d->vcpus * sizeof(*d->vcpu));
    if (d->view == NULL || d->vcpu == NULL)
        goto fail;
    views_init(d);
    vcpus_init(d);
    if (d->kind == XM_KIND_ARM_MPU)
        d->view[0].mpu = &d->mpu;
    /* A PV guest has no second-stage table. */
    rc = d->kind == XM_KIND_X86_PV ? 0 : xm_table_init(d, &d->view[0]);
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

void xm_domain_destroy(struct xm_domain *d)
{
    uint32_t i;

    if (d == NULL)
        return;
    for (i = 0; d->view != NULL && i < d->max_views; i++)
        xm_table_free(d, &d->view[i]);
    if (d->view != NULL)
        xm_table_free(d, &d->copy);
    xm_pv_table_free(&d->pv.table);
    if (d->ring.page != NULL) {
        xm_env_frame_unmap(d->ring.page);
        xm_env_frame_free(d->env, d->ring.mfn);
    }
    if (d->monitor.msr != NULL)
        xm_env_free(d->monitor.msr, 2 * sizeof(*d->monitor.msr));
    if (d->view != NULL)
        xm_env_free(d->view, d->max_views * sizeof(*d->view));
    if (d->vcpu != NULL)
        xm_env_free(d->vcpu, d->vcpus * sizeof(*d->vcpu));
    memset(d, 0, sizeof(*d));
}
