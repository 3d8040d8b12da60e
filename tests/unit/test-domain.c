/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sessions: what opening records, what closing restores, whatever fails. */
#include "fake-backend.h"
#include "unit.h"

#include <session/session.h>

static struct fake *f;
static struct xmem *x;
static struct xmem_domain *d;

static void setup(void)
{
    f = fake_new();
    x = fake_connect(f);
    d = NULL;
}

static void teardown(void)
{
    ck_ok(xmem_domain_close(d));
    xmem_close(x);
    ck_assert_int_eq(f->paused, 0);
    fake_free(f);
}

static void open_session(void)
{
    ck_ok(xmem_domain_open(x, 1, NULL, &d));
    ck_ok(xmem_domain_enable(d));
}

START_TEST(bad_arguments)
{
    struct xmem_domain_opts o = {.size = sizeof(o), .restore = 3};
    ck_rc(xmem_domain_open(NULL, 1, NULL, &d), -EINVAL);
    ck_rc(xmem_domain_open(x, 1, NULL, NULL), -EINVAL);
    ck_rc(xmem_domain_open(x, 1, &o, &d), -EINVAL);
    o = (struct xmem_domain_opts){.size = sizeof(o), .default_reply = 4};
    ck_rc(xmem_domain_open(x, 1, &o, &d), -EINVAL);
    o = (struct xmem_domain_opts){.size = sizeof(o), .step_means = 32 | XMEM_STEP_STRICT};
    ck_rc(xmem_domain_open(x, 1, &o, &d), -EINVAL);
    o = (struct xmem_domain_opts){.size = sizeof(o), .reserved = 1};
    ck_rc(xmem_domain_open(x, 1, &o, &d), -EINVAL);
    o = (struct xmem_domain_opts){.size = 5};
    ck_rc(xmem_domain_open(x, 1, &o, &d), -EINVAL);
    ck_rc(xmem_domain_open(x, 7, NULL, &d), -ESRCH);
    ck_assert_ptr_nonnull(strstr(xmem_last_error(x), "7"));
    ck_assert_ptr_null(d);
    ck_ok(xmem_domain_close(NULL));
    ck_rc(xmem_domain_enable(NULL), -EINVAL);
    ck_rc(xmem_domain_pause(NULL), -EINVAL);
    ck_assert_str_eq(xmem_domain_last_error(NULL), "");
}
END_TEST

START_TEST(every_step_of_opening_may_fail)
{
    static const enum fake_op ops[] = {FAKE_DOM_OPEN,  FAKE_INFO,   FAKE_CAPS,
                                       FAKE_GET_STATE, FAKE_EXISTS, FAKE_GET_VCPU};
    f->views_on = true;
    f->view_there[2] = true;
    for (unsigned i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        fake_fail(f, ops[i], 1, -EPERM, false);
        ck_rc(xmem_domain_open(x, 1, NULL, &d), -EPERM);
        ck_assert_uint_gt(strlen(xmem_last_error(x)), 5);
    }
    fake_fail(f, FAKE_DOM_OPEN, 1, -EXDEV, false);
    ck_rc(xmem_domain_open(x, 1, NULL, &d), -EIO);
    fake_fail(f, FAKE_DOM_OPEN, 1, -EXDEV, false);
    ck_rc(xmem_domain_recover(x, 1, NULL), -EIO);
    f->info.flags = XMEM_DOMAIN_DYING;
    ck_rc(xmem_domain_open(x, 1, NULL, &d), -ESRCH);
    f->info.flags = 0;
    ck_ok(xmem_domain_open(x, 1, NULL, &d));
    f->view_there[2] = false;
}
END_TEST

START_TEST(one_session_per_connection)
{
    struct xmem_domain *e = NULL;
    struct xmem *y = fake_connect(f);
    open_session();
    ck_rc(xmem_domain_open(x, 1, NULL, &e), -EBUSY);
    ck_ok(xmem_domain_open(y, 1, NULL, &e)); /* of another connection: Xen decides */
    ck_rc(xmem_domain_enable(e), -EBUSY);
    ck_assert_ptr_nonnull(strstr(xmem_domain_last_error(e), "recover"));
    xmem_close(y); /* closes it */
}
END_TEST

