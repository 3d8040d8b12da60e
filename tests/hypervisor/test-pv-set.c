/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rights of a PV guest's frames as hypercalls set them, and what that does to shadows. */
#include <xm/pv.h>

#include "pv-test.h"

START_TEST(test_range)
{
    enum xm_access a = XM_ACCESS_COUNT;
    bool flush;

    start(XM_PV_DEFAULT_ALL);
    ck_assert_int_eq(set(10, 20, XM_ACCESS_R, &flush), 0);
    ck_assert(flush);
    ck_assert_uint_eq(drops, 20);
    for (uint64_t m = 8; m < 34; m++)
        ck_assert_int_eq(get(m), m >= 10 && m < 30 ? XM_ACCESS_R : XM_ACCESS_RWX);
    foreign[12] = true;
    ck_assert_int_eq(xm_pv_get(&pv, 12, &a), -XM_ESRCH);
    ck_assert_int_eq(xm_pv_get(&pv, END, &a), -XM_EINVAL);
    ck_assert_int_eq(xm_pv_get(&pv, UINT64_MAX, &a), -XM_EINVAL);
    ck_assert_int_eq(a, XM_ACCESS_COUNT);
    end();
}
END_TEST

START_TEST(test_range_refused)
{
    bool flush;
    uint32_t from = 64;

    start(XM_PV_DEFAULT_ALL);
    ck_assert_int_eq(set(10, 0, XM_ACCESS_R, &flush), -XM_EINVAL);
    ck_assert_int_eq(set(END, 1, XM_ACCESS_R, &flush), -XM_EINVAL);
    ck_assert_int_eq(set(END - 1, 2, XM_ACCESS_R, &flush), -XM_EINVAL);
    ck_assert_int_eq(set(UINT64_MAX - 3, 8, XM_ACCESS_R, &flush), -XM_EINVAL);
    ck_assert_int_eq(xm_pv_set(&pv, 1, 8, &from, XM_ACCESS_R, &flush), -XM_EINVAL);
    ck_assert_int_eq(set(END - 1, 1, XM_ACCESS_R, &flush), 0);
    end();
}
END_TEST

/* One frame that is another's, at the end of a range of several chunks: nothing changed. */
START_TEST(test_foreign_changes_nothing)
{
    bool flush;

    for (unsigned preempt = 0; preempt < 2; preempt++) {
        start(XM_PV_DEFAULT_ALL);
        fake.preempt = preempt != 0;
        foreign[2999] = true;
        ck_assert_int_eq(set(1000, 2000, XM_ACCESS_N, &flush), -XM_ESRCH);
        ck_assert(!flush);
        ck_assert_uint_eq(drops, 0);
        ck_assert_uint_eq(fake.bytes, 0);
        ck_assert_int_eq(get(1000), XM_ACCESS_RWX);
        ck_assert_int_eq(set(1000, 1999, XM_ACCESS_N, &flush), 0);
        ck_assert_int_eq(get(2998), XM_ACCESS_N);
        ck_assert_uint_eq(fake.preempt_asked != 0, 1);
        end();
    }
}
END_TEST

/* Memory that runs out at whichever allocation. */
START_TEST(test_no_memory_changes_nothing)
{
    bool flush, ok = false;

    for (long n = 0; !ok; n++) {
        int rc;

        start(XM_PV_DEFAULT_ALL);
        ck_assert_int_eq(set(5, 1, XM_ACCESS_R, &flush), 0);
        fake.alloc_left = n;
        rc = set(400, 3000, XM_ACCESS_N, &flush);
        fake.alloc_left = -1;
        ok = rc == 0;
        ck_assert(ok || rc == -XM_ENOMEM);
        for (uint64_t m = 400; m < 3400; m++)
            ck_assert_int_eq(get(m), ok ? XM_ACCESS_N : XM_ACCESS_RWX);
        ck_assert_int_eq(get(5), XM_ACCESS_R);
        ck_assert(n < 100);
        end();
    }
}
END_TEST

