/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What arm.c calls of A32 and T32: as in arm.h, for these sets; and their inner parts. */
#ifndef XMEM_A32_INT_H
#define XMEM_A32_INT_H

#include "arm.h"

enum arm_why xmi_a32_decode(enum arm_set set, uint32_t word, struct arm_insn *out);
enum arm_why xmi_a32_touches(const struct arm_insn *in, const struct arm_regs *r,
                             struct arm_touch *out);
enum arm_why xmi_a32_do(const struct arm_insn *in, const struct arm_touch *touch,
                        const struct arm_place *at, struct arm_regs *r, struct arm_monitor *m);

/* ---- decoding: out is zero but for set, bytes and word ---- */

#define A32_ALWAYS 14u
#define A32_SP 13u
#define A32_LR 14u
#define A32_PC 15u

typedef enum arm_why (*a32_decoder)(uint32_t word, struct arm_insn *out);
struct a32_row {
    uint32_t mask, value;
    a32_decoder decode; /* NULL: not known */
};
/* By the first row that fits; ARM_UNKNOWN where none does. */
enum arm_why xmi_a32_by_row(const struct a32_row *rows, size_t n, uint32_t word,
                            struct arm_insn *out);
#define A32_BY_ROW(rows, word, out) \
    xmi_a32_by_row(rows, sizeof(rows) / sizeof((rows)[0]), word, out)

static inline uint32_t a32_bits(uint32_t word, unsigned high, unsigned low)
{
    return word >> low & (uint32_t)((UINT64_C(2) << (high - low)) - 1);
}

static inline bool a32_bit(uint32_t word, unsigned n)
{
    return word >> n & 1;
}

/* bits of value, the highest of which is the sign */
static inline uint32_t a32_sign(uint32_t value, unsigned bits)
{
    return (uint32_t)((int32_t)(value << (32 - bits)) >> (32 - bits));
}

static inline void a32_flag(struct arm_insn *out, bool when, uint32_t flags)
{
    if (when)
        out->u.a32.flags |= flags;
}

/* The kind is by the operation. */
static inline void a32_op(struct arm_insn *out, enum a32_op op, enum arm_kind kind)
{
    out->u.a32.op = (uint8_t)op;
    out->kind = (uint8_t)kind;
}

/* rm's shift as immediates say it: LSR and ASR by 0 are by 32, ROR by 0 is RRX. */
void xmi_a32_shift_of(struct arm_insn *out, uint32_t type, uint32_t amount);
/* Registers from start on, as increasing or decreasing, before or after says. */
void xmi_a32_many(struct arm_insn *out, bool load, uint32_t list, bool up, bool before);
/* The status register of a store-exclusive is no other one, and none is the pc. */
void xmi_a32_check_exclusive(struct arm_insn *out);

enum arm_why xmi_a32_decode_a32(uint32_t word, struct arm_insn *out);
enum arm_why xmi_a32_decode_data(uint32_t word, struct arm_insn *out);
enum arm_why xmi_a32_decode_media(uint32_t word, struct arm_insn *out);
enum arm_why xmi_a32_hint(uint32_t number, struct arm_insn *out);
enum arm_why xmi_a32_barrier(uint32_t option, struct arm_insn *out);
enum arm_why xmi_a32_coprocessor(uint32_t word, struct arm_insn *out);
enum arm_why xmi_a32_vector(uint32_t word, struct arm_insn *out);
enum arm_why xmi_t32_decode_narrow(uint32_t word, struct arm_insn *out);
enum arm_why xmi_t32_decode_wide(uint32_t word, struct arm_insn *out);
enum arm_why xmi_t32_decode_single(uint32_t word, struct arm_insn *out);
enum arm_why xmi_t32_decode_data(uint32_t word, struct arm_insn *out);
enum arm_why xmi_t32_decode_branch(uint32_t word, struct arm_insn *out);

/* ---- doing ---- */

/* What it leaves; r is not touched before all is done. */
struct a32_next {
    uint64_t pc, cpsr; /* of the next instruction, unless it says otherwise */
    uint32_t value[15];
    uint16_t set; /* those of value */
};

struct a32_doing {
    const struct a32_insn *in;
    const struct arm_touch *touch;
    const struct arm_place *at;
    const struct arm_regs *r; /* as before it */
    struct a32_next *next;
    struct arm_monitor *m;
};

#define A32_N (1u << 31)
#define A32_Z (1u << 30)
#define A32_C (1u << 29)
#define A32_V (1u << 28)

/* 15 reads as the instruction set says; n is below 15 when set. */
uint32_t xmi_a32_get(const struct arm_regs *r, unsigned n);
static inline void a32_set(struct a32_next *next, unsigned n, uint32_t value)
{
    next->value[n] = value;
    next->set |= (uint16_t)(1u << n);
}
void xmi_a32_commit(const struct a32_next *next, struct arm_regs *r);
#define A32_MODES 0x888fu /* USR, FIQ, IRQ, SVC, ABT, UND and SYS, by their lower four bits */
static inline bool a32_mode_known(const struct arm_regs *r)
{
    return (r->cpsr & ARM_CPSR_32BIT) && (A32_MODES >> (r->cpsr & 0xf) & 1);
}

static inline bool a32_in_it(const struct arm_regs *r)
{
    return r->cpsr & (ARM_CPSR_IT & ~0xf000u); /* a condition alone is none */
}
bool xmi_a32_last_in_it(const struct arm_regs *r);
uint64_t xmi_a32_with_it(uint64_t cpsr, uint32_t it);
uint64_t xmi_a32_it_advanced(uint64_t cpsr);
/* Its condition, or that of its IT block. */
bool xmi_a32_condition(const struct a32_insn *in, const struct arm_regs *r);
static inline bool a32_holds(const struct a32_insn *in, const struct arm_regs *r)
{
    bool always = in->cond == A32_ALWAYS && !(r->cpsr & ARM_CPSR_IT);
    return always || xmi_a32_condition(in, r);
}
/* To an address whose bit 0 says the instruction set. ARM_UNSURE: to half a word of A32. */
enum arm_why xmi_a32_branch_exchange(struct a32_next *next, uint32_t to);
/* Within the instruction set. */
enum arm_why xmi_a32_branch(struct a32_next *next, uint32_t to);

uint32_t xmi_a32_shifted(uint32_t value, unsigned type, unsigned amount, bool *carry);

/* Where a load or store begins, and what its base becomes. */
uint32_t xmi_a32_address(const struct a32_insn *in, const struct arm_regs *r, uint32_t *back);
uint32_t xmi_a32_touched(const struct a32_insn *in);
enum arm_why xmi_a32_memory(struct a32_doing *d);
enum arm_why xmi_a32_registers(struct a32_doing *d);

#endif
