/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "x86/x86-int.h"

#define ROW(value, mask, flags, regs, access, size, imm, op) \
    { \
        value, mask, flags, P_ANY, regs, access, size, imm, op \
    }
#define OPERAND(value, mask, access, size, imm) ROW(value, mask, MODRM, 0, access, size, imm, 0)
#define GROUP(value, mask, regs, access, size, imm) \
    ROW(value, mask, MODRM, regs, access, size, imm, 0)
#define PLAIN(value, mask, flags, imm, op) ROW(value, mask, flags, 0, 0, 0, imm, op)
#define X87(value, regs, access, size) ROW(value, 0xff, MODRM, regs, access, size, 0, 0)

static const struct x86_row one[] = {
    /* add, or, adc, sbb, and, sub, xor, cmp */
    OPERAND(0x38, 0xff, R, 1, 0),
    OPERAND(0x39, 0xff, R, S_V, 0),
    OPERAND(0x00, 0xc7, RW, 1, 0),
    OPERAND(0x01, 0xc7, RW, S_V, 0),
    OPERAND(0x02, 0xc7, R, 1, 0),
    OPERAND(0x03, 0xc7, R, S_V, 0),
    PLAIN(0x04, 0xc7, 0, 1, 0),
    PLAIN(0x05, 0xc7, 0, I_Z, 0),
    PLAIN(0x06, 0xe7, NOT64, 0, X86_PUSH), /* segments; popped they come from a table */
    PLAIN(0x27, 0xe7, NOT64, 0, 0),        /* daa, das, aaa, aas */
    PLAIN(0x40, 0xf0, NOT64, 0, 0),        /* inc, dec */
    PLAIN(0x50, 0xf8, DEF64, 0, X86_PUSH),
    PLAIN(0x58, 0xf8, DEF64, 0, X86_POP),
    PLAIN(0x60, 0xff, NOT64, 0, X86_PUSHA),
    PLAIN(0x61, 0xff, NOT64, 0, X86_POPA),
    ROW(0x63, 0xff, MODRM | NOT64, 0, RW, 2, 0, 0), /* arpl; below: movsxd */
    OPERAND(0x63, 0xff, R, 4, 0),
    PLAIN(0x68, 0xff, DEF64, I_Z, X86_PUSH),
    OPERAND(0x69, 0xff, R, S_V, I_Z),
    PLAIN(0x6a, 0xff, DEF64, 1, X86_PUSH),
    OPERAND(0x6b, 0xff, R, S_V, 1),
    PLAIN(0x70, 0xf0, 0, 1, 0), /* branches */
    GROUP(0x80, 0xff, G(7), R, 1, 1),
    GROUP(0x81, 0xff, G(7), R, S_V, I_Z),
    GROUP(0x83, 0xff, G(7), R, S_V, 1),
    ROW(0x82, 0xff, MODRM | NOT64, G(7), R, 1, 1, 0),
    OPERAND(0x80, 0xff, RW, 1, 1),
    OPERAND(0x81, 0xff, RW, S_V, I_Z),
    OPERAND(0x83, 0xff, RW, S_V, 1),
    ROW(0x82, 0xff, MODRM | NOT64, 0, RW, 1, 1, 0),
    OPERAND(0x84, 0xff, R, 1, 0), /* test */
    OPERAND(0x85, 0xff, R, S_V, 0),
    OPERAND(0x86, 0xff, RW, 1, 0), /* xchg */
    OPERAND(0x87, 0xff, RW, S_V, 0),
    OPERAND(0x88, 0xff, W, 1, 0), /* mov */
    OPERAND(0x89, 0xff, W, S_V, 0),
    OPERAND(0x8a, 0xff, R, 1, 0),
    OPERAND(0x8b, 0xff, R, S_V, 0),
    GROUP(0x8c, 0xff, 0x3f, W, 2, 0),               /* a segment's selector */
    ROW(0x8d, 0xff, MODRM | MEMORY, 0, 0, 0, 0, 0), /* lea */
    ROW(0x8f, 0xff, MODRM | DEF64, G(0), W, S_V, 0, X86_POP_MODRM),
    PLAIN(0x90, 0xf8, 0, 0, 0),
    PLAIN(0x98, 0xfe, 0, 0, 0),
    PLAIN(0x9b, 0xff, 0, 0, 0),
    PLAIN(0x9c, 0xff, DEF64, 0, X86_PUSH), /* flags */
    PLAIN(0x9d, 0xff, DEF64, 0, X86_POP),
    PLAIN(0x9e, 0xfe, 0, 0, 0),
    ROW(0xa0, 0xff, 0, 0, R, 1, I_AT, X86_AT),
    ROW(0xa1, 0xff, 0, 0, R, S_V, I_AT, X86_AT),
    ROW(0xa2, 0xff, 0, 0, W, 1, I_AT, X86_AT),
    ROW(0xa3, 0xff, 0, 0, W, S_V, I_AT, X86_AT),
    ROW(0xa4, 0xff, 0, 0, 0, 1, 0, X86_MOVS),
    ROW(0xa5, 0xff, 0, 0, 0, S_V, 0, X86_MOVS),
    ROW(0xa6, 0xff, 0, 0, 0, 1, 0, X86_CMPS),
    ROW(0xa7, 0xff, 0, 0, 0, S_V, 0, X86_CMPS),
    PLAIN(0xa8, 0xff, 0, 1, 0),
    PLAIN(0xa9, 0xff, 0, I_Z, 0),
    ROW(0xaa, 0xff, 0, 0, 0, 1, 0, X86_STOS),
    ROW(0xab, 0xff, 0, 0, 0, S_V, 0, X86_STOS),
    ROW(0xac, 0xff, 0, 0, 0, 1, 0, X86_LODS),
    ROW(0xad, 0xff, 0, 0, 0, S_V, 0, X86_LODS),
    ROW(0xae, 0xff, 0, 0, 0, 1, 0, X86_SCAS),
    ROW(0xaf, 0xff, 0, 0, 0, S_V, 0, X86_SCAS),
    PLAIN(0xb0, 0xf8, 0, 1, 0),
    PLAIN(0xb8, 0xf8, 0, I_V, 0),
    OPERAND(0xc0, 0xff, RW, 1, 1), /* shifts */
    OPERAND(0xc1, 0xff, RW, S_V, 1),
    PLAIN(0xc2, 0xff, NEAR, 2, X86_POP),
    PLAIN(0xc3, 0xff, NEAR, 0, X86_POP),
    GROUP(0xc6, 0xff, G(0), W, 1, 1),
    GROUP(0xc7, 0xff, G(0), W, S_V, I_Z),
    PLAIN(0xc8, 0xff, DEF64, 3, X86_ENTER),
    PLAIN(0xc9, 0xff, DEF64, 0, X86_LEAVE),
    OPERAND(0xd0, 0xfd, RW, 1, 0), /* shifts by 1, by cl */
    OPERAND(0xd1, 0xfd, RW, S_V, 0),
    PLAIN(0xd4, 0xfe, NOT64, 1, 0),
    ROW(0xd7, 0xff, 0, 0, R, 1, 0, X86_XLAT),
    X87(0xd8, 0, R, 4),
    X87(0xd9, G(0), R, 4),
    X87(0xd9, G(2) | G(3), W, 4),
    X87(0xd9, G(4), R, S_ENV),
    X87(0xd9, G(5), R, 2),
    X87(0xd9, G(6), W, S_ENV),
    X87(0xd9, G(7), W, 2),
    X87(0xda, 0, R, 4),
    X87(0xdb, G(0), R, 4),
    X87(0xdb, G(1) | G(2) | G(3), W, 4),
    X87(0xdb, G(5), R, 10),
    X87(0xdb, G(7), W, 10),
    X87(0xdc, 0, R, 8),
    X87(0xdd, G(0), R, 8),
    X87(0xdd, G(1) | G(2) | G(3), W, 8),
    X87(0xdd, G(4), R, S_X87),
    X87(0xdd, G(6), W, S_X87),
    X87(0xdd, G(7), W, 2),
    X87(0xde, 0, R, 2),
    X87(0xdf, G(0), R, 2),
    X87(0xdf, G(1) | G(2) | G(3), W, 2),
    X87(0xdf, G(4), R, 10),
    X87(0xdf, G(5), R, 8),
    X87(0xdf, G(6), W, 10),
    X87(0xdf, G(7), W, 8),
    ROW(0xd8, 0xf8, MODRM | REGS, 0, 0, 0, 0, 0),
    PLAIN(0xe0, 0xfc, 0, 1, 0),             /* loops */
    PLAIN(0xe8, 0xff, NEAR, I_Z, X86_PUSH), /* call */
    PLAIN(0xe9, 0xff, NEAR, I_Z, 0),
    PLAIN(0xeb, 0xff, 0, 1, 0),
    PLAIN(0xf5, 0xff, 0, 0, 0),
    GROUP(0xf6, 0xff, G(0) | G(1), R, 1, 1),
    GROUP(0xf7, 0xff, G(0) | G(1), R, S_V, I_Z),
    GROUP(0xf6, 0xff, G(2) | G(3), RW, 1, 0),
    GROUP(0xf7, 0xff, G(2) | G(3), RW, S_V, 0),
    OPERAND(0xf6, 0xff, R, 1, 0),
    OPERAND(0xf7, 0xff, R, S_V, 0),
    PLAIN(0xf8, 0xfe, 0, 0, 0),
    PLAIN(0xfa, 0xfe, 0, 0, 0),
    PLAIN(0xfc, 0xfe, 0, 0, 0),
    GROUP(0xfe, 0xff, G(0) | G(1), RW, 1, 0),
    GROUP(0xff, 0xff, G(0) | G(1), RW, S_V, 0),
    ROW(0xff, 0xff, MODRM | NEAR, G(2), R, S_V, 0, X86_PUSH), /* call */
    ROW(0xff, 0xff, MODRM | NEAR, G(4), R, S_V, 0, 0),
    ROW(0xff, 0xff, MODRM | DEF64, G(6), R, S_V, 0, X86_PUSH),
};

#define MAP(rows) \
    { \
        rows, sizeof(rows) / sizeof((rows)[0]) \
    }

const struct x86_rows xmi_x86_rows_one = MAP(one);
