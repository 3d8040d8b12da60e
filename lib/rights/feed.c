/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rights/rights-int.h"
#include "rights/rights.h"

#include <errno.h>
#include <stdlib.h>

#define LOT_RUNS 65536u
#define FAILURES_MAX 64u /* gfns refused before it gives up */

void xmi_feed_begin(struct feed *f, struct xmem_domain *d, struct view *v)
{
    f->d = d;
    f->v = v;
    f->past = false;
    f->again = NULL;
    f->lot = (struct runs){.v = f->few, .cap = FEED_FEW};
    f->failures = 0;
    f->rc = 0;
}

static void note_failure(struct feed *f, int rc)
{
    if (rc && !f->rc) {
        f->rc = rc;
        f->text = f->d->error;
    }
}

static bool is_over(const struct feed *f)
{
    return f->d->dead || (f->rc && !f->past) || f->failures >= FAILURES_MAX;
}

/* A page that left the guest has no rights to be put back; what is behind it goes on. */
static void pass_over(struct feed *f, struct place *at, int rc)
{
    struct run *r = &f->lot.v[at->run];
    if (rc == -ESRCH)
        (void)xmi_known_put(&f->v->known, r->gfn + at->off, 1, 0xff, 0);
    else
        f->failures++;
    if (++at->off >= run_nr(r))
        *at = (struct place){at->run + 1, 0};
}

static void send_lot(struct feed *f)
{
    struct place at = {0}, tried = {SIZE_MAX, 0};
    uint64_t failed;
    while (at.run < f->lot.n && !is_over(f)) {
        f->d->rights->puts_back = f->past;
        int rc = xmi_send_runs(f->d, f->v, &f->lot, &at, UINT64_MAX, &failed);
        f->d->rights->puts_back = false;
        bool again = at.run == tried.run && at.off == tried.off;
        if (!rc)
            break;
        tried = at;
        if (f->past && rc != -ESRCH && !again) /* it may have been for this one time */
            continue;
        if (rc != -ESRCH || !f->past)
            note_failure(f, rc);
        if (f->past && at.run < f->lot.n)
            pass_over(f, &at, rc);
    }
    if (f->again && !is_over(f))
        note_failure(f, f->again(f->d, &f->lot));
    f->lot.n = 0;
}

static void make_room(struct feed *f)
{
    struct run *v = f->lot.cap == FEED_FEW ? malloc(LOT_RUNS * sizeof(*v)) : NULL;
    if (!v) {
        send_lot(f);
        return;
    }
    for (size_t i = 0; i < f->lot.n; i++)
        v[i] = f->few[i];
    f->lot.v = v;
    f->lot.cap = LOT_RUNS;
}

void xmi_feed_add(struct feed *f, uint64_t gfn, uint64_t nr, uint8_t rights)
{
    struct run *last = f->lot.n ? &f->lot.v[f->lot.n - 1] : NULL;
    if (is_over(f))
        return;
    if (last && run_rights(last) == rights && run_end(last) == gfn) {
        last->nr_rights += nr << 8;
        return;
    }
    if (f->lot.n == f->lot.cap)
        make_room(f);
    runs_append(&f->lot, gfn, nr, rights);
}

int xmi_feed_end(struct feed *f)
{
    if (f->lot.n && !is_over(f))
        send_lot(f);
    if (f->lot.v != f->few)
        free(f->lot.v);
    if (f->rc)
        f->d->error = f->text;
    return f->rc;
}
