/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What arm.c calls of A64, as in arm.h for one instruction set; and what its files share. */
#ifndef XMEM_A64_INT_H
#define XMEM_A64_INT_H

#include "arm.h"

enum arm_why xmi_a64_decode(uint32_t word, struct arm_insn *out);
enum arm_why xmi_a64_touches(const struct arm_insn *in, const struct arm_regs *r,
                             struct arm_touch *out);
enum arm_why xmi_a64_do(const struct arm_insn *in, const struct arm_touch *touch,
                        const struct arm_place *at, struct arm_regs *r, struct arm_monitor *m);

/* ---- decoded ---- */

enum a64_op {
    A64_NONE = 0,
    /* memory: a64-memory.c; rd, and ra of a pair, at rn + imm or rn + rm */
    A64_LOAD,
    A64_STORE,
    A64_LOAD_EX,
    A64_STORE_EX, /* rm: status */
    A64_CLREX,
    A64_RMW,     /* sub: enum a64_rmw; rm: operand */
    A64_SWAP_IF, /* CAS, CASP; rm: compared with and loaded, rd: stored */
    A64_PREFETCH,
    A64_ZVA,
    A64_DC,
    /* registers alone: a64-alu.c */
    A64_ADD_IMM,
    A64_ADD_SHIFTED,
    A64_ADD_EXTENDED,
    A64_ADD_CARRY,
    A64_COMPARE_IF, /* ext: condition; shift: flags where it does not hold */
    A64_SELECT,     /* ext: condition; sub: added to rm where it does not hold */
    A64_LOGIC_IMM,  /* sub: 0 AND, 1 ORR, 2 EOR, 3 ANDS */
    A64_LOGIC,
    A64_MOVE,
    A64_MOVE_KEEP, /* of 16 bits from shift */
    A64_ADR,       /* sub: of pages */
    A64_BITFIELD,  /* sub: SBFM, BFM, UBFM; immr in shift, imms in ext */
    A64_EXTRACT,
    A64_SHIFT,      /* ext: kind of shift */
    A64_ONE_SOURCE, /* sub: RBIT, REV16, REV32, REV, CLZ, CLS */
    A64_MULTIPLY,
    A64_MULTIPLY_LONG,
    A64_MULTIPLY_HIGH,
    A64_DIVIDE,
    A64_BTI, /* sub: what may come here: 1 calls, 2 jumps, 3 both */
    A64_FENCE,
    /* a64-branch.c */
    A64_BRANCH,      /* sub: leaves a link */
    A64_BRANCH_IF,   /* ext: condition */
    A64_BRANCH_ZERO, /* A64_NOT: where it is not */
    A64_BRANCH_BIT,  /* shift: which; A64_NOT: where it is set */
    A64_BRANCH_REG,
    A64_OPS,
};

enum a64_rmw {
    A64_ADD = 0,
    A64_CLR,
    A64_EOR,
    A64_SET,
    A64_SMAX,
    A64_SMIN,
    A64_UMAX,
    A64_UMIN,
    A64_SWP,
};

enum a64_dc { A64_DC_CLEAN = 0, A64_DC_PRIVILEGED };

#define A64_WIDE (1u << 0) /* of 64 bits */
#define A64_SIGNED (1u << 1)
#define A64_ACQUIRE (1u << 2)
#define A64_RELEASE (1u << 3)
#define A64_WRITE_BACK (1u << 4)
#define A64_POST (1u << 5)
#define A64_BY_REG (1u << 6)  /* rn + rm, extended and shifted */
#define A64_LITERAL (1u << 7) /* pc + imm */
#define A64_UNPRIV (1u << 8)
#define A64_ALIGNED (1u << 9) /* whatever SCTLR.A says */
#define A64_UNSURE (1u << 10) /* constrained unpredictable */
#define A64_FLAGS (1u << 11)  /* sets NZCV */
#define A64_NOT (1u << 12)    /* subtracts, or inverts the second operand */
#define A64_RN_SP (1u << 13)  /* 31 is the stack pointer */
#define A64_RD_SP (1u << 14)

static inline uint32_t a64_bits(uint32_t word, unsigned low, unsigned count)
{
    return word >> low & ((1u << count) - 1);
}

static inline int64_t a64_signed(uint64_t value, unsigned bits)
{
    return (int64_t)(value << (64 - bits)) >> (64 - bits);
}

