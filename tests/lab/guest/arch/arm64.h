/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The small arm64 guest: where things are in it (guest physical = virtual: its MMU is off), and the mailbox
 * operations that only it knows; the common ones are in common/mailbox.h.
 */
#ifndef LAB_ARM64_H
#define LAB_ARM64_H

#define LAB_ARM64_IMAGE_BASE 0x40080000 /* Xen gives guests their low memory from 1 GiB on */
#define LAB_ARM64_MAILBOX_BASE 0x40200000
#define LAB_ARM64_SCRATCH_BASE 0x40300000 /* free for tests, up to the end of memory */
#define LAB_STACK_SIZE 4096

#ifndef __ASSEMBLER__
#include <stdint.h>

/*
 * The counted ones add `value` to the number at addr, `count` times, with `extra` turns of an empty
 * loop behind each, as LAB_OP_RMW does with a load and a store. `size`: 1, 2, 4 or 8 bytes; 0 means 8.
 */
enum lab_arm64_op {
    LAB_ARM64_FIRST = 0x200,
    LAB_ARM64_EXCLUSIVE = LAB_ARM64_FIRST, /* ldxr, stxr until it succeeds; result: failures */
    LAB_ARM64_ORDERED,                     /* ldar, stlr */
    LAB_ARM64_INDEXED, /* ldr post-indexed, str pre-indexed; result: how often the base was wrong */
    LAB_ARM64_PAIR,    /* ldp, stp: the number behind it as well; 4 or 8 bytes each */
    LAB_ARM64_VECTOR,  /* ldr and str of a SIMD register, 16 bytes */
    LAB_ARM64_ATOMIC,  /* LSE: ldadd; 4 or 8 bytes */
    LAB_ARM64_SWAP,    /* LSE: cas until it succeeds; 4 or 8 bytes; result: failures */
    LAB_ARM64_COUNTED, /* those before it are counted */
    LAB_ARM64_FEATURES = LAB_ARM64_COUNTED, /* result: ID_AA64ISAR0_EL1 */
    LAB_ARM64_TRANSLATE,                    /* value 1: the MMU goes on for this vCPU, 0: off */
    LAB_ARM64_CONTEXT, /* every register around a load and a store, `count` times; see arm64-context.c */
    LAB_ARM64_TIMER, /* a timer runs out around a load, `count` times; result: interrupts lost */
    LAB_ARM64_LAST
};

/* ID_AA64ISAR0_EL1.Atomic: LSE from 2 on. */
#define LAB_ARM64_ATOMICS(isar0) ((isar0) >> 20 & 15u)

/* With the MMU on, virtual = physical, and the same memory once more from here on. */
#define LAB_ARM64_ALIAS 0x40000000u

/* Inside the guest. arm64-context.c: */
struct lab_mailbox;
uint64_t context_rounds(struct lab_mailbox *box);
uint64_t timer_rounds(struct lab_mailbox *box);

#define TIMER_PPI 27u

#endif

#endif
