/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rights of one gfn, asked for and forced by a hypercall. */
#include "rights/rights-int.h"
#include "rights/rights.h"

#include "base/base.h"
#include "ledger/ledger.h"

#include <errno.h>
#include <inttypes.h>

/*
 * A view that has no entry of its own for the gfn yet: the guest's next access makes one, with
 * the view's default or, in older releases, the host's rights (p2m_altp2m_get_or_propagate()).
 */
static int ask_through_host(struct xmem_domain *d, const struct view *v, uint64_t gfn,
                            uint8_t *rights)
{
    int rc = 0;
    *rights = XMEM_RWX;
    if (d->enabled) { /* without a ring Xen does not tell */
        d->stats.gets++;
        rc = d->ops->rights_get(d->dom, 0, gfn, rights);
    }
    if (!rc && v->own && !(d->quirks & QUIRK_VIEW_COPIES_HOST_RIGHTS))
        *rights = v->def;
    return rc;
}

int xmi_domain_ask_rights(struct xmem_domain *d, struct view *v, uint64_t gfn, uint8_t *rights)
{
    d->stats.gets++;
    int rc = d->ops->rights_get(d->dom, v->id, gfn, rights);
    if (rc == -ESRCH && v->id)
        rc = ask_through_host(d, v, gfn, rights);
    if (!rc)
        return 0;
    return xmi_domain_fail(d, rc, MAY_SRCH | MAY_NODEV,
                           "view %u: the rights of gfn 0x%" PRIx64 " cannot be asked for", v->id,
                           gfn);
}

static uint8_t in_force(const struct xmem_domain *d, const struct view *v, uint64_t gfn,
                        uint8_t rights)
{
    return d->rights->as_said ? rights : guards_narrow(d, v, gfn, rights);
}

int xmi_domain_fail_force(struct xmem_domain *d, const struct view *v, uint64_t gfn, uint8_t rights,
                          int rc)
{
    return xmi_domain_fail(d, rc, MAY_SRCH | MAY_NOSPC,
                           "view %u: gfn 0x%" PRIx64 " cannot be set to %s", v->id, gfn,
                           xmem_rights_name((enum xmem_rights)in_force(d, v, gfn, rights)));
}

int xmi_domain_force_alone(struct xmem_domain *d, struct view *v, uint64_t gfn, uint8_t rights)
{
    uint64_t done;
    d->stats.sets++;
    ledger_begin(d, LEDGER_RIGHTS, v->id, gfn, gfn);
    int rc = d->ops->rights_set(d->dom, v->id, gfn, 1, in_force(d, v, gfn, rights), &done);
    if (rc)
        return xmi_domain_fail_force(d, v, gfn, rights, rc);
    rights_changed(d, v->id, gfn, 1);
    return 0;
}

/* Under a default that the session set for all pages, what they had before is not to be learnt. */
uint8_t xmi_domain_found_byte(const struct xmem_domain *d, const struct view *v, uint8_t rights)
{
    bool over = !v->id && d->led->default_over_all;
    return (uint8_t)(known_code(over ? d->led->default_found : rights) << 4 | known_code(rights));
}
