/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Domains whose tool died. */
#include "session/session.h"
#include "fake-backend.h"
#include "unit.h"

static struct fake *f;
static struct xmem *x;
static struct xmem_recovery rec;

static void setup(void)
{
    f = fake_new();
    x = fake_connect(f);
    rec = (struct xmem_recovery)XMEM_INIT(rec);
}

static void teardown(void)
{
    xmem_close(x);
    fake_free(f);
}

/* A tool that died: ring on, rights, a view, two vCPUs waiting, of which one is in the ring. */
static void wreck(void)
{
    f->ring_on = true;
    f->page[4] = f->page[12] = 1;
    fake_access(f, 1, 5, XMEM_ACCESS_W, 0);
    f->waits[2] = 1;
    f->held[3] = 1;
    memset(f->rights[0] + 10, XMEM_N, 50);
    f->default_rights = XMEM_R;
    f->views_on = f->view_there[2] = true;
    f->vcpu_view[0] = 2;
    f->monitors = 1u << XMEM_EVENT_CPUID;
}

static void check_whole(void)
{
    for (unsigned i = 0; i < FAKE_VCPUS; i++)
        ck_assert(!f->waits[i] && !f->held[i] && !f->vcpu_view[i]);
    unsigned restricted = 0;
    for (unsigned i = 0; i < FAKE_GFNS; i++)
        restricted += f->rights[0][i] != XMEM_RWX;
    ck_assert_uint_eq(restricted, 0);
    ck_assert(!f->ring_on && !f->views_on && !f->view_there[2] && !f->monitors);
    ck_assert_uint_eq(f->default_rights, XMEM_RWX);
    ck_assert_int_eq(f->paused, 0);
}

START_TEST(takes_over)
{
    wreck();
    ck_ok(xmem_domain_recover(x, 1, &rec));
    check_whole();
    ck_assert_uint_eq(rec.ring_was_active, 1);
    ck_assert_uint_eq(rec.vcpus_released, 1); /* the other one had an answer in the old ring */
    ck_assert_uint_eq(rec.views_destroyed, 1);
    ck_assert_uint_eq(rec.rights_reset, FAKE_GFNS);
    ck_assert_uint_eq(rec.size, sizeof(rec));
}
END_TEST

START_TEST(a_ring_that_cannot_be_read)
{
    wreck();
    fake_fail(f, FAKE_ATTACH, 1, -EPERM, false);
    ck_ok(xmem_domain_recover(x, 1, NULL));
    check_whole();
    wreck();
    f->page[0] = 200; /* garbage indexes */
    ck_ok(xmem_domain_recover(x, 1, &rec));
    check_whole();
    ck_assert_uint_eq(rec.vcpus_released, 2);
}
END_TEST

START_TEST(vcpus_that_wait_for_a_slot)
{
    wreck();
    fake_fail(f, FAKE_DISABLE, 1, -EBUSY, false);
    ck_ok(xmem_domain_recover(x, 1, &rec));
    check_whole();
}
END_TEST

/* What was not paused again is not unpaused, and what was not unpaused not paused. */
START_TEST(pauses_that_fail)
{
    static const struct {
        enum fake_op op;
        unsigned nth;
    } cases[] = {{FAKE_PAUSE, 2}, {FAKE_UNPAUSE, 1}, {FAKE_UNPAUSE, 2}, {FAKE_PAUSE, 3}};
    for (unsigned i = 0; i < 4; i++) {
        wreck();
        fake_fail(f, FAKE_DISABLE, 1, -EBUSY, false);
        fake_fail(f, cases[i].op, cases[i].nth, -EPERM, true);
        ck_rc(xmem_domain_recover(x, 1, NULL), -EPERM);
        fake_fail(f, cases[i].op, 0, 0, false);
        ck_assert_int_ge(f->paused, 0);
        ck_ok(xmem_domain_recover(x, 1, NULL)); /* what is owed is paid first */
        check_whole();
    }
}
END_TEST

/* A ring that is not given away: that is said, with what is left to do, and nothing was reset. */
START_TEST(a_ring_that_stays)
{
    wreck();
    fake_fail(f, FAKE_DISABLE, 1, -EBUSY, true);
    ck_rc(xmem_domain_recover(x, 1, &rec), -EIO);
    ck_assert_ptr_nonnull(strstr(xmem_last_error(x), "destroy the domain"));
    ck_assert(f->ring_on && !f->paused);
    fake_fail(f, FAKE_DISABLE, 0, 0, false);
    ck_ok(xmem_domain_recover(x, 1, &rec));
    check_whole();
}
END_TEST

