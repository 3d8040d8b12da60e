/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For run-test.sh: a test program of which one test leaves the way that the argument says. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *way;

START_TEST(stays)
{
    ck_assert_ptr_nonnull(way);
}
END_TEST

START_TEST(leaves)
{
    if (!strcmp(way, "exit"))
        exit(0);
    if (!strcmp(way, "_exit"))
        _exit(0);
    ck_assert_str_eq(way, "stays");
}
END_TEST

int main(int argc, char **argv)
{
    Suite *s = suite_create("leaves");
    TCase *t = tcase_create("leaves");
    SRunner *r;
    int failed;

    way = argc > 1 ? argv[1] : "stays";
    tcase_add_test(t, leaves);
    tcase_add_test(t, stays);
    suite_add_tcase(s, t);
    r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
