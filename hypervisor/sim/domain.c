/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-int.h"

#include <stdlib.h>
#include <string.h>

_Thread_local struct sim_domain *xmi_sim_current;

static bool somebody_can_run(const struct sim_domain *d)
{
    if (d->pauses != 0)
        return false;
    for (uint32_t i = 0; i < d->cfg.vcpus; i++) {
        if (xmi_sim_vcpu_will_run(&d->vcpu[i]))
            return true;
    }
    return false;
}

void xmi_sim_enter(struct sim_domain *d)
{
    pthread_mutex_lock(&d->lock);
    xmi_sim_current = d;
}

void xmi_sim_leave(struct sim_domain *d)
{
    if (d->doomed && !d->dying)
        xmi_sim_domain_die(d);
    xmi_sim_evtchn_update(&d->evtchn, d->dying || (!d->evtchn.quiet && somebody_can_run(d)));
    if (d->watch != NULL)
        d->watch(d->watch_ctx);
    xmi_sim_current = NULL;
    pthread_mutex_unlock(&d->lock);
}

void xmi_sim_domain_die(struct sim_domain *d)
{
    d->dying = true;
    xm_ring_kill(&d->core);
}

void xmi_sim_domain_kill(struct sim_domain *d)
{
    xmi_sim_enter(d);
    d->doomed = true;
    xmi_sim_leave(d);
}

/* ---- making and freeing ---- */

static int cfg_check(const struct sim_domain_cfg *cfg)
{
    if (cfg->kind < SIM_X86_EPT || cfg->kind > SIM_X86_NPT)
        return -XM_EINVAL;
    if (xmi_sim_mpu_cfg_check(cfg) != 0)
        return -XM_EINVAL;
    if (cfg->kind == SIM_X86_PV && xmi_sim_pv_cfg_check(cfg) != 0)
        return -XM_EINVAL;
    if (cfg->kind != SIM_X86_EPT && cfg->kind != SIM_X86_PV && cfg->altp2m)
        return -XM_EINVAL;
    if (cfg->vcpus == 0 || cfg->vcpus > SIM_MAX_VCPUS || cfg->domid > SIM_MAX_DOMID)
        return -XM_EINVAL;
    if (cfg->pages == 0 || cfg->first_gfn >= XM_GFN_LIMIT ||
        cfg->pages > XM_GFN_LIMIT - cfg->first_gfn)
        return -XM_EINVAL;
    return memchr(cfg->name, 0, sizeof(cfg->name)) != NULL ? 0 : -XM_EINVAL;
}

static enum xm_kind core_kind(enum sim_kind kind)
{
    if (kind == SIM_ARM_S2)
        return XM_KIND_ARM_S2;
    if (kind == SIM_ARMV8R_MPU)
        return XM_KIND_ARM_MPU;
    if (kind == SIM_X86_NPT)
        return XM_KIND_X86_NPT;
    return kind == SIM_X86_PV ? XM_KIND_X86_PV : XM_KIND_X86_EPT;
}

static int core_init(struct sim_domain *d)
{
    const struct xm_domain_cfg cfg = {
        .env = sim_to_env(d),
        .kind = core_kind(d->cfg.kind),
        .vcpus = d->cfg.vcpus,
        .views_allowed = d->cfg.altp2m,
        .max_views = d->machine->cfg.max_views,
        .xen_minor = xmi_sim_machine_xen_minor(d->machine),
        .highest_gfn = d->cfg.first_gfn + d->cfg.pages - 1,
        .pv_hooks = &xmi_sim_pv_hooks,
        .pv_end = SIM_PV_END,
        .mpu_budget = xmi_sim_mpu_budget(&d->cfg),
        .mpu_mode = d->cfg.whole ? XM_MPU_WHOLE : XM_MPU_DEMAND,
        .mpu_step = true,
    };
    int rc = xm_domain_init(&d->core, &cfg);

    if (rc != 0)
        return rc;
    d->core_up = true;
    d->epoch = calloc(d->core.max_views, sizeof(*d->epoch));
    d->internal = calloc(d->core.max_views, sizeof(*d->internal));
    if (d->epoch == NULL || d->internal == NULL)
        return -XM_ENOMEM;
    for (uint32_t i = 0; i < d->core.max_views; i++) {
        d->epoch[i] = ++d->last_epoch;
        d->internal[i] = XM_VIEW_NONE;
    }
    return 0;
}

static void core_vcpu(const struct sim_domain *d, struct sim_vcpu *v, struct xm_vcpu *core)
{
    v->core = core;
    v->pv = d->cfg.kind == SIM_X86_PV ? xm_pv_vcpu_of(core) : NULL;
    v->hap = d->cfg.kind == SIM_X86_NPT ? xm_hap_of(core) : NULL;
    v->mpu_step = d->cfg.kind == SIM_ARMV8R_MPU ? xm_mpu_step_of(core) : NULL;
}

