/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The environment in user space: its locks, its frames, its panics. */
#include <signal.h>

#include "sim/sim-test.h"

START_TEST(test_locks)
{
    struct xm_lock p2m, ring;

    xm_env_lock_init(&p2m, XM_RANK_P2M);
    xm_env_lock_init(&ring, XM_RANK_RING);
    for (int i = 0; i < 2; i++) {
        xm_env_lock(&p2m);
        xm_env_lock(&ring);
        xm_env_unlock(&p2m); /* out of order is fine */
        xm_env_unlock(&ring);
    }
}
END_TEST

START_TEST(dies_of_lock_order)
{
    struct xm_lock p2m, ring;

    xm_env_lock_init(&p2m, XM_RANK_P2M);
    xm_env_lock_init(&ring, XM_RANK_RING);
    xm_env_lock(&ring);
    xm_env_lock(&p2m);
}
END_TEST

START_TEST(dies_of_lock_twice)
{
    struct xm_lock l;

    xm_env_lock_init(&l, XM_RANK_P2M);
    xm_env_lock(&l);
    xm_env_lock(&l);
}
END_TEST

START_TEST(dies_of_unlock_free)
{
    struct xm_lock l;

    xm_env_lock_init(&l, XM_RANK_P2M);
    xm_env_unlock(&l);
}
END_TEST

START_TEST(dies_of_unpause_free)
{
    struct sim_machine *m = new_machine(1);

    xm_env_vcpu_unpause(sim_to_env(new_domain(m, SIM_X86_EPT, 1, 1)), 0);
}
END_TEST

START_TEST(dies_of_no_vcpu)
{
    struct sim_machine *m = new_machine(1);

    xm_env_vcpu_pause(sim_to_env(new_domain(m, SIM_X86_EPT, 1, 1)), 1);
}
END_TEST

START_TEST(test_frames)
{
    struct sim_frames f = {0};
    xm_mfn_t mfn[200], again;

    for (int i = 0; i < 200; i++) {
        mfn[i] = xmi_sim_frames_alloc(&f);
        ck_assert(xm_mfn_valid(mfn[i]));
        ck_assert_int_eq(*(int *)frame_at(mfn[i]), 0);
        memset(frame_at(mfn[i]), 0xff, XM_PAGE_SIZE);
    }
    ck_assert_uint_eq(f.used, 200);
    xmi_sim_frames_free(&f, mfn[77]);
    again = xmi_sim_frames_alloc(&f);
    ck_assert_uint_eq(again.n, mfn[77].n);
    ck_assert_int_eq(*(int *)frame_at(again), 0);
    ck_assert_int_eq(((char *)frame_at(again))[4095], 0);
    xmi_sim_frames_destroy(&f);
    xmi_sim_frames_destroy(&f);
}
END_TEST

START_TEST(test_arena)
{
    struct sim_arena a;

    ck_assert_int_eq(xmi_sim_arena_init(&a, 3, 77, 512), 0);
    ck_assert_uint_eq(frame_of(a.base).n % 512, 77);
    ck_assert(sim_arena_has(&a, frame_of(a.base + 2 * XM_PAGE_SIZE)));
    ck_assert(!sim_arena_has(&a, frame_of(a.base + 3 * XM_PAGE_SIZE)));
    xmi_sim_arena_destroy(&a);
    ck_assert_int_eq(xmi_sim_arena_init(&a, UINT64_C(1) << 50, 0, 1), -XM_ENOMEM);
}
END_TEST

START_TEST(test_copy)
{
    uint64_t a = 5, b = 0;

    ck_assert_int_eq(xm_env_copy_in(&b, (uintptr_t)&a, 0, 8), 0);
    ck_assert_uint_eq(b, 5);
    b = 6;
    ck_assert_int_eq(xm_env_copy_out((uintptr_t)&a, 0, &b, 8), 0);
    ck_assert_uint_eq(a, 6);
    ck_assert_int_eq(xm_env_copy_in(&b, 0, 0, 8), -XM_EFAULT);
    ck_assert_int_eq(xm_env_copy_out(8, 0, &b, 8), -XM_EFAULT);
    ck_assert_int_eq(xm_env_copy_in(&b, UINT64_MAX, 1, 8), -XM_EFAULT);
    ck_assert_int_eq(xm_env_copy_in(&b, UINT64_C(1) << 47, 0, 8), -XM_EFAULT);
}
END_TEST

static void fill(TCase *t)
{
    tcase_add_test(t, test_locks);
    tcase_add_test_raise_signal(t, dies_of_lock_order, SIGABRT);
    tcase_add_test_raise_signal(t, dies_of_lock_twice, SIGABRT);
    tcase_add_test_raise_signal(t, dies_of_unlock_free, SIGABRT);
    tcase_add_test_raise_signal(t, dies_of_unpause_free, SIGABRT);
    tcase_add_test_raise_signal(t, dies_of_no_vcpu, SIGABRT);
    tcase_add_test(t, test_frames);
    tcase_add_test(t, test_arena);
    tcase_add_test(t, test_copy);
}

int main(void)
{
    return run_suite("sim-env", fill);
}