START_TEST(asking)
{
    struct xmem_domain_info info = XMEM_INIT(info);
    struct xmem_caps caps = XMEM_INIT(caps);
    struct xmem_stats s = XMEM_INIT(s);
    struct xmem_domain_opts o = {.size = sizeof(o), .step_means = XMEM_STEP_EMULATE};
    f->caps.max_views = 0;
    ck_ok(xmem_domain_open(x, 1, &o, &d));
    ck_ok(xmem_domain_get_info(d, &info));
    ck_assert_str_eq(info.name, "fake");
    ck_assert_uint_eq(info.size, sizeof(info));
    ck_ok(xmem_domain_get_caps(d, &caps));
    ck_assert_uint_eq(caps.step_means, XMEM_STEP_EMULATE);
    ck_assert_uint_eq(caps.max_views, 1);
    ck_ok(xmem_domain_get_stats(d, &s));
    ck_assert_uint_eq(s.sets, 0);
    info.size = caps.size = s.size = 0;
    ck_rc(xmem_domain_get_info(d, &info), -EINVAL);
    ck_rc(xmem_domain_get_caps(d, &caps), -EINVAL);
    ck_rc(xmem_domain_get_stats(d, &s), -EINVAL);
    ck_rc(xmem_domain_get_stats(NULL, &s), -EINVAL);
    ck_rc(xmem_domain_get_info(d, NULL), -EINVAL);
    info.size = sizeof(info);
    fake_fail(f, FAKE_INFO, 1, -EPERM, false);
    ck_rc(xmem_domain_get_info(d, &info), -EPERM);
}
END_TEST

START_TEST(pauses)
{
    open_session();
    ck_rc(xmem_domain_unpause(d), -EINVAL);
    ck_ok(xmem_domain_pause(d));
    ck_ok(xmem_domain_pause(d));
    ck_ok(xmem_domain_unpause(d));
    ck_assert_int_eq(f->paused, 1);
    fake_fail(f, FAKE_PAUSE, 1, -EPERM, false);
    ck_rc(xmem_domain_pause(d), -EPERM);
    fake_fail(f, FAKE_UNPAUSE, 1, -EPERM, false);
    ck_rc(xmem_domain_unpause(d), -EPERM);
} /* closing makes up for the missing one */
END_TEST

START_TEST(enabling)
{
    ck_ok(xmem_domain_open(x, 1, NULL, &d));
    fake_fail(f, FAKE_PAUSE, 1, -EPERM, false);
    ck_rc(xmem_domain_enable(d), -EPERM);
    fake_fail(f, FAKE_ENABLE, 1, -ENOMEM, false);
    ck_rc(xmem_domain_enable(d), -ENOMEM);
    ck_assert_int_eq(f->paused, 0);
    f->version = 8;
    ck_rc(xmem_domain_enable(d), -EOPNOTSUPP);
    ck_assert(!f->ring_on);
    f->version = 3;
    fake_fail(f, FAKE_GET, 1, -EPERM, false);
    ck_rc(xmem_domain_enable(d), -EPERM); /* the default cannot be asked for */
    ck_assert(!f->ring_on);
    fake_fail(f, FAKE_UNPAUSE, 1, -EPERM, true);
    ck_rc(xmem_domain_enable(d), -EPERM);
    ck_assert_int_gt(f->paused, 0); /* the next call makes up for it */
    ck_assert(!f->ring_on);
    fake_fail(f, FAKE_UNPAUSE, 0, 0, false);
    ck_ok(xmem_domain_enable(d));
    ck_assert_int_eq(f->paused, 0);
    ck_ok(xmem_domain_enable(d));
    ck_assert_uint_eq(f->count[FAKE_ENABLE], 5);
}
END_TEST

