/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sparse table of rights: against a flat one, its size, and what it does without memory. */
#include <xm/pv-table.h>

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
    ck_assert_int_eq(xm_pv_table_reserve(&t, mfn), 0);
    xm_pv_table_put(&t, mfn, value);
}

START_TEST(test_nothing_costs_nothing)
{
    start();
    ck_assert_uint_eq(xm_pv_table_get(&t, 0), 0);
    ck_assert_uint_eq(xm_pv_table_get(&t, XM_PV_MFN_LIMIT - 1), 0);
    xm_pv_table_put(&t, 77, 0);
    xm_pv_table_prune(&t, 77);
    ck_assert_uint_eq(fake.bytes, 0);
    end();
}
END_TEST

START_TEST(test_edges)
{
    static const uint64_t mfns[] = {0, 1, 7, 8, 511, 512, 32767, 32768, UINT64_C(1) << 21,
                                    (UINT64_C(1) << 36) + 5, XM_PV_MFN_LIMIT - 1};

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

START_TEST(test_reserved_for_nothing)
{
    size_t before;

    start();
    put(5, 3);
    before = fake.bytes;
    ck_assert_int_eq(xm_pv_table_reserve(&t, UINT64_C(1) << 25), 0);
    ck_assert_uint_gt(fake.bytes, before);
    xm_pv_table_prune(&t, UINT64_C(1) << 25);
    xm_pv_table_put(&t, 5, 0);
    ck_assert_uint_eq(fake.bytes, 0);
    end();
}
END_TEST

/* Every allocation fails once: nothing is lost, nothing is left. */
START_TEST(test_no_memory)
{
    for (long n = 0; n < 12; n++) {
        size_t before;
        int rc;

        start();
        put(5, 3);
        before = fake.bytes;
        fake.alloc_left = n;
        rc = xm_pv_table_reserve(&t, (UINT64_C(1) << 37) + 1);
        fake.alloc_left = -1;
        ck_assert(rc == 0 || rc == -XM_ENOMEM);
        ck_assert(rc == 0 || fake.bytes <= before + 6 * 520); /* a higher root may stay */
        ck_assert_uint_eq(xm_pv_table_get(&t, 5), 3);
        xm_pv_table_put(&t, 5, 0);
        if (rc == 0)
            xm_pv_table_prune(&t, (UINT64_C(1) << 37) + 1);
        ck_assert_uint_eq(fake.bytes, 0);
        end();
    }
}
END_TEST

START_TEST(test_bump_forgets_all)
{
    size_t bytes;

    start();
    for (uint64_t m = 0; m < 2000; m++)
        put(m, 7);
    bytes = fake.bytes;
    xm_pv_table_bump(&t);
    ck_assert_uint_eq(t.tracked, 0);
    ck_assert_uint_eq(fake.bytes, bytes); /* nothing was walked */
    for (uint64_t m = 0; m < 2000; m++)
        ck_assert_uint_eq(xm_pv_table_get(&t, m), 0);
    put(3, 2);
    /* A neighbour in the same cell is of the old epoch. */
    ck_assert_uint_eq(xm_pv_table_get(&t, 2), 0);
    ck_assert_uint_eq(xm_pv_table_get(&t, 3), 2);
    ck_assert_uint_eq(t.tracked, 1);
    end();
}
END_TEST

START_TEST(test_epoch_wraps)
{
    start();
    put(3, 2);
    t.epoch = UINT32_MAX;
    ck_assert_uint_eq(xm_pv_table_get(&t, 3), 0);
    put(4, 2);
    xm_pv_table_bump(&t);
    ck_assert_uint_eq(t.epoch, 1);
    ck_assert_uint_eq(xm_pv_table_get(&t, 3), 0); /* of the first epoch 1 */
    ck_assert_uint_eq(fake.bytes, 0);
    end();
}
END_TEST

/* 8 bytes or less per tracked frame, as long as an eighth of a region is tracked. */
START_TEST(test_size)
{
    start();
    for (uint64_t m = 0; m < 262144; m++) /* 1 GiB */
        put(m, 2);
    ck_assert_uint_le(fake.bytes, 262144 + 262144 / 16);
    end();
    start();
    for (uint64_t m = 0; m < 262144; m += 8)
        put(m, 2);
    ck_assert_uint_le(fake.bytes, 262144 / 8 * 9);
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
        uint64_t k = s % sizeof(flat), mfn = k << (k % 3 == 0 ? 6 : 0) | (k % 3 == 0 ? UINT64_C(1) << 33 : 0);
        uint8_t v = (uint8_t)(s >> 40 & 15);

        if (s >> 50 == 0) {
            xm_pv_table_bump(&t);
            memset(flat, 0, sizeof(flat));
        } else if (s >> 60 < 10) {
            if (v != 0)
                ck_assert_int_eq(xm_pv_table_reserve(&t, mfn), 0);
            xm_pv_table_put(&t, mfn, v);
            flat[k] = v;
        }
        if (xm_pv_table_get(&t, mfn) != flat[k])
            ck_abort_msg("step %u: frame %#jx", i, (uintmax_t)mfn);
    }
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
    tcase_add_test(c, test_reserved_for_nothing);
    tcase_add_test(c, test_no_memory);
    tcase_add_test(c, test_bump_forgets_all);
    tcase_add_test(c, test_epoch_wraps);
    tcase_add_test(c, test_size);
    tcase_add_test(c, test_random);
    suite_add_tcase(s, c);
    return fake_run(s);
}
