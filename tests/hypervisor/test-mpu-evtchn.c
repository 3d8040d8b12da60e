/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Event channels through MPU windows: registration, order, refusals. */
#include <xm/mpu-remote.h>

#include "mpu-test.h"

#define VCPUS 3u
#define WORDS 4u
#define PAGES 6u
#define SHARED MPU_RAM2
#define INFO(v) (MPU_RAM2 + 0x1000u * (1u + (v)) + 0x40u)

static struct mpu_core core;
static struct xm_mpu_evtchn e;
static struct xm_mpu_evtchn_vcpu vcpu[VCPUS];
static uint64_t dummy[WORDS];
static uint64_t memory[PAGES][XM_PAGE_SIZE / 8];
static unsigned kicks[VCPUS], opens, open_fails_at;
static bool is_open;
static char steps[64]; /* s shared, v vcpu_info, k kick */
static struct xm_mpu_target target;

static uint64_t load(void *ctx, const uint64_t *p)
{
    (void)ctx;
    return *p;
}

static void store(void *ctx, uint64_t *p, uint64_t v)
{
    (void)ctx;
    *p = v;
}

static uint64_t fetch_or(void *ctx, uint64_t *p, uint64_t bits)
{
    uint64_t before = *p;

    (void)ctx;
    *p |= bits;
    return before;
}

static bool claim(void *ctx, uint64_t *p, uint64_t v)
{
    (void)ctx;
    if (*p != 0)
        return false;
    *p = v;
    return true;
}

static void step(char c)
{
    size_t n = strlen(steps);

    if (n + 1 < sizeof(steps))
        steps[n] = c, steps[n + 1] = 0;
}

/* Through the MPU, as an environment does it. */
static uint64_t *open_at(void *ctx, uint64_t addr, size_t bytes)
{
    (void)ctx;
    ck_assert(!is_open);
    if (++opens == open_fails_at ||
        xm_mpu_target_init(&core.m, &target, (xm_mpu_reg)addr, bytes, true, 0, 0) != 0 ||
        xm_mpu_remote_begin(&core.m, &target, 0) < 0)
        return NULL;
    is_open = true;
    ck_assert_uint_eq(xmi_mpu_model_access(&core.hw, (xm_mpu_reg)addr, XM_DO_W, 2), 0);
    ck_assert_uint_eq(xmi_mpu_model_access(&core.hw, (xm_mpu_reg)(addr + bytes - 1), XM_DO_W, 2),
                      0);
    step(addr == SHARED && bytes == XM_SHARED_INFO_BYTES ? 's' : 'v');
    return &memory[(addr - MPU_RAM2) / XM_PAGE_SIZE][addr % XM_PAGE_SIZE / 8];
}

static void close_it(void *ctx)
{
    (void)ctx;
    ck_assert(is_open);
    is_open = false;
    xm_mpu_remote_end(&core.m);
}

static void kick(void *ctx, uint32_t v)
{
    (void)ctx;
    ck_assert(!is_open);
    kicks[v]++;
    step('k');
}

static const struct xm_evtchn_ops ops = {.load = load,
                                         .store = store,
                                         .fetch_or = fetch_or,
                                         .claim = claim,
                                         .open = open_at,
                                         .close = close_it,
                                         .kick = kick};

static void start(void)
{
    mpu_start(&core, 16, false, true);
    memset(memory, 0, sizeof(memory));
    memset(kicks, 0, sizeof(kicks));
    memset(dummy, 0xff, sizeof(dummy));
    opens = open_fails_at = 0;
    ck_assert_int_eq(xm_mpu_evtchn_init(&e, &ops, NULL, dummy, WORDS, vcpu, VCPUS), 0);
    steps[0] = 0;
}

static bool pending(uint32_t port)
{
    return (memory[0][XM_SHARED_PENDING / 8 + port / 64] >> port % 64 & 1) != 0;
}

static uint64_t *info(unsigned v)
{
    return &memory[1 + v][0x40 / 8];
}

