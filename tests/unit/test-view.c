/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Alternate views. */
#include "fake-backend.h"
#include "unit.h"

static struct fake *f;
static struct xmem *x;
static struct xmem_domain *d;

static void open_with(uint32_t quirks)
{
    f = fake_new();
    f->quirks |= quirks;
    x = fake_session(f, NULL, true, &d);
}

static void setup(void)
{
    open_with(0);
}

static void teardown(void)
{
    ck_ok(xmem_domain_close(d));
    xmem_close(x);
    for (unsigned v = 1; v < FAKE_VIEWS; v++)
        ck_assert(!f->view_there[v]);
    ck_assert(!f->views_on);
    fake_free(f);
}

/* What came with it failed, and so does turning them off again. */
START_TEST(on_although_it_failed)
{
    uint16_t v = 77;
    f->views_on = true;
    fake_fail(f, FAKE_SET_STATE, 1, -EIO, true);
    ck_rc(xmem_view_create(d, NULL, &v), -EIO);
    ck_rc(xmem_domain_close(d), -EIO);
    fake_fail(f, FAKE_SET_STATE, 0, 0, false);
    ck_ok(xmem_domain_open(x, 1, NULL, &d));
    ck_assert(!f->views_on);
    ck_ok(xmem_view_create(d, NULL, &v));
    ck_assert(f->views_on && f->view_there[v]);
}
END_TEST

START_TEST(create_and_list)
{
    uint16_t v[4], list[5] = {9, 9, 9, 9, 9};
    size_t n = 1;
    for (unsigned i = 0; i < 4; i++)
        ck_ok(xmem_view_create(d, NULL, &v[i]));
    ck_assert_uint_eq(f->count[FAKE_SET_STATE], 1); /* once, on demand */
    uint16_t none = 77;
    ck_rc(xmem_view_create(d, NULL, &none), -ENOSPC);
    ck_assert_uint_eq(none, 77);
    ck_rc(xmem_view_list(d, list, &n), -ENOSPC);
    ck_assert(n == 5 && list[0] == 0 && list[1] == 9);
    ck_ok(xmem_view_list(d, list, &n));
    ck_assert_uint_eq(list[4], v[3]);
    n = 0;
    ck_rc(xmem_view_list(d, NULL, &n), -ENOSPC);
    ck_ok(xmem_view_destroy(d, v[1]));
    ck_rc(xmem_view_destroy(d, v[1]), -ENOENT);
    ck_rc(xmem_view_destroy(d, 0), -EINVAL);
    ck_rc(xmem_view_destroy(d, 4000), -ENOENT);
    ck_ok(xmem_view_switch(d, v[2]));
    ck_rc(xmem_view_destroy(d, v[2]), -EBUSY);
}
END_TEST

START_TEST(bad_arguments)
{
    struct xmem_view_opts o = {.size = sizeof(o), .default_rights = 3};
    uint16_t v;
    size_t n = 1;
    ck_rc(xmem_view_create(d, NULL, NULL), -EINVAL);
    ck_rc(xmem_view_create(d, &o, &v), -EINVAL);
    o.default_rights = XMEM_W;
    ck_rc(xmem_view_create(d, &o, &v), -EOPNOTSUPP);
    o.size = 3;
    ck_rc(xmem_view_create(d, &o, &v), -EINVAL);
    ck_rc(xmem_view_list(d, NULL, NULL), -EINVAL);
    ck_rc(xmem_view_list(d, NULL, &n), -EINVAL);
    ck_rc(xmem_view_get_vcpu(d, 0, NULL), -EINVAL);
    ck_rc(xmem_view_get_vcpu(d, FAKE_VCPUS, &v), -EINVAL);
    ck_rc(xmem_view_switch(d, 3), -ENOENT);
    ck_ok(xmem_view_switch(d, 0)); /* nothing to switch */
    ck_assert_uint_eq(f->count[FAKE_SWITCH], 0);
    ck_ok(xmem_view_get_vcpu(d, 0, &v));
    ck_assert_uint_eq(v, 0);
    ck_rc(xmem_view_switch_vcpu(d, 0, 0), -EOPNOTSUPP);
    ck_assert_ptr_nonnull(strstr(xmem_domain_last_error(d), "SET_VIEW"));
}
END_TEST

