/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The algorithm that was proposed to Xen in 2018, to be compared with and to be found wrong: one frame a
 * pCPU, copied whole at each switch to another table with interrupts on; a write interrupts all
 * pCPUs of the domain, and each copies that slot.
 */
#include "l4-world.h"

void l4_seed_begin(struct xm_l4_cpu *c, uint64_t mfn, struct xm_l4_switch *w)
{
    w->f = &c->frame[0];
    w->phase = c->loaded == w->f && w->f->mfn == mfn ? XM_L4_READY : XM_L4_FILL;
    w->f->mfn = mfn;
}

/* A word, loaded and stored. */
void l4_seed_switch(struct xm_l4_cpu *c, const uint64_t *guest, struct xm_l4_switch *w)
{
    (void)c;
    if (w->sync.at != XM_L4_STORE) {
        w->sync.value = xm_env_pte_read(&guest[w->sync.slot]);
        w->sync.at = XM_L4_STORE;
        return;
    }
    w->f->shadow[w->sync.slot++] = w->sync.value;
    w->sync.at = XM_L4_LOAD;
    if (w->sync.slot == SLOTS)
        w->phase = XM_L4_READY;
}

bool l4_seed_irq(struct xm_l4_cpu *c, uint64_t mfn, uint16_t slot, const uint64_t *guest,
                 struct xm_l4_sync *s)
{
    struct xm_l4_frame *f = &c->frame[0];
    if (f->mfn != mfn)
        return false;
    if (s->at == XM_L4_LOOK) {
        s->value = xm_env_pte_read(&guest[slot]);
        s->at = XM_L4_STORE;
        return true;
    }
    f->shadow[slot] = s->value;
    return false;
}
