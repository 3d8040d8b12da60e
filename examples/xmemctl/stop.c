/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Signals that ask to stop are blocked and read from a signalfd: nothing is ever cut off in
 * the middle, and a session is always closed, which restores what it changed.
 */
#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "ctl.h"

static int the_fd = -1;
static bool asked;

static void stop_set(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
}

int stop_setup(void)
{
    sigset_t set;

    if (the_fd >= 0) {
        return 0;
    }
    stop_set(&set);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) {
        return -errno;
    }
    the_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return the_fd < 0 ? -errno : 0;
}

int stop_fd(void)
{
    return the_fd;
}

bool stop_asked(void)
{
    struct signalfd_siginfo info;

    while (the_fd >= 0 && read(the_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        asked = true;
    }
    return asked;
}

void stop_reset_child(void)
{
    sigset_t set;

    stop_set(&set);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    signal(SIGPIPE, SIG_DFL);
}

uint64_t clock_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}