START_TEST(closing_restores)
{
    uint16_t v;
    struct xmem_monitor m = {.size = sizeof(m), .reason = XMEM_EVENT_CPUID};
    f->rights[0][5] = XMEM_RX;
    f->default_rights = XMEM_RW;
    open_session();
    ck_ok(xmem_domain_set_rights_range(d, 0, 0, 20, XMEM_N));
    ck_ok(xmem_domain_set_default(d, XMEM_R));
    ck_ok(xmem_view_create(d, NULL, &v));
    ck_ok(xmem_view_switch(d, v));
    ck_ok(xmem_view_set_notify_page(d, 2, 7));
    ck_ok(xmem_domain_set_monitor(d, &m, 1));
    ck_ok(xmem_domain_set_access_required(d, 1));
    fake_access(f, 0, 3, XMEM_ACCESS_R, 0);
    fake_access(f, 1, 3, XMEM_ACCESS_R, 0);
    ck_ok(xmem_domain_close(d));
    d = NULL;
    for (unsigned i = 0; i < 20; i++)
        ck_assert_uint_eq(f->rights[0][i], i == 5 ? XMEM_RX : XMEM_RWX);
    ck_assert_uint_eq(f->default_rights, XMEM_RW);
    ck_assert(!f->view_there[v] && !f->views_on && f->vcpu_view[0] == 0);
    ck_assert_uint_eq(f->notify_gfn[2], XMEM_GFN_UNDO);
    ck_assert(!f->ring_on && !f->monitors && !f->required);
    ck_assert(!f->waits[0] && !f->waits[1]);
}
END_TEST

START_TEST(found_views_are_restored_not_destroyed)
{
    f->views_on = true;
    f->view_there[2] = true;
    memset(f->rights[2], XMEM_RX, FAKE_GFNS);
    for (unsigned i = 0; i < FAKE_VCPUS; i++)
        f->vcpu_view[i] = 2;
    uint16_t v, list[5];
    size_t n = 5;
    ck_ok(xmem_domain_open(x, 1, NULL, &d));
    ck_ok(xmem_view_list(d, list, &n));
    ck_assert(n == 2 && list[1] == 2);
    ck_rc(xmem_domain_set_rights(d, 2, 1, XMEM_DEFAULT), -EOPNOTSUPP);
    ck_ok(xmem_domain_set_rights_range(d, 2, 10, 5, XMEM_N));
    ck_ok(xmem_view_create(d, NULL, &v));
    ck_ok(xmem_view_switch(d, v));
    ck_ok(xmem_domain_close(d));
    d = NULL;
    ck_assert(f->views_on && f->view_there[2] && !f->view_there[v]);
    ck_assert_uint_eq(f->vcpu_view[3], 2);
    ck_assert_uint_eq(f->rights[2][12], XMEM_RX);
    f->vcpu_view[1] = 0; /* they differ: that cannot be restored, and is said */
    ck_ok(xmem_domain_open(x, 1, NULL, &d));
    ck_ok(xmem_view_switch(d, 0));
    ck_rc(xmem_domain_close(d), -EIO);
    d = NULL;
    ck_assert_ptr_nonnull(strstr(xmem_last_error(x), "vCPU 1"));
}
END_TEST

START_TEST(keep)
{
    struct xmem_domain_opts o = {.size = sizeof(o), .restore = XMEM_RESTORE_KEEP};
    const struct xmem_event *ev;
    uint16_t v;
    ck_ok(xmem_domain_open(x, 1, &o, &d));
    ck_ok(xmem_domain_enable(d));
    ck_ok(xmem_domain_set_rights(d, 0, 5, XMEM_R));
    ck_ok(xmem_domain_set_default(d, XMEM_RX));
    ck_ok(xmem_view_create(d, NULL, &v));
    fake_access(f, 0, 5, XMEM_ACCESS_W, 0);
    ck_ok(xmem_event_next(d, &ev));
    ck_ok(xmem_event_step_over(d, ev));
    ck_ok(xmem_event_flush(d));
    uint16_t step = fake_last(f)->head.view;
    f->vcpu_view[0] = 0;
    ck_ok(xmem_domain_close(d));
    d = NULL;
    ck_assert_uint_eq(f->rights[0][5], XMEM_R);
    ck_assert_uint_eq(f->default_rights, XMEM_RX);
    ck_assert(f->view_there[v] && f->views_on && !f->view_there[step]);
    ck_assert(!f->ring_on);
}
END_TEST

