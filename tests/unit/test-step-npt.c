/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Steps of a guest on AMD's nested paging: by the hypervisor, and what that does not do by relaxing. */
#include "step-x86-unit.h"

static void begin(uint32_t step_means)
{
    begin_kind(SIM_X86_NPT, step_means);
}

static void runs(uint32_t vcpu, const struct sim_op *op, uint64_t repeat)
{
    ck_ok(xmi_sim_vcpu_script(g, vcpu, op, 1, repeat));
}

static void step(uint32_t by, uint32_t passes)
{
    ck_ok(xmem_event_step_over(d, ev));
    ck_assert_uint_eq(ev->stepped, by);
    ck_assert_uint_eq(ev->passes, passes);
}

static void none(void)
{
    ck_rc(xmem_event_next(d, &ev), -EAGAIN);
}

static const struct sim_op write_op = {.code = SIM_OP_WRITE, .addr = A << 12, .value = 7};
static const struct sim_op odd_op = {
    .code = SIM_OP_WRITE, .flags = SIM_OP_F_UNHANDLEABLE, .addr = A << 12, .value = 7};
static const struct sim_op vector_op = {
    .code = SIM_OP_WRITE, .flags = SIM_OP_F_NO_EMUL, .addr = A << 12, .value = 7};
static const struct sim_op copy_op = {.code = SIM_OP_COPY, .addr = A << 12, .to = B << 12};
static const struct sim_op vector_copy_op = {
    .code = SIM_OP_COPY, .flags = SIM_OP_F_NO_EMUL, .addr = A << 12, .to = B << 12};

/* With and without an instruction that the emulator does: none is unseen, no hypercall but notifications. */
static void many(const struct sim_op *op)
{
    struct xmem_caps caps = {.size = sizeof(caps)};
    begin(0);
    ck_ok(xmem_domain_get_caps(d, &caps));
    ck_assert_uint_eq(caps.step_means, XMEM_STEP_HYPERVISOR | OLDER);
    ck_assert_uint_eq(caps.step_airtight, XMEM_STEP_HYPERVISOR);
    runs(0, op, 20);
    runs(1, op, 20);
    next_at(A);
    step(XMEM_STEP_HYPERVISOR, 0);
    struct xmem_stats before = stats();
    for (unsigned i = 1; i < 40; i++) {
        next_at(A);
        step(XMEM_STEP_HYPERVISOR, 0);
    }
    none();
    ck_assert_uint_eq(stats().hypercalls, before.hypercalls);
    ck_assert_uint_eq(done(0) + done(1), 40);
    ck_assert_uint_eq(end().unseen, 0);
}

START_TEST(by_the_hypervisor)
{
    many(&write_op);
}
END_TEST

START_TEST(by_the_processor)
{
    many(&vector_op);
}
END_TEST

/* An event of its own; while it waits the first page is closed to everybody. */
static void two_pages(const struct sim_op *op)
{
    begin(0);
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_N));
    runs(0, op, 1);
    next_at(A);
    step(XMEM_STEP_HYPERVISOR, 0);
    next_at(B);
    ck_assert_uint_eq(done(0), 0);
    const struct xmem_event *second = ev;
    runs(1, &write_op, 1);
    next_at(A);
    ck_assert_uint_eq(ev->vcpu, 1);
    step(XMEM_STEP_HYPERVISOR, 0);
    ev = second;
    step(XMEM_STEP_HYPERVISOR, 0);
    none();
    ck_assert_uint_eq(done(0) + done(1), 2);
    ck_assert_uint_eq(stats().events, 3);
    end();
}

START_TEST(second_page)
{
    two_pages(&copy_op);
}
END_TEST

START_TEST(second_page_by_the_processor)
{
    two_pages(&vector_copy_op);
}
END_TEST

