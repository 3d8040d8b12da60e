/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger/ledger-int.h"

void xmi_outcome_note(struct xmem_domain *d, struct outcome *o, int rc)
{
    if (rc < 0 && !o->rc) {
        o->rc = rc;
        o->text = d->error;
    }
}

int xmi_outcome_of(struct xmem_domain *d, const struct outcome *o)
{
    if (o->rc)
        d->error = o->text;
    return o->rc;
}

bool xmi_ledger_any(const struct xmem_domain *d)
{
    bool any = d->led->ring_taken && !d->dead;
    for (size_t i = 0; !d->dead && !any && d->ledger->kinds[i]; i++)
        any = d->ledger->kinds[i]->any(d);
    return any;
}

bool xmi_ledger_needs_ring(const struct xmem_domain *d)
{
    bool needed = false;
    for (size_t i = 0; !ledger_keeps(d) && !needed && d->ledger->kinds[i]; i++)
        needed = d->ledger->kinds[i]->needs_ring && d->ledger->kinds[i]->any(d);
    return needed;
}

void xmi_ledger_undo(struct xmem_domain *d, enum ledger_turn turn, struct outcome *o)
{
    for (size_t i = 0; d->ledger->kinds[i]; i++)
        if (d->ledger->kinds[i]->turn == turn && !(d->dead && d->ledger->kinds[i]->lives))
            d->ledger->kinds[i]->undo(d, o);
}

void xmi_ledger_pay(struct xmem_domain *d)
{
    bool left = false;
    for (size_t i = 0; d->ledger->kinds[i]; i++)
        left = (d->ledger->kinds[i]->pay && d->ledger->kinds[i]->pay(d)) || left;
    d->owed = left;
}
