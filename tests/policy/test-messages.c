/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The registry of messages, and the manual page that lists it. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doc/doc.h"

/* Freed by the caller. */
static char *read_page(void)
{
    const char *top = getenv("TOP_SRCDIR");
    char path[4096], *text = calloc(1, 1 << 20);
    FILE *f;

    snprintf(path, sizeof(path), "%s/docs/man5/xmem-policy.5", top ? top : ".");
    f = fopen(path, "r");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_gt(fread(text, 1, (1 << 20) - 1, f), 0);
    fclose(f);
    return text;
}

START_TEST(numbers_ascend)
{
    unsigned last = 0;
    size_t n = 0;

    for (const struct xm_message_info *m; (m = xm_message_at(n)); n++) {
        ck_assert_uint_gt(m->number, last);
        ck_assert_uint_lt(m->number, 1000);
        ck_assert_uint_gt(strlen(m->about), 0);
        last = m->number;
    }
    ck_assert_uint_gt(n, 50);
    ck_assert_ptr_null(xm_message_at(n + 1));
}
END_TEST

/* The page has ".It XM-nnn" and then the line of the registry, for each, in order. */
START_TEST(page_lists_all)
{
    char *page = read_page(), *at = page;

    for (size_t i = 0; xm_message_at(i); i++) {
        const struct xm_message_info *m = xm_message_at(i);
        char item[256];

        snprintf(item, sizeof(item), "\n.It XM-%03u\n%s\n", m->number, m->about);
        at = strstr(at, item);
        ck_assert_msg(at != NULL, "xmem-policy(5) lacks, or has elsewhere:%s", item);
        at += strlen(item) - 1;
    }
    ck_assert_msg(strstr(at, "\n.It XM-") == NULL, "the page has more than the registry");
    free(page);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("messages");
    TCase *tc = tcase_create("registry");
    SRunner *runner;
    int failed;

    tcase_add_test(tc, numbers_ascend);
    tcase_add_test(tc, page_lists_all);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
