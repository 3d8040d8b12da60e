/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strict steps: by nothing beside which other accesses pass. */
#include "fake-backend.h"
#include "unit.h"

static struct fake *f;
static struct xmem *x;
static struct xmem_domain *d;
static const struct xmem_event *ev;

static void teardown(void)
{
    ck_ok(xmem_domain_close(d));
    xmem_close(x);
    for (unsigned i = 0; i < FAKE_VCPUS; i++)
        ck_assert_int_eq(f->held[i], 0);
    for (unsigned v = 1; v < FAKE_VIEWS; v++)
        ck_assert(!f->view_there[v]);
    ck_assert_int_eq(f->paused, 0);
    ck_assert_uint_eq(f->rights[0][0x55], XMEM_RWX);
    ck_assert_uint_eq(f->monitors, 0);
    fake_free(f);
}

static void access_at(uint32_t vcpu, uint64_t gfn, uint16_t view)
{
    fake_access(f, vcpu, gfn, XMEM_ACCESS_W, view);
    ck_ok(xmem_event_next(d, &ev));
}

static uint32_t last_flags(void)
{
    ck_ok(xmem_event_flush(d));
    return fake_last(f)->head.flags;
}

#define VIEW_FLAGS (RING_FLAG_VCPU_PAUSED | RING_FLAG_ALTERNATE_P2M | RING_FLAG_FAST_SINGLESTEP)
#define STEP_FLAGS (RING_FLAG_VCPU_PAUSED | RING_FLAG_TOGGLE_SINGLESTEP)

/* On a hypervisor that lacks this, and may be unable to hold vCPUs. */
static void open_without(uint32_t means, uint32_t caps, bool no_hold)
{
    struct xmem_domain_opts o = {.size = sizeof(o), .step_means = means};
    f = fake_new();
    f->caps.flags &= ~caps;
    x = fake_session(f, &o, true, &d);
    if (no_hold)
        fake_fail(f, FAKE_HOLD, 1, -EOPNOTSUPP, true);
    ck_ok(xmem_domain_set_rights_range(d, 0, 0x50, 16, XMEM_R));
    memset(f->count, 0, sizeof(f->count));
}

static void open_with(uint32_t means)
{
    open_without(means, 0, false);
}

static int step_strictly(void)
{
    struct xmem_reply r = {
        .size = sizeof(r), .action = XMEM_REPLY_STEP_OVER, .flags = XMEM_REPLY_STEP_STRICT};
    return xmem_event_reply(d, ev, &r);
}

/* Nothing was opened, sent or held; the event is open. */
static void refused(const char *text)
{
    ck_assert_ptr_nonnull(strstr(xmem_domain_last_error(d), text));
    ck_assert_uint_eq(f->count[FAKE_SET], 0);
    ck_assert_uint_eq(f->rights[0][0x55], XMEM_R);
    ck_assert_uint_eq(ev->stepped, 0);
    ck_assert_int_eq(f->waits[ev->vcpu], 1);
    ck_ok(xmem_event_reply(d, ev, NULL));
}

START_TEST(not_by_relaxing)
{
    open_with(XMEM_STEP_RELAX);
    access_at(1, 0x55, 0);
    ck_rc(step_strictly(), -EOPNOTSUPP);
    ck_assert_uint_eq(f->count[FAKE_PEEK], 0);
    refused("it could be by relaxing, but further accesses of this vCPU to the page");
}
END_TEST

START_TEST(not_beside_others)
{
    open_without(XMEM_STEP_SINGLE | XMEM_STEP_RELAX, 0, true);
    access_at(1, 0x55, 0);
    ck_rc(step_strictly(), -EOPNOTSUPP);
    fake_fail(f, FAKE_HOLD, 0, 0, false);
    refused("it could be by single step, but accesses of other vCPUs to the page");
}
END_TEST

START_TEST(while_others_are_held)
{
    open_with(XMEM_STEP_SINGLE | XMEM_STEP_RELAX);
    access_at(1, 0x55, 0);
    ck_ok(step_strictly());
    ck_assert_uint_eq(ev->stepped, XMEM_STEP_SINGLE);
    ck_assert_uint_eq(ev->passes, 0);
    ck_assert_uint_eq(last_flags(), STEP_FLAGS);
    fake_put(f, 1, XMEM_EVENT_SINGLESTEP, RING_FLAG_VCPU_PAUSED, 0, NULL);
    ck_rc(xmem_event_next(d, &ev), -EAGAIN);
}
END_TEST

/* A view that the guest may enter is none; one that it may not is, also the second time. */
START_TEST(in_a_hidden_view)
{
    open_with(0);
    for (unsigned i = 0; i < 2; i++) {
        access_at(1, 0x55, 0);
        ck_ok(step_strictly());
        ck_assert_uint_eq(ev->stepped, XMEM_STEP_VIEW);
        ck_assert_uint_eq(last_flags(), VIEW_FLAGS);
        f->vcpu_view[1] = 0;
    }
}
END_TEST

