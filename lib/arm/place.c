/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guest's memory as its other vCPUs see it: an aligned access is one access of this machine,
 * with at least the order that was asked for; others go byte by byte, as the architecture allows.
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

static bool swaps(bool big)
{
    return big != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
}

/*
 * One access of this machine each, also where it is not aligned: as much of it is atomic as when
 * the vCPU does it. Sequentially consistent where it is aligned.
 */
struct loose16 {
    uint16_t v;
} __attribute__((packed, may_alias));
struct loose32 {
    uint32_t v;
} __attribute__((packed, may_alias));
struct loose64 {
    uint64_t v;
} __attribute__((packed, may_alias));

static uint64_t load_aligned(const void *p, uint32_t bytes)
{
    switch (bytes) {
    case 1: return __atomic_load_n((const uint8_t *)p, __ATOMIC_SEQ_CST);
    case 2: return __atomic_load_n((const uint16_t *)p, __ATOMIC_SEQ_CST);
    case 4: return __atomic_load_n((const uint32_t *)p, __ATOMIC_SEQ_CST);
    default: return __atomic_load_n((const uint64_t *)p, __ATOMIC_SEQ_CST);
    }
}

static uint64_t load_loose(const void *p, uint32_t bytes)
{
    switch (bytes) {
    case 2: return ((const volatile struct loose16 *)p)->v;
    case 4: return ((const volatile struct loose32 *)p)->v;
    default: return ((const volatile struct loose64 *)p)->v;
    }
}

static void store_aligned(void *p, uint32_t bytes, uint64_t value)
{
    switch (bytes) {
    case 1: __atomic_store_n((uint8_t *)p, (uint8_t)value, __ATOMIC_SEQ_CST); break;
    case 2: __atomic_store_n((uint16_t *)p, (uint16_t)value, __ATOMIC_SEQ_CST); break;
    case 4: __atomic_store_n((uint32_t *)p, (uint32_t)value, __ATOMIC_SEQ_CST); break;
    default: __atomic_store_n((uint64_t *)p, value, __ATOMIC_SEQ_CST); break;
    }
}

static void store_loose(void *p, uint32_t bytes, uint64_t value)
{
    switch (bytes) {
    case 2: ((volatile struct loose16 *)p)->v = (uint16_t)value; break;
    case 4: ((volatile struct loose32 *)p)->v = (uint32_t)value; break;
    default: ((volatile struct loose64 *)p)->v = value; break;
    }
}

/* ---- bytes ---- */

uint64_t xmi_arm_bytes_get(const uint8_t *p, uint32_t bytes, bool big)
{
    uint64_t value = 0;
    if (bytes == 8) {
        memcpy(&value, p, 8);
        return swaps(big) ? swapped(value, 8) : value;
    }
    for (uint32_t i = 0; i < bytes; i++)
        value |= (uint64_t)p[big ? bytes - 1 - i : i] << (8 * i);
    return value;
}

void xmi_arm_bytes_put(uint8_t *p, uint32_t bytes, bool big, uint64_t value)
{
    if (bytes == 8) {
        value = swaps(big) ? swapped(value, 8) : value;
        memcpy(p, &value, 8);
        return;
    }
    for (uint32_t i = 0; i < bytes; i++)
        p[big ? bytes - 1 - i : i] = (uint8_t)(value >> (8 * i));
}

/* ---- one access ---- */

static bool one_page(const struct arm_place *at, uint32_t offset, uint32_t bytes)
{
    return offset + bytes <= at->first || offset >= at->first;
}

/* What the vCPU did before and does after is ordered by its way into the hypervisor and back. */
static void fence(unsigned order)
{
    if (order)
        __sync_synchronize();
}

static uint64_t load(const struct arm_place *at, uint32_t offset, uint32_t bytes, bool big)
{
    const uint8_t *p = byte_at(at, offset);
    uint8_t raw[8];
    if (one_page(at, offset, bytes)) {
        bool aligned = !((uintptr_t)p & (bytes - 1));
        uint64_t value = aligned ? load_aligned(p, bytes) : load_loose(p, bytes);
        return swaps(big) ? swapped(value, bytes) : value;
    }
    for (uint32_t i = 0; i < bytes; i++)
        raw[i] = (uint8_t)load_aligned(byte_at(at, offset + i), 1);
    return xmi_arm_bytes_get(raw, bytes, big);
}

