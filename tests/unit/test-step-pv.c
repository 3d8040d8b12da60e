/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Steps of a PV guest: by the hypervisor's emulator, and by relaxing what it does not do. */
#include <sim.h>

#include "backend-sim.h"
#include "unit.h"

#define A 16u
#define B 17u

static struct sim_machine *m;
static struct sim_domain *g;
static struct xmem *x;
static struct xmem_domain *d;
static const struct xmem_event *ev;

static void begin(uint32_t step_means)
{
    struct sim_machine_cfg cfg = {.seed = 1, .xen_minor = 20};
    struct sim_domain_cfg dom = {.kind = SIM_X86_PV, .vcpus = 2, .pages = 64, .name = "g"};
    struct xmem_domain_opts o = {.size = sizeof(o), .step_means = step_means};
    ck_ok(sim_machine_create(&cfg, &m));
    ck_ok(sim_domain_create(m, &dom, &g));
    ck_ok(xmem_open_machine(m, &x));
    ck_ok(xmem_domain_open(x, 1, &o, &d));
    ck_ok(xmem_domain_enable(d));
    ck_ok(xmem_domain_set_rights_range(d, 0, A, 2, XMEM_R));
}

static struct xmem_machine_report end(void)
{
    struct xmem_machine_report r = {.size = sizeof(r)};
    ck_ok(xmem_domain_close(d));
    ck_ok(xmem_machine_check(x, &r));
    ck_assert_uint_eq(r.forbidden + r.double_answers + r.unanswered + r.leaked_slots, 0);
    ck_assert_uint_eq(r.leftover_rights + r.leftover_pauses + r.leftover_monitors, 0);
    xmem_close(x);
    sim_machine_destroy(m);
    return r;
}

static void writes(uint32_t vcpu, uint64_t addr, uint16_t flags, uint64_t repeat)
{
    struct sim_op op = {.code = SIM_OP_WRITE, .flags = flags, .addr = addr, .value = 7};
    ck_ok(sim_vcpu_script(g, vcpu, &op, 1, repeat));
}

static void next_at(uint64_t gfn)
{
    ck_ok(xmem_event_next(d, &ev));
    ck_assert_uint_eq(ev->reason, XMEM_EVENT_MEM_ACCESS);
    ck_assert_uint_eq(ev->u.mem.gfn, gfn);
}

static uint64_t done(uint32_t vcpu)
{
    struct sim_vcpu_info i;
    ck_ok(sim_vcpu_info(g, vcpu, &i));
    return i.done;
}

static struct xmem_stats stats(void)
{
    struct xmem_stats s = {.size = sizeof(s)};
    ck_ok(xmem_domain_get_stats(d, &s));
    return s;
}

START_TEST(emulated_first)
{
    struct xmem_caps caps = {.size = sizeof(caps)};
    begin(0);
    ck_ok(xmem_domain_get_caps(d, &caps));
    ck_assert_uint_eq(caps.step_means, XMEM_STEP_EMULATE | XMEM_STEP_RELAX);
    ck_assert_uint_eq(caps.step_airtight, XMEM_STEP_EMULATE);
    writes(0, A << 12, 0, 20);
    writes(1, A << 12, 0, 20);
    for (unsigned i = 0; i < 40; i++) { /* none is unseen */
        next_at(A);
        ck_ok(xmem_event_step_over(d, ev));
        ck_assert_uint_eq(ev->stepped, XMEM_STEP_EMULATE);
        ck_assert_uint_eq(ev->passes, 0);
    }
    ck_rc(xmem_event_next(d, &ev), -EAGAIN);
    ck_assert_uint_eq(done(0) + done(1), 40);
    ck_assert_uint_eq(stats().not_decoded, 0);
    ck_assert_uint_eq(end().unseen, 0);
}
END_TEST

/* An event and a decision each; the end of a page needs no other means. */
START_TEST(two_pages)
{
    begin(0);
    writes(0, (B << 12) - 4, 0, 1);
    next_at(A);
    ck_ok(xmem_event_step_over(d, ev));
    ck_assert_uint_eq(ev->stepped, XMEM_STEP_EMULATE);
    next_at(B);
    ck_assert_uint_eq(done(0), 0);
    ck_ok(xmem_event_step_over(d, ev));
    ck_assert_uint_eq(ev->stepped, XMEM_STEP_EMULATE);
    ck_rc(xmem_event_next(d, &ev), -EAGAIN);
    ck_assert_uint_eq(done(0), 1);
    ck_assert_uint_eq(stats().events, 2);
    end();
}
END_TEST

static void not_emulated(uint16_t flags)
{
    begin(0);
    writes(0, A << 12, flags, 1);
    next_at(A);
    ck_ok(xmem_event_step_over(d, ev));
    ck_rc(xmem_event_next(d, &ev), -EAGAIN);
    ck_assert_uint_eq(done(0), 1);
    ck_assert_uint_eq(stats().not_decoded, 1);
    ck_assert_uint_eq(stats().steps, 1);
    writes(0, A << 12, 0, 1); /* the page is closed again */
    next_at(A);
    ck_ok(xmem_event_step_over(d, ev));
    ck_assert_uint_eq(ev->stepped, XMEM_STEP_EMULATE);
    end();
}

START_TEST(what_is_not_emulated_is_relaxed)
{
    not_emulated(SIM_OP_F_NO_EMUL);
}
END_TEST

START_TEST(what_is_given_up_is_relaxed)
{
    not_emulated(SIM_OP_F_UNHANDLEABLE);
}
END_TEST

/* The page is not opened: the event is told once more, for another answer. */
START_TEST(strictly)
{
    begin(XMEM_STEP_STRICT);
    writes(0, A << 12, SIM_OP_F_NO_EMUL, 1);
    next_at(A);
    ck_ok(xmem_event_step_over(d, ev));
    next_at(A);
    ck_rc(xmem_event_step_over(d, ev), -EOPNOTSUPP);
    ck_assert_ptr_nonnull(strstr(xmem_domain_last_error(d), "by relaxing, but"));
    ck_assert_uint_eq(done(0), 0);
    ck_assert_uint_eq(stats().not_decoded, 1);
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_RWX));
    ck_ok(xmem_event_reply(d, ev, NULL));
    ck_rc(xmem_event_next(d, &ev), -EAGAIN);
    ck_assert_uint_eq(done(0), 1);
    end();
}
END_TEST

START_TEST(by_relaxing_alone)
{
    begin(XMEM_STEP_RELAX);
    writes(0, A << 12, 0, 1);
    next_at(A);
    ck_ok(xmem_event_step_over(d, ev));
    ck_assert_uint_eq(ev->stepped, XMEM_STEP_RELAX);
    ck_assert_uint_ne(ev->passes, 0);
    ck_rc(xmem_event_next(d, &ev), -EAGAIN);
    ck_assert_uint_eq(done(0), 1);
    end();
}
END_TEST

int main(void)
{
    const unit_test tests[] = {emulated_first, two_pages, what_is_not_emulated_is_relaxed,
                               what_is_given_up_is_relaxed, strictly, by_relaxing_alone, NULL};
    return unit_main("step-pv", NULL, NULL, tests);
}
