/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Entries that are there for the hypervisor's own access. Here it needs none, its copies go past the
 * tables; they are made all the same, because others can use them while they are there.
 */
#include "pv.h"

void xmi_pv_open(struct sim_domain *d, struct sim_vcpu *v, const struct pv_walk *w, uint64_t va)
{
    uint64_t mfn = pte_mfn(w->leaf);
    const uint8_t bits = xm_pv_entry_bits(xm_pv_rights(xm_pv_of(&d->core), mfn));

    if (!xm_pv_of(&d->core)->on || (~bits & (XM_DO_R | XM_DO_W)) == 0)
        return;
    xm_pv_open_next(&v->open, mfn);
    d->pv->opening = &v->open;
    if (xmi_pv_shadow_fill(d, v->id, w, va, PV_DEMAND_WRITE) != 0)
        xm_env_domain_crash(sim_to_env(d), "no memory for a shadow page table");
    d->pv->opening = NULL;
}

void xmi_sim_pv_close(struct sim_domain *d, struct sim_vcpu *v)
{
    if (xm_pv_open_close(&v->open, sim_to_env(d), xmi_sim_pv_where_hooks.take))
        xmi_sim_tlb_flush(d, 0);
}

bool xmi_sim_pv_lingers(const struct sim_domain *d)
{
    return d->pv->lingers;
}

bool xmi_pv_is_open(const struct sim_domain *d, uint64_t mfn)
{
    for (uint32_t i = 0; i < d->cfg.vcpus; i++) {
        const struct xm_pv_open *o = &d->vcpu[i].open;

        for (uint32_t k = 0; k < o->n; k++) {
            if (o->entry[k].mfn == mfn)
                return true;
        }
    }
    return false;
}