START_TEST(failures)
{
    uint16_t v;
    int s;
    fake_fail(f, FAKE_SET_STATE, 1, -EPERM, false);
    ck_rc(xmem_view_create(d, NULL, &v), -EPERM);
    fake_fail(f, FAKE_CREATE, 1, -ENOMEM, false);
    ck_rc(xmem_view_create(d, NULL, &v), -ENOMEM);
    ck_ok(xmem_view_create(d, NULL, &v));
    fake_fail(f, FAKE_SWITCH, 1, -EPERM, false);
    ck_rc(xmem_view_switch(d, v), -EPERM);
    fake_fail(f, FAKE_GET_VCPU, 1, -EPERM, false);
    ck_rc(xmem_view_get_vcpu(d, 0, &v), -EPERM);
    fake_fail(f, FAKE_CHANGE, 1, -ESRCH, false);
    ck_rc(xmem_view_change_gfn(d, v, 1, 2), -ESRCH);
    fake_fail(f, FAKE_VISIBLE, 1, -EPERM, false);
    ck_rc(xmem_view_set_visible(d, v, 0), -EPERM);
    fake_fail(f, FAKE_SET_VE, 1, -EPERM, false);
    ck_rc(xmem_view_set_suppress_ve(d, v, 0, 1, 1), -EPERM);
    fake_fail(f, FAKE_GET_VE, 1, -EPERM, false);
    ck_rc(xmem_view_get_suppress_ve(d, v, 0, &s), -EPERM);
    fake_fail(f, FAKE_VE_PAGE, 1, -EPERM, false);
    ck_rc(xmem_view_set_notify_page(d, 0, 1), -EPERM);
}
END_TEST

START_TEST(rights_of_a_view)
{
    uint16_t v;
    enum xmem_rights r;
    struct xmem_view_opts o = {.size = sizeof(o), .default_rights = XMEM_R};
    ck_ok(xmem_view_create(d, &o, &v));
    ck_ok(xmem_domain_get_rights(d, v, 5, &r)); /* no entry of its own yet */
    ck_assert_int_eq(r, XMEM_R);
    ck_ok(xmem_domain_set_rights(d, v, 5, XMEM_RX));
    ck_ok(xmem_domain_get_rights(d, v, 5, &r));
    ck_assert_int_eq(r, XMEM_RX);
    ck_ok(xmem_domain_set_rights(d, v, 5, XMEM_DEFAULT));
    ck_assert_uint_eq(f->rights[v][5], XMEM_R);
    f->rights[0][6] = FAKE_HOLE;
    ck_rc(xmem_domain_get_rights(d, v, 6, &r), -ESRCH);
    ck_rc(xmem_domain_set_rights(d, v, 6, XMEM_RX), -ESRCH); /* never skipped silently */
    ck_ok(xmem_domain_disable(d));
    ck_ok(xmem_view_create(d, &o, &v)); /* views need no ring */
    ck_ok(xmem_domain_set_rights(d, v, 5, XMEM_RX));
    ck_ok(xmem_domain_get_rights(d, v, 7, &r));
    ck_assert_int_eq(r, XMEM_R);
}
END_TEST

START_TEST(views_that_copy_the_hosts_rights)
{
    uint16_t v;
    struct xmem_view_opts o = {.size = sizeof(o), .default_rights = XMEM_RX};
    teardown();
    open_with(QUIRK_VIEW_COPIES_HOST_RIGHTS);
    ck_ok(xmem_domain_set_rights_range(d, 0, 10, 10, XMEM_N));
    ck_ok(xmem_view_create(d, NULL, &v)); /* rwx is said where the host is not */
    ck_assert_uint_eq(f->rights[v][10], XMEM_RWX);
    ck_assert_uint_eq(f->rights[v][20], FAKE_HOLE);
    ck_ok(xmem_view_destroy(d, v));
    ck_ok(xmem_view_create(d, &o, &v)); /* anything else everywhere */
    ck_assert_uint_eq(f->rights[v][0], XMEM_RX);
    ck_assert_uint_eq(f->rights[v][FAKE_GFNS - 1], XMEM_RX);
    fake_fail(f, FAKE_MANY, 1, -EPERM, false);
    uint16_t w = 99;
    ck_rc(xmem_view_create(d, &o, &w), -EPERM);
    ck_assert_uint_eq(w, 99);
}
END_TEST

