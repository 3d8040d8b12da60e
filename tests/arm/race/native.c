/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "race.h"

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
