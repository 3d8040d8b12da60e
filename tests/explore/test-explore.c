/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The explorer on subjects that can be counted by hand. */
#include "explore.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Two actors add one to a sum, each by a load and a store. */
static struct sum {
    unsigned value, loaded[2], at[2]; /* at: 0 to load, 1 to store, 2 through */
} w;
static bool fickle; /* does not do the same again */
static unsigned begun, ended;

static void begin(struct explore *e, void *ctx)
{
    (void)e;
    (void)ctx;
    begun++;
    memset(&w, 0, sizeof(w));
}

static void one(unsigned a)
{
    if (w.at[a]++ == 0)
        w.loaded[a] = w.value;
    else
        w.value = w.loaded[a] + 1;
}

static enum explore_step step(struct explore *e, void *ctx)
{
    unsigned ready[2], n = 0;
    (void)ctx;
    for (unsigned a = 0; a < 2; a++)
        if (w.at[a] < 2)
            ready[n++] = a;
    if (!n)
        return EXPLORE_END;
    n = ready[fickle && begun > 1 ? explore_pick(e, 3) % n : explore_pick(e, n)];
    explore_say(e, "actor %u", n);
    one(n);
    return EXPLORE_MORE;
}

static void judge(struct explore *e, void *ctx, bool whole)
{
    (void)ctx;
    ended++;
    if (whole && w.value != 2)
        explore_fail(e, "the sum is %u", w.value);
}

static uint64_t hash(struct explore *e, void *ctx)
{
    uint64_t h = 1;
    (void)e;
    (void)ctx;
    h = explore_mix(h, w.value << 8 | w.at[0] << 4 | w.at[1]);
    return explore_mix(h, w.loaded[0] << 8 | w.loaded[1]);
}

static const struct explore_subject plain = {
    .name = "sum", .begin = begin, .step = step, .end = judge};

static struct explore_result all(const struct explore_subject *s, const struct explore_limits *l)
{
    struct explore_result r;
    begun = ended = 0;
    fickle = false;
    ck_assert_int_eq(explore_all(s, l, NULL, &r), 0);
    return r;
}

/* 4 steps of which 2 are the first one's: 6 schedules; 2 of them are one after the other. */
START_TEST(every_schedule)
{
    const struct explore_limits l = {.all = true};
    struct explore_result r = all(&plain, &l);
    ck_assert_uint_eq(r.runs, 6);
    ck_assert_uint_eq(r.ends, 6);
    ck_assert_uint_eq(r.violations, 4);
    ck_assert(r.schedules == 6 && r.complete);
    ck_assert_uint_eq(begun, ended);
    ck_assert_uint_eq(r.deepest, 5);
}
END_TEST

START_TEST(the_same_from_copies_and_with_states)
{
    const struct explore_limits l = {.all = true};
    struct explore_subject s = plain;
    s.state = &w;
    s.state_bytes = sizeof(w);
    struct explore_result r = all(&s, &l);
    ck_assert_uint_eq(r.violations, 4);
    ck_assert_uint_eq(begun, 1);
    s.hash = hash;
    r = all(&s, &l);
    ck_assert(r.schedules == 6);
    ck_assert_uint_gt(r.repeated, 0);
    s.state = NULL;
    struct explore_result r2 = all(&s, &l);
    ck_assert(r2.schedules == 6);
    ck_assert_uint_eq(r.states, r2.states);
    ck_assert_uint_eq(r.violations, r2.violations);
}
END_TEST

START_TEST(the_first_violation_can_be_repeated)
{
    const struct explore_limits l = {0};
    struct explore_result r = all(&plain, &l), again;
    ck_assert_uint_eq(r.violations, 1);
    ck_assert(!r.complete);
    ck_assert_str_eq(r.first, "the sum is 1");
    ck_assert_int_eq(explore_replay(&plain, &l, r.choices, NULL, &again), 0);
    ck_assert_uint_eq(again.violations, 1);
    ck_assert_str_eq(again.first, r.first);
    ck_assert_int_eq(explore_replay(&plain, &l, "0.0", NULL, &again), 0);
    ck_assert_uint_eq(again.violations, 0);
    ck_assert_int_eq(explore_replay(&plain, &l, "0.x", NULL, &again), -EINVAL);
}
END_TEST

