/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bare environment's event channels: whose an address is, is looked for under the lock. */
#include "mpu-test.h"

static void test_lock(struct xm_lock *l);
static void test_unlock(struct xm_lock *l);
static const struct xm_mpu_extent *find_under_lock(const struct xm_mpu_extents *x, uint64_t gfn);

#define xm_env_lock test_lock
#define xm_env_unlock test_unlock
#define xm_mpu_extents_find find_under_lock
#include "../../hypervisor/env/bare/evtchn.c"
#undef xm_mpu_extents_find

struct bare_cpu bare_cpus[BARE_CPUS];
static struct bare_dom dom;
static struct xm_mpu_domain own;
static struct mpu_core core;
static unsigned locks, looks, targets;
static bool locked;

static void test_lock(struct xm_lock *l)
{
    ck_assert_ptr_eq(l, &dom.core.p2m_lock);
    ck_assert(!locked);
    locked = true;
    locks++;
}

static void test_unlock(struct xm_lock *l)
{
    ck_assert_ptr_eq(l, &dom.core.p2m_lock);
    ck_assert(locked);
    locked = false;
}

static const struct xm_mpu_extent *find_under_lock(const struct xm_mpu_extents *x, uint64_t gfn)
{
    ck_assert(locked);
    ck_assert_ptr_eq(x, &own.view.x);
    looks++;
    return xm_mpu_extents_find(x, gfn);
}

struct bare_cpu *arch_cpu(void)
{
    return &bare_cpus[0];
}

void arch_virq(bool pending)
{
    (void)pending;
}

void arch_call_core(unsigned n)
{
    (void)n;
}

int bare_target(const struct bare_cpu *cpu, struct xm_mpu_target *t, uintptr_t addr, size_t bytes)
{
    ck_assert(!locked); /* nothing of the guest's is reached with it */
    targets++;
    return xm_mpu_target_init(&cpu->mpu, t, addr, bytes, true, 0, 0);
}

static void *open_at(uint64_t addr, size_t bytes)
{
    uint64_t *p = open(&dom, addr, bytes);

    if (p != NULL)
        close(&dom);
    ck_assert(!locked);
    return p;
}

START_TEST(test_owner)
{
    static struct xm_mpu_extent room[8];
    const struct xm_mpu_extent mine = {
        .first = MPU_GFN + 4, .last = MPU_GFN + 7, .access = XM_ACCESS_RW};
    uint64_t at = (MPU_GFN + 4) << XM_PAGE_SHIFT;

    mpu_start(&core, 16, true, true);
    bare_cpus[0].mpu = core.m;
    dom.core.own = &own;
    own.view.x = (struct xm_mpu_extents){.e = room, .room = 8};
    ck_assert_int_eq(xm_mpu_extents_map(&own.view.x, &mine), 0);
    ck_assert_ptr_nonnull(open_at(at, 64));
    ck_assert_ptr_nonnull(open_at(at + 0x3fc0, 64));
    ck_assert_uint_eq(targets, 2);
    ck_assert_ptr_null(open_at(at - 8, 64));
    ck_assert_ptr_null(open_at(at + 0x3ff8, 64));
    ck_assert_uint_eq(targets, 2);
    ck_assert_uint_eq(locks, 4);
    ck_assert_uint_ge(looks, 7);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("bare-evtchn");
    TCase *tc = tcase_create("all");

    tcase_add_test(tc, test_owner);
    suite_add_tcase(s, tc);
    return fake_run(s);
}
