/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The same work by libxmem. */
#include "bench.h"

#include <errno.h>
#include <stddef.h>
#include <xmem.h>

#define RUN 16u
#define GAP 3u

struct session {
    struct xmem *x;
    struct xmem_domain *d;
    uint64_t calls;
};

static uint64_t calls_of(struct session *s)
{
    struct xmem_stats st = XMEM_INIT(st);

    return xmem_domain_get_stats(s->d, &st) ? 0 : st.hypercalls;
}

static int session_on(struct session *s, const struct bench *b, enum xmem_restore restore)
{
    struct xmem_domain_opts opts = XMEM_INIT(opts);
    int rc = xmem_open("xen:", NULL, &s->x);

    opts.restore = restore;
    if (!rc)
        rc = xmem_domain_open(s->x, b->domid, &opts, &s->d);
    if (!rc)
        rc = xmem_domain_enable(s->d);
    return rc;
}

static void begin(struct session *s, struct figure *out)
{
    s->calls = calls_of(s);
    out->seconds = bench_now();
}

static void end(struct session *s, struct figure *out)
{
    out->seconds = bench_now() - out->seconds;
    out->hypercalls = calls_of(s) - s->calls;
}

/* ---- events ---- */

static int relax(struct session *s, const struct xmem_event *ev)
{
    int rc = xmem_domain_set_rights(s->d, 0, ev->u.mem.gfn, XMEM_RWX);

    return rc ? rc : xmem_event_reply(s->d, ev, NULL);
}

static int step(struct session *s, const struct xmem_event *ev)
{
    return xmem_event_step_over(s->d, ev);
}

static int loop(const struct bench *b, int (*handle)(struct session *s, const struct xmem_event *ev),
                struct figure *out)
{
    struct session s = {0};
    const struct xmem_event *ev;
    int rc = session_on(&s, b, XMEM_RESTORE_AUTO);

    if (!rc)
        rc = xmem_domain_set_rights_range(s.d, 0, b->gfn, BENCH_EVENTS, XMEM_RX);
    if (!rc)
        begin(&s, out);
    if (!rc)
        rc = bench_walk(b, BENCH_EVENTS);
    while (!rc && (out->events < BENCH_EVENTS || !lab_guest_done(b->guest, 0))) {
        if (bench_now() - out->seconds > 60)
            rc = -ETIMEDOUT;
        xmem_event_wait(s.d, 100);
        while (!rc && !xmem_event_next(s.d, &ev)) {
            rc = handle(&s, ev);
            out->events++;
        }
    }
    if (s.d)
        end(&s, out);
    xmem_close(s.x);
    return rc;
}

int xmem_events(const struct bench *b, struct figure *out)
{
    return loop(b, relax, out);
}

int xmem_steps(const struct bench *b, struct figure *out)
{
    return loop(b, step, out);
}

/* ---- rights ---- */

static int each(struct session *s, const struct bench *b)
{
    int rc = 0;

    for (uint32_t i = 0; i < BENCH_PAGES && !rc; i++)
        rc = xmem_domain_set_rights(s->d, 0, b->gfn + i, XMEM_RX);
    return rc;
}

static int range(struct session *s, const struct bench *b)
{
    return xmem_domain_set_rights_range(s->d, 0, b->gfn, BENCH_PAGES, XMEM_RX);
}

static int scattered(struct session *s, const struct bench *b)
{
    static uint64_t gfns[BENCH_PAGES];
    static uint8_t rights[BENCH_PAGES];

    for (uint32_t i = 0; i < BENCH_PAGES; i++) {
        gfns[i] = b->gfn + i;
        rights[i] = i % 2 ? XMEM_RX : XMEM_R;
    }
    return xmem_domain_set_rights_many(s->d, 0, gfns, rights, BENCH_PAGES);
}

static int policy(struct session *s, const struct bench *b)
{
    struct xmem_batch *batch = NULL;
    int rc = xmem_batch_new(s->d, &batch);

    for (uint32_t i = 0; i < BENCH_POLICY && !rc; i += RUN)
        rc = xmem_batch_add(batch, 0, b->gfn + i / RUN * (RUN + GAP), RUN, XMEM_RX);
    if (!rc)
        rc = xmem_batch_apply(batch, NULL);
    xmem_batch_free(batch);
    return rc;
}

static int timed(const struct bench *b, int (*fn)(struct session *s, const struct bench *b),
                 enum xmem_restore restore, struct figure *out)
{
    struct session s = {0};
    int rc = session_on(&s, b, restore);

    if (!rc) {
        begin(&s, out);
        rc = fn(&s, b);
        end(&s, out);
    }
    xmem_close(s.x);
    return rc;
}

int xmem_pages(const struct bench *b, struct figure *out)
{
    return timed(b, each, XMEM_RESTORE_AUTO, out);
}

int xmem_asked(const struct bench *b, struct figure *out)
{
    return timed(b, each, XMEM_RESTORE_EXACT, out);
}

int xmem_range(const struct bench *b, struct figure *out)
{
    return timed(b, range, XMEM_RESTORE_AUTO, out);
}

int xmem_scattered(const struct bench *b, struct figure *out)
{
    return timed(b, scattered, XMEM_RESTORE_AUTO, out);
}

int xmem_policy_runs(const struct bench *b, struct figure *out)
{
    return timed(b, policy, XMEM_RESTORE_AUTO, out);
}
