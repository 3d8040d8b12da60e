/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Batches: changes that are collected and applied together. */
#include "ledger/ledger.h"
#include "rights/rights-int.h"
#include "rights/rights.h"
#include "base/base.h"

#include <errno.h>
#include <stdlib.h>

struct xmem_batch {
    struct changes c; /* c.d NULL: the session is gone */
    struct xmem_batch *next;
};

static int batch_usable(struct xmem_batch *b)
{
    return b ? domain_usable(b->c.d) : -EINVAL; /* no session: -EINVAL too */
}

static int batch_idle(struct xmem_batch *b)
{
    int rc = batch_usable(b);
    if (!rc && b->c.started)
        rc = xmi_domain_refuse(b->c.d, -EINVAL,
                               "the batch is being applied: go on with "
                               "xmem_batch_apply_some(), or xmem_batch_revert() it first");
    return rc;
}

int xmem_batch_new(struct xmem_domain *d, struct xmem_batch **out)
{
    int rc = domain_usable(d);
    if (rc)
        return rc;
    if (!out)
        return xmi_domain_refuse(d, -EINVAL, "xmem_batch_new: nowhere to put the batch");
    struct xmem_batch *b = calloc(1, sizeof(*b));
    if (!b)
        return xmi_domain_refuse(d, -ENOMEM, "out of memory");
    b->c.d = d;
    b->next = d->rights->batches;
    d->rights->batches = b;
    *out = b;
    return 0;
}

void xmem_batch_free(struct xmem_batch *b)
{
    if (!b)
        return;
    struct xmem_domain *d = b->c.d;
    if (d && b->c.started)
        (void)xmi_changes_undo(&b->c);
    for (struct xmem_batch **p = d ? &d->rights->batches : NULL; p && *p; p = &(*p)->next) {
        if (*p == b) {
            *p = b->next;
            break;
        }
    }
    xmi_changes_free(&b->c);
    free(b);
}

void xmi_domain_orphan_batches(struct xmem_domain *d)
{
    for (struct xmem_batch *b = d->rights ? d->rights->batches : NULL; b; b = b->next) {
        b->c.d = NULL;
        b->c.started = false;
    }
    if (d->rights)
        d->rights->batches = NULL;
}

int xmi_rights_init(struct xmem_domain *d)
{
    d->rights = calloc(1, sizeof(*d->rights));
    if (!d->rights)
        return -ENOMEM;
    xmi_known_init(&d->rights->split, xmi_ledger_arena(d), NULL);
    return 0;
}

void xmi_rights_free(struct xmem_domain *d)
{
    if (!d->rights)
        return;
    xmi_domain_orphan_batches(d);
    xmi_known_clear(&d->rights->split);
    xmi_send_free(d->rights);
    free(d->rights);
    d->rights = NULL;
}

void xmi_domain_rewind_batches(struct xmem_domain *d)
{
    for (struct xmem_batch *b = d->rights->batches; b; b = b->next)
        xmi_changes_reset(&b->c);
}

int xmem_batch_add(struct xmem_batch *b, uint16_t view, uint64_t first_gfn, uint64_t count,
                   enum xmem_rights rights)
{
    struct change *ch;
    int rc = batch_idle(b);
    if (!rc)
        rc = xmi_changes_check(b->c.d, view, first_gfn, count, rights);
    if (rc)
        return rc;
    rc = xmi_changes_reserve(&b->c, view, 1, &ch);
    if (rc)
        return xmi_domain_refuse(b->c.d, rc, "out of memory");
    runs_append(&ch->want, first_gfn, count, (uint8_t)rights);
    return 0;
}

int xmem_batch_add_many(struct xmem_batch *b, uint16_t view, const uint64_t *gfns,
                        const uint8_t *rights, size_t n)
{
    int rc = batch_idle(b);
    if (rc || !n)
        return rc;
    if (!gfns || !rights)
        return xmi_domain_refuse(b->c.d, -EINVAL, "xmem_batch_add_many: %zu gfns, but no list", n);
    return xmi_changes_add_many(&b->c, view, gfns, rights, n);
}

static void forget(struct changes *c)
{
    struct xmem_domain *d = c->d;
    xmi_changes_free(c);
    *c = (struct changes){.d = d};
}

void xmem_batch_clear(struct xmem_batch *b)
{
    if (!b || !b->c.d)
        return;
    if (b->c.started)
        (void)xmi_changes_undo(&b->c);
    forget(&b->c);
}

static int check_result(struct xmem_batch *b, struct xmem_batch_result *out)
{
    if (out && xmi_sized_check(out))
        return xmi_domain_refuse(b->c.d, -EINVAL, "xmem_batch_result: size is not set");
    return 0;
}

int xmem_batch_plan(struct xmem_batch *b, struct xmem_batch_result *out)
{
    int rc = batch_idle(b);
    if (rc)
        return rc;
    if (!out)
        return xmi_domain_refuse(b->c.d, -EINVAL, "xmem_batch_plan: nowhere to put the result");
    rc = check_result(b, out);
    if (!rc)
        rc = xmi_changes_plan(&b->c);
    if (!rc)
        xmi_sized_out(out, &b->c.res, sizeof(b->c.res));
    return rc;
}

int xmem_batch_apply_some(struct xmem_batch *b, uint64_t max_gfns, struct xmem_batch_result *out)
{
    int rc = batch_usable(b);
    if (!rc)
        rc = check_result(b, out);
    if (rc)
        return rc;
    if (!b->c.started)
        rc = xmi_changes_start(&b->c);
    if (!rc)
        rc = xmi_changes_some(&b->c, max_gfns ? max_gfns : 1);
    if (out)
        xmi_sized_out(out, &b->c.res, sizeof(b->c.res));
    if (!rc)
        forget(&b->c);
    return rc;
}

int xmem_batch_apply(struct xmem_batch *b, struct xmem_batch_result *out)
{
    return xmem_batch_apply_some(b, UINT64_MAX, out);
}

int xmem_batch_revert(struct xmem_batch *b)
{
    int rc = batch_usable(b);
    if (rc || !b->c.started)
        return rc;
    return xmi_changes_undo(&b->c);
}
