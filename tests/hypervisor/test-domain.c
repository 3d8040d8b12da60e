/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake-env.h"

static const struct xm_domain_cfg good = {.kind = XM_KIND_X86_EPT, .vcpus = 3};

START_TEST(zeroes_mean_defaults)
{
    struct xm_domain d;

    fake_start(&d, &good);
    ck_assert_uint_eq(d.max_views, XM_VIEWS_DEFAULT);
    ck_assert_uint_eq(d.xen_minor, 17);
    ck_assert(d.view[0].active && d.view[0].visible && !d.view[1].active);
    ck_assert_uint_eq(d.view[0].default_access, XM_ACCESS_RWX);
    ck_assert_ptr_nonnull(xm_vcpu_get(&d, 2));
    ck_assert_ptr_null(xm_vcpu_get(&d, 3));
    ck_assert_ptr_null(xm_ring_page(&d));
    fake_end(&d);
}
END_TEST

START_TEST(nonsense_is_refused)
{
    struct xm_domain d;
    struct xm_domain_cfg bad[7];

    for (size_t i = 0; i < 7; i++)
        bad[i] = good;
    bad[0].kind = (enum xm_kind)0;
    bad[1].vcpus = 0;
    bad[2].vcpus = UINT32_MAX;
    bad[3].max_views = XM_VIEWS_MAX + 1;
    bad[4].xen_minor = 10;
    bad[5].highest_gfn = XM_GFN_LIMIT;
    bad[6].kind = XM_KIND_ARM_S2;
    bad[6].views_allowed = true;
    for (size_t i = 0; i < 7; i++)
        ck_assert_int_eq(xm_domain_init(&d, &bad[i]), -XM_EINVAL);
}
END_TEST

START_TEST(no_memory_at_any_step_leaves_nothing_behind)
{
    struct xm_domain d;
    struct xm_domain_cfg cfg = good;

    fake_start(&d, &good);
    cfg.env = d.env;
    fake_end(&d);
    for (long n = 0; n < 2; n++) {
        fake.alloc_left = n;
        ck_assert_int_eq(xm_domain_init(&d, &cfg), -XM_ENOMEM);
        fake_end(&d); /* harmless, and proves that nothing is left */
    }
    fake.alloc_left = -1;
    fake.frames_left = 0;
    ck_assert_int_eq(xm_domain_init(&d, &cfg), -XM_ENOMEM);
    fake_end(&d);
    xm_domain_destroy(NULL);
}
END_TEST

/* Kinds with state of their own: a row is one, and how many allocations make a domain of it. */
static const struct xm_pv_hooks hooks;
static const struct {
    struct xm_domain_cfg cfg;
    long steps;
} with_own[] = {
    {{.kind = XM_KIND_X86_NPT, .vcpus = 3}, 4},
    {{.kind = XM_KIND_X86_PV, .vcpus = 3, .pv_hooks = &hooks, .pv_end = 64}, 4},
    {{.kind = XM_KIND_ARM_MPU, .vcpus = 3, .mpu_budget = XM_MPU_FLOOR}, 5}, /* extents, too */
};

START_TEST(nor_does_that_of_a_kind)
{
    struct xm_domain_cfg cfg = with_own[_i].cfg;
    struct xm_domain d;
    long n;

    fake_start(&d, &cfg);
    ck_assert_ptr_nonnull(d.own);
    for (uint32_t i = 0; i < 3; i++)
        ck_assert_ptr_eq(d.vcpu[i].own, (char *)d.vcpu_own + i * d.ops->vcpu_bytes);
    cfg.env = d.env;
    fake_end(&d);
    for (n = 0; n < with_own[_i].steps; n++) {
        fake.alloc_left = n;
        ck_assert_int_eq(xm_domain_init(&d, &cfg), -XM_ENOMEM);
        fake_end(&d);
    }
    fake.alloc_left = n;
    ck_assert_int_eq(xm_domain_init(&d, &cfg), 0);
    fake_end(&d);
}
END_TEST

/* What comes with a kind is there for it alone. */
START_TEST(kinds_are_told_apart)
{
    struct xm_altp2m_op op = {.version = XM_ALTP2M_INTERFACE_VERSION,
                              .cmd = XM_ALTP2M_GET_DOMAIN_STATE};
    struct xm_domain d;

    for (size_t i = 0; i < sizeof(with_own) / sizeof(with_own[0]); i++) {
        const struct xm_domain_cfg *cfg = &with_own[i].cfg;

        ck_assert_ptr_eq(xm_kind_find(cfg->kind)->views, NULL);
        fake_start(&d, cfg);
        ck_assert_int_eq(xm_hc_altp2m(&d, &op),
                         cfg->kind == XM_KIND_ARM_MPU ? -XM_ENOSYS : -XM_EOPNOTSUPP);
        ck_assert_int_eq(xm_pv_disable(&d, true), cfg->kind == XM_KIND_X86_PV ? 0 : -XM_EOPNOTSUPP);
        fake_end(&d);
    }
    ck_assert_ptr_eq(xm_kind_find((enum xm_kind)0), NULL);
    ck_assert(!xm_rights_expressible((enum xm_kind)0, XM_ACCESS_R));
    ck_assert(!xm_rights_expressible(XM_KIND_X86_NPT, XM_ACCESS_X));
    ck_assert(xm_rights_expressible(XM_KIND_X86_EPT, XM_ACCESS_X));
}
END_TEST

START_TEST(domctl_versions_are_the_releases)
{
    ck_assert_uint_eq(xm_domctl_version(11), 0x10);
    ck_assert_uint_eq(xm_domctl_version(17), 0x15);
    ck_assert_uint_eq(xm_domctl_version(20), 0x17);
    ck_assert_uint_eq(xm_domctl_version(23), 0x18);
    ck_assert_uint_eq(xm_domctl_version(99), 0x18);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("domain");
    TCase *t = tcase_create("domain");

    tcase_add_test(t, zeroes_mean_defaults);
    tcase_add_test(t, nonsense_is_refused);
    tcase_add_test(t, no_memory_at_any_step_leaves_nothing_behind);
    tcase_add_loop_test(t, nor_does_that_of_a_kind, 0, sizeof(with_own) / sizeof(with_own[0]));
    tcase_add_test(t, kinds_are_told_apart);
    tcase_add_test(t, domctl_versions_are_the_releases);
    suite_add_tcase(s, t);
    return fake_run(s);
}
