/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sparse table of rights: against a flat one, its size, and what it does without memory. */
#include <xm/pv-frames.h>

#include "fake-env.h"

static struct xm_pv_table t;

static void start(void)
{
    memset(&fake, 0, sizeof(fake));
    fake.alloc_left = -1;
    xm_pv_table_init(&t);
}

static void end(void)
{
    xm_pv_table_free(&t);
    ck_assert_uint_eq(t.bytes, 0);
    ck_assert_uint_eq(fake.bytes, 0);
}

static void put(uint64_t mfn, uint8_t value)
{
    ck_assert_int_eq(xm_pv_table_put(&t, mfn, value), 0);
}

/* Frames that are the owner's. */
static uint64_t owned_from, owned_to;

static bool still(void *who, uint64_t mfn)
{
    (void)who;
    return mfn >= owned_from && mfn < owned_to;
}

static void left(uint64_t mfn)
{
    xm_pv_table_left(&t, mfn, still, NULL);
}

START_TEST(test_nothing_costs_nothing)
{
    start();
    ck_assert_uint_eq(xm_pv_table_get(&t, 0), 0);
    ck_assert_uint_eq(xm_pv_table_get(&t, XM_PV_MFN_LIMIT - 1), 0);
    put(77, 0);
    left(77);
    ck_assert_int_eq(xm_pv_table_fill(&t, 77, 0, false), 0);
    ck_assert(!xm_pv_table_release(&t) && !xm_pv_table_reap(&t) && !xm_pv_table_touched(&t, 77));
    ck_assert_uint_eq(fake.bytes, 0);
    end();
}
END_TEST

START_TEST(test_edges)
{
    static const uint64_t mfns[] = {0,
                                    1,
                                    7,
                                    8,
                                    511,
                                    512,
                                    32767,
                                    32768,
                                    UINT64_C(1) << 21,
                                    (UINT64_C(1) << 36) + 5,
                                    XM_PV_MFN_LIMIT - 1};

    start();
    for (unsigned i = 0; i < 11; i++)
        put(mfns[i], (uint8_t)(i + 1));
    for (unsigned i = 0; i < 11; i++)
        ck_assert_uint_eq(xm_pv_table_get(&t, mfns[i]), i + 1);
    ck_assert_uint_eq(t.tracked, 11);
    ck_assert_uint_eq(xm_pv_table_get(&t, 2), 0);
    ck_assert_uint_eq(xm_pv_table_get(&t, XM_PV_MFN_LIMIT), 0);
    ck_assert_int_eq(xm_pv_table_reserve(&t, XM_PV_MFN_LIMIT), -XM_ERANGE);
    ck_assert_int_eq(xm_pv_table_reserve(&t, UINT64_MAX), -XM_ERANGE);
    end();
}
END_TEST

/* The last value of a subtree gone, its nodes are. */
START_TEST(test_empties)
{
    start();
    put(5, 3);
    put((UINT64_C(1) << 30) + 5, 4);
    xm_pv_table_put(&t, 5, 0);
    ck_assert_uint_eq(xm_pv_table_get(&t, 5), 0);
    ck_assert_uint_eq(xm_pv_table_get(&t, (UINT64_C(1) << 30) + 5), 4);
    xm_pv_table_put(&t, (UINT64_C(1) << 30) + 5, 0);
    ck_assert_uint_eq(t.bytes, 0);
    ck_assert_uint_eq(t.tracked, 0);
    put(9, 2); /* and it goes on */
    ck_assert_uint_eq(xm_pv_table_get(&t, 9), 2);
    end();
}
END_TEST

/* Room that was made stays until it is given back, and then only what is used. */
START_TEST(test_reserved)
{
    start();
    put(5, 3);
    size_t before = fake.bytes;
    ck_assert_int_eq(xm_pv_table_reserve(&t, UINT64_C(1) << 25), 0);
    ck_assert_int_eq(xm_pv_table_reserve(&t, (UINT64_C(1) << 25) + 9), 0);
    ck_assert_int_eq(xm_pv_table_reserve_leaf(&t, UINT64_C(1) << 30), 0);
    ck_assert_uint_gt(fake.bytes, before);
    before = fake.bytes;
    put(UINT64_C(1) << 25, 2);
    put(UINT64_C(1) << 25, 0);
    fake.alloc_left = 0;
    put((UINT64_C(1) << 25) + 9, 7);
    ck_assert_int_eq(xm_pv_table_fill(&t, UINT64_C(1) << 30, 4, false), 0);
    fake.alloc_left = -1;
    ck_assert_uint_eq(fake.bytes, before);
    while (xm_pv_table_release(&t))
        ;
    ck_assert_uint_eq(xm_pv_table_get(&t, (UINT64_C(1) << 25) + 9), 7);
    ck_assert_uint_eq(xm_pv_table_get(&t, (UINT64_C(1) << 30) + 511), 4);
    put((UINT64_C(1) << 25) + 9, 0);
    ck_assert_int_eq(xm_pv_table_fill(&t, UINT64_C(1) << 30, 0, false), 0);
    put(5, 0);
    ck_assert_uint_eq(fake.bytes, 0);
    end();
}
END_TEST

