/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The p2m lock, and the flush that comes with its release. */
#include <xm/p2m.h>

#define FLUSH_NONE 0u
#define FLUSH_ALL (~0u)

void xm_p2m_lock(struct xm_domain *d)
{
    xm_env_lock(&d->p2m_lock);
}

void xm_p2m_unlock(struct xm_domain *d)
{
    unsigned flush = d->flush;

    d->flush = FLUSH_NONE;
    if (flush != FLUSH_NONE) {
        xm_env_tlb_flush(d->env, flush == FLUSH_ALL ? XM_VIEW_ALL : flush - 1);
        d->stats.tlb_flushes++;
    }
    xm_env_unlock(&d->p2m_lock);
}

void xm_p2m_note_flush(struct xm_domain *d, uint16_t view)
{
    unsigned mine = view + 1u;

    if (d->flush == FLUSH_NONE)
        d->flush = mine;
    else if (d->flush != mine)
        d->flush = FLUSH_ALL;
}