START_TEST(exact)
{
    struct xmem_domain_opts o = {.size = sizeof(o), .restore = XMEM_RESTORE_EXACT};
    for (unsigned i = 0; i < 1000; i++)
        f->rights[0][i] = (uint8_t)(i % 7 ? XMEM_RWX : XMEM_RX);
    ck_ok(xmem_domain_open(x, 1, &o, &d));
    ck_ok(xmem_domain_enable(d));
    ck_ok(xmem_domain_set_rights_range(d, 0, 0, 1000, XMEM_N));
    ck_assert_uint_ge(f->count[FAKE_GET], 1000);
    ck_ok(xmem_domain_close(d));
    d = NULL;
    for (unsigned i = 0; i < 1000; i++)
        ck_assert_uint_eq(f->rights[0][i], i % 7 ? XMEM_RWX : XMEM_RX);
}
END_TEST

START_TEST(a_sample_that_differs)
{
    for (unsigned i = 0; i < 1000; i++)
        f->rights[0][i] = (uint8_t)(i < 500 ? XMEM_RX : XMEM_RWX);
    open_session();
    ck_ok(xmem_domain_set_rights_range(d, 0, 0, 1000, XMEM_N));
    ck_assert_uint_ge(f->count[FAKE_GET], 1000);
    ck_ok(xmem_domain_close(d));
    d = NULL;
    for (unsigned i = 0; i < 1000; i++)
        ck_assert_uint_eq(f->rights[0][i], i < 500 ? XMEM_RX : XMEM_RWX);
}
END_TEST

START_TEST(a_page_that_went_is_no_failure)
{
    open_session();
    ck_ok(xmem_domain_set_rights_range(d, 0, 0, 100, XMEM_R));
    f->refused_gfn = 40;
    f->refused_rc = -ESRCH;
    f->done_unknown = true;
    ck_ok(xmem_domain_close(d));
    d = NULL;
    ck_assert_uint_eq(f->rights[0][39], XMEM_RWX);
    ck_assert_uint_eq(f->rights[0][40], XMEM_R);
    ck_assert_uint_eq(f->rights[0][41], XMEM_RWX);
}
END_TEST

/* Whatever single call fails while closing: it is reported, and the rest is done. */
START_TEST(each_failure_of_closing)
{
    static const enum fake_op ops[] = {FAKE_PAUSE,   FAKE_UNPAUSE, FAKE_SWITCH, FAKE_DESTROY,
                                       FAKE_DISABLE, FAKE_MONITOR, FAKE_SET,    FAKE_SET_STATE};
    struct xmem_monitor m = {.size = sizeof(m), .reason = XMEM_EVENT_CPUID};
    for (unsigned i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        uint16_t v;
        teardown();
        setup();
        open_session();
        ck_ok(xmem_domain_set_rights(d, 0, 5, XMEM_R));
        ck_ok(xmem_view_create(d, NULL, &v));
        ck_ok(xmem_view_switch(d, v));
        ck_ok(xmem_domain_set_monitor(d, &m, 1));
        fake_access(f, 0, 5, XMEM_ACCESS_W, 0);
        fake_fail(f, ops[i], 1, -EPERM, false);
        /* What was tried once more, or made up for by views that are off, is no failure. */
        bool made_up = ops[i] != FAKE_PAUSE && ops[i] != FAKE_MONITOR;
        ck_rc(xmem_domain_close(d), made_up ? 0 : -EPERM);
        d = NULL;
        ck_assert(made_up || strlen(xmem_last_error(x)) > 5);
        ck_assert_int_eq(f->waits[0], 0);
        ck_assert_uint_eq(f->rights[0][5], XMEM_RWX);
        ck_assert(ops[i] == FAKE_DISABLE || !f->ring_on);
        f->paused = 0;
    }
}
END_TEST