/* An operation that is continued, with another tool's in between, and no time for more than a step of each. */
START_TEST(test_continued)
{
    uint32_t a = 0, b = 0, rounds = 0;
    bool flush = false;
    int ra, rb = XM_CONTINUE;

    start(XM_PV_DEFAULT_ALL);
    fake.preempt = true;
    do {
        fake.caller = 1;
        ra = xm_pv_set(&pv, 0, 1000, &a, XM_ACCESS_R, &flush);
        fake.caller = 2;
        if (rb == XM_CONTINUE)
            rb = xm_pv_set(&pv, 2000, 500, &b, XM_ACCESS_RX, &flush);
        ck_assert_uint_lt(++rounds, 60);
    } while (ra == XM_CONTINUE || rb == XM_CONTINUE);
    ck_assert_int_eq(ra, 0);
    ck_assert_int_eq(rb, 0);
    ck_assert_int_eq(get(999), XM_ACCESS_R);
    ck_assert_int_eq(get(2499), XM_ACCESS_RX);
    end();
}
END_TEST

/* A frame that goes while the operation is continued: as if it had gone behind it. */
START_TEST(test_frame_goes_meanwhile)
{
    uint32_t from = 0;
    bool flush = false;
    int rc;

    start(XM_PV_DEFAULT_ALL);
    fake.preempt = true;
    do {
        rc = xm_pv_set(&pv, 0, 256, &from, XM_ACCESS_R, &flush);
        if (from == 64 && !foreign[200]) {
            foreign[200] = true;
            xm_pv_frame_left(&pv, 200);
        }
    } while (rc == XM_CONTINUE);
    ck_assert_int_eq(rc, 0);
    foreign[200] = false; /* and comes back */
    ck_assert_int_eq(xm_pv_frame_came(&pv, 200), 0);
    ck_assert_int_eq(get(200), XM_ACCESS_RWX);
    ck_assert_int_eq(get(201), XM_ACCESS_R);
    end();
}
END_TEST

/* What it had is nobody's: neither what keeps the mode on, nor its next owner's. */
START_TEST(test_frame_that_left)
{
    bool flush;

    start(XM_PV_DEFAULT_ALL);
    ck_assert_int_eq(set(7, 2, XM_ACCESS_N, &flush), 0);
    foreign[7] = true;
    xm_pv_frame_left(&pv, 7);
    foreign[7] = false;
    ck_assert_int_eq(get(7), XM_ACCESS_RWX);
    ck_assert_int_eq(get(8), XM_ACCESS_N);
    ck_assert(!xm_pv_idle(&pv));
    foreign[8] = true;
    xm_pv_frame_left(&pv, 8);
    ck_assert(xm_pv_idle(&pv));
    foreign[8] = false;
    end();
}
END_TEST

/* Under whichever lock of the surroundings, as an allocator that gives frames to a domain. */
START_TEST(test_frames_under_a_lock)
{
    struct xm_lock owners;
    bool flush;

    start(XM_PV_DEFAULT_LATER);
    xm_pv_set_default(&pv, XM_ACCESS_R, &flush);
    xm_env_lock_init(&owners, XM_RANK_RING);
    xm_env_lock(&owners);
    ck_assert_int_eq(xm_pv_frames_came(&pv, 5, 700), 0);
    xm_pv_frame_left(&pv, 5);
    xm_env_unlock(&owners);
    ck_assert_int_eq(get(6), XM_ACCESS_R);
    ck_assert_int_eq(get(704), XM_ACCESS_R);
    ck_assert_int_eq(get(5), XM_ACCESS_RWX);
    end();
}
END_TEST

