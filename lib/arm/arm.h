/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an Arm instruction does, for the others. */
#ifndef XMEM_ARM_H
#define XMEM_ARM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- A32 and T32: one form for both ---- */

enum a32_op {
    A32_LOAD = 0, /* rd */
    A32_STORE,
    A32_LOAD_TWO, /* rd, rs */
    A32_STORE_TWO,
    A32_LOAD_MANY, /* list; write-back adds back */
    A32_STORE_MANY,
    A32_LOAD_EX,  /* rd, and rs where bytes is 8 */
    A32_STORE_EX, /* the same; rm: status */
    A32_SWAP,     /* rd: loaded, rm: stored */
    A32_TABLE,    /* TBB, TBH: rm shifted by amount */
    A32_PREFETCH,
    A32_CLEAR_EX,
    A32_BARRIER,
    A32_HINT,
    A32_IT,     /* imm: the state it begins */
    A32_ALU,    /* alu; rd, rn, and rm shifted or imm */
    A32_MOVT,   /* imm in the upper half of rd */
    A32_BRANCH, /* by imm */
    A32_BRANCH_REG,
    A32_BRANCH_ZERO, /* CBZ, CBNZ (A32_NEGATE) of rn */
    A32_MUL,         /* rd = rn * rm (+ or - rs) */
    A32_MUL_LONG,    /* rd: low, rs: high */
    A32_DIVIDE,
    A32_EXTEND, /* bytes of rm turned by amount, added to rn unless that is 15 */
    A32_TURN,   /* alu: enum a32_turn */
    A32_FIELD,  /* BFI, BFC (rn 15): amount: lsb, imm: width */
    A32_EXTRACT,
};

/* As A32 numbers them, and one of T32's. */
enum a32_alu {
    A32_AND = 0,
    A32_EOR,
    A32_SUB,
    A32_RSB,
    A32_ADD,
    A32_ADC,
    A32_SBC,
    A32_RSC,
    A32_TST,
    A32_TEQ,
    A32_CMP,
    A32_CMN,
    A32_ORR,
    A32_MOV,
    A32_BIC,
    A32_MVN,
    A32_ORN,
};

enum a32_turn { A32_REV = 0, A32_REV16, A32_REVSH, A32_RBIT, A32_CLZ };
enum a32_shift { A32_LSL = 0, A32_LSR, A32_ASR, A32_ROR, A32_RRX };

/* flags */
#define A32_REGISTER (1u << 0)    /* the offset is rm, shifted */
#define A32_NEGATE (1u << 1)      /* ... and is subtracted */
#define A32_POST (1u << 2)        /* the offset comes after the access */
#define A32_BACK (1u << 3)        /* rn is written back */
#define A32_SIGNED (1u << 4)      /* the value loaded, multiplied, extended */
#define A32_USER (1u << 5)        /* an unprivileged form */
#define A32_IMMEDIATE (1u << 6)   /* the second operand is imm */
#define A32_BY_REGISTER (1u << 7) /* rm is shifted by rs */
#define A32_FLAGS (1u << 8)       /* sets N, Z and perhaps C and V */
#define A32_OUTSIDE (1u << 9)     /* ... outside an IT block only */
#define A32_CARRY (1u << 10)      /* imm was rotated: it gives the carry */
#define A32_LAST (1u << 11)       /* in an IT block only as the last */
#define A32_ALONE (1u << 12)      /* in no IT block */
#define A32_LINK (1u << 13)       /* lr */
#define A32_EXCHANGE (1u << 14)   /* into the other instruction set */
#define A32_ACCUMULATE (1u << 15)
#define A32_UNSURE (1u << 16) /* constrained unpredictable, by the encoding alone */

struct a32_insn {
    uint8_t op;   /* enum a32_op */
    uint8_t cond; /* 14: always. In an IT block that one's is used */
    uint8_t rd, rn, rm, rs;
    uint8_t shift, amount; /* of rm */
    uint8_t bytes;         /* of one register in memory; of a pair by exclusives, both */
    uint8_t order;         /* enum arm_order */
    uint8_t alu;
    int8_t back;
    uint16_t list;
    uint16_t touched; /* bytes of memory */
    uint32_t flags;
    uint32_t imm; /* offsets are negative as two's complement */
};

/* ---- A64 ---- */

/* A decoded instruction; what a field means beyond its name is said at enum a64_op. */
struct a64_insn {
    uint8_t op; /* enum a64_op */
    uint8_t rd; /* Rd, or Rt */
    uint8_t rn;
    uint8_t rm;    /* Rm, or Rs */
    uint8_t ra;    /* Ra, or Rt2 */
    uint8_t size;  /* log2 of the bytes of one element in memory */
    uint8_t count; /* elements: 2 of a pair */
    uint8_t ext;   /* an extended register: option; a shifted one: kind of shift */
    uint8_t shift; /* of either, and of bitfields */
    uint8_t sub;   /* which one of those that are alike */
    uint16_t flags;
    int64_t imm;
};

