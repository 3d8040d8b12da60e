/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rights of pages, asked for and set; every set is a small batch. */
#include "rights/rights.h"

#include "rights/rights-int.h"
#include "ledger/ledger.h"
#include "base/base.h"

#include <errno.h>
#include <inttypes.h>

/* ---- asking ---- */

int xmem_domain_get_rights(struct xmem_domain *d, uint16_t view, uint64_t gfn,
                           enum xmem_rights *out)
{
    uint8_t rights;
    int rc = domain_usable(d);
    if (rc)
        return rc;
    if (!out)
        return xmi_domain_refuse(d, -EINVAL, "xmem_domain_get_rights: nowhere to put the rights");
    rc = xmi_changes_check(d, view, gfn, 1, XMEM_RWX);
    if (rc)
        return rc;
    struct view *v = domain_view(d, view);
    /* open for a moment, or not open for writes: known has what is meant */
    if (d->watch->is_open(d, view, gfn) || xmi_guards_any(d, gfn)) {
        *out = (enum xmem_rights)known_set_of(xmi_known_get(&v->known, gfn));
        return 0;
    }
    rc = xmi_domain_ask_rights(d, v, gfn, &rights);
    if (rc)
        return rc;
    /* Somebody else changed them, or an access turned them: elision must not believe the old. */
    uint8_t byte = xmi_known_get(&v->known, gfn);
    if ((byte & KNOWN_SET) && known_set_of(byte) != rights)
        (void)xmi_known_put(&v->known, gfn, 1, KNOWN_SET, known_code(rights));
    *out = (enum xmem_rights)rights;
    return 0;
}

/* ---- setting ---- */

int xmem_domain_set_rights_range(struct xmem_domain *d, uint16_t view, uint64_t first_gfn,
                                 uint64_t count, enum xmem_rights rights)
{
    struct changes c = {.d = d};
    struct change *ch;
    int rc = domain_usable(d);
    if (!rc)
        rc = xmi_changes_check(d, view, first_gfn, count, rights);
    if (rc)
        return rc;
    rc = xmi_changes_reserve(&c, view, 1, &ch);
    if (!rc) {
        runs_append(&ch->want, first_gfn, count, (uint8_t)rights);
        rc = xmi_changes_apply(&c);
    } else {
        xmi_domain_refuse(d, rc, "out of memory");
    }
    xmi_changes_free(&c);
    return rc;
}

static int say_as_before(struct xmem_domain *d, int rc)
{
    xmi_domain_as_before(d, &d->error);
    return rc;
}

/* It was set and failed then: as it was, or known to be different. */
static int put_one_back(struct xmem_domain *d, struct view *v, uint64_t gfn, int rc)
{
    struct xmem_error why = d->error;
    uint8_t byte = xmi_known_get(&v->known, gfn), rights = known_set_of(byte);
    if (rights == KNOWN_NOTHING)
        rights = known_found_of(byte);
    if (rights != KNOWN_NOTHING && !xmi_domain_force_rights(d, v, gfn, rights)) {
        d->error = why;
        return say_as_before(d, rc);
    }
    view_unsure(v, true);
    if (rights != KNOWN_NOTHING)
        (void)xmi_known_put(&v->known, gfn, 1, KNOWN_SET, known_code(rights));
    xmi_error_add(&why, "; and putting back failed: %s", d->error.text);
    d->error = why;
    return rc;
}

/* One gfn, the same as a list of one but without the lists. */
int xmi_domain_set_one(struct xmem_domain *d, struct view *v, uint64_t gfn, uint8_t rights)
{
    struct run one = {gfn, UINT64_C(1) << 8 | rights};
    struct runs list = {&one, 1, 1};
    uint64_t done;
    int rc = xmi_view_leaf_before_set(d, v, &list);
    if (!rc && !xmi_known_get(&v->known, gfn))
        rc = xmi_changes_learn(d, v, &list);
    if (!rc && xmi_known_prepare(&v->known, gfn, 1))
        rc = xmi_domain_refuse(d, -ENOMEM, "out of memory");
    if (rc)
        return rc;
    d->stats.sets++;
    ledger_begin(d, LEDGER_RIGHTS, v->id, gfn, gfn);
    rc = d->ops->rights_set(d->dom, v->id, gfn, 1, guards_narrow(d, v, gfn, rights), &done);
    if (rc) {
        rc = xmi_domain_fail(d, rc, MAY_SRCH | MAY_NOSPC,
                             "view %u: gfn 0x%" PRIx64 " cannot be set to %s", v->id, gfn,
                             xmem_rights_name((enum xmem_rights)rights));
        return rc != -ESHUTDOWN && done != BACKEND_DONE_UNKNOWN && done
                   ? put_one_back(d, v, gfn, rc)
                   : say_as_before(d, rc);
    }
    (void)xmi_known_put(&v->known, gfn, 1, KNOWN_SET, known_code(rights));
    rights_changed(d, v->id, gfn, 1);
    return 0;
}

int xmem_domain_set_rights(struct xmem_domain *d, uint16_t view, uint64_t gfn,
                           enum xmem_rights rights)
{
    int rc = domain_usable(d);
    if (!rc)
        rc = xmi_changes_check(d, view, gfn, 1, rights);
    if (rc)
        return rc;
    struct view *v = domain_view(d, view);
    /* What overwrites other views, or stands for other rights, goes the long way. */
    if (rights == XMEM_DEFAULT ||
        (!view && d->led->views_on && d->quirks & QUIRK_HOST_SET_OVERWRITES_VIEWS))
        return xmem_domain_set_rights_range(d, view, gfn, 1, rights);
    if (!rights_turn((uint8_t)rights) && !v->unsure &&
        known_set_of(xmi_known_get(&v->known, gfn)) == rights) {
        d->stats.elided++;
        return 0;
    }
    return xmi_domain_set_one(d, v, gfn, (uint8_t)rights);
}