/* What is forgotten is given back in steps, and can be used again meanwhile. */
START_TEST(test_reap_is_preempted)
{
    bool flush, restricts = false;
    unsigned calls = 0;

    start(XM_PV_DEFAULT_ALL);
    for (uint64_t m = 0; m < END; m += 500)
        ck_assert_int_eq(set(m, 1, XM_ACCESS_R, &flush), 0);
    xm_pv_note(&pv, &restricts);
    ck_assert(restricts);
    xm_pv_end(&pv);
    ck_assert(xm_pv_idle(&pv));
    xm_pv_note(&pv, &restricts);
    ck_assert(!restricts && fake.bytes > 0);
    fake.preempt = true;
    while (xm_pv_reap(&pv) == XM_CONTINUE)
        calls++;
    ck_assert_uint_gt(calls, 10);
    ck_assert_uint_eq(fake.bytes, 0);
    fake.preempt = false;
    /* Nothing is noted, and nothing turned, while it is off. */
    ck_assert_int_eq(xm_pv_frame_came(&pv, 5), 0);
    ck_assert_int_eq(xm_pv_change(&pv, 6, XM_ACCESS_R, &flush), 0);
    ck_assert(xm_pv_idle(&pv));
    xm_pv_on(&pv);
    end();
}
END_TEST

/* One frame at a time, 8192 in all, each set to something or given a default: nothing is left of any. */
START_TEST(test_frames_that_come_and_go)
{
    size_t most = 0;
    bool flush;

    start(XM_PV_DEFAULT_LATER);
    memset(foreign, 1, sizeof(foreign));
    xm_pv_set_default(&pv, XM_ACCESS_R, &flush);
    for (uint64_t n = 0; n < 8192; n++) {
        uint64_t m = n * 523 % END;

        ck_assert_int_eq(xm_pv_frame_came(&pv, m), 0);
        foreign[m] = false;
        ck_assert_int_eq(get(m), XM_ACCESS_R);
        if (n % 2 != 0)
            ck_assert_int_eq(set(m, 1, XM_ACCESS_N, &flush), 0);
        most = fake.bytes > most ? fake.bytes : most;
        foreign[m] = true;
        xm_pv_frame_left(&pv, m);
        ck_assert_uint_eq(pv.table.tracked, 0);
        ck_assert_uint_eq(fake.bytes, 0);
    }
    ck_assert_uint_le(most, 3 * 600);
    xm_pv_set_default(&pv, XM_ACCESS_RWX, &flush);
    ck_assert(xm_pv_idle(&pv));
    memset(foreign, 0, sizeof(foreign));
    end();
}
END_TEST

/* Many at once, over leaves that others are in; without memory for all, none. */
START_TEST(test_many_come)
{
    bool flush, ok = false;

    for (long n = 0; !ok; n++) {
        start(XM_PV_DEFAULT_LATER);
        ck_assert_int_eq(set(900, 10, XM_ACCESS_N, &flush), 0);
        xm_pv_set_default(&pv, XM_ACCESS_RX, &flush);
        size_t before = fake.bytes;
        memset(&foreign[1000], 1, 3000);
        fake.alloc_left = n;
        ok = xm_pv_frames_came(&pv, 1000, 3000) == 0;
        fake.alloc_left = -1;
        memset(&foreign[1000], 0, 3000);
        for (uint64_t m = 900; m < 4100; m++) {
            bool came = ok && m >= 1000 && m < 4000;

            ck_assert_int_eq(get(m), m < 910 ? XM_ACCESS_N : came ? XM_ACCESS_RX : XM_ACCESS_RWX);
        }
        ck_assert(ok || fake.bytes == before);
        ck_assert(n < 20);
        end();
    }
}
END_TEST

