/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parts of `xmemctl demo`: a private folder, the files in it, a trace, and the program that is traced. */
#include "demo.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- a private folder ---- */

int demo_dir_make(struct demo_dir *dir)
{
    const char *tmp = getenv("TMPDIR");
    int n = snprintf(dir->path, sizeof(dir->path), "%s/xmemctl-demo.XXXXXX",
                     tmp != NULL && tmp[0] == '/' ? tmp : "/tmp");

    if (n < 0 || (size_t)n >= sizeof(dir->path)) {
        dir->path[0] = '\0';
        return -ENAMETOOLONG;
    }
    if (mkdtemp(dir->path) == NULL) {
        dir->path[0] = '\0';
        return -errno;
    }
    return 0;
}

static int full_path(const struct demo_dir *dir, const char *name, char out[4096])
{
    int n = snprintf(out, 4096, "%s/%s", dir->path, name);

    return n < 0 || n >= 4096 ? -ENAMETOOLONG : 0;
}

int demo_dir_create(const struct demo_dir *dir, const char *name)
{
    char path[4096];
    int rc = full_path(dir, name, path);

    if (rc != 0) {
        return rc;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return fd < 0 ? -errno : fd;
}

int demo_dir_write(const struct demo_dir *dir, const char *name, const char *text)
{
    int fd = demo_dir_create(dir, name);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
    int rc = 0;

    if (fd < 0) {
        return fd;
    }
    if (f == NULL) {
        rc = -errno;
        close(fd);
        return rc;
    }
    if (fputs(text, f) == EOF) {
        rc = -EIO;
    }
    if (fclose(f) != 0 && rc == 0) {
        rc = -errno;
    }
    return rc;
}

void demo_dir_remove(const struct demo_dir *dir)
{
    DIR *d = dir->path[0] != '\0' ? opendir(dir->path) : NULL;
    struct dirent *e;

    if (d == NULL) {
        return;
    }
    while ((e = readdir(d)) != NULL) {
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
            unlinkat(dirfd(d), e->d_name, 0);
        }
    }
    closedir(d);
    rmdir(dir->path);
}

/* ---- the machine (xmem-machine(5)) and the policy (xmem-policy(5)) ---- */

int demo_write_machine(const struct demo_dir *dir, const struct demo_guest *guests, size_t n,
                       uint64_t pages)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);

    if (f == NULL) {
        return -errno;
    }
    fputs("{\n  \"seed\": 1,\n  \"xen\": \"4.17\",\n  \"domains\": [\n", f);
    for (size_t i = 0; i < n; i++) {
        fprintf(f,
                "    { \"name\": \"%s\", \"kind\": \"x86-ept\", \"vcpus\": 1, \"pages\": %" PRIu64
                ",\n      \"programs\": [ { \"vcpu\": 0, \"trace\": \"%s.trace\" } ] }%s\n",
                guests[i].name, pages, guests[i].name, i + 1 < n ? "," : "");
    }
    fputs("  ]\n}\n", f);
    int rc = fclose(f) != 0 ? -errno : demo_dir_write(dir, "machine.json", text);
    free(text);
    return rc;
}

/*
 * rx2rw is W^X in one word: a page may be read and executed until its first write; from then on
 * it may be read and written, and executing it is a violation.
 */
char *demo_policy(uint64_t first, uint64_t last)
{
    char *text = NULL;
    int n = asprintf(&text,
                     "{\n"
                     "  \"version\": 1,\n"
                     "  \"description\": \"W^X: what was written is not executed\",\n"
                     "  \"domains\": [ \"*\" ],\n"
                     "  \"regions\": { \"memory\": [ \"0x%" PRIx64 "-0x%" PRIx64 "\" ] },\n"
                     "  \"rules\": [\n"
                     "    { \"name\": \"wxorx\", \"region\": \"memory\", \"rights\": \"rx2rw\", "
                     "\"on\": \"log\" }\n"
                     "  ]\n"
                     "}\n",
                     first, last);

    return n < 0 ? NULL : text;
}

/* ---- every access of a program, recorded with valgrind's lackey ---- */

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

/* ---- the guest ---- */

/*
 * The smallest just-in-time compiler. It writes a page of machine
 * code and runs it, again and again. It plays by the rules that a kernel enforces (the page is
 * never writable and executable at once), and still what is executed was written: W^X over the
 * frames, as a hypervisor sees them, catches it.
 */

#define ROUNDS 10u
#define PAGE 4096u

typedef unsigned (*adder_fn)(unsigned);

/* Code for: return x + n. Its length in bytes, 0 for a processor that it does not know. */
static size_t compile_adder(uint8_t n, uint8_t code[16])
{
#if defined(__x86_64__)
    const uint8_t text[] = {0x8d, 0x47, n, 0xc3}; /* lea eax, [rdi + n]; ret */
#elif defined(__aarch64__)
    /* add w0, w0, #n; ret */
    const uint8_t text[] = {0x00, (uint8_t)(n << 2), (uint8_t)(n >> 6), 0x11, 0xc0, 0x03, 0x5f,
                            0xd6};
#else
    const uint8_t text[] = {n};
    return 0;
#endif
    memcpy(code, text, sizeof(text));
    return sizeof(text);
}

static int one_round(uint8_t *page, uint8_t n, unsigned *sum)
{
    uint8_t code[16];
    size_t len = compile_adder(n, code);
    adder_fn add;

    if (len == 0) {
        return -EOPNOTSUPP;
    }
    if (mprotect(page, PAGE, PROT_READ | PROT_WRITE) != 0) {
        return -errno;
    }
    memcpy(page, code, len);
    __builtin___clear_cache((char *)page, (char *)page + len);
    if (mprotect(page, PAGE, PROT_READ | PROT_EXEC) != 0) {
        return -errno;
    }
    memcpy(&add, &page, sizeof(add)); /* ISO C has no cast from data to code */
    *sum = add(*sum);
    return 0;
}

int demo_jit(void)
{
    uint8_t *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    unsigned sum = 0;
    int rc = 0;

    if (page == MAP_FAILED) {
        return -errno;
    }
    for (unsigned i = 1; rc == 0 && i <= ROUNDS; i++) {
        rc = one_round(page, (uint8_t)i, &sum);
    }
    munmap(page, PAGE);
    if (rc == 0) {
        printf("%u\n", sum);
    }
    return rc;
}