/* ---- all instruction sets ---- */

/* The registers of an Arm vCPU, as a hypervisor hands them out and takes them back. */

/*
 * x0 to x30, and AArch32's banked registers where the architecture maps them: r0 to r12, then
 * sp_usr 13, lr_usr 14, lr_irq 16, sp_irq 17, lr_svc 18, sp_svc 19, lr_abt 20, sp_abt 21, lr_und 22,
 * sp_und 23, r8_fiq 24 to r12_fiq 28, sp_fiq 29, lr_fiq 30. Where the kernel runs in AArch32 state too,
 * sp_el0, sp_el1 and elr_el1 are 0.
 */
struct arm_regs {
    uint64_t x[31];
    uint64_t pc;
    uint64_t cpsr; /* as SPSR_EL2 has it */
    uint64_t sp_el0, sp_el1, elr_el1, spsr_el1;
    uint64_t spsr_fiq, spsr_irq, spsr_und, spsr_abt;
    uint64_t sctlr, tcr, ttbr0, ttbr1; /* of EL1 */
    uint64_t online;                   /* 1: the vCPU was started, and is not switched off */
};

/*
 * What one instruction of an Arm vCPU does, outside the vCPU: decoded, and done on a mapping of the
 * guest's memory. Nothing is kept between calls but by the caller, and nothing here knows a session.
 *
 *   arm.c      from a program counter to an instruction done; the only way in
 *   a64*.c     A64;  a32*.c  A32 and T32: decoding, apart from doing
 *   place.c    the guest's memory: single-copy atomic, in order, in either endianness
 *   loop.c     from a load- or store-exclusive through its loop
 *   walk*.c    the guest's translation tables
 *
 * What is not sure is not done: the guest does it natively, or faults as it would.
 */

/* ---- registers ---- */

enum arm_set { ARM_A64 = 0, ARM_A32, ARM_T32 };

#define ARM_T32_WIDE 0xe800u /* from here on a first halfword has a second one */
#define ARM_CPSR_MODE 0x1fu
#define ARM_CPSR_32BIT 0x10u /* in AArch32 state */
#define ARM_CPSR_T (1u << 5)
#define ARM_CPSR_E (1u << 9) /* AArch32: data is big-endian */
#define ARM_CPSR_IT 0x0600fc00u
#define ARM_CPSR_BTYPE 0x00000c00u /* AArch64 */
#define ARM_CPSR_SS (1u << 21)
#define ARM_CPSR_EL 0xcu /* AArch64; 0: EL0 */
#define ARM_SCTLR_E0E (1u << 24)
#define ARM_SCTLR_EE (1u << 25)

static inline enum arm_set arm_set_of(const struct arm_regs *r)
{
    if (!(r->cpsr & ARM_CPSR_32BIT))
        return ARM_A64;
    return r->cpsr & ARM_CPSR_T ? ARM_T32 : ARM_A32;
}
/* Data accesses of the vCPU, as it is, are big-endian. */
static inline bool arm_big_endian(const struct arm_regs *r)
{
    if (r->cpsr & ARM_CPSR_32BIT)
        return r->cpsr & ARM_CPSR_E;
    return r->sctlr & ((r->cpsr & ARM_CPSR_EL) ? ARM_SCTLR_EE : ARM_SCTLR_E0E);
}

/* ---- why it was not done ---- */

enum arm_why {
    ARM_OK = 0,
    ARM_UNKNOWN,   /* not decoded: SIMD, system instructions, unallocated, ... */
    ARM_VECTOR,    /* a load or store of SIMD, FP or SVE registers */
    ARM_FAULTS,    /* the guest gets an exception of its own: alignment, SP, stage 1 */
    ARM_UNSURE,    /* constrained unpredictable: what the processor does is not known */
    ARM_EXCLUSIVE, /* a store-exclusive by itself: see xmi_arm_loop() */
    ARM_NO_PLACE,  /* its memory cannot be reached: the callback said no */
    ARM_TOO_LONG,  /* the loop did not come to its end */
    ARM_ODD,       /* another address or kind of access than the event's */
    ARM_TABLES,    /* the access was the walk of the guest's tables */
    ARM_FETCH,     /* the access was a fetch, and the instruction is none of those done here */
    ARM_REFUSED,   /* the hypervisor does not take such registers back */
    ARM_WHYS,
};

/* ---- an instruction ---- */