static void store(const struct arm_place *at, uint32_t offset, uint32_t bytes, bool big,
                  uint64_t value)
{
    uint8_t *p = byte_at(at, offset);
    uint8_t raw[8];
    if (one_page(at, offset, bytes)) {
        bool aligned = !((uintptr_t)p & (bytes - 1));
        value = swaps(big) ? swapped(value, bytes) : value;
        if (aligned)
            store_aligned(p, bytes, value);
        else
            store_loose(p, bytes, value);
        return;
    }
    xmi_arm_bytes_put(raw, bytes, big, value);
    for (uint32_t i = 0; i < bytes; i++)
        store_aligned(byte_at(at, offset + i), 1, raw[i]);
}

uint64_t xmi_arm_place_load(const struct arm_place *at, uint32_t offset, uint32_t bytes, bool big,
                            unsigned order)
{
    fence(order);
    uint64_t value = load(at, offset, bytes, big);
    fence(order);
    return value;
}

void xmi_arm_place_store(const struct arm_place *at, uint32_t offset, uint32_t bytes, bool big,
                         unsigned order, uint64_t value)
{
    fence(order);
    store(at, offset, bytes, big, value);
    fence(order);
}

/* ---- exchange ---- */

bool xmi_arm_place_exchange_can(uint32_t bytes)
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

#define EXCHANGE(type) \
    static bool exchange_##type(void *p, void *expected, const void *desired) \
    { \
        type want, put; \
        memcpy(&want, expected, sizeof(want)); \
        memcpy(&put, desired, sizeof(put)); \
        bool done = __atomic_compare_exchange_n((type *)p, &want, put, false, __ATOMIC_SEQ_CST, \
                                                __ATOMIC_SEQ_CST); \
        memcpy(expected, &want, sizeof(want)); \
        return done; \
    }
EXCHANGE(uint8_t)
EXCHANGE(uint16_t)
EXCHANGE(uint32_t)
EXCHANGE(uint64_t)