static int vcpus_init(struct sim_domain *d)
{
    int rc = 0;

    d->vcpu = calloc(d->cfg.vcpus, sizeof(*d->vcpu));
    if (d->vcpu == NULL)
        return -XM_ENOMEM;
    for (uint32_t i = 0; i < d->cfg.vcpus && rc == 0; i++) {
        rc = xmi_sim_vcpu_init(d, i);
        core_vcpu(d, &d->vcpu[i], &d->core.vcpu[i]);
    }
    return rc;
}

char *xmi_sim_page_of(struct sim_domain *d, xm_mfn_t mfn)
{
    if (d->mpu == NULL)
        return frame_at(mfn);
    return d->memory.base + ((mfn.n - d->cfg.first_gfn) << XM_PAGE_SHIFT);
}

/* The frame of gfn first_gfn + i; an MPU's domains are direct-mapped. */
static xm_mfn_t frame_number(const struct sim_domain *d, uint64_t i)
{
    return xm_mfn(d->mpu != NULL ? d->cfg.first_gfn + i : frame_of(d->memory.base).n + i);
}

static unsigned order_at(const struct sim_domain *d, uint64_t i)
{
    static const unsigned orders[] = {XM_ORDER_1G, XM_ORDER_2M};
    uint64_t gfn = d->cfg.first_gfn + i, mfn = frame_number(d, i).n;

    for (unsigned k = 0; d->cfg.superpages && k < 2; k++) {
        uint64_t span = UINT64_C(1) << orders[k];

        if (((gfn | mfn) & (span - 1)) == 0 && span <= d->cfg.pages - i)
            return orders[k];
    }
    return XM_ORDER_4K;
}

static int memory_init(struct sim_domain *d)
{
    uint64_t align = 1, i = 0;

    if (d->cfg.superpages)
        align = UINT64_C(1) << (d->cfg.pages >> XM_ORDER_1G != 0 ? XM_ORDER_1G : XM_ORDER_2M);
    int rc = xmi_sim_arena_init(&d->memory, d->cfg.pages, d->cfg.first_gfn, align);
    while (rc == 0 && i < d->cfg.pages) {
        unsigned order = order_at(d, i);

        rc = xm_p2m_map(&d->core, xm_gfn(d->cfg.first_gfn + i), frame_number(d, i), order);
        i += UINT64_C(1) << order;
    }
    return rc;
}

static int domain_fill(struct sim_domain *d)
{
    int rc = xmi_sim_evtchn_init(&d->evtchn);

    if (rc == 0)
        rc = core_init(d);
    if (rc == 0)
        rc = xmi_sim_arm_init(d);
    if (rc == 0)
        rc = xmi_sim_x86_init(d);
    if (rc == 0)
        rc = vcpus_init(d);
    if (rc == 0 && d->cfg.kind == SIM_ARMV8R_MPU)
        rc = xmi_sim_mpu_init(d);
    if (rc == 0)
        rc = d->cfg.kind == SIM_X86_PV ? xmi_sim_pv_init(d) : memory_init(d);
    d->tlb_flushes = 0; /* nobody has run yet: not of interest */
    return rc;
}

int xmi_sim_domain_create(struct sim_machine *m, const struct sim_domain_cfg *cfg,
                          struct sim_domain **out)
{
    struct sim_domain *d;

    if (m == NULL || cfg == NULL || out == NULL)
        return -XM_EINVAL;
    int rc = cfg_check(cfg);
    if (rc != 0)
        return rc;
    d = calloc(1, sizeof(*d));
    if (d == NULL)
        return -XM_ENOMEM;
    d->machine = m;
    d->cfg = *cfg;
    d->evtchn.fd = -1;
    pthread_mutex_init(&d->lock, NULL);
    rc = domain_fill(d);
    if (rc == 0)
        rc = xmi_sim_machine_add(m, d);
    if (rc != 0) {
        xmi_sim_domain_free(d);
        return rc;
    }
    rng_seed(&d->rng, m->cfg.seed ^ (uint64_t)d->cfg.domid << 32);
    *out = d;
    return 0;
}

