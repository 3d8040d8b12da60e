/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The session's table of rights, against a plain array. */
#include "unit.h"

#include <arena/arena.h>

#define SPAN 200000u

static struct arena arena;
static uint64_t top;
static struct known k;
static uint8_t *flat;
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
    ck_ok(xmi_arena_init(&arena, -1));
    top = 0;
    xmi_known_init(&k, &arena, &top);
    flat = calloc(SPAN, 1);
    state = 88172645463325252u;
}

static void teardown(void)
{
    xmi_known_clear(&k);
    ck_assert_uint_eq(k.nodes, 0);
    ck_assert_uint_eq(top, 0);
    xmi_arena_end(&arena);
    free(flat);
}

START_TEST(codes)
{
    for (unsigned r = 0; r <= 18; r++) {
        uint8_t c = known_code((uint8_t)r);
        bool valid = r == XMEM_DEFAULT || r >= XMEM_N;
        ck_assert_int_eq(c != 0, valid);
        if (valid)
            ck_assert_uint_eq(known_rights(c), r);
    }
    ck_assert_uint_eq(known_code(200), 0);
    ck_assert_uint_eq(known_rights(0), KNOWN_NOTHING);
    ck_assert_uint_eq(known_rights(5), KNOWN_NOTHING);
    ck_assert_uint_eq(known_set_of(0x9c), XMEM_X);
    ck_assert_uint_eq(known_found_of(0x9c), XMEM_R);
}
END_TEST

START_TEST(empty)
{
    uint64_t nr = 77;
    ck_assert_uint_eq(xmi_known_get(&k, 5), 0);
    ck_assert_uint_eq(xmi_known_run(&k, 5, &nr), 0);
    ck_assert_uint_eq(nr, 77);
    ck_ok(xmi_known_put(&k, 5, 0, 0xff, 1));
    ck_ok(xmi_known_prepare(&k, 5, 0));
    ck_assert_uint_eq(k.nodes, 0);
}
END_TEST

START_TEST(large_uniform_parts_are_cheap)
{
    uint64_t nr = UINT64_C(1) << 40;
    ck_ok(xmi_known_put(&k, 0, UINT64_C(1) << 40, 0xff, 0xff));
    ck_assert_uint_eq(k.nodes, 0);
    ck_assert_uint_eq(xmi_known_run(&k, 0, &nr), 0xff);
    ck_assert_uint_eq(nr, UINT64_C(1) << 40);
    ck_ok(xmi_known_put(&k, 1000, 1, KNOWN_SET, 9));
    ck_assert_uint_le(k.nodes, 5);
    ck_assert_uint_eq(xmi_known_get(&k, 1000), 0xf9);
    ck_assert_uint_eq(xmi_known_get(&k, 1001), 0xff);
    ck_ok(xmi_known_put(&k, UINT64_MAX - 5, 6, 0xff, 0x11));
    ck_assert_uint_eq(xmi_known_get(&k, UINT64_MAX), 0x11);
    ck_assert_uint_eq(xmi_known_get(&k, UINT64_MAX - 6), 0);
    ck_ok(xmi_known_put(&k, 0, UINT64_C(1) << 40, 0xff, 0x22)); /* the parts are joined again */
    ck_assert_uint_eq(xmi_known_get(&k, 1000), 0x22);
}
END_TEST

START_TEST(random_against_array)
{
    for (unsigned i = 0; i < 4000; i++) {
        uint64_t g = rnd(SPAN), nr = 1 + rnd(rnd(3) ? 40 : 70000);
        uint8_t mask = (uint8_t[]){KNOWN_SET, KNOWN_FOUND, 0xff}[rnd(3)], v = (uint8_t)rnd(256);
        if (g + nr > SPAN)
            nr = SPAN - g;
        if (rnd(2))
            ck_ok(xmi_known_prepare(&k, g, nr));
        ck_ok(xmi_known_put(&k, g, nr, mask, v));
        for (uint64_t n = g; n < g + nr; n++)
            flat[n] = (uint8_t)((flat[n] & ~mask) | (v & mask));
    }
    for (uint64_t g = 0; g < SPAN;) {
        uint64_t nr = SPAN - g;
        uint8_t byte = xmi_known_run(&k, g, &nr);
        ck_assert_uint_ge(nr, 1);
        for (uint64_t n = g; n < g + nr; n++)
            ck_assert_uint_eq(flat[n], byte);
        if (g + nr < SPAN)
            ck_assert_uint_ne(flat[g + nr], byte);
        g += nr;
    }
}
END_TEST

