/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Steps of a running guest, where views and slots are few, and answers wait to be sent. */
#include <poll.h>
#include <sim.h>

#include "doc/doc.h"
#include "unit.h"

#define A 16u
#define B 17u
#define C 20u
#define MANY 64u

static struct sim_machine *m;
static struct sim_domain *g;
static struct xmem *x;
static struct xmem_domain *d;
static const struct xmem_event *ev;

static void begin(uint32_t xen_minor, uint32_t max_views, uint32_t vcpus, uint32_t restore)
{
    struct sim_machine_cfg cfg = {.seed = 1, .xen_minor = xen_minor, .max_views = max_views};
    struct sim_domain_cfg dom = {
        .kind = SIM_X86_EPT, .vcpus = vcpus, .pages = 512, .altp2m = true, .name = "g"};
    struct xmem_domain_opts o = {.size = sizeof(o), .restore = restore};
    ck_ok(xmi_sim_machine_create(&cfg, &m));
    ck_ok(xmi_sim_domain_create(m, &dom, &g));
    ck_ok(xmi_open_machine(m, &x));
    ck_ok(xmem_domain_open(x, 1, &o, &d));
    ck_ok(xmem_domain_enable(d));
}

static struct xmem_machine_report checked(void)
{
    struct xmem_machine_report r = {.size = sizeof(r)};
    ck_ok(xmem_machine_check(x, &r));
    return r;
}

static void end(void)
{
    ck_ok(xmem_domain_close(d));
    struct xmem_machine_report r = checked();
    ck_assert_uint_eq(r.forbidden + r.double_answers + r.unanswered + r.leaked_slots, 0);
    ck_assert_uint_eq(r.leftover_rights + r.leftover_pauses + r.leftover_monitors, 0);
    xmem_close(x);
    xmi_sim_machine_destroy(m);
}

static void write_at(uint32_t vcpu, uint64_t gfn, uint64_t repeat)
{
    struct sim_op op = {.code = SIM_OP_WRITE, .addr = gfn << 12};
    ck_ok(xmi_sim_vcpu_script(g, vcpu, &op, 1, repeat));
}

static void copies(uint32_t vcpu, uint64_t from, uint64_t to, uint64_t repeat)
{
    struct sim_op ops[] = {{.code = SIM_OP_COPY, .addr = from << 12, .to = to << 12},
                           {.code = SIM_OP_WRITE, .addr = C << 12}};
    ck_ok(xmi_sim_vcpu_script(g, vcpu, ops, 2, repeat));
}

static void next_at(uint64_t gfn, uint16_t view)
{
    ck_ok(xmem_event_next(d, &ev));
    ck_assert_uint_eq(ev->reason, XMEM_EVENT_MEM_ACCESS);
    ck_assert_uint_eq(ev->u.mem.gfn, gfn);
    ck_assert_uint_eq(ev->view, view);
}

/* The answer is not sent yet: its step view is no one else's. */
START_TEST(an_answered_step_keeps_its_view)
{
    uint16_t v;
    begin(17, 2, 1, 0);
    ck_ok(xmem_domain_set_rights_range(d, 0, A, 2, XMEM_N));
    copies(0, A, B, 1);
    next_at(A, 0);
    ck_ok(xmem_event_step_over(d, ev));
    ck_rc(xmem_view_create(d, NULL, &v), -ENOSPC);
    next_at(B, 0);
    ck_assert_uint_eq(checked().accesses, 0);
    end();
}
END_TEST

START_TEST(a_view_that_an_answer_names_stays)
{
    uint16_t v;
    begin(17, 2, 1, 0);
    ck_ok(xmem_view_create(d, NULL, &v));
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_R));
    write_at(0, A, 1);
    next_at(A, 0);
    struct xmem_reply r = {.size = sizeof(r), .flags = XMEM_REPLY_SET_VIEW, .view = v};
    ck_ok(xmem_event_reply(d, ev, &r));
    ck_rc(xmem_view_destroy(d, v), -EBUSY);
    end();
}
END_TEST