enum arm_kind {
    ARM_NOTHING = 0, /* registers and flags only, branches and hints included */
    ARM_LOAD,
    ARM_STORE,
    ARM_LOAD_EX,
    ARM_STORE_EX,
    ARM_CLEAR_EX,
    ARM_ATOMIC,   /* reads and writes as one: LSE, compare and swap, SWP */
    ARM_PREFETCH, /* touches nothing that an event could be told of */
    ARM_ZERO,     /* DC ZVA */
    ARM_CACHE,    /* cache maintenance by address: of one byte's line; told as a write */
};

struct arm_insn {
    uint8_t set;   /* enum arm_set */
    uint8_t bytes; /* of the encoding: 2 or 4 */
    uint8_t kind;  /* enum arm_kind */
    uint8_t pad;
    uint32_t word; /* T32: of two halfwords, the first is the upper one */
    union {
        struct a64_insn a64;
        struct a32_insn a32; /* T32 too */
    } u;
};

/*
 * ARM_OK, ARM_UNKNOWN or ARM_VECTOR. No register is looked at. T32: word holds the halfword at pc
 * in its upper half, and the next one in its lower half.
 */
enum arm_why xmi_arm_decode(enum arm_set set, uint32_t word, struct arm_insn *out);

/* What its data accesses touch: one stretch of at most a page, so of at most two pages. */
#define ARM_READS 1u  /* as XMEM_ACCESS_R */
#define ARM_WRITES 2u /* as XMEM_ACCESS_W */
struct arm_touch {
    uint64_t va;    /* tag removed where TBI is on is the walk's business, not done here */
    uint32_t bytes; /* 0: nothing, as when its condition fails */
    uint8_t access; /* ARM_READS, ARM_WRITES: as stage 2 is asked */
    uint8_t user;   /* checked as if in EL0: unprivileged forms, or the vCPU is there */
    uint8_t single; /* one single-copy atomic access of all bytes */
    uint8_t pad;
};

/*
 * ARM_OK, ARM_FAULTS or ARM_UNSURE. Faults are those that can be told from the registers: SP
 * alignment, alignment (SCTLR.A, exclusives, acquire and release), not those of stage 1.
 */
enum arm_why xmi_arm_touches(const struct arm_insn *in, const struct arm_regs *r,
                             struct arm_touch *out);

/* Where a touch lies in this process: its first bytes, and the rest in the next page. */
struct arm_place {
    uint8_t *p[2];
    uint32_t first; /* bytes at p[0]; the rest is at p[1] */
};

/* The vCPU's exclusive monitor, while it is interpreted. */
struct arm_monitor {
    uint64_t va;
    uint8_t value[16]; /* what was loaded, as it lies in memory */
    uint8_t bytes;     /* 0: not armed */
    bool stored;       /* a store-exclusive succeeded */
};

/*
 * Does it once: memory, then registers, pc, and IT state. touch is what xmi_arm_touches() said, at
 * where it lies (unused when it touches nothing). A store-exclusive succeeds by compare-and-exchange
 * with what the monitor's load saw, and fails where it is not armed for that address; exclusives with m
 * NULL: ARM_EXCLUSIVE. On anything but ARM_OK neither memory nor registers are changed.
 */
enum arm_why xmi_arm_do(const struct arm_insn *in, const struct arm_touch *touch,
                        const struct arm_place *at, struct arm_regs *r, struct arm_monitor *m);

/* ---- memory: place.c ---- */

enum arm_order { ARM_PLAIN = 0, ARM_ACQUIRE = 1, ARM_RELEASE = 2 };

/*
 * bytes 1, 2, 4 or 8 at offset of the place; atomic when aligned there. big: as a big-endian
 * vCPU sees it.
 */
uint64_t xmi_arm_place_load(const struct arm_place *at, uint32_t offset, uint32_t bytes, bool big,
                            unsigned order);
void xmi_arm_place_store(const struct arm_place *at, uint32_t offset, uint32_t bytes, bool big,
                         unsigned order, uint64_t value);
/*
 * bytes up to 16 at the place's beginning, aligned, as they lie in memory. False: *expected was
 * not there, and is what is. can: is there such an instruction on this machine?
 */
bool xmi_arm_place_exchange_can(uint32_t bytes);
bool xmi_arm_place_exchange(const struct arm_place *at, uint32_t bytes, void *expected,
                            const void *desired);
/*
 * What lies there, aligned, is read and changed as one, whatever others do meanwhile. False: this
 * machine has no such access in that byte order, and nothing was done. Then by exchanges, of which
 * ARM_PATIENCE in a row may come too late.
 */
enum arm_modify { ARM_ADD = 0, ARM_AND_NOT, ARM_XOR, ARM_OR, ARM_SWAP };
#define ARM_PATIENCE 100000u
bool xmi_arm_place_modify(const struct arm_place *at, uint32_t bytes, bool big, enum arm_modify how,
                          uint64_t by, uint64_t *old);
