/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What needs processes that die and a hypervisor that lives on: statements of the conformance
 * suite's kind, about the laboratory's guest. Prints TAP.
 *   real MACHINE [TEXT]      MACHINE as for conformance; TEXT: only statements that contain it
 */
#include "real.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGES 16u
#define FLOOD 64u
#define KILLS 20u
#define KILLS_X86 6u      /* recovering takes ten emulated seconds: a million gfns are looked at */
#define LISTENER_MS 60000 /* a busy host makes it slow */

static void pause_us(long us)
{
    const struct timespec t = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    nanosleep(&t, NULL);
}

/* ---- a listener of its own ---- */

static volatile int *shared; /* 1: the listener is ready, below 0: why it is not */

static int share(void)
{
    if (shared)
        return 0;
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        shared = NULL;
        return -errno;
    }
    return 0;
}

static void listener(struct conf *c, listener_fn fn)
{
    struct conf own = {.ops = c->ops,
                       .domid = c->domid,
                       .first_gfn = c->first_gfn,
                       .gfns = c->gfns,
                       .vcpus = c->vcpus};
    int rc = xmem_open("xen:", NULL, &own.x);
    if (!rc)
        rc = conf_open(&own, NULL);
    if (!rc)
        rc = xmem_domain_set_rights_range(own.d, 0, conf_gfn(&own, 0), PAGES, XMEM_N);
    *shared = rc ? rc : 1;
    if (!rc)
        fn(&own);
    _exit(1);
}

int listener_start(struct conf *c, listener_fn fn, pid_t *pid)
{
    int rc = share();
    if (rc)
        return rc;
    *shared = 0;
    *pid = fork();
    if (*pid < 0)
        return -errno;
    if (!*pid)
        listener(c, fn);
    for (int ms = 0; !*shared && ms < LISTENER_MS; ms++)
        pause_us(1000);
    return *shared == 1 ? 0 : *shared ? *shared : -ETIMEDOUT;
}

int listener_kill(pid_t pid)
{
    int status;
    if (kill(pid, SIGKILL) || waitpid(pid, &status, 0) != pid)
        return -errno;
    return WIFSIGNALED(status) ? 0 : -ECHILD;
}

static void reads_nothing(struct conf *c)
{
    (void)c;
    for (;;)
        pause();
}

static void steps_over_all(struct conf *c)
{
    const struct xmem_event *ev;
    for (;;) {
        xmem_event_wait(c->d, 10);
        while (!xmem_event_next(c->d, &ev))
            xmem_event_drop(c->d, ev);
    }
}

/* ---- statements ---- */

static void second_listener(struct conf *c)
{
    struct xmem *x = NULL;
    struct xmem_domain *d = NULL;
    const struct xmem_event *ev;
    EXPECT_RC(c, xmem_open("xen:", NULL, &x), 0);
    EXPECT_RC(c, xmem_domain_open(x, c->domid, NULL, &d), 0);
    EXPECT(c, xmem_domain_enable(d) == -EBUSY);
    EXPECT(c, strstr(xmem_domain_last_error(d), "listener") != NULL);
    EXPECT(c, xmem_domain_close(d) == 0);
    xmem_close(x);
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, conf_gfn(c, 0), XMEM_N), 0);
    EXPECT_RC(c, conf_do_event(c, 0, ACT_WRITE, conf_gfn(c, 0), &ev), 0);
    EXPECT_RC(c, xmem_event_drop(c->d, ev), 0);
    EXPECT_RC(c, conf_finish(c, 0, &ev), 0);
}

/* Events that do not pause, and nobody takes them: the guest is stopped, and nothing is lost. */
static void flood(struct conf *c)
{
    const struct xmem_event *ev;
    uint32_t seen = 0, sent = 0;
    bool stalled = false;
    int rc;
    NEED(c, c->caps.rights & XMEM_RIGHTS_BIT(XMEM_N2RWX), "no n2rwx here");
    EXPECT_RC(c, xmem_domain_set_rights_range(c->d, 0, conf_gfn(c, 0), FLOOD, XMEM_N2RWX), 0);
    while (sent < FLOOD) {
        EXPECT_RC(c, c->ops->start(c, 0, ACT_READ, conf_gfn(c, sent++), 0, 0), 0);
        for (int i = 0; i < 200 && !c->ops->done(c, 0); i++)
            c->ops->run(c);
        stalled = stalled || !c->ops->done(c, 0);
        if (c->ops->done(c, 0))
            continue;
        while ((rc = conf_finish(c, 0, &ev)) == -EEXIST) {
            EXPECT(c, ev->u.mem.gfn == conf_gfn(c, seen));
            seen++;
            EXPECT_RC(c, xmem_event_reply(c->d, ev, NULL), 0);
        }
        EXPECT_RC(c, rc, 0);
    }
    EXPECT(c, stalled);
    while (xmem_event_next(c->d, &ev) == 0 && ++seen)
        EXPECT_RC(c, xmem_event_reply(c->d, ev, NULL), 0);
    EXPECT(c, seen == FLOOD);
}

