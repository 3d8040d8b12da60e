/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xmemctl, ended by a signal while it applies a policy of 10,000 gfns. */
#include "real.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define GFNS 10000u
#define TRIES 12u
#define EXIT_PUT_BACK 5 /* xmemctl(1) */

static const char policy_path[] = "/tmp/ten-thousand.json";
extern char **environ;

/* Alternating rights: neighbours are no runs, so each gfn is a change of its own. */
static int write_policy(const struct conf *c)
{
    FILE *f = fopen(policy_path, "we");
    if (!f)
        return -errno;
    fprintf(f, "{\"version\": 1, \"domains\": [\"*\"], \"regions\": {");
    for (unsigned part = 0; part < 2; part++) {
        fprintf(f, "%s\"part%u\": [", part ? ", " : "", part);
        for (unsigned i = part; i < GFNS; i += 2)
            fprintf(f, "%s\"0x%" PRIx64 "\"", i > 1 ? ", " : "", conf_gfn(c, i));
        fprintf(f, "]");
    }
    fprintf(f, "}, \"rules\": [{\"region\": \"part0\", \"rights\": \"rx\", \"on\": \"log\"}, "
               "{\"region\": \"part1\", \"rights\": \"rw\", \"on\": \"log\"}]}\n");
    return fclose(f) ? -errno : 0;
}

static int start(const struct conf *c, pid_t *pid)
{
    char domid[16];
    char *const words[] = {"./xmemctl", "apply", "--hold", domid, (char *)(uintptr_t)policy_path, NULL};
    snprintf(domid, sizeof(domid), "%" PRIu32, c->domid);
    return -posix_spawn(pid, words[0], NULL, NULL, words, environ);
}

static int stop_after(const struct conf *c, long us, int *code)
{
    const struct timespec t = {.tv_nsec = us * 1000};
    pid_t pid;
    int status, rc = start(c, &pid);
    if (rc)
        return rc;
    nanosleep(&t, NULL);
    if (kill(pid, SIGTERM) || waitpid(pid, &status, 0) != pid)
        return -errno;
    *code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return 0;
}

static int rights_left(struct conf *c, uint64_t *gfn)
{
    enum xmem_rights got;
    int rc = conf_open(c, NULL);
    for (unsigned i = 0; !rc && i < GFNS; i += 7) {
        *gfn = conf_gfn(c, i);
        rc = xmem_domain_get_rights(c->d, 0, *gfn, &got);
        if (!rc && got != XMEM_RWX)
            rc = -EBADE;
    }
    int rc2 = conf_close(c);
    return rc ? rc : rc2;
}

static void term_while_applying(struct conf *c)
{
    unsigned in_the_middle = 0;
    uint64_t gfn = 0;
    int code = 0;
    NEED(c, c->gfns >= GFNS, "the guest has fewer than 10,000 free pages");
    EXPECT_RC(c, write_policy(c), 0);
    for (unsigned i = 0; i < TRIES; i++) {
        EXPECT_RC(c, stop_after(c, 15000 + 15000 * (long)i, &code), 0);
        if (code != 0 && code != EXIT_PUT_BACK && code != 128 + SIGTERM)
            conf_fail(c, __FILE__, __LINE__, "after %u ms xmemctl ended with %d", 15 + 15 * i, code);
        in_the_middle += code == EXIT_PUT_BACK;
        int rc = rights_left(c, &gfn);
        if (rc)
            conf_fail(c, __FILE__, __LINE__, "after %u ms and exit %d gfn 0x%" PRIx64 " is not as "
                      "it was (%d)", 15 + 15 * i, code, gfn, rc);
        if (c->failed)
            return;
    }
    printf("# stopped in the middle %u times of %u\n", in_the_middle, TRIES);
}

const struct statement statements_signals[] = {
    {"SIGTERM while 10,000 gfns are applied puts all back", term_while_applying, true},
    {NULL, NULL, false},
};