START_TEST(remapping)
{
    uint16_t v;
    struct xmem_view_opts o = {.size = sizeof(o), .default_rights = XMEM_R};
    ck_ok(xmem_view_create(d, &o, &v));
    ck_rc(xmem_view_change_gfn(d, 0, 1, 2), -EINVAL);
    ck_rc(xmem_view_change_gfn(d, v, FAKE_GFNS, 2), -ERANGE);
    ck_rc(xmem_view_change_gfn(d, v, 2, FAKE_GFNS), -ERANGE);
    ck_ok(xmem_domain_set_rights(d, v, 1, XMEM_X));
    ck_ok(xmem_view_change_gfn(d, v, 1, 2));
    ck_assert_uint_eq(f->rights[v][1], XMEM_X); /* what was set holds for the new frame */
    ck_ok(xmem_view_change_gfn(d, v, 1, 3));
    ck_ok(xmem_view_change_gfn(d, v, 5, 3));
    ck_assert_uint_eq(f->rights[v][5], XMEM_R);
    ck_ok(xmem_view_change_gfn(d, v, 1, XMEM_GFN_UNDO));
    ck_ok(xmem_view_change_gfn(d, v, 1, XMEM_GFN_UNDO));
    ck_assert_uint_eq(f->rights[v][1], XMEM_X);
}
END_TEST

START_TEST(visibility_and_ve)
{
    uint16_t v;
    int s = 5;
    ck_ok(xmem_view_create(d, NULL, &v));
    ck_ok(xmem_view_set_visible(d, v, 1));
    ck_assert(f->visible[v]);
    ck_ok(xmem_view_set_suppress_ve(d, v, 0, 10, 1));
    ck_ok(xmem_view_get_suppress_ve(d, v, 0, &s));
    ck_assert_int_eq(s, 1);
    ck_rc(xmem_view_get_suppress_ve(d, v, 0, NULL), -EINVAL);
    ck_rc(xmem_view_set_suppress_ve(d, v, 0, 0, 1), -EINVAL);
    ck_rc(xmem_view_get_suppress_ve(d, v, FAKE_GFNS, &s), -ERANGE);
    ck_ok(xmem_view_set_notify_page(d, 1, 7));
    ck_assert_uint_eq(f->notify_gfn[1], 7);
    ck_rc(xmem_view_set_notify_page(d, 1, FAKE_GFNS), -ERANGE);
    ck_rc(xmem_view_set_notify_page(d, FAKE_VCPUS, 7), -EINVAL);
    ck_ok(xmem_view_set_notify_page(d, 1, XMEM_GFN_UNDO));
}
END_TEST

/* Instead of the first; what cannot be leaves the first. */
START_TEST(a_second_notify_page)
{
    ck_ok(xmem_view_set_notify_page(d, 1, 7));
    ck_ok(xmem_view_set_notify_page(d, 1, 8));
    ck_assert_uint_eq(f->notify_gfn[1], 8);
    ck_ok(xmem_view_set_notify_page(d, 1, 8));
    fake_fail(f, FAKE_VE_PAGE, 1, -EPERM, false);
    ck_rc(xmem_view_set_notify_page(d, 1, 9), -EPERM);
    ck_assert_uint_eq(f->notify_gfn[1], 8);
    fake_fail(f, FAKE_VE_PAGE, 2, -ESRCH, false);
    ck_rc(xmem_view_set_notify_page(d, 1, 9), -ESRCH);
    ck_assert_uint_eq(f->notify_gfn[1], 8);
    ck_ok(xmem_view_set_notify_page(d, 1, XMEM_GFN_UNDO));
    fake_fail(f, FAKE_VE_PAGE, 1, -EINVAL, false); /* Xen's word for a hole */
    ck_rc(xmem_view_set_notify_page(d, 1, 9), -ESRCH);
    ck_assert_ptr_nonnull(strstr(xmem_domain_last_error(d), "0x9"));
    f->notify_gfn[1] = 5; /* another tool's */
    ck_rc(xmem_view_set_notify_page(d, 1, 8), -EIO);
    ck_assert_ptr_nonnull(strstr(xmem_domain_last_error(d), "another tool"));
    ck_assert_uint_eq(f->notify_gfn[1], 5);
}
END_TEST

