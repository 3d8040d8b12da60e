/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A32 and T32: their part of arm.h. One form for both. */
#ifndef XMEM_A32_H
#define XMEM_A32_H

#include <stdint.h>

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
#define A32_REGISTER (1u << 0)   /* the offset is rm, shifted */
#define A32_NEGATE (1u << 1)     /* ... and is subtracted */
#define A32_POST (1u << 2)       /* the offset comes after the access */
#define A32_BACK (1u << 3)       /* rn is written back */
#define A32_SIGNED (1u << 4)     /* the value loaded, multiplied, extended */
#define A32_USER (1u << 5)       /* an unprivileged form */
#define A32_IMMEDIATE (1u << 6)  /* the second operand is imm */
#define A32_BY_REGISTER (1u << 7) /* rm is shifted by rs */
#define A32_FLAGS (1u << 8)      /* sets N, Z and perhaps C and V */
#define A32_OUTSIDE (1u << 9)    /* ... outside an IT block only */
#define A32_CARRY (1u << 10)     /* imm was rotated: it gives the carry */
#define A32_LAST (1u << 11)      /* in an IT block only as the last */
#define A32_ALONE (1u << 12)     /* in no IT block */
#define A32_LINK (1u << 13)      /* lr */
#define A32_EXCHANGE (1u << 14)  /* into the other instruction set */
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
    uint16_t pad;
    uint32_t flags;
    uint32_t imm; /* offsets are negative as two's complement */
};

#endif
