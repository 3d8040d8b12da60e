/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rights/rights-int.h"

#include "rights/rights.h"
#include "ledger/ledger.h"
#include "base/base.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is asked for ---- */

static int check_rights(struct xmem_domain *d, const struct view *v, uint32_t rights)
{
    uint32_t can = v->id ? d->caps.view_rights : d->caps.rights;
    if (!rights_valid(rights))
        return xmi_domain_refuse(d, -EINVAL, "%" PRIu32 " is no enum xmem_rights", rights);
    if (rights == XMEM_DEFAULT) {
        if (v->id && v->def == KNOWN_NOTHING)
            return xmi_domain_refuse(d, -EOPNOTSUPP,
                                     "view %u: its default rights are not known, it is "
                                     "another tool's; name the rights",
                                     v->id);
        return 0;
    }
    if (can & XMEM_RIGHTS_BIT(rights))
        return 0;
    return xmi_domain_refuse(d, -EOPNOTSUPP,
                             "view %u: rights %s cannot be expressed on this kind of "
                             "machine (see caps.%s)",
                             v->id, xmem_rights_name(rights), v->id ? "view_rights" : "rights");
}

int xmi_changes_check(struct xmem_domain *d, uint16_t view, uint64_t gfn, uint64_t nr,
                      uint32_t rights)
{
    const struct view *v = domain_view(d, view);
    if (view && d->caps.max_views <= 1)
        return xmi_domain_refuse(d, -EOPNOTSUPP, "view %u: this kind of machine has no views",
                                 view);
    if (!v || v->step || v->unwanted)
        return xmi_domain_refuse(d, -ENOENT, "view %u does not exist", view);
    if (!view && !d->enabled)
        return xmi_domain_refuse(d, -ENODEV,
                                 "domain %" PRIu32 ": rights of the host view need "
                                 "monitoring; call xmem_domain_enable() first",
                                 d->domid);
    int rc = check_rights(d, v, rights);
    return rc ? rc : xmi_domain_check_gfns(d, gfn, nr);
}

static size_t find_change(const struct changes *c, uint16_t view)
{
    size_t i = 0;
    while (i < c->n && c->v[i].view < view)
        i++;
    return i;
}

int xmi_changes_reserve(struct changes *c, uint16_t view, size_t n, struct change **out)
{
    size_t i = find_change(c, view);
    if (i == c->n || c->v[i].view != view) {
        int rc = xmi_array_room((void **)&c->v, c->n, &c->cap, sizeof(*c->v));
        if (rc)
            return rc;
        memmove(&c->v[i + 1], &c->v[i], (c->n - i) * sizeof(*c->v));
        c->v[i] = (struct change){.view = view};
        c->n++;
    }
    *out = &c->v[i];
    return xmi_runs_reserve(&c->v[i].want, n);
}

void xmi_changes_reset(struct changes *c)
{
    for (size_t i = 0; i < c->n; i++) {
        xmi_runs_free(&c->v[i].send);
        xmi_runs_free(&c->v[i].undo);
        c->v[i].done = (struct place){0};
    }
    c->current = 0;
    c->started = false;
}

void xmi_changes_free(struct changes *c)
{
    xmi_changes_reset(c);
    for (size_t i = 0; i < c->n; i++)
        xmi_runs_free(&c->v[i].want);
    free(c->v);
    c->v = NULL;
    c->n = c->cap = 0;
}

/* ---- what of it must be sent ---- */

/* "default" as rights, where it does not stay tied to the default. */
static uint8_t resolve(const struct xmem_domain *d, const struct view *v, uint8_t rights)
{
    if (rights != XMEM_DEFAULT)
        return rights;
    if (v->id)
        return v->def;
    return d->caps.flags & XMEM_CAP_DEFAULT_ALL ? rights : d->led->default_now;
}