START_TEST(no_session)
{
    uint16_t v = 5;
    size_t n = 0;
    ck_rc(xmem_view_create(NULL, NULL, &v), -EINVAL);
    ck_rc(xmem_view_destroy(NULL, 1), -EINVAL);
    ck_rc(xmem_view_list(NULL, NULL, &n), -EINVAL);
    ck_rc(xmem_view_switch(NULL, 1), -EINVAL);
    ck_rc(xmem_view_switch_vcpu(NULL, 0, 1), -EINVAL);
    ck_rc(xmem_view_get_vcpu(NULL, 0, &v), -EINVAL);
    ck_rc(xmem_view_change_gfn(NULL, 1, 1, 2), -EINVAL);
    ck_assert_uint_eq(v, 5);
}
END_TEST

START_TEST(a_kind_without)
{
    uint16_t v = 5;
    int s;
    teardown();
    f = fake_new();
    f->caps.max_views = 1;
    x = fake_session(f, NULL, true, &d);
    ck_rc(xmem_view_create(d, NULL, &v), -EOPNOTSUPP);
    ck_rc(xmem_view_destroy(d, 1), -EOPNOTSUPP);
    ck_rc(xmem_view_switch(d, 1), -EOPNOTSUPP);
    ck_rc(xmem_view_get_vcpu(d, 0, &v), -EOPNOTSUPP);
    ck_rc(xmem_view_set_visible(d, 1, 1), -EOPNOTSUPP);
    ck_rc(xmem_view_set_suppress_ve(d, 1, 0, 1, 1), -EOPNOTSUPP);
    ck_rc(xmem_view_get_suppress_ve(d, 1, 0, &s), -EOPNOTSUPP);
    ck_rc(xmem_view_set_notify_page(d, 0, 1), -EOPNOTSUPP);
    ck_rc(xmem_domain_set_rights(d, 1, 0, XMEM_R), -EOPNOTSUPP);
    ck_rc(xmem_view_set_visible(NULL, 1, 1), -EINVAL);
    ck_rc(xmem_view_set_suppress_ve(NULL, 1, 0, 1, 1), -EINVAL);
    ck_rc(xmem_view_get_suppress_ve(NULL, 1, 0, &s), -EINVAL);
    ck_rc(xmem_view_set_notify_page(NULL, 0, 1), -EINVAL);
    ck_assert_uint_eq(v, 5);
}
END_TEST

START_TEST(views_without_visibility)
{
    uint16_t v;
    teardown();
    f = fake_new();
    f->caps.flags &= ~(XMEM_CAP_VISIBILITY | XMEM_CAP_SUPPRESS_VE);
    x = fake_session(f, NULL, true, &d);
    ck_ok(xmem_view_create(d, NULL, &v));
    ck_rc(xmem_view_set_visible(d, v, 1), -EOPNOTSUPP);
    ck_rc(xmem_view_set_suppress_ve(d, v, 0, 1, 1), -EOPNOTSUPP);
}
END_TEST

int main(void)
{
    const unit_test tests[] = {on_although_it_failed,
                               create_and_list,
                               bad_arguments,
                               failures,
                               rights_of_a_view,
                               views_that_copy_the_hosts_rights,
                               remapping,
                               visibility_and_ve,
                               a_second_notify_page,
                               no_session,
                               a_kind_without,
                               views_without_visibility,
                               NULL};
    return unit_main("view", setup, teardown, tests);
}
