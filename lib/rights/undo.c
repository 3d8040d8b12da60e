/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rights, the default and what goes with them, as they were found. */
#include "rights/rights.h"

#include "base/base.h"

#include <errno.h>
#include <inttypes.h>

/* Is something else in force than was found, or may it be? */
bool xmi_rights_changed_in(const struct view *v, uint8_t byte)
{
    return ledger_changed(byte) || (v->unsure && (byte & KNOWN_FOUND) && (byte & KNOWN_SET));
}

int xmi_rights_stop_at_changed(void *arg, uint64_t gfn, uint64_t nr, uint8_t byte)
{
    (void)gfn;
    (void)nr;
    return xmi_rights_changed_in(arg, byte);
}

static bool default_changed(const struct xmem_domain *d)
{
    return d->led->default_found != KNOWN_NOTHING &&
           (d->led->default_now != d->led->default_found || d->led->default_over_all);
}

static int feed_found(void *arg, uint64_t gfn, uint64_t nr, uint8_t byte)
{
    struct feed *f = arg;
    if (xmi_rights_changed_in(f->v, byte))
        xmi_feed_add(f, gfn, nr, known_found_of(byte));
    return 0;
}

void xmi_rights_undo(struct xmem_domain *d, struct view *v, struct outcome *o)
{
    struct feed f;
    if (ledger_keeps(d)) {
        xmi_known_clear(&v->known);
        return;
    }
    if (!v->id && !d->enabled) /* not without a ring */
        return;
    xmi_feed_begin(&f, d, v);
    f.past = true;
    xmi_known_each(&v->known, feed_found, &f);
    int rc = xmi_feed_end(&f);
    xmi_outcome_note(d, o, rc);
    view_unsure(v, rc != 0 || d->dead);
    if (!v->unsure && !d->guarded) /* pages that cannot be opened yet are to have what is known */
        xmi_known_clear(&v->known);
}

static void undo_default(struct xmem_domain *d, struct outcome *o)
{
    if (!d->enabled || ledger_keeps(d) || !default_changed(d))
        return;
    int rc = xmi_domain_send_default(d, d->led->default_found);
    if (rc)
        xmi_outcome_note(
            d, o,
            xmi_domain_fail(d, rc, 0, "the default rights cannot be restored to %s",
                            xmem_rights_name((enum xmem_rights)d->led->default_found)));
    else
        d->led->default_over_all = false;
}

static void undo_access_required(struct xmem_domain *d, struct outcome *o)
{
    ledger_begin(d, LEDGER_REQUIRED, 0, 0, 0);
    int rc = d->led->access_required ? d->ops->access_required(d->dom, false) : 0;
    if (rc)
        xmi_outcome_note(d, o,
                         xmi_domain_fail(d, rc, 0, "access_required cannot be switched off again"));
    else
        d->led->access_required = false;
}

static bool host_changed(const struct xmem_domain *d)
{
    return !ledger_keeps(d) &&
           xmi_known_each(&d->views[0]->known, xmi_rights_stop_at_changed, d->views[0]);
}

static void undo_host(struct xmem_domain *d, struct outcome *o)
{
    xmi_rights_undo(d, d->views[0], o);
}

static bool default_left(const struct xmem_domain *d)
{
    return !ledger_keeps(d) && default_changed(d);
}

static bool required_left(const struct xmem_domain *d)
{
    return d->led->access_required;
}

const struct ledger_kind xmi_rights_default = {
    .turn = LEDGER_STATE,
    .lives = true,
    .needs_ring = true,
    .any = default_left,
    .undo = undo_default,
};
const struct ledger_kind xmi_rights_host = {
    .turn = LEDGER_STATE,
    .lives = true,
    .needs_ring = true,
    .any = host_changed,
    .undo = undo_host,
};
const struct ledger_kind xmi_rights_required = {
    .turn = LEDGER_STATE,
    .lives = true,
    .any = required_left,
    .undo = undo_access_required,
};