static void write_each(struct conf *c, uint32_t vcpus)
{
    for (uint32_t v = 0; v < vcpus; v++)
        if (c->ops->done(c, v))
            c->ops->start(c, v, ACT_WRITE, conf_gfn(c, v % PAGES), 8 * v, v);
}

static bool all_done(struct conf *c, uint32_t vcpus)
{
    for (int i = 0; i < 20000; i++) {
        uint32_t v = 0;
        while (v < vcpus && c->ops->done(c, v))
            v++;
        if (v == vcpus)
            return true;
        c->ops->run(c);
    }
    return false;
}

/* Killed while it sets up, waits, relaxes, answers: wherever it is then. */
static void killed_at_many_points(struct conf *c)
{
    struct xmem_recovery rec = XMEM_INIT(rec);
    uint32_t vcpus = c->vcpus < 6 ? c->vcpus : 6;
    struct xmem_domain_info info = XMEM_INIT(info);
    pid_t pid;
    EXPECT_RC(c, conf_open(c, NULL), 0);
    EXPECT_RC(c, xmem_domain_get_info(c->d, &info), 0);
    EXPECT_RC(c, conf_close(c), 0);
    srand(4711);
    for (unsigned i = 0; i < (info.kind == XMEM_KIND_X86_EPT ? KILLS_X86 : KILLS); i++) {
        EXPECT_RC(c, listener_start(c, steps_over_all, &pid), 0);
        long us = rand() % 8000;
        for (long t = 0; t < us; t += 200) {
            write_each(c, vcpus);
            pause_us(200);
        }
        EXPECT_RC(c, listener_kill(pid), 0);
        EXPECT_RC(c, xmem_domain_recover(c->x, c->domid, &rec), 0);
        EXPECT(c, rec.ring_was_active == 1);
        EXPECT(c, all_done(c, vcpus));
    }
}

/* mem_access for PV guests has no queue: a vCPU without a slot comes back and asks again. */
static bool queues(void)
{
    const char *arch = getenv("XMEM_LAB_ARCH");
    return !arch || strcmp(arch, "x86-pv");
}

/* More of them than there are slots. */
static void killed_with_many(struct conf *c)
{
    pid_t pid;
    NEED(c, !queues(), "another kind");
    NEED(c, c->vcpus >= 9, "fewer than 9 vCPUs");
    EXPECT_RC(c, listener_start(c, reads_nothing, &pid), 0);
    write_each(c, 9);
    for (int i = 0; i < 500; i++)
        c->ops->run(c);
    EXPECT_RC(c, listener_kill(pid), 0);
    EXPECT_RC(c, xmem_domain_recover(c->x, c->domid, NULL), 0);
    EXPECT(c, all_done(c, 9));
}

const struct statement statements_listeners[] = {
    {"a second listener is refused and the first goes on", second_listener, false},
    {"a ring full of events that do not pause stops the guest and loses none", flood, false},
    {"a listener killed at many points is recovered from", killed_at_many_points, true},
    {"killed with many vCPUs waiting: recovered from", killed_with_many, true},
    {NULL, NULL, false},
};

/* ---- all of them ---- */

int main(int argc, char **argv)
{
    if (argc < 2 || strncmp(argv[1], "xen/", 4)) {
        fprintf(stderr, "usage: real xen/NAME [TEXT]\n");
        return 2;
    }
    statements_run(argv[1], statements_listeners, argc > 2 ? argv[2] : NULL);
    statements_run(argv[1], statements_signals, argc > 2 ? argv[2] : NULL);
    statements_run(argv[1], statements_emulation, argc > 2 ? argv[2] : NULL);
    statements_run(argv[1], statements_carried, argc > 2 ? argv[2] : NULL);
    if (argc > 2) /* a part of its own */
        statements_run(argv[1], statements_kill, argv[2]);
    return statements_end();
}
