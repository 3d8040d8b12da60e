/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The table of rights of large PV guests: bytes per owned frame, and the longest stretch without a question for
 * preemption. Work is counted, not timed: each call of the surroundings (a frame whose owner is asked for, one
 * whose entries are dropped, a copy, an allocation, a lock) is one; hypervisor/core/README.md has what one costs.
 */
#include <stdio.h>

#include <xm/pv.h>

#include "fake-env.h"

#define GIB (UINT64_C(1) << 18) /* frames */
#define LEAF XM_PV_LEAF_FRAMES
#define ITEMS (1u << 18)
/* 100,000 instructions: by callgrind one is 29 with what the core does around it, without what a hook does. */
#define MOST_WORK (100000u / 60u)

static struct xm_pv pv;
static uint64_t limit; /* frames of the guest: all below it */
static uint64_t *gfns;
static uint8_t *rights;

static bool owned(struct xm_env_dom *d, xm_mfn_t mfn)
{
    (void)d;
    fake.work++;
    return mfn.n < limit;
}

static bool drop(struct xm_env_dom *d, xm_mfn_t mfn)
{
    (void)d;
    (void)mfn;
    fake.work++;
    return true;
}

static void blow(struct xm_env_dom *d)
{
    (void)d;
}

static const struct xm_pv_hooks hooks = {.owned = owned, .drop = drop, .blow = blow};

static void start(uint64_t frames)
{
    memset(&fake, 0, sizeof(fake));
    fake.alloc_left = -1;
    limit = frames;
    xm_pv_init(&pv, NULL, &hooks, XM_PV_MFN_LIMIT);
    xm_pv_on(&pv);
    gfns = calloc(ITEMS, sizeof(*gfns));
    rights = calloc(ITEMS, sizeof(*rights));
    ck_assert(gfns != NULL && rights != NULL);
}

static void end(void)
{
    xm_pv_off(&pv);
    ck_assert_int_eq(xm_pv_reap(&pv), 0);
    ck_assert_uint_eq(fake.bytes, 0);
    fake_pause();
    printf("  longest stretch without a question: %u\n", fake.work_most);
    ck_assert_uint_le(fake.work_most, MOST_WORK);
    free(gfns);
    free(rights);
}

static void growth(const char *what)
{
    printf("  %s: %zu bytes, %.4f a frame\n", what, fake.bytes, (double)fake.bytes / (double)limit);
}

/* Continued at every question. */
static void set_range(enum xm_access a)
{
    uint32_t from = 0;
    bool flush = false;
    int rc;

    do {
        rc = xm_pv_set(&pv, 0, (uint32_t)limit, &from, a, &flush);
        fake_pause();
    } while (rc == XM_CONTINUE);
    ck_assert_int_eq(rc, 0);
}

/* What that comes to, leaf by leaf, without asking for each frame's owner. */
static void fill_all(void)
{
    int rc = 0;

    for (uint64_t m = 0; m < limit && rc == 0; m += LEAF)
        rc = xm_pv_table_fill(&pv.table, m, XM_ACCESS_R + 1, false);
    ck_assert_int_eq(rc, 0);
    fake.work = 0;
}

static int set_list(uint32_t nr)
{
    uint32_t from = 0;
    bool flush = false;
    int rc;

    do {
        rc = xm_pv_set_list(&pv, (uintptr_t)gfns, (uintptr_t)rights, nr, &from, 17, &flush);
        fake_pause();
    } while (rc == XM_CONTINUE);
    return rc;
}

/* Something else in each leaf. */
static void differ(void)
{
    uint64_t leaves = limit / LEAF, at = 0;

    for (uint32_t n; at < leaves; at += n) {
        n = leaves - at < ITEMS ? (uint32_t)(leaves - at) : ITEMS;
        for (uint32_t i = 0; i < n; i++) {
            gfns[i] = (at + i) * LEAF + (at + i) % LEAF;
            rights[i] = (uint8_t)(2 + (at + i) % 3); /* not r */
        }
        ck_assert_int_eq(set_list(n), 0);
    }
}

static void guest(uint64_t gib)
{
    printf("PV guest of %ju GiB\n", (uintmax_t)gib);
    start(gib * GIB);
}

static void uniform(void)
{
    growth("uniform");
    ck_assert_uint_le(fake.bytes, limit / 50);
}

static void different(void)
{
    bool flush;

    fake.preempt = true;
    differ();
    fake.preempt = false;
    growth("rights differ in each leaf");
    ck_assert_uint_le(fake.bytes, limit * 6 / 10);
    xm_pv_set_default(&pv, XM_ACCESS_RX, &flush);
    ck_assert_uint_gt(fake.bytes, 0);
    fake_pause();
    ck_assert_int_eq(xm_pv_reap(&pv), 0);
    growth("after a new default");
    ck_assert_uint_eq(fake.bytes, 0);
}

START_TEST(test_64_gib)
{
    guest(64);
    fake.preempt = true;
    set_range(XM_ACCESS_R);
    uniform();
    different();
    end();
}
END_TEST

START_TEST(test_512_gib)
{
    guest(512);
    fill_all();
    uniform();
    different();
    end();
}
END_TEST

START_TEST(test_12_tib)
{
    guest(12 * 1024);
    fill_all();
    uniform();
    end();
}
END_TEST

/* All that it has leaves, from leaves that are uniform and from others. */
START_TEST(test_all_leave)
{
    guest(8);
    set_range(XM_ACCESS_R);
    for (uint64_t m = 0; m < limit / 2; m += 700)
        ck_assert_int_eq(xm_pv_change(&pv, m, XM_ACCESS_RWX, &(bool){false}), 0);
    for (uint64_t all = limit, m = 0; m < all; m++) {
        limit = all - 1 - m;
        xm_pv_frame_left(&pv, limit);
    }
    printf("  after all frames left: %zu bytes\n", fake.bytes);
    ck_assert_uint_eq(fake.bytes, 0);
    ck_assert(xm_pv_idle(&pv));
    fake.work = 0;
    end();
}
END_TEST

/* The last item of a long list is somebody else's: the room that was made for the others goes back in steps. */
START_TEST(test_refused_list)
{
    printf("a list of %u frames, refused at the last one\n", ITEMS);
    start(16384 * GIB);
    for (uint32_t i = 0; i < ITEMS; i++)
        gfns[i] = (uint64_t)i * 4000;
    gfns[ITEMS - 1] = limit;
    fake.preempt = true;
    ck_assert_int_eq(set_list(ITEMS), -XM_ESRCH);
    ck_assert_uint_eq(fake.bytes, 0);
    ck_assert_uint_eq(pv.table.tracked, 0);
    end();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("pv-scale");
    TCase *c = tcase_create("pv-scale");

    tcase_set_timeout(c, 240);
    tcase_add_test(c, test_64_gib);
    tcase_add_test(c, test_512_gib);
    tcase_add_test(c, test_12_tib);
    tcase_add_test(c, test_all_leave);
    tcase_add_test(c, test_refused_list);
    suite_add_tcase(s, c);
    return fake_run(s);
}