START_TEST(kept_vcpus_stay_in_their_view)
{
    uint16_t v, now = 0;
    begin(17, 0, 1, XMEM_RESTORE_KEEP);
    ck_ok(xmem_view_create(d, NULL, &v));
    ck_ok(xmem_domain_set_rights(d, v, A, XMEM_R));
    ck_ok(xmem_view_switch(d, v));
    write_at(0, A, 0);
    next_at(A, v);
    ck_ok(xmem_event_step_over(d, ev));
    next_at(A, v);
    ck_ok(xmem_domain_close(d));
    ck_ok(xmem_domain_open(x, 1, NULL, &d));
    ck_ok(xmem_view_get_vcpu(d, 0, &now));
    ck_assert_uint_eq(now, v);
    xmem_close(x);
    xmi_sim_machine_destroy(m);
}
END_TEST

/* Where the end of a step by view makes an event, it is not the caller's. */
START_TEST(a_steps_own_event_is_not_told)
{
    struct xmem_monitor steps = {.size = sizeof(steps), .reason = XMEM_EVENT_SINGLESTEP};
    begin(13, 0, 1, 0);
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_R));
    ck_ok(xmem_domain_set_monitor(d, &steps, 1));
    write_at(0, A, 2);
    for (unsigned i = 0; i < 2; i++) {
        next_at(A, 0);
        ck_ok(xmem_event_step_over(d, ev));
    }
    ck_rc(xmem_event_next(d, &ev), -EAGAIN);
    end();
}
END_TEST

/* Steps that wait for one another leave a slot for the one that they wait for. */
START_TEST(more_steps_than_slots)
{
    static const uint32_t views[] = {2, 3, 10};
    begin(17, views[_i], MANY, 0);
    ck_ok(xmem_domain_set_rights_range(d, 0, 256, 2 * MANY, XMEM_N));
    for (uint32_t i = 0; i < MANY; i++) {
        struct sim_op op = {
            .code = SIM_OP_COPY, .addr = (256u + 2 * i) << 12, .to = (257u + 2 * i) << 12};
        ck_ok(xmi_sim_vcpu_script(g, i, &op, 1, 2));
    }
    unsigned told = 0, quiet = 0;
    while (quiet < 1000 && checked().accesses < 2 * MANY) {
        int rc = xmem_event_next(d, &ev);
        ck_assert(!rc || rc == -EAGAIN);
        quiet = rc ? quiet + 1 : 0;
        told += !rc;
        if (!rc)
            ck_ok(xmem_event_step_over(d, ev));
    }
    ck_assert_uint_eq(checked().accesses, 2 * MANY);
    ck_assert_uint_eq(told, 4 * MANY); /* each once */
    end();
}
END_TEST

static bool looking;

/* The vCPUs run on processors of their own, when the tool does nothing. */
static uint32_t beside_the_tool(void *ctx, const uint32_t *vcpus, uint32_t n, uint64_t *ops)
{
    uint32_t *turn = ctx;
    *ops = 1;
    return looking ? SIM_NOBODY : vcpus[(*turn)++ % n];
}

static bool readable(void)
{
    struct pollfd p = {.fd = xmem_domain_get_fd(d), .events = POLLIN};
    return poll(&p, 1, 0) == 1;
}

static void look(void)
{
    int rc;
    looking = true;
    while (!(rc = xmem_event_next(d, &ev)))
        ck_ok(xmem_event_step_over(d, ev));
    ck_rc(rc, -EAGAIN);
    looking = false;
    ck_assert(!readable()); /* it does not go round */
}

