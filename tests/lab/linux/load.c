/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Page-table load in the Linux guest, for a soak: one process per kind, each for ever. fork with
 * copy on write, mmap and munmap of changing areas, mprotect of a written area, exec of a program that
 * checks its own pages (image.c), and all of it checked: memory that is not what was written is said to be
 * LAB-LINUX BROKEN. "load bench": rounds of it, timed.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096u
#define PAGES 64u
#define REPORT 20u
#define IMAGE "/bin/image"

static void broken(const char *what)
{
    printf("LAB-LINUX BROKEN: %s: %s\n", what, strerror(errno));
    fflush(stdout);
    exit(1);
}

static uint32_t *area(unsigned int pages)
{
    uint32_t *at = mmap(NULL, (size_t)pages * PAGE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (at == MAP_FAILED)
        broken("mmap");
    return at;
}

static void fill(uint32_t *at, unsigned int pages, uint32_t value)
{
    unsigned int i;

    for (i = 0; i < pages; i++)
        at[i * PAGE / 4] = value + i;
}

static void check(const uint32_t *at, unsigned int pages, uint32_t value, const char *what)
{
    unsigned int i;

    for (i = 0; i < pages; i++)
        if (at[i * PAGE / 4] != value + i) {
            errno = 0;
            broken(what);
        }
}

static void fork_once(uint32_t n)
{
    uint32_t *at = area(PAGES);
    int status = -1;
    pid_t pid;

    fill(at, PAGES, n);
    pid = fork();
    if (pid < 0)
        broken("fork");
    if (!pid) {
        check(at, PAGES, n, "what a child inherits");
        fill(at, PAGES, ~n);
        check(at, PAGES, ~n, "a child's copy");
        _exit(0);
    }
    fill(at, PAGES / 2, n);
    if (waitpid(pid, &status, 0) != pid || status)
        broken("child");
    check(at, PAGES, n, "the parent's memory");
    munmap(at, PAGES * PAGE);
}

static void mmap_once(uint32_t n)
{
    uint32_t *at[4];
    unsigned int i;

    for (i = 0; i < 4; i++) {
        at[i] = area(8 + (n + i) % PAGES);
        fill(at[i], 8, n + i);
    }
    for (i = 0; i < 4; i++) {
        check(at[i], 8, n + i, "mapped memory");
        munmap(at[i], (size_t)(8 + (n + i) % PAGES) * PAGE);
    }
}

static void mprotect_once(uint32_t n)
{
    static uint32_t *at;

    if (!at)
        at = area(PAGES);
    fill(at, PAGES, n);
    if (mprotect(at, PAGES * PAGE, PROT_READ))
        broken("mprotect to read");
    check(at, PAGES, n, "read-only memory");
    if (mprotect(at, PAGES * PAGE, PROT_NONE) || mprotect(at, PAGES * PAGE, PROT_READ | PROT_WRITE))
        broken("mprotect to nothing and back");
    check(at, PAGES, n, "memory that was protected");
}

static pid_t execute(const char *sum, uint32_t n, int out)
{
    char value[16];
    pid_t pid = fork();

    if (pid < 0)
        broken("fork for exec");
    if (pid)
        return pid;
    snprintf(value, sizeof(value), "%x", n);
    if (out >= 0)
        dup2(out, 1);
    execl(IMAGE, IMAGE, sum, value, NULL);
    _exit(127);
}

/* What the image says its code is, before anybody restricts anything. */
static const char *image_sum(void)
{
    static char sum[32];
    int ends[2];

    if (pipe(ends))
        broken("pipe");
    execute("0", 0, ends[1]);
    if (read(ends[0], sum, sizeof(sum) - 1) < 2 || wait(NULL) < 0)
        broken("the program that is executed, the first time");
    close(ends[0]);
    close(ends[1]);
    sum[strcspn(sum, "\n")] = '\0';
    return sum;
}

static void exec_once(uint32_t n)
{
    static const char *sum;
    int status = -1;
    pid_t pid;

    if (!sum)
        sum = image_sum();
    pid = execute(sum, n, -1);
    if (waitpid(pid, &status, 0) == pid && !status)
        return;
    printf("LAB-LINUX BROKEN: an executed program ended with 0x%x in round %u\n",
           (unsigned int)status, n);
    fflush(stdout);
    exit(1);
}

static void for_ever(const char *name, void (*once)(uint32_t n))
{
    uint32_t n;

    for (n = 1;; n++) {
        once(n);
        if (n % REPORT)
            continue;
        printf("LAB-LINUX load %s %u\n", name, n);
        fflush(stdout);
    }
}

/* One round of everything, again and again, timed by the guest itself. */
static void bench(void)
{
    struct timespec from, to;
    uint32_t n, i;

    for (n = 1;; n++) {
        clock_gettime(CLOCK_MONOTONIC, &from);
        for (i = 0; i < 20; i++) {
            fork_once(n + i);
            mmap_once(n + i);
            mprotect_once(n + i);
        }
        clock_gettime(CLOCK_MONOTONIC, &to);
        printf("LAB-LINUX bench %ld\n",
               (to.tv_sec - from.tv_sec) * 1000000 + (to.tv_nsec - from.tv_nsec) / 1000);
        fflush(stdout);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "bench"))
        bench();
    if (!fork())
        for_ever("fork", fork_once);
    if (!fork())
        for_ever("mmap", mmap_once);
    if (!fork())
        for_ever("exec", exec_once);
    for_ever("mprotect", mprotect_once);
    return 0;
}
