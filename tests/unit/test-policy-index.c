/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looking gfns up: against a plain search, and how long it takes with a million of them. */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "policy/policy-int.h"

struct text {
    char *s;
    size_t len;
    FILE *f;
};

static void begin(struct text *t)
{
    *t = (struct text){0};
    t->f = open_memstream(&t->s, &t->len);
    fputs("{\"version\":1,\"domains\":[\"*\"],\"regions\":{", t->f);
}

static struct xmem_policy *finish(struct text *t)
{
    struct xmem_policy *p = NULL;

    fclose(t->f);
    ck_assert_int_eq(xmem_policy_parse("t", t->s, t->len, NULL, &p), 0);
    free(t->s);
    return p;
}

static const struct policy_entry *plain_search(const struct policy_index *x, uint64_t gfn)
{
    for (uint32_t i = 0; i < x->n; i++)
        if (gfn >= x->entries[i].first && gfn <= x->entries[i].last)
            return &x->entries[i];
    return NULL;
}

static uint64_t next(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 24;
}

/* Regions of random extents that do not touch one another, small and large, near and far. */
static struct xmem_policy *random_policy(uint64_t seed)
{
    uint64_t gfn = 0, state = seed;
    int n = 1 + (int)(next(&state) % 40);
    struct text t;

    begin(&t);
    for (int i = 0; i < n; i++) {
        uint64_t gap = next(&state) % (next(&state) % 4 ? 8 : 100000000);
        uint64_t len = 1 + next(&state) % (next(&state) % 4 ? 4 : 1000000);

        fprintf(t.f, "%s\"r%d\":\"0x%" PRIx64 "-0x%" PRIx64 "\"", i ? "," : "", i, gfn + gap,
                gfn + gap + len - 1);
        gfn += gap + len;
    }
    fputs("},\"rules\":[", t.f);
    for (int i = 0; i < n; i++)
        fprintf(t.f, "%s{\"region\":\"r%d\",\"rights\":\"r\"}", i ? "," : "", i);
    fputs("]}", t.f);
    return finish(&t);
}

static void compare_around(const struct policy_index *x, uint64_t gfn)
{
    for (uint64_t g = gfn > 2 ? gfn - 2 : 0; g <= gfn + 2; g++)
        ck_assert_ptr_eq(xmi_policy_index_find(x, g), plain_search(x, g));
}

START_TEST(as_a_plain_search)
{
    for (uint64_t seed = 1; seed <= 500; seed++) {
        struct xmem_policy *p = random_policy(seed);
        const struct policy_index *x = &p->indexes[0];
        uint64_t state = seed;

        for (uint32_t i = 0; i < x->n; i++) {
            compare_around(x, x->entries[i].first);
            compare_around(x, x->entries[i].last);
        }
        for (int i = 0; i < 200; i++)
            compare_around(x, next(&state));
        ck_assert_ptr_null(xmi_policy_index_find(x, UINT64_MAX));
        xmem_policy_free(p);
    }
}
END_TEST

START_TEST(without_rules)
{
    struct xmem_policy *p;
    struct text t;

    begin(&t);
    fputs("}}", t.f);
    p = finish(&t);
    ck_assert_ptr_null(xmi_policy_index_find(&p->indexes[0], 0));
    xmem_policy_free(p);
}
END_TEST

#define GFNS 1000000u

static double seconds(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* stride: from one gfn to the next; far: one gfn is a long way off and spoils equal parts. */
static double ns_per_lookup(uint64_t stride, bool far)
{
    struct xmem_policy *p;
    uint64_t state = 1, found = 0;
    double best = 1e9;
    struct text t;

    begin(&t);
    fputs("\"a\":[", t.f);
    for (uint64_t i = 0; i < GFNS; i++)
        fprintf(t.f, "%s\"0x%" PRIx64 "\"", i ? "," : "", i * stride);
    fputs(far ? ",\"0xffffffffff\"" : "", t.f);
    fputs("]},\"rules\":[{\"region\":\"a\",\"rights\":\"r\"}]}", t.f);
    p = finish(&t);
    ck_assert_uint_eq(p->indexes[0].n, GFNS + far);
    for (int round = 0; round < 5; round++) {
        double start = seconds();

        for (int i = 0; i < 1000000; i++)
            found += xmi_policy_index_find(&p->indexes[0], next(&state) % GFNS * stride) != NULL;
        start = (seconds() - start) * 1e3;
        best = start < best ? start : best;
    }
    ck_assert_uint_eq(found, 5000000);
    xmem_policy_free(p);
    return best;
}

/* No bounds on time: the machine may be shared. The figures are in the log, and in make bench. */
START_TEST(a_million_gfns)
{
    double spread = ns_per_lookup(16, false), clustered = ns_per_lookup(2, true);

    printf("lookup among %u scattered gfns: %.0f ns; with one far away: %.0f ns\n", GFNS, spread,
           clustered);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("policy-index");
    TCase *tc = tcase_create("index");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tc, 240);
    tcase_add_test(tc, as_a_plain_search);
    tcase_add_test(tc, without_rules);
    tcase_add_test(tc, a_million_gfns);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