START_TEST(limits)
{
    const struct explore_limits runs = {.runs = 3, .all = true}, steps = {.steps = 2};
    struct explore_result r = all(&plain, &runs);
    ck_assert_uint_eq(r.runs, 3);
    ck_assert(!r.complete);
    r = all(&plain, &steps);
    ck_assert_ptr_nonnull(strstr(r.first, "no end after 2 steps"));
    ck_assert_uint_eq(begun, ended);
}
END_TEST

START_TEST(a_subject_that_does_not_do_the_same_is_told)
{
    const struct explore_limits l = {0};
    struct explore_result r;
    begun = ended = 0;
    fickle = true;
    ck_assert_int_eq(explore_all(&plain, &l, NULL, &r), 0);
    ck_assert_uint_eq(r.violations, 1);
    ck_assert_ptr_nonnull(strstr(r.first, "asks for one of 3 where it asked for one of 2"));
}
END_TEST

/* ---- deviations ---- */

static unsigned bits, bit_n;

static void bits_begin(struct explore *e, void *ctx)
{
    (void)e;
    (void)ctx;
    bits = bit_n = 0;
}

/* Five bits; 1 is usual. */
static enum explore_step bits_step(struct explore *e, void *ctx)
{
    (void)ctx;
    bits |= explore_prefer(e, 2, 1) << bit_n;
    return ++bit_n == 5 ? EXPLORE_END : EXPLORE_MORE;
}

static void bits_end(struct explore *e, void *ctx, bool whole)
{
    unsigned zeros = 5 - (unsigned)__builtin_popcount(bits);
    (void)ctx;
    if (whole && explore_left(e) != 2 - zeros)
        explore_fail(e, "%u zeros and %u deviations left", zeros, explore_left(e));
}

START_TEST(deviations)
{
    const struct explore_subject s = {
        .name = "bits", .begin = bits_begin, .step = bits_step, .end = bits_end};
    const struct explore_limits none = {.bounded = true}, two = {.bounded = true, .deviations = 2};
    struct explore_result r;
    ck_assert_int_eq(explore_all(&s, &two, NULL, &r), 0);
    ck_assert_uint_eq(r.violations, 0);
    ck_assert_uint_eq(r.ends, 1 + 5 + 10);
    ck_assert_int_eq(explore_all(&s, &none, NULL, &r), 0);
    ck_assert_uint_eq(r.ends, 1);
    ck_assert_uint_eq(bits, 31);
}
END_TEST

/* ---- waiting ---- */

/* Actor 0 waits for what actor 1 does; nobody does what actor 1 waits for the second time. */
static enum explore_step waiting(struct explore *e, void *ctx)
{
    unsigned a = explore_pick(e, 2);
    (void)ctx;
    if (a == 0 && w.at[1] && !w.at[0]) {
        w.at[0] = 1;
        return EXPLORE_MORE;
    }
    if (a == 1 && !w.at[1]) {
        w.at[1] = 1;
        return EXPLORE_MORE;
    }
    return EXPLORE_STUCK;
}

static void waited(struct explore *e, void *ctx, bool whole)
{
    (void)ctx;
    ended++;
    if (whole && (!w.at[0] || !w.at[1]))
        explore_fail(e, "stuck before the end");
    else if (whole)
        explore_fail(e, "stuck at the end");
}

START_TEST(a_run_in_which_nobody_can_go_on_is_over)
{
    struct explore_subject s = {.name = "waiting", .begin = begin, .step = waiting, .end = waited};
    const struct explore_limits l = {.all = true};
    for (unsigned copies = 0; copies < 2; copies++) {
        s.state = copies ? &w : NULL;
        s.state_bytes = sizeof(w);
        struct explore_result r = all(&s, &l);
        ck_assert_uint_eq(r.violations, 1);
        ck_assert_str_eq(r.first, "stuck at the end");
        ck_assert_str_eq(r.choices, "1.0");
        ck_assert(r.schedules == 1);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("explore");
    TCase *c = tcase_create("explore");
    tcase_add_test(c, every_schedule);
    tcase_add_test(c, the_same_from_copies_and_with_states);
    tcase_add_test(c, the_first_violation_can_be_repeated);
    tcase_add_test(c, limits);
    tcase_add_test(c, a_subject_that_does_not_do_the_same_is_told);
    tcase_add_test(c, deviations);
    tcase_add_test(c, a_run_in_which_nobody_can_go_on_is_over);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
