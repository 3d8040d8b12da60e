/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Operations on many frames: several at once, and lists that change or are refused. */
#include <xm/pv.h>

#include "pv-test.h"

/* One caller's step after another's; 0: done, as rc says. */
struct run {
    uint64_t caller, first;
    uint32_t nr, from;
    enum xm_access a;
    int rc;
};

static void step(struct run *r)
{
    bool flush = false;

    fake.caller = r->caller;
    if (r->rc == XM_CONTINUE)
        r->rc = xm_pv_set(&pv, r->first, r->nr, &r->from, r->a, &flush);
}

/* Another caller with the same first frame and number, other rights, and no memory: it sees nothing of the first. */
START_TEST(test_same_frames_by_two)
{
    struct run a = {.caller = 1, .first = 0, .nr = 98304, .a = XM_ACCESS_RWX, .rc = XM_CONTINUE};
    struct run b = {.caller = 2, .first = 0, .nr = 98304, .a = XM_ACCESS_N, .rc = XM_CONTINUE};
    bool flush;

    for (unsigned same = 0; same < 2; same++) {
        start(XM_PV_DEFAULT_ALL);
        /* There is room at its beginning and its end, not in the middle. */
        ck_assert_int_eq(set(5, 1, XM_ACCESS_R, &flush), 0);
        ck_assert_int_eq(set(70000, 1, XM_ACCESS_R, &flush), 0);
        drops = 0;
        fake.preempt = true;
        a.rc = b.rc = XM_CONTINUE;
        a.from = b.from = 0;
        for (unsigned i = 0; i < 140; i++)
            step(&a); /* more than half of it is checked */
        ck_assert_int_eq(a.rc, XM_CONTINUE);
        if (same)
            b.caller = a.caller; /* with two things to do */
        fake.alloc_left = 0;
        while (b.rc == XM_CONTINUE)
            step(&b);
        ck_assert_int_eq(b.rc, -XM_ENOMEM);
        ck_assert_uint_eq(drops, 0);
        for (uint64_t m = 0; m < 98304; m += 5)
            ck_assert_int_eq(get(m), m == 5 || m == 70000 ? XM_ACCESS_R : XM_ACCESS_RWX);
        fake.alloc_left = -1;
        /* And a foreign frame in the part that the first one has checked. */
        foreign[100] = true;
        b.rc = XM_CONTINUE;
        b.from = 0;
        while (b.rc == XM_CONTINUE)
            step(&b);
        ck_assert_int_eq(b.rc, -XM_ESRCH);
        ck_assert_uint_eq(drops, 0);
        foreign[100] = false;
        while (a.rc == XM_CONTINUE)
            step(&a);
        ck_assert_int_eq(a.rc, 0);
        end();
    }
}
END_TEST

/* What was reserved is neither given back by an operation that ends, nor by frames that leave, nor by a default. */
START_TEST(test_another_ends_beside)
{
    struct run a = {.caller = 1, .first = 7, .nr = 3000, .a = XM_ACCESS_N, .rc = XM_CONTINUE};

    for (unsigned what = 0; what < 4; what++) {
        struct run b = {
            .caller = 2, .first = 40000, .nr = 700, .a = XM_ACCESS_R, .rc = XM_CONTINUE};

        start(XM_PV_DEFAULT_ALL);
        fake.preempt = true;
        a.rc = XM_CONTINUE;
        a.from = 0;
        while (a.from == 0)
            step(&a);
        if (what == 1)
            foreign[40600] = true;
        for (unsigned i = 0; what < 2 && b.rc == XM_CONTINUE; i++) {
            step(&b);
            ck_assert_uint_lt(i, 100);
        }
        ck_assert_int_eq(b.rc, what == 0 ? 0 : what == 1 ? -XM_ESRCH : XM_CONTINUE);
        foreign[40600] = false;
        for (uint64_t m = 600; what == 2 && m < 3007; m++) {
            foreign[m] = true;
            xm_pv_frame_left(&pv, m);
            foreign[m] = false;
            ck_assert_int_eq(xm_pv_frame_came(&pv, m), 0);
        }
        for (uint64_t m = 0; what == 3 && m < 300; m++) {
            bool flush;

            ck_assert_int_eq(xm_pv_change(&pv, 7 + m * 10, XM_ACCESS_RX, &flush), 0);
            ck_assert_int_eq(xm_pv_change(&pv, 7 + m * 10, XM_ACCESS_RWX, &flush), 0);
        }
        fake.alloc_left = 0;
        while (a.rc == XM_CONTINUE)
            step(&a);
        ck_assert_int_eq(a.rc, 0);
        fake.alloc_left = -1;
        for (uint64_t m = 600; m < 3007; m++)
            ck_assert_int_eq(get(m), XM_ACCESS_N);
        ck_assert_ptr_null(pv.table.reserved);
        end();
    }
}
END_TEST

