/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of this room share. */
#ifndef XMEM_ARM_INT_H
#define XMEM_ARM_INT_H

#include "arm.h"
#include "base/base.h"

/* ---- a32*.c, t32*.c: A32 and T32 ---- */

/* As in arm.h, for these sets. */

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

/* ---- a64*.c: A64 ---- */

/* As in arm.h, for this set. */

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

/* ---- walk*.c: walk.c chooses, each other one knows a form of tables ---- */

/* SCTLR, the same place in both states unless said otherwise. */
#define SCTLR_M (1u << 0)
#define SCTLR_HA (1u << 17) /* AArch32, before Armv8 */
#define SCTLR_WXN (1u << 19)
#define SCTLR_UWXN (1u << 20) /* AArch32 */
#define SCTLR_EE (1u << 25)
#define SCTLR_AFE (1u << 29) /* AArch32 */
#define SCTLR_EPAN (UINT64_C(1) << 57)
#define CPSR_PAN (1u << 22)
#define TTBCR_EAE (1u << 31)

struct walk_for { /* who asks */
    bool user, pan, wxn, uwxn, big;
};

/* Tables of 8-byte entries. */
struct walk_long {
    struct walk_for by;
    uint64_t ttbr;
    uint8_t in_bits, out_bits, page_bits;
    bool a32, epan;
    bool hw_access; /* the processor sets access flags itself */
    bool flat;      /* no rights in tables (HPD) */
};

struct walk_for xmi_walk_by(const struct arm_regs *r, bool user);
/* As it lies there, 4 or 8 bytes. False: no such page. */
bool xmi_walk_read_raw(const struct arm_walk *w, uint64_t ipa, uint32_t bytes, uint64_t *out);
/* One entry, which others may be changing; ARM_OK or ARM_NO_PLACE. */
enum arm_why xmi_walk_read64(const struct arm_walk *w, uint64_t ipa, bool big, uint64_t *out);
enum arm_why xmi_walk_read32(const struct arm_walk *w, uint64_t ipa, bool big, uint32_t *out);

enum arm_why xmi_walk_long(const struct arm_walk *w, const struct walk_long *l, uint64_t va,
                           struct arm_translation *out);
/* The AArch32 kernel's long and short descriptors. */
enum arm_why xmi_walk_a32_long(const struct arm_walk *w, const struct arm_regs *r, uint64_t va,
                               bool user, struct arm_translation *out);
enum arm_why xmi_walk_a32_short(const struct arm_walk *w, const struct arm_regs *r, uint64_t va,
                                bool user, struct arm_translation *out);

#endif
