/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * race [INCREMENTS [EMULATED [ROUNDS]]]: TAP. So many increments of each kind, so many of them
 * emulated, at the least; so many rounds of each litmus test.
 */
#include "race.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INCREMENTS 10000000u
#define EMULATED 10000u
#define ROUNDS 100000u

static uint64_t number_of(int argc, char **argv, int i, uint64_t otherwise)
{
    return argc > i ? strtoull(argv[i], NULL, 0) : otherwise;
}

int main(int argc, char **argv)
{
    unsigned number = 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("1..%u\n", counter_tests() + litmus_tests());
    bool ok = counter_run(&number, number_of(argc, argv, 1, INCREMENTS),
                          number_of(argc, argv, 2, EMULATED));
    return !(litmus_run(&number, number_of(argc, argv, 3, ROUNDS)) && ok);
}

/* ---- by lib/arm/, addresses being this process's own ---- */

#define MODE_USR 0x10u
#define SCTLR_M 1u
#define MOST 1000000u

/* Addresses of 32 bits reach this program's data on every machine. */
static uint8_t anchor[4096] __attribute__((aligned(4096)));
#define BASE ((uintptr_t)anchor - ANCHOR_AT)
#define ANCHOR_AT 0x40000000u

uint64_t emulated_address(const void *p)
{
    return (uintptr_t)p - BASE;
}

static void must(enum arm_why why, const struct arm_regs *r, uint32_t word)
{
    if (!why)
        return;
    printf("# not done: why %d, pc 0x%llx, word %08x\n", why, (unsigned long long)r->pc,
           (unsigned)word);
    exit(1);
}

void emulated_start(struct arm_regs *r, enum arm_set set)
{
    memset(r, 0, sizeof(*r));
    r->sctlr = SCTLR_M;
    r->cpsr = set == ARM_A64 ? 0 : set == ARM_A32 ? MODE_USR : MODE_USR | ARM_CPSR_T;
    r->online = 1;
}

static enum arm_why place(void *ctx, const struct arm_regs *r, const struct arm_touch *touch,
                          struct arm_place *out)
{
    (void)ctx, (void)r;
    out->p[0] = (uint8_t *)((uintptr_t)touch->va + BASE);
    out->p[1] = NULL;
    out->first = touch->bytes;
    return ARM_OK;
}

void emulated_one(struct arm_regs *r, uint32_t word)
{
    struct arm_place at = {{NULL, NULL}, 0};
    struct arm_touch touch;
    struct arm_insn in;
    enum arm_why why = xmi_arm_decode(arm_set_of(r), word, &in);
    if (!why)
        why = xmi_arm_touches(&in, r, &touch);
    if (!why)
        why = place(NULL, r, &touch, &at);
    if (!why)
        do /* too long: others were always first, and nothing was changed */
            why = xmi_arm_do(&in, &touch, &at, r, NULL);
        while (why == ARM_TOO_LONG);
    must(why, r, word);
}

/* The code's address is its place in the array. */
static enum arm_why fetch(void *ctx, const struct arm_regs *r, uint32_t *word)
{
    const struct code *code = ctx;
    if (code->set == ARM_T32)
        *word = (uint32_t)code->halfword[r->pc / 2] << 16 | code->halfword[r->pc / 2 + 1];
    else
        *word = code->words[r->pc / 4];
    return ARM_OK;
}

void emulated_loop(struct arm_regs *r, const struct code *code, unsigned from)
{
    const struct arm_world world = {(void *)(uintptr_t)code, fetch, place, NULL, NULL};
    struct arm_monitor monitor = {0};
    unsigned done;
    r->pc = from;
    must(xmi_arm_loop(&world, r, &monitor, MOST, &done), r, 0);
}

/* ---- by this processor ---- */

#if defined(__aarch64__)

static void by_exclusive(uint64_t *counter)
{
    uint64_t v;
    uint32_t again;
    __asm__ volatile("1: ldxr %0, %2\n add %0, %0, #1\n stxr %w1, %0, %2\n cbnz %w1, 1b"
                     : "=&r"(v), "=&r"(again), "+Q"(*counter)
                     :
                     : "memory");
}

static void by_cas(uint64_t *counter)
{
    uint64_t old = *(volatile uint64_t *)counter, seen;
    do {
        seen = old;
        __asm__ volatile(".arch armv8.1-a\n cas %0, %2, %1"
                         : "+r"(old), "+Q"(*counter)
                         : "r"(seen + 1)
                         : "memory");
    } while (old != seen);
}

static void by_add(uint64_t *counter)
{
    uint64_t old;
    __asm__ volatile(".arch armv8.1-a\n ldadd %2, %0, %1"
                     : "=&r"(old), "+Q"(*counter)
                     : "r"(1ull)
                     : "memory");
}

#else

static void by_add(uint64_t *counter)
{
    __atomic_fetch_add(counter, 1, __ATOMIC_SEQ_CST);
}

static void by_cas(uint64_t *counter)
{
    uint64_t old = __atomic_load_n(counter, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(counter, &old, old + 1, false, __ATOMIC_SEQ_CST,
                                        __ATOMIC_RELAXED))
        ;
}

static void by_exclusive(uint64_t *counter)
{
    by_cas(counter); /* of Arm's 32 bits: LDREXD, STREXD */
}

#endif

void native_increment(enum native_kind kind, uint64_t *counter)
{
    switch (kind) {
    case NATIVE_EXCLUSIVE: by_exclusive(counter); break;
    case NATIVE_CAS: by_cas(counter); break;
    default: by_add(counter); break;
    }
}

void native_increment_32(uint32_t *counter)
{
    __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

/* ---- loads and stores, as the compiler makes them: STR, LDR, STLR, LDAR on aarch64 ---- */

void native_store(uint64_t *p, uint64_t v)
{
    __atomic_store_n(p, v, __ATOMIC_RELAXED);
}

uint64_t native_load(uint64_t *p)
{
    return __atomic_load_n(p, __ATOMIC_RELAXED);
}

void native_store_release(uint64_t *p, uint64_t v)
{
    __atomic_store_n(p, v, __ATOMIC_SEQ_CST);
}

uint64_t native_load_acquire(uint64_t *p)
{
    return __atomic_load_n(p, __ATOMIC_SEQ_CST);
}
