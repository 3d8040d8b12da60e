/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* check [WORD]: all lines, or those whose text has WORD in it. Prints TAP. */
#include "check.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SECONDS 240u

static unsigned int number, failures;

static void run_line(const struct check_line *line)
{
    struct check c;
    int rc;

    alarm(SECONDS); /* a machine that stands still is no pass */
    rc = check_make(&c, 2);
    if (rc)
        check_fail(&c, __FILE__, __LINE__, "the guest does not start", rc);
    else
        line->fn(&c);
    printf("%sok %u - checklist: %s\n", c.failed ? "not " : "", ++number, line->text);
    fflush(stdout);
    failures += c.failed;
    check_destroy(&c);
}

static void run_lines(const struct check_line *line, const char *word)
{
    for (; line->text; line++)
        if (!word || strstr(line->text, word))
            run_line(line);
}

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : NULL;

    run_lines(check_rules, word);
    run_lines(check_paths, word);
    run_lines(check_escapes, word);
    printf("1..%u\n", number);
    return failures || !number;
}
