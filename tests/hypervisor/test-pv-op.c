/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a toolstack asks for of a PV guest: one answer for Xen's glue and for the simulator. */
#include <xm/pv.h>

#include "pv-test.h"

static int op(struct xm_pv_op *o, uint32_t *start)
{
    bool flush = false;
    int rc;

    do {
        rc = xm_pv_op(&pv, o, start, &flush);
    } while (rc == XM_CONTINUE);
    return rc;
}

static int ask(uint8_t what, uint64_t pfn, uint32_t nr, uint8_t access)
{
    struct xm_pv_op o = {.op = what, .access = access, .nr = nr, .pfn = pfn, .xen_minor = 17};
    uint32_t start = 0;
    int rc = op(&o, &start);

    return rc == 0 && what == 1 ? o.access : rc;
}

START_TEST(test_default)
{
    start(XM_PV_DEFAULT_ALL);
    ck_assert_int_eq(ask(0, XM_GFN_NONE, 0, 10), 0); /* default in 4.17: as it is */
    ck_assert_int_eq(ask(1, XM_GFN_NONE, 0, 0), 7);
    ck_assert_int_eq(ask(0, XM_GFN_NONE, 0, 5), 0);
    blows = 0;
    ck_assert_int_eq(ask(0, XM_GFN_NONE, 0, 10), 0);
    ck_assert_uint_eq(blows, 0);
    ck_assert_int_eq(ask(1, XM_GFN_NONE, 0, 0), 5);
    ck_assert_int_eq(ask(1, 77, 0, 0), 5);
    end();
}
END_TEST

/* A default that ends much is continued, and not set again: what others set meanwhile stays. */
START_TEST(test_default_is_continued)
{
    struct xm_pv_op o = {.op = 0, .access = 5, .pfn = XM_GFN_NONE, .xen_minor = 17};
    uint32_t from = 0;
    bool flush = false;

    start(XM_PV_DEFAULT_ALL);
    for (uint64_t m = 0; m < END; m += 500)
        ck_assert_int_eq(ask(0, m, 1, 1), 0);
    fake.preempt = true;
    ck_assert_int_eq(xm_pv_op(&pv, &o, &from, &flush), XM_CONTINUE);
    ck_assert(flush && from != 0 && from % 64 == 0);
    fake.preempt = false;
    ck_assert_int_eq(xm_pv_change(&pv, 5, XM_ACCESS_N, &flush), 0);
    ck_assert_int_eq(op(&o, &from), 0);
    ck_assert_int_eq(get(5), XM_ACCESS_N);
    ck_assert_int_eq(get(500), XM_ACCESS_RX);
    end();
}
END_TEST

static void nothing_changed(void)
{
    ck_assert(xm_pv_idle(&pv));
    ck_assert_uint_eq(fake.bytes, 0);
    ck_assert_uint_eq(drops + blows, 0);
}

START_TEST(test_refused)
{
    static const struct {
        uint8_t op, access;
        uint64_t pfn;
        uint32_t nr, start;
        int rc;
    } bad[] = {
        {0, 1, 0, UINT32_MAX, 0, -XM_EINVAL},
        {0, 1, END - 5, 6, 0, -XM_EINVAL},
        {0, 1, UINT64_MAX - 1, 4, 0, -XM_EINVAL},
        {0, 1, 0, 0, 0, -XM_EINVAL},
        {0, 1, 10, 64, 128, -XM_EINVAL},
        {0, 11, 10, 1, 0, -XM_EINVAL},
        {0, 255, XM_GFN_NONE, 0, 0, -XM_EINVAL},
        {0, 1, 60000, 100, 0, -XM_ESRCH},
        {1, 0, 60050, 0, 0, -XM_ESRCH},
        {1, 0, END, 0, 0, -XM_EINVAL},
        {1, 0, 5, 0, 64, -XM_ENOSYS},
        {2, 1, 5, 1, 0, -XM_ENOSYS},
        {3, 1, 5, 1, 0, -XM_ENOSYS},
        {255, 1, 5, 1, 0, -XM_ENOSYS},
    };

    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct xm_pv_op o = {.op = bad[i].op,
                             .access = bad[i].access,
                             .nr = bad[i].nr,
                             .pfn = bad[i].pfn,
                             .xen_minor = 17};
        uint32_t from = bad[i].start;

        start(XM_PV_DEFAULT_ALL);
        foreign[60050] = true;
        ck_assert_int_eq(op(&o, &from), bad[i].rc);
        nothing_changed();
        end();
    }
}
END_TEST

