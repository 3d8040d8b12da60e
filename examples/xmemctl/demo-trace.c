/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records every access of a program, with valgrind's lackey. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "demo.h"

#define MAX_ARGS 256u
#define LOG_FD 9 /* valgrind moves it out of the program's sight */
#define LOOK_MS 20

/* A command in one of the folders of PATH? */
static bool in_path(const char *command)
{
    const char *path = getenv("PATH");

    while (path != NULL && *path != '\0') {
        size_t n = strcspn(path, ":");
        char file[4096];
        int len = snprintf(file, sizeof(file), "%.*s/%s", (int)n, path, command);
        if (len > 0 && (size_t)len < sizeof(file) && access(file, X_OK) == 0) {
            return true;
        }
        path += n + (path[n] == ':');
    }
    return false;
}

bool demo_have_valgrind(void)
{
    return in_path("valgrind");
}

static void run_child(char *const *argv, int fd)
{
    const char *args[MAX_ARGS + 8] = {"valgrind", "--tool=lackey", "--trace-mem=yes", "--log-fd=9",
                                      "--"};
    size_t n = 5;
    int null = open("/dev/null", O_RDWR);

    for (size_t i = 0; argv[i] != NULL && i < MAX_ARGS; i++) {
        args[n++] = argv[i];
    }
    stop_reset_child();
    if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0) {
        _exit(127);
    }
    /* dup2() onto itself would keep the close-on-exec flag */
    if (fd == LOG_FD ? fcntl(fd, F_SETFD, 0) != 0 : dup2(fd, LOG_FD) < 0) {
        _exit(127);
    }
    execvp(args[0], (char *const *)(uintptr_t)args);
    _exit(127);
}

static int wait_child(pid_t pid, uint64_t timeout_ms, int *status)
{
    uint64_t end = clock_ns() + timeout_ms * 1000000u;
    struct pollfd sig = {.fd = stop_fd(), .events = POLLIN};

    for (;;) {
        pid_t got = waitpid(pid, status, WNOHANG);
        if (got == pid) {
            return 0;
        }
        if (got < 0 && errno != EINTR) {
            return -errno;
        }
        if (stop_asked()) {
            return -EINTR;
        }
        if (clock_ns() >= end) {
            return -ETIMEDOUT;
        }
        poll(&sig, 1, LOOK_MS);
    }
}

int demo_trace(char *const *argv, int fd, uint64_t timeout_ms, bool must_end_well)
{
    int status = 0;
    pid_t pid = fork();

    if (pid < 0) {
        return -errno;
    }
    if (pid == 0) {
        run_child(argv, fd);
    }
    int rc = wait_child(pid, timeout_ms, &status);
    if (rc != 0) {
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        return rc;
    }
    /* The program's own exit status is its own affair; 126 and 127 are "could not run". */
    if (!WIFEXITED(status) || WEXITSTATUS(status) == 126 || WEXITSTATUS(status) == 127) {
        return -ECHILD;
    }
    return must_end_well && WEXITSTATUS(status) != 0 ? -ECHILD : 0;
}