void xmi_sim_domain_free(struct sim_domain *d)
{
    if (d == NULL)
        return;
    for (uint32_t i = 0; d->vcpu != NULL && i < d->cfg.vcpus; i++)
        xmi_sim_vcpu_destroy(&d->vcpu[i]);
    while (d->traces != NULL) {
        struct sim_trace *t = d->traces;

        d->traces = t->next;
        xmi_sim_trace_free(t);
    }
    xmi_sim_pv_destroy(d);
    xmi_sim_mpu_destroy(d);
    if (d->core_up)
        xm_domain_destroy(&d->core);
    xmi_sim_frames_destroy(&d->tables);
    xmi_sim_frames_destroy(&d->extra);
    xmi_sim_arena_destroy(&d->memory);
    xmi_sim_arena_destroy(&d->code);
    xmi_sim_evtchn_destroy(&d->evtchn);
    free(d->vcpu);
    free(d->epoch);
    free(d->internal);
    free(d->notes);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

/* ---- looking, and the guest's frames ---- */

void xmi_sim_domain_info(struct sim_domain *d, struct sim_domain_info *out)
{
    xmi_sim_enter(d);
    memset(out, 0, sizeof(*out));
    out->domid = d->cfg.domid;
    out->vcpus = d->cfg.vcpus;
    out->kind = d->cfg.kind;
    out->dying = d->dying;
    out->paused = d->pauses != 0;
    out->altp2m = d->cfg.altp2m;
    out->steps = (xm_monitor_caps(&d->core) & XM_MONITOR_CAP_STEP) != 0;
    out->highest_gfn = xm_p2m_highest_gfn(&d->core);
    out->pages = d->core.view[0].mapped;
    out->xen_minor = d->core.xen_minor;
    out->max_views = d->core.max_views;
    out->regions = d->mpu != NULL ? xm_mpu_of(&d->core)->budget : 0;
    if (d->pv != NULL)
        xmi_sim_pv_info(d, out);
    memcpy(out->name, d->cfg.name, sizeof(out->name));
    xmi_sim_leave(d);
}

static xm_mfn_t mfn_of(struct sim_domain *d, uint64_t gfn)
{
    if (d->dying || gfn >= XM_GFN_LIMIT)
        return xm_mfn(XM_GFN_NONE);
    if (d->pv != NULL)
        return xmi_sim_pv_host_frame(d, gfn);
    return xm_p2m_get(&d->core, 0, xm_gfn(gfn)).mfn;
}

static int map_gfn(struct sim_domain *d, uint64_t gfn, void **page)
{
    xm_mfn_t mfn = mfn_of(d, gfn);
    int rc = -XM_ESRCH;
    void *code;

    if (xm_mfn_valid(mfn)) {
        *page = d->pv != NULL ? frame_at(mfn) : (void *)xmi_sim_page_of(d, mfn);
        rc = 0;
    } else if (!d->dying && ((code = xmi_sim_arm_code_page(d, gfn)) != NULL ||
                             (code = xmi_sim_x86_page(d, gfn)) != NULL)) {
        *page = code;
        rc = 0;
    }
    return rc;
}

int xmi_sim_map_gfn(struct sim_domain *d, uint64_t gfn, void **page)
{
    xmi_sim_enter(d);
    int rc = sim_inject_ask(d, SIM_HC_MAP);
    if (rc == 0)
        rc = map_gfn(d, gfn, page);
    xmi_sim_leave(d);
    return rc;
}

/* A gfn that the domain began with gets its own frame back, cleared; another one a new frame. */
static int populate(struct sim_domain *d, uint64_t gfn)
{
    uint64_t i = gfn - d->cfg.first_gfn;
    bool own = i < d->cfg.pages;
    xm_mfn_t mfn;

    if (d->pv != NULL)
        return xmi_sim_pv_populate(d, gfn);
    if (own) {
        mfn = frame_number(d, i);
        memset(xmi_sim_page_of(d, mfn), 0, XM_PAGE_SIZE);
    } else if (d->mpu != NULL) {
        return -XM_EINVAL; /* direct-mapped: it has its own memory and no other */
    } else {
        mfn = xmi_sim_frames_alloc(&d->extra);
        if (!xm_mfn_valid(mfn))
            return -XM_ENOMEM;
    }
    int rc = xm_p2m_map(&d->core, xm_gfn(gfn), mfn, XM_ORDER_4K);
    if (rc != 0 && !own)
        xmi_sim_frames_free(&d->extra, mfn);
    return rc;
}

int xmi_sim_populate(struct sim_domain *d, uint64_t gfn)
{
    int rc;

    xmi_sim_enter(d);
    if (d->dying)
        rc = -XM_ESRCH;
    else if (gfn >= XM_GFN_LIMIT)
        rc = -XM_EINVAL;
    else if (xm_mfn_valid(mfn_of(d, gfn)))
        rc = -XM_EEXIST;
    else
        rc = sim_inject_ask(d, SIM_HC_POPULATE);
    if (rc == 0)
        rc = populate(d, gfn);
    xmi_sim_leave(d);
    return rc;
}

static int depopulate(struct sim_domain *d, uint64_t gfn)
{
    xm_mfn_t mfn = mfn_of(d, gfn);
    int rc = -XM_ESRCH;

    if (d->pv != NULL) {
        if (!d->dying)
            rc = xmi_sim_pv_depopulate(d, gfn);
    } else if (xm_mfn_valid(mfn)) {
        rc = xm_p2m_unmap(&d->core, xm_gfn(gfn), XM_ORDER_4K);
        if (rc == 0 && d->mpu == NULL && !sim_arena_has(&d->memory, mfn))
            xmi_sim_frames_free(&d->extra, mfn);
    }
    return rc;
}

int xmi_sim_depopulate(struct sim_domain *d, uint64_t gfn)
{
    xmi_sim_enter(d);
    int rc = sim_inject_ask(d, SIM_HC_DEPOPULATE);
    if (rc == 0)
        rc = depopulate(d, gfn);
    xmi_sim_leave(d);
    return rc;
}

void *xmi_sim_ring_page(struct sim_domain *d)
{
    xmi_sim_enter(d);
    void *page = xm_ring_page(&d->core);
    xmi_sim_leave(d);
    return page;
}
