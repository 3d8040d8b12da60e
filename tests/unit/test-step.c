/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stepping over an access by each of the means, alone and several at a time. */
#include "fake-backend.h"
#include "unit.h"

static struct fake *f;
static struct xmem *x;
static struct xmem_domain *d;
static const struct xmem_event *ev;

static void open_with(uint32_t means)
{
    struct xmem_domain_opts o = {.size = sizeof(o), .step_means = means};
    f = fake_new();
    x = fake_session(f, &o, true, &d);
    ck_ok(xmem_domain_get_caps(d, &(struct xmem_caps){.size = sizeof(struct xmem_caps)}));
    ck_ok(xmem_domain_set_rights_range(d, 0, 0x50, 16, XMEM_R));
    memset(f->count, 0, sizeof(f->count));
}

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

/* The vCPU did its instruction and left the step view. */
static void back(uint32_t vcpu, uint16_t view)
{
    f->vcpu_view[vcpu] = view;
}

START_TEST(by_view)
{
    uint16_t list[4];
    size_t n = 4;
    open_with(0);
    access_at(1, 0x55, 0);
    ck_ok(xmem_event_step_over(d, ev));
    ck_assert_uint_eq(last_flags(), VIEW_FLAGS);
    uint16_t s = fake_last(f)->head.view;
    ck_assert_uint_ne(s, 0);
    ck_assert_uint_eq(fake_last(f)->head.u.quarter[0], 0);
    ck_assert_uint_eq(f->rights[s][0x55], XMEM_RW); /* no more than was asked for */
    ck_assert_uint_eq(f->rights[0][0x55], XMEM_R);
    ck_assert(f->monitors & (1u << XMEM_EVENT_SINGLESTEP));
    ck_ok(xmem_view_list(d, list, &n)); /* nobody sees it */
    ck_assert_uint_eq(n, 1);
    uint16_t seen = 9;
    ck_ok(xmem_view_get_vcpu(d, 1, &seen));
    ck_assert_uint_eq(seen, 0);
    back(1, 0);
    unsigned before = f->count[FAKE_SET];
    access_at(1, 0x55, 0);
    ck_ok(xmem_event_step_over(d, ev));
    ck_assert_uint_eq(f->count[FAKE_SET], before); /* a second time it costs no hypercall */
    ck_assert_uint_eq(last_flags(), VIEW_FLAGS);
    back(1, 0);
    ck_rc(xmem_domain_set_rights(d, s, 1, XMEM_R), -ENOENT);
}
END_TEST

START_TEST(by_view_second_page)
{
    open_with(XMEM_STEP_VIEW);
    access_at(1, 0x55, 0);
    ck_ok(xmem_event_step_over(d, ev));
    (void)last_flags();
    uint16_t s = fake_last(f)->head.view;
    access_at(1, 0x56, s); /* the same instruction, another page */
    ck_assert_uint_eq(ev->view, 0);
    ck_ok(xmem_event_step_over(d, ev));
    ck_assert_uint_eq(last_flags(), VIEW_FLAGS);
    uint16_t both = fake_last(f)->head.view;
    ck_assert_uint_ne(both, s); /* what is open for one page stays so */
    ck_assert_uint_eq(f->rights[both][0x55], XMEM_RW);
    ck_assert_uint_eq(f->rights[both][0x56], XMEM_RW);
    ck_assert_uint_eq(fake_last(f)->head.u.quarter[0], 0);
    back(1, 0);
    unsigned sets = f->count[FAKE_SET];
    access_at(1, 0x55, 0); /* the same again: nothing is set */
    ck_ok(xmem_event_step_over(d, ev));
    (void)last_flags();
    access_at(1, 0x56, s);
    ck_ok(xmem_event_step_over(d, ev));
    ck_assert_uint_eq(last_flags(), VIEW_FLAGS);
    ck_assert_uint_eq(fake_last(f)->head.view, both);
    ck_assert_uint_eq(f->count[FAKE_SET], sets);
    back(1, 0);
}
END_TEST

