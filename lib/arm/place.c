/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guest's memory as its other vCPUs see it: an aligned access is one access of this machine, with
 * at least the order that was asked for; others go byte by byte, as the architecture allows.
 */
#include "arm.h"

#include <string.h>

#if defined(__x86_64__) || defined(__aarch64__)
#define HAVE_16 true
#else
#define HAVE_16 false
#endif

static uint8_t *byte_at(const struct arm_place *at, uint32_t offset)
{
    return offset < at->first ? at->p[0] + offset : at->p[1] + (offset - at->first);
}

static uint64_t swapped(uint64_t value, uint32_t bytes)
{
    return __builtin_bswap64(value) >> (64u - 8u * bytes);
}

static bool whole(const struct arm_place *at, uint32_t offset, uint32_t bytes)
{
    bool one_page = offset + bytes <= at->first || offset >= at->first;
    return one_page && !((uintptr_t)byte_at(at, offset) & (bytes - 1));
}

static uint64_t load_whole(const void *p, uint32_t bytes)
{
    switch (bytes) {
    case 1: return __atomic_load_n((const uint8_t *)p, __ATOMIC_SEQ_CST);
    case 2: return __atomic_load_n((const uint16_t *)p, __ATOMIC_SEQ_CST);
    case 4: return __atomic_load_n((const uint32_t *)p, __ATOMIC_SEQ_CST);
    default: return __atomic_load_n((const uint64_t *)p, __ATOMIC_SEQ_CST);
    }
}

static void store_whole(void *p, uint32_t bytes, uint64_t value)
{
    switch (bytes) {
    case 1: __atomic_store_n((uint8_t *)p, (uint8_t)value, __ATOMIC_SEQ_CST); break;
    case 2: __atomic_store_n((uint16_t *)p, (uint16_t)value, __ATOMIC_SEQ_CST); break;
    case 4: __atomic_store_n((uint32_t *)p, (uint32_t)value, __ATOMIC_SEQ_CST); break;
    default: __atomic_store_n((uint64_t *)p, value, __ATOMIC_SEQ_CST); break;
    }
}

/* What the vCPU did before and does after is ordered by its way into the hypervisor and back. */
static void fence(unsigned order)
{
    if (order)
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

uint64_t arm_place_load(const struct arm_place *at, uint32_t offset, uint32_t bytes, bool big,
                        unsigned order)
{
    uint64_t value = 0;
    fence(order);
    if (whole(at, offset, bytes))
        value = load_whole(byte_at(at, offset), bytes);
    else
        for (uint32_t i = 0; i < bytes; i++)
            value |= load_whole(byte_at(at, offset + i), 1) << (8 * i);
    fence(order);
    return big ? swapped(value, bytes) : value;
}

void arm_place_store(const struct arm_place *at, uint32_t offset, uint32_t bytes, bool big,
                     unsigned order, uint64_t value)
{
    if (big)
        value = swapped(value, bytes);
    fence(order);
    if (whole(at, offset, bytes))
        store_whole(byte_at(at, offset), bytes, value);
    else
        for (uint32_t i = 0; i < bytes; i++)
            store_whole(byte_at(at, offset + i), 1, value >> (8 * i));
    fence(order);
}

/* ---- exchange ---- */

bool arm_place_exchange_can(uint32_t bytes)
{
    return bytes <= 8 || HAVE_16;
}

#if defined(__x86_64__)
static bool exchange16(uint8_t *p, uint64_t *expected, const uint64_t *desired)
{
    bool done;
    __asm__ volatile("lock cmpxchg16b %1"
                     : "=@ccz"(done), "+m"(*(uint64_t(*)[2])(void *)p), "+a"(expected[0]),
                       "+d"(expected[1])
                     : "b"(desired[0]), "c"(desired[1])
                     : "memory");
    return done;
}
#elif defined(__aarch64__)
/* A failed store says nothing of what was loaded, so what is not expected is stored back too. */
static bool exchange16(uint8_t *p, uint64_t *expected, const uint64_t *desired)
{
    uint64_t lo, hi;
    uint32_t again;
    bool same;
    do {
        __asm__ volatile("ldaxp %0, %1, %2" : "=&r"(lo), "=&r"(hi) : "Q"(*p) : "memory");
        same = lo == expected[0] && hi == expected[1];
        __asm__ volatile("stlxp %w0, %2, %3, %1"
                         : "=&r"(again), "+Q"(*p)
                         : "r"(same ? desired[0] : lo), "r"(same ? desired[1] : hi)
                         : "memory");
    } while (again);
    expected[0] = lo;
    expected[1] = hi;
    return same;
}
#else
static bool exchange16(uint8_t *p, uint64_t *expected, const uint64_t *desired)
{
    (void)p, (void)expected, (void)desired;
    return false;
}
#endif

#define EXCHANGE(type)                                                                             \
    static bool exchange_##type(void *p, void *expected, const void *desired)                      \
    {                                                                                              \
        type want, put;                                                                            \
        memcpy(&want, expected, sizeof(want));                                                     \
        memcpy(&put, desired, sizeof(put));                                                        \
        bool done = __atomic_compare_exchange_n((type *)p, &want, put, false, __ATOMIC_SEQ_CST,    \
                                                __ATOMIC_SEQ_CST);                                 \
        memcpy(expected, &want, sizeof(want));                                                     \
        return done;                                                                               \
    }
EXCHANGE(uint8_t)
EXCHANGE(uint16_t)
EXCHANGE(uint32_t)
EXCHANGE(uint64_t)

bool arm_place_exchange(const struct arm_place *at, uint32_t bytes, void *expected,
                        const void *desired)
{
    uint64_t want[2], put[2];
    switch (bytes) {
    case 1: return exchange_uint8_t(at->p[0], expected, desired);
    case 2: return exchange_uint16_t(at->p[0], expected, desired);
    case 4: return exchange_uint32_t(at->p[0], expected, desired);
    case 8: return exchange_uint64_t(at->p[0], expected, desired);
    default: break;
    }
    memcpy(want, expected, sizeof(want));
    memcpy(put, desired, sizeof(put));
    bool done = exchange16(at->p[0], want, put);
    memcpy(expected, want, sizeof(want));
    return done;
}

/* By an exchange that changes nothing: the page is mapped for writing. */
void arm_place_load16(const struct arm_place *at, void *out)
{
    uint64_t zero[2] = {0, 0};
    memset(out, 0, sizeof(zero));
    if (HAVE_16)
        (void)arm_place_exchange(at, sizeof(zero), out, zero);
}