/* Two of 4 or 8 bytes from the place's beginning, as one where this machine's pairs are. */
void xmi_arm_place_load_pair(const struct arm_place *at, uint32_t bytes, bool big, uint64_t out[2]);
void xmi_arm_place_store_pair(const struct arm_place *at, uint32_t bytes, bool big,
                              const uint64_t value[2]);
/* What DC ZVA zeroes at once on this machine; 0: nothing, or it cannot be known. */
uint32_t xmi_arm_place_zero_bytes(void);
/* Clean and invalidate the data caches at the place's first byte, where this machine lets us. */
bool xmi_arm_place_clean_can(void);
void xmi_arm_place_clean(const struct arm_place *at);
/* The same bytes outside the guest. */
uint64_t xmi_arm_bytes_get(const uint8_t *p, uint32_t bytes, bool big);
void xmi_arm_bytes_put(uint8_t *p, uint32_t bytes, bool big, uint64_t value);

/* ---- through a loop: loop.c ---- */

/* What the interpreter asks its caller; each answers ARM_OK or why not. */
struct arm_world {
    void *ctx;
    /* The instruction's bytes at pc, as xmi_arm_decode() takes them; T32: the second half may be 0. */
    enum arm_why (*fetch)(void *ctx, const struct arm_regs *r, uint32_t *word);
    /* Where that lies. It is the caller who knows what is allowed; once for each access. */
    enum arm_why (*place)(void *ctx, const struct arm_regs *r, const struct arm_touch *touch,
                          struct arm_place *out);
    /* As xmi_arm_decode(), of one that is kept; NULL: xmi_arm_decode() */
    enum arm_why (*decode)(void *ctx, enum arm_set set, uint32_t word, const struct arm_insn **out);
    /* It was done, and the next one begins; NULL: nobody wants to know. */
    void (*past)(void *ctx);
};

/*
 * From r's pc on, until one store-exclusive of its own succeeded, or the loop was left with CLREX. A
 * store-exclusive with m not armed fails, as the vCPU's own has. At most `most` instructions; *done
 * counts those before the one that ended it. Only loads, exclusives and register instructions are gone
 * through: before anything else it stops. r is as far as it came, m as well, so that it may go on there;
 * whatever the answer, all that r says was done.
 */
enum arm_why xmi_arm_loop(const struct arm_world *w, struct arm_regs *r, struct arm_monitor *m,
                          unsigned most, unsigned *done);

/* ---- the guest's tables: walk.c ---- */

/* The entries that a walk read, as they lie in memory. */
#define ARM_TRAIL 4u
struct arm_trail {
    uint32_t n;     /* more: the walk was longer, and cannot be gone again by this */
    uint32_t bytes; /* of each */
    uint64_t ipa[ARM_TRAIL], raw[ARM_TRAIL];
};

struct arm_walk {
    void *ctx;
    /* 4 KiB of the guest at this gfn, to be read; NULL: cannot be had. */
    const uint8_t *(*page)(void *ctx, uint64_t gfn);
    struct arm_trail *trail; /* NULL, or begins empty */
};

struct arm_translation {
    uint64_t ipa;
    uint8_t attr_index; /* into MAIR; short descriptors: TEX, C and B as 5 bits */
    uint8_t level;
    bool read, write,
        execute;    /* as stage 1 lets this privilege do; access flag and dirty state too */
    bool by_domain; /* see below */
};

/*
 * user: with the rights of EL0. ARM_OK; ARM_FAULTS nothing is mapped there, by the tables;
 * ARM_NO_PLACE a table cannot be read; ARM_UNSURE tables of a form that is not known here. *out is
 * zero then, but for one case: an AArch32 kernel's short descriptors depend on DACR, which is not among
 * the registers, so they are never ARM_OK. by_domain says that ARM_UNSURE is for this alone, and *out is
 * right where the vCPU is known to have passed stage 1: at the address of its event, at its pc.
 */
enum arm_why xmi_arm_translate(const struct arm_walk *w, const struct arm_regs *r, uint64_t va,
                               bool user, struct arm_translation *out);

/* A translation, and all that it came from: all zero is none. */
struct arm_walked {
    uint64_t page; /* va >> 12 */
    uint64_t sctlr, tcr, ttbr0, ttbr1, cpsr;
    struct arm_trail trail;
    struct arm_translation out; /* of the page's first byte */
    uint8_t why;
    bool used, user, a32;
};
/*
 * The same in short, where k is of this page and these registers and each entry that it came from is
 * read again and is as it was; else k becomes that. w's trail is not looked at.
 */
enum arm_why xmi_arm_translate_again(const struct arm_walk *w, const struct arm_regs *r,
                                     uint64_t va, bool user, struct arm_walked *k,
                                     struct arm_translation *out);

#endif
