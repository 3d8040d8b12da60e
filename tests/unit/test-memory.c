/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guest's memory, pages given to it, and its monitors. */
#include "fake-backend.h"
#include "unit.h"

static struct fake *f;
static struct xmem *x;
static struct xmem_domain *d;

static void setup(void)
{
    f = fake_new();
    f->info.highest_gfn = f->caps.highest_gfn = 0xf;
    x = fake_session(f, NULL, true, &d);
}

static void teardown(void)
{
    ck_ok(xmem_domain_close(d));
    xmem_close(x);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_ptr_null(f->frame[i]);
    ck_assert_uint_eq(f->monitors, 0);
    fake_free(f);
}

START_TEST(pages)
{
    uint64_t a = 0, b = 0;
    uint8_t byte = 9;
    ck_ok(xmem_domain_add_page(d, &a));
    ck_ok(xmem_domain_add_page(d, &b));
    ck_assert(a == 0x10 && b == 0x11);
    ck_ok(xmem_domain_read(d, a << 12, &byte, 1));
    ck_assert_uint_eq(byte, 0); /* zeroed */
    ck_ok(xmem_domain_set_rights(d, 0, a, XMEM_R));
    ck_ok(xmem_domain_remove_page(d, a));
    ck_rc(xmem_domain_remove_page(d, a), -EINVAL);
    ck_rc(xmem_domain_read(d, a << 12, &byte, 1), -ESRCH);
    ck_rc(xmem_domain_add_page(d, NULL), -EINVAL);
    fake_fail(f, FAKE_ADD, 1, -EEXIST, false);
    ck_ok(xmem_domain_add_page(d, &a)); /* the next one, past b */
    ck_assert_uint_eq(a, 0x12);
    fake_fail(f, FAKE_ADD, 1, -ENOMEM, false);
    ck_rc(xmem_domain_add_page(d, &a), -ENOMEM);
    fake_fail(f, FAKE_ADD, 1, -EEXIST, true);
    ck_rc(xmem_domain_add_page(d, &a), -EIO);
    fake_fail(f, FAKE_ADD, 0, 0, false);
    fake_fail(f, FAKE_MAP, 1, -ENOMEM, false);
    ck_rc(xmem_domain_add_page(d, &a), -ENOMEM);
    fake_fail(f, FAKE_REMOVE, 1, -EPERM, false);
    ck_rc(xmem_domain_remove_page(d, b), -EPERM);
}
END_TEST

static void again(uint64_t highest)
{
    ck_ok(xmem_domain_close(d));
    f->info.highest_gfn = f->caps.highest_gfn = highest;
    ck_ok(xmem_domain_open(x, 1, NULL, &d));
    ck_ok(xmem_domain_enable(d));
}

/* Holes at the top, of a session before or of this one, are used again. */
START_TEST(holes_at_the_top)
{
    uint64_t a, b;
    memset(&f->rights[0][0x11], FAKE_HOLE, 3); /* 0x10 is a device's: no page, and no hole */
    again(0x10);
    ck_ok(xmem_domain_add_page(d, &a));
    ck_ok(xmem_domain_add_page(d, &b));
    ck_assert(a == 0x11 && b == 0x12);
    memset(&f->rights[0][0x11], FAKE_HOLE, 3);
    again(0x12);
    ck_ok(xmem_domain_add_page(d, &a));
    ck_ok(xmem_domain_add_page(d, &b));
    ck_assert(a == 0x11 && b == 0x12);
    ck_ok(xmem_domain_remove_page(d, a));
    ck_ok(xmem_domain_add_page(d, &a));
    ck_assert_uint_eq(a, 0x11);
}
END_TEST

/* More of them are the guest's; above, the next session finds the place again. */
START_TEST(many_holes_at_the_top)
{
    uint64_t a;
    memset(&f->rights[0][0x11000], FAKE_HOLE, 0x10000);
    f->frames_at = 0x20000;
    again(0x12fff);
    for (unsigned i = 0; i < 2; i++) {
        ck_ok(xmem_domain_add_page(d, &a));
        ck_assert_uint_eq(a, 0x20000);
        ck_ok(xmem_domain_add_page(d, &a));
        ck_assert_uint_eq(a, 0x20001);
        memset(&f->rights[0][0x20000], FAKE_HOLE, 2);
        again(0x20001);
    }
}
END_TEST

