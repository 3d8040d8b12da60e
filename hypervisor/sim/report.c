/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The machine checks itself: what is not as it was when the domain was made. */
#include <string.h>

#include "sim-int.h"

static uint64_t count_rights(struct sim_domain *d)
{
    uint64_t n = d->core.view[0].default_access != XM_ACCESS_RWX;
    uint64_t gfn = 0, last = xm_p2m_highest_gfn(&d->core);

    while (gfn <= last) {
        struct xm_p2m_entry e = xm_p2m_get(&d->core, 0, xm_gfn(gfn));
        uint64_t span = UINT64_C(1) << e.order;
        uint64_t left = span - (gfn & (span - 1));

        if (xm_mfn_valid(e.mfn) && e.access != XM_ACCESS_RWX)
            n += left;
        gfn += left;
    }
    return n;
}

static uint64_t count_views(const struct sim_domain *d)
{
    uint64_t n = xm_views_count(&d->core) + d->core.views_active;

    for (uint32_t i = 0; i < d->cfg.vcpus; i++)
        n += (d->core.vcpu[i].view != 0 ? 1u : 0u) +
             (d->core.vcpu[i].notify_gfn != XM_GFN_NONE ? 1u : 0u);
    return n + (d->core.view[0].visible ? 0u : 1u);
}

/* A vCPU that an event stopped is held by it; without any request, by what is left of one. */
static uint64_t count_pauses(const struct sim_domain *d, uint64_t unanswered)
{
    uint64_t n = d->pauses != 0;

    for (uint32_t i = 0; i < d->cfg.vcpus; i++) {
        const struct sim_vcpu *v = &d->vcpu[i];

        n += v->holds != 0;
        n += unanswered == 0 && (xmi_sim_vcpu_pauses(v) != 0 || v->waiting);
    }
    return n;
}

static uint64_t count_msrs(const struct xm_monitor *m)
{
    uint64_t n = 0;

    if (m->msr == NULL)
        return 0;
    for (unsigned r = 0; r < 3; r++) {
        for (unsigned w = 0; w < XM_MSR_WORDS; w++)
            n += (uint64_t)__builtin_popcountll(m->msr[0][r][w]);
    }
    return n;
}

static uint64_t count_monitors(const struct sim_domain *d)
{
    const struct xm_monitor *m = &d->core.monitor;
    uint64_t n = d->core.ring.enabled;

    if (d->pv != NULL)
        n += xm_pv_of(&d->core)->on;
    n += (uint64_t)__builtin_popcount(m->enabled) + (uint64_t)__builtin_popcount(m->cr_enabled);
    n += count_msrs(m) + m->inguest_pagefault_disabled + d->core.access_required;
    for (uint32_t i = 0; i < d->cfg.vcpus; i++)
        n += d->core.vcpu[i].single_step;
    return n;
}

static void add_leftovers(struct sim_domain *d, struct sim_report *out)
{
    uint64_t unanswered = xm_ring_outstanding(&d->core);

    out->unanswered += unanswered;
    /* Nobody listens: neither these nor slots claimed and not filled come back. */
    if (!d->evtchn.bound)
        out->leaked_slots += unanswered;
    if (d->core.ring.enabled)
        out->leaked_slots += d->core.ring.claimed;
    out->leftover_rights += d->pv != NULL ? xmi_sim_pv_count_rights(d) : count_rights(d);
    out->leftover_views += count_views(d);
    out->leftover_pauses += count_pauses(d, unanswered);
    out->leftover_monitors += count_monitors(d);
}

static void add_domain(struct sim_domain *d, struct sim_report *out)
{
    xmi_sim_enter(d);
    out->accesses += d->accesses;
    out->events += d->core.stats.events;
    out->hypercalls += d->hypercalls;
    out->tlb_flushes += d->tlb_flushes;
    out->double_answers += d->core.stats.double_answers;
    out->leaked_slots += d->leaked_slots;
    out->forbidden += d->forbidden;
    out->unseen += d->unseen;
    out->mem_bytes += d->tables.used * XM_PAGE_SIZE;
    for (uint32_t i = 0; i < d->core.max_views; i++)
        out->mapped_gfns += d->core.view[i].mapped;
    if (d->mpu != NULL)
        out->mem_bytes += xmi_sim_mpu_mem_bytes(d);
    if (d->pv != NULL) {
        struct sim_domain_info info;

        xmi_sim_pv_info(d, &info);
        out->mapped_gfns += info.pages;
        out->mem_bytes += xmi_sim_pv_mem_bytes(d);
    }
    if (!d->dying) /* a dead domain needs no answer, and nothing of it has to be restored */
        add_leftovers(d, out);
    xmi_sim_leave(d);
}

void xmi_sim_report(struct sim_machine *m, struct sim_domain *d, struct sim_report *out)
{
    struct sim_l4_counts l4;

    memset(out, 0, sizeof(*out));
    if (d != NULL) {
        add_domain(d, out);
        return;
    }
    for (size_t i = 0; (d = xmi_sim_domain_at(m, i)) != NULL; i++)
        add_domain(d, out);
    xmi_sim_l4_counts(m, &l4);
    out->forbidden += l4.shared + l4.wrong;
}