START_TEST(holes_are_passed_over)
{
    for (int unknown = 0; unknown < 2; unknown++) {
        f->done_unknown = unknown;
        f->refused_gfn = 777;
        f->refused_rc = -ESRCH;
        memset(f->rights[0], XMEM_R, 2000);
        f->rights[0][777] = XMEM_RWX;
        ck_ok(xmem_domain_recover(x, 1, &rec));
        check_whole();
        ck_assert_uint_eq(rec.ring_was_active, 0);
        ck_assert_uint_eq(rec.rights_reset, FAKE_GFNS - 1);
    }
}
END_TEST

/* On Arm they are set as well. */
START_TEST(holes_that_take_rights_are_not_counted)
{
    f->info.pages = 100;
    ck_ok(xmem_domain_recover(x, 1, &rec));
    check_whole();
    ck_assert_uint_eq(rec.rights_reset, 100);
}
END_TEST

static void idle_step(struct fake *g)
{
    if (g->monitors & (1u << XMEM_EVENT_SINGLESTEP) && g->answers < 2)
        fake_put(g, 0, XMEM_EVENT_SINGLESTEP, RING_FLAG_VCPU_PAUSED, 0, NULL);
}

START_TEST(single_steps_end)
{
    f->on_idle = idle_step;
    ck_ok(xmem_domain_recover(x, 1, &rec));
    ck_assert_uint_eq(f->answers, 2);
    ck_assert_uint_eq(fake_last(f)->head.flags,
                      RING_FLAG_VCPU_PAUSED | RING_FLAG_TOGGLE_SINGLESTEP);
    check_whole();
}
END_TEST

/* ---- what is seen at the end ---- */

static struct xmem_backend_ops ops;
static unsigned steps[FAKE_VCPUS], looks;
static uint64_t ran_more;
static bool sleeps;

static int step_off(void *dom, uint32_t vcpu)
{
    (void)dom;
    steps[vcpu] = 0;
    return 0;
}

/* Each look at the vCPUs but the last finds that it ran. */
static int ran(void *dom, uint32_t vcpu, uint64_t *ns, bool *idle)
{
    bool last = vcpu == FAKE_VCPUS - 1;
    (void)dom;
    *ns = last && !ran_more ? 7 : ++looks;
    *idle = last && sleeps;
    return 0;
}

static void with_ops(void)
{
    ops = fake_ops;
    ops.vcpu_step_off = step_off;
    x->ops = &ops;
}

/* From outside, without the vCPU's help: no event is waited for, and nothing is toggled. */
START_TEST(single_steps_are_switched_off)
{
    with_ops();
    wreck();
    for (unsigned i = 0; i < FAKE_VCPUS; i++)
        steps[i] = 1;
    ck_ok(xmem_domain_recover(x, 1, &rec));
    check_whole();
    for (unsigned i = 0; i < FAKE_VCPUS; i++)
        ck_assert_uint_eq(steps[i], 0);
    ck_assert_uint_eq(f->count[FAKE_MONITOR], 0);
}
END_TEST

/* An event at the last moment, when the domain is about to be paused for the ring's end. */
static int late_event(void *dom)
{
    if (f->count[FAKE_PAUSE] == 1) {
        fake_put(f, 2, XMEM_EVENT_GUEST_REQUEST, RING_FLAG_VCPU_PAUSED, 0, NULL);
        f->waits[2] = 1;
    }
    return fake_ops.pause(dom);
}

START_TEST(nobody_is_left_in_the_ring)
{
    with_ops();
    ops.pause = late_event;
    ck_ok(xmem_domain_recover(x, 1, &rec));
    ck_assert_uint_eq(f->count[FAKE_PAUSE], 2);
    check_whole();
}
END_TEST

static void waits_again(struct fake *g)
{
    if (!g->ring_on)
        g->waits[2] = 1;
}

START_TEST(a_vcpu_that_does_not_go_on)
{
    f->on_idle = waits_again;
    ck_rc(xmem_domain_recover(x, 1, &rec), -EIO);
    ck_assert_ptr_nonnull(strstr(xmem_last_error(x), "vCPU 2 was not seen to go on"));
    f->on_idle = NULL;
    f->waits[2] = 1;
    ck_ok(xmem_domain_recover(x, 1, &rec));
    check_whole();
}
END_TEST

