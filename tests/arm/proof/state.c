/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proof.h"

/* As an operating system sets them: MMU, stack alignment, cache operations in EL0. */
#define SCTLR_USUAL (1u << 0 | 1u << 4 | 1u << 14 | 1u << 26)
#define MODE_USR 0x10u

uint64_t rng_next(struct rng *r)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15ull;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

/* ---- encodings ---- */

static void field(char c, unsigned bit, struct pattern *out)
{
    if (c == 'n') {
        out->base = (int8_t)bit;
        out->base_bits++;
    } else if (c == 'm') {
        out->index = (int8_t)bit;
    } else if (c == '0' || c == '1') {
        out->mask |= 1u << bit;
        out->value |= (uint32_t)(c - '0') << bit;
    }
}

void pattern_parse(const char *text, struct pattern *out)
{
    unsigned bits = 0;
    for (const char *c = text; *c; c++)
        bits += *c != ' ';
    memset(out, 0, sizeof(*out));
    out->base = out->index = -1;
    out->bits = (uint8_t)bits;
    if (bits != 16 && bits != 32) {
        fprintf(stderr, "not 16 or 32 bits: %s\n", text);
        exit(1);
    }
    unsigned bit = 32;
    for (const char *c = text; *c; c++)
        if (*c != ' ')
            field(*c, --bit, out);
}

uint32_t pattern_random(const struct pattern *p, struct rng *r)
{
    uint32_t word = (uint32_t)(rng_next(r) >> 32) & ~p->mask;
    return (word | p->value) & (p->bits == 16 ? 0xffff0000u : ~0u);
}

/* ---- registers ---- */

static uint64_t pointer(struct rng *r)
{
    uint64_t at = area_middle() + rng_below(r, 2 * AREA_PAGE);
    unsigned how = rng_below(r, 16);
    if (how < 11)
        at &= ~(uint64_t)15;
    else if (how < 13)
        at = (at & ~(uint64_t)(AREA_PAGE - 1)) - rng_below(r, 20); /* at a page's end */
    if (NATIVE_WIDTH == 64 && how == 15)
        at |= (uint64_t)rng_below(r, 256) << 56;
    return at;
}

static uint64_t small(struct rng *r)
{
    uint64_t v = rng_below(r, 256);
    switch (rng_below(r, 4)) {
    case 0: return v;
    case 1: return (uint64_t)0 - v;
    case 2: return v & ~7ull;
    default: return v | (uint64_t)rng_next(r) << 32;
    }
}

static uint64_t any(struct rng *r)
{
    static const uint64_t corners[] = {
        0,          1,          ~0ull,  1ull << 63, 0x80000000u,           0x7fffffff,
        0xffffffff, ~0ull >> 1, 0x8000, 0x80,       0xffffffff80000000ull, 1ull << 32};
    switch (rng_below(r, 8)) {
    case 0: return corners[rng_below(r, sizeof(corners) / sizeof(corners[0]))];
    case 1: return small(r);
    case 2:
    case 3: return pointer(r);
    default: return rng_next(r);
    }
}

static void put(struct arm_regs *out, unsigned n, uint64_t v)
{
    if (n < NATIVE_REGS)
        out->x[n] = v;
    else if (NATIVE_WIDTH == 64)
        out->sp_el0 = v & ~15ull;
}

static unsigned field_of(uint32_t word, int8_t at, unsigned bits)
{
    return word >> at & ((1u << bits) - 1);
}

/* In half of the cases a state within an IT block: its instruction is done or passed over. */
static uint32_t it_state(struct rng *r)
{
    uint32_t it = rng_below(r, 2) ? rng_below(r, 256) : 0;
    if (!(it & 15) || it >> 4 == 15)
        it = 0;
    return (it & 3) << 25 | (it >> 2) << 10;
}

static uint32_t flags(struct rng *r, enum arm_set set)
{
    uint32_t all = (uint32_t)rng_next(r);
    if (set == ARM_A64)
        return all & 0xf0000000u;
    all = (all & 0xf80f0000u) | MODE_USR;
    return set == ARM_T32 ? all | ARM_CPSR_T | it_state(r) : all;
}

void state_random(struct rng *r, enum arm_set set, const struct pattern *p, uint32_t word,
                  struct arm_regs *out)
{
    memset(out, 0, sizeof(*out));
    for (unsigned i = 0; i < NATIVE_REGS; i++)
        out->x[i] = any(r);
    put(out, 31, pointer(r));
    if (NATIVE_WIDTH == 32)
        out->x[13] = pointer(r) & ~3ull;
    if (p->index >= 0)
        put(out, field_of(word, p->index, NATIVE_WIDTH == 64 ? 5 : p->base_bits), small(r));
    if (p->base >= 0)
        put(out, field_of(word, p->base, p->base_bits), pointer(r));
    for (unsigned i = 0; NATIVE_WIDTH == 32 && i < NATIVE_REGS; i++)
        out->x[i] = (uint32_t)out->x[i];
    out->cpsr = flags(r, set);
    out->sctlr = SCTLR_USUAL;
    out->online = 1;
}