START_TEST(copying)
{
    uint64_t a, b;
    char in[5000], out[5000];
    for (unsigned i = 0; i < sizeof(in); i++)
        in[i] = (char)(i * 7);
    ck_ok(xmem_domain_add_page(d, &a));
    ck_ok(xmem_domain_add_page(d, &b));
    ck_ok(xmem_domain_write(d, (a << 12) + 100, in, sizeof(in))); /* over the edge */
    ck_ok(xmem_domain_read(d, (a << 12) + 100, out, sizeof(out)));
    ck_assert_mem_eq(in, out, sizeof(in));
    memset(out, 1, sizeof(out));
    ck_rc(xmem_domain_read(d, (b << 12) + 4000, out, 200), -ESRCH); /* the next is not there */
    ck_assert_int_eq(out[0], 1);
    ck_rc(xmem_domain_write(d, (b << 12) + 4000, in, 200), -ESRCH); /* nor half of it done */
    ck_ok(xmem_domain_read(d, (b << 12) + 4000, out, 96));
    ck_assert_int_eq(out[0], 0);
    ck_ok(xmem_domain_read(d, 0, NULL, 0));
    ck_rc(xmem_domain_read(d, 0, NULL, 1), -EINVAL);
    ck_rc(xmem_domain_read(d, UINT64_MAX - 3, out, 5), -ERANGE);
    ck_rc(xmem_domain_write(NULL, 0, in, 1), -EINVAL);
}
END_TEST

START_TEST(pages_cannot_be_added)
{
    uint64_t a;
    teardown();
    f = fake_new();
    f->caps.flags &= ~XMEM_CAP_ADD_PAGE;
    x = fake_session(f, NULL, true, &d);
    ck_rc(xmem_domain_add_page(d, &a), -EOPNOTSUPP);
}
END_TEST

static struct xmem_monitor mon(uint32_t reason)
{
    return (struct xmem_monitor){.size = sizeof(struct xmem_monitor), .reason = reason};
}

START_TEST(monitors)
{
    struct xmem_monitor m = mon(XMEM_EVENT_CPUID);
    ck_ok(xmem_domain_set_monitor(d, &m, 0)); /* off to off */
    ck_ok(xmem_domain_set_monitor(d, &m, 1));
    ck_ok(xmem_domain_set_monitor(d, &m, 1)); /* on to on: Xen's -EEXIST is not passed on */
    ck_assert_uint_eq(f->monitors, 1u << XMEM_EVENT_CPUID);
    ck_ok(xmem_domain_set_monitor(d, &m, 0));
    ck_assert_uint_eq(f->monitors, 0);
    m = mon(XMEM_EVENT_CTRLREG);
    m.index = XMEM_CTRLREG_CR4;
    ck_ok(xmem_domain_set_monitor(d, &m, 1));
    m.index = 4;
    ck_rc(xmem_domain_set_monitor(d, &m, 1), -EINVAL);
    m = mon(XMEM_EVENT_MEM_ACCESS);
    ck_ok(xmem_domain_set_monitor(d, &m, 1)); /* nothing to do */
    m = mon(XMEM_EVENT_MEM_PAGING);
    f->caps.monitors = 0;
    m.flags = 8;
    ck_rc(xmem_domain_set_monitor(d, &m, 1), -EINVAL);
    m = mon(60);
    ck_rc(xmem_domain_set_monitor(d, &m, 1), -EINVAL);
    m = mon(XMEM_EVENT_DOMAIN_DIED);
    ck_rc(xmem_domain_set_monitor(d, &m, 1), -EINVAL);
    m.size = 1;
    ck_rc(xmem_domain_set_monitor(d, &m, 1), -EINVAL);
    ck_rc(xmem_domain_set_monitor(d, NULL, 1), -EINVAL);
    m = mon(XMEM_EVENT_MSR);
    fake_fail(f, FAKE_MONITOR, 1, -EPERM, false);
    ck_rc(xmem_domain_set_monitor(d, &m, 1), -EPERM);
} /* the CR4 one goes off at close */
END_TEST

START_TEST(a_monitor_that_the_kind_has_not)
{
    struct xmem_monitor m = mon(XMEM_EVENT_UNKNOWN);
    ck_rc(xmem_domain_set_monitor(d, &m, 1), -EOPNOTSUPP);
}
END_TEST

START_TEST(single_step_stays_on_for_the_library)
{
    struct xmem_monitor m = mon(XMEM_EVENT_SINGLESTEP);
    const struct xmem_event *ev;
    ck_ok(xmem_domain_set_rights(d, 0, 5, XMEM_R));
    fake_access(f, 0, 5, XMEM_ACCESS_W, 0);
    ck_ok(xmem_event_next(d, &ev));
    ck_ok(xmem_event_step_over(d, ev));
    ck_ok(xmem_event_flush(d));
    f->vcpu_view[0] = 0;
    ck_ok(xmem_domain_set_monitor(d, &m, 1));
    ck_ok(xmem_domain_set_monitor(d, &m, 0));
    ck_assert_uint_eq(f->monitors, 1u << XMEM_EVENT_SINGLESTEP);
}
END_TEST

int main(void)
{
    const unit_test tests[] = {pages,
                               holes_at_the_top,
                               many_holes_at_the_top,
                               copying,
                               pages_cannot_be_added,
                               monitors,
                               a_monitor_that_the_kind_has_not,
                               single_step_stays_on_for_the_library,
                               NULL};
    return unit_main("memory", setup, teardown, tests);
}
