/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pauses, the caller's and the library's own; all of them are counted. */
#include "ledger/ledger.h"

#include <inttypes.h>

int ledger_pause(struct xmem_domain *d)
{
    ledger_begin(d, LEDGER_PAUSE, 0, 0, 0);
    d->led->pauses++;
    int rc = d->ops->pause(d->dom);
    d->led->pauses -= rc != 0;
    return rc;
}

int ledger_unpause(struct xmem_domain *d)
{
    ledger_begin(d, LEDGER_PAUSE, 0, 0, 0);
    int rc = d->ops->unpause(d->dom);
    d->led->pauses -= rc == 0;
    return rc;
}

int domain_unpause_own(struct xmem_domain *d)
{
    int rc = ledger_unpause(d);
    if (rc && !d->dead) /* it may have been for this one time */
        rc = ledger_unpause(d);
    d->own_pauses += rc != 0;
    d->owed = d->owed || rc;
    return rc;
}

int domain_hold(struct xmem_domain *d)
{
    int rc = d->holds || d->pauses ? 0 : ledger_pause(d);
    if (rc)
        return domain_fail(d, rc, 0, "domain %" PRIu32 " cannot be paused", d->domid);
    d->holds++;
    return 0;
}

int domain_let_go(struct xmem_domain *d, int before)
{
    d->holds--;
    int rc = d->holds || d->pauses ? 0 : domain_unpause_own(d);
    if (!rc || before)
        return before;
    return domain_fail(d, rc, 0, "domain %" PRIu32 " cannot be unpaused", d->domid);
}
