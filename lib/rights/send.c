/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs of rights into as few hypercalls as possible. */
#include "rights/rights-int.h"
#include "rights/rights.h"
#include "ledger/ledger.h"
#include "base/base.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

struct sender {
    struct xmem_domain *d;
    struct view *v;
    const struct runs *list;
    struct place *at;  /* behind what took effect */
    struct place next; /* behind what is in the buffer */
    uint64_t n;        /* gfns in the buffer */
    bool ranges_only;
    uint64_t failed;
    int lost; /* why something that is to be as before is not */
};

/*
 * Notes rights as set. Room was made for the whole run only: where a part of it cannot be noted, what is
 * set is not known of all of it, so that it is sent again, and restored.
 */
static void note_set(struct view *v, struct known_at *at, const struct run *r, uint64_t off,
                     uint64_t nr)
{
    uint8_t code = known_code(run_rights(r));
    uint8_t *byte = nr == 1 ? known_at(&v->known, at, r->gfn + off) : NULL;
    if (byte)
        *byte = (uint8_t)((*byte & KNOWN_FOUND) | code);
    else if (xmi_known_put(&v->known, r->gfn + off, nr, KNOWN_SET, code))
        (void)xmi_known_put(&v->known, r->gfn, run_nr(r), KNOWN_SET, KNOWN_UNSURE);
}

/* Moves over n gfns of the list; they are set now. */
static void advance(struct sender *s, uint64_t n)
{
    struct known_at at = {0};
    struct place p = *s->at;
    while (n) {
        const struct run *r = &s->list->v[p.run];
        uint64_t some = run_nr(r) - p.off;
        if (some > n)
            some = n;
        note_set(s->v, &at, r, p.off, some);
        rights_changed(s->d, s->v->id, r->gfn + p.off, some);
        p.off += some;
        n -= some;
        if (p.off == run_nr(r))
            p = (struct place){p.run + 1, 0};
    }
    *s->at = p;
}

/* What the sender sends in one call: a run, or scattered gfns of the buffer. */
struct call {
    const struct run *run; /* NULL: scattered */
    uint64_t gfn;          /* run: first gfn, */
    uint8_t rights;        /* and what is sent for it */
};

static int call_part(struct sender *s, const struct call *c, uint64_t from, uint64_t nr,
                     uint64_t *done)
{
    struct xmem_domain *d = s->d;
    *done = BACKEND_DONE_UNKNOWN;
    d->stats.sets++;
    if (c->run)
        return d->ops->rights_set(d->dom, s->v->id, c->gfn + from, nr, c->rights, done);
    if (nr == 1)
        return d->ops->rights_set(d->dom, s->v->id, d->rights->buf_gfns[from], 1,
                                  d->rights->buf_rights[from], done);
    return d->ops->rights_set_many(d->dom, s->v->id, d->rights->buf_gfns + from,
                                   d->rights->buf_rights + from, (uint32_t)nr, done);
}

/*
 * The call failed somewhere in nr gfns and did not say where: sends halves again, which
 * changes nothing where it was done, until the one that is refused is found; how many took effect, in
 * *done. 0: in parts nothing is refused.
 */
static int find_refused(struct sender *s, const struct call *c, uint64_t nr, uint64_t *done)
{
    uint64_t lo = 0, hi = nr, some;
    while (lo < nr) {
        uint64_t half = hi - lo > 1 ? (hi - lo) / 2 : 1;
        int rc = call_part(s, c, lo, half, &some);
        bool in_force = rc && some == half; /* and failed then */
        *done = in_force ? lo + half : lo;
        if (rc && (half == 1 || in_force))
            return rc;
        lo += rc ? 0 : half;
        hi = rc ? lo + half : lo == hi ? nr : hi; /* what is behind the half that was refused */
    }
    *done = nr;
    return 0;
}

static int refused_part(struct sender *s, const struct call *c, uint64_t nr, uint64_t *done, int rc)
{
    int rc2 = find_refused(s, c, nr, done);
    return rc2 || s->d->rights->puts_back ? rc2 : rc;
}

/*
 * The call was refused (rc) with done of its nr gfns changed: moves over them. Where things are put back
 * it is enough that in parts nothing was refused any more; whoever sets rights is told of the refusal.
 */