/* Every allocation fails once: nothing is lost, nothing is left. */
START_TEST(test_no_memory)
{
    for (long n = 0; n < 16; n++) {
        int rc;

        start();
        put(5, 3);
        fake.alloc_left = n;
        rc = xm_pv_table_reserve(&t, (UINT64_C(1) << 37) + 1);
        fake.alloc_left = -1;
        ck_assert(rc == 0 || rc == -XM_ENOMEM);
        ck_assert(rc == 0 || fake.bytes <= 12 * 600); /* a higher root may stay */
        ck_assert_uint_eq(xm_pv_table_get(&t, 5), 3);
        while (xm_pv_table_release(&t))
            ;
        put(5, 0);
        ck_assert_uint_eq(fake.bytes, 0);
        fake.alloc_left = n;
        rc = xm_pv_table_put(&t, (UINT64_C(1) << 37) + 1, 9);
        fake.alloc_left = -1;
        ck_assert(rc == 0 || (rc == -XM_ENOMEM && fake.bytes == 0));
        end();
    }
}
END_TEST

/* Nothing is walked, and what was taken off comes back in small steps. */
START_TEST(test_forget)
{
    size_t bytes, nodes = 0;

    start();
    for (uint64_t m = 0; m < 200000; m += 2)
        put(m, 7);
    ck_assert_int_eq(xm_pv_table_reserve(&t, 400000), 0);
    bytes = fake.bytes;
    xm_pv_table_forget(&t);
    ck_assert_uint_eq(t.tracked, 0);
    ck_assert_uint_eq(fake.bytes, bytes);
    for (uint64_t m = 0; m < 2000; m++)
        ck_assert_uint_eq(xm_pv_table_get(&t, m), 0);
    put(3, 2);
    ck_assert_uint_eq(xm_pv_table_get(&t, 2), 0);
    ck_assert_uint_eq(xm_pv_table_get(&t, 3), 2);
    ck_assert(!xm_pv_table_release(&t));
    for (size_t before = fake.bytes; xm_pv_table_reap(&t); before = fake.bytes, nodes++)
        ck_assert(before - fake.bytes > 0 && before - fake.bytes < 600);
    ck_assert_uint_gt(nodes, 390);
    put(3, 0);
    ck_assert_uint_eq(fake.bytes, 0);
    end();
}
END_TEST

/* A leaf whose frames have the same is none: set one by one, in whichever order, or at once. */
START_TEST(test_uniform)
{
    start();
    ck_assert_int_eq(xm_pv_table_fill(&t, 5000 * 512 + 17, 6, false), 0);
    size_t inner = fake.bytes;
    ck_assert_uint_eq(t.tracked, 512);
    for (uint64_t m = 512; m-- > 0;)
        put(5001 * 512 + m, 3);
    for (uint64_t m = 0; m < 512; m++)
        put(5002 * 512 + m * 37 % 512, 3);
    ck_assert_uint_eq(fake.bytes, inner);
    ck_assert_uint_eq(t.tracked, 3 * 512);
    for (uint64_t m = 0; m < 512; m++) {
        ck_assert_uint_eq(xm_pv_table_get(&t, 5000 * 512 + m), 6);
        ck_assert_uint_eq(xm_pv_table_get(&t, 5001 * 512 + m), 3);
    }
    put(5001 * 512 + 100, 4);
    ck_assert_uint_gt(fake.bytes, inner);
    ck_assert_uint_eq(xm_pv_table_get(&t, 5001 * 512 + 100), 4);
    ck_assert_uint_eq(xm_pv_table_get(&t, 5001 * 512 + 99), 3);
    put(5001 * 512 + 100, 3);
    ck_assert_uint_eq(fake.bytes, inner);
    for (uint64_t l = 5000; l < 5003; l++)
        ck_assert_int_eq(xm_pv_table_fill(&t, l * 512, 0, false), 0);
    ck_assert_uint_eq(fake.bytes, 0);
    ck_assert_uint_eq(t.tracked, 0);
    end();
}
END_TEST