static int note(void *arg, uint64_t gfn, uint64_t nr, uint8_t byte)
{
    uint64_t *last = arg;
    ck_assert_uint_ge(gfn, *last);
    ck_assert_uint_ne(byte, 0);
    for (uint64_t n = gfn; n < gfn + nr; n++) {
        ck_assert_uint_eq(flat[n], byte);
        flat[n] = 0;
    }
    *last = gfn + nr;
    return 0;
}

static int stop(void *arg, uint64_t gfn, uint64_t nr, uint8_t byte)
{
    (void)gfn, (void)nr, (void)byte;
    return --*(int *)arg ? 0 : -EINTR;
}

START_TEST(each_run_once)
{
    uint64_t last = 0;
    int stops = 3;
    for (unsigned i = 0; i < 2000; i++) {
        uint64_t g = rnd(SPAN - 600), nr = 1 + rnd(600);
        uint8_t v = (uint8_t)rnd(256);
        ck_ok(xmi_known_put(&k, g, nr, 0xff, v));
        memset(flat + g, v, nr);
    }
    ck_rc(xmi_known_each(&k, stop, &stops), -EINTR);
    ck_ok(xmi_known_each(&k, note, &last));
    for (unsigned i = 0; i < SPAN; i++)
        ck_assert_uint_eq(flat[i], 0);
}
END_TEST

START_TEST(a_prepared_range_needs_no_memory)
{
    ck_ok(xmi_known_put(&k, 0, SPAN, 0xff, 0x88));
    ck_ok(xmi_known_prepare(&k, 300, 1));
    ck_ok(xmi_known_prepare(&k, 1000, 5000));
    size_t nodes = k.nodes;
    ck_assert_uint_eq(xmi_known_get(&k, 300), 0x88); /* nothing has changed */
    ck_ok(xmi_known_put(&k, 300, 1, KNOWN_SET, 9));
    ck_ok(xmi_known_put(&k, 1000, 5000, KNOWN_SET, 9));
    ck_assert_uint_le(k.nodes, nodes);
}
END_TEST

/* Byte by byte in and out of order, with parts that are put, turn uniform and go in between. */
START_TEST(bytes_in_place)
{
    for (unsigned round = 0; round < 300; round++) {
        uint64_t a = rnd(SPAN), n = 1 + rnd(rnd(2) ? 700 : 70000);
        uint8_t value = (uint8_t)rnd(256);
        if (n > SPAN - a)
            n = SPAN - a;
        ck_ok(xmi_known_put(&k, a, n, 0xff, value));
        memset(flat + a, value, n);
        struct known_at at = {0};
        uint64_t gfn = rnd(SPAN), leaves = 0;
        for (unsigned i = 0; i < 2000; i++) {
            uint8_t *byte = known_at(&k, &at, gfn);
            ck_assert_uint_eq(xmi_known_get(&k, gfn), flat[gfn]);
            if (byte) {
                ck_assert_uint_eq(*byte, flat[gfn]);
                *byte = flat[gfn] = (uint8_t)((*byte & KNOWN_FOUND) | rnd(16));
                leaves++;
            } else if (rnd(50) == 0) {
                ck_ok(xmi_known_prepare(&k, gfn, 1));
                ck_assert_ptr_nonnull(known_at(&k, &at, gfn));
            } else if (rnd(50) == 0) { /* the leaf that was looked up stays */
                ck_ok(xmi_known_put(&k, gfn, 1, KNOWN_SET, 7));
                flat[gfn] = (uint8_t)((flat[gfn] & KNOWN_FOUND) | 7);
            }
            gfn = rnd(40) ? (gfn + 1) % SPAN : rnd(SPAN);
        }
        ck_assert(round < 20 || leaves > 0);
    }
    struct known_at at = {0};
    ck_assert_ptr_null(known_at(&k, &at, UINT64_MAX));
}
END_TEST

START_TEST(a_million_scattered)
{
    for (uint64_t i = 0; i < 1000000; i++)
        ck_ok(xmi_known_put(&k, i * 16 + rnd(16), 1, 0xff, 0x9f));
    ck_assert_uint_le(k.nodes, 65536 + 300); /* 16 bytes a gfn */
    ck_assert_uint_le(arena.pages * (uint64_t)ARENA_PAGE + arena.page_cap * sizeof(*arena.page),
                      19000000);
}
END_TEST

int main(void)
{
    const unit_test tests[] = {codes,
                               empty,
                               large_uniform_parts_are_cheap,
                               random_against_array,
                               each_run_once,
                               a_prepared_range_needs_no_memory,
                               bytes_in_place,
                               a_million_scattered,
                               NULL};
    return unit_main("known", setup, teardown, tests);
}
