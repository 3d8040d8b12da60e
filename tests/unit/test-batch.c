/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changes of rights: what is sent, in how many calls, and what happens when one is refused. */
#include "fake-backend.h"
#include "unit.h"

#include <rights/rights-int.h>

static struct fake *f;
static struct xmem *x;
static struct xmem_domain *d;
static struct xmem_batch *b;
static struct xmem_batch_result res;

static void setup(void)
{
    f = fake_new();
    x = fake_session(f, NULL, true, &d);
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

static unsigned sets(void)
{
    return f->count[FAKE_SET] + f->count[FAKE_MANY];
}

START_TEST(one_run_is_one_call)
{
    ck_ok(xmem_domain_set_rights_range(d, 0, 100, 5000, XMEM_RX));
    ck_assert_uint_eq(f->count[FAKE_SET], 1);
    ck_assert_uint_eq(f->count[FAKE_MANY], 0);
    ck_assert_uint_eq(f->count[FAKE_GET], XMEM_EXACT_MAX); /* a sample */
    ck_assert_uint_eq(f->rights[0][99], XMEM_RWX);
    ck_assert_uint_eq(f->rights[0][100], XMEM_RX);
    ck_assert_uint_eq(f->rights[0][5099], XMEM_RX);
    ck_assert_uint_eq(f->rights[0][5100], XMEM_RWX);
}
END_TEST

START_TEST(scattered_is_one_call)
{
    for (unsigned i = 0; i < 1000; i++)
        ck_ok(xmem_batch_add(b, 0, 2 * ((i * 7) % 1000), 1, i & 1 ? XMEM_R : XMEM_RX));
    ck_ok(xmem_batch_plan(b, &res));
    ck_assert_uint_eq(res.hypercalls, 1 + XMEM_EXACT_MAX);
    ck_assert_uint_eq(sets(), 0);
    ck_ok(xmem_batch_apply(b, &res));
    ck_assert_uint_eq(sets(), 1);
    ck_assert_uint_eq(res.changed, 1000);
    ck_assert_uint_eq(res.hypercalls, 1 + XMEM_EXACT_MAX);
    for (unsigned i = 0; i < 1000; i++)
        ck_assert_uint_eq(f->rights[0][2 * ((i * 7) % 1000)], i & 1 ? XMEM_R : XMEM_RX);
}
END_TEST

START_TEST(chunks_and_a_long_run)
{
    /* 2 * 65536 gfns in short runs with a long run between them. */
    for (unsigned i = 0; i < 40000; i++)
        ck_ok(xmem_batch_add(b, 0, 2 * i, 1, XMEM_R));
    ck_ok(xmem_batch_add(b, 0, 100000, 70000, XMEM_RX));
    for (unsigned i = 0; i < 10000; i++)
        ck_ok(xmem_batch_add(b, 0, 175000 + 2 * i, 1, XMEM_R));
    ck_ok(xmem_batch_apply(b, &res));
    ck_assert_uint_eq(f->count[FAKE_MANY], 2);
    ck_assert_uint_eq(f->count[FAKE_SET], 1);
    ck_assert_uint_eq(res.gfns, 120000);
    ck_assert_uint_eq(f->rights[0][169999], XMEM_RX);
    ck_assert_uint_eq(f->rights[0][194998], XMEM_R);
}
END_TEST

START_TEST(without_many_each_run_is_a_call)
{
    teardown();
    f = fake_new();
    f->caps.flags &= ~XMEM_CAP_SET_MANY;
    x = fake_session(f, NULL, true, &d);
    ck_ok(xmem_batch_new(d, &b));
    for (unsigned i = 0; i < 50; i++)
        ck_ok(xmem_batch_add(b, 0, 10 * i, 3, XMEM_RX));
    ck_ok(xmem_batch_apply(b, &res));
    ck_assert_uint_eq(f->count[FAKE_SET], 50);
    ck_assert_uint_eq(f->count[FAKE_MANY], 0);
}
END_TEST

START_TEST(nothing_is_sent_twice)
{
    struct xmem_stats s = XMEM_INIT(s);
    ck_ok(xmem_domain_set_rights_range(d, 0, 0, 100, XMEM_RX));
    ck_ok(xmem_batch_add(b, 0, 50, 100, XMEM_RX));
    ck_ok(xmem_batch_apply(b, &res));
    ck_assert_uint_eq(res.elided, 50);
    ck_assert_uint_eq(res.changed, 50);
    unsigned before = sets();
    ck_ok(xmem_domain_set_rights_range(d, 0, 0, 150, XMEM_RX));
    ck_assert_uint_eq(sets(), before);
    ck_ok(xmem_domain_get_stats(d, &s));
    ck_assert_uint_eq(s.elided, 200);
}
END_TEST

START_TEST(rights_that_turn_are_sent_again)
{
    ck_ok(xmem_domain_set_rights(d, 0, 5, XMEM_RX2RW));
    f->rights[0][5] = XMEM_RW; /* a write */
    ck_ok(xmem_domain_set_rights(d, 0, 5, XMEM_RX2RW));
    ck_assert_uint_eq(f->rights[0][5], XMEM_RX2RW);
}
END_TEST

START_TEST(what_a_get_tells_is_believed)
{
    enum xmem_rights r;
    ck_ok(xmem_domain_set_rights(d, 0, 5, XMEM_R));
    f->rights[0][5] = XMEM_RWX; /* another tool */
    ck_ok(xmem_domain_get_rights(d, 0, 5, &r));
    ck_assert_int_eq(r, XMEM_RWX);
    ck_ok(xmem_domain_set_rights(d, 0, 5, XMEM_R));
    ck_assert_uint_eq(f->rights[0][5], XMEM_R);
}
END_TEST

/* Everything as before the call that failed. */
static void check_untouched(const uint8_t *before)
{
    ck_assert_mem_eq(f->rights[0], before, FAKE_GFNS);
}

static void refused_in_the_middle(bool unknown)
{
    static uint8_t before[FAKE_GFNS];
    f->done_unknown = unknown;
    ck_ok(xmem_domain_set_rights_range(d, 0, 40, 20, XMEM_RX));
    memcpy(before, f->rights[0], sizeof(before));
    f->refused_gfn = 777;
    f->refused_rc = -ENOSPC;
    for (unsigned i = 0; i < 1000; i++)
        ck_ok(xmem_batch_add(b, 0, i, 1, i & 1 ? XMEM_R : XMEM_N));
    ck_rc(xmem_batch_apply(b, &res), -ENOSPC);
    ck_assert_uint_eq(res.failed_gfn, 777);
    ck_assert_uint_eq(res.changed, 0);
    ck_assert_ptr_nonnull(strstr(xmem_domain_last_error(d), "0x309"));
    ck_assert_ptr_nonnull(strstr(xmem_domain_last_error(d), "as before"));
    check_untouched(before);
    f->refused_rc = 0; /* the batch keeps its contents */
    ck_ok(xmem_batch_apply(b, &res));
    ck_assert_uint_eq(res.gfns, 1000);
    ck_assert_uint_eq(f->rights[0][777], XMEM_R);
}

START_TEST(refused_and_told)
{
    refused_in_the_middle(false);
}
END_TEST
START_TEST(refused_and_not_told)
{
    refused_in_the_middle(true);
}
END_TEST

START_TEST(refused_in_a_range)
{
    for (int unknown = 0; unknown < 2; unknown++) {
        f->done_unknown = unknown;
        f->refused_gfn = 1234;
        f->refused_rc = -ESRCH;
        ck_rc(xmem_domain_set_rights_range(d, 0, 1000, 900, XMEM_R), -ESRCH);
        for (unsigned i = 1000; i < 1900; i++)
            ck_assert_uint_eq(f->rights[0][i], XMEM_RWX);
    }
}
END_TEST

START_TEST(a_failure_that_does_not_come_again)
{
    f->done_unknown = true;
    fake_fail(f, FAKE_MANY, 1, -EPERM, false);
    for (unsigned i = 0; i < 100; i++)
        ck_ok(xmem_batch_add(b, 0, 2 * i, 1, XMEM_R));
    ck_rc(xmem_batch_apply(b, &res), -EPERM);
    for (unsigned i = 0; i < 200; i++)
        ck_assert_uint_eq(f->rights[0][i], XMEM_RWX);
}
END_TEST

START_TEST(putting_back_may_fail_too)
{
    f->refused_gfn = 50;
    f->refused_rc = -ENOSPC;
    fake_fail(f, FAKE_SET, 2, -EPERM, true); /* the first one is the range */
    ck_rc(xmem_domain_set_rights_range(d, 0, 0, 100, XMEM_R), -ENOSPC);
    ck_assert_ptr_nonnull(strstr(xmem_domain_last_error(d), "putting back failed"));
    ck_assert_uint_eq(f->rights[0][49], XMEM_R);
    f->refused_rc = 0; /* closing restores it */
    fake_fail(f, FAKE_SET, 0, 0, false);
}
END_TEST

START_TEST(undocumented_codes_do_not_escape)
{
    fake_fail(f, FAKE_SET, 1, -EXDEV, true);
    ck_rc(xmem_domain_set_rights(d, 0, 1, XMEM_R), -EIO);
    f->done_unknown = true;
    ck_rc(xmem_domain_set_rights_range(d, 0, 1, 9, XMEM_R), -EIO);
    fake_fail(f, FAKE_SET, 0, 0, false);
    fake_fail(f, FAKE_SET, 1, -ENOSYS, false);
    ck_rc(xmem_domain_set_rights(d, 0, 1, XMEM_R), -EOPNOTSUPP);
    fake_fail(f, FAKE_GET, 1, -EBUSY, false);
    ck_rc(xmem_domain_set_rights(d, 0, 20, XMEM_R), -EIO);
}
END_TEST

START_TEST(later_views_are_put_back_too)
{
    uint16_t v;
    ck_ok(xmem_view_create(d, NULL, &v));
    ck_ok(xmem_batch_add(b, 0, 10, 5, XMEM_R));
    ck_ok(xmem_batch_add(b, v, 20, 5, XMEM_RX));
    fake_fail(f, FAKE_MANY, 2, -EACCES, false); /* the first one re-applies the view's default */
    ck_rc(xmem_batch_apply(b, &res), -EACCES);
    ck_assert_uint_eq(res.failed_view, v);
    for (unsigned i = 10; i < 25; i++)
        ck_assert_uint_eq(f->rights[0][i], XMEM_RWX);
    ck_ok(xmem_batch_apply(b, &res));
    ck_assert_uint_eq(f->rights[v][22], XMEM_RX);
    ck_assert_uint_eq(f->rights[0][12], XMEM_R);
    ck_assert_uint_eq(f->rights[v][12], XMEM_RWX);
}
END_TEST

START_TEST(a_host_change_keeps_what_views_have)
{
    uint16_t v;
    ck_ok(xmem_view_create(d, NULL, &v));
    ck_ok(xmem_domain_set_rights_range(d, v, 10, 10, XMEM_RX));
    ck_ok(xmem_view_change_gfn(d, v, 14, 100));
    f->remapped_to = 0;
    ck_ok(xmem_domain_set_rights_range(d, 0, 0, 30, XMEM_N));
    for (unsigned i = 0; i < 30; i++)
        ck_assert_uint_eq(f->rights[v][i], i >= 10 && i < 20 ? XMEM_RX : XMEM_RWX);
    ck_assert_uint_eq(f->remapped_to, 100); /* and what they remap */
    fake_fail(f, FAKE_CHANGE, 1, -ENOMEM, false);
    ck_rc(xmem_domain_set_rights_range(d, 0, 0, 30, XMEM_R), -ENOMEM);
    ck_assert_uint_eq(f->rights[0][3], XMEM_N);
}
END_TEST

START_TEST(portions)
{
    unsigned calls = 0;
    int rc;
    ck_ok(xmem_batch_add(b, 0, 0, 1000, XMEM_RX));
    ck_rc(xmem_batch_apply_some(b, 300, &res), 1);
    ck_assert_uint_eq(res.changed, 300);
    ck_rc(xmem_batch_add(b, 0, 0, 1, XMEM_R), -EINVAL); /* it is on its way */
    ck_rc(xmem_batch_plan(b, &res), -EINVAL);
    while ((rc = xmem_batch_apply_some(b, 300, &res)) == 1)
        calls++;
    ck_ok(rc);
    ck_assert_uint_eq(calls, 2);
    ck_assert_uint_eq(res.changed, 1000);
    ck_ok(xmem_batch_add(b, 0, 0, 1000, XMEM_R));
    ck_rc(xmem_batch_apply_some(b, 0, &res), 1); /* at least one */
    ck_assert_uint_eq(f->rights[0][0], XMEM_R);
    ck_ok(xmem_batch_revert(b));
    ck_ok(xmem_batch_revert(b));
    ck_assert_uint_eq(f->rights[0][0], XMEM_RX);
    ck_rc(xmem_batch_apply_some(b, 10, NULL), 1);
    xmem_batch_clear(b); /* puts back as well */
    ck_assert_uint_eq(f->rights[0][0], XMEM_RX);
    ck_ok(xmem_batch_apply(b, &res));
    ck_assert_uint_eq(res.gfns, 0);
}
END_TEST

START_TEST(a_failing_portion_puts_all_back)
{
    ck_ok(xmem_batch_add(b, 0, 0, 1000, XMEM_RX));
    ck_rc(xmem_batch_apply_some(b, 300, &res), 1);
    f->refused_gfn = 450;
    f->refused_rc = -ENOSPC;
    ck_rc(xmem_batch_apply_some(b, 300, &res), -ENOSPC);
    ck_assert_uint_eq(res.failed_gfn, 450);
    ck_assert_uint_eq(f->rights[0][0], XMEM_RWX);
    ck_assert_uint_eq(f->rights[0][449], XMEM_RWX);
}
END_TEST

/* What was applied is restored then: it goes on from the beginning. */
START_TEST(monitoring_ends_on_its_way)
{
    ck_ok(xmem_batch_add(b, 0, 0, 1000, XMEM_RX));
    ck_rc(xmem_batch_apply_some(b, 300, &res), 1);
    ck_ok(xmem_domain_disable(d));
    ck_assert_uint_eq(f->rights[0][0], XMEM_RWX);
    ck_rc(xmem_batch_apply_some(b, 300, &res), -ENODEV);
    ck_assert_ptr_nonnull(strstr(xmem_domain_last_error(d), "xmem_domain_enable()"));
    ck_ok(xmem_batch_revert(b));
    ck_ok(xmem_domain_enable(d));
    ck_rc(xmem_batch_apply_some(b, 300, &res), 1);
    ck_ok(xmem_domain_disable(d));
    ck_ok(xmem_domain_enable(d));
    ck_ok(xmem_batch_apply(b, &res));
    ck_assert_uint_eq(res.changed, 1000);
    ck_assert_uint_eq(f->rights[0][0], XMEM_RX);
    ck_assert_uint_eq(f->rights[0][999], XMEM_RX);
}
END_TEST

START_TEST(freed_on_its_way_is_put_back)
{
    ck_ok(xmem_batch_add(b, 0, 0, 1000, XMEM_RX));
    ck_rc(xmem_batch_apply_some(b, 300, &res), 1);
    xmem_batch_free(b);
    b = NULL;
    ck_assert_uint_eq(f->rights[0][0], XMEM_RWX);
}
END_TEST

START_TEST(a_batch_outlives_its_session)
{
    struct xmem_batch *second;
    ck_ok(xmem_batch_new(d, &second));
    ck_ok(xmem_batch_add(b, 0, 0, 10, XMEM_RX));
    ck_rc(xmem_batch_apply_some(b, 3, &res), 1);
    ck_ok(xmem_domain_close(d));
    ck_rc(xmem_batch_add(b, 0, 0, 10, XMEM_RX), -EINVAL);
    ck_rc(xmem_batch_apply(b, &res), -EINVAL);
    ck_rc(xmem_batch_revert(b), -EINVAL);
    xmem_batch_clear(b);
    xmem_batch_free(second);
    xmem_batch_free(b);
    b = NULL;
    ck_ok(xmem_domain_open(x, 1, NULL, &d));
}
END_TEST

START_TEST(a_view_that_went_meanwhile)
{
    uint16_t v;
    ck_ok(xmem_view_create(d, NULL, &v));
    ck_ok(xmem_batch_add(b, v, 0, 100, XMEM_RX));
    ck_ok(xmem_batch_add(b, 0, 0, 100, XMEM_RX));
    ck_ok(xmem_view_destroy(d, v));
    ck_rc(xmem_batch_plan(b, &res), -ENOENT);
    ck_rc(xmem_batch_apply(b, &res), -ENOENT);
    ck_assert_uint_eq(sets(), 0);
    xmem_batch_clear(b);
    ck_ok(xmem_view_create(d, NULL, &v));
    ck_ok(xmem_batch_add(b, v, 0, 100, XMEM_RX));
    ck_rc(xmem_batch_apply_some(b, 50, &res), 1);
    ck_ok(xmem_view_destroy(d, v));
    ck_rc(xmem_batch_apply_some(b, 50, &res), -ENOENT);
    xmem_batch_clear(b);
    ck_ok(xmem_batch_add(b, 0, 0, 100, XMEM_RX));
    ck_ok(xmem_domain_disable(d));
    ck_rc(xmem_batch_apply(b, &res), -ENODEV);
}
END_TEST

START_TEST(bad_arguments)
{
    uint64_t gfns[3] = {1, FAKE_GFNS, 2};
    uint8_t rights[3] = {XMEM_R, XMEM_R, XMEM_W};
    ck_rc(xmem_batch_new(d, NULL), -EINVAL);
    ck_rc(xmem_batch_new(NULL, &b), -EINVAL);
    ck_rc(xmem_batch_add(NULL, 0, 0, 1, XMEM_R), -EINVAL);
    ck_rc(xmem_batch_add(b, 0, 0, 0, XMEM_R), -EINVAL);
    ck_rc(xmem_batch_add(b, 0, FAKE_GFNS, 1, XMEM_R), -ERANGE);
    ck_rc(xmem_batch_add(b, 0, UINT64_MAX, 2, XMEM_R), -ERANGE);
    ck_rc(xmem_batch_add(b, 0, 0, 1, XMEM_W), -EOPNOTSUPP);
    ck_rc(xmem_batch_add(b, 0, 0, 1, (enum xmem_rights)5), -EINVAL);
    ck_rc(xmem_batch_add(b, 3, 0, 1, XMEM_R), -ENOENT);
    ck_rc(xmem_batch_add_many(b, 0, NULL, rights, 3), -EINVAL);
    ck_rc(xmem_batch_add_many(b, 0, gfns, rights, 3), -ERANGE);
    gfns[1] = 5;
    ck_rc(xmem_batch_add_many(b, 0, gfns, rights, 3), -EOPNOTSUPP);
    ck_ok(xmem_batch_add_many(b, 0, gfns, rights, 0));
    ck_rc(xmem_batch_plan(b, NULL), -EINVAL);
    res.size = 1;
    ck_rc(xmem_batch_apply(b, &res), -EINVAL);
    ck_rc(xmem_domain_set_rights_many(d, 0, gfns, rights, 3), -EOPNOTSUPP);
    ck_ok(xmem_domain_set_rights_many(d, 0, gfns, rights, 0));
    ck_ok(xmem_batch_apply(b, NULL));
    ck_assert_uint_eq(sets(), 0);
    xmem_batch_clear(NULL);
}
END_TEST

START_TEST(a_domain_that_grew)
{
    f->caps.highest_gfn = f->info.highest_gfn = 99;
    teardown();
    f = fake_new();
    f->caps.highest_gfn = 99;
    x = fake_session(f, NULL, true, &d);
    ck_ok(xmem_batch_new(d, &b));
    ck_ok(xmem_domain_set_rights(d, 0, 150, XMEM_R)); /* info has the new number */
}
END_TEST

START_TEST(defaults)
{
    enum xmem_rights r;
    ck_ok(xmem_domain_get_default(d, &r));
    ck_assert_int_eq(r, XMEM_RWX);
    ck_rc(xmem_domain_get_default(d, NULL), -EINVAL);
    ck_rc(xmem_domain_set_default(d, XMEM_DEFAULT), -EINVAL);
    ck_rc(xmem_domain_set_default(d, XMEM_W), -EOPNOTSUPP);
    ck_ok(xmem_domain_set_default(d, XMEM_RX));
    ck_assert_uint_eq(f->default_rights, XMEM_RX);
    unsigned before = sets();
    ck_ok(xmem_domain_set_default(d, XMEM_RX));
    ck_assert_uint_eq(sets(), before);
    ck_ok(xmem_domain_set_rights(d, 0, 7, XMEM_DEFAULT));
    ck_assert_uint_eq(f->rights[0][7], XMEM_RX);
    fake_fail(f, FAKE_SET, 1, -EPERM, false);
    ck_rc(xmem_domain_set_default(d, XMEM_R), -EPERM);
    fake_fail(f, FAKE_GET, 1, -ENODEV, false);
    ck_rc(xmem_domain_get_default(d, &r), -ENODEV);
    ck_ok(xmem_domain_set_access_required(d, 1));
    ck_assert(f->required);
    fake_fail(f, FAKE_REQUIRED, 1, -EPERM, false);
    ck_rc(xmem_domain_set_access_required(d, 0), -EPERM);
    ck_ok(xmem_domain_disable(d));
    ck_assert_uint_eq(f->default_rights, XMEM_RWX);
    ck_assert(!f->required);
}
END_TEST

START_TEST(a_default_for_all_stays_a_default)
{
    teardown();
    f = fake_new();
    f->caps.flags |= XMEM_CAP_DEFAULT_ALL;
    x = fake_session(f, NULL, true, &d);
    ck_ok(xmem_batch_new(d, &b));
    ck_ok(xmem_domain_set_rights(d, 0, 7, XMEM_DEFAULT));
    ck_assert_uint_eq(f->rights[0][7], XMEM_DEFAULT);
}
END_TEST

START_TEST(death_in_the_middle)
{
    f->refused_gfn = 500;
    f->refused_rc = -ESRCH;
    ck_ok(xmem_batch_add(b, 0, 0, 1000, XMEM_RX));
    f->info.flags = XMEM_DOMAIN_DYING;
    ck_rc(xmem_batch_apply(b, &res), -ESHUTDOWN);
    ck_rc(xmem_domain_set_rights(d, 0, 1, XMEM_R), -ESHUTDOWN);
    memset(f->rights[0], XMEM_RWX, FAKE_GFNS);
}
END_TEST

int main(void)
{
    const unit_test tests[] = {one_run_is_one_call,
                               scattered_is_one_call,
                               chunks_and_a_long_run,
                               without_many_each_run_is_a_call,
                               nothing_is_sent_twice,
                               rights_that_turn_are_sent_again,
                               what_a_get_tells_is_believed,
                               refused_and_told,
                               refused_and_not_told,
                               refused_in_a_range,
                               a_failure_that_does_not_come_again,
                               putting_back_may_fail_too,
                               undocumented_codes_do_not_escape,
                               later_views_are_put_back_too,
                               a_host_change_keeps_what_views_have,
                               portions,
                               a_failing_portion_puts_all_back,
                               monitoring_ends_on_its_way,
                               freed_on_its_way_is_put_back,
                               a_batch_outlives_its_session,
                               a_view_that_went_meanwhile,
                               bad_arguments,
                               a_domain_that_grew,
                               defaults,
                               a_default_for_all_stays_a_default,
                               death_in_the_middle,
                               NULL};
    return unit_main("batch", setup, teardown, tests);
}
