/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* MPU views on the core's domains: rights by hypercall, faults, events; over fake-env.c. */
#include "mpu-test.h"

#define PAGES 32u

static struct mpu_core core;
static struct xm_domain d;

static void map_all(void)
{
    for (uint64_t i = 0; i < PAGES; i++)
        ck_assert_int_eq(xm_p2m_map(&d, xm_gfn(MPU_GFN + i), xm_mfn(MPU_GFN + i), XM_ORDER_4K), 0);
}

static void start(enum xm_mpu_mode mode)
{
    struct xm_domctl op = {.cmd = XM_DOMCTL_VM_EVENT_OP,
                           .interface_version = xm_domctl_version(17)};
    struct xm_domain_cfg cfg = {
        .kind = XM_KIND_ARM_MPU, .vcpus = 2, .mpu_mode = (uint8_t)mode, .mpu_sh = 3};

    mpu_start(&core, 9, true, false);
    cfg.mpu_budget = (uint16_t)xm_mpu_budget(&core.m);
    fake_start(&d, &cfg);
    map_all();
    op.u.vm_event_op.op = XM_VM_EVENT_ENABLE;
    op.u.vm_event_op.mode = XM_VM_EVENT_MODE_MONITOR;
    ck_assert_int_eq(xm_hc_domctl(&d, &op), 0);
    ck_assert_int_eq(xm_mpu_refresh(&d, &core.m), 0);
    ck_assert_uint_eq(core.m.live, 1);
    fake.flushes = 0;
}

static enum xm_verdict access_el1(uint64_t i, uint8_t what)
{
    const struct xm_access_req req = {
        .gfn = {MPU_GFN + i}, .offset = 8, .what = what, .kind = XM_ACC_WITH_GLA};
    struct xm_access_res res;

    ck_assert_int_eq(xm_mpu_refresh(&d, &core.m), 0);
    if (xmi_mpu_model_access(&core.hw, ((xm_mpu_reg)(MPU_GFN + i) << XM_PAGE_SHIFT) + 8, what, 1) ==
        0)
        return XM_V_OK;
    return xm_mpu_check(&d, &core.m, &req, &res);
}

static int set(uint64_t i, uint32_t nr, uint8_t rights)
{
    return fake_set(&d, MPU_GFN + i, nr, rights);
}

START_TEST(test_cfg)
{
    struct xm_domain_cfg cfg = {.kind = XM_KIND_ARM_MPU, .vcpus = 1, .mpu_budget = 3};

    ck_assert_int_eq(xm_domain_init(&d, &cfg), -XM_EINVAL); /* below the floor */
    cfg.mpu_budget = 4;
    cfg.views_allowed = true;
    ck_assert_int_eq(xm_domain_init(&d, &cfg), -XM_EINVAL);
    cfg.views_allowed = false;
    cfg.mpu_attr = 8;
    ck_assert_int_eq(xm_domain_init(&d, &cfg), -XM_EINVAL);
    start(XM_MPU_DEMAND);
    /* Direct-mapped; the guest's memory is as it was said. */
    ck_assert_int_eq(xm_p2m_map(&d, xm_gfn(MPU_GFN), xm_mfn(MPU_GFN + 1), XM_ORDER_4K), -XM_EINVAL);
    struct xm_p2m_entry e = xm_p2m_get(&d, 0, xm_gfn(MPU_GFN + 1));
    ck_assert_uint_eq(e.mfn.n, MPU_GFN + 1);
    ck_assert_uint_eq(xm_mpu_of(&d)->x.e[0].sh, 3);
    ck_assert_int_eq(xm_p2m_unmap(&d, xm_gfn(MPU_GFN + 1), XM_ORDER_4K), 0);
    ck_assert(!xm_mfn_valid(xm_p2m_get(&d, 0, xm_gfn(MPU_GFN + 1)).mfn));
    ck_assert_int_eq(access_el1(1, XM_DO_R), XM_V_UNMAPPED);
    fake_end(&d);
}
END_TEST

START_TEST(test_events)
{
    start(XM_MPU_DEMAND);
    ck_assert_int_eq(set(4, 1, XM_ACCESS_R), 0);
    ck_assert_uint_eq(fake.flushes, 1);
    ck_assert_int_eq(fake_get(&d, MPU_GFN + 4), XM_ACCESS_R);
    ck_assert_int_eq(access_el1(4, XM_DO_R), XM_V_OK);
    ck_assert_int_eq(access_el1(4, XM_DO_W), XM_V_STOPPED);
    struct xm_ev ev = *fake_last(&d);
    ck_assert_uint_eq(ev.u.mem_access.gfn, MPU_GFN + 4);
    ck_assert_uint_eq(ev.u.mem_access.offset, 8);
    ck_assert_uint_eq(ev.u.mem_access.flags & 7u, XM_DO_W);
    ck_assert_int_eq(set(4, 1, XM_ACCESS_RWX), 0);
    ck_assert_int_eq(fake_resume(&d, 0, 0), 0);
    ck_assert_int_eq(access_el1(4, XM_DO_W), XM_V_OK);
    /* No encoding: each access by itself. */
    ck_assert_int_eq(set(5, 1, XM_ACCESS_WX), 0);
    ck_assert_int_eq(access_el1(5, XM_DO_W), XM_V_EMULATE);
    ck_assert_int_eq(access_el1(5, XM_DO_X), XM_V_EMULATE);
    ck_assert_int_eq(access_el1(5, XM_DO_R), XM_V_STOPPED);
    ck_assert_int_eq(fake_resume(&d, 0, 0), 0);
    /* Without an event: the first write turns rx rw. */
    ck_assert_int_eq(set(6, 1, XM_ACCESS_RX2RW), 0);
    ck_assert_int_eq(access_el1(6, XM_DO_X), XM_V_OK);
    ck_assert_int_eq(access_el1(6, XM_DO_W), XM_V_RETRY_NOW);
    ck_assert_int_eq(access_el1(6, XM_DO_W), XM_V_OK);
    ck_assert_int_eq(fake_get(&d, MPU_GFN + 6), XM_ACCESS_RW);
    mpu_check(&core);
    fake_end(&d);
}
END_TEST

