/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger/ledger.h"

void outcome_note(struct xmem_domain *d, struct outcome *o, int rc)
{
    if (rc < 0 && !o->rc) {
        o->rc = rc;
        o->text = d->error;
    }
}

int outcome_of(struct xmem_domain *d, const struct outcome *o)
{
    if (o->rc)
        d->error = o->text;
    return o->rc;
}

bool ledger_any(const struct xmem_domain *d)
{
    bool any = d->led->ring_taken && !d->dead;
    for (size_t i = 0; !d->dead && !any && d->kinds[i]; i++)
        any = d->kinds[i]->any(d);
    return any;
}

bool ledger_needs_ring(const struct xmem_domain *d)
{
    bool needed = false;
    for (size_t i = 0; !ledger_keeps(d) && !needed && d->kinds[i]; i++)
        needed = d->kinds[i]->needs_ring && d->kinds[i]->any(d);
    return needed;
}

void ledger_undo(struct xmem_domain *d, enum ledger_turn turn, struct outcome *o)
{
    for (size_t i = 0; d->kinds[i]; i++)
        if (d->kinds[i]->turn == turn && !(d->dead && d->kinds[i]->lives))
            d->kinds[i]->undo(d, o);
}

void ledger_pay(struct xmem_domain *d)
{
    bool left = false;
    for (size_t i = 0; d->kinds[i]; i++)
        left = (d->kinds[i]->pay && d->kinds[i]->pay(d)) || left;
    d->owed = left;
}