START_TEST(by_view_from_a_view)
{
    uint16_t v;
    open_with(XMEM_STEP_VIEW);
    ck_ok(xmem_view_create(d, NULL, &v));
    ck_ok(xmem_domain_set_rights(d, v, 0x55, XMEM_R));
    access_at(1, 0x55, v);
    ck_ok(xmem_event_step_over(d, ev));
    ck_assert_uint_eq(last_flags(), VIEW_FLAGS);
    uint16_t s = fake_last(f)->head.view;
    ck_assert(s != v && fake_last(f)->head.u.quarter[0] == v);
    /* Closed in the host view, open in this one: not the caller's business. */
    fake_access(f, 1, 0x56, XMEM_ACCESS_W, s);
    ck_rc(xmem_event_next(d, &ev), -EAGAIN);
    ck_assert_uint_eq(last_flags(), VIEW_FLAGS);
    ck_assert_uint_eq(f->rights[s][0x56], XMEM_RWX); /* as in its own */
    ck_ok(xmem_domain_set_rights(d, v, 0x57, XMEM_R));
    access_at(1, 0x57, s); /* closed in both */
    ck_assert_uint_eq(ev->view, v);
    ck_ok(xmem_event_step_over(d, ev));
    (void)last_flags();
    back(1, v);
}
END_TEST

START_TEST(by_view_from_a_remapped_view)
{
    uint16_t v;
    open_with(XMEM_STEP_VIEW | XMEM_STEP_EMULATE);
    ck_ok(xmem_view_create(d, NULL, &v));
    ck_ok(xmem_view_change_gfn(d, v, 0x60, 0x61));
    access_at(1, 0x55, v);
    unsigned before = f->count[FAKE_CHANGE];
    ck_ok(xmem_event_step_over(d, ev));
    ck_assert_uint_eq(last_flags(), VIEW_FLAGS);
    ck_assert_uint_eq(f->count[FAKE_CHANGE], before); /* nothing but what is touched */
    uint16_t s = fake_last(f)->head.view;
    fake_access(f, 1, 0x60, XMEM_ACCESS_R, s);
    ck_rc(xmem_event_next(d, &ev), -EAGAIN);
    ck_assert_uint_eq(f->count[FAKE_CHANGE], before + 1);
    ck_assert_uint_eq(f->remapped_to, 0x61); /* the frame of its own view */
    back(1, v);
    ck_ok(xmem_view_change_gfn(d, v, 0x60, XMEM_GFN_UNDO)); /* not shown any longer */
    ck_assert_uint_eq(f->rights[s][0x60], XMEM_N);
    access_at(1, 0x55, 4); /* a view that nobody knows */
    ck_ok(xmem_event_step_over(d, ev));
    ck_assert_uint_eq(last_flags(), RING_FLAG_VCPU_PAUSED | RING_FLAG_EMULATE);
}
END_TEST

START_TEST(the_step_view_gives_way)
{
    uint16_t v;
    open_with(0);
    access_at(1, 0x55, 0);
    ck_ok(xmem_event_step_over(d, ev));
    (void)last_flags();
    uint16_t s = fake_last(f)->head.view;
    back(1, 0);
    for (unsigned i = 1; i < FAKE_VIEWS; i++)
        ck_ok(xmem_view_create(d, NULL, &v));
    ck_rc(xmem_view_create(d, NULL, &v), -ENOSPC);
    access_at(1, 0x55, 0); /* no view is left: the next means */
    ck_ok(xmem_event_step_over(d, ev));
    ck_assert_uint_eq(last_flags(), STEP_FLAGS);
    fake_put(f, 1, XMEM_EVENT_SINGLESTEP, RING_FLAG_VCPU_PAUSED, 0, NULL);
    ck_rc(xmem_event_next(d, &ev), -EAGAIN);
    ck_ok(xmem_view_switch(d, s)); /* a caller's view has its number now: nobody steps in it */
}
END_TEST