/* The fd alone tells a tool to look, and only when something happened. */
START_TEST(steps_that_wait_where_the_fd_is_polled)
{
    static const uint32_t views[] = {2, 3, 10};
    uint32_t turn = 0, vcpus = 4, each = 50;
    unsigned ran = 0, woken = 0;
    begin(17, views[_i], vcpus, 0);
    ck_ok(xmem_domain_set_rights_range(d, 0, 256, vcpus, XMEM_N));
    xmi_sim_domain_schedule(g, beside_the_tool, &turn);
    xmi_sim_evtchn_quiet(g, true);
    for (uint32_t i = 0; i < vcpus; i++)
        write_at(i, 256 + i, each);
    while (checked().accesses < vcpus * each) {
        if (readable()) {
            look();
            woken++;
        } else {
            ck_assert_msg(xmi_sim_domain_run(g, 1), "nobody can run, and the tool is not woken");
            ran++;
        }
    }
    ck_assert_uint_ge(woken, vcpus * each);
    ck_assert_uint_le(woken, ran);
    end();
}
END_TEST

/* A deny sends the vCPU back with its fast single step still to come. */
static uint16_t denied_in_a_view(void)
{
    uint16_t v;
    begin(17, 0, 1, 0);
    ck_ok(xmem_view_create(d, NULL, &v));
    ck_ok(xmem_domain_set_rights_range(d, v, A, 2, XMEM_N));
    ck_ok(xmem_domain_set_rights(d, 0, C, XMEM_N));
    ck_ok(xmem_view_switch(d, v));
    copies(0, A, B, 0);
    next_at(A, v);
    ck_ok(xmem_event_step_over(d, ev));
    next_at(B, v);
    ck_ok(xmem_event_reply(d, ev, NULL));
    next_at(A, v);
    return v;
}

START_TEST(a_switch_after_a_deny_holds)
{
    uint16_t now = 9;
    (void)denied_in_a_view();
    struct xmem_reply r = {.size = sizeof(r), .flags = XMEM_REPLY_SET_VIEW};
    if (_i) {
        ck_ok(xmem_view_switch(d, 0));
        r.flags = 0;
    }
    ck_ok(xmem_event_reply(d, ev, &r));
    next_at(C, 0);
    ck_ok(xmem_view_get_vcpu(d, 0, &now));
    ck_assert_uint_eq(now, 0);
    end();
}
END_TEST

/* Toggled now it would go off: it is refused until the next instruction. */
START_TEST(single_step_after_a_deny)
{
    struct xmem_reply r = {.size = sizeof(r), .flags = XMEM_REPLY_TOGGLE_STEP};
    struct xmem_monitor steps = {.size = sizeof(steps), .reason = XMEM_EVENT_SINGLESTEP};
    uint16_t v = denied_in_a_view();
    ck_ok(xmem_domain_set_monitor(d, &steps, 1));
    ck_rc(xmem_event_reply(d, ev, &r), -EOPNOTSUPP);
    ck_ok(xmem_domain_set_rights_range(d, v, A, 2, XMEM_RWX));
    ck_ok(xmem_domain_set_rights(d, v, C, XMEM_N));
    ck_ok(xmem_event_reply(d, ev, NULL));
    next_at(C, v);
    ck_ok(xmem_domain_set_rights(d, v, C, XMEM_RWX));
    ck_ok(xmem_event_reply(d, ev, &r));
    ck_ok(xmem_event_next(d, &ev));
    ck_assert_uint_eq(ev->reason, XMEM_EVENT_SINGLESTEP);
    end();
}
END_TEST

START_TEST(closing_after_a_deny)
{
    (void)denied_in_a_view();
    if (_i)
        ck_ok(xmem_domain_pause(d));
    end();
}
END_TEST

/* Without views there is none but view 0. */
START_TEST(closing_after_a_switch_to_nowhere)
{
    struct xmem_reply r = {.size = sizeof(r), .flags = XMEM_REPLY_SET_VIEW};
    begin(17, 0, 1, 0);
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_R));
    write_at(0, A, 0);
    next_at(A, 0);
    ck_ok(xmem_event_reply(d, ev, &r));
    end();
}
END_TEST

