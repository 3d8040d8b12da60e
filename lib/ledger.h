/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All that a session changed and has not undone, and the only place that undoes it. An entry is made
 * before its change, and leaves when it is confirmed that it was undone; undoing needs no memory. What
 * fails is told and stays: the next walk goes on with it. The entries are where they are used:
 *   rights         view.known, what was set and what was found; of remaps, view.remaps
 *   default        default_found, default_now, default_over_all
 *   views          view.own, view.hidden, view.ve, views_on, views_switched, vcpu.notify_set
 *   events         ring, monitors, step_monitor, emul_monitor, access_required
 *   vCPUs          vcpu.hw_step, vcpu.fast, vcpu.held, pauses
 *   memory         pages
 */
#ifndef XMEM_LEDGER_H
#define XMEM_LEDGER_H

#include "domain.h"

/* The first failure of several counts; its text is put back when it is over. */
struct outcome {
    int rc;
    struct xmem_error text;
};

void outcome_note(struct xmem_domain *d, struct outcome *o, int rc);
/* The code, with its text as the session's. */
int outcome_of(struct xmem_domain *d, const struct outcome *o);

/* Is anything left to be undone? And such as can be undone with a ring only? */
bool ledger_any(const struct xmem_domain *d);
bool ledger_needs_ring(const struct xmem_domain *d);

/* Rights, default, access_required, views: as far as that is possible without a ring where there is none. */
void ledger_undo(struct xmem_domain *d, struct outcome *o);
void ledger_undo_monitors(struct xmem_domain *d, struct outcome *o);
/* Single step, from outside: of vCPUs that did not end it. The domain is paused. */
void ledger_undo_steps(struct xmem_domain *d, struct outcome *o);
/*
 * What calls that failed could not undo then; every call on the session begins with it, so that the same
 * call again starts from what was there before.
 */
void ledger_pay(struct xmem_domain *d);
/* With the domain's last changes: */
void ledger_undo_pages(struct xmem_domain *d, struct outcome *o);
void ledger_undo_pauses(struct xmem_domain *d, struct outcome *o);

#endif