START_TEST(by_view_fails)
{
    open_with(XMEM_STEP_VIEW);
    access_at(1, 0x55, 0);
    fake_fail(f, FAKE_SET, 1, -EPERM, false);
    ck_rc(xmem_event_step_over(d, ev), -EPERM);
    fake_fail(f, FAKE_CREATE, 1, -EPERM, false); /* the view is there already */
    ck_ok(xmem_event_step_over(d, ev));
    (void)last_flags();
    back(1, 0);
}
END_TEST

START_TEST(by_single_step)
{
    enum xmem_rights r;
    open_with(XMEM_STEP_SINGLE);
    access_at(1, 0x55, 0);
    ck_ok(xmem_event_step_over(d, ev));
    ck_assert_uint_eq(f->rights[0][0x55], XMEM_RW);
    ck_assert(f->held[0] && !f->held[1] && f->held[2] && f->held[3]);
    ck_assert_uint_eq(last_flags(), STEP_FLAGS);
    ck_ok(xmem_domain_get_rights(d, 0, 0x55, &r)); /* what is meant, not the moment's */
    ck_assert_int_eq(r, XMEM_R);
    fake_put(f, 1, XMEM_EVENT_SINGLESTEP, RING_FLAG_VCPU_PAUSED, 0, NULL);
    ck_rc(xmem_event_next(d, &ev), -EAGAIN); /* swallowed */
    ck_assert_uint_eq(f->rights[0][0x55], XMEM_R);
    ck_assert_uint_eq(last_flags(), STEP_FLAGS); /* off again */
    for (unsigned i = 0; i < FAKE_VCPUS; i++)
        ck_assert_int_eq(f->held[i], 0);
    fake_put(f, 2, XMEM_EVENT_SINGLESTEP, RING_FLAG_VCPU_PAUSED, 0, NULL);
    ck_rc(xmem_event_next(d, &ev), -EAGAIN); /* nobody asked for it */
    ck_assert_uint_eq(last_flags(), RING_FLAG_VCPU_PAUSED);
}
END_TEST

START_TEST(several_single_steps_on_one_page)
{
    const struct xmem_event *a, *b;
    open_with(XMEM_STEP_SINGLE);
    access_at(0, 0x55, 0);
    a = ev;
    access_at(1, 0x55, 0);
    b = ev;
    ck_ok(xmem_event_step_over(d, a));
    ck_assert(f->held[1]);
    ck_ok(xmem_event_step_over(d, b));
    ck_assert(!f->held[0] && !f->held[1] && f->held[2]);
    ck_assert_uint_eq(f->count[FAKE_SET], 1); /* opened once */
    fake_put(f, 0, XMEM_EVENT_SINGLESTEP, RING_FLAG_VCPU_PAUSED, 0, NULL);
    ck_rc(xmem_event_next(d, &ev), -EAGAIN);
    ck_assert_uint_eq(f->rights[0][0x55], XMEM_RW); /* the other one is not over it */
    ck_assert(f->held[0]);
    access_at(1, 0x56, 0);                         /* its instruction has a second page */
    ck_assert_uint_eq(f->rights[0][0x55], XMEM_R); /* closed until that is answered */
    ck_assert(!f->held[0]);
    ck_ok(xmem_event_step_over(d, ev));
    ck_assert_uint_eq(f->rights[0][0x55], XMEM_RW);
    ck_assert_uint_eq(f->rights[0][0x56], XMEM_RW);
    ck_assert_uint_eq(last_flags(), RING_FLAG_VCPU_PAUSED); /* it steps already */
    ck_ok(xmem_domain_set_rights(d, 0, 0x56, XMEM_RX));     /* meanwhile the caller thinks again */
    fake_put(f, 1, XMEM_EVENT_SINGLESTEP, RING_FLAG_VCPU_PAUSED, 0, NULL);
    ck_rc(xmem_event_next(d, &ev), -EAGAIN);
    ck_assert_uint_eq(f->rights[0][0x55], XMEM_R);
    ck_assert_uint_eq(f->rights[0][0x56], XMEM_RX);
    for (unsigned i = 0; i < FAKE_VCPUS; i++)
        ck_assert_int_eq(f->held[i], 0);
}
END_TEST

