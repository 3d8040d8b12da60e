/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pauses, the caller's and the library's own; all of them are counted. */
#include "ledger/ledger-int.h"

#include <inttypes.h>

int xmi_ledger_pause(struct xmem_domain *d)
{
    ledger_begin(d, LEDGER_PAUSE, 0, 0, 0);
    d->led->pauses++;
    int rc = d->ops->pause(d->dom);
    d->led->pauses -= rc != 0;
    return rc;
}

int xmi_ledger_unpause(struct xmem_domain *d)
{
    ledger_begin(d, LEDGER_PAUSE, 0, 0, 0);
    int rc = d->ops->unpause(d->dom);
    d->led->pauses -= rc == 0;
    return rc;
}

int xmi_domain_unpause_own(struct xmem_domain *d)
{
    int rc = xmi_ledger_unpause(d);
    if (rc && !d->dead) /* it may have been for this one time */
        rc = xmi_ledger_unpause(d);
    d->ledger->own_pauses += rc != 0;
    d->owed = d->owed || rc;
    return rc;
}

void xmi_ledger_lift(struct xmem_domain *d)
{
    while (d->ledger->lifted < d->pauses && !d->dead &&
           (!xmi_ledger_unpause(d) || !xmi_ledger_unpause(d)))
        d->ledger->lifted++;
}

bool xmi_ledger_lower(struct xmem_domain *d)
{
    while (d->ledger->lifted && !d->dead && (!xmi_ledger_pause(d) || !xmi_ledger_pause(d)))
        d->ledger->lifted--;
    d->owed = d->owed || d->ledger->lifted;
    return d->dead || !d->ledger->lifted;
}

int xmi_ledger_unpause_caller(struct xmem_domain *d)
{
    int rc = d->ledger->lifted ? 0 : xmi_ledger_unpause(d);
    d->pauses -= !rc;
    d->ledger->lifted -= !rc && d->ledger->lifted;
    return rc;
}

/* Is it paused by the caller, and in force? */
static bool caller_holds(const struct xmem_domain *d)
{
    return d->pauses > d->ledger->lifted;
}

int xmi_domain_hold(struct xmem_domain *d)
{
    int rc = d->ledger->holds || caller_holds(d) ? 0 : xmi_ledger_pause(d);
    if (rc)
        return xmi_domain_fail(d, rc, 0, "domain %" PRIu32 " cannot be paused", d->domid);
    d->ledger->holds++;
    return 0;
}

int xmi_domain_let_go(struct xmem_domain *d, int before)
{
    d->ledger->holds--;
    int rc = d->ledger->holds || caller_holds(d) ? 0 : xmi_domain_unpause_own(d);
    if (!rc || before)
        return before;
    return xmi_domain_fail(d, rc, 0, "domain %" PRIu32 " cannot be unpaused", d->domid);
}

void xmi_domain_as_before(const struct xmem_domain *d, struct xmem_error *text)
{
    if (d->dead)
        return;
    xmi_error_add(text,
                  d->ledger->own_pauses
                      ? "; nothing was changed, but the domain is paused until a call of this "
                        "session can unpause it"
                      : "; all is as before");
}

static int undo_pauses(struct xmem_domain *d, uint32_t *pauses)
{
    int rc = 0;
    for (; *pauses && !rc; *pauses -= !rc)
        rc = d->dead ? 0 : xmi_ledger_unpause(d);
    return rc;
}

static void undo(struct xmem_domain *d, struct outcome *o)
{
    d->pauses -= d->ledger->lifted;
    d->ledger->lifted = 0;
    int rc = undo_pauses(d, &d->pauses), rc2 = undo_pauses(d, &d->ledger->own_pauses);
    if (rc || rc2)
        xmi_outcome_note(d, o,
                         xmi_domain_fail(d, rc ? rc : rc2, 0,
                                         "domain %" PRIu32 " cannot be unpaused", d->domid));
}

static bool any_pauses(const struct xmem_domain *d)
{
    return d->pauses || d->ledger->own_pauses;
}

static bool pay(struct xmem_domain *d)
{
    bool left = undo_pauses(d, &d->ledger->own_pauses) != 0;
    return !xmi_ledger_lower(d) || left;
}

const struct ledger_kind xmi_ledger_pauses = {
    .turn = LEDGER_LAST,
    .any = any_pauses,
    .undo = undo,
    .pay = pay,
};
