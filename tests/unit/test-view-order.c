/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Views of a guest that runs on whenever the library asks something of the machine. */
#include <sim.h>

#include "doc/doc.h"
#include "session/session.h"
#include "unit.h"

#define A 16u
#define B 17u
#define C 18u
#define VIEWS 4u

static struct sim_machine *m;
static struct sim_domain *g;
static struct xmem *x;
static struct xmem_domain *d;
static const struct xmem_event *ev;
static struct xmem_backend_ops ops; /* the simulator's, with the guest's turn behind a call */
static uint64_t seen[8], seen_n;

static uint64_t result(void)
{
    struct sim_vcpu_info info;
    ck_ok(xmi_sim_vcpu_info(g, 0, &info));
    return info.result;
}

static uint16_t view_of(uint32_t vcpu)
{
    struct sim_vcpu_info info;
    ck_ok(xmi_sim_vcpu_info(g, vcpu, &info));
    return info.view;
}

static int change_gfn(void *dom, uint16_t view, uint64_t gfn, uint64_t to)
{
    int rc = xmi_backend_sim.view_change_gfn(dom, view, gfn, to);
    if (xmi_sim_domain_run(g, 1) && seen_n < 8)
        seen[seen_n++] = result();
    return rc;
}

static void setup(void)
{
    struct sim_machine_cfg cfg = {.seed = 1, .xen_minor = 17, .max_views = VIEWS};
    struct sim_domain_cfg dom = {
        .kind = SIM_X86_EPT, .vcpus = 2, .pages = 256, .altp2m = true, .name = "g"};
    seen_n = 0;
    ck_ok(xmi_sim_machine_create(&cfg, &m));
    ck_ok(xmi_sim_domain_create(m, &dom, &g));
    ck_ok(xmi_open_machine(m, &x));
    ops = xmi_backend_sim;
    ops.view_change_gfn = change_gfn;
    x->ops = &ops;
    ck_ok(xmem_domain_open(x, 1, NULL, &d));
    ck_ok(xmem_domain_enable(d));
}

static void teardown(void)
{
    struct xmem_machine_report r = {.size = sizeof(r)};
    ck_ok(xmem_domain_close(d));
    ck_ok(xmem_machine_check(x, &r));
    ck_assert_uint_eq(r.forbidden + r.unanswered + r.leftover_rights + r.leftover_views, 0);
    ck_assert_uint_eq(r.leftover_pauses + r.leftover_monitors + r.leaked_slots, 0);
    xmem_close(x);
    xmi_sim_machine_destroy(m);
}

static void mark(uint64_t gfn)
{
    ck_ok(xmem_domain_write(d, gfn << 12, &gfn, sizeof(gfn)));
}

static void op_at(uint32_t vcpu, uint8_t code, uint64_t gfn, uint64_t repeat)
{
    struct sim_op op = {.code = code, .addr = gfn << 12, .value = gfn};
    ck_ok(xmi_sim_vcpu_script(g, vcpu, &op, 1, repeat));
}

static uint16_t view_with_b_shown_as_c(void)
{
    uint16_t v;
    mark(A);
    mark(B);
    mark(C);
    ck_ok(xmem_view_create(d, NULL, &v));
    ck_ok(xmem_view_change_gfn(d, v, B, C));
    ck_ok(xmem_view_switch(d, v));
    return v;
}

/* To show B at A, what B shows is moved out of the way: its rights are there again afterwards. */
START_TEST(what_was_moved_out_of_the_way_has_its_rights)
{
    enum xmem_rights r;
    uint16_t v = view_with_b_shown_as_c();
    ck_ok(xmem_domain_set_rights(d, v, B, XMEM_R));
    ck_ok(xmem_view_change_gfn(d, v, A, B));
    ck_ok(xmem_domain_get_rights(d, v, B, &r));
    ck_assert_int_eq(r, XMEM_R);
    op_at(0, SIM_OP_WRITE, B, 1);
    ck_ok(xmem_event_next(d, &ev));
    ck_assert_uint_eq(ev->u.mem.gfn, B);
    ck_ok(xmem_event_step_over(d, ev));
    ck_rc(xmem_event_next(d, &ev), -EAGAIN);
}
END_TEST

/* Meanwhile nobody reads B as it is. */
START_TEST(nobody_runs_while_a_remap_is_out_of_the_way)
{
    uint16_t v = view_with_b_shown_as_c();
    op_at(0, SIM_OP_READ, B, 0);
    xmi_sim_domain_run(g, 1);
    ck_assert_uint_eq(result(), C);
    seen_n = 0;
    ck_ok(xmem_view_change_gfn(d, v, A, B));
    for (uint64_t i = 0; i < seen_n; i++)
        ck_assert_uint_eq(seen[i], C);
    xmi_sim_domain_run(g, 1);
    ck_assert_uint_eq(result(), C);
}
END_TEST

/* An answer that names a view was given first: it takes effect first. */
START_TEST(a_switch_comes_behind_the_answers_given_before)
{
    struct xmem_reply r = XMEM_INIT(r);
    uint16_t v, w;
    ck_ok(xmem_view_create(d, NULL, &v));
    ck_ok(xmem_view_create(d, NULL, &w));
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_R));
    op_at(0, SIM_OP_WRITE, A, 1);
    ck_ok(xmem_event_next(d, &ev));
    r.flags = XMEM_REPLY_SET_VIEW;
    r.view = v;
    ck_ok(xmem_event_reply(d, ev, &r));
    ck_ok(xmem_view_switch(d, w));
    ck_ok(xmem_event_flush(d));
    ck_assert_uint_eq(view_of(0), w);
    ck_assert_uint_eq(view_of(1), w);
    ck_rc(xmem_event_next(d, &ev), -EAGAIN);
}
END_TEST

static bool listed(uint16_t view)
{
    uint16_t list[VIEWS];
    size_t n = VIEWS;
    ck_ok(xmem_view_list(d, list, &n));
    while (n && list[n - 1] != view)
        n--;
    return n;
}

/* The library's own view for stepping is there, and no caller gets at it. */
START_TEST(a_reply_names_no_view_of_the_librarys)
{
    struct xmem_reply r = XMEM_INIT(r);
    unsigned own = 0;
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_R));
    op_at(0, SIM_OP_WRITE, A, 2);
    ck_ok(xmem_event_next(d, &ev));
    ck_ok(xmem_event_step_over(d, ev));
    ck_ok(xmem_event_next(d, &ev));
    for (uint16_t v = 1; v < VIEWS; v++) {
        if (listed(v) || xmi_backend_sim.view_exists(d->dom, v) <= 0)
            continue;
        own++;
        r.flags = XMEM_REPLY_SET_VIEW;
        r.view = v;
        ck_rc(xmem_event_reply(d, ev, &r), -ENOENT);
        r.flags |= XMEM_REPLY_FAST_STEP;
        r.view = 0;
        r.step_view = v;
        ck_rc(xmem_event_reply(d, ev, &r), -ENOENT);
    }
    ck_assert_uint_eq(own, 1);
    ck_ok(xmem_event_step_over(d, ev));
    ck_rc(xmem_event_next(d, &ev), -EAGAIN);
    ck_assert_uint_eq(view_of(0), 0);
}
END_TEST

int main(void)
{
    const unit_test tests[] = {what_was_moved_out_of_the_way_has_its_rights,
                               nobody_runs_while_a_remap_is_out_of_the_way,
                               a_switch_comes_behind_the_answers_given_before,
                               a_reply_names_no_view_of_the_librarys, NULL};
    return unit_main("view-order", setup, teardown, tests);
}
