/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs inside the Linux guest: one thread per CPU that keeps writing its own page, and one page
 * that is written with code and then called, again and again. Says which guest frames these are; for a
 * PV guest they are its own page numbers, which "labdom mfn" makes machine frames.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "code.h"

#define PAGE 4096u
#define MAX_CPUS 32
#define PAUSE_US 2000

static volatile uint64_t *pages[MAX_CPUS];

/* Linux, Documentation/admin-guide/mm/pagemap: bit 63 present, bits 0-54 the frame. */
static uint64_t frame_of(const void *addr)
{
    uint64_t entry = 0;
    int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return 0;
    if (pread(fd, &entry, sizeof(entry), (off_t)((uintptr_t)addr / PAGE * 8)) != sizeof(entry))
        entry = 0;
    close(fd);
    return entry >> 63 ? entry & ((1ull << 55) - 1) : 0;
}

static void *new_page(int protection)
{
    void *page = mmap(NULL, PAGE, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

    if (page == MAP_FAILED || mlock(page, PAGE)) {
        perror("LAB-LINUX work");
        exit(1);
    }
    memset(page, 0, PAGE);
    return page;
}

static void *writer(void *arg)
{
    size_t cpu = (size_t)(uintptr_t)arg;
    cpu_set_t set;
    uint64_t n;

    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    sched_setaffinity(0, sizeof(set), &set);
    for (n = 0;; n++) {
        *pages[cpu] = n;
        usleep(PAUSE_US);
    }
    return NULL;
}

/* What a just-in-time compiler does. */
static void rewrite_code(void *code)
{
    uint32_t k;

    for (k = 0;; k = (k + 1) % 1000) {
        uint32_t (*entry)(void);

        code_return(code, k);
        memcpy(&entry, &code, sizeof(entry));
        if (entry() != k) {
            printf("LAB-LINUX BROKEN: code page returned a wrong value\n");
            fflush(stdout);
        }
        usleep(PAUSE_US);
    }
}

int main(void)
{
    long i, cpus = sysconf(_SC_NPROCESSORS_ONLN);
    void *code = new_page(PROT_READ | PROT_WRITE | PROT_EXEC);
    pthread_t thread;

    if (cpus > MAX_CPUS)
        cpus = MAX_CPUS;
    for (i = 0; i < cpus; i++) {
        pages[i] = new_page(PROT_READ | PROT_WRITE);
        printf("LAB-LINUX data cpu=%ld gfn=0x%" PRIx64 "\n", i, frame_of((const void *)pages[i]));
    }
    printf("LAB-LINUX code gfn=0x%" PRIx64 "\nLAB-LINUX ready\n", frame_of(code));
    fflush(stdout);
    for (i = 0; i < cpus; i++)
        pthread_create(&thread, NULL, writer, (void *)(uintptr_t)i);
    rewrite_code(code);
    return 0;
}