static int call_refused(struct sender *s, const struct call *c, uint64_t nr, uint64_t done, int rc)
{
    if (xmi_domain_is_dead(s->d))
        done = 0;
    else if (done == BACKEND_DONE_UNKNOWN)
        rc = refused_part(s, c, nr, &done, rc);
    uint64_t i = done < nr ? done : nr - 1;
    s->failed = c->run ? c->gfn + i : s->d->rights->buf_gfns[i];
    advance(s, done < nr ? done : nr);
    return rc;
}

/* Gfns of a list ascend. What is sent again for the call, in parts, is among them. */
static void begin(struct sender *s, const struct call *c, uint64_t nr)
{
    uint64_t first = c->run ? c->gfn : s->d->rights->buf_gfns[0];
    uint64_t last = c->run ? c->gfn + nr - 1 : s->d->rights->buf_gfns[nr - 1];
    ledger_begin(s->d, LEDGER_RIGHTS, s->v->id, first, last);
}

static int send_call(struct sender *s, const struct call *c, uint64_t nr)
{
    uint64_t done;
    begin(s, c, nr);
    int rc = call_part(s, c, 0, nr, &done);
    if (rc)
        return call_refused(s, c, nr, done, rc);
    advance(s, nr);
    return 0;
}

static int flush(struct sender *s)
{
    const struct run *r = &s->list->v[s->at->run];
    uint64_t n = s->n;
    struct call c = {0};
    if (!n)
        return 0;
    s->n = 0;
    if (!s->v->id && run_nr(r) - s->at->off >= n && !s->d->guarded) { /* all of one run after all */
        c.run = r;
        c.gfn = r->gfn + s->at->off;
        c.rights = run_rights(r);
    }
    return send_call(s, &c, n);
}

void xmi_send_free(struct rights *r)
{
    if (r->buf_gfns != r->few_gfns) {
        free(r->buf_gfns);
        free(r->buf_rights);
    }
}

/* Room in the buffer for so many gfns or, without memory for that, for as many as there is. */
static void buffer_room(struct rights *r, uint64_t n)
{
    uint32_t want = n < CHANGES_CHUNK ? (uint32_t)n : CHANGES_CHUNK;
    if (r->buf_cap >= want)
        return;
    if (!r->buf_cap) {
        r->buf_gfns = r->few_gfns;
        r->buf_rights = r->few_rights;
        r->buf_cap = SEND_FEW;
    }
    if (r->buf_cap >= want)
        return;
    uint64_t *gfns = malloc(want * sizeof(*gfns));
    uint8_t *rights = gfns ? malloc(want) : NULL;
    if (!rights) {
        free(gfns);
        return;
    }
    xmi_send_free(r);
    r->buf_gfns = gfns;
    r->buf_rights = rights;
    r->buf_cap = want;
}

/* Puts nr gfns of r from off on into the buffer, sending it whenever it is full. */
static int buffer_run(struct sender *s, const struct run *r, uint64_t off, uint64_t nr)
{
    struct xmem_domain *d = s->d;
    int rc = 0;
    while (nr && !rc) {
        uint64_t room = d->rights->buf_cap - s->n, some = nr < room ? nr : room;
        for (uint64_t i = 0; i < some; i++) {
            d->rights->buf_gfns[s->n + i] = r->gfn + off + i;
            d->rights->buf_rights[s->n + i] = run_rights(r);
        }
        if (d->guarded)
            xmi_guards_narrow_all(d, s->v, d->rights->buf_gfns + s->n, d->rights->buf_rights + s->n,
                                  some);
        s->n += some;
        off += some;
        nr -= some;
        if (s->n == d->rights->buf_cap)
            rc = flush(s);
    }
    return rc;
}

/* By itself, but for gfns where less is in force than is wanted. */
static int send_range(struct sender *s, const struct run *r, uint64_t off, uint64_t nr)
{
    int rc = 0;
    while (nr && !rc) {
        uint64_t gfn = r->gfn + off, some = guards_run(s->d, gfn, nr);
        struct call c = {
            .run = r, .gfn = gfn, .rights = guards_narrow(s->d, s->v, gfn, run_rights(r))};
        rc = send_call(s, &c, some);
        off += some;
        nr -= some;
    }
    return rc;
}

