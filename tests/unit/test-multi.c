/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many questions, and many runs, in one hypercall each, as Xen's multicall makes it possible. */
#include "fake-backend.h"
#include "unit.h"

#include <rights/rights-int.h>

static struct fake *f;
static struct xmem *x;
static struct xmem_domain *d;
static struct xmem_batch *b;
static struct xmem_batch_result res;
static struct xmem_backend_ops ops;
static unsigned asked, sent; /* calls */
static int many_rc;          /* what they answer */
static uint64_t broken_gfn;  /* a run that begins there is refused without a reason that stays */

static int get_many(void *dom, const uint64_t *gfns, uint32_t nr, uint8_t *rights)
{
    asked++;
    ck_assert_uint_le(nr, BACKEND_RUNS_MAX);
    for (uint32_t i = 0; i < nr && !many_rc; i++)
        rights[i] = f->rights[0][gfns[i]]; /* FAKE_HOLE is BACKEND_NO_RIGHTS */
    (void)dom;
    return many_rc;
}

/* Each run goes its own way, whatever becomes of the others. */
static int set_runs(void *dom, struct backend_run *v, uint32_t n)
{
    uint64_t done;
    sent++;
    ck_assert_uint_le(n, BACKEND_RUNS_MAX);
    for (uint32_t i = 0; i < n && !many_rc; i++) {
        v[i].rc = fake_ops.rights_set(dom, 0, v[i].gfn, v[i].nr, v[i].rights, &done);
        if (v[i].gfn == broken_gfn)
            v[i].rc = -ENOMEM;
    }
    f->count[FAKE_SET] -= many_rc ? 0 : n;
    return many_rc;
}

static void setup(void)
{
    f = fake_new();
    f->caps.flags &= ~XMEM_CAP_SET_MANY;
    f->done_unknown = true;
    x = fake_session(f, NULL, true, &d);
    ops = fake_ops;
    ops.rights_get_many = get_many;
    ops.rights_set_runs = set_runs;
    d->ops = &ops;
    asked = sent = 0;
    many_rc = 0;
    broken_gfn = UINT64_MAX;
    ck_ok(xmem_batch_new(d, &b));
    res = (struct xmem_batch_result)XMEM_INIT(res);
}

static void teardown(void)
{
    xmem_batch_free(b);
    ck_ok(xmem_domain_close(d));
    xmem_close(x);
    for (unsigned i = 0; i < FAKE_GFNS; i++)
        ck_assert_uint_eq(f->rights[0][i], XMEM_RWX);
    fake_free(f);
}

static void add_runs(unsigned n, enum xmem_rights rights)
{
    for (unsigned i = 0; i < n; i++)
        ck_ok(xmem_batch_add(b, 0, 10 * i, 3, rights));
}

START_TEST(runs_share_calls)
{
    add_runs(600, XMEM_RX);
    ck_ok(xmem_batch_plan(b, &res));
    ck_assert_uint_eq(res.hypercalls, 3 + 1);
    ck_ok(xmem_batch_apply(b, &res));
    ck_assert_uint_eq(sent, 3);
    ck_assert_uint_eq(asked, 1);
    ck_assert_uint_eq(f->count[FAKE_SET], 0);
    ck_assert_uint_eq(f->count[FAKE_GET], 0);
    ck_assert_uint_eq(f->rights[0][5992], XMEM_RX);
    ck_assert_uint_eq(f->rights[0][5993], XMEM_RWX);
}
END_TEST

START_TEST(portions_share_calls)
{
    add_runs(600, XMEM_RX);
    ck_rc(xmem_batch_apply_some(b, 1000, &res), 1);
    ck_assert_uint_eq(res.changed, 1000);
    ck_assert_uint_eq(f->rights[0][3330], XMEM_RX);
    ck_assert_uint_eq(f->rights[0][3331], XMEM_RWX);
    ck_ok(xmem_batch_apply_some(b, 1000, &res));
    ck_assert_uint_eq(f->rights[0][3332], XMEM_RX);
}
END_TEST

/* Some of it has rights of the session already; the refused run is not the last. */
static void refused(int rc)
{
    static uint8_t before[FAKE_GFNS];
    ck_ok(xmem_domain_set_rights_range(d, 0, 300, 50, XMEM_R));
    memcpy(before, f->rights[0], FAKE_GFNS);
    add_runs(100, XMEM_RX);
    ck_rc(xmem_batch_apply(b, &res), rc);
    ck_assert_mem_eq(f->rights[0], before, FAKE_GFNS);
    ck_assert_uint_eq(res.changed, 0);
    f->refused_gfn = broken_gfn = UINT64_MAX;
    ck_ok(xmem_batch_apply(b, &res));
    ck_assert_uint_eq(f->rights[0][992], XMEM_RX);
}

START_TEST(what_follows_a_refused_run_is_put_back)
{
    f->refused_gfn = 201; /* the second gfn of its run */
    f->refused_rc = -ENOSPC;
    refused(-ENOSPC);
}
END_TEST

