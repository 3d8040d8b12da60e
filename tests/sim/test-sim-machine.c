/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Machines, domains, their frames and their hypercalls as such. */
#include "sim/sim-test.h"

START_TEST(test_machine_args)
{
    struct sim_machine_cfg cfg = {.max_views = XM_VIEWS_MAX + 1};
    struct sim_machine *m = NULL;

    ck_assert_int_eq(xmi_sim_machine_create(NULL, &m), -XM_EINVAL);
    ck_assert_int_eq(xmi_sim_machine_create(&cfg, &m), -XM_EINVAL);
    cfg = (struct sim_machine_cfg){.xen_minor = 3};
    ck_assert_int_eq(xmi_sim_machine_create(&cfg, &m), -XM_EINVAL);
    ck_assert_ptr_null(m);
    xmi_sim_machine_destroy(NULL);
}
END_TEST

static int create_with(struct sim_machine *m, struct sim_domain_cfg cfg)
{
    struct sim_domain *d = NULL;
    int rc = xmi_sim_domain_create(m, &cfg, &d);

    ck_assert(rc == 0 || d == NULL);
    return rc;
}

START_TEST(test_domain_args)
{
    struct sim_machine *m = new_machine(1);
    struct sim_domain_cfg ok = {.kind = SIM_X86_EPT, .vcpus = 1, .pages = 16}, c;

    c = ok, c.kind = 77;
    ck_assert_int_eq(create_with(m, c), -XM_EINVAL);
    c = ok, c.kind = SIM_ARMV8R_MPU, c.regions = 7;
    ck_assert_int_eq(create_with(m, c), -XM_EINVAL);
    c.regions = 257;
    ck_assert_int_eq(create_with(m, c), -XM_EINVAL);
    c.regions = 8, c.altp2m = true;
    ck_assert_int_eq(create_with(m, c), -XM_EINVAL);
    c = ok, c.whole = true; /* an MPU's option */
    ck_assert_int_eq(create_with(m, c), -XM_EINVAL);
    c = ok, c.vcpus = 0;
    ck_assert_int_eq(create_with(m, c), -XM_EINVAL);
    c = ok, c.vcpus = 129;
    ck_assert_int_eq(create_with(m, c), -XM_EINVAL);
    c = ok, c.pages = 0;
    ck_assert_int_eq(create_with(m, c), -XM_EINVAL);
    c = ok, c.first_gfn = XM_GFN_LIMIT - 8;
    ck_assert_int_eq(create_with(m, c), -XM_EINVAL);
    c = ok, c.domid = 0x7ff0;
    ck_assert_int_eq(create_with(m, c), -XM_EINVAL);
    c = ok, c.kind = SIM_ARM_S2, c.altp2m = true;
    ck_assert_int_eq(create_with(m, c), -XM_EINVAL);
    c = ok, memset(c.name, 'a', sizeof(c.name));
    ck_assert_int_eq(create_with(m, c), -XM_EINVAL);
    ck_assert_ptr_null(xmi_sim_domain_at(m, 0));
    c = ok, c.vcpus = 128;
    ck_assert_int_eq(create_with(m, c), 0);
    xmi_sim_machine_destroy(m);
}
END_TEST

START_TEST(test_domids)
{
    struct sim_machine *m = new_machine(1);
    struct sim_domain_cfg c = {.kind = SIM_X86_EPT, .vcpus = 1, .pages = 16, .domid = 2};

    ck_assert_int_eq(create_with(m, c), 0);
    ck_assert_int_eq(create_with(m, c), -XM_EEXIST);
    c.domid = 0;
    ck_assert_int_eq(create_with(m, c), 0);
    ck_assert_int_eq(create_with(m, c), 0);
    ck_assert_ptr_eq(xmi_sim_domain_find(m, 2), xmi_sim_domain_at(m, 0));
    ck_assert_ptr_eq(xmi_sim_domain_find(m, 1), xmi_sim_domain_at(m, 1));
    ck_assert_ptr_eq(xmi_sim_domain_find(m, 3), xmi_sim_domain_at(m, 2));
    ck_assert_ptr_null(xmi_sim_domain_at(m, 3));
    ck_assert_ptr_null(xmi_sim_domain_find(m, 9));
    xmi_sim_machine_destroy(m);
}
END_TEST

