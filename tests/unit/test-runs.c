/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sorting and joining of runs, against a plain array. */
#include "unit.h"

#include <rights/rights.h>

#define SPAN 4000u

static struct runs in, out;
static uint8_t flat[SPAN];
static uint64_t state;

static uint64_t rnd(uint64_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % n;
}

static void setup(void)
{
    state = 88172645463325252u;
    memset(flat, 0, sizeof(flat));
}

static void teardown(void)
{
    xmi_runs_free(&in);
    xmi_runs_free(&out);
}

static void add(uint64_t gfn, uint64_t nr, uint8_t rights)
{
    ck_ok(xmi_runs_reserve(&in, 1));
    runs_append(&in, gfn, nr, rights);
    memset(flat + gfn, rights, nr);
}

/* out says what flat says, in order, joined, nothing else. */
static void compare(void)
{
    uint64_t at = 0, sum = 0;
    ck_ok(xmi_runs_normalize(&in, &out));
    for (size_t i = 0; i < out.n; i++) {
        const struct run *r = &out.v[i];
        ck_assert_uint_gt(run_nr(r), 0);
        ck_assert_uint_ge(r->gfn, at);
        if (i)
            ck_assert(r->gfn > at || run_rights(r) != run_rights(&out.v[i - 1]));
        for (; at < r->gfn; at++)
            ck_assert_uint_eq(flat[at], 0);
        for (; at < run_end(r); at++)
            ck_assert_uint_eq(flat[at], run_rights(r));
        sum += run_nr(r);
    }
    for (; at < SPAN; at++)
        ck_assert_uint_eq(flat[at], 0);
    ck_assert_uint_eq(xmi_runs_gfns(&out), sum);
}

START_TEST(nothing)
{
    compare();
    ck_assert_uint_eq(out.n, 0);
}
END_TEST

START_TEST(push_joins)
{
    ck_ok(runs_push(&in, 10, 2, 9));
    ck_ok(runs_push(&in, 12, 3, 9));
    ck_ok(runs_push(&in, 15, 1, 11));
    ck_assert_uint_eq(in.n, 2);
    ck_assert_uint_eq(run_nr(&in.v[0]), 5);
    ck_assert_uint_eq(xmi_runs_find(&in, 9), 0);
    ck_assert_uint_eq(xmi_runs_find(&in, 14), 0);
    ck_assert_uint_eq(xmi_runs_find(&in, 15), 1);
    ck_assert_uint_eq(xmi_runs_find(&in, 16), 2);
}
END_TEST

START_TEST(sorted_already)
{
    for (unsigned i = 0; i < 200; i++)
        add(i * 3, 3, 9);
    compare();
    ck_assert_uint_eq(out.n, 1);
}
END_TEST

START_TEST(singles_in_any_order)
{
    for (unsigned i = 0; i < SPAN; i++)
        add((i * 1231) % SPAN, 1, (uint8_t)(8 + i % 3));
    compare();
}
END_TEST

START_TEST(repeats_the_last_counts)
{
    for (unsigned i = 0; i < 5000; i++)
        add(rnd(700), 1, (uint8_t)(8 + rnd(8)));
    compare();
    teardown();
    memset(flat, 0, sizeof(flat));
    for (unsigned i = 0; i < 40; i++) /* few: another sort */
        add(rnd(20), 1, (uint8_t)(8 + rnd(8)));
    compare();
}
END_TEST

START_TEST(overlaps)
{
    for (unsigned round = 0; round < 300; round++) {
        unsigned n = 1 + (unsigned)rnd(round % 3 ? 12 : 300);
        setup();
        state += round;
        for (unsigned i = 0; i < n; i++) {
            uint64_t g = rnd(SPAN - 100);
            add(g, 1 + rnd(rnd(2) ? 4 : 100), (uint8_t)(8 + rnd(8)));
        }
        compare();
        teardown();
    }
}
END_TEST

START_TEST(a_range_and_a_hole_in_it)
{
    add(100, 50, 8);
    add(120, 5, 15);
    add(90, 20, 9);
    compare();
    ck_assert_uint_eq(out.n, 4);
}
END_TEST

START_TEST(large_numbers)
{
    uint64_t far = UINT64_C(1) << 39;
    for (unsigned i = 0; i < 100; i++) {
        ck_ok(xmi_runs_reserve(&in, 1));
        runs_append(&in, far - i * 1000003u, 1, 9);
    }
    ck_ok(xmi_runs_normalize(&in, &out));
    ck_assert_uint_eq(out.n, 100);
    for (size_t i = 1; i < out.n; i++)
        ck_assert_uint_gt(out.v[i].gfn, out.v[i - 1].gfn);
}
END_TEST

int main(void)
{
    const unit_test tests[] = {nothing,
                               push_joins,
                               sorted_already,
                               singles_in_any_order,
                               repeats_the_last_counts,
                               overlaps,
                               a_range_and_a_hole_in_it,
                               large_numbers,
                               NULL};
    return unit_main("runs", setup, teardown, tests);
}