START_TEST(a_page_that_nothing_is_known_of)
{
    open_with(XMEM_STEP_SINGLE);
    f->rights[0][0x99] = XMEM_RX; /* another tool's */
    access_at(1, 0x99, 0);
    ck_ok(xmem_event_step_over(d, ev));
    ck_assert_uint_eq(f->rights[0][0x99], XMEM_RWX);
    fake_put(f, 1, XMEM_EVENT_SINGLESTEP, RING_FLAG_VCPU_PAUSED, 0, NULL);
    ck_rc(xmem_event_next(d, &ev), -EAGAIN);
    ck_assert_uint_eq(f->rights[0][0x99], XMEM_RX);
}
END_TEST

START_TEST(single_step_with_the_callers)
{
    struct xmem_monitor m = {.size = sizeof(m), .reason = XMEM_EVENT_SINGLESTEP};
    struct xmem_reply r = {.size = sizeof(r), .flags = XMEM_REPLY_TOGGLE_STEP};
    open_with(XMEM_STEP_SINGLE);
    ck_ok(xmem_domain_set_monitor(d, &m, 1));
    access_at(1, 0x54, 0);
    ck_ok(xmem_event_reply(d, ev, &r));
    ck_assert_uint_eq(last_flags(), STEP_FLAGS);
    access_at(1, 0x55, 0);
    ck_ok(xmem_event_step_over(d, ev));
    ck_assert_uint_eq(last_flags(), RING_FLAG_VCPU_PAUSED); /* it is on */
    fake_put(f, 1, XMEM_EVENT_SINGLESTEP, RING_FLAG_VCPU_PAUSED, 0, NULL);
    ck_ok(xmem_event_next(d, &ev)); /* the caller wants it as well */
    ck_assert_uint_eq(ev->reason, XMEM_EVENT_SINGLESTEP);
    ck_assert_uint_eq(f->rights[0][0x55], XMEM_R);
    ck_ok(xmem_event_reply(d, ev, &r));
    ck_assert_uint_eq(last_flags(), STEP_FLAGS);
}
END_TEST

START_TEST(single_step_fails)
{
    open_with(XMEM_STEP_SINGLE);
    access_at(1, 0x55, 0);
    fake_fail(f, FAKE_MONITOR, 1, -EPERM, false);
    ck_rc(xmem_event_step_over(d, ev), -EPERM);
    fake_fail(f, FAKE_HOLD, 2, -EPERM, false);
    ck_rc(xmem_event_step_over(d, ev), -EPERM);
    ck_assert(!f->held[0] && !f->held[3]);
    fake_fail(f, FAKE_SET, 1, -EACCES, false);
    ck_rc(xmem_event_step_over(d, ev), -EACCES);
    ck_assert_int_eq(f->held[0], 0);
    ck_ok(xmem_event_step_over(d, ev)); /* it was open all the time */
    fake_fail(f, FAKE_SET, 1, -EACCES, false);
    fake_put(f, 1, XMEM_EVENT_SINGLESTEP, RING_FLAG_VCPU_PAUSED, 0, NULL);
    ck_rc(xmem_event_next(d, &ev), -EACCES); /* arming failed: that must be known */
    ck_assert_int_eq(f->held[0], 0);
}
END_TEST

START_TEST(closing_in_a_step)
{
    open_with(XMEM_STEP_SINGLE);
    access_at(1, 0x55, 0);
    ck_ok(xmem_event_step_over(d, ev));
    fake_access(f, 1, 0x56, XMEM_ACCESS_W, 0); /* a second page, not taken */
    f->rights[0][0x56] = XMEM_RX;
} /* teardown: single step goes off with the answer, the page is armed and then restored */
END_TEST