/* A leaf of which frames leave while it is set as a whole. */
START_TEST(test_holes)
{
    uint32_t from = 0;
    bool flush = false;
    int rc;

    start(XM_PV_DEFAULT_ALL);
    fake.preempt = true;
    do {
        rc = xm_pv_set(&pv, 512, 2048, &from, XM_ACCESS_R, &flush);
        if (from == 512)
            memset(&foreign[1100], 1, 20);
    } while (rc == XM_CONTINUE);
    ck_assert_int_eq(rc, 0);
    fake.preempt = false;
    for (uint64_t m = 512; m < 2560; m++) {
        if (!foreign[m])
            ck_assert_int_eq(get(m), XM_ACCESS_R);
    }
    /* What comes there is not what left. */
    ck_assert_int_eq(xm_pv_frame_came(&pv, 1105), 0);
    foreign[1105] = false;
    ck_assert_int_eq(get(1105), XM_ACCESS_RWX);
    for (uint64_t m = 512; m < 2560; m++) {
        if (!foreign[m]) {
            foreign[m] = true;
            xm_pv_frame_left(&pv, m);
        }
    }
    ck_assert(xm_pv_idle(&pv));
    ck_assert_uint_eq(fake.bytes, 0);
    memset(foreign, 0, sizeof(foreign));
    end();
}
END_TEST

/* Entries that allow too little are left: only a loss of rights drops them. */
START_TEST(test_flushes_what_it_must)
{
    bool flush;

    start(XM_PV_DEFAULT_ALL);
    ck_assert_int_eq(set(7, 1, XM_ACCESS_RX, &flush), 0);
    ck_assert(flush && drops == 1 && dropped == 7);
    ck_assert_int_eq(set(7, 1, XM_ACCESS_RX, &flush), 0);
    ck_assert(!flush && drops == 1);
    ck_assert_int_eq(set(7, 1, XM_ACCESS_RX2RW, &flush), 0); /* the same entry */
    ck_assert(!flush && drops == 1);
    ck_assert_int_eq(set(7, 1, XM_ACCESS_RWX, &flush), 0);
    ck_assert(!flush && drops == 1);
    ck_assert_int_eq(set(7, 1, XM_ACCESS_RW, &flush), 0);
    ck_assert(flush && drops == 2);
    ck_assert_int_eq(set(7, 1, XM_ACCESS_W, &flush), 0); /* no such entry: not present */
    ck_assert(flush && drops == 3);
    ck_assert_int_eq(set(7, 1, XM_ACCESS_X, &flush), 0);
    ck_assert(!flush && drops == 3);
    ck_assert_uint_eq(blows, 0);
    end();
}
END_TEST

START_TEST(test_default_for_all)
{
    bool flush = false;

    start(XM_PV_DEFAULT_ALL);
    ck_assert_int_eq(set(7, 1, XM_ACCESS_N, &flush), 0);
    flush = false;
    xm_pv_set_default(&pv, XM_ACCESS_RX, &flush);
    ck_assert(flush && blows == 1);
    ck_assert_int_eq(get(7), XM_ACCESS_RX); /* older settings are over */
    ck_assert_int_eq(get(8), XM_ACCESS_RX);
    ck_assert(!xm_pv_idle(&pv));
    ck_assert_int_eq(set(7, 1, XM_ACCESS_RWX, &flush), 0);
    ck_assert_int_eq(set(8, 1, XM_ACCESS_DEFAULT, &flush), 0);
    flush = false;
    xm_pv_set_default(&pv, XM_ACCESS_RWX, &flush);
    ck_assert(flush); /* 7 is tracked: it might lose */
    flush = false;
    xm_pv_set_default(&pv, XM_ACCESS_RWX, &flush);
    ck_assert(!flush);
    ck_assert_int_eq(get(8), XM_ACCESS_RWX);
    ck_assert(xm_pv_idle(&pv));
    xm_pv_set_default(&pv, XM_ACCESS_R, &flush);
    flush = false;
    xm_pv_set_default(&pv, XM_ACCESS_DEFAULT, &flush);
    ck_assert(!flush);
    ck_assert_int_eq(get(8), XM_ACCESS_R);
    end();
}
END_TEST