/* What turns by itself does so, without an event, and the instruction is done all the same. */
static void turns(const struct sim_op *op)
{
    enum xmem_rights rights;
    begin(0);
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_N));
    ck_ok(xmem_domain_set_rights(d, 0, B, XMEM_RX2RW));
    runs(0, op, 1);
    next_at(A);
    step(XMEM_STEP_HYPERVISOR, 0);
    none();
    ck_assert_uint_eq(done(0), 1);
    ck_ok(xmem_domain_get_rights(d, 0, B, &rights));
    ck_assert_uint_eq(rights, XMEM_RW);
    end();
}

START_TEST(second_page_turns)
{
    turns(&copy_op);
    turns(&vector_copy_op);
}
END_TEST

/* Its session ends while others are held: they go on. */
START_TEST(closed_under_way)
{
    for (unsigned n = 1; n < 6; n++) {
        begin(0);
        runs(0, &vector_op, 3);
        next_at(A);
        step(XMEM_STEP_HYPERVISOR, 0);
        runs(1, &write_op, 1);
        ck_ok(xmem_event_flush(d));
        xmi_sim_domain_run(g, n);
        end();
    }
}
END_TEST

/* Rights that are set before the vCPU goes on are those that count. */
START_TEST(rights_that_were_set_since)
{
    begin(0);
    runs(0, &write_op, 1);
    next_at(A);
    step(XMEM_STEP_HYPERVISOR, 0);
    ck_ok(xmem_event_flush(d));
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_N));
    next_at(A);
    ck_assert_uint_eq(done(0), 0);
    step(XMEM_STEP_HYPERVISOR, 0);
    none();
    ck_assert_uint_eq(done(0), 1);
    end();
}
END_TEST

/* By the next means; where the instruction comes again that is said at once. */
START_TEST(what_the_emulator_does_not_do)
{
    const struct sim_op ops[] = {odd_op, write_op, odd_op};
    struct xmem_regs regs = {.size = sizeof(regs)};
    struct xmem_reply back = {.size = sizeof(back), .flags = XMEM_REPLY_SET_REGS, .regs = &regs};
    begin(0);
    ck_ok(xmi_sim_vcpu_script(g, 0, ops, 3, 1));
    next_at(A);
    step(XMEM_STEP_HYPERVISOR, 0);
    next_at(A);
    ck_assert_uint_eq(done(0), 1);
    ck_assert_uint_eq(stats().not_decoded, 1);
    ck_ok(xmem_event_get_regs(d, ev, &regs));
    regs.u.x86.rip--; /* where it was before */
    ck_ok(xmem_event_reply(d, ev, &back));
    next_at(A);
    step(XMEM_STEP_RELAX, XMEM_PASSES_OTHERS | XMEM_PASSES_AGAIN);
    none();
    ck_assert_uint_eq(done(0), 3);
    end();
}
END_TEST

/* Strictly it is told again, and stays where it is. */
START_TEST(strictly)
{
    struct xmem_reply r = {
        .size = sizeof(r), .action = XMEM_REPLY_STEP_OVER, .flags = XMEM_REPLY_STEP_STRICT};
    begin(0);
    runs(0, &odd_op, 1);
    next_at(A);
    ck_ok(xmem_event_reply(d, ev, &r));
    next_at(A);
    ck_rc(xmem_event_reply(d, ev, &r), -EOPNOTSUPP);
    ck_assert_uint_eq(done(0), 0);
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_RWX));
    ck_ok(xmem_event_reply(d, ev, NULL));
    none();
    ck_assert_uint_eq(done(0), 1);
    end();
}
END_TEST

int main(void)
{
    const unit_test tests[] = {by_the_hypervisor,
                               by_the_processor,
                               second_page,
                               second_page_by_the_processor,
                               second_page_turns,
                               closed_under_way,
                               rights_that_were_set_since,
                               what_the_emulator_does_not_do,
                               strictly,
                               NULL};
    return unit_main("step-npt", NULL, NULL, tests);
}
