/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loads, stores and atomics, once it is known where their memory lies. */
#include "arm-int.h"

#include <string.h>

#define STATUS_DONE 0u
#define STATUS_FAILED 1u

static uint32_t bytes_of(const struct a64_insn *a)
{
    return 1u << a->size;
}

static unsigned order_of(const struct a64_insn *a)
{
    return ((a->flags & A64_ACQUIRE) ? ARM_ACQUIRE : 0u) |
           ((a->flags & A64_RELEASE) ? ARM_RELEASE : 0u);
}

static uint64_t zero_extended(uint64_t value, uint32_t bytes)
{
    return bytes == 8 ? value : value & ((1ull << 8 * bytes) - 1);
}

/* As a register has it that was loaded with it. */
static uint64_t loaded(const struct a64_insn *a, uint64_t value)
{
    if (!(a->flags & A64_SIGNED))
        return value;
    value = (uint64_t)a64_signed(value, 8 * bytes_of(a));
    return a->flags & A64_WIDE ? value : (uint32_t)value;
}

/* ---- registers to bytes as they lie in memory, and back ---- */

static void to_bytes(const struct a64_run *run, unsigned n, unsigned element, uint8_t *raw)
{
    uint32_t bytes = bytes_of(run->a);
    xmi_arm_bytes_put(raw + element * bytes, bytes, run->big, a64_x(run->r, n));
}

static uint64_t from_bytes(const struct a64_run *run, unsigned element, const uint8_t *raw)
{
    uint32_t bytes = bytes_of(run->a);
    return xmi_arm_bytes_get(raw + element * bytes, bytes, run->big);
}

/* ---- plain ---- */

enum arm_why xmi_a64_do_nothing(struct a64_run *run)
{
    (void)run;
    return ARM_OK;
}

enum arm_why xmi_a64_do_load(struct a64_run *run)
{
    const struct a64_insn *a = run->a;
    uint32_t bytes = bytes_of(a);
    uint64_t value[2] = {0, 0};
    if (a->count == 2)
        xmi_arm_place_load_pair(run->at, bytes, run->big, value);
    else
        value[0] = xmi_arm_place_load(run->at, 0, bytes, run->big, order_of(a));
    a64_set_x(run->r, a->rd, loaded(a, value[0]));
    if (a->count == 2)
        a64_set_x(run->r, a->ra, loaded(a, value[1]));
    return ARM_OK;
}

enum arm_why xmi_a64_do_store(struct a64_run *run)
{
    const struct a64_insn *a = run->a;
    uint64_t value[2] = {a64_x(run->r, a->rd), a64_x(run->r, a->ra)};
    if (a->count == 2)
        xmi_arm_place_store_pair(run->at, bytes_of(a), run->big, value);
    else
        xmi_arm_place_store(run->at, 0, bytes_of(a), run->big, order_of(a), value[0]);
    return ARM_OK;
}

/* ---- exclusives ---- */

/*
 * A pair of 64 bits is read as two: the architecture makes it one only where the store-exclusive
 * succeeds, which here compares both.
 */
enum arm_why xmi_a64_do_load_ex(struct a64_run *run)
{
    const struct a64_insn *a = run->a;
    struct arm_monitor *m = run->m;
    uint32_t part = run->touch->bytes > 8 ? 8 : run->touch->bytes;
    if (!m)
        return ARM_EXCLUSIVE;
    for (uint32_t done = 0; done < run->touch->bytes; done += part) {
        uint64_t value = xmi_arm_place_load(run->at, done, part, false, order_of(a));
        xmi_arm_bytes_put(m->value + done, part, false, value);
    }
    m->va = run->touch->va;
    m->bytes = (uint8_t)run->touch->bytes;
    m->stored = false;
    a64_set_x(run->r, a->rd, from_bytes(run, 0, m->value));
    if (a->count == 2)
        a64_set_x(run->r, a->ra, from_bytes(run, 1, m->value));
    return ARM_OK;
}

enum arm_why xmi_a64_do_store_ex(struct a64_run *run)
{
    const struct a64_insn *a = run->a;
    struct arm_monitor *m = run->m;
    uint8_t put[16], want[16];
    bool done = false;
    if (!m)
        return ARM_EXCLUSIVE;
    if (!xmi_arm_place_exchange_can(run->touch->bytes))
        return ARM_UNSURE;
    if (m->bytes == run->touch->bytes && m->va == run->touch->va) {
        memcpy(want, m->value, sizeof(want));
        to_bytes(run, a->rd, 0, put);
        if (a->count == 2)
            to_bytes(run, a->ra, 1, put);
        done = xmi_arm_place_exchange(run->at, run->touch->bytes, want, put);
    }
    m->bytes = 0;
    m->stored = done;
    a64_set_x(run->r, a->rm, done ? STATUS_DONE : STATUS_FAILED);
    return ARM_OK;
}

