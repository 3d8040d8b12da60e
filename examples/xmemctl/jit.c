/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The smallest just-in-time compiler: the guest of `xmemctl demo`. It writes a page of machine
 * code and runs it, again and again. It plays by the rules that a kernel enforces (the page is
 * never writable and executable at once), and still what is executed was written: W^X over the
 * frames, as a hypervisor sees them, catches it.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "demo.h"

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