static void end(void)
{
    ck_assert(!is_open);
    ck_assert(xm_mpu_leave(&core.m));
    mpu_check(&core);
}

START_TEST(dummy_before)
{
    start();
    ck_assert_int_eq(xm_mpu_evtchn_send(&e, 0, 70), 0);
    ck_assert_int_eq(xm_mpu_evtchn_send(&e, 1, 3), 0);
    ck_assert_int_eq(xm_mpu_evtchn_send(&e, 1, 3), 1);
    ck_assert_uint_eq(opens, 0);               /* nobody's memory was touched */
    memory[0][XM_SHARED_PENDING / 8] = 0xff00; /* rubbish of the guest's */
    ck_assert_int_eq(xm_mpu_evtchn_shared_info(&e, SHARED), 0);
    ck_assert(pending(70) && pending(3) && !pending(8));
    /* vCPU 0's information is inside it now. */
    ck_assert_uint_eq(memory[0][0] & 1, 1);
    ck_assert_uint_eq(memory[0][1], 15);
    ck_assert_int_eq(xm_mpu_evtchn_vcpu_info(&e, 1, INFO(1)), 0);
    ck_assert_uint_eq(info(1)[0] & 1, 1);
    ck_assert_uint_eq(info(1)[1] & 1, 1);
    ck_assert_uint_ge(kicks[1], 1);
    end();
}
END_TEST

START_TEST(strict_order)
{
    start();
    ck_assert_int_eq(xm_mpu_evtchn_shared_info(&e, SHARED), 0);
    ck_assert_int_eq(xm_mpu_evtchn_vcpu_info(&e, 2, INFO(2)), 0);
    memset(info(2), 0, XM_VCPU_INFO_BYTES);
    steps[0] = 0;
    ck_assert_int_eq(xm_mpu_evtchn_send(&e, 2, 200), 0);
    ck_assert_str_eq(steps, "svk");
    ck_assert(pending(200));
    ck_assert_uint_eq(info(2)[1], 8);
    steps[0] = 0;
    ck_assert_int_eq(xm_mpu_evtchn_send(&e, 2, 200), 1); /* pending already */
    ck_assert_str_eq(steps, "s");
    steps[0] = 0;
    ck_assert_int_eq(xm_mpu_evtchn_send(&e, 2, 201), 0); /* told already */
    ck_assert_str_eq(steps, "sv");
    memory[0][XM_SHARED_MASK / 8] = 1;
    steps[0] = 0;
    ck_assert_int_eq(xm_mpu_evtchn_send(&e, 2, 0), 1); /* masked */
    ck_assert_str_eq(steps, "s");
    ck_assert(pending(0));
    end();
}
END_TEST

START_TEST(once_only)
{
    start();
    ck_assert_int_eq(xm_mpu_evtchn_shared_info(&e, SHARED + 8), -XM_EINVAL);
    ck_assert_int_eq(xm_mpu_evtchn_shared_info(&e, 0), -XM_EINVAL);
    ck_assert_int_eq(xm_mpu_evtchn_shared_info(&e, SHARED), 0);
    ck_assert_int_eq(xm_mpu_evtchn_shared_info(&e, SHARED), -XM_EBUSY);
    ck_assert_int_eq(xm_mpu_evtchn_shared_info(&e, SHARED + 0x1000), -XM_EBUSY);
    ck_assert_int_eq(xm_mpu_evtchn_vcpu_info(&e, 0, INFO(0)), 0); /* out of shared_info */
    ck_assert_int_eq(xm_mpu_evtchn_vcpu_info(&e, 0, INFO(0)), -XM_EBUSY);
    ck_assert_int_eq(xm_mpu_evtchn_vcpu_info(&e, VCPUS, INFO(0)), -XM_ENOENT);
    ck_assert_int_eq(xm_mpu_evtchn_vcpu_info(&e, 1, INFO(1) + 4), -XM_EINVAL);
    ck_assert_int_eq(xm_mpu_evtchn_vcpu_info(&e, 1, SHARED + 0xfd8), -XM_EINVAL);
    ck_assert_int_eq(xm_mpu_evtchn_send(&e, 0, WORDS * 64), -XM_EINVAL);
    ck_assert_int_eq(xm_mpu_evtchn_send(&e, VCPUS, 0), -XM_EINVAL);
    memory[0][0] = memory[0][1] = 0;
    info(0)[0] = info(0)[1] = 0;
    ck_assert_int_eq(xm_mpu_evtchn_send(&e, 0, 1), 0);
    ck_assert_uint_eq(memory[0][1], 0);
    ck_assert_uint_eq(info(0)[1], 1);
    end();
}
END_TEST

