/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A64: loads, stores, exclusives and atomics on memory. */
#include "a64-unit.h"

#define V 0x8182838485868788ull

START_TEST(loads_by_size)
{
    r.x[1] = DATA + 8;
    a64_poke(DATA + 8, 8, V);
    a64_run(0xf9400020); /* ldr x0, [x1] */
    ck_assert_uint_eq(r.x[0], V);
    a64_run(0xb9400020); /* ldr w0, [x1] */
    ck_assert_uint_eq(r.x[0], 0x85868788);
    a64_run(0x79400020); /* ldrh w0, [x1] */
    ck_assert_uint_eq(r.x[0], 0x8788);
    a64_run(0x39400020); /* ldrb w0, [x1] */
    ck_assert_uint_eq(r.x[0], 0x88);
    a64_run(0xb9800020); /* ldrsw x0, [x1] */
    ck_assert_uint_eq(r.x[0], 0xffffffff85868788);
    a64_run(0x79800020); /* ldrsh x0, [x1] */
    ck_assert_uint_eq(r.x[0], 0xffffffffffff8788);
    a64_run(0x79c00020); /* ldrsh w0, [x1] */
    ck_assert_uint_eq(r.x[0], 0xffff8788);
    a64_run(0x39800020); /* ldrsb x0, [x1] */
    ck_assert_uint_eq(r.x[0], 0xffffffffffffff88);
    a64_run(0x39c00020); /* ldrsb w0, [x1] */
    ck_assert_uint_eq(r.x[0], 0xffffff88);
}
END_TEST

START_TEST(increments_by_exclusives)
{
    r.x[1] = DATA + 8;
    a64_poke(DATA + 8, 8, V);
    a64_run(0xc85f7c20); /* ldxr x0, [x1] */
    ck_assert_uint_eq(r.x[0], V);
    r.x[0]++;
    a64_run(0xc8027c20); /* stxr w2, x0, [x1] */
    ck_assert_uint_eq(r.x[2], 0);
    ck_assert(monitor.stored);
    ck_assert_uint_eq(a64_peek(DATA + 8, 8), V + 1);
    a64_run(0xc8027c20);
    ck_assert_uint_eq(r.x[2], 1);
    ck_assert(!monitor.stored);
}
END_TEST

int main(void)
{
    const unit_test tests[] = {loads_by_size, increments_by_exclusives, NULL};
    return unit_main("a64", a64_setup, NULL, tests);
}