bool xmi_arm_place_exchange(const struct arm_place *at, uint32_t bytes, void *expected,
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

/* ---- read and changed ---- */

#define MODIFY(type) \
    static type modify_##type(void *p, enum arm_modify how, type by) \
    { \
        switch (how) { \
        case ARM_ADD: return __atomic_fetch_add((type *)p, by, __ATOMIC_SEQ_CST); \
        case ARM_AND_NOT: return __atomic_fetch_and((type *)p, (type)~by, __ATOMIC_SEQ_CST); \
        case ARM_XOR: return __atomic_fetch_xor((type *)p, by, __ATOMIC_SEQ_CST); \
        case ARM_OR: return __atomic_fetch_or((type *)p, by, __ATOMIC_SEQ_CST); \
        default: return __atomic_exchange_n((type *)p, by, __ATOMIC_SEQ_CST); \
        } \
    }
MODIFY(uint8_t)
MODIFY(uint16_t)
MODIFY(uint32_t)
MODIFY(uint64_t)

static uint64_t modify(uint8_t *p, uint32_t bytes, enum arm_modify how, uint64_t by)
{
    switch (bytes) {
    case 1: return modify_uint8_t(p, how, (uint8_t)by);
    case 2: return modify_uint16_t(p, how, (uint16_t)by);
    case 4: return modify_uint32_t(p, how, (uint32_t)by);
    default: return modify_uint64_t(p, how, by);
    }
}

/* All but carries go byte by byte, so that their order is no matter. */
bool xmi_arm_place_modify(const struct arm_place *at, uint32_t bytes, bool big, enum arm_modify how,
                          uint64_t by, uint64_t *old)
{
    bool swap = bytes > 1 && swaps(big);
    if (swap && how == ARM_ADD)
        return false;
    uint64_t was = modify(at->p[0], bytes, how, swap ? swapped(by, bytes) : by);
    *old = swap ? swapped(was, bytes) : was;
    return true;
}

/* ---- pairs ---- */

/*
 * A pair within 16 aligned bytes is one access where the processor has it so, and software may have
 * asked whether it has: then by an instruction that is one on this machine.
 */
#if defined(__x86_64__)
static bool load_both(const uint8_t *p, uint64_t out[2])
{
    typedef long long both __attribute__((vector_size(16), may_alias));
    both value;
    __asm__ volatile("movdqa %1, %0"
                     : "=x"(value)
                     : "m"(*(const both *)(const void *)p)
                     : "memory");
    memcpy(out, &value, sizeof(value));
    return true;
}

static bool store_both(uint8_t *p, const uint64_t value[2])
{
    typedef long long both __attribute__((vector_size(16), may_alias));
    both put;
    memcpy(&put, value, sizeof(put));
    __asm__ volatile("movdqa %1, %0" : "=m"(*(both *)(void *)p) : "x"(put) : "memory");
    return true;
}
#elif defined(__aarch64__)
static bool load_both(const uint8_t *p, uint64_t out[2])
{
    __asm__ volatile("ldp %0, %1, [%2]" : "=&r"(out[0]), "=&r"(out[1]) : "r"(p) : "memory");
    return true;
}

static bool store_both(uint8_t *p, const uint64_t value[2])
{
    __asm__ volatile("stp %0, %1, [%2]" : : "r"(value[0]), "r"(value[1]), "r"(p) : "memory");
    return true;
}
#else
static bool load_both(const uint8_t *p, uint64_t out[2])
{
    (void)p, (void)out;
    return false;
}

static bool store_both(uint8_t *p, const uint64_t value[2])
{
    (void)p, (void)value;
    return false;
}
#endif

static bool within_16(const struct arm_place *at, uint32_t bytes)
{
    return one_page(at, 0, 2 * bytes) && ((uintptr_t)at->p[0] & 15) + 2 * bytes <= 16;
}

/* As they lie in memory. False: not as one. */
static bool load_raw(const struct arm_place *at, uint32_t bytes, uint8_t raw[16])
{
    uint64_t both[2];
    if (!within_16(at, bytes))
        return false;
    if (bytes == 8 && !load_both(at->p[0], both))
        return false;
    if (bytes == 4)
        both[0] = swaps(false) ? swapped(load(at, 0, 8, false), 8) : load(at, 0, 8, false);
    memcpy(raw, both, 2 * bytes);
    return true;
}

static bool store_raw(const struct arm_place *at, uint32_t bytes, const uint8_t raw[16])
{
    uint64_t both[2];
    if (!within_16(at, bytes))
        return false;
    memcpy(both, raw, 2 * bytes);
    if (bytes == 8)
        return store_both(at->p[0], both);
    store(at, 0, 8, false, swaps(false) ? swapped(both[0], 8) : both[0]);
    return true;
}

void xmi_arm_place_load_pair(const struct arm_place *at, uint32_t bytes, bool big, uint64_t out[2])
{
    uint8_t raw[16];
    bool one = load_raw(at, bytes, raw);
    for (uint32_t i = 0; i < 2; i++)
        out[i] = one ? xmi_arm_bytes_get(raw + i * bytes, bytes, big)
                     : load(at, i * bytes, bytes, big);
}

void xmi_arm_place_store_pair(const struct arm_place *at, uint32_t bytes, bool big,
                              const uint64_t value[2])
{
    uint8_t raw[16];
    for (uint32_t i = 0; i < 2; i++)
        xmi_arm_bytes_put(raw + i * bytes, bytes, big, value[i]);
    if (store_raw(at, bytes, raw))
        return;
    for (uint32_t i = 0; i < 2; i++)
        store(at, i * bytes, bytes, big, value[i]);
}

/* ---- cache lines ---- */

#if defined(__aarch64__)
uint32_t xmi_arm_place_zero_bytes(void)
{
    uint64_t id;
    __asm__("mrs %0, dczid_el0" : "=r"(id));
    return id & 16 ? 0 : 4u << (id & 15);
}

bool xmi_arm_place_clean_can(void)
{
    return true;
}

void xmi_arm_place_clean(const struct arm_place *at)
{
    __asm__ volatile("dc civac, %0\n\tdsb ish" : : "r"(at->p[0]) : "memory");
}
#else
uint32_t xmi_arm_place_zero_bytes(void)
{
    return 0;
}

bool xmi_arm_place_clean_can(void)
{
    return false;
}

void xmi_arm_place_clean(const struct arm_place *at)
{
    (void)at;
}
#endif