/* Where only its time tells: it ran, or sleeps. */
START_TEST(seen_to_run_or_to_sleep)
{
    with_ops();
    ops.vcpu_ran = ran;
    ran_more = 1;
    ck_ok(xmem_domain_recover(x, 1, &rec));
    ran_more = 0;
    sleeps = true;
    ck_ok(xmem_domain_recover(x, 1, &rec));
}
END_TEST

START_TEST(somebody_paused_it)
{
    f->info.flags = XMEM_DOMAIN_PAUSED;
    ck_rc(xmem_domain_recover(x, 1, &rec), -EIO);
    ck_assert_ptr_nonnull(strstr(xmem_last_error(x), "somebody paused it"));
    check_whole();
    f->info.flags = 0;
    ck_ok(xmem_domain_recover(x, 1, &rec));
}
END_TEST

START_TEST(access_is_not_required_any_more)
{
    f->required = true;
    ck_ok(xmem_domain_recover(x, 1, &rec));
    ck_assert(!f->required);
}
END_TEST

START_TEST(refused)
{
    struct xmem_domain *d;
    ck_rc(xmem_domain_recover(NULL, 1, &rec), -EINVAL);
    ck_rc(xmem_domain_recover(x, 9, &rec), -ESRCH);
    rec.size = 0;
    ck_rc(xmem_domain_recover(x, 1, &rec), -EINVAL);
    ck_ok(xmem_domain_open(x, 1, NULL, &d));
    ck_rc(xmem_domain_recover(x, 1, NULL), -EBUSY);
    ck_assert_ptr_nonnull(strstr(xmem_last_error(x), "close it first"));
    ck_ok(xmem_domain_close(d));
}
END_TEST

START_TEST(each_failure)
{
    static const struct {
        enum fake_op op;
        int rc;
    } cases[] = {{FAKE_INFO, -EPERM},    {FAKE_CAPS, -EPERM},    {FAKE_PAUSE, -EPERM},
                 {FAKE_UNPAUSE, -EPERM}, {FAKE_ENABLE, -ENOMEM}, {FAKE_GET_STATE, -EPERM},
                 {FAKE_SWITCH, -EPERM},  {FAKE_DESTROY, -EPERM}, {FAKE_SET_STATE, -EPERM},
                 {FAKE_SET, -EPERM},     {FAKE_NOTIFY, -EPERM},  {FAKE_DISABLE, -EPERM},
                 {FAKE_REQUIRED, -EPERM}};
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        teardown();
        setup();
        wreck();
        if (cases[i].op == FAKE_NOTIFY) /* of the made-up answers: nothing is in the ring */
            f->req_prod = f->page[0] = 0;
        bool lasting = cases[i].op == FAKE_UNPAUSE; /* one that fails once is tried again */
        fake_fail(f, cases[i].op, 1, cases[i].rc, lasting);
        ck_assert_int_lt(xmem_domain_recover(x, 1, &rec), 0);
        ck_assert_uint_gt(strlen(xmem_last_error(x)), 5);
        ck_assert_uint_eq(rec.ring_was_active, 0); /* untouched */
        f->paused = lasting ? f->paused : 0;
        fake_fail(f, cases[i].op, 0, 0, false);
        ck_ok(xmem_domain_recover(x, 1, &rec)); /* and the second attempt gets it done */
        check_whole();
    }
}
END_TEST

START_TEST(a_second_set_fails)
{
    wreck();
    fake_fail(f, FAKE_SET, 2, -EACCES, false);
    ck_rc(xmem_domain_recover(x, 1, &rec), -EACCES);
    f->version = 9;
    wreck();
    ck_rc(xmem_domain_recover(x, 1, &rec), -EOPNOTSUPP);
}
END_TEST

int main(void)
{
    const unit_test tests[] = {takes_over,
                               a_ring_that_cannot_be_read,
                               vcpus_that_wait_for_a_slot,
                               pauses_that_fail,
                               a_ring_that_stays,
                               holes_are_passed_over,
                               holes_that_take_rights_are_not_counted,
                               single_steps_end,
                               single_steps_are_switched_off,
                               nobody_is_left_in_the_ring,
                               a_vcpu_that_does_not_go_on,
                               seen_to_run_or_to_sleep,
                               somebody_paused_it,
                               access_is_not_required_any_more,
                               refused,
                               each_failure,
                               a_second_set_fails,
                               NULL};
    return unit_main("recover", setup, teardown, tests);
}
