/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Instructions of Arm vCPUs, done by the library: of a running guest on the simulated machine. */
#include <poll.h>

#include "arm/arm.h"
#include "events/events.h"
#include "session/session.h"
#include "sim-int.h"
#include "step-arm-unit.h"

START_TEST(a_store)
{
    begin_with(1, 0);
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_RX));
    run_op(0, (struct sim_op){.code = SIM_OP_WRITE, .addr = A << 12, .len = 8, .value = VALUE}, 1);
    next_at(A, XMEM_ACCESS_W);
    uint64_t before = stats().sets;
    emulated();
    none_left();
    ck_assert_uint_eq(memory(A << 12), VALUE);
    ck_assert_uint_eq(info(0).done, 1);
    ck_assert_uint_eq(stats().sets, before); /* no page was opened */
    ck_assert_uint_eq(stats().emulated, 1);
    end();
}
END_TEST

START_TEST(a_load)
{
    begin_with(1, 0);
    put_memory(A << 12, VALUE);
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_N));
    run_op(0, (struct sim_op){.code = SIM_OP_READ, .addr = A << 12, .len = 4}, 1);
    next_at(A, XMEM_ACCESS_R);
    emulated();
    none_left();
    ck_assert_uint_eq(info(0).result, (uint32_t)VALUE);
    ck_assert_uint_eq(info(0).done, 1);
    end();
}
END_TEST

/* Told as a read and as a write, each with its own answer; done once. */
START_TEST(an_atomic)
{
    begin_with(1, 0);
    put_memory(A << 12, 5);
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_N));
    run_op(0, (struct sim_op){.code = SIM_OP_RMW, .addr = A << 12, .len = 8, .value = VALUE}, 1);
    ck_assert_uint_eq(step_all(), 2);
    ck_assert_uint_eq(memory(A << 12), VALUE);
    ck_assert_uint_eq(info(0).result, 5);
    ck_assert_uint_eq(stats().emulated, 1);
    end();
}
END_TEST

#define CROSS ((B << 12) - 8) /* of a pair: each of its registers is aligned */

/* The second page is an event of its own, before anything is done. */
START_TEST(two_pages)
{
    begin_with(1, 0);
    ck_ok(xmem_domain_set_rights_range(d, 0, A, 2, XMEM_RX));
    run_op(0, (struct sim_op){.code = SIM_OP_WRITE, .addr = CROSS, .len = 16, .value = VALUE}, 1);
    next_at(A, XMEM_ACCESS_W);
    const struct xmem_event *first = ev;
    ck_ok(xmem_event_step_over(d, ev));
    ck_assert_uint_eq(memory(CROSS), 0);
    next_at(B, XMEM_ACCESS_W);
    ck_assert_ptr_ne(first, ev);
    ck_assert_uint_eq(ev->u.mem.offset, 0);
    ck_rc(xmem_event_step_over(d, first), -EALREADY);
    emulated();
    none_left();
    ck_assert_uint_eq(memory(CROSS), VALUE);
    ck_assert_uint_eq(info(0).done, 1);
    end();
}
END_TEST

/* Not let through at the second: nothing was done at the first either, and it is told again. */
START_TEST(a_second_page_that_is_not_let_through)
{
    begin_with(1, 0);
    ck_ok(xmem_domain_set_rights_range(d, 0, A, 2, XMEM_RX));
    run_op(0, (struct sim_op){.code = SIM_OP_WRITE, .addr = CROSS, .len = 16, .value = VALUE}, 1);
    next_at(A, XMEM_ACCESS_W);
    ck_ok(xmem_event_step_over(d, ev));
    next_at(B, XMEM_ACCESS_W);
    ck_ok(xmem_event_reply(d, ev, NULL));
    next_at(A, XMEM_ACCESS_W);
    ck_assert_uint_eq(memory(CROSS), 0);
    ck_ok(xmem_domain_set_rights_range(d, 0, A, 2, XMEM_RWX));
    ck_ok(xmem_event_reply(d, ev, NULL));
    none_left();
    ck_assert_uint_eq(memory(CROSS), VALUE);
    end();
}
END_TEST

