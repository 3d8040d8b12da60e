/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every unit test of the library starts with. */
#ifndef UNIT_H
#define UNIT_H

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xmem.h>

#define ck_ok(call) ck_assert_int_eq((call), 0)
#define ck_rc(call, want) ck_assert_int_eq((call), (want))

/* Runs one suite; the answer is main()'s. */
static inline int unit_run(Suite *s)
{
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* main() of a file with one case: its tests follow the fixtures. */
typedef const TTest *unit_test;
static inline int unit_main(const char *name, SFun setup, SFun teardown, const unit_test *tests)
{
    Suite *s = suite_create(name);
    TCase *c = tcase_create(name);
    if (setup)
        tcase_add_checked_fixture(c, setup, teardown);
    for (; *tests; tests++)
        tcase_add_test(c, *tests);
    suite_add_tcase(s, c);
    return unit_run(s);
}

#endif
