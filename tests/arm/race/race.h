/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Threads of this processor beside one that is emulated, on the same memory.
 *
 *   race.c     instructions by lib/arm/ and by this processor; the program
 *   counter.c  no update is lost
 *   litmus.c   nothing is seen in an order that acquire and release forbid
 */
#ifndef RACE_H
#define RACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arm.h"

/* ---- emulated ---- */

/* Of static data. */
uint64_t emulated_address(const void *p);
/* Registers of a thread; aborts where the instruction is not done. */
void emulated_start(struct arm_regs *r, enum arm_set set);
void emulated_one(struct arm_regs *r, uint32_t word);
/* From instruction `from` of the code on, until its store-exclusive succeeded. */
struct code {
    enum arm_set set;
    const uint32_t *words;    /* A64, A32 */
    const uint16_t *halfword; /* T32 */
    unsigned store;           /* where its store-exclusive is, in bytes */
};
void emulated_loop(struct arm_regs *r, const struct code *code, unsigned from);

/* ---- native; on other machines than Arm by C11 ---- */

enum native_kind { NATIVE_EXCLUSIVE, NATIVE_CAS, NATIVE_ADD };
void native_increment(enum native_kind kind, uint64_t *counter);
void native_increment_32(uint32_t *counter);
void native_store(uint64_t *p, uint64_t v);
uint64_t native_load(uint64_t *p);
void native_store_release(uint64_t *p, uint64_t v);
uint64_t native_load_acquire(uint64_t *p);

/* ---- tests: each prints its TAP lines ---- */

unsigned counter_tests(void);
unsigned litmus_tests(void);
/* So many in all, and so many of them emulated, at the least. */
bool counter_run(unsigned *number, uint64_t increments, uint64_t emulated);
bool litmus_run(unsigned *number, uint64_t rounds);

#if defined(__aarch64__)
#define HAVE_A64 true
#define HAVE_A32 false
#elif defined(__arm__)
#define HAVE_A64 false
#define HAVE_A32 true
#else
#define HAVE_A64 true
#define HAVE_A32 true
#endif

#endif
