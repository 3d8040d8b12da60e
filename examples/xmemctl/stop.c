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
static bool asked, stay, stay_told;

static void stop_set(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
}

static void stay_set(sigset_t *set)
{
    stop_set(set);
    sigaddset(set, SIGTSTP);
    sigaddset(set, SIGTTIN);
    sigaddset(set, SIGTTOU);
}

static int read_of(const sigset_t *set)
{
    if (sigprocmask(SIG_BLOCK, set, NULL) != 0) {
        return -errno;
    }
    int fd = signalfd(the_fd, set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    the_fd = fd;
    return 0;
}

int stop_setup(void)
{
    sigset_t set;

    stop_set(&set);
    return the_fd >= 0 ? 0 : read_of(&set);
}

int stop_stay(void)
{
    sigset_t set;

    stay_set(&set);
    return read_of(&set);
}

int stop_fd(void)
{
    return the_fd;
}

bool stop_asked(void)
{
    struct signalfd_siginfo info;

    while (the_fd >= 0 && read(the_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo == SIGTSTP) {
            stay = true;
        } else if (info.ssi_signo != SIGTTIN && info.ssi_signo != SIGTTOU) {
            asked = true;
        }
    }
    return asked;
}

void stop_tell_stay(void)
{
    if (stay && !stay_told) {
        stay_told = true;
        ctl_note("not stopped: the guest would wait for it; SIGINT (Ctrl-C) ends it and restores");
    }
}

void stop_reset_child(void)
{
    sigset_t set;

    stay_set(&set);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    signal(SIGPIPE, SIG_DFL);
}

uint64_t clock_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}
