/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which gfns need an entry in the copy of the host view, and when they get it. */
#include "unit.h"

#include <errno.h>
#include <backend/host-copy.h>

static struct host_copy h;
static uint64_t made[64], fail_at;
static unsigned made_n;

static void setup(void)
{
    h = (struct host_copy){0};
    made_n = 0;
    fail_at = UINT64_MAX;
}

static void teardown(void)
{
    xmi_host_copy_free(&h);
    xmi_host_copy_free(&h);
}

static int make(void *dom, uint64_t gfn)
{
    ck_assert_ptr_eq(dom, &h);
    if (gfn == fail_at)
        return -ENOSPC;
    ck_assert_uint_lt(made_n, 64);
    made[made_n++] = gfn;
    return 0;
}

START_TEST(while_views_are_on_an_entry_is_made_once)
{
    ck_ok(xmi_host_copy_note(&h, 100, 3, make, &h));
    ck_ok(xmi_host_copy_note(&h, 99, 5, make, &h));
    ck_assert_uint_eq(made_n, 5);
    ck_assert_uint_eq(made[0], 100);
    ck_assert_uint_eq(made[3], 99);
    ck_assert_uint_eq(made[4], 103);
}
END_TEST

START_TEST(while_they_are_off_it_is_made_when_they_are_turned_on)
{
    ck_ok(xmi_host_copy_note(&h, 7, 3, NULL, &h));
    ck_ok(xmi_host_copy_note(&h, 1 << 20, 1, NULL, &h));
    ck_ok(xmi_host_copy_note(&h, 8, 1, NULL, &h));
    ck_assert_uint_eq(made_n, 0);
    ck_ok(xmi_host_copy_each(&h, make, &h));
    ck_assert_uint_eq(made_n, 4);
    ck_assert_uint_eq(made[2], 9);
    ck_assert_uint_eq(made[3], 1 << 20);
}
END_TEST

START_TEST(what_failed_is_tried_again)
{
    fail_at = 12;
    ck_assert_int_eq(xmi_host_copy_note(&h, 10, 5, make, &h), -ENOSPC);
    ck_assert_uint_eq(made_n, 2);
    ck_assert_int_eq(xmi_host_copy_note(&h, 12, 1, make, &h), -ENOSPC);
    fail_at = UINT64_MAX;
    ck_ok(xmi_host_copy_note(&h, 10, 5, make, &h));
    ck_assert_uint_eq(made_n, 5);
    made_n = 0;
    fail_at = 13;
    ck_assert_int_eq(xmi_host_copy_each(&h, make, &h), -ENOSPC);
    ck_assert_uint_eq(made_n, 3);
}
END_TEST

START_TEST(nothing_noted_nothing_made)
{
    ck_ok(xmi_host_copy_note(&h, 5, 0, make, &h));
    ck_ok(xmi_host_copy_each(&h, make, &h));
    ck_assert_uint_eq(made_n, 0);
}
END_TEST

int main(void)
{
    const unit_test tests[] = {while_views_are_on_an_entry_is_made_once,
                               while_they_are_off_it_is_made_when_they_are_turned_on,
                               what_failed_is_tried_again, nothing_noted_nothing_made, NULL};
    return unit_main("host-copy", setup, teardown, tests);
}