static int send_run(struct sender *s, const struct run *r, uint64_t off, uint64_t nr)
{
    /* In other views Xen has no call for a run: a list is as good. */
    if (!s->ranges_only && (s->v->id || nr < CHANGES_CHUNK))
        return buffer_run(s, r, off, nr);
    int rc = flush(s);
    return rc ? rc : send_range(s, r, off, nr);
}

/* How many runs, and gfns up to max, there are from the place on. */
static void measure(const struct sender *s, uint64_t max, uint64_t *runs, uint64_t *gfns)
{
    uint64_t off = s->at->off;
    *runs = *gfns = 0;
    for (size_t i = s->at->run; i < s->list->n && *gfns < max; i++, off = 0) {
        *gfns += run_nr(&s->list->v[i]) - off;
        ++*runs;
    }
    if (*gfns > max)
        *gfns = max;
}

/* Puts runs of a single gfn, up to max of them, into the buffer; how many: most, where neighbours differ. */
static uint64_t buffer_singles(struct sender *s, uint64_t max)
{
    const struct run *r = &s->list->v[s->next.run];
    uint64_t *gfns = &s->d->rights->buf_gfns[s->n], n = 0;
    uint8_t *rights = &s->d->rights->buf_rights[s->n];
    if (s->next.off)
        return 0;
    if (max > s->d->rights->buf_cap - s->n)
        max = s->d->rights->buf_cap - s->n;
    for (; n < max && run_nr(&r[n]) == 1; n++) {
        gfns[n] = r[n].gfn;
        rights[n] = run_rights(&r[n]);
    }
    if (s->d->guarded)
        xmi_guards_narrow_all(s->d, s->v, gfns, rights, n);
    s->n += n;
    s->next.run += n;
    return n;
}

static int send_all(struct sender *s, uint64_t gfns)
{
    int rc = 0;
    s->next = *s->at;
    while (gfns && !rc) {
        uint64_t singles = s->ranges_only ? 0 : buffer_singles(s, gfns);
        gfns -= singles;
        if (s->n && s->n == s->d->rights->buf_cap)
            rc = flush(s);
        if (singles)
            continue;
        const struct run *r = &s->list->v[s->next.run];
        uint64_t nr = run_nr(r) - s->next.off, off = s->next.off;
        if (nr > gfns)
            nr = gfns;
        gfns -= nr;
        s->next.off += nr;
        if (s->next.off == run_nr(r)) {
            s->next.off = 0;
            s->next.run++;
        }
        rc = send_run(s, r, off, nr);
    }
    return rc ? rc : flush(s);
}

/* ---- many runs in one hypercall ---- */

static bool by_runs(const struct xmem_domain *d, const struct view *v)
{
    return d->ops->rights_set_runs && !v->id && !(d->caps.flags & XMEM_CAP_SET_MANY);
}

/* One that was sent behind the one that was refused: as the session knows it. */
static void put_back(struct sender *s, const struct backend_run *r)
{
    struct xmem_domain *d = s->d;
    uint64_t gfn = r->gfn, left = r->nr, done;
    while (left) {
        uint64_t nr = left;
        uint8_t byte = xmi_known_run(&s->v->known, gfn, &nr), rights = known_set_of(byte);
        if (rights == KNOWN_NOTHING)
            rights = known_found_of(byte);
        d->stats.sets++;
        int rc = rights == KNOWN_NOTHING
                     ? 0
                     : d->ops->rights_set(d->dom, s->v->id, gfn, nr, rights, &done);
        if (rc && !(r->rc && rc == r->rc)) {
            s->lost = rc;
            view_unsure(s->v, true);
            (void)xmi_known_put(&s->v->known, gfn, nr, KNOWN_SET, KNOWN_UNSURE);
        }
        gfn += nr;
        left -= nr;
    }
}

