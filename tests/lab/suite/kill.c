/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A tool that is killed while several vCPUs use a page that it steps them over, by each means: what is
 * left of a step then is seen in vCPUs that do not go on, although recovering answered 0.
 */
#include "real.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KILLS 12u
#define VCPUS 4u
#define ACCESSES 3000u /* of each vCPU, more than there is time for */
#define LAST 5u        /* and afterwards */
#define WORK 2000u
#define DONE_MS 20000

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void pause_us(long us)
{
    const struct timespec t = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    nanosleep(&t, NULL);
}

static uint32_t busy(const struct conf *c)
{
    return c->vcpus < VCPUS ? c->vcpus : VCPUS;
}

static int start_all(struct conf *c, uint64_t count)
{
    int rc = 0;
    for (uint32_t v = 0; v < busy(c) && !rc; v++)
        rc = c->ops->loop(c, v, ACT_RMW, conf_gfn(c, 2), 64 * v, count, WORK);
    return rc;
}

/* The tool: a byte to say that it is ready, and one that it has answered for the first time. */
static void tool(struct conf *c, uint32_t means, int ready)
{
    struct conf own = {.ops = c->ops,
                       .domid = c->domid,
                       .first_gfn = c->first_gfn,
                       .gfns = c->gfns,
                       .vcpus = c->vcpus};
    struct xmem_domain_opts o = {.size = sizeof(o), .step_means = means};
    const struct xmem_event *ev;
    bool first = true;
    if (xmem_open("xen:", NULL, &own.x) || conf_open(&own, &o) ||
        xmem_domain_set_rights(own.d, 0, conf_gfn(&own, 2), XMEM_RX) || write(ready, "", 1) != 1)
        _exit(1);
    for (;;) {
        while (!xmem_event_next(own.d, &ev)) {
            if (xmem_event_step_over(own.d, ev))
                _exit(1);
            if (first && write(ready, "", 1) != 1)
                _exit(1);
            first = false;
        }
        xmem_event_wait(own.d, 10);
    }
}

static void kill_tool(pid_t pid)
{
    int status;
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
}

static bool is_told(int ready)
{
    struct pollfd p = {.fd = ready, .events = POLLIN};
    char byte;
    return poll(&p, 1, DONE_MS) == 1 && read(ready, &byte, 1) == 1;
}

/* A slow machine may take longer to begin than its guest for all accesses: these come when it is ready. */
static bool steps(struct conf *c, int ready)
{
    return is_told(ready) && !start_all(c, ACCESSES) && is_told(ready);
}

/* Its pid, once it steps over; 0: it does not. */
static pid_t begin(struct conf *c, uint32_t means)
{
    int ready[2];
    if (pipe(ready))
        return 0;
    pid_t pid = fork();
    if (!pid) {
        close(ready[0]);
        tool(c, means, ready[1]);
    }
    close(ready[1]);
    if (pid > 0 && !steps(c, ready[0])) {
        kill_tool(pid);
        pid = 0;
    }
    close(ready[0]);
    return pid;
}

static bool all_done(struct conf *c, int64_t ms)
{
    for (int64_t end = now_ms() + ms; now_ms() < end;) {
        uint32_t v = 0;
        while (v < busy(c) && c->ops->done(c, v))
            v++;
        if (v == busy(c))
            return true;
        c->ops->run(c);
    }
    return false;
}

/* Another guest where this one's vCPUs do not go on: the next kill has its own. */
static bool kill_once(struct conf *c, uint32_t means, unsigned nth)
{
    struct xmem_recovery rec = XMEM_INIT(rec);
    pid_t pid = begin(c, means);
    if (pid <= 0) {
        conf_fail(c, __FILE__, __LINE__, "the tool steps over nothing");
        return false;
    }
    pause_us(rand() % 60000);
    kill_tool(pid);
    int rc = xmem_domain_recover(c->x, c->domid, &rec);
    bool done = all_done(c, DONE_MS);
    if (rc || !done)
        printf("# kill %u: recovering answered %d%s%s%s\n", nth, rc, rc ? ", " : "",
               rc ? xmem_last_error(c->x) : "", done ? "" : "; a vCPU does not go on");
    fflush(stdout);
    return !rc && done && !start_all(c, LAST) && all_done(c, DONE_MS);
}

static void killed(struct conf *c, uint32_t means)
{
    unsigned bad = 0;
    int64_t begun = now_ms();
    EXPECT_RC(c, conf_open(c, NULL), 0);
    bool can = c->caps.step_means & means;
    EXPECT_RC(c, conf_close(c), 0);
    NEED(c, can, "this kind has no such means");
    srand(means);
    for (unsigned i = 0; i < KILLS && !c->failed; i++) {
        if (kill_once(c, means, i))
            continue;
        bad++;
        (void)c->ops->kill(c);
        c->ops->teardown(c);
        EXPECT_RC(c, c->ops->setup(c), 0);
    }
    printf("# killed | means %u | kills %u | with a vCPU that does not go on %u | %jd ms each\n",
           means, KILLS, bad, (intmax_t)(now_ms() - begun) / KILLS);
    EXPECT(c, !bad);
}

static void by_view(struct conf *c)
{
    killed(c, XMEM_STEP_VIEW);
}
static void by_single(struct conf *c)
{
    killed(c, XMEM_STEP_SINGLE);
}
static void by_emulation(struct conf *c)
{
    killed(c, XMEM_STEP_EMULATE);
}
static void by_relaxing(struct conf *c)
{
    killed(c, XMEM_STEP_RELAX);
}

const struct statement statements_kill[] = {
    {"killed under load, stepping by view: recovered, and all vCPUs go on", by_view, true},
    {"killed under load, stepping by single step: recovered, and all vCPUs go on", by_single, true},
    {"killed under load, stepping by emulation: recovered, and all vCPUs go on", by_emulation,
     true},
    {"killed under load, stepping by relaxing: recovered, and all vCPUs go on", by_relaxing, true},
    {NULL, NULL, false},
};

/* ---- xmemctl, ended by a signal while it applies a policy of 10,000 gfns ---- */

#define GFNS 10000u
#define TRIES 24u
#define HITS 8u      /* so often it is stopped in the middle... */
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
    char *const words[] = {"./xmemctl", "apply", "--hold", domid, (char *)(uintptr_t)policy_path,
                           NULL};
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
            conf_fail(c, __FILE__, __LINE__,
                      "after %ld us and exit %d gfn 0x%" PRIx64 " is not as "
                      "it was (%d)",
                      us, code, gfn, rc);
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