/* More of them than there are tickets, and some that nobody continues: all come to their end, and all room back. */
START_TEST(test_many_callers)
{
    struct run r[XM_PV_TICKETS + 8];
    unsigned going;

    start(XM_PV_DEFAULT_ALL);
    fake.preempt = true;
    for (unsigned i = 0; i < XM_PV_TICKETS + 8; i++)
        r[i] = (struct run){
            .caller = i, .first = i * 1500, .nr = 1400, .a = XM_ACCESS_R, .rc = XM_CONTINUE};
    for (unsigned round = 0; round < 2000; round++) {
        going = 0;
        for (unsigned i = round < 20 ? 0 : 5; i < XM_PV_TICKETS + 8; i++) {
            if (round % 3 == 0 || i % 3 != 0 || round > 300)
                step(&r[i]);
            going += r[i].rc == XM_CONTINUE;
        }
        if (going == 0)
            break;
    }
    ck_assert_uint_eq(going, 0);
    for (unsigned i = 5; i < XM_PV_TICKETS + 8; i++) {
        ck_assert_int_eq(r[i].rc, 0);
        for (uint64_t m = 0; m < 1500; m++)
            ck_assert_int_eq(get(i * 1500 + m), m < 1400 ? XM_ACCESS_R : XM_ACCESS_RWX);
    }
    /* A good while later those that were given up count for nothing. */
    for (unsigned i = 0; i < 300; i++) {
        bool flush;

        fake.caller = 99;
        ck_assert_int_eq(set(END - 1, 1, i % 2 != 0 ? XM_ACCESS_R : XM_ACCESS_RWX, &flush), 0);
    }
    ck_assert_ptr_null(pv.table.reserved);
    end();
}
END_TEST

/* Changes between check and change: what is right is set, and it ends at what is not, as that says. */
START_TEST(test_list_changes_under_way)
{
    static const struct {
        uint64_t gfn;
        uint8_t rights;
        int rc;
    } with[] = {
        {END, 1, -XM_EINVAL}, {UINT64_MAX, 1, -XM_EINVAL}, {20, 99, -XM_EINVAL}, {90000, 1, 0}};
    uint64_t gfns[128];
    uint8_t rights[128];

    for (unsigned w = 0; w < 4; w++) {
        uint32_t from = 0;
        bool flush = false;
        int rc;

        start(XM_PV_DEFAULT_ALL);
        foreign[90000] = true;
        for (unsigned i = 0; i < 128; i++) {
            gfns[i] = 300 * i;
            rights[i] = 1;
        }
        fake.preempt = true;
        do {
            rc = xm_pv_set_list(&pv, (uintptr_t)gfns, (uintptr_t)rights, 128, &from, 17, &flush);
            if (from == 64) {
                gfns[100] = with[w].gfn;
                rights[100] = with[w].rights;
            }
        } while (rc == XM_CONTINUE);
        ck_assert_int_eq(rc, with[w].rc);
        foreign[90000] = false;
        for (uint64_t m = 0; m < END; m++) {
            bool is = m % 300 == 0 && m / 300 != 100 && m / 300 < (rc == 0 ? 128 : 100);

            ck_assert_int_eq(get(m), is ? XM_ACCESS_R : XM_ACCESS_RWX);
        }
        ck_assert_ptr_null(pv.table.reserved);
        end();
    }
}
END_TEST

/*
 * A leaf has its new rights before its entries are gone. Whoever comes next is not told that rights hold before they
 * are: whatever becomes of the first caller, be it the same frames or others, a range, a list or one frame.
 */
START_TEST(test_entries_before_success)
{
    for (unsigned what = 0; what < 3; what++) {
        struct run a = {.caller = 1, .first = 1024, .nr = 512, .a = XM_ACCESS_N, .rc = XM_CONTINUE};
        struct run b = {.caller = 2, .a = XM_ACCESS_N, .rc = XM_CONTINUE};

        start(XM_PV_DEFAULT_ALL);
        fake.preempt = true;
        while (get(1535) != XM_ACCESS_N)
            step(&a);
        ck_assert_int_eq(a.rc, XM_CONTINUE);
        ck_assert_uint_eq(drops, 64); /* at once */
        b.first = what == 0 ? 1024 : 5000;
        b.nr = what == 2 ? 1 : 512;
        while (b.rc == XM_CONTINUE)
            step(&b);
        ck_assert_int_eq(b.rc, 0);
        ck_assert_uint_eq(drops, 512 + (what == 0 ? 0 : b.nr));
        end();
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("pv-many");
    TCase *c = tcase_create("pv-many");

    tcase_set_timeout(c, 240);
    tcase_add_test(c, test_same_frames_by_two);
    tcase_add_test(c, test_another_ends_beside);
    tcase_add_test(c, test_many_callers);
    tcase_add_test(c, test_list_changes_under_way);
    tcase_add_test(c, test_entries_before_success);
    suite_add_tcase(s, c);
    return fake_run(s);
}
