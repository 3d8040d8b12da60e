/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>

#include "sim-int.h"

int xmi_sim_tlb_init(struct sim_tlb *t)
{
    t->e = calloc(TLB_ENTRIES, sizeof(*t->e));
    return t->e != NULL ? 0 : -XM_ENOMEM;
}

void xmi_sim_tlb_destroy(struct sim_tlb *t)
{
    free(t->e);
    t->e = NULL;
}

void xmi_sim_tlb_fill(struct sim_domain *d, struct sim_vcpu *v, const struct part *p,
                      const struct xm_access_res *res)
{
    struct tlb_entry *e = tlb_at(&v->tlb, p->gfn);
    bool watched = unlikely(d->watched) &&
                   (res->bits & ~xmi_sim_unwatched_bits(d, v, p->frame)) != 0;

    e->gfn = p->gfn;
    e->epoch = d->epoch[v->core->view];
    e->change = d->change - (watched ? 1 : 0);
    e->page = (uintptr_t)xmi_sim_page_of(d, res->mfn) | (res->bits & 7u);
}

void xmi_sim_tlb_verify(struct sim_domain *d, struct sim_vcpu *v, struct tlb_entry *e,
                        unsigned what)
{
    struct xm_access_res now;

    if (d->pv != NULL) {
        xmi_sim_pv_tlb_verify(d, v, e, what);
        return;
    }
    bool there = xm_access_lookup(&d->core, v->id, xm_gfn(e->gfn), &now);
    if (!there || (now.bits & what) != what || xmi_sim_page_of(d, now.mfn) != tlb_page(e)) {
        d->forbidden++;
        return;
    }
    if (unlikely(d->watched))
        now.bits &= (uint8_t)xmi_sim_unwatched_bits(d, v, e->gfn);
    /* Only an entry that allows nothing more than the table may skip this the next time. */
    if ((e->page & 7u & ~(uintptr_t)now.bits) == 0)
        e->change = d->change;
}

void xmi_sim_tlb_flush(struct sim_domain *d, unsigned view)
{
    d->tlb_flushes++;
    d->change++;
    if (d->tlb_broken)
        return;
    if (d->mpu != NULL)
        xmi_sim_mpu_refresh(d);
    if (view != XM_VIEW_ALL) {
        if (view < d->core.max_views)
            d->epoch[view] = ++d->last_epoch;
        return;
    }
    for (unsigned i = 0; i < d->core.max_views; i++)
        d->epoch[i] = ++d->last_epoch;
}
