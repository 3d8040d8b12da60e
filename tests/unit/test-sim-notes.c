/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the library says to the simulated machine of a step, through the seam. */
#include <errno.h>

#include "backend/backend.h"
#include "base/base.h"
#include "unit.h"

#define OPS (&xmi_backend_sim)
#define JIT 0x1200u /* vCPU 0 of the demo's first domain writes and runs it */

static void *conn, *dom;

static void open_demo(void)
{
    struct xmem_error err = {0};
    ck_assert_int_eq(OPS->open("", NULL, &conn, &err), 0);
    ck_assert_int_eq(OPS->domain_open(conn, 1, &dom, &err), 0);
}

static uint64_t run(void)
{
    struct xmem_machine_report r;
    OPS->event_idle(dom);
    ck_assert_int_eq(OPS->machine_check(conn, &r), 0);
    ck_assert_uint_eq(r.forbidden, 0);
    OPS->domain_close(dom);
    OPS->close(conn);
    return r.unseen;
}

START_TEST(test_open)
{
    static const uint8_t rights[] = {XMEM_N, XMEM_X, XMEM_RW, XMEM_RWX};
    static const uint64_t unseen[] = {9, 6, 3,
                                      0}; /* of two writes and a fetch in each of 3 rounds */
    open_demo();
    ck_assert_int_eq(OPS->step_note(dom, 0, JIT, 1, rights[_i], true), 0);
    ck_assert_uint_eq(run(), unseen[_i]);
}
END_TEST

START_TEST(test_closed)
{
    open_demo();
    ck_assert_int_eq(OPS->step_note(dom, 0, JIT, 1, XMEM_N, true), 0);
    ck_assert_int_eq(OPS->step_note(dom, 0, JIT, 1, XMEM_N, false), 0);
    ck_assert_uint_eq(run(), 0);
}
END_TEST

START_TEST(test_refused)
{
    open_demo();
    ck_assert_int_eq(OPS->step_note(dom, 0, JIT, 1, 0x7f, true), -EINVAL);
    ck_assert_int_eq(OPS->step_note(dom, 0, JIT, 9, XMEM_N, true), -EINVAL);
    ck_assert_int_eq(OPS->view_internal(dom, 0, 0), -EINVAL);
    ck_assert_int_eq(OPS->view_internal(dom, 1, 0), 0);
    ck_assert_uint_eq(run(), 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("sim-notes");
    TCase *c = tcase_create("sim-notes");
    tcase_add_loop_test(c, test_open, 0, 4);
    tcase_add_test(c, test_closed);
    tcase_add_test(c, test_refused);
    suite_add_tcase(s, c);
    return unit_run(s);
}