/* Adds to send what of the run is not set already. */
static int elide(const struct view *v, const struct run *r, uint8_t rights, struct runs *send,
                 uint64_t *elided)
{
    uint64_t gfn = r->gfn, left = run_nr(r);
    int rc = 0;
    if (rights_turn(rights)) /* an access may have turned it meanwhile */
        return runs_push(send, gfn, left, rights);
    while (left && !rc) {
        uint64_t nr = left;
        if (known_set_of(xmi_known_run(&v->known, gfn, &nr)) == rights && !v->unsure)
            *elided += nr;
        else
            rc = runs_push(send, gfn, nr, rights);
        gfn += nr;
        left -= nr;
    }
    return rc;
}

static int elide_all(struct changes *c, struct change *ch, struct runs *all)
{
    const struct view *v = domain_view(c->d, ch->view);
    int rc = 0;
    if (!v->known.levels) { /* nothing known, nothing to leave out */
        for (size_t i = 0; i < all->n; i++)
            all->v[i].nr_rights = run_nr(&all->v[i]) << 8 |
                                  resolve(c->d, v, run_rights(&all->v[i]));
        ch->send = *all;
        *all = (struct runs){0};
        return 0;
    }
    rc = xmi_runs_reserve(&ch->send, all->n);
    for (size_t i = 0; i < all->n && !rc; i++)
        rc = elide(v, &all->v[i], resolve(c->d, v, run_rights(&all->v[i])), &ch->send,
                   &c->res.elided);
    return rc;
}

static int compile(struct changes *c, struct change *ch)
{
    struct runs all = {0};
    xmi_runs_free(&ch->send);
    int rc = xmi_runs_normalize(&ch->want, &all);
    c->res.gfns += xmi_runs_gfns(&all);
    if (!rc)
        rc = elide_all(c, ch, &all);
    c->res.ranges += ch->send.n;
    xmi_runs_free(&all);
    return rc;
}

static int compile_all(struct changes *c)
{
    int rc = 0;
    c->res = (struct xmem_batch_result){.size = sizeof(c->res), .failed_gfn = XMEM_GFN_UNDO};
    for (size_t i = 0; i < c->n && !rc; i++) {
        if (!domain_view(c->d, c->v[i].view))
            return xmi_domain_refuse(c->d, -ENOENT, "view %u does not exist any more",
                                     c->v[i].view);
        if (!c->v[i].view && !c->d->enabled)
            return xmi_domain_refuse(c->d, -ENODEV,
                                     "domain %" PRIu32 ": rights of the host view need "
                                     "monitoring; call xmem_domain_enable() first",
                                     c->d->domid);
        rc = compile(c, &c->v[i]);
    }
    return rc ? xmi_domain_refuse(c->d, rc, "out of memory") : 0;
}

/* ---- starting ---- */

/* The gfns of a list, whatever rights they get. */
static int spans_of(const struct runs *list, struct runs *out)
{
    int rc = 0;
    for (size_t i = 0; i < list->n && !rc;) {
        uint64_t gfn = list->v[i].gfn, end = gfn;
        do
            end = run_end(&list->v[i++]);
        while (i < list->n && list->v[i].gfn == end);
        rc = runs_push(out, gfn, end - gfn, 0);
    }
    return rc;
}

/* The rights before, of what will be sent and is not as it was found. */
static int note_undo(const struct view *v, const struct runs *spans, struct runs *undo)
{
    int rc = 0;
    undo->n = 0;
    for (size_t i = 0; i < spans->n && !rc; i++) {
        uint64_t gfn = spans->v[i].gfn, left = run_nr(&spans->v[i]);
        while (left && !rc) {
            uint64_t nr = left;
            uint8_t byte = xmi_known_run(&v->known, gfn, &nr);
            if (known_set_of(byte) != KNOWN_NOTHING && known_set_of(byte) != known_found_of(byte))
                rc = runs_push(undo, gfn, nr, known_set_of(byte));
            gfn += nr;
            left -= nr;
        }
    }
    return rc;
}

