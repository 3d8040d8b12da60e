/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loads and stores done: memory last of all that can go wrong, then the registers. */
#include "arm-int.h"

#include <string.h>

#define MANY 16

uint32_t xmi_a32_address(const struct a32_insn *in, const struct arm_regs *r, uint32_t *back)
{
    bool carry = r->cpsr & A32_C, many = in->op == A32_LOAD_MANY || in->op == A32_STORE_MANY;
    uint32_t base = xmi_a32_get(r, in->rn), offset = in->imm;
    int32_t many_back = in->back;
    if (in->rn == A32_PC && in->op != A32_TABLE)
        base &= ~3u;
    if (in->flags & A32_REGISTER)
        offset = xmi_a32_shifted(xmi_a32_get(r, in->rm), in->shift, in->amount, &carry);
    if (in->flags & A32_NEGATE)
        offset = -offset;
    *back = base + (many ? (uint32_t)many_back : offset);
    return in->flags & A32_POST ? base : base + offset;
}

uint32_t xmi_a32_touched(const struct a32_insn *in)
{
    switch (in->op) {
    case A32_LOAD:
    case A32_STORE:
    case A32_LOAD_EX:
    case A32_STORE_EX:
    case A32_SWAP:
    case A32_TABLE: return in->bytes;
    case A32_LOAD_TWO:
    case A32_STORE_TWO: return 8;
    case A32_LOAD_MANY:
    case A32_STORE_MANY: return 4 * (uint32_t)__builtin_popcount(in->list);
    default: return 0;
    }
}

static void write_back(struct a32_doing *d)
{
    uint32_t back;
    if (!(d->in->flags & A32_BACK))
        return;
    (void)xmi_a32_address(d->in, d->r, &back);
    a32_set(d->next, d->in->rn, back);
}

static uint32_t load(const struct a32_doing *d, uint32_t offset, uint32_t bytes)
{
    bool big = arm_big_endian(d->r);
    uint64_t value = xmi_arm_place_load(d->at, offset, bytes, big, d->in->order);
    if (d->in->flags & A32_SIGNED)
        return a32_sign((uint32_t)value, 8 * bytes);
    return (uint32_t)value;
}

static void store(const struct a32_doing *d, uint32_t offset, uint32_t bytes, uint32_t value)
{
    xmi_arm_place_store(d->at, offset, bytes, arm_big_endian(d->r), d->in->order, value);
}

static enum arm_why load_one(struct a32_doing *d)
{
    uint32_t value = load(d, 0, d->in->bytes);
    write_back(d);
    if (d->in->rd == A32_PC)
        return xmi_a32_branch_exchange(d->next, value);
    a32_set(d->next, d->in->rd, value);
    return ARM_OK;
}

static enum arm_why store_one(struct a32_doing *d)
{
    store(d, 0, d->in->bytes, xmi_a32_get(d->r, d->in->rd));
    write_back(d);
    return ARM_OK;
}

static enum arm_why table_branch(struct a32_doing *d)
{
    return xmi_a32_branch(d->next, xmi_a32_get(d->r, A32_PC) + 2 * load(d, 0, d->in->bytes));
}

/* ---- pairs: the first register is the word at the lower address, in either endianness ---- */

static uint64_t joined(uint32_t first, uint32_t second, bool big)
{
    return big ? (uint64_t)first << 32 | second : (uint64_t)second << 32 | first;
}

static void set_pair(struct a32_doing *d, uint64_t value)
{
    bool big = arm_big_endian(d->r);
    a32_set(d->next, d->in->rd, (uint32_t)(big ? value >> 32 : value));
    a32_set(d->next, d->in->rs, (uint32_t)(big ? value : value >> 32));
}

static uint64_t pair(const struct a32_doing *d)
{
    return joined(xmi_a32_get(d->r, d->in->rd), xmi_a32_get(d->r, d->in->rs), arm_big_endian(d->r));
}

/* As one access where it is aligned so, else as two of words. */
static enum arm_why load_two(struct a32_doing *d)
{
    bool big = arm_big_endian(d->r);
    uint64_t value = d->touch->single ? xmi_arm_place_load(d->at, 0, 8, big, ARM_PLAIN)
                                      : joined(load(d, 0, 4), load(d, 4, 4), big);
    write_back(d);
    set_pair(d, value);
    return ARM_OK;
}