START_TEST(closing_with_a_step_that_never_ends)
{
    open_with(XMEM_STEP_SINGLE);
    ck_ok(xmem_domain_pause(d));
    access_at(1, 0x55, 0);
    ck_ok(xmem_event_step_over(d, ev));
    ck_rc(xmem_domain_disable(d), -EIO);
    ck_assert_ptr_nonnull(strstr(xmem_domain_last_error(d), "single step"));
    ck_assert_uint_eq(f->rights[0][0x55], XMEM_RWX);
    ck_assert_int_eq(f->paused, 1);
    ck_rc(xmem_domain_close(d), -EIO); /* and it is on still */
    d = NULL;
}
END_TEST

START_TEST(by_emulation)
{
    open_with(XMEM_STEP_EMULATE);
    access_at(1, 0x55, 0);
    struct xmem_reply r = {.size = sizeof(r), .action = XMEM_REPLY_STEP_OVER};
    ck_ok(xmem_event_reply(d, ev, &r));
    ck_assert_uint_eq(last_flags(), RING_FLAG_VCPU_PAUSED | RING_FLAG_EMULATE);
}
END_TEST

static void peek_goes_on(struct fake *g, uint32_t vcpu)
{
    g->pc[vcpu]++;
}

/* Told when it was answered already; from then on the answer says at once how it is done. */
START_TEST(what_the_emulator_refused_before)
{
    struct xmem_stats s = XMEM_INIT(s);
    open_with(XMEM_STEP_EMULATE | XMEM_STEP_RELAX);
    f->on_peek = peek_goes_on;
    access_at(1, 0x55, 0);
    ck_ok(xmem_event_step_over(d, ev));
    ck_assert_uint_eq(ev->stepped, XMEM_STEP_EMULATE);
    fake_put(f, 1, XMEM_EVENT_EMUL_UNIMPLEMENTED, RING_FLAG_VCPU_PAUSED, 0, NULL);
    ck_rc(xmem_event_next(d, &ev), -EAGAIN);
    access_at(1, 0x55, 0);
    ck_ok(xmem_event_step_over(d, ev));
    ck_assert_uint_eq(ev->stepped, XMEM_STEP_RELAX);
    ck_assert_uint_ne(ev->passes, 0);
    ck_ok(xmem_domain_get_stats(d, &s));
    ck_assert_uint_eq(s.not_decoded, 2);
    access_at(2, 0x55, 0);
    ck_ok(xmem_event_step_over(d, ev));
    ck_assert_uint_eq(ev->stepped, XMEM_STEP_EMULATE);
}
END_TEST

static void peek_moves(struct fake *g, uint32_t vcpu)
{
    ck_assert_uint_eq(g->rights[0][0x55], XMEM_RW);
    ck_assert(g->held[0] && !g->held[vcpu]);
    ck_assert_int_eq(g->waits[vcpu], 0); /* the answer is there */
    if (g->count[FAKE_PEEK] == 3)
        g->pc[vcpu]++;
}

static uint64_t pc_in_ring(uint32_t vcpu)
{
    uint8_t byte[8];
    for (unsigned i = 0; i < 8; i++)
        byte[i] = (uint8_t)(RING_DATA_OFFSET + 152 + i + vcpu);
    uint64_t pc;
    memcpy(&pc, byte, 8);
    return pc;
}

START_TEST(by_relaxing)
{
    struct xmem_stats s = XMEM_INIT(s);
    open_with(XMEM_STEP_RELAX);
    f->pc[1] = pc_in_ring(1);
    f->on_peek = peek_moves;
    access_at(1, 0x55, 0);
    ck_ok(xmem_event_step_over(d, ev));
    ck_assert_uint_eq(f->count[FAKE_PEEK], 3);
    ck_assert_uint_eq(f->rights[0][0x55], XMEM_R);
    ck_assert_int_eq(f->held[0], 0);
    ck_ok(xmem_domain_get_stats(d, &s));
    ck_assert_uint_eq(s.steps, 1);
}
END_TEST

static void peek_faults(struct fake *g, uint32_t vcpu)
{
    if (g->count[FAKE_PEEK] == 2)
        fake_access(g, vcpu, 0x56, XMEM_ACCESS_W, 0);
}