START_TEST(vcpus_that_wait_for_a_slot)
{
    open_session();
    fake_fail(f, FAKE_DISABLE, 1, -EBUSY, false);
    ck_ok(xmem_domain_close(d));
    d = NULL;
    ck_assert(!f->ring_on);
}
END_TEST

START_TEST(more_failures_than_worth_trying)
{
    open_session();
    for (unsigned i = 0; i < 200; i++)
        ck_ok(xmem_domain_set_rights(d, 0, 2 * i, XMEM_R));
    fake_fail(f, FAKE_SET, 1, -EPERM, true);
    fake_fail(f, FAKE_MANY, 1, -EPERM, true);
    unsigned before = f->count[FAKE_SET] + f->count[FAKE_MANY];
    ck_rc(xmem_domain_close(d), -EPERM);
    d = NULL;
    ck_assert_uint_lt(f->count[FAKE_SET] + f->count[FAKE_MANY] - before, 200);
}
END_TEST

START_TEST(death_while_closing)
{
    open_session();
    ck_ok(xmem_domain_set_rights(d, 0, 5, XMEM_R));
    ck_ok(xmem_domain_pause(d));
    f->dead = true;
    ck_ok(xmem_domain_close(d));
    d = NULL;
    f->paused = 0;
}
END_TEST

START_TEST(disable_forgets_and_restores)
{
    open_session();
    ck_ok(xmem_domain_disable(d));
    ck_ok(xmem_domain_disable(d));
    ck_rc(xmem_domain_set_rights(d, 0, 5, XMEM_R), -ENODEV);
    ck_rc(xmem_domain_get_rights(d, 0, 5, &(enum xmem_rights){XMEM_N}), -ENODEV);
    ck_ok(xmem_domain_enable(d));
    ck_ok(xmem_domain_set_rights(d, 0, 5, XMEM_R));
    ck_ok(xmem_domain_disable(d));
    ck_assert_uint_eq(f->rights[0][5], XMEM_RWX);
    ck_ok(xmem_domain_enable(d));
    ck_ok(xmem_domain_set_rights(d, 0, 5, XMEM_R)); /* not taken for set already */
    ck_assert_uint_eq(f->rights[0][5], XMEM_R);
}
END_TEST

START_TEST(getting_rights)
{
    enum xmem_rights r = XMEM_N;
    open_session();
    f->rights[0][9] = FAKE_HOLE;
    ck_ok(xmem_domain_get_rights(d, 0, 5, &r));
    ck_assert_int_eq(r, XMEM_RWX);
    ck_rc(xmem_domain_get_rights(d, 0, 9, &r), -ESRCH);
    ck_rc(xmem_domain_set_rights(d, 0, 9, XMEM_R), -ESRCH);
    ck_rc(xmem_domain_get_rights(d, 0, 5, NULL), -EINVAL);
    ck_rc(xmem_domain_get_rights(d, 0, FAKE_GFNS, &r), -ERANGE);
    ck_rc(xmem_domain_get_rights(d, 9, 5, &r), -ENOENT);
}
END_TEST

int main(void)
{
    const unit_test tests[] = {bad_arguments,
                               every_step_of_opening_may_fail,
                               one_session_per_connection,
                               asking,
                               pauses,
                               enabling,
                               closing_restores,
                               found_views_are_restored_not_destroyed,
                               keep,
                               exact,
                               a_sample_that_differs,
                               a_page_that_went_is_no_failure,
                               each_failure_of_closing,
                               vcpus_that_wait_for_a_slot,
                               more_failures_than_worth_trying,
                               death_while_closing,
                               disable_forgets_and_restores,
                               getting_rights,
                               NULL};
    return unit_main("domain", setup, teardown, tests);
}