static enum arm_why store_two(struct a32_doing *d)
{
    if (d->touch->single) {
        xmi_arm_place_store(d->at, 0, 8, arm_big_endian(d->r), ARM_PLAIN, pair(d));
    } else {
        store(d, 0, 4, xmi_a32_get(d->r, d->in->rd));
        store(d, 4, 4, xmi_a32_get(d->r, d->in->rs));
    }
    write_back(d);
    return ARM_OK;
}

/* ---- several ---- */

static enum arm_why load_many(struct a32_doing *d)
{
    uint32_t value[MANY], offset = 0;
    for (unsigned n = 0; n < MANY; n++)
        if (d->in->list >> n & 1) {
            value[n] = load(d, offset, 4);
            offset += 4;
        }
    write_back(d);
    for (unsigned n = 0; n < A32_PC; n++)
        if (d->in->list >> n & 1)
            a32_set(d->next, n, value[n]);
    return d->in->list >> A32_PC ? xmi_a32_branch_exchange(d->next, value[A32_PC]) : ARM_OK;
}

static enum arm_why store_many(struct a32_doing *d)
{
    uint32_t offset = 0;
    for (unsigned n = 0; n < MANY; n++)
        if (d->in->list >> n & 1) {
            store(d, offset, 4, xmi_a32_get(d->r, n));
            offset += 4;
        }
    write_back(d);
    return ARM_OK;
}

/* ---- exclusives ---- */

/* From what lies in memory to what the vCPU sees, and back. */
static uint64_t seen(const struct a32_doing *d, uint64_t value)
{
    unsigned up = 64 - 8u * d->in->bytes;
    return arm_big_endian(d->r) ? __builtin_bswap64(value) >> up : value;
}

static enum arm_why load_exclusive(struct a32_doing *d)
{
    uint64_t raw = xmi_arm_place_load(d->at, 0, d->in->bytes, false, d->in->order);
    d->m->va = d->touch->va;
    d->m->bytes = d->in->bytes;
    memset(d->m->value, 0, sizeof(d->m->value));
    memcpy(d->m->value, &raw, sizeof(raw));
    if (d->in->bytes == 8)
        set_pair(d, seen(d, raw));
    else
        a32_set(d->next, d->in->rd, (uint32_t)seen(d, raw));
    return ARM_OK;
}

static enum arm_why store_exclusive(struct a32_doing *d)
{
    struct arm_monitor *m = d->m;
    uint64_t value = d->in->bytes == 8 ? pair(d) : xmi_a32_get(d->r, d->in->rd);
    bool armed = m->bytes == d->in->bytes && m->va == d->touch->va, done = false;
    if (d->in->bytes < 4)
        value &= (1u << (8 * d->in->bytes)) - 1;
    value = seen(d, value);
    if (armed)
        done = xmi_arm_place_exchange(d->at, d->in->bytes, m->value, &value);
    m->bytes = 0;
    m->stored = m->stored || done;
    a32_set(d->next, d->in->rm, !done);
    return ARM_OK;
}

static enum arm_why swap(struct a32_doing *d)
{
    uint64_t old = 0;
    (void)xmi_arm_place_modify(d->at, d->in->bytes, arm_big_endian(d->r), ARM_SWAP,
                               xmi_a32_get(d->r, d->in->rm), &old);
    a32_set(d->next, d->in->rd, (uint32_t)old);
    return ARM_OK;
}

enum arm_why xmi_a32_memory(struct a32_doing *d)
{
    switch (d->in->op) {
    case A32_LOAD: return load_one(d);
    case A32_STORE: return store_one(d);
    case A32_LOAD_TWO: return load_two(d);
    case A32_STORE_TWO: return store_two(d);
    case A32_LOAD_MANY: return load_many(d);
    case A32_STORE_MANY: return store_many(d);
    case A32_LOAD_EX: return load_exclusive(d);
    case A32_STORE_EX: return store_exclusive(d);
    case A32_SWAP: return swap(d);
    default: return table_branch(d);
    }
}