/* As for HVM: what the domain has keeps its rights, what comes gets the default. */
START_TEST(test_default_for_later)
{
    bool flush = false;

    start(XM_PV_DEFAULT_LATER);
    ck_assert_int_eq(set(7, 1, XM_ACCESS_N, &flush), 0);
    flush = false;
    xm_pv_set_default(&pv, XM_ACCESS_RX, &flush);
    ck_assert(!flush && blows == 0);
    ck_assert_int_eq(get(7), XM_ACCESS_N);
    ck_assert_int_eq(get(8), XM_ACCESS_RWX);
    ck_assert_int_eq(xm_pv_frame_came(&pv, 9), 0);
    ck_assert_int_eq(get(9), XM_ACCESS_RX);
    xm_pv_frame_left(&pv, 9);
    xm_pv_set_default(&pv, XM_ACCESS_R, &flush);
    ck_assert_int_eq(xm_pv_frame_came(&pv, 9), 0);
    ck_assert_int_eq(get(9), XM_ACCESS_R);
    ck_assert_int_eq(set(8, 1, XM_ACCESS_DEFAULT, &flush), 0);
    xm_pv_set_default(&pv, XM_ACCESS_RWX, &flush);
    ck_assert_int_eq(get(8), XM_ACCESS_R); /* today's */
    fake.alloc_left = 0;
    xm_pv_set_default(&pv, XM_ACCESS_R, &flush);
    ck_assert_int_eq(xm_pv_frame_came(&pv, 99000), -XM_ENOMEM);
    fake.alloc_left = -1;
    end();
}
END_TEST

START_TEST(test_relax)
{
    bool flush;

    start(XM_PV_DEFAULT_ALL);
    xm_pv_set_default(&pv, XM_ACCESS_N2RWX, &flush);
    fake.alloc_left = 0;
    flush = false;
    drops = 0;
    ck_assert_int_eq(xm_pv_change(&pv, 3, XM_ACCESS_RWX, &flush), -XM_ENOMEM);
    fake.alloc_left = -1;
    ck_assert_int_eq(xm_pv_change(&pv, 3, XM_ACCESS_RWX, &flush), 0);
    ck_assert_int_eq(get(3), XM_ACCESS_RWX);
    ck_assert_int_eq(get(4), XM_ACCESS_N2RWX);
    ck_assert(!flush);
    ck_assert_uint_eq(drops, 0);
    end();
}
END_TEST

/* rx2rw: what could be executed until the first write is not executable by old entries. */
START_TEST(test_relax_takes_execution)
{
    bool flush = false;

    start(XM_PV_DEFAULT_ALL);
    ck_assert_int_eq(set(3, 1, XM_ACCESS_RX2RW, &flush), 0);
    flush = false;
    drops = 0;
    ck_assert_int_eq(xm_pv_change(&pv, 3, XM_ACCESS_RW, &flush), 0);
    ck_assert(flush);
    ck_assert_uint_eq(drops, 1);
    ck_assert_uint_eq(dropped, 3);
    end();
}
END_TEST

static int set_list(const uint64_t *gfns, const uint8_t *rights, uint32_t nr, uint32_t minor)
{
    uint32_t from = 0;
    bool flush = false;
    int rc;

    do {
        rc = xm_pv_set_list(&pv, (uintptr_t)gfns, (uintptr_t)rights, nr, &from, minor, &flush);
    } while (rc == XM_CONTINUE);
    return rc;
}

START_TEST(test_list)
{
    uint64_t gfns[300];
    uint8_t rights[300];
    bool flush;

    start(XM_PV_DEFAULT_ALL);
    fake.preempt = true;
    for (unsigned i = 0; i < 300; i++) {
        gfns[i] = 300 * i % 90001;
        rights[i] = (uint8_t)(i % 8);
    }
    ck_assert_int_eq(set_list(gfns, rights, 300, 17), 0);
    for (unsigned i = 0; i < 300; i++)
        ck_assert_int_eq((int)get(gfns[i]), i % 8);
    foreign[gfns[299]] = true;
    memset(rights, 7, sizeof(rights));
    ck_assert_int_eq(set_list(gfns, rights, 300, 17), -XM_ESRCH);
    ck_assert_int_eq(get(gfns[1]), 1);
    ck_assert_int_eq(set_list(gfns, rights, 299, 17), 0);
    foreign[gfns[299]] = false;
    ck_assert_int_eq(set(gfns[299], 1, XM_ACCESS_RWX, &flush), 0);
    ck_assert_uint_eq(fake.bytes, 0); /* all as it was: nothing is kept */
    ck_assert_int_eq(set_list(NULL, NULL, 0, 17), 0);
    end();
}
END_TEST