/* Room, so that noting the new rights cannot fail. */
static int make_room(struct view *v, const struct runs *list)
{
    struct known_at at = {0};
    int rc = 0;
    for (size_t i = 0; i < list->n && !rc; i++) {
        uint64_t nr = run_nr(&list->v[i]);
        if (nr != 1 || !known_at(&v->known, &at, list->v[i].gfn))
            rc = xmi_known_prepare(&v->known, list->v[i].gfn, nr);
    }
    return rc;
}

/* What is there before a change is sent: learnt, kept for putting it back. */
static int look_before(struct xmem_domain *d, struct change *ch)
{
    struct view *v = domain_view(d, ch->view);
    struct runs spans = {0};
    int rc = spans_of(&ch->send, &spans);
    if (rc)
        rc = xmi_domain_refuse(d, rc, "out of memory");
    else
        rc = xmi_changes_learn(d, v, &spans);
    if (!rc && (note_undo(v, &spans, &ch->undo) || make_room(v, &ch->send)))
        rc = xmi_domain_refuse(d, -ENOMEM, "out of memory");
    xmi_runs_free(&spans);
    return rc;
}

int xmi_changes_start(struct changes *c)
{
    struct xmem_domain *d = c->d;
    c->hypercalls_before = d->ops->hypercalls(d->dom);
    int rc = compile_all(c);
    for (size_t i = 0; i < c->n && !rc; i++) {
        rc = look_before(d, &c->v[i]);
        if (rc)
            c->res.failed_view = c->v[i].view;
    }
    c->res.hypercalls = d->ops->hypercalls(d->dom) - c->hypercalls_before;
    if (rc) {
        xmi_changes_reset(c);
        return rc;
    }
    c->started = true;
    d->stats.elided += c->res.elided;
    return 0;
}

int xmi_changes_plan(struct changes *c)
{
    int rc = compile_all(c);
    for (size_t i = 0; i < c->n && !rc; i++) {
        const struct view *v = domain_view(c->d, c->v[i].view);
        uint64_t calls = 0;
        c->res.changed += xmi_runs_gfns(&c->v[i].send);
        c->res.hypercalls += xmi_send_cost(c->d, v, &c->v[i].send);
        rc = xmi_changes_learn_cost(c->d, v, &c->v[i].send, &calls);
        c->res.hypercalls += calls;
    }
    xmi_changes_reset(c);
    return rc;
}

/* ---- views that a host change overwrote (QUIRK_HOST_SET_OVERWRITES_VIEWS) ---- */

/* ---- sending, and putting back ---- */

static int send_change(struct changes *c, struct change *ch, uint64_t max)
{
    struct xmem_domain *d = c->d;
    struct place before = ch->done;
    uint64_t failed = XMEM_GFN_UNDO;
    int rc = xmi_send_runs(d, domain_view(d, ch->view), &ch->send, &ch->done, max, &failed);
    if (!rc && !ch->view)
        rc = xmi_changes_reapply_part(d, &ch->send, before, ch->done);
    if (rc) {
        c->res.failed_gfn = failed;
        c->res.failed_view = ch->view;
    }
    return rc;
}

/* gfns of a list between two places. */
static uint64_t between(const struct runs *list, struct place from, struct place to)
{
    uint64_t n = to.off - from.off;
    for (size_t i = from.run; i < to.run; i++)
        n += run_nr(&list->v[i]);
    return n;
}

/* The rights of gfn before: as undo has them or, where it does not, as they were found; and of how many of nr. */
static uint8_t rights_before(const struct view *v, const struct runs *undo, uint64_t gfn,
                             uint64_t *nr)
{
    size_t i = xmi_runs_find(undo, gfn);
    const struct run *r = i < undo->n ? &undo->v[i] : NULL;
    if (r && r->gfn <= gfn) {
        *nr = *nr < run_end(r) - gfn ? *nr : run_end(r) - gfn;
        return run_rights(r);
    }
    if (r && r->gfn - gfn < *nr)
        *nr = r->gfn - gfn;
    return known_found_of(xmi_known_run(&v->known, gfn, nr));
}