/* A vcpu_info of its own comes first; shared_info does not take it back. */
START_TEST(other_order)
{
    start();
    ck_assert_int_eq(xm_mpu_evtchn_send(&e, 0, 5), 0);
    ck_assert_int_eq(xm_mpu_evtchn_vcpu_info(&e, 0, INFO(0)), 0);
    ck_assert_uint_ne(info(0)[1], 0);
    info(0)[0] = info(0)[1] = 0; /* the guest looks, and finds nothing yet */
    kicks[0] = 0;
    ck_assert_int_eq(xm_mpu_evtchn_shared_info(&e, SHARED), 0);
    ck_assert(pending(5));
    ck_assert_uint_ne(info(0)[1] & 1, 0);
    ck_assert_uint_eq(kicks[0], 1);
    ck_assert_uint_eq(memory[0][1], 0);
    end();
}
END_TEST

/* What cannot be reached changes nothing, and can be tried again. */
START_TEST(out_of_reach)
{
    start();
    ck_assert_int_eq(xm_mpu_evtchn_send(&e, 0, 9), 0);
    open_fails_at = opens + 1;
    ck_assert_int_eq(xm_mpu_evtchn_shared_info(&e, SHARED), -XM_EFAULT);
    ck_assert_int_eq(xm_mpu_evtchn_shared_info(&e, MPU_DATA & ~UINT64_C(0xfff)), -XM_EFAULT);
    ck_assert_uint_eq(e.at, 0);
    ck_assert_int_eq(xm_mpu_evtchn_send(&e, 0, 9), 1);
    open_fails_at = opens + 1;
    ck_assert_int_eq(xm_mpu_evtchn_vcpu_info(&e, 0, INFO(0)), -XM_EFAULT);
    ck_assert_int_eq(xm_mpu_evtchn_vcpu_info(&e, 0, INFO(0)), 0);
    ck_assert_int_eq(xm_mpu_evtchn_shared_info(&e, SHARED), 0);
    ck_assert(pending(9));
    open_fails_at = opens + 1;
    ck_assert_int_eq(xm_mpu_evtchn_send(&e, 0, 10), -XM_EFAULT);
    open_fails_at = opens + 2;
    ck_assert_int_eq(xm_mpu_evtchn_send(&e, 0, 11), -XM_EFAULT);
    end();
}
END_TEST

START_TEST(refused)
{
    start();
    ck_assert_int_eq(xm_mpu_evtchn_init(&e, NULL, NULL, dummy, WORDS, vcpu, 1), -XM_EINVAL);
    ck_assert_int_eq(xm_mpu_evtchn_init(&e, &ops, NULL, dummy, 0, vcpu, 1), -XM_EINVAL);
    ck_assert_int_eq(xm_mpu_evtchn_init(&e, &ops, NULL, dummy, 65, vcpu, 1), -XM_EINVAL);
    ck_assert_int_eq(xm_mpu_evtchn_init(&e, &ops, NULL, dummy, WORDS, vcpu, 0), -XM_EINVAL);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("mpu-evtchn");
    TCase *tc = tcase_create("all");

    tcase_add_test(tc, dummy_before);
    tcase_add_test(tc, strict_order);
    tcase_add_test(tc, once_only);
    tcase_add_test(tc, other_order);
    tcase_add_test(tc, out_of_reach);
    tcase_add_test(tc, refused);
    suite_add_tcase(s, tc);
    return fake_run(s);
}