START_TEST(not_in_a_visible_view)
{
    open_without(XMEM_STEP_VIEW, XMEM_CAP_VISIBILITY, false);
    access_at(1, 0x55, 0);
    ck_ok(xmem_event_step_over(d, ev));
    ck_assert_uint_eq(ev->stepped, XMEM_STEP_VIEW);
    (void)last_flags();
    fake_put(f, 1, XMEM_EVENT_SINGLESTEP, RING_FLAG_VCPU_PAUSED | RING_FLAG_ALTERNATE_P2M,
             fake_last(f)->head.view, NULL);
    ck_rc(xmem_event_next(d, &ev), -EAGAIN);
    f->vcpu_view[1] = 0;
    memset(f->count, 0, sizeof(f->count));
    access_at(1, 0x55, 0); /* the view is there, and open for it */
    ck_rc(step_strictly(), -EOPNOTSUPP);
    refused("it could be in a view, but accesses of other vCPUs");
}
END_TEST

/* The session's own word holds for every way to answer. */
START_TEST(by_the_session)
{
    open_with(XMEM_STEP_STRICT | XMEM_STEP_RELAX);
    struct xmem_caps caps = XMEM_INIT(caps);
    ck_ok(xmem_domain_get_caps(d, &caps));
    ck_assert_uint_eq(caps.step_means, XMEM_STEP_RELAX);
    ck_assert(caps.reply_flags & XMEM_REPLY_STEP_STRICT);
    access_at(1, 0x55, 0);
    ck_rc(xmem_event_step_over(d, ev), -EOPNOTSUPP);
    ck_rc(xmem_event_drop(d, ev), -EOPNOTSUPP);
    refused("strictly");
}
END_TEST

START_TEST(by_all_means)
{
    open_with(XMEM_STEP_STRICT);
    access_at(1, 0x55, 0);
    ck_ok(xmem_event_step_over(d, ev));
    ck_assert_uint_eq(ev->stepped, XMEM_STEP_VIEW);
    ck_assert_uint_eq(last_flags(), VIEW_FLAGS);
    f->vcpu_view[1] = 0;
}
END_TEST

static void peek_gone(struct fake *g, uint32_t vcpu)
{
    g->pc[vcpu]++;
}

/* What the hypervisor cannot emulate is the same access once more, and still not relaxed. */
START_TEST(emulated)
{
    open_with(XMEM_STEP_EMULATE | XMEM_STEP_RELAX);
    f->on_peek = peek_gone;
    access_at(1, 0x55, 0);
    ck_ok(step_strictly());
    ck_assert_uint_eq(ev->stepped, XMEM_STEP_EMULATE);
    ck_assert_uint_eq(last_flags(), RING_FLAG_VCPU_PAUSED | RING_FLAG_EMULATE);
    fake_put(f, 1, XMEM_EVENT_EMUL_UNIMPLEMENTED, RING_FLAG_VCPU_PAUSED, 0, NULL);
    ck_ok(xmem_event_next(d, &ev));
    ck_assert_uint_eq(ev->reason, XMEM_EVENT_MEM_ACCESS);
    ck_assert_uint_eq(ev->u.mem.gfn, 0x55);
    ck_assert_uint_eq(ev->u.mem.access, XMEM_ACCESS_W);
    ck_rc(step_strictly(), -EOPNOTSUPP);
    ck_assert_ptr_nonnull(strstr(xmem_domain_last_error(d), "by relaxing"));
    ck_ok(xmem_event_step_over(d, ev)); /* by another means, the caller being content with it */
    ck_assert_uint_eq(ev->stepped, XMEM_STEP_RELAX);
    access_at(1, 0x56, 0); /* of the same instruction: that is known at once */
    ck_rc(step_strictly(), -EOPNOTSUPP);
    ck_assert_ptr_nonnull(strstr(xmem_domain_last_error(d), "by relaxing"));
    ck_ok(xmem_event_reply(d, ev, NULL));
    access_at(2, 0x56, 0); /* of another one: emulation is tried again */
    ck_ok(step_strictly());
    ck_assert_uint_eq(ev->stepped, XMEM_STEP_EMULATE);
}
END_TEST

int main(void)
{
    const unit_test tests[] = {not_by_relaxing,
                               not_beside_others,
                               while_others_are_held,
                               in_a_hidden_view,
                               not_in_a_visible_view,
                               by_the_session,
                               by_all_means,
                               emulated,
                               NULL};
    Suite *s = suite_create("step-strict");
    TCase *c = tcase_create("step-strict");
    tcase_add_checked_fixture(c, NULL, teardown);
    for (unsigned i = 0; tests[i]; i++)
        tcase_add_test(c, tests[i]);
    suite_add_tcase(s, c);
    return unit_run(s);
}