static void feed_before(struct feed *f, const struct change *ch, uint64_t gfn, uint64_t left)
{
    while (left) {
        uint64_t nr = left;
        uint8_t rights = rights_before(f->v, &ch->undo, gfn, &nr);
        if (rights != KNOWN_NOTHING)
            xmi_feed_add(f, gfn, nr, rights);
        gfn += nr;
        left -= nr;
    }
}

/* What was sent, with the rights before; no memory is needed for it. */
static int undo_change(struct xmem_domain *d, struct change *ch)
{
    struct view *v = domain_view(d, ch->view);
    struct feed f;
    if (!v || (!ch->done.run && !ch->done.off))
        return 0;
    xmi_feed_begin(&f, d, v);
    f.past = true;
    f.again = ch->view ? NULL : xmi_changes_reapply;
    for (size_t i = 0; i < ch->send.n && i <= ch->done.run; i++) {
        const struct run *r = &ch->send.v[i];
        feed_before(&f, ch, r->gfn, i < ch->done.run ? run_nr(r) : ch->done.off);
    }
    int rc = xmi_feed_end(&f);
    if (!rc)
        ch->done = (struct place){0};
    return rc;
}

int xmi_changes_undo(struct changes *c)
{
    int first = 0;
    for (size_t i = c->n; i--;) {
        int rc = undo_change(c->d, &c->v[i]);
        if (!first)
            first = rc;
    }
    c->res.changed = 0;
    if (!first) /* what was not put back is tried again */
        xmi_changes_reset(c);
    return first;
}

static int put_back(struct changes *c, int rc)
{
    struct xmem_error why = c->d->error;
    uint64_t failed = c->res.failed_gfn;
    uint16_t view = c->res.failed_view;
    int rc2 = xmi_changes_undo(c);
    for (size_t i = 0; rc2 && i < c->n; i++)
        if (domain_view(c->d, c->v[i].view))
            view_unsure(domain_view(c->d, c->v[i].view), true);
    xmi_changes_reset(c);
    if (rc2 && rc != -ESHUTDOWN)
        xmi_error_add(&why, "; and putting back failed: %s", c->d->error.text);
    else
        xmi_domain_as_before(c->d, &why);
    c->d->error = why;
    c->res.failed_gfn = failed;
    c->res.failed_view = view;
    return rc;
}

/* Sends up to *max of the current view's; less what was sent, in *max. */
static int some_of(struct changes *c, struct change *ch, uint64_t *max)
{
    struct place before = ch->done;
    if (!domain_view(c->d, ch->view))
        return xmi_domain_refuse(c->d, -ENOENT, "view %u does not exist any more", ch->view);
    int rc = send_change(c, ch, *max);
    uint64_t n = between(&ch->send, before, ch->done);
    c->res.changed += n;
    *max -= n;
    return rc;
}

int xmi_changes_some(struct changes *c, uint64_t max_gfns)
{
    struct xmem_domain *d = c->d;
    int rc = 0;
    uint64_t before = d->ops->hypercalls(d->dom);
    while (c->current < c->n && !rc) {
        struct change *ch = &c->v[c->current];
        if (ch->done.run == ch->send.n)
            c->current++;
        else if (max_gfns)
            rc = some_of(c, ch, &max_gfns);
        else
            break;
    }
    if (rc)
        rc = put_back(c, rc);
    c->res.hypercalls += d->ops->hypercalls(d->dom) - before;
    if (rc)
        return rc;
    return c->current < c->n;
}

int xmi_changes_apply(struct changes *c)
{
    int rc = xmi_changes_start(c);
    if (!rc)
        rc = xmi_changes_some(c, UINT64_MAX);
    return rc;
}
