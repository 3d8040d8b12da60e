/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rights that were there before a change: asked for once, in as few hypercalls as possible. */
#include "rights/rights-int.h"

#include "base/base.h"
#include "rights/rights.h"

#include <errno.h>

/* gfns that are asked for in one hypercall, where the backend can. */
#define ASK_MAX BACKEND_RUNS_MAX
/* gfns that are learnt ahead of a tool that goes through memory gfn by gfn: 2 MiB. */
#define AHEAD_MAX 512u

struct questions {
    struct xmem_domain *d;
    struct view *v;
    uint32_t n;
    uint64_t gfns[ASK_MAX];
    uint8_t rights[ASK_MAX];
};

/*
 * Of a view that the session made what nobody set has the view's default (4.19 on): what is asked
 * for is whether anything is mapped, in the host view.
 */
static bool has_default(const struct xmem_domain *d, const struct view *v)
{
    return view_default(v) != KNOWN_NOTHING && !rights_turn(v->def) && d->enabled &&
           !(d->quirks & QUIRK_VIEW_COPIES_HOST_RIGHTS);
}

static bool asks_many(const struct xmem_domain *d, const struct view *v)
{
    return d->ops->rights_get_many && (!v->id || has_default(d, v));
}

static int ask_some(struct questions *q)
{
    struct xmem_domain *d = q->d;
    d->stats.gets++;
    if (q->n > 1)
        return d->ops->rights_get_many(d->dom, q->gfns, q->n, q->rights);
    return d->ops->rights_get(d->dom, 0, q->gfns[0], q->rights);
}

/* All at once or, where that cannot be done, none: BACKEND_NO_RIGHTS, to be asked one by one. */
static void ask(struct questions *q)
{
    bool def = has_default(q->d, q->v);
    int rc = -EOPNOTSUPP;
    if (q->n > 1 ? asks_many(q->d, q->v) : q->n && def)
        rc = ask_some(q);
    for (uint32_t i = 0; i < q->n; i++) {
        if (rc)
            q->rights[i] = BACKEND_NO_RIGHTS;
        else if (def && q->rights[i] != BACKEND_NO_RIGHTS)
            q->rights[i] = q->v->def;
    }
}

/* The answer to question i; one that was refused is asked again, for its code and text. */
static int read_answer(struct questions *q, uint32_t i)
{
    if (q->rights[i] != BACKEND_NO_RIGHTS)
        return 0;
    return xmi_domain_ask_rights(q->d, q->v, q->gfns[i], &q->rights[i]);
}

static int put(struct questions *q, uint64_t gfn, uint64_t nr, uint8_t mask, uint8_t rights)
{
    int rc = xmi_known_put(&q->v->known, gfn, nr, mask, xmi_domain_found_byte(q->d, q->v, rights));
    return rc ? xmi_domain_refuse(q->d, rc, "out of memory") : 0;
}

/* Asks for the first n of what is in q, and keeps the answers. */
static int learn_now(struct questions *q, uint32_t n)
{
    int rc = 0;
    for (uint32_t i = 0; i < n && !rc; i++) {
        rc = read_answer(q, i);
        if (!rc)
            rc = put(q, q->gfns[i], 1, 0xff, q->rights[i]);
    }
    return rc;
}

static int learn_each(struct questions *q, const struct runs *parts)
{
    int rc = 0;
    q->n = 0;
    for (size_t i = 0; i < parts->n && !rc; i++) {
        for (uint64_t k = 0; k < run_nr(&parts->v[i]) && !rc; k++) {
            q->gfns[q->n++] = parts->v[i].gfn + k;
            if (q->n < ASK_MAX)
                continue;
            ask(q);
            rc = learn_now(q, q->n);
            q->n = 0;
        }
    }
    if (rc)
        return rc;
    ask(q);
    return learn_now(q, q->n);
}

/* ---- a change of a few gfns ---- */

/*
 * A tool that sets gfn after gfn is about to set the next ones too: as many as are known already
 * before the first.
 */
static uint64_t ahead_of(const struct questions *q, uint64_t first)
{
    uint64_t n = 0;
    while (n < AHEAD_MAX && first > n && xmi_known_get(&q->v->known, first - n - 1))
        n = 2 * n + 1;
    return n < AHEAD_MAX ? n : AHEAD_MAX;
}

/* Adds questions about nr gfns from *gfn on, a sample where they are many; the answer is nr. */
static uint64_t add_ahead(struct questions *q, uint64_t first, uint64_t *gfn)
{
    uint64_t nr = ahead_of(q, first), top = q->d->caps.highest_gfn;
    *gfn = q->gfns[q->n - 1] + 1;
    if (!nr || *gfn > top)
        return 0;
    if (nr > top - *gfn + 1)
        nr = top - *gfn + 1;
    if (xmi_known_run(&q->v->known, *gfn, &nr))
        return 0;
    uint64_t count = nr < XMEM_EXACT_MAX ? nr : XMEM_EXACT_MAX;
    for (uint64_t i = 0; i < count; i++)
        q->gfns[q->n++] = *gfn + i * nr / count;
    return nr;
}

