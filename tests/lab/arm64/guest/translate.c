/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The MMU: blocks of 1 GiB of a 32-bit space, devices below, memory twice above. */
#include "guest.h"

#define GIB 0x40000000ull

/* Block descriptors, DDI 0487 D8.3: valid, access flag, inner shareable, index into MAIR. */
#define BLOCK    1ull
#define USED     (1ull << 10)
#define SHARED   (3ull << 8)
#define DEVICE   (0ull << 2)
#define MEMORY   (1ull << 2)
#define NO_FETCH (3ull << 53)

#define MAIR 0xff00ull /* 0: Device-nGnRnE, 1: normal, write-back */
/* T0SZ 32, walks write-back and inner shareable, 4 KiB, nothing by TTBR1, 40 bits of physical address. */
#define TCR (32ull | 1ull << 8 | 1ull << 10 | 3ull << 12 | 1ull << 23 | 2ull << 32)
#define SCTLR_ON (1ull | 1ull << 2 | 1ull << 12) /* M, C, I */

static const uint64_t table[512] __attribute__((aligned(4096))) = {
    BLOCK | USED | DEVICE | NO_FETCH,
    GIB | BLOCK | USED | SHARED | MEMORY,
    GIB | BLOCK | USED | SHARED | MEMORY | NO_FETCH, /* LAB_ARM64_ALIAS above it */
};

void translate(uint64_t on)
{
    uint64_t sctlr;

    __asm__ volatile("mrs %0, sctlr_el1" : "=r"(sctlr));
    sctlr = on ? sctlr | SCTLR_ON : sctlr & ~SCTLR_ON;
    __asm__ volatile("msr mair_el1, %0\n"
                     "msr tcr_el1, %1\n"
                     "msr ttbr0_el1, %2\n"
                     "dsb sy\n"
                     "isb\n"
                     "tlbi vmalle1\n"
                     "ic iallu\n"
                     "dsb sy\n"
                     "isb\n"
                     "msr sctlr_el1, %3\n"
                     "isb" : : "r"(MAIR), "r"(TCR), "r"((uintptr_t)table), "r"(sctlr) : "memory");
}