/* The session's own event is there for whoever waits, and for the end of the session. */
START_TEST(own_events_are_waited_for)
{
    begin_with(1, 0);
    ck_ok(xmem_domain_set_rights_range(d, 0, A, 2, XMEM_RX));
    run_op(0, (struct sim_op){.code = SIM_OP_WRITE, .addr = CROSS, .len = 16, .value = VALUE}, 1);
    next_at(A, XMEM_ACCESS_W);
    ck_ok(xmem_event_step_over(d, ev));
    struct pollfd p = {.fd = xmem_domain_get_fd(d), .events = POLLIN};
    ck_assert_int_eq(poll(&p, 1, 0), 1);
    ck_ok(xmem_event_wait(d, 0));
    end();
}
END_TEST

#define ROUNDS 10u

static void exclusives(uint32_t rights, unsigned events)
{
    begin_with(4, 0);
    ck_ok(xmem_domain_set_rights(d, 0, A, rights));
    for (uint32_t i = 0; i < 4; i++)
        run_op(i, (struct sim_op){.code = SIM_OP_EXCL, .addr = A << 12, .len = 8}, ROUNDS);
    ck_assert_uint_eq(step_all(), events);
    ck_assert_uint_eq(memory(A << 12), 4 * ROUNDS);
    ck_assert_uint_eq(stats().not_ended, 0);
    end();
}

START_TEST(exclusives_of_a_page_that_is_read)
{
    exclusives(XMEM_RX, 4 * ROUNDS);
}
END_TEST

START_TEST(exclusives_of_a_closed_page) /* its load, then its store */
{
    exclusives(XMEM_N, 2 * 4 * ROUNDS);
}
END_TEST

/* By relaxing they get on as well. */
START_TEST(exclusives_that_are_relaxed)
{
    begin_with(1, XMEM_STEP_RELAX);
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_N));
    run_op(0, (struct sim_op){.code = SIM_OP_EXCL, .addr = A << 12, .len = 8}, ROUNDS);
    for (unsigned i = 0; i < 100 && !xmem_event_next(d, &ev); i++)
        ck_ok(xmem_event_step_over(d, ev));
    ck_assert_uint_eq(memory(A << 12), ROUNDS);
    ck_ok(xmem_domain_close(d));
    xmem_close(x);
    xmi_sim_machine_destroy(m);
}
END_TEST

/* In the middle of the loop another answer: the vCPU goes on where its event said it is. */
START_TEST(a_loop_that_is_left)
{
    begin_with(1, 0);
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_N));
    run_op(0, (struct sim_op){.code = SIM_OP_EXCL, .addr = A << 12, .len = 8}, 1);
    next_at(A, XMEM_ACCESS_R);
    uint64_t pc = info(0).pc;
    ck_ok(xmem_event_step_over(d, ev));
    next_at(A, XMEM_ACCESS_W);
    struct xmem_regs regs = XMEM_INIT(regs);
    ck_ok(xmem_event_get_regs(d, ev, &regs));
    ck_assert_uint_eq(regs.u.arm.pc, pc + 8);
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_RWX));
    ck_ok(xmem_event_reply(d, ev, NULL));
    ck_assert_uint_eq(info(0).pc, pc + 8);
    none_left();
    ck_assert_uint_eq(memory(A << 12), 1);
    ck_assert_uint_eq(info(0).done, 1);
    end();
}
END_TEST

/* An instruction that is not known: another means, and the reason. */
START_TEST(what_is_not_known)
{
    begin_with(1, 0);
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_N));
    run_op(0, (struct sim_op){.code = SIM_OP_COPY, .addr = A << 12, .to = B << 12, .len = 8}, 1);
    next_at(A, XMEM_ACCESS_R);
    ck_ok(xmem_event_step_over(d, ev));
    ck_assert_uint_eq(ev->stepped, XMEM_STEP_RELAX);
    ck_assert_uint_ne(ev->passes & XMEM_PASSES_AGAIN, 0);
    none_left();
    ck_assert_uint_eq(stats().not_decoded, 1);
    end();
}
END_TEST

