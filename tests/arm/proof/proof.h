/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The same instruction by this processor and by lib/arm/, in one process.
 *
 *   area.c     the memory it works on, twice
 *   state.c    random encodings and registers
 *   proof-*.c  of one architecture: the registers, the classes of encodings
 *   proof.c    one instruction on this processor, with all registers given and taken; runs both, compares, counts
 */
#ifndef PROOF_H
#define PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arm.h"

/* ---- random numbers, the same everywhere ---- */

struct rng {
    uint64_t state;
};
uint64_t rng_next(struct rng *r);
static inline uint32_t rng_below(struct rng *r, uint32_t n)
{
    return (uint32_t)(rng_next(r) >> 32) % n;
}

/* ---- classes of encodings ---- */

/*
 * A pattern has 0 and 1 where bits are fixed, n for the base register, m for the index register,
 * anything else for random bits; blanks are for the eye. T32 of 16 bits has 16 of them. `second`:
 * a store-exclusive, run after the first with its size and base register.
 */
struct row {
    const char *name;
    const char *pattern;
    const char *second;
    uint8_t weight;
    int8_t least; /* percent that must have been done; NEVER: none may */
};
#define NEVER (-1)

struct pattern {
    uint32_t value, mask; /* fixed */
    int8_t base, index;   /* lowest bit of the field; -1: none */
    uint8_t base_bits, bits;
};
void pattern_parse(const char *text, struct pattern *out);
uint32_t pattern_random(const struct pattern *p, struct rng *r);

struct row_set {
    const char *name;
    enum arm_set set;
    const struct row *rows;
    unsigned n;
    uint64_t count; /* that `make check` runs */
};
extern const struct row_set row_sets[];
extern const unsigned n_row_sets;

/* ---- memory ---- */

#define AREA_PAGE 4096u
#define AREA_SLOT 16u
#define AREA_SLOTS (AREA_PAGE / AREA_SLOT)

void area_make(struct rng *r);
uint64_t area_middle(void);
/* Code of slot i, and whether a jump to pc, in the same instruction set, runs into a trap at once. */
uint64_t area_slot(unsigned i);
void area_code(unsigned i, enum arm_set set, const uint32_t *words, unsigned n);
bool area_can_run(uint64_t pc, bool same_set);
uint32_t area_fetch(uint64_t pc, enum arm_set set);
/* Of the copy that is emulated on; false: there is none. */
bool area_place(const struct arm_touch *touch, struct arm_place *out);
/* Around what was touched, or all of it (touch NULL). */
bool area_same(const struct arm_touch *touch);
void area_sync(void);

/* ---- the machine ---- */

#ifdef __aarch64__
#define NATIVE_WIDTH 64u
#define NATIVE_FLAGS (0xf0000000u | ARM_CPSR_BTYPE)
#define NATIVE_REGS 31u
#else
#define NATIVE_WIDTH 32u
#define NATIVE_FLAGS (0xf80f0000u | ARM_CPSR_IT | ARM_CPSR_T | ARM_CPSR_E)
#define NATIVE_REGS 15u
#endif

/* proof-*.c */
void native_put(void *context, const struct arm_regs *in);
void native_get(const void *context, struct arm_regs *out);
void native_copy(void *to, const void *from);
void native_skip_trap(void *context);
void native_trap(void);

/* ---- registers ---- */

void state_random(struct rng *r, enum arm_set set, const struct pattern *p, uint32_t word,
                  struct arm_regs *out);

#endif
