/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loops around an exclusive, and such as wait: what is told of them, and that they end. */
#include <program.h>

#include "step-arm-unit.h"

#define CODE 20u /* gfn of code in the guest's own memory */
#define SECOND ((A << 12) + 8)
#define STALLS 17u /* events after which something else is tried */

static struct sim_op add(uint16_t flags)
{
    return (struct sim_op){.code = SIM_OP_EXCL, .flags = flags, .addr = A << 12, .len = 8};
}

/* Answers n events by emulation; each is one. */
static void emulate(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        ck_ok(xmem_event_next(d, &ev));
        ck_ok(xmem_event_step_over(d, ev));
        ck_assert_uint_eq(ev->stepped, XMEM_STEP_EMULATE);
    }
}

static void tells(uint64_t gfn, uint32_t access)
{
    next_at(gfn, access);
    emulated();
}

/* ---- told again ---- */

/* Its store came too late: what it loads then is another access, what it stores is the one it was. */
START_TEST(a_load_that_is_tried_again)
{
    begin_with(1, XMEM_STEP_EMULATE);
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_N));
    run_op(0, add(0), 1);
    tells(A, XMEM_ACCESS_R);
    next_at(A, XMEM_ACCESS_W);
    put_memory(A << 12, 7);
    emulated();
    tells(A, XMEM_ACCESS_R);
    none_left();
    ck_assert_uint_eq(memory(A << 12), 8);
    ck_assert_uint_eq(stats().emulated, 1);
    end();
}
END_TEST

/* A second load in the same page is one more. */
START_TEST(a_further_load_of_its_page)
{
    struct sim_op op = add(0);
    op.to = SECOND;
    begin_with(1, XMEM_STEP_EMULATE);
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_N));
    run_op(0, op, 1);
    tells(A, XMEM_ACCESS_R);
    next_at(A, XMEM_ACCESS_R);
    ck_assert_uint_eq(ev->u.mem.offset, 8);
    emulated();
    tells(A, XMEM_ACCESS_W);
    none_left();
    ck_assert_uint_eq(memory(A << 12), 1);
    end();
}
END_TEST

/* ---- its fetches ---- */

static void write_code(const struct sim_op *op)
{
    uint32_t word[A64_MOST];
    unsigned n = xmi_sim_a64_encode(op, word);
    ck_ok(xmem_domain_write(d, op->fetch, word, n * A64_BYTES));
}

static struct sim_op fetched_add(uint32_t offset)
{
    struct sim_op op = add(SIM_OP_F_FETCH);
    op.fetch = (CODE << 12) + offset;
    return op;
}

static void fetch_of(uint64_t addr)
{
    next_at(CODE, XMEM_ACCESS_X);
    ck_assert_uint_eq(ev->u.mem.gla, addr);
    ck_assert_uint_eq(ev->u.mem.offset, addr & 0xfff);
    emulated();
}

/* Each is told, of the ones in the middle too. */
START_TEST(fetches_of_a_loop)
{
    struct sim_op op = fetched_add(0x100);
    begin_with(1, XMEM_STEP_EMULATE);
    write_code(&op);
    ck_ok(xmem_domain_set_rights(d, 0, CODE, XMEM_RW));
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_RX));
    run_op(0, op, 2);
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned at = 0; at < 3; at++)
            fetch_of(op.fetch + 4 * at);
        tells(A, XMEM_ACCESS_W);
        fetch_of(op.fetch + 12);
    }
    none_left();
    ck_assert_uint_eq(memory(A << 12), 2);
    ck_assert_uint_eq(info(0).done, 2);
    end();
}
END_TEST

/* Another answer in the middle: natively from there. */
START_TEST(a_fetch_in_the_middle_that_is_let_go)
{
    struct sim_op op = fetched_add(0x100);
    begin_with(1, XMEM_STEP_EMULATE);
    write_code(&op);
    ck_ok(xmem_domain_set_rights(d, 0, CODE, XMEM_RW));
    run_op(0, op, 1);
    fetch_of(op.fetch);
    next_at(CODE, XMEM_ACCESS_X);
    ck_ok(xmem_domain_set_rights(d, 0, CODE, XMEM_RWX));
    ck_ok(xmem_event_reply(d, ev, NULL));
    ck_assert_uint_eq(info(0).pc, op.fetch + 4);
    none_left();
    ck_assert_uint_eq(memory(A << 12), 1);
    end();
}
END_TEST

/* ---- left before its store ---- */

static unsigned until_relaxed(unsigned most)
{
    unsigned n = 0;
    do {
        ck_ok(xmem_event_next(d, &ev));
        ck_ok(xmem_event_step_over(d, ev));
    } while (ev->stepped == XMEM_STEP_EMULATE && ++n < most);
    return n;
}

