/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Steps of a PV guest: carried over by the hypervisor; and where that may not be, by its emulator, and
 * by relaxing what that does not do.
 */
#include "step-x86-unit.h"

#define TRAP_FLAG UINT64_C(0x100)

static void begin(uint32_t step_means)
{
    begin_kind(SIM_X86_PV, step_means);
}

static void writes(uint32_t vcpu, uint64_t addr, uint16_t flags, uint64_t repeat)
{
    struct sim_op op = {.code = SIM_OP_WRITE, .flags = flags, .addr = addr, .value = 7};
    ck_ok(xmi_sim_vcpu_script(g, vcpu, &op, 1, repeat));
}

START_TEST(emulated_first)
{
    struct xmem_caps caps = {.size = sizeof(caps)};
    begin(OLDER);
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
    begin(OLDER);
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
    begin(OLDER);
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
    begin(OLDER | XMEM_STEP_STRICT);
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

/* ---- by the hypervisor ---- */

static struct sim_vcpu_info info(uint32_t vcpu)
{
    struct sim_vcpu_info i;
    ck_ok(xmi_sim_vcpu_info(g, vcpu, &i));
    return i;
}

static void step(void)
{
    ck_ok(xmem_event_step_over(d, ev));
    ck_assert_uint_eq(ev->stepped, XMEM_STEP_HYPERVISOR);
    ck_assert_uint_eq(ev->passes, 0);
}

static void none(void)
{
    ck_rc(xmem_event_next(d, &ev), -EAGAIN);
}

/* With and without an instruction that the emulator does; no hypercall but notifications. */
static void many(uint16_t flags)
{
    struct xmem_caps caps = {.size = sizeof(caps)};
    begin(0);
    ck_ok(xmem_domain_get_caps(d, &caps));
    ck_assert_uint_eq(caps.step_means, XMEM_STEP_HYPERVISOR | OLDER);
    ck_assert_uint_eq(caps.step_airtight, XMEM_STEP_HYPERVISOR | XMEM_STEP_EMULATE);
    writes(0, A << 12, flags, 20);
    writes(1, A << 12, flags, 20);
    next_at(A);
    step();
    struct xmem_stats before = stats();
    for (unsigned i = 1; i < 40; i++) { /* none is unseen */
        next_at(A);
        step();
    }
    none();
    ck_assert_uint_eq(stats().hypercalls, before.hypercalls);
    ck_assert_uint_eq(done(0) + done(1), 40);
    ck_assert_uint_eq(stats().not_decoded, 0);
    ck_assert_uint_eq(end().unseen, 0);
}

START_TEST(by_the_hypervisor)
{
    many(0);
}
END_TEST

START_TEST(what_no_emulator_does)
{
    many(SIM_OP_F_NO_EMUL);
}
END_TEST

static const struct sim_op copy_op = {
    .code = SIM_OP_COPY, .flags = SIM_OP_F_NO_EMUL, .addr = A << 12, .to = B << 12};

/* Its first page is closed while the second waits, and anybody's access to it is told. */
START_TEST(second_page)
{
    begin(0);
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_N));
    ck_ok(xmi_sim_vcpu_script(g, 0, &copy_op, 1, 1));
    next_at(A);
    step();
    next_at(B);
    ck_assert_uint_eq(done(0), 0);
    const struct xmem_event *second = ev;
    writes(1, A << 12, 0, 1);
    next_at(A);
    ck_assert_uint_eq(ev->vcpu, 1);
    step();
    ev = second;
    step();
    none();
    ck_assert_uint_eq(done(0) + done(1), 2);
    ck_assert_uint_eq(stats().events, 3);
    end();
}
END_TEST