START_TEST(strictly_it_waits)
{
    begin_with(1, XMEM_STEP_STRICT);
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_N));
    run_op(0, (struct sim_op){.code = SIM_OP_COPY, .addr = A << 12, .to = B << 12, .len = 8}, 1);
    next_at(A, XMEM_ACCESS_R);
    ck_rc(xmem_event_step_over(d, ev), -EOPNOTSUPP);
    ck_assert_uint_eq(info(0).done, 0);
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_RWX));
    ck_ok(xmem_event_reply(d, ev, NULL));
    none_left();
    end();
}
END_TEST

START_TEST(forbidden_by_the_user)
{
    begin_with(1, XMEM_STEP_RELAX);
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_RX));
    run_op(0, (struct sim_op){.code = SIM_OP_WRITE, .addr = A << 12, .len = 8, .value = VALUE}, 1);
    next_at(A, XMEM_ACCESS_W);
    ck_ok(xmem_event_step_over(d, ev));
    ck_assert_uint_eq(ev->stepped, XMEM_STEP_RELAX);
    none_left();
    ck_assert_uint_eq(stats().emulated, 0);
    end();
}
END_TEST

/* ---- with the MMU on ---- */

/* Its tables are kept, and read again in each step. */
START_TEST(tables_that_change_between_two_steps)
{
    begin_with(1, XMEM_STEP_EMULATE);
    ck_ok(guest_mmu_on(m, g, 1));
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_RX));
    run_op(0, (struct sim_op){.code = SIM_OP_WRITE, .addr = A << 12, .len = 8, .value = VALUE}, 4);
    for (unsigned i = 0; i < 2; i++) {
        next_at(A, XMEM_ACCESS_W);
        emulated();
    }
    uint64_t *entry = guest_entry(g, A), was = *entry;
    put_memory(A << 12, 5);
    next_at(A, XMEM_ACCESS_W);
    *entry = (uint64_t)B << 12 | GUEST_LEAF;
    ck_rc(xmem_event_step_over(d, ev), -EOPNOTSUPP);
    ck_assert_uint_eq(stats().not_same, 1);
    *entry = was | 1u << 7; /* read-only: the guest's own fault */
    ck_rc(xmem_event_step_over(d, ev), -EOPNOTSUPP);
    ck_assert_uint_eq(stats().not_sure, 1);
    *entry = 0;
    ck_rc(xmem_event_step_over(d, ev), -EOPNOTSUPP);
    ck_assert_uint_eq(stats().not_sure, 2);
    ck_assert_uint_eq(memory(A << 12), 5);
    ck_assert_uint_eq(memory(B << 12), 0);
    *entry = was;
    emulated();
    ck_assert_uint_eq(memory(A << 12), VALUE);
    ck_assert_uint_eq(step_all(), 1);
    end();
}
END_TEST

/* ---- a 32-bit kernel, whose short descriptors depend on a register that nobody can read ---- */

#define CODE 20u
#define SHORT_TABLE 32u /* gfn; 16 KiB */
#define SECTION 0xc02u  /* 1 MiB at its own address, for all */
#define SVC 0x1d3u

static void short_descriptors(uint32_t word)
{
    uint32_t section = SECTION;
    struct sim_arm_context c;
    ck_ok(xmem_domain_write(d, SHORT_TABLE << 12, &section, sizeof(section)));
    ck_ok(xmem_domain_write(d, CODE << 12, &word, sizeof(word)));
    ck_ok(xmi_sim_hc_vcpu_get(m, 1, 0, &c));
    c.pc = CODE << 12;
    c.sctlr = 1;
    c.tcr = 0;
    c.ttbr0 = SHORT_TABLE << 12;
    ck_ok(xmi_sim_hc_vcpu_set(m, 1, 0, &c));
    g->vcpu[0].regs.arm.cpsr = SVC;
}