START_TEST(relaxing_ends_with_another_event)
{
    open_with(XMEM_STEP_RELAX);
    f->pc[1] = pc_in_ring(1);
    f->on_peek = peek_faults;
    access_at(1, 0x55, 0);
    ck_ok(xmem_event_step_over(d, ev));
    ck_assert_uint_eq(f->count[FAKE_PEEK], 2);
    ck_ok(xmem_event_next(d, &ev));
    ck_assert_uint_eq(ev->u.mem.gfn, 0x56);
}
END_TEST

static void peek_next(struct fake *g, uint32_t vcpu)
{
    if (!g->waits[vcpu])
        fake_access(g, vcpu, 0x100 + g->count[FAKE_PEEK], XMEM_ACCESS_W, 0);
}

/* No look sees the pc elsewhere: it comes back to the store, for the next page. */
START_TEST(relaxing_in_a_loop)
{
    open_with(XMEM_STEP_RELAX);
    ck_ok(xmem_domain_set_rights_range(d, 0, 0x100, 100, XMEM_R));
    f->pc[1] = pc_in_ring(1);
    f->on_peek = peek_next;
    f->count[FAKE_PEEK] = 0;
    access_at(1, 0x100, 0);
    for (unsigned i = 0; i < 80; i++) {
        ck_ok(xmem_event_step_over(d, ev));
        ck_ok(xmem_event_next(d, &ev));
        ck_assert_uint_eq(f->rights[0][0x100 + i], XMEM_R);
    }
    f->on_peek = NULL;
    ck_ok(xmem_event_reply(d, ev, NULL));
}
END_TEST

START_TEST(relaxing_ends_with_the_time)
{
    open_with(XMEM_STEP_RELAX);
    f->pc[1] = pc_in_ring(1); /* a branch to itself */
    access_at(1, 0x55, 0);
    ck_ok(xmem_event_step_over(d, ev));
    ck_assert_uint_eq(f->rights[0][0x55], XMEM_R);
    access_at(1, 0x55, 0);
    fake_fail(f, FAKE_PEEK, 1, -EPERM, false);
    ck_rc(xmem_event_step_over(d, ev), -EPERM);
    ck_assert_uint_eq(f->rights[0][0x55], XMEM_R);
    ck_assert_int_eq(f->held[0], 0);
}
END_TEST

START_TEST(vcpus_that_cannot_be_held)
{
    open_with(XMEM_STEP_RELAX);
    fake_fail(f, FAKE_HOLD, 1, -EOPNOTSUPP, true);
    access_at(1, 0x55, 0);
    ck_ok(xmem_event_step_over(d, ev));
    fake_fail(f, FAKE_HOLD, 0, 0, false);
}
END_TEST

START_TEST(no_means_left)
{
    open_with(XMEM_STEP_VIEW);
    access_at(1, 0x55, 4);
    ck_rc(xmem_event_step_over(d, ev), -EOPNOTSUPP);
    ck_ok(xmem_event_reply(d, ev, NULL));
}
END_TEST

static void breakpoint_at(uint64_t gfn, uint16_t view)
{
    uint64_t u[4] = {gfn, 0, 1, 0}; /* one byte long */
    fake_put(f, 1, XMEM_EVENT_BREAKPOINT,
             RING_FLAG_VCPU_PAUSED | (view ? RING_FLAG_ALTERNATE_P2M : 0), view, u);
}