/* a64-decode-memory.c, a64-decode-atomic.c */
enum arm_why xmi_a64_decode_memory(uint32_t word, struct arm_insn *out);
enum arm_why xmi_a64_decode_atomic(uint32_t word, struct arm_insn *out);
enum arm_why xmi_a64_decode_immediate(uint32_t word, struct arm_insn *out);
enum arm_why xmi_a64_decode_register(uint32_t word, struct arm_insn *out);
enum arm_why xmi_a64_decode_branch(uint32_t word, struct arm_insn *out);
enum arm_why xmi_a64_decode_exclusive(uint32_t word, struct arm_insn *out);

/* ---- registers ---- */

#define A64_ZR 31u

static inline uint64_t a64_x(const struct arm_regs *r, unsigned n)
{
    return n == A64_ZR ? 0 : r->x[n];
}

static inline void a64_set_x(struct arm_regs *r, unsigned n, uint64_t value)
{
    if (n != A64_ZR)
        r->x[n] = value;
}

/* The stack pointer that is in use; NULL in a mode that is not known here. */
uint64_t *xmi_a64_sp(struct arm_regs *r);
/* Of NZCV, by the condition's number. */
bool xmi_a64_holds(const struct arm_regs *r, unsigned cond);
/* rn + rm * 2^n or the like. */
uint64_t xmi_a64_extended(uint64_t value, unsigned option, unsigned shift);

/* ---- done: each does one op, and not the pc ---- */

struct a64_run {
    const struct arm_insn *in;
    const struct a64_insn *a;
    const struct arm_touch *touch;
    const struct arm_place *at;
    struct arm_regs *r;
    struct arm_monitor *m;
    uint64_t next;  /* pc after it */
    uint32_t btype; /* of cpsr after it */
    bool big;
};

enum arm_why xmi_a64_do_nothing(struct a64_run *run);
enum arm_why xmi_a64_do_load(struct a64_run *run);
enum arm_why xmi_a64_do_store(struct a64_run *run);
enum arm_why xmi_a64_do_load_ex(struct a64_run *run);
enum arm_why xmi_a64_do_store_ex(struct a64_run *run);
enum arm_why xmi_a64_do_clrex(struct a64_run *run);
enum arm_why xmi_a64_do_rmw(struct a64_run *run);
enum arm_why xmi_a64_do_swap_if(struct a64_run *run);
enum arm_why xmi_a64_do_zva(struct a64_run *run);
enum arm_why xmi_a64_do_dc(struct a64_run *run);

enum arm_why xmi_a64_do_add_imm(struct a64_run *run);
enum arm_why xmi_a64_do_add_shifted(struct a64_run *run);
enum arm_why xmi_a64_do_add_extended(struct a64_run *run);
enum arm_why xmi_a64_do_add_carry(struct a64_run *run);
enum arm_why xmi_a64_do_compare_if(struct a64_run *run);
enum arm_why xmi_a64_do_select(struct a64_run *run);
enum arm_why xmi_a64_do_logic_imm(struct a64_run *run);
enum arm_why xmi_a64_do_logic(struct a64_run *run);
enum arm_why xmi_a64_do_move(struct a64_run *run);
enum arm_why xmi_a64_do_move_keep(struct a64_run *run);
enum arm_why xmi_a64_do_adr(struct a64_run *run);
enum arm_why xmi_a64_do_bitfield(struct a64_run *run);
enum arm_why xmi_a64_do_extract(struct a64_run *run);
enum arm_why xmi_a64_do_shift(struct a64_run *run);
enum arm_why xmi_a64_do_one_source(struct a64_run *run);
enum arm_why xmi_a64_do_multiply(struct a64_run *run);
enum arm_why xmi_a64_do_multiply_long(struct a64_run *run);
enum arm_why xmi_a64_do_multiply_high(struct a64_run *run);
enum arm_why xmi_a64_do_divide(struct a64_run *run);
enum arm_why xmi_a64_do_bti(struct a64_run *run);
enum arm_why xmi_a64_do_fence(struct a64_run *run);
enum arm_why xmi_a64_do_branch(struct a64_run *run);
enum arm_why xmi_a64_do_branch_if(struct a64_run *run);
enum arm_why xmi_a64_do_branch_zero(struct a64_run *run);
enum arm_why xmi_a64_do_branch_bit(struct a64_run *run);
enum arm_why xmi_a64_do_branch_reg(struct a64_run *run);

#endif