/* More than fits, as the domain's mode says; what is refused changed nothing. */
START_TEST(test_modes)
{
    enum xm_mpu_mode mode = _i == 0 ? XM_MPU_DEMAND : XM_MPU_WHOLE;
    unsigned refused = 0;

    start(mode);
    for (uint64_t i = 1; i < PAGES; i += 2) {
        int rc = set(i, 1, XM_ACCESS_RX);

        ck_assert(rc == 0 || (rc == -XM_ENOSPC && mode == XM_MPU_WHOLE));
        refused += rc != 0;
        ck_assert_int_eq(fake_get(&d, MPU_GFN + i), rc == 0 ? XM_ACCESS_RX : XM_ACCESS_RWX);
    }
    ck_assert_uint_eq(refused, mode == XM_MPU_WHOLE ? 13 : 0);
    for (uint64_t k = 0; k < 200; k++) {
        uint64_t i = mpu_random(PAGES);
        enum xm_verdict v = access_el1(i, XM_DO_R);

        ck_assert(v == XM_V_OK || (v == XM_V_RETRY_NOW && mode == XM_MPU_DEMAND));
        ck_assert_int_eq(access_el1(i, XM_DO_R), XM_V_OK);
    }
    ck_assert_int_eq(set(0, PAGES, XM_ACCESS_RW), 0);
    ck_assert_uint_eq(xm_mpu_of(&d)->regions, 1);
    fake_end(&d);
}
END_TEST

/* Out of memory: refused, and nothing is half done. */
START_TEST(test_no_memory)
{
    unsigned refused = 0;

    start(_i == 0 ? XM_MPU_DEMAND : XM_MPU_WHOLE);
    fake.alloc_left = 0;
    for (uint64_t i = 1; i < PAGES; i += 2) {
        int rc = set(i, 1, XM_ACCESS_N);

        ck_assert(rc == 0 || rc == -XM_ENOMEM);
        refused += rc != 0;
        ck_assert_int_eq(fake_get(&d, MPU_GFN + i), rc == 0 ? XM_ACCESS_N : XM_ACCESS_RWX);
    }
    ck_assert_uint_gt(refused, 0);
    fake.alloc_left = -1;
    ck_assert_int_eq(set(31, 1, XM_ACCESS_N), 0);
    fake_end(&d);
}
END_TEST

START_TEST(test_refusals)
{
    start(XM_MPU_DEMAND);
    ck_assert_int_eq(set(0, 0, XM_ACCESS_R), -XM_EINVAL);
    ck_assert_int_eq(set(PAGES - 1, 2, XM_ACCESS_R), -XM_EINVAL);
    ck_assert_int_eq(set(0, 1, 77), -XM_EINVAL);
    ck_assert_int_eq(set(0, UINT32_MAX, XM_ACCESS_R), -XM_EINVAL);
    /* A new default is for pages that come later. */
    ck_assert_int_eq(fake_set(&d, XM_GFN_NONE, 0, XM_ACCESS_R), 0);
    ck_assert_int_eq(fake_get(&d, MPU_GFN), XM_ACCESS_RWX);
    ck_assert_int_eq(set(3, 1, XM_ACCESS_DEFAULT), 0);
    ck_assert_int_eq(fake_get(&d, MPU_GFN + 3), XM_ACCESS_R);
    ck_assert_int_eq(xm_p2m_unmap(&d, xm_gfn(MPU_GFN + 9), XM_ORDER_4K), 0);
    ck_assert_int_eq(set(8, 3, XM_ACCESS_RX), 0); /* a hole among them: passed over */
    ck_assert_int_eq(fake_get(&d, MPU_GFN + 9), -XM_ESRCH);
    ck_assert_int_eq(xm_p2m_map(&d, xm_gfn(MPU_GFN + 9), xm_mfn(MPU_GFN + 9), XM_ORDER_4K), 0);
    ck_assert_int_eq(fake_get(&d, MPU_GFN + 9), XM_ACCESS_R);
    fake_end(&d);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("mpu-domain");
    TCase *tc = tcase_create("all");

    tcase_add_test(tc, test_cfg);
    tcase_add_test(tc, test_events);
    tcase_add_loop_test(tc, test_modes, 0, 2);
    tcase_add_loop_test(tc, test_no_memory, 0, 2);
    tcase_add_test(tc, test_refusals);
    suite_add_tcase(s, tc);
    return fake_run(s);
}