int xmi_changes_add_many(struct changes *c, uint16_t view, const uint64_t *gfns,
                         const uint8_t *rights, size_t n)
{
    struct change *ch;
    uint64_t rights_ok = 0, top = c->d->caps.highest_gfn;
    int rc = 0;
    for (size_t i = 0; i < n && !rc; i++) { /* the full check once for each of the rights */
        uint64_t bit = rights[i] < 64 ? UINT64_C(1) << rights[i] : 0;
        if (gfns[i] > top || !(rights_ok & bit))
            rc = xmi_changes_check(c->d, view, gfns[i], 1, rights[i]);
        rights_ok |= bit;
    }
    if (rc)
        return rc;
    rc = xmi_changes_reserve(c, view, n, &ch);
    if (rc)
        return xmi_domain_refuse(c->d, rc, "out of memory");
    for (size_t i = 0; i < n; i++)
        runs_append(&ch->want, gfns[i], 1, rights[i]);
    return 0;
}

int xmem_domain_set_rights_many(struct xmem_domain *d, uint16_t view, const uint64_t *gfns,
                                const uint8_t *rights, size_t n)
{
    struct changes c = {.d = d};
    int rc = domain_usable(d);
    if (rc || !n)
        return rc;
    if (!gfns || !rights)
        return xmi_domain_refuse(d, -EINVAL, "xmem_domain_set_rights_many: %zu gfns, but no list",
                                 n);
    rc = xmi_changes_add_many(&c, view, gfns, rights, n);
    if (!rc)
        rc = xmi_changes_apply(&c);
    xmi_changes_free(&c);
    return rc;
}

/* ---- the default ---- */

int xmem_domain_get_default(struct xmem_domain *d, enum xmem_rights *out)
{
    uint8_t rights;
    int rc = domain_usable(d);
    if (rc)
        return rc;
    if (!out)
        return xmi_domain_refuse(d, -EINVAL, "xmem_domain_get_default: nowhere to put the rights");
    rc = d->ops->rights_get(d->dom, 0, UINT64_MAX, &rights);
    if (rc)
        return xmi_domain_fail(d, rc, MAY_NODEV,
                               "domain %" PRIu32 ": the default rights cannot be "
                               "asked for",
                               d->domid);
    *out = (enum xmem_rights)rights;
    return 0;
}

static int collect_known(void *arg, uint64_t gfn, uint64_t nr, uint8_t byte)
{
    (void)byte;
    return runs_push(arg, gfn, nr, 0);
}

/* A default for all pages (XMEM_CAP_DEFAULT_ALL): whatever was set before, they have it now. */
static void note_all(struct view *v, const struct runs *list, uint8_t rights)
{
    for (size_t i = 0; i < list->n; i++)
        (void)xmi_known_put(&v->known, list->v[i].gfn, run_nr(&list->v[i]), KNOWN_SET,
                            known_code(rights));
}

int xmi_domain_send_default(struct xmem_domain *d, uint8_t rights)
{
    bool all = d->caps.flags & XMEM_CAP_DEFAULT_ALL;
    struct view *v = domain_view(d, 0);
    struct runs list = {0};
    uint64_t done;
    int rc = all ? xmi_known_each(&v->known, collect_known, &list) : 0;
    if (!rc) {
        d->stats.sets++;
        ledger_begin(d, LEDGER_DEFAULT, 0, 0, 0);
        rc = d->ops->rights_set(d->dom, 0, UINT64_MAX, 0, rights, &done);
    }
    if (!rc) {
        note_all(v, &list, rights);
        d->led->default_now = rights;
        d->led->default_over_all = d->led->default_over_all || all;
    }
    xmi_runs_free(&list);
    return rc;
}

int xmem_domain_set_default(struct xmem_domain *d, enum xmem_rights rights)
{
    int rc = domain_usable(d);
    if (rc)
        return rc;
    if (rights == XMEM_DEFAULT)
        return xmi_domain_refuse(d, -EINVAL, "the default rights cannot be 'default'");
    rc = xmi_changes_check(d, 0, 0, 1, rights);
    /* One that is for all pages is sent again: it ends what was set since. */
    if (rc || (d->led->default_now == (uint8_t)rights && !(d->caps.flags & XMEM_CAP_DEFAULT_ALL)))
        return rc;
    rc = xmi_domain_send_default(d, (uint8_t)rights);
    if (rc)
        return xmi_domain_fail(d, rc, MAY_NODEV,
                               "domain %" PRIu32 ": the default rights cannot be "
                               "set to %s",
                               d->domid, xmem_rights_name(rights));
    return 0;
}

int xmem_domain_set_access_required(struct xmem_domain *d, int required)
{
    int rc = domain_usable(d);
    if (rc)
        return rc;
    ledger_begin(d, LEDGER_REQUIRED, 0, 0, 0);
    rc = d->ops->access_required ? d->ops->access_required(d->dom, required != 0) : -EOPNOTSUPP;
    if (rc)
        return xmi_domain_fail(d, rc, 0, "domain %" PRIu32 ": access_required cannot be switched",
                               d->domid);
    d->led->access_required = required != 0;
    return 0;
}