START_TEST(test_info)
{
    const struct sim_machine_cfg mc = {.xen_minor = 20, .max_views = 4};
    const struct sim_domain_cfg dc = {.kind = SIM_X86_EPT,
                                      .vcpus = 3,
                                      .pages = 100,
                                      .first_gfn = 0x1000,
                                      .altp2m = true,
                                      .name = "web"};
    struct sim_domain_info i;
    struct sim_machine *m;
    struct sim_domain *d;

    ck_assert_int_eq(xmi_sim_machine_create(&mc, &m), 0);
    ck_assert_int_eq(xmi_sim_domain_create(m, &dc, &d), 0);
    xmi_sim_domain_info(d, &i);
    ck_assert_uint_eq(i.domid, 1);
    ck_assert_uint_eq(i.vcpus, 3);
    ck_assert_int_eq(i.kind, SIM_X86_EPT);
    ck_assert(!i.dying && !i.paused && i.altp2m);
    ck_assert_uint_eq(i.highest_gfn, 0x1000 + 99);
    ck_assert_uint_eq(i.pages, 100);
    ck_assert_uint_eq(i.xen_minor, 20);
    ck_assert_uint_eq(i.max_views, 4);
    ck_assert_str_eq(i.name, "web");
    xmi_sim_machine_destroy(m);
}
END_TEST

START_TEST(test_superpages)
{
    struct sim_machine *m = new_machine(1);
    struct sim_domain_cfg c = {
        .kind = SIM_X86_EPT, .vcpus = 1, .pages = 1543, .first_gfn = 511, .superpages = true};
    struct sim_domain *d = NULL;
    void *a, *b;

    ck_assert_int_eq(xmi_sim_domain_create(m, &c, &d), 0);
    ck_assert_uint_eq(d->core.view[0].mapped, c.pages);
    ck_assert_uint_eq(xm_p2m_get(&d->core, 0, xm_gfn(600)).order, XM_ORDER_2M);
    ck_assert_uint_eq(xm_p2m_get(&d->core, 0, xm_gfn(511)).order, XM_ORDER_4K);
    ck_assert_int_eq(xmi_sim_map_gfn(d, 511, &a), 0);
    ck_assert_int_eq(xmi_sim_map_gfn(d, 512, &b), 0);
    ck_assert_ptr_eq((char *)a + XM_PAGE_SIZE, b);
    /* 1 GiB leaves; the guest's memory is only reserved. */
    c.domid = 0, c.first_gfn = UINT64_C(1) << 18, c.pages = UINT64_C(1) << 18;
    ck_assert_int_eq(xmi_sim_domain_create(m, &c, &d), 0);
    ck_assert_uint_eq(xm_p2m_get(&d->core, 0, xm_gfn(c.first_gfn + 5)).order, XM_ORDER_1G);
    xmi_sim_machine_destroy(m);
}
END_TEST

START_TEST(test_populate)
{
    struct sim_machine *m = new_machine(1);
    struct sim_domain *d = new_domain(m, SIM_X86_EPT, 1, 16);
    void *p = NULL, *q;

    ck_assert_int_eq(xmi_sim_map_gfn(d, 16, &p), -XM_ESRCH);
    ck_assert_int_eq(xmi_sim_map_gfn(d, UINT64_MAX, &p), -XM_ESRCH);
    ck_assert_ptr_null(p);
    ck_assert_int_eq(xmi_sim_populate(d, 3), -XM_EEXIST);
    ck_assert_int_eq(xmi_sim_populate(d, UINT64_MAX), -XM_EINVAL);
    ck_assert_int_eq(xmi_sim_depopulate(d, 77), -XM_ESRCH);

    ck_assert_int_eq(xmi_sim_map_gfn(d, 3, &p), 0);
    memset(p, 1, XM_PAGE_SIZE);
    ck_assert_int_eq(xmi_sim_depopulate(d, 3), 0);
    ck_assert_int_eq(xmi_sim_map_gfn(d, 3, &q), -XM_ESRCH);
    ck_assert_int_eq(xmi_sim_depopulate(d, 3), -XM_ESRCH);
    ck_assert_int_eq(xmi_sim_populate(d, 3), 0);
    ck_assert_uint_eq(peek64(d, 3 << 12), 0);

    ck_assert_int_eq(xmi_sim_populate(d, 5000), 0);
    ck_assert_uint_eq(peek64(d, 5000 << 12), 0);
    ck_assert_uint_eq(d->extra.used, 1);
    ck_assert_int_eq(xmi_sim_depopulate(d, 5000), 0);
    ck_assert_uint_eq(d->extra.used, 0);
    xmi_sim_machine_destroy(m);
}
END_TEST