START_TEST(a_refusal_that_does_not_come_again)
{
    broken_gfn = 200;
    refused(-ENOMEM);
}
END_TEST

START_TEST(putting_back_may_fail_too)
{
    f->refused_gfn = 201;
    f->refused_rc = -ENOSPC;
    add_runs(100, XMEM_RX);
    fake_fail(f, FAKE_SET, 101, -ENOMEM, false); /* the first after the hundred */
    ck_rc(xmem_batch_apply(b, &res), -ENOSPC);
    ck_assert_ptr_nonnull(strstr(xmem_domain_last_error(d), "not as before"));
    f->refused_gfn = UINT64_MAX;
}
END_TEST

START_TEST(a_backend_that_cannot_after_all)
{
    many_rc = -EOPNOTSUPP;
    add_runs(40, XMEM_RX);
    ck_ok(xmem_batch_apply(b, &res));
    ck_assert_uint_eq(f->count[FAKE_SET], 40);
    ck_assert_uint_eq(f->count[FAKE_GET], XMEM_EXACT_MAX);
    ck_assert_uint_eq(f->rights[0][392], XMEM_RX);
}
END_TEST

START_TEST(a_call_that_fails_as_a_whole)
{
    add_runs(40, XMEM_RX);
    ck_rc(xmem_batch_plan(b, &res), 0);
    many_rc = -EPERM;
    ck_rc(xmem_batch_apply(b, &res), -EPERM);
    ck_assert_uint_eq(res.failed_gfn, 0);
    many_rc = 0;
}
END_TEST

/* ---- asking ahead ---- */

START_TEST(gfn_after_gfn_asks_seldom)
{
    for (unsigned i = 0; i < 4096; i++)
        ck_ok(xmem_domain_set_rights(d, 0, 1000 + i, XMEM_RX));
    ck_assert_uint_le(asked + f->count[FAKE_GET], 24);
    ck_assert_uint_eq(f->count[FAKE_SET], 4096);
}
END_TEST

/* What was asked ahead is not what is set: it may change before its turn comes. */
START_TEST(ahead_is_found_and_not_set)
{
    for (unsigned i = 0; i < 100; i++)
        ck_ok(xmem_domain_set_rights(d, 0, 1000 + i, XMEM_RX));
    f->rights[0][1101] = f->rights[0][1102] = XMEM_R; /* another tool */
    ck_ok(xmem_domain_set_rights(d, 0, 1101, XMEM_RWX));
    ck_assert_uint_eq(f->rights[0][1101], XMEM_RWX);
    ck_ok(xmem_domain_disable(d));
    ck_assert_uint_eq(f->rights[0][1102], XMEM_R); /* never set: not restored */
    f->rights[0][1102] = XMEM_RWX;
    ck_ok(xmem_domain_enable(d));
}
END_TEST

START_TEST(ahead_of_others_rights)
{
    memset(f->rights[0] + 1050, XMEM_R, 30); /* found so */
    f->rights[0][1090] = FAKE_HOLE;
    f->rights[0][1095] = XMEM_N2RWX; /* turns by itself: asked for when its turn comes */
    for (unsigned i = 0; i < 200; i++)
        ck_rc(xmem_domain_set_rights(d, 0, 1000 + i, XMEM_RX), i == 90 ? -ESRCH : 0);
    ck_ok(xmem_domain_disable(d));
    for (unsigned i = 1000; i < 1200; i++)
        ck_assert_uint_eq(f->rights[0][i], i == 1090               ? FAKE_HOLE
                                           : i == 1095             ? XMEM_N2RWX
                                           : i >= 1050 && i < 1080 ? XMEM_R
                                                                   : XMEM_RWX);
    memset(f->rights[0], XMEM_RWX, FAKE_GFNS);
    ck_ok(xmem_domain_enable(d));
}
END_TEST

START_TEST(exact_asks_each)
{
    d->opts.restore = XMEM_RESTORE_EXACT;
    f->rights[0][777] = XMEM_R; /* a sample would not see it */
    ck_ok(xmem_domain_set_rights_range(d, 0, 0, 1000, XMEM_RX));
    ck_assert_uint_eq(asked, 4);
    ck_ok(xmem_domain_disable(d));
    ck_assert_uint_eq(f->rights[0][777], XMEM_R);
    f->rights[0][777] = XMEM_RWX;
    ck_ok(xmem_domain_enable(d));
}
END_TEST

int main(void)
{
    const unit_test tests[] = {runs_share_calls,
                               portions_share_calls,
                               what_follows_a_refused_run_is_put_back,
                               a_refusal_that_does_not_come_again,
                               putting_back_may_fail_too,
                               a_backend_that_cannot_after_all,
                               a_call_that_fails_as_a_whole,
                               gfn_after_gfn_asks_seldom,
                               ahead_is_found_and_not_set,
                               ahead_of_others_rights,
                               exact_asks_each,
                               NULL};
    return unit_main("multi", setup, teardown, tests);
}