/* The vCPU passed its stage 1 at its pc, and at the address of its event. */
START_TEST(where_the_vcpu_itself_was)
{
    begin_with(1, XMEM_STEP_EMULATE);
    short_descriptors(0xe5812000 /* str r2, [r1] */);
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_RX));
    run_op(0, (struct sim_op){.code = SIM_OP_WRITE, .addr = A << 12, .len = 4, .value = 7}, 1);
    next_at(A, XMEM_ACCESS_W);
    emulated();
    none_left();
    ck_assert_uint_eq(memory(A << 12), 7);
    ck_assert_uint_eq(info(0).pc, (CODE << 12) + 4);
    end();
}
END_TEST

/* At the second page it was not. */
START_TEST(where_it_was_not)
{
    begin_with(1, XMEM_STEP_EMULATE);
    short_descriptors(0xe881000c /* stm r1, {r2, r3} */);
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_RX));
    run_op(0, (struct sim_op){.code = SIM_OP_WRITE, .addr = (B << 12) - 4, .len = 8, .value = 7},
           1);
    next_at(A, XMEM_ACCESS_W);
    ck_rc(xmem_event_step_over(d, ev), -EOPNOTSUPP);
    ck_assert_uint_eq(stats().not_sure, 1);
    ck_assert_uint_eq(memory((B << 12) - 8), 0);
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_RWX));
    ck_ok(xmem_event_reply(d, ev, NULL));
    none_left();
    end();
}
END_TEST

/* ---- where the next instruction is: what a deny skips ---- */

static void length_is(uint32_t word, uint64_t cpsr, int want, uint32_t bytes)
{
    uint32_t n = 0;
    begin_with(1, XMEM_STEP_EMULATE);
    short_descriptors(word);
    g->vcpu[0].regs.arm.cpsr = cpsr;
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_RX));
    run_op(0, (struct sim_op){.code = SIM_OP_WRITE, .addr = A << 12, .len = 4, .value = 7}, 1);
    next_at(A, XMEM_ACCESS_W);
    ck_rc(xmi_event_length_on_arm(d, ev, &n), want);
    if (!want)
        ck_assert_uint_eq(n, bytes);
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_RWX));
    ck_ok(xmem_event_reply(d, ev, NULL));
    none_left();
    end();
}

START_TEST(how_long_an_instruction_is)
{
    length_is(0xe5812000 /* a32: str r2, [r1] */, SVC, 0, 4);
    length_is(0x0000600a /* t32: str r2, [r1] */, SVC | ARM_CPSR_T, 0, 2);
    length_is(0x2000f8c1 /* str.w r2, [r1] */, SVC | ARM_CPSR_T, 0, 4);
    length_is(0x0000600a, SVC | ARM_CPSR_T | 0x400 /* in an IT block */, -EOPNOTSUPP, 0);
}
END_TEST

/* ---- mappings ---- */

static struct xmem_backend_ops counted;
static const struct xmem_backend_ops *own_ops;
static unsigned mapped, unmapped;

static int count_map(void *dom, uint64_t gfn, void **page)
{
    mapped++;
    return own_ops->page_map(dom, gfn, page);
}

static void count_unmap(void *dom, void *page)
{
    unmapped++;
    own_ops->page_unmap(dom, page);
}

static void count_mappings(void)
{
    own_ops = d->ops;
    counted = *own_ops;
    counted.page_map = count_map;
    counted.page_unmap = count_unmap;
    d->ops = &counted;
    mapped = unmapped = 0;
}