/* What an instruction may do is what it may in the view that an answer sent it to. */
START_TEST(sent_to_another_view_in_a_step)
{
    uint16_t v;
    struct xmem_reply r = {.size = sizeof(r), .flags = XMEM_REPLY_SET_VIEW};
    begin(17, 0, 1, 0);
    ck_ok(xmem_view_create(d, NULL, &v));
    ck_ok(xmem_domain_set_rights_range(d, v, A, 2, XMEM_N));
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_N));
    ck_ok(xmem_domain_set_rights(d, 0, C, XMEM_N));
    ck_ok(xmem_view_switch(d, v));
    copies(0, A, B, 0);
    next_at(A, v);
    ck_ok(xmem_event_reply(d, ev, &r));
    next_at(A, 0);
    ck_ok(xmem_event_step_over(d, ev));
    next_at(C, 0);
    end();
}
END_TEST

/* It is sent home by its last answer, and does nothing more in the step view. */
START_TEST(closing_in_a_step)
{
    static const uint32_t releases[] = {11, 13, 17, 20};
    begin(releases[_i], 0, 3, 0);
    ck_ok(xmem_domain_set_rights_range(d, 0, A, 3, XMEM_R));
    for (uint32_t i = 0; i < 3; i++)
        write_at(i, A + i, 0);
    for (uint32_t i = 0; i < 8; i++) {
        ck_ok(xmem_event_next(d, &ev));
        ck_ok(xmem_event_step_over(d, ev));
    }
    end();
}
END_TEST

/* A vCPU that was sent back runs, and another one's step is waited for. */
START_TEST(closing_among_many)
{
    begin(17, 3, 8, 0);
    ck_ok(xmem_domain_set_rights_range(d, 0, 256, 16, XMEM_N));
    for (uint32_t i = 0; i < 8; i++)
        copies(i, 256u + 2 * i, 257u + 2 * i, 0);
    for (unsigned i = 0; i < 40 + (unsigned)_i && !xmem_event_next(d, &ev); i++)
        ck_ok(i % 7 == 6 ? xmem_event_reply(d, ev, NULL) : xmem_event_step_over(d, ev));
    end();
}
END_TEST

/* The caller's own fast single step leads where it said, whatever is stepped over meanwhile. */
START_TEST(a_callers_fast_step_comes_back)
{
    uint16_t v, u;
    begin(17, 0, 1, 0);
    ck_ok(xmem_view_create(d, NULL, &v));
    ck_ok(xmem_view_create(d, NULL, &u));
    ck_ok(xmem_domain_set_rights(d, v, A, XMEM_N));
    ck_ok(xmem_domain_set_rights(d, v, C, XMEM_N));
    ck_ok(xmem_domain_set_rights(d, u, B, XMEM_N));
    ck_ok(xmem_view_switch(d, v));
    copies(0, A, B, 0);
    next_at(A, v);
    struct xmem_reply r = {.size = sizeof(r),
                           .flags = XMEM_REPLY_SET_VIEW | XMEM_REPLY_FAST_STEP,
                           .view = u,
                           .step_view = v};
    ck_ok(xmem_event_reply(d, ev, &r));
    next_at(B, u);
    ck_ok(xmem_event_step_over(d, ev));
    next_at(C, v);
    end();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("step-guest");
    TCase *c = tcase_create("step-guest");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, an_answered_step_keeps_its_view);
    tcase_add_test(c, a_view_that_an_answer_names_stays);
    tcase_add_test(c, kept_vcpus_stay_in_their_view);
    tcase_add_test(c, a_steps_own_event_is_not_told);
    tcase_add_loop_test(c, more_steps_than_slots, 0, 3);
    tcase_add_loop_test(c, steps_that_wait_where_the_fd_is_polled, 0, 3);
    tcase_add_loop_test(c, a_switch_after_a_deny_holds, 0, 2);
    tcase_add_test(c, single_step_after_a_deny);
    tcase_add_loop_test(c, closing_after_a_deny, 0, 2);
    tcase_add_test(c, closing_after_a_switch_to_nowhere);
    tcase_add_test(c, sent_to_another_view_in_a_step);
    tcase_add_loop_test(c, closing_in_a_step, 0, 4);
    tcase_add_loop_test(c, closing_among_many, 0, 16);
    tcase_add_test(c, a_callers_fast_step_comes_back);
    suite_add_tcase(s, c);
    return unit_run(s);
}