START_TEST(test_no_domain)
{
    struct sim_machine *m = new_machine(1);
    struct xm_mem_access_op a = {.domid = 5};
    struct xm_altp2m_op v = {.domain = 5};
    struct xm_domctl c = {.domain = 5};

    ck_assert_int_eq(xmi_sim_hc_mem_access(m, &a), -XM_ESRCH);
    ck_assert_int_eq(xmi_sim_hc_altp2m(m, &v), -XM_ESRCH);
    ck_assert_int_eq(xmi_sim_hc_domctl(m, &c), -XM_ESRCH);
    ck_assert_int_eq(xmi_sim_hc_mem_access(m, NULL), -XM_EFAULT);
    ck_assert_int_eq(xmi_sim_hc_altp2m(m, NULL), -XM_EFAULT);
    ck_assert_int_eq(xmi_sim_hc_domctl(NULL, &c), -XM_EFAULT);
    xmi_sim_machine_destroy(m);
}
END_TEST

START_TEST(test_domctl_version)
{
    struct listener l = new_listener(1, SIM_X86_EPT, 1, 16);
    struct xm_domctl op = {.cmd = XM_DOMCTL_PAUSE, .interface_version = 0x99, .domain = 1};

    ck_assert_int_eq(xmi_sim_hc_domctl(l.m, &op), -XM_EACCES);
    op.cmd = XM_DOMCTL_VM_EVENT_OP;
    ck_assert_int_eq(xmi_sim_hc_domctl(l.m, &op), -XM_EACCES);
    op.interface_version = xm_domctl_version(MINOR);
    op.cmd = 4711;
    ck_assert_int_eq(xmi_sim_hc_domctl(l.m, &op), -XM_ENOSYS);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

START_TEST(test_ring_enable)
{
    struct listener l = {.m = new_machine(1)};

    l.d = new_domain(l.m, SIM_X86_EPT, 1, 16);
    ck_assert_ptr_null(xmi_sim_ring_page(l.d));
    ck_assert_int_eq(set_rights(&l, 1, 1, XM_ACCESS_RX), -XM_ENODEV);
    ck_assert_int_eq(ring_enable(&l), 0);
    ck_assert_ptr_nonnull(xmi_sim_ring_page(l.d));
    ck_assert_int_eq(ring_enable(&l), -XM_EBUSY);
    ck_assert_int_eq(ring_disable(&l), 0);
    ck_assert_int_eq(ring_disable(&l), -XM_EINVAL);
    ck_assert_uint_eq(xmi_sim_hypercall_count(l.d), 5);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

/* Longer than a continuation's chunk: one call for the caller, several flushes. */
START_TEST(test_continuation)
{
    struct listener l = new_listener(1, SIM_X86_EPT, 1, 10000);
    uint64_t calls = xmi_sim_hypercall_count(l.d);

    ck_assert_int_eq(set_rights(&l, 0, 10000, XM_ACCESS_RX), 0);
    ck_assert_uint_eq(xmi_sim_hypercall_count(l.d), calls + 1);
    ck_assert_uint_eq(report(l.d).leftover_rights, 10000);
    ck_assert_uint_gt(l.d->tlb_flushes, 1);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

START_TEST(test_multi_bad_buffer)
{
    struct listener l = new_listener(1, SIM_X86_EPT, 1, 16);
    uint8_t rights[2] = {XM_ACCESS_R, XM_ACCESS_R};
    struct xm_mem_access_op op = {.op = XM_MEM_ACCESS_SET_MULTI,
                                  .domid = 1,
                                  .nr = 2,
                                  .pfn_list = 0,
                                  .access_list = (uintptr_t)rights};

    ck_assert_int_eq(xmi_sim_hc_mem_access(l.m, &op), -XM_EFAULT);
    op.pfn_list = UINT64_MAX - 7;
    ck_assert_int_eq(xmi_sim_hc_mem_access(l.m, &op), -XM_EFAULT);
    op.pfn_list = UINT64_C(0xffff800000000000);
    ck_assert_int_eq(xmi_sim_hc_mem_access(l.m, &op), -XM_EFAULT);
    ck_assert_uint_eq(report(l.d).leftover_rights, 0);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

static void fill(TCase *t)
{
    tcase_add_test(t, test_machine_args);
    tcase_add_test(t, test_domain_args);
    tcase_add_test(t, test_domids);
    tcase_add_test(t, test_info);
    tcase_add_test(t, test_superpages);
    tcase_add_test(t, test_populate);
    tcase_add_test(t, test_no_domain);
    tcase_add_test(t, test_domctl_version);
    tcase_add_test(t, test_ring_enable);
    tcase_add_test(t, test_continuation);
    tcase_add_test(t, test_multi_bad_buffer);
}

int main(void)
{
    return run_suite("sim-machine", fill);
}
