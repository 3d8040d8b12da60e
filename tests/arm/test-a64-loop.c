/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Through loops around exclusives, with other vCPUs between. */
#include "a64-unit.h"

#define AT (DATA + 0x100)
#define MOST 64u

static uint32_t program[16];
static unsigned placed;           /* accesses that were asked for */
static unsigned spoil;            /* the access before which another vCPU writes; 0: none */
static enum arm_why refuse_place; /* the last access's answer */

static enum arm_why fetch(void *ctx, const struct arm_regs *regs, uint32_t *word)
{
    (void)ctx;
    uint64_t offset = regs->pc - CODE;
    if (offset >= sizeof(program) || !program[offset / 4])
        return ARM_NO_PLACE;
    *word = program[offset / 4];
    return ARM_OK;
}

static enum arm_why place(void *ctx, const struct arm_regs *regs, const struct arm_touch *t,
                          struct arm_place *out)
{
    (void)ctx, (void)regs;
    if (++placed == spoil)
        a64_poke(AT, 8, a64_peek(AT, 8) + 100);
    *out = a64_place(t);
    return refuse_place;
}

static const struct arm_world world = {NULL, fetch, place, NULL, NULL};

static const uint32_t increment[] = {
    0xc85f7c20, /* ldxr x0, [x1] */
    0x91000400, /* add x0, x0, #1 */
    0xc8027c20, /* stxr w2, x0, [x1] */
    0x35ffffa2, /* cbnz w2, .-12 */
};

static void setup(void)
{
    a64_setup();
    memset(program, 0, sizeof(program));
    memcpy(program, increment, sizeof(increment));
    placed = spoil = 0;
    refuse_place = ARM_OK;
    r.x[1] = AT;
    a64_poke(AT, 8, 41);
}

static unsigned done;

static enum arm_why loop(unsigned most)
{
    return xmi_arm_loop(&world, &r, &monitor, most, &done);
}

START_TEST(from_the_load)
{
    ck_assert_int_eq(loop(MOST), ARM_OK);
    ck_assert_uint_eq(done, 2);
    ck_assert_uint_eq(r.pc, CODE + 12);
    ck_assert_uint_eq(r.x[2], 0);
    ck_assert_uint_eq(a64_peek(AT, 8), 42);
}
END_TEST

START_TEST(from_the_store)
{
    r.pc = CODE + 8;
    ck_assert_int_eq(loop(MOST), ARM_OK);
    ck_assert_uint_eq(done, 4);
    ck_assert_uint_eq(r.pc, CODE + 12);
    ck_assert_uint_eq(a64_peek(AT, 8), 42);
}
END_TEST

START_TEST(another_vcpu_was_first)
{
    spoil = 2; /* between load and store */
    ck_assert_int_eq(loop(MOST), ARM_OK);
    ck_assert_uint_eq(done, 6);
    ck_assert_uint_eq(a64_peek(AT, 8), 142);
}
END_TEST

START_TEST(stops_in_time)
{
    ck_assert_int_eq(loop(2), ARM_TOO_LONG);
    ck_assert_uint_eq(done, 2);
    ck_assert_uint_eq(r.pc, CODE + 8);
    ck_assert_uint_eq(a64_peek(AT, 8), 41);
    ck_assert_int_eq(loop(1), ARM_OK); /* from there, armed as it was */
    ck_assert_uint_eq(a64_peek(AT, 8), 42);
    program[0] = 0x14000000; /* b . */
    r.pc = CODE;
    ck_assert_int_eq(loop(1000), ARM_TOO_LONG);
    ck_assert_uint_eq(done, 1000);
}
END_TEST

START_TEST(an_older_success_is_none)
{
    ck_assert_int_eq(loop(MOST), ARM_OK);
    r.pc = CODE;
    ck_assert_int_eq(loop(MOST), ARM_OK);
    ck_assert_uint_eq(done, 2);
    ck_assert_uint_eq(a64_peek(AT, 8), 43);
}
END_TEST

START_TEST(left_with_clrex)
{
    program[1] = 0xd5033f5f; /* clrex */
    ck_assert_int_eq(loop(MOST), ARM_OK);
    ck_assert_uint_eq(done, 1);
    ck_assert_uint_eq(r.pc, CODE + 8);
    ck_assert_uint_eq(monitor.bytes, 0);
    program[0] = 0xd5033f5f; /* where nothing is armed it leaves nothing */
    program[1] = 0xc85f7c20;
    r.pc = CODE;
    ck_assert_int_eq(loop(2), ARM_TOO_LONG);
}
END_TEST

/* The first was stopped at its access, so it was fetched. */
START_TEST(first_after_a_call)
{
    r.cpsr |= 2u << 10;
    ck_assert_int_eq(loop(MOST), ARM_OK);
    ck_assert_uint_eq(a64_peek(AT, 8), 42);
}
END_TEST

/* Before it, with all that came before it done. */
START_TEST(stops_before_what_it_does_not_go_through)
{
    static const struct {
        uint32_t word;
        enum arm_why why;
    } rows[] = {
        {0xf9000020, ARM_UNKNOWN}, /* str x0, [x1] */
        {0xf8200022, ARM_UNKNOWN}, /* ldadd x0, x2, [x1] */
        {0x3dc00020, ARM_VECTOR},  /* ldr q0, [x1] */
        {0xd4000001, ARM_UNKNOWN}, /* svc #0 */
        {0xa9400020, ARM_UNSURE},  /* ldp x0, x0, [x1] */
        {0, ARM_NO_PLACE},
    };
    for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        setup();
        program[1] = rows[i].word;
        ck_assert_int_eq(loop(MOST), rows[i].why);
        ck_assert_uint_eq(done, 1);
        ck_assert_uint_eq(r.pc, CODE + 4);
        ck_assert_uint_eq(r.x[0], 41);
        ck_assert_uint_eq(a64_peek(AT, 8), 41);
    }
}
END_TEST

START_TEST(no_place)
{
    before = r;
    refuse_place = ARM_NO_PLACE;
    ck_assert_int_eq(loop(MOST), ARM_NO_PLACE);
    ck_assert_uint_eq(done, 0);
    ck_assert_mem_eq(&r, &before, sizeof(r));
    ck_assert_uint_eq(monitor.bytes, 0);
}
END_TEST

/* An access there was not fetched by the processor: it may be refused to come there. */
START_TEST(not_from_a_call_to_an_access)
{
    program[1] = 0xd63f0060; /* blr x3 */
    r.x[3] = CODE + 8;
    ck_assert_int_eq(loop(MOST), ARM_UNSURE);
    ck_assert_uint_eq(done, 2);
    ck_assert_uint_eq(r.pc, CODE + 8);
    ck_assert_uint_eq(r.cpsr & ARM_CPSR_BTYPE, 2u << 10);
    r.pc = CODE + 2; /* no instruction is there */
    ck_assert_int_eq(loop(MOST), ARM_FAULTS);
}
END_TEST

int main(void)
{
    const unit_test tests[] = {from_the_load,
                               from_the_store,
                               another_vcpu_was_first,
                               stops_in_time,
                               an_older_success_is_none,
                               left_with_clrex,
                               first_after_a_call,
                               stops_before_what_it_does_not_go_through,
                               no_place,
                               not_from_a_call_to_an_access,
                               NULL};
    return unit_main("a64-loop", setup, NULL, tests);
}