/* How many gfns took effect is taken from *gfns, where nothing failed. */
static int call_runs(struct sender *s, struct backend_run *v, uint32_t n, uint64_t *gfns)
{
    uint32_t i = 0;
    s->d->stats.sets++;
    ledger_begin(s->d, LEDGER_RIGHTS, s->v->id, v[0].gfn, v[n - 1].gfn + v[n - 1].nr - 1);
    int rc = s->d->ops->rights_set_runs(s->d->dom, v, n);
    for (; !rc && i < n && !v[i].rc; i++) {
        advance(s, v[i].nr);
        *gfns -= v[i].nr;
    }
    if (rc || i == n)
        return rc;
    if (!xmi_domain_is_dead(s->d))
        for (uint32_t k = i + 1; k < n; k++)
            put_back(s, &v[k]);
    struct call c = {.run = &s->list->v[s->at->run], .gfn = v[i].gfn, .rights = v[i].rights};
    rc = call_refused(s, &c, v[i].nr, BACKEND_DONE_UNKNOWN, v[i].rc);
    *gfns -= rc ? 0 : v[i].nr;
    return rc;
}

/* The next runs, up to max gfns; how many of these they are, in *gfns. */
static uint32_t next_runs(const struct sender *s, uint64_t max, struct backend_run *v,
                          uint64_t *gfns)
{
    struct place p = *s->at;
    uint32_t n = 0;
    for (*gfns = 0; *gfns < max && n < BACKEND_RUNS_MAX; n++) {
        const struct run *r = &s->list->v[p.run];
        uint64_t nr = run_nr(r) - p.off;
        if (nr > max - *gfns)
            nr = max - *gfns;
        if (nr > UINT32_MAX)
            nr = UINT32_MAX;
        v[n] = (struct backend_run){
            .gfn = r->gfn + p.off, .nr = (uint32_t)nr, .rights = run_rights(r)};
        *gfns += nr;
        p.off += nr;
        if (p.off == run_nr(r))
            p = (struct place){p.run + 1, 0};
    }
    return n;
}

/* What is left in *gfns when it ends without a failure, this backend cannot send so. */
static int send_by_runs(struct sender *s, uint64_t *gfns)
{
    struct backend_run v[BACKEND_RUNS_MAX];
    int rc = 0;
    while (*gfns && !rc) {
        uint64_t some;
        uint32_t n = next_runs(s, *gfns, v, &some);
        s->failed = v[0].gfn;
        rc = call_runs(s, v, n, gfns);
    }
    return rc == -EOPNOTSUPP ? 0 : rc;
}

uint64_t xmi_send_cost(const struct xmem_domain *d, const struct view *v, const struct runs *list)
{
    uint64_t gfns = xmi_runs_gfns(list), chunks = (gfns + CHANGES_CHUNK - 1) / CHANGES_CHUNK;
    if ((d->caps.flags & XMEM_CAP_SET_MANY) && (v->id || chunks < list->n))
        return chunks;
    return by_runs(d, v) ? (list->n + BACKEND_RUNS_MAX - 1) / BACKEND_RUNS_MAX : list->n;
}

/* ---- all of it ---- */

int xmi_send_runs(struct xmem_domain *d, struct view *v, const struct runs *list, struct place *at,
                  uint64_t max, uint64_t *failed)
{
    struct sender s = {.d = d, .v = v, .list = list, .at = at};
    uint64_t runs, gfns;
    measure(&s, max, &runs, &gfns);
    if (!gfns)
        return 0;
    int ready = xmi_view_leaf_before_set(d, v, list);
    if (ready) {
        *failed = list->v[at->run].gfn + at->off;
        return ready;
    }
    bool many = (d->caps.flags & XMEM_CAP_SET_MANY) && d->ops->rights_set_many;
    /* Lists are worth it where they make fewer calls than the runs do. */
    s.ranges_only = !many || (v->id == 0 && runs <= (gfns + CHANGES_CHUNK - 1) / CHANGES_CHUNK);
    int rc = 0;
    if (!s.ranges_only)
        buffer_room(d->rights, gfns);
    if (runs > 1 && by_runs(d, v))
        rc = send_by_runs(&s, &gfns);
    if (!rc && gfns)
        rc = send_all(&s, gfns);
    if (!rc)
        return 0;
    *failed = s.failed;
    size_t i = xmi_runs_find(list, s.failed);
    const char *name = i < list->n ? xmem_rights_name(run_rights(&list->v[i])) : NULL;
    rc = xmi_domain_fail(d, rc, MAY_SRCH | MAY_NOSPC,
                         "view %u: gfn 0x%" PRIx64 " cannot be set to %s", v->id, s.failed,
                         name ? name : "?");
    if (s.lost)
        xmi_error_add(&d->error, "; and others that were set with it are not as before (%d)",
                      s.lost);
    return rc;
}
