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
    size_t i;

    for (i = 0; i < 7; i++)
        bad[i] = good;
    bad[0].kind = (enum xm_kind)0;
    bad[1].vcpus = 0;
    bad[2].vcpus = UINT32_MAX;
    bad[3].max_views = XM_VIEWS_MAX + 1;
    bad[4].xen_minor = 10;
    bad[5].highest_gfn = XM_GFN_LIMIT;
    bad[6].kind = XM_KIND_ARM_S2;
    bad[6].views_allowed = true;
    for (i = 0; i < 7; i++)
        ck_assert_int_eq(xm_domain_init(&d, &bad[i]), -XM_EINVAL);
}
END_TEST

START_TEST(no_memory_at_any_step_leaves_nothing_behind)
{
    struct xm_domain d;
    struct xm_domain_cfg cfg = good;
    long n;

    fake_start(&d, &good);
    cfg.env = d.env;
    fake_end(&d);
    for (n = 0; n < 2; n++) {
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
    tcase_add_test(t, domctl_versions_are_the_releases);
    suite_add_tcase(s, t);
    return fake_run(s);
}