static void step_with_mappings(void)
{
    begin_with(1, XMEM_STEP_EMULATE);
    ck_ok(guest_mmu_on(m, g, 1));
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_RX));
    run_op(0, (struct sim_op){.code = SIM_OP_WRITE, .addr = A << 12, .len = 8, .value = VALUE}, 1);
    next_at(A, XMEM_ACCESS_W);
    count_mappings();
    emulated();
    none_left();
    ck_assert_uint_ge(mapped, 8); /* tables, code and data */
    ck_assert_uint_lt(unmapped, mapped);
}

START_TEST(a_new_ring_keeps_no_mapping)
{
    step_with_mappings();
    ck_ok(xmem_domain_disable(d));
    ck_assert_uint_eq(unmapped, mapped);
    ck_ok(xmem_domain_enable(d));
    d->ops = own_ops;
    end();
}
END_TEST

/* What is mapped would keep it. */
START_TEST(a_dead_domain_keeps_no_mapping)
{
    step_with_mappings();
    xmi_sim_domain_kill(g);
    while (!xmem_event_next(d, &ev))
        ck_assert_uint_eq(ev->reason, XMEM_EVENT_DOMAIN_DIED);
    ck_assert_uint_eq(unmapped, mapped);
    d->ops = own_ops;
    ck_ok(xmem_domain_close(d));
    xmem_close(x);
    xmi_sim_machine_destroy(m);
}
END_TEST

/* ---- hypercalls that fail ---- */

static const int failures[] = {XM_ENOMEM, XM_EINVAL, XM_ESRCH, XM_EBUSY, XM_EFAULT};
#define FAILURES (sizeof(failures) / sizeof(failures[0]))
static const struct sim_op failing[] = {
    {.code = SIM_OP_WRITE, .addr = A << 12, .len = 8, .value = VALUE},
    {.code = SIM_OP_READ, .addr = A << 12, .len = 8},
    {.code = SIM_OP_RMW, .addr = A << 12, .len = 8, .value = VALUE},
    {.code = SIM_OP_EXCL, .addr = A << 12, .len = 8},
    {.code = SIM_OP_WRITE, .addr = CROSS, .len = 16, .value = VALUE},
};
#define FAILING (sizeof(failing) / sizeof(failing[0]))

static void check_done_once(unsigned which)
{
    static const uint64_t memory_is[FAILING] = {VALUE, 5, VALUE, 6, VALUE};
    ck_assert_uint_eq(memory(failing[which].addr), memory_is[which]);
    ck_assert_uint_eq(info(0).done, 1);
    if (failing[which].code == SIM_OP_READ || failing[which].code == SIM_OP_RMW)
        ck_assert_uint_eq(info(0).result, 5);
}

/* An event whose step fails stays open, and can be stepped over again; the instruction is done once. */
static void try_failing(unsigned which, int op, uint64_t nth, int err)
{
    unsigned failed = 0;
    begin_with(1, XMEM_STEP_EMULATE);
    put_memory(failing[which].addr, 5);
    ck_ok(xmem_domain_set_rights_range(d, 0, A, 2, XMEM_N));
    run_op(0, failing[which], 1);
    xmi_sim_inject_errno(g, nth, op, err);
    while (!xmem_event_next(d, &ev))
        while (xmem_event_step_over(d, ev)) {
            ck_assert_str_ne(xmem_domain_last_error(d), "");
            ck_assert_uint_lt(failed++, 2);
        }
    check_done_once(which);
    end();
}

START_TEST(each_failure_is_tried_again)
{
    static const int ops[] = {XM_HC_VCPU_GET, XM_HC_VCPU_SET};
    for (unsigned which = 0; which < FAILING; which++)
        for (uint64_t nth = 1; nth <= 4; nth++)
            try_failing(which, ops[_i / (int)FAILURES], nth, failures[_i % (int)FAILURES]);
}
END_TEST