START_TEST(a_breakpoint_below_which_an_instruction_stands)
{
    uint16_t v;
    open_with(0);
    ck_ok(xmem_view_create(d, NULL, &v));
    ck_ok(xmem_view_change_gfn(d, v, 0x60, 0x61));
    breakpoint_at(0x60, v);
    ck_ok(xmem_event_next(d, &ev));
    ck_ok(xmem_event_step_over(d, ev));
    ck_assert_uint_eq(last_flags(), VIEW_FLAGS);
    uint16_t s = fake_last(f)->head.view;
    ck_assert(s != v && fake_last(f)->head.u.quarter[0] == v);
    ck_assert_uint_eq(f->rights[s][0x60], XMEM_RWX);
    breakpoint_at(0x60, s); /* the guest has its own there: it is passed, unseen */
    ck_rc(xmem_event_next(d, &ev), -EAGAIN);
    ck_assert_uint_eq(last_flags(),
                      RING_FLAG_VCPU_PAUSED | RING_FLAG_SET_REGISTERS | RING_FLAG_ALTERNATE_P2M);
    ck_assert_uint_eq(fake_last(f)->head.view, v);
    back(1, v);
    breakpoint_at(0x60, v); /* dropped, it goes the same way */
    ck_ok(xmem_event_next(d, &ev));
    ck_ok(xmem_event_drop(d, ev));
    ck_assert_uint_eq(last_flags(), VIEW_FLAGS);
    back(1, v);
}
END_TEST

START_TEST(a_breakpoint_of_the_guest)
{
    open_with(0);
    breakpoint_at(0x60, 0);
    ck_ok(xmem_event_next(d, &ev));
    ck_ok(xmem_event_step_over(d, ev));
    ck_assert_uint_eq(last_flags(), RING_FLAG_VCPU_PAUSED | RING_FLAG_SET_REGISTERS);
}
END_TEST

START_TEST(a_breakpoint_without_fast_step)
{
    uint16_t v;
    open_with(XMEM_STEP_SINGLE);
    ck_ok(xmem_view_create(d, NULL, &v));
    ck_ok(xmem_view_change_gfn(d, v, 0x60, 0x61));
    breakpoint_at(0x60, v);
    ck_ok(xmem_event_next(d, &ev));
    ck_rc(xmem_event_step_over(d, ev), -EOPNOTSUPP);
    ck_ok(xmem_event_reply(d, ev, NULL));
}
END_TEST

START_TEST(what_needs_no_step)
{
    open_with(0);
    fake_put(f, 1, XMEM_EVENT_GUEST_REQUEST, RING_FLAG_VCPU_PAUSED, 0, NULL);
    ck_ok(xmem_event_next(d, &ev));
    ck_ok(xmem_event_step_over(d, ev));
    ck_assert_uint_eq(last_flags(), RING_FLAG_VCPU_PAUSED);
    uint64_t u[4] = {0x55, 0, 0, XMEM_ACCESS_R};
    fake_put(f, 1, XMEM_EVENT_MEM_ACCESS, 0, 0, u); /* n2rwx: it does not wait */
    ck_ok(xmem_event_next(d, &ev));
    ck_ok(xmem_event_step_over(d, ev));
    ck_assert_uint_eq(last_flags(), 0);
}
END_TEST

int main(void)
{
    const unit_test tests[] = {by_view,
                               by_view_second_page,
                               by_view_from_a_view,
                               by_view_from_a_remapped_view,
                               the_step_view_gives_way,
                               by_view_fails,
                               by_single_step,
                               several_single_steps_on_one_page,
                               a_page_that_nothing_is_known_of,
                               single_step_with_the_callers,
                               single_step_fails,
                               closing_in_a_step,
                               closing_with_a_step_that_never_ends,
                               by_emulation,
                               what_the_emulator_refused_before,
                               by_relaxing,
                               relaxing_ends_with_another_event,
                               relaxing_in_a_loop,
                               relaxing_ends_with_the_time,
                               vcpus_that_cannot_be_held,
                               no_means_left,
                               a_breakpoint_below_which_an_instruction_stands,
                               a_breakpoint_of_the_guest,
                               a_breakpoint_without_fast_step,
                               what_needs_no_step,
                               NULL};
    Suite *s = suite_create("step");
    TCase *c = tcase_create("step");
    tcase_add_checked_fixture(c, NULL, teardown);
    for (unsigned i = 0; tests[i]; i++)
        tcase_add_test(c, tests[i]);
    suite_add_tcase(s, c);
    return unit_run(s);
}