/* Frames leave a uniform leaf although there is no memory to say which: none is told wrong, none is kept. */
START_TEST(test_leaves_without_memory)
{
    for (long room = 0; room < 2; room++) {
        start();
        owned_from = 1024, owned_to = 1536;
        ck_assert_int_eq(xm_pv_table_fill(&t, 1024, 6, false), 0);
        fake.alloc_left = 0;
        for (uint64_t m = 1024; m < 1500; m++) {
            owned_from = m + 1;
            left(m);
        }
        for (uint64_t m = 1500; m < 1536; m++)
            ck_assert_uint_eq(xm_pv_table_get(&t, m), 6);
        ck_assert_int_eq(xm_pv_table_put(&t, 1200, 9), -XM_ENOMEM); /* comes back with another */
        fake.alloc_left = room != 0 ? -1 : 0;
        owned_from = 1501;
        left(1500);
        /* With memory, those that left unnoticed are seen now. */
        ck_assert_uint_eq(t.tracked, room != 0 ? 35 : 512);
        for (uint64_t m = 1501; m < 1536; m++) {
            ck_assert_uint_eq(xm_pv_table_get(&t, m), 6);
            owned_from = m + 1;
            left(m);
        }
        fake.alloc_left = -1;
        ck_assert_uint_eq(t.tracked, 0);
        ck_assert_uint_eq(fake.bytes, 0);
        end();
    }
}
END_TEST

/* As many bytes as the file of the table says, a frame. */
START_TEST(test_size)
{
    start();
    for (uint64_t m = 0; m < 1 << 20; m++) /* 4 GiB */
        put(m, 2);
    ck_assert_uint_le(fake.bytes, (1 << 20) / 50);
    for (uint64_t m = 0; m < 1 << 20; m += 3)
        put(m, 3);
    ck_assert_uint_le(fake.bytes, (1 << 20) / 10 * 6);
    end();
}
END_TEST

START_TEST(test_random)
{
    static uint8_t flat[1 << 14];
    uint64_t s = 88172645463325252u, n;

    start();
    memset(flat, 0, sizeof(flat));
    for (unsigned i = 0; i < 300000; i++) {
        s ^= s << 13, s ^= s >> 7, s ^= s << 17;
        uint64_t k = s % sizeof(flat), mfn = k;
        uint8_t v = (uint8_t)(s >> 40 & 15);

        if (s >> 50 == 0) {
            xm_pv_table_forget(&t);
            memset(flat, 0, sizeof(flat));
            for (k = 0; k < sizeof(flat) / 512 / 2; k++) {
                ck_assert_int_eq(xm_pv_table_fill(&t, k * 1024, 5, k % 2 != 0), 0);
                memset(flat + k * 1024, 5, 512);
            }
            continue;
        } else if (s >> 60 < 10) {
            if (v == 9)
                ck_assert_int_eq(xm_pv_table_reserve(&t, mfn), 0);
            else if (v == 10)
                (void)xm_pv_table_release(&t);
            else if (v == 11)
                (void)xm_pv_table_reap(&t);
            put(mfn, v);
            flat[k] = v;
        }
        if (xm_pv_table_get(&t, mfn) != flat[k])
            ck_abort_msg("step %u: frame %#jx", i, (uintmax_t)mfn);
    }
    while (xm_pv_table_release(&t))
        ;
    for (n = 0, s = 0; s < sizeof(flat); s++)
        n += flat[s] != 0;
    ck_assert_uint_eq(t.tracked, n);
    end();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("pv-table");
    TCase *c = tcase_create("pv-table");

    tcase_set_timeout(c, 240);
    tcase_add_test(c, test_nothing_costs_nothing);
    tcase_add_test(c, test_edges);
    tcase_add_test(c, test_empties);
    tcase_add_test(c, test_reserved);
    tcase_add_test(c, test_no_memory);
    tcase_add_test(c, test_forget);
    tcase_add_test(c, test_uniform);
    tcase_add_test(c, test_leaves_without_memory);
    tcase_add_test(c, test_size);
    tcase_add_test(c, test_random);
    suite_add_tcase(s, c);
    return fake_run(s);
}
