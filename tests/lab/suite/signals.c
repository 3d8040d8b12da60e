/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xmemctl, ended by a signal while it applies a policy of 10,000 gfns. */
#include "real.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define GFNS 10000u
#define TRIES 24u
#define HITS 8u /* so often it is stopped in the middle... */
#define LAST_TRY 40u /* ...or, where starting takes now long, now short, at least once */
#define FIRST_US 20000
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
    posix_spawn_file_actions_t quiet;
    snprintf(domid, sizeof(domid), "%" PRIu32, c->domid);
    posix_spawn_file_actions_init(&quiet);
    for (int fd = 1; fd <= 2; fd++)
        posix_spawn_file_actions_addopen(&quiet, fd, "/dev/null", O_WRONLY, 0);
    int rc = -posix_spawn(pid, words[0], &quiet, NULL, words, environ);
    posix_spawn_file_actions_destroy(&quiet);
    return rc;
}

static int stop_after(const struct conf *c, long us, int *code)
{
    const struct timespec t = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
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

/*
 * When to send the signal: before `early` xmemctl has not got so far, at `late` it has applied
 * all. Halved until it is hit, then spread over what lies between.
 */
struct moment {
    long early, late; /* us; late 0: not known yet */
    unsigned hits;
};

static long next_moment(const struct moment *m, unsigned try)
{
    if (!m->late)
        return m->early ? m->early * 2 : FIRST_US;
    long middle = (m->early + m->late) / 2, half = (m->late - m->early) / 2, least = middle / 50;
    if (!m->hits && half > least)
        return middle;
    /* No start takes as long as the last one: the two may even have crossed. */
    return middle + (half > least ? half : least) * ((long)(try % 7) - 3) / 4;
}

/* -EPROTO: xmemctl ended otherwise. */
static int learn_moment(struct moment *m, long us, int code)
{
    if (code == EXIT_PUT_BACK)
        m->hits++;
    else if (code == 128 + SIGTERM && us > m->early)
        m->early = us;
    else if (code == 0 && (!m->late || us < m->late))
        m->late = us;
    return code == EXIT_PUT_BACK || code == 128 + SIGTERM || code == 0 ? 0 : -EPROTO;
}

static void term_while_applying(struct conf *c)
{
    struct moment m = {0};
    uint64_t gfn = 0;
    int code = 0;
    NEED(c, c->gfns >= GFNS, "the guest has fewer than 10,000 free pages");
    EXPECT_RC(c, write_policy(c), 0);
    for (unsigned i = 0; i < LAST_TRY && m.hits < (i < TRIES ? HITS : 1u); i++) {
        long us = next_moment(&m, i);
        EXPECT_RC(c, stop_after(c, us, &code), 0);
        if (learn_moment(&m, us, code))
            conf_fail(c, __FILE__, __LINE__, "after %ld us xmemctl ended with %d", us, code);
        int rc = rights_left(c, &gfn);
        if (rc)
            conf_fail(c, __FILE__, __LINE__, "after %ld us and exit %d gfn 0x%" PRIx64 " is not as "
                      "it was (%d)", us, code, gfn, rc);
        if (c->failed)
            return;
    }
    printf("# stopped in the middle %u times, between %ld and %ld us\n", m.hits, m.early, m.late);
    EXPECT(c, m.hits > 0);
}

const struct statement statements_signals[] = {
    {"SIGTERM while 10,000 gfns are applied puts all back", term_while_applying, true},
    {NULL, NULL, false},
};