/* On a page that may be read its store is the one event; on the other its load is, first. */
START_TEST(left_each_time)
{
    begin_with(1, 0);
    ck_ok(xmem_domain_set_rights(d, 0, A, _i ? XMEM_N : XMEM_RX));
    run_op(0, add(SIM_OP_F_NO_EMUL), 3);
    ck_assert_uint_eq(until_relaxed(100), STALLS - 1);
    while (!xmem_event_next(d, &ev)) {
        ck_ok(xmem_event_step_over(d, ev));
        ck_assert_uint_lt(stats().events, 3 * STALLS);
    }
    ck_assert_uint_eq(memory(A << 12), 3);
    ck_assert_uint_eq(info(0).done, 3);
    ck_assert_uint_ge(stats().not_ended + stats().not_decoded, 1);
    ck_ok(xmem_domain_close(d));
    xmem_close(x);
    xmi_sim_machine_destroy(m);
}
END_TEST

/* Strictly it goes on as long as it is let. */
START_TEST(left_each_time_strictly)
{
    begin_with(1, XMEM_STEP_STRICT);
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_RX));
    run_op(0, add(SIM_OP_F_NO_EMUL), 1);
    emulate(10 * STALLS);
    next_at(A, XMEM_ACCESS_W);
    ck_assert_uint_eq(memory(A << 12), 0);
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_RWX));
    ck_ok(xmem_event_reply(d, ev, NULL));
    none_left();
    ck_assert_uint_eq(memory(A << 12), 1);
    end();
}
END_TEST

/* Between a load- and a store-exclusive of a page that nobody watches. */
START_TEST(a_load_that_comes_back)
{
    struct sim_op op = add(0);
    op.to = B << 12;
    begin_with(1, 0);
    ck_ok(xmem_domain_set_rights(d, 0, B, XMEM_N));
    run_op(0, op, 3);
    unsigned n = 0;
    while (!xmem_event_next(d, &ev)) {
        ck_assert_uint_lt(n++, 4 * STALLS);
        ck_ok(xmem_event_step_over(d, ev));
        ck_assert_uint_eq(ev->stepped, XMEM_STEP_EMULATE);
    }
    ck_assert_uint_eq(memory(A << 12), 3);
    end();
}
END_TEST

/* What follows a load is not looked at each time where there was no exclusive before. */
START_TEST(a_load_of_its_own)
{
    struct sim_op op = add(SIM_OP_F_NO_EMUL);
    op.to = B << 12;
    begin_with(1, 0);
    ck_ok(xmem_domain_set_rights(d, 0, B, XMEM_N));
    run_op(0, op, 1);
    emulate(1);
    uint64_t before = stats().gets;
    emulate(1000);
    ck_assert_uint_le(stats().gets - before, 8);
    ck_ok(xmem_domain_set_rights(d, 0, B, XMEM_RWX));
    (void)step_all();
    ck_assert_uint_eq(memory(A << 12), 1);
    end();
}
END_TEST

/* ---- waiting ---- */

/* As long as it takes: it gets on each time, and no page is opened for it. */
START_TEST(waiting_by_an_exclusive)
{
    begin_with(1, 0);
    put_memory(A << 12, 1);
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_N));
    run_op(0, add(SIM_OP_F_WAITS), 1);
    uint64_t before = stats().sets;
    emulate(20000);
    put_memory(A << 12, 0);
    ck_assert_uint_le(step_all(), 3);
    ck_assert_uint_eq(memory(A << 12), 1);
    ck_assert_uint_eq(stats().sets, before);
    ck_assert_uint_eq(stats().stuck, 0);
    end();
}
END_TEST

/* The same where each of its instructions is told. */
START_TEST(waiting_where_it_is_fetched)
{
    struct sim_op op = fetched_add(0x100);
    op.flags |= SIM_OP_F_WAITS;
    begin_with(1, 0);
    put_memory(A << 12, 1);
    write_code(&op);
    ck_ok(xmem_domain_set_rights(d, 0, CODE, XMEM_RW));
    run_op(0, op, 1);
    emulate(20000);
    put_memory(A << 12, 0);
    ck_assert_uint_le(step_all(), 8);
    ck_assert_uint_eq(memory(A << 12), 1);
    end();
}
END_TEST

/* Between two answers the vCPU goes on by itself from time to time: it may have an interrupt to take. */
START_TEST(waiting_lets_go)
{
    begin_with(1, 0);
    put_memory(A << 12, 1);
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_N));
    run_op(0, add(SIM_OP_F_WAITS), 1);
    emulate(100);
    ck_assert_uint_ge(stats().emulated, 100 / 10);
    put_memory(A << 12, 0);
    (void)step_all();
    ck_assert_uint_eq(memory(A << 12), 1);
    end();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("step-arm-loop");
    TCase *t = tcase_create("loop");
    tcase_add_test(t, a_load_that_is_tried_again);
    tcase_add_test(t, a_further_load_of_its_page);
    tcase_add_test(t, fetches_of_a_loop);
    tcase_add_test(t, a_fetch_in_the_middle_that_is_let_go);
    tcase_add_loop_test(t, left_each_time, 0, 2);
    tcase_add_test(t, left_each_time_strictly);
    tcase_add_test(t, a_load_that_comes_back);
    tcase_add_test(t, a_load_of_its_own);
    tcase_add_test(t, waiting_by_an_exclusive);
    tcase_add_test(t, waiting_where_it_is_fetched);
    tcase_add_test(t, waiting_lets_go);
    suite_add_tcase(s, t);
    return unit_run(s);
}