/* As long as a list can be said to be: read up to where it cannot be, and no change. */
START_TEST(test_list_refused)
{
    static uint64_t gfns[4096];
    static uint8_t rights[4096];
    struct xm_pv_op o = {.op = 4,
                         .nr = UINT32_MAX,
                         .pfn_list = (uintptr_t)gfns,
                         .access_list = (uintptr_t)rights,
                         .xen_minor = 17,
                         .lists = true};
    uint64_t first = (uintptr_t)gfns < (uintptr_t)rights ? (uintptr_t)rights : (uintptr_t)gfns;
    uint32_t from = 0;

    for (unsigned i = 0; i < 4096; i++)
        gfns[i] = i * 24;
    start(XM_PV_DEFAULT_ALL);
    fake.preempt = true;
    fake.fault_from = first + 2000;
    ck_assert_int_eq(op(&o, &from), -XM_EFAULT);
    fake.fault_from = 0;
    nothing_changed();
    o.nr = 4096;
    o.lists = false;
    from = 0;
    ck_assert_int_eq(op(&o, &from), -XM_EOPNOTSUPP);
    nothing_changed();
    o.lists = true;
    from = 0;
    ck_assert_int_eq(op(&o, &from), 0);
    ck_assert_int_eq(get(4095 * 24), XM_ACCESS_N);
    fake.preempt = false;
    end();
}
END_TEST

START_TEST(test_mode)
{
    start(XM_PV_DEFAULT_ALL);
    xm_pv_turn_on(&pv, XM_PV_OWN_DENY, XM_PV_DEFAULT_LATER);
    ck_assert(pv.policy == XM_PV_OWN_DENY && pv.semantics == XM_PV_DEFAULT_LATER);
    ck_assert_int_eq(ask(0, 5, 1, 1), 0);
    ck_assert_int_eq(xm_pv_turn_off(&pv, false, true), -XM_EBUSY);
    ck_assert_int_eq(xm_pv_turn_off(&pv, true, false), -XM_EBUSY);
    ck_assert_int_eq(ask(1, 5, 0, 0), 1);
    blows = 0;
    ck_assert_int_eq(xm_pv_turn_off(&pv, false, false), 0);
    ck_assert_uint_eq(blows, 1);
    ck_assert_int_eq(xm_pv_turn_off(&pv, true, true), 0); /* off already */
    ck_assert_uint_eq(blows, 1);
    ck_assert_int_eq(ask(0, 5, 1, 1), -XM_EOPNOTSUPP);
    ck_assert_int_eq(ask(1, 5, 0, 0), -XM_EOPNOTSUPP);
    xm_pv_turn_on(&pv, XM_PV_OWN_IGNORE, XM_PV_DEFAULT_ALL);
    ck_assert_int_eq(ask(1, 5, 0, 0), 7);
    ck_assert_int_eq(xm_pv_turn_off(&pv, true, false), 0);
    xm_pv_on(&pv);
    end();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("pv-op");
    TCase *c = tcase_create("pv-op");

    tcase_add_test(c, test_default);
    tcase_add_test(c, test_default_is_continued);
    tcase_add_test(c, test_refused);
    tcase_add_test(c, test_list_refused);
    tcase_add_test(c, test_mode);
    suite_add_tcase(s, c);
    return fake_run(s);
}