/* Not stepped over the second: it comes again for both, and nothing was copied meanwhile. */
START_TEST(second_page_refused)
{
    uint64_t there = 0, seven = 7;
    begin(0);
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_N));
    ck_ok(xmem_domain_write(d, A << 12, &seven, sizeof(seven)));
    ck_ok(xmi_sim_vcpu_script(g, 0, &copy_op, 1, 1));
    for (unsigned i = 0; i < 3; i++) {
        next_at(A);
        step();
        next_at(B);
        ck_ok(xmem_event_reply(d, ev, NULL));
        ck_ok(xmem_domain_read(d, B << 12, &there, sizeof(there)));
        ck_assert_uint_eq(there, 0);
        next_at(B);
        ck_assert_uint_eq(done(0), i);
        ck_ok(xmem_domain_set_rights(d, 0, B, XMEM_RWX));
        ck_ok(xmem_event_reply(d, ev, NULL));
        none();
        ck_assert_uint_eq(done(0), i + 1);
        ck_ok(xmem_domain_set_rights(d, 0, B, XMEM_R));
        ck_ok(xmem_domain_write(d, B << 12, "\0\0\0\0\0\0\0", 8));
        ck_ok(xmi_sim_vcpu_script(g, 0, &copy_op, 1, 1));
    }
    next_at(A);
    step();
    next_at(B);
    step();
    none();
    end();
}
END_TEST

/* The trap that brings the vCPU back is not the guest's; one that it set itself is, once each. */
START_TEST(guests_own_single_step)
{
    struct xmem_regs regs = XMEM_INIT(regs);
    struct xmem_reply set = XMEM_INIT(set);
    begin(0);
    writes(0, A << 12, SIM_OP_F_NO_EMUL, 4);
    next_at(A);
    step();
    next_at(A);
    ck_assert_uint_eq(info(0).debugs, 0);
    ck_ok(xmem_event_get_regs(d, ev, &regs));
    ck_assert(!(regs.u.x86.rflags & TRAP_FLAG));
    regs.u.x86.rflags |= TRAP_FLAG;
    set.flags = XMEM_REPLY_SET_REGS;
    set.regs = &regs;
    ck_ok(xmem_event_reply(d, ev, &set));
    for (unsigned i = 1; i < 4; i++) {
        next_at(A);
        ck_assert_uint_eq(done(0), i);
        ck_assert_uint_eq(info(0).debugs, i - 1);
        ck_ok(xmem_event_get_regs(d, ev, &regs));
        ck_assert(regs.u.x86.rflags & TRAP_FLAG);
        step();
    }
    none();
    ck_assert_uint_eq(info(0).debugs, 3);
    end();
}
END_TEST

/* A page that is restricted anew in the middle is told; the answer was for what was told before. */
START_TEST(rights_change_under_way)
{
    unsigned told = 0;

    begin(0);
    writes(0, A << 12, SIM_OP_F_NO_EMUL, 1);
    for (unsigned i = 0; !done(0); i++) {
        ck_assert_uint_lt(i, 40);
        if (!xmem_event_next(d, &ev)) {
            step();
            told++;
        }
        ck_ok(xmem_event_flush(d));
        if (i < 6)
            ck_ok(xmem_domain_set_rights(d, 0, A, i & 1 ? XMEM_R : XMEM_N));
        xmi_sim_domain_run(g, 1);
    }
    ck_assert_uint_gt(told, 1); /* an answer ends where rights are set */
    none();
    writes(0, A << 12, 0, 1);
    next_at(A);
    step();
    none();
    end();
}
END_TEST

/* Its session ends while others are held: they go on. */
START_TEST(closed_under_way)
{
    for (unsigned runs = 1; runs < 5; runs++) {
        begin(0);
        writes(0, A << 12, SIM_OP_F_NO_EMUL, 3);
        next_at(A);
        step();
        writes(1, B << 12, 0, 1);
        ck_ok(xmem_event_flush(d));
        xmi_sim_domain_run(g, runs);
        end();
    }
}
END_TEST

int main(void)
{
    const unit_test tests[] = {emulated_first,
                               two_pages,
                               what_is_not_emulated_is_relaxed,
                               what_is_given_up_is_relaxed,
                               strictly,
                               by_relaxing_alone,
                               by_the_hypervisor,
                               what_no_emulator_does,
                               second_page,
                               second_page_refused,
                               guests_own_single_step,
                               rights_change_under_way,
                               closed_under_way,
                               NULL};
    return unit_main("step-pv", NULL, NULL, tests);
}