static bool usable(uint8_t rights)
{
    return rights != BACKEND_NO_RIGHTS && !rights_turn(rights);
}

/* The answers from question i on, about nr gfns from gfn on: found, and not set. */
static int learn_ahead(struct questions *q, uint32_t i, uint64_t gfn, uint64_t nr)
{
    bool same = usable(q->rights[i]);
    int rc = 0;
    for (uint32_t k = i; k < q->n; k++)
        same = same && q->rights[k] == q->rights[i];
    if (same)
        return put(q, gfn, nr, KNOWN_FOUND, q->rights[i]);
    for (; i < q->n && !rc; i++)
        if (usable(q->rights[i]))
            rc = put(q, q->gfns[i], 1, KNOWN_FOUND, q->rights[i]);
    return rc;
}

static int learn_few(struct questions *q, const struct runs *parts)
{
    uint64_t gfn, ahead = 0;
    q->n = 0;
    for (size_t i = 0; i < parts->n; i++)
        for (uint64_t k = 0; k < run_nr(&parts->v[i]); k++)
            q->gfns[q->n++] = parts->v[i].gfn + k;
    uint32_t wanted = q->n;
    /* Under a default for all pages, what was found is not what a rollback has to bring back. */
    if (asks_many(q->d, q->v) && !q->v->id && !q->d->led->default_over_all)
        ahead = add_ahead(q, parts->v[0].gfn, &gfn);
    ask(q);
    int rc = learn_now(q, wanted);
    return rc || !ahead ? rc : learn_ahead(q, wanted, gfn, ahead);
}

/* ---- a change of many ---- */

/* XMEM_EXACT_MAX gfns, spread over the parts. */
static void sample(struct questions *q, const struct runs *parts, uint64_t total)
{
    uint64_t before = 0; /* gfns in the parts before parts->v[i] */
    size_t i = 0;
    for (q->n = 0; q->n < XMEM_EXACT_MAX; q->n++) {
        uint64_t want = q->n * (total / XMEM_EXACT_MAX);
        while (want - before >= run_nr(&parts->v[i]))
            before += run_nr(&parts->v[i++]);
        q->gfns[q->n] = parts->v[i].gfn + (want - before);
    }
}

/* 1: all answered the same, 0: they differ. */
static int sample_agrees(struct questions *q)
{
    ask(q);
    for (uint32_t i = 0; i < q->n; i++) {
        int rc = read_answer(q, i);
        if (rc)
            return rc;
        if (q->rights[i] != q->rights[0])
            return 0;
    }
    return 1;
}

static int learn_many(struct questions *q, const struct runs *parts, uint64_t total)
{
    sample(q, parts, total);
    int rc = sample_agrees(q);
    if (rc <= 0)
        return rc ? rc : learn_each(q, parts);
    uint8_t rights = q->rights[0];
    rc = 0;
    for (size_t i = 0; i < parts->n && !rc; i++)
        rc = put(q, parts->v[i].gfn, run_nr(&parts->v[i]), 0xff, rights);
    return rc;
}

static int learn_parts(struct xmem_domain *d, struct view *v, const struct runs *parts)
{
    struct questions q;
    uint64_t total = xmi_runs_gfns(parts);
    q.d = d;
    q.v = v;
    if (!total)
        return 0;
    if (d->opts.restore == XMEM_RESTORE_EXACT)
        return learn_each(&q, parts);
    return total <= XMEM_EXACT_MAX ? learn_few(&q, parts) : learn_many(&q, parts, total);
}

/* Parts of list of which neither what is set nor what was found is known. */
static int unknown_parts(const struct view *v, const struct runs *list, struct runs *out)
{
    int rc = 0;
    for (size_t i = 0; i < list->n && !rc; i++) {
        uint64_t gfn = list->v[i].gfn, left = run_nr(&list->v[i]);
        while (left && !rc) {
            uint64_t nr = left;
            if (!xmi_known_run(&v->known, gfn, &nr))
                rc = runs_push(out, gfn, nr, 0);
            gfn += nr;
            left -= nr;
        }
    }
    return rc;
}

int xmi_changes_learn(struct xmem_domain *d, struct view *v, const struct runs *list)
{
    struct runs parts = {0};
    if (!v->known.levels)
        return learn_parts(d, v, list);
    int rc = unknown_parts(v, list, &parts);
    rc = rc ? xmi_domain_refuse(d, rc, "out of memory") : learn_parts(d, v, &parts);
    xmi_runs_free(&parts);
    return rc;
}

int xmi_changes_learn_cost(struct xmem_domain *d, const struct view *v, const struct runs *list,
                           uint64_t *calls)
{
    struct runs parts = {0};
    int rc = unknown_parts(v, list, &parts);
    uint64_t total = xmi_runs_gfns(&parts);
    if (d->opts.restore != XMEM_RESTORE_EXACT && total > XMEM_EXACT_MAX)
        total = XMEM_EXACT_MAX;
    *calls = asks_many(d, v) ? (total + ASK_MAX - 1) / ASK_MAX : total;
    xmi_runs_free(&parts);
    return rc ? xmi_domain_refuse(d, rc, "out of memory") : 0;
}
