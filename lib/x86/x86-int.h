/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tables of opcodes. The first row that fits says it; without one nothing is known. */
#ifndef XMEM_X86_INT_H
#define XMEM_X86_INT_H

#include "x86/x86.h"

enum x86_map { X86_MAP_ONE, X86_MAP_0F, X86_MAP_0F38, X86_MAP_0F3A, X86_MAPS };

/* Mandatory prefixes, a bit each. */
#define P_NONE 1u
#define P_66 2u
#define P_F3 4u
#define P_F2 8u
#define P_ANY 15u

#define MODRM 1u
#define NOT64 2u
#define DEF64 4u   /* operands of 8 bytes in 64-bit code, 2 with a prefix */
#define NEAR 8u    /* the same; what the prefix does depends on who made the processor */
#define MEMORY 16u /* a ModRM of registers is another instruction */
#define REGS 32u   /* and here one of memory */
#define VEX 64u    /* with a VEX prefix as well */
#define VEX_ALONE 128u

/* Bytes of the operand in memory; up to S_FIXED as they are. */
enum {
    S_FIXED = 200,
    S_V,     /* 2, 4 or 8 */
    S_Y,     /* 4 or 8 */
    S_X,     /* a vector: 16 or 32 */
    S_HALF,  /* half a vector */
    S_DUP,   /* VMOVDDUP: 8 or 32 */
    S_TWO,   /* two operands */
    S_TABLE, /* GDTR, IDTR: 6 or 10 */
    S_ENV,   /* of x87: 14 or 28 */
    S_X87,   /* 94 or 108 */
    S_FX     /* 512 */
};

/* Bytes behind ModRM; up to 3 as they are. */
enum { I_Z = 4, I_V, I_AT };

struct x86_row {
    uint8_t value, mask;
    uint8_t flags, prefixes;
    uint8_t regs; /* of ModRM's three bits, a bit for each number; 0: all */
    uint8_t access, size, imm, op;
};

struct x86_rows {
    const struct x86_row *v;
    size_t n;
};
/* rows.c, rows-0f.c */
extern const struct x86_rows xmi_x86_rows_one, xmi_x86_rows_0f, xmi_x86_rows_0f38,
    xmi_x86_rows_0f3a;

#define R X86_READ
#define W X86_WRITE
#define RW (X86_READ | X86_WRITE)
#define G(n) (1u << (n))

#endif