START_TEST(refused_before_memory_is_changed)
{
    begin_with(1, XMEM_STEP_EMULATE);
    put_memory(A << 12, 5);
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_R));
    run_op(0, failing[2], 1);
    next_at(A, XMEM_ACCESS_W);
    xmi_sim_inject_errno(g, 1, XM_HC_VCPU_SET, XM_EINVAL);
    ck_rc(xmem_event_step_over(d, ev), -EOPNOTSUPP);
    ck_assert_uint_eq(stats().not_taken, 1);
    ck_assert_uint_eq(memory(A << 12), 5);
    ck_ok(xmem_event_step_over(d, ev));
    none_left();
    check_done_once(2);
    end();
}
END_TEST

/* Somebody else moved its base register meanwhile: not what the event is about. */
START_TEST(another_address_than_the_events)
{
    struct sim_arm_context c;
    begin_with(1, XMEM_STEP_EMULATE);
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_R));
    run_op(0, failing[0], 1);
    next_at(A, XMEM_ACCESS_W);
    ck_ok(xmi_sim_hc_vcpu_get(m, 1, 0, &c));
    c.x[1] = B << 12;
    ck_ok(xmi_sim_hc_vcpu_set(m, 1, 0, &c));
    ck_rc(xmem_event_step_over(d, ev), -EOPNOTSUPP);
    ck_assert_uint_eq(stats().not_same, 1);
    ck_assert_uint_eq(memory(B << 12), 0);
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_RWX));
    ck_ok(xmem_event_reply(d, ev, NULL));
    none_left();
    end();
}
END_TEST

/* Closed in the middle of an instruction, whose registers are refused: nothing is left behind. */
START_TEST(closing_in_the_middle)
{
    begin_with(1, XMEM_STEP_EMULATE);
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_N));
    run_op(0, failing[3], 1);
    next_at(A, XMEM_ACCESS_R);
    ck_ok(xmem_event_step_over(d, ev));
    xmi_sim_inject_errno(g, 1, XM_HC_VCPU_SET, _i ? XM_EINVAL : XM_ENOMEM);
    end();
}
END_TEST

/* A new ring: what was under way with the old one is forgotten. */
START_TEST(enabled_again_in_the_middle)
{
    begin_with(1, XMEM_STEP_EMULATE);
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_N));
    run_op(0, failing[3], 2);
    next_at(A, XMEM_ACCESS_R);
    ck_ok(xmem_event_step_over(d, ev));
    ck_ok(xmem_domain_disable(d));
    ck_ok(xmem_domain_enable(d));
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_N));
    (void)step_all();
    ck_assert_uint_eq(memory(A << 12), 2);
    end();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("step-arm");
    TCase *t = tcase_create("step");
    tcase_add_test(t, a_store);
    tcase_add_test(t, a_load);
    tcase_add_test(t, an_atomic);
    tcase_add_test(t, two_pages);
    tcase_add_test(t, a_second_page_that_is_not_let_through);
    tcase_add_test(t, own_events_are_waited_for);
    tcase_add_test(t, exclusives_of_a_page_that_is_read);
    tcase_add_test(t, exclusives_of_a_closed_page);
    tcase_add_test(t, exclusives_that_are_relaxed);
    tcase_add_test(t, a_loop_that_is_left);
    tcase_add_test(t, what_is_not_known);
    tcase_add_test(t, strictly_it_waits);
    tcase_add_test(t, forbidden_by_the_user);
    tcase_add_test(t, tables_that_change_between_two_steps);
    tcase_add_test(t, where_the_vcpu_itself_was);
    tcase_add_test(t, where_it_was_not);
    tcase_add_test(t, how_long_an_instruction_is);
    tcase_add_test(t, a_new_ring_keeps_no_mapping);
    tcase_add_test(t, a_dead_domain_keeps_no_mapping);
    tcase_add_loop_test(t, each_failure_is_tried_again, 0, (int)(2 * FAILURES));
    tcase_add_test(t, refused_before_memory_is_changed);
    tcase_add_test(t, another_address_than_the_events);
    tcase_add_loop_test(t, closing_in_the_middle, 0, 2);
    tcase_add_test(t, enabled_again_in_the_middle);
    suite_add_tcase(s, t);
    return unit_run(s);
}