START_TEST(test_list_refused)
{
    uint64_t gfns[3] = {1, 2, 3};
    uint8_t rights[3] = {1, 1, 11};

    start(XM_PV_DEFAULT_ALL);
    ck_assert_int_eq(set_list(gfns, rights, 3, 17), -XM_EINVAL); /* 11 is nothing in 4.17 */
    ck_assert_int_eq(get(1), XM_ACCESS_RWX);
    ck_assert_int_eq(set_list(gfns, rights, 3, 20), 0); /* and default in 4.20 */
    ck_assert_int_eq(get(1), XM_ACCESS_R);
    gfns[2] = END;
    rights[0] = rights[2] = 0;
    ck_assert_int_eq(set_list(gfns, rights, 3, 20), -XM_EINVAL);
    ck_assert_int_eq(get(1), XM_ACCESS_R);
    ck_assert_int_eq(set_list(NULL, rights, 3, 20), -XM_EFAULT);
    ck_assert_int_eq(set_list(gfns, NULL, 3, 20), -XM_EFAULT);
    end();
}
END_TEST

START_TEST(test_modes)
{
    uint32_t m = xm_pv_mode_with(0, XM_PV_MODE_MEM_ACCESS);

    ck_assert_uint_eq(m, XM_PV_MODE_SHADOW | XM_PV_MODE_MEM_ACCESS);
    m = xm_pv_mode_with(m, XM_PV_MODE_LOG_DIRTY);
    ck_assert_uint_eq(xm_pv_mode_without(m, XM_PV_MODE_LOG_DIRTY),
                      XM_PV_MODE_SHADOW | XM_PV_MODE_MEM_ACCESS);
    m = xm_pv_mode_without(m, XM_PV_MODE_MEM_ACCESS);
    ck_assert_uint_eq(m, XM_PV_MODE_SHADOW | XM_PV_MODE_LOG_DIRTY);
    ck_assert_uint_eq(xm_pv_mode_without(m, XM_PV_MODE_LOG_DIRTY), 0);
    ck_assert_uint_eq(xm_pv_mode_without(0, XM_PV_MODE_LOG_DIRTY), 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("pv-set");
    TCase *c = tcase_create("pv-set");

    tcase_set_timeout(c, 240);
    tcase_add_test(c, test_range);
    tcase_add_test(c, test_range_refused);
    tcase_add_test(c, test_foreign_changes_nothing);
    tcase_add_test(c, test_no_memory_changes_nothing);
    tcase_add_test(c, test_continued);
    tcase_add_test(c, test_frame_goes_meanwhile);
    tcase_add_test(c, test_frame_that_left);
    tcase_add_test(c, test_flushes_what_it_must);
    tcase_add_test(c, test_default_for_all);
    tcase_add_test(c, test_default_for_later);
    tcase_add_test(c, test_relax);
    tcase_add_test(c, test_relax_takes_execution);
    tcase_add_test(c, test_list);
    tcase_add_test(c, test_list_refused);
    tcase_add_test(c, test_frames_that_come_and_go);
    tcase_add_test(c, test_frames_under_a_lock);
    tcase_add_test(c, test_reap_is_preempted);
    tcase_add_test(c, test_many_come);
    tcase_add_test(c, test_holes);
    tcase_add_test(c, test_modes);
    suite_add_tcase(s, c);
    return fake_run(s);
}