enum arm_why xmi_a64_do_clrex(struct a64_run *run)
{
    if (run->m)
        run->m->bytes = 0;
    return ARM_OK;
}

/* ---- atomics ---- */

static uint64_t modified(const struct a64_insn *a, uint64_t old, uint64_t by)
{
    unsigned bits = 8 * bytes_of(a);
    int64_t s_old = a64_signed(old, bits), s_by = a64_signed(by, bits);
    by = zero_extended(by, bytes_of(a));
    switch (a->sub) {
    case A64_SMAX: return s_old > s_by ? old : by;
    case A64_SMIN: return s_old < s_by ? old : by;
    case A64_UMAX: return old > by ? old : by;
    case A64_UMIN: return old < by ? old : by;
    default: return old + by; /* big-endian A64_ADD; the others are never done so */
    }
}

/* In one access of this machine; false: it has none for that. */
static bool modify(const struct a64_run *run, uint64_t by, uint64_t *old)
{
    static const int8_t how[] = {[A64_ADD] = ARM_ADD, [A64_CLR] = ARM_AND_NOT, [A64_EOR] = ARM_XOR,
                                 [A64_SET] = ARM_OR,  [A64_SWP] = ARM_SWAP,    [A64_SMAX] = -1,
                                 [A64_SMIN] = -1,     [A64_UMAX] = -1,         [A64_UMIN] = -1};
    return how[run->a->sub] >= 0 &&
           xmi_arm_place_modify(run->at, bytes_of(run->a), run->big,
                                (enum arm_modify)how[run->a->sub], by, old);
}

/* By exchanges, until no other vCPU's came before. */
static enum arm_why modify_slowly(const struct a64_run *run, uint64_t by, uint64_t *old)
{
    uint32_t bytes = bytes_of(run->a);
    uint8_t want[8], put[8];
    *old = xmi_arm_place_load(run->at, 0, bytes, run->big, ARM_PLAIN);
    for (unsigned i = 0; i < ARM_PATIENCE; i++) {
        xmi_arm_bytes_put(want, bytes, run->big, *old);
        xmi_arm_bytes_put(put, bytes, run->big, modified(run->a, *old, by));
        if (xmi_arm_place_exchange(run->at, bytes, want, put))
            return ARM_OK;
        *old = xmi_arm_bytes_get(want, bytes, run->big);
    }
    return ARM_TOO_LONG;
}

enum arm_why xmi_a64_do_rmw(struct a64_run *run)
{
    uint64_t old, by = a64_x(run->r, run->a->rm);
    enum arm_why why = modify(run, by, &old) ? ARM_OK : modify_slowly(run, by, &old);
    if (!why)
        a64_set_x(run->r, run->a->rd, old);
    return why;
}

/* CASP's registers are even, so the second is there: of 30 it is the zero register. */
enum arm_why xmi_a64_do_swap_if(struct a64_run *run)
{
    const struct a64_insn *a = run->a;
    uint8_t want[16], put[16];
    if (!xmi_arm_place_exchange_can(run->touch->bytes))
        return ARM_UNSURE;
    for (unsigned i = 0; i < a->count; i++) {
        to_bytes(run, a->rm + i, i, want);
        to_bytes(run, a->rd + i, i, put);
    }
    (void)xmi_arm_place_exchange(run->at, run->touch->bytes, want, put);
    for (unsigned i = 0; i < a->count; i++)
        a64_set_x(run->r, a->rm + i, from_bytes(run, i, want));
    return ARM_OK;
}

/* ---- by cache line ---- */

enum arm_why xmi_a64_do_zva(struct a64_run *run)
{
    for (uint32_t i = 0; i < run->touch->bytes; i += 8)
        xmi_arm_place_store(run->at, i, run->touch->bytes < 8 ? 4 : 8, false, ARM_PLAIN, 0);
    return ARM_OK;
}

enum arm_why xmi_a64_do_dc(struct a64_run *run)
{
    xmi_arm_place_clean(run->at);
    return ARM_OK;
}
