/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "x86/x86-int.h"

#define P_BOTH (P_NONE | P_66)
#define ROW(value, mask, flags, prefixes, regs, access, size, imm, op) \
    { \
        value, mask, flags, prefixes, regs, access, size, imm, op \
    }
/* Of general registers; of vectors; the same with VEX; of MMX registers. */
#define OPERAND(value, mask, access, size, imm) \
    ROW(value, mask, MODRM, P_ANY, 0, access, size, imm, 0)
#define PLAIN(value, mask, flags, imm, op) ROW(value, mask, flags, P_ANY, 0, 0, 0, imm, op)
#define GROUP(value, flags, regs, access, size, imm) \
    ROW(value, 0xff, MODRM | (flags), P_ANY, regs, access, size, imm, 0)
#define SSE(value, mask, prefixes, access, size, imm) \
    ROW(value, mask, MODRM, prefixes, 0, access, size, imm, 0)
#define AVX(value, mask, prefixes, access, size, imm) \
    ROW(value, mask, MODRM | VEX, prefixes, 0, access, size, imm, 0)
#define VEX_ONLY(value, mask, prefixes, access, size, imm) \
    ROW(value, mask, MODRM | VEX_ALONE, prefixes, 0, access, size, imm, 0)

static const struct x86_row two[] = {
    GROUP(0x00, 0, G(0) | G(1), W, 2, 0), /* sldt, str */
    GROUP(0x01, MEMORY, G(0) | G(1), W, S_TABLE, 0),
    GROUP(0x01, MEMORY, G(2) | G(3), R, S_TABLE, 0),
    GROUP(0x01, 0, G(4), W, 2, 0),      /* smsw */
    GROUP(0x01, 0, G(6), R, 2, 0),      /* lmsw */
    GROUP(0x01, MEMORY, G(7), 0, 0, 0), /* invlpg */
    PLAIN(0x06, 0xff, 0, 0, 0),
    PLAIN(0x08, 0xfe, 0, 0, 0),
    GROUP(0x0d, MEMORY, 0, 0, 0, 0), /* prefetch */
    /* moves of vectors */
    AVX(0x10, 0xff, P_BOTH, R, S_X, 0),
    AVX(0x11, 0xff, P_BOTH, W, S_X, 0),
    AVX(0x10, 0xff, P_F3, R, 4, 0),
    AVX(0x11, 0xff, P_F3, W, 4, 0),
    AVX(0x10, 0xff, P_F2, R, 8, 0),
    AVX(0x11, 0xff, P_F2, W, 8, 0),
    AVX(0x12, 0xff, P_BOTH, R, 8, 0),
    AVX(0x12, 0xff, P_F3, R, S_X, 0),
    AVX(0x12, 0xff, P_F2, R, S_DUP, 0),
    AVX(0x13, 0xff, P_BOTH, W, 8, 0),
    AVX(0x14, 0xfe, P_BOTH, R, S_X, 0),
    AVX(0x16, 0xff, P_BOTH, R, 8, 0),
    AVX(0x16, 0xff, P_F3, R, S_X, 0),
    AVX(0x17, 0xff, P_BOTH, W, 8, 0),
    GROUP(0x18, MEMORY, G(0) | G(1) | G(2) | G(3), 0, 0, 0), /* prefetch */
    OPERAND(0x1e, 0xfe, 0, 0, 0),                            /* nop, endbr */
    AVX(0x28, 0xff, P_BOTH, R, S_X, 0),
    AVX(0x29, 0xff, P_BOTH, W, S_X, 0),
    SSE(0x2a, 0xff, P_BOTH, R, 8, 0),
    AVX(0x2a, 0xff, P_F3 | P_F2, R, S_Y, 0),
    AVX(0x2b, 0xff, P_BOTH, W, S_X, 0),
    SSE(0x2c, 0xfe, P_NONE, R, 8, 0),
    SSE(0x2c, 0xfe, P_66, R, 16, 0),
    AVX(0x2c, 0xfe, P_F3, R, 4, 0),
    AVX(0x2c, 0xfe, P_F2, R, 8, 0),
    AVX(0x2e, 0xfe, P_NONE, R, 4, 0),
    AVX(0x2e, 0xfe, P_66, R, 8, 0),
    PLAIN(0x30, 0xfc, 0, 0, 0),     /* wrmsr, rdtsc, rdmsr, rdpmc */
    OPERAND(0x40, 0xf0, R, S_V, 0), /* cmov */
    ROW(0x50, 0xff, MODRM | REGS | VEX, P_BOTH, 0, 0, 0, 0, 0),
    AVX(0x51, 0xff, P_BOTH, R, S_X, 0),
    AVX(0x52, 0xfe, P_NONE, R, S_X, 0),
    AVX(0x52, 0xfe, P_F3, R, 4, 0),
    AVX(0x54, 0xfc, P_BOTH, R, S_X, 0),
    AVX(0x5a, 0xff, P_NONE, R, S_HALF, 0),
    AVX(0x5b, 0xff, P_NONE | P_66 | P_F3, R, S_X, 0),
    AVX(0x58, 0xf8, P_BOTH, R, S_X, 0),
    AVX(0x51, 0xff, P_F3, R, 4, 0),
    AVX(0x51, 0xff, P_F2, R, 8, 0),
    AVX(0x58, 0xfe, P_F3, R, 4, 0),
    AVX(0x58, 0xfe, P_F2, R, 8, 0),
    AVX(0x5a, 0xff, P_F3, R, 4, 0),
    AVX(0x5a, 0xff, P_F2, R, 8, 0),
    AVX(0x5c, 0xfc, P_F3, R, 4, 0),
    AVX(0x5c, 0xfc, P_F2, R, 8, 0),
    SSE(0x60, 0xfe, P_NONE, R, 4, 0), /* punpckl */
    SSE(0x62, 0xff, P_NONE, R, 4, 0),
    SSE(0x63, 0xff, P_NONE, R, 8, 0),
    SSE(0x64, 0xfc, P_NONE, R, 8, 0),
    SSE(0x68, 0xfc, P_NONE, R, 8, 0),
    AVX(0x60, 0xf8, P_66, R, S_X, 0),
    AVX(0x68, 0xfc, P_66, R, S_X, 0),
    AVX(0x6c, 0xfe, P_66, R, S_X, 0),
    SSE(0x6e, 0xff, P_NONE, R, S_Y, 0),
    AVX(0x6e, 0xff, P_66, R, S_Y, 0),
    SSE(0x6f, 0xff, P_NONE, R, 8, 0),
    AVX(0x6f, 0xff, P_66 | P_F3, R, S_X, 0),
    SSE(0x70, 0xff, P_NONE, R, 8, 1),
    AVX(0x70, 0xff, P_66 | P_F3 | P_F2, R, S_X, 1),
    ROW(0x71, 0xff, MODRM | REGS | VEX, P_66, 0, 0, 0, 1, 0),
    ROW(0x72, 0xfe, MODRM | REGS | VEX, P_66, 0, 0, 0, 1, 0),
    ROW(0x71, 0xff, MODRM | REGS, P_NONE, 0, 0, 0, 1, 0),
    ROW(0x72, 0xfe, MODRM | REGS, P_NONE, 0, 0, 0, 1, 0),
    SSE(0x74, 0xfe, P_NONE, R, 8, 0),
    SSE(0x76, 0xff, P_NONE, R, 8, 0),
    AVX(0x74, 0xfe, P_66, R, S_X, 0),
    AVX(0x76, 0xff, P_66, R, S_X, 0),
    ROW(0x77, 0xff, VEX, P_NONE, 0, 0, 0, 0, 0),
    AVX(0x7c, 0xfe, P_66 | P_F2, R, S_X, 0),
    SSE(0x7e, 0xff, P_NONE, W, S_Y, 0),
    AVX(0x7e, 0xff, P_66, W, S_Y, 0),
    AVX(0x7e, 0xff, P_F3, R, 8, 0),
    SSE(0x7f, 0xff, P_NONE, W, 8, 0),
    AVX(0x7f, 0xff, P_66 | P_F3, W, S_X, 0),
    /* general registers again */
    PLAIN(0x80, 0xf0, NEAR, I_Z, 0),
    OPERAND(0x90, 0xf0, W, 1, 0),          /* setcc */
    PLAIN(0xa0, 0xf7, DEF64, 0, X86_PUSH), /* fs, gs */
    PLAIN(0xa2, 0xff, 0, 0, 0),
    ROW(0xa3, 0xff, MODRM, P_ANY, 0, R, S_V, 0, X86_BITS),
    OPERAND(0xa4, 0xf7, RW, S_V, 1), /* shld, shrd */
    OPERAND(0xa5, 0xf7, RW, S_V, 0),
    ROW(0xab, 0xff, MODRM, P_ANY, 0, RW, S_V, 0, X86_BITS),
    ROW(0xae, 0xff, MODRM | MEMORY, P_NONE, G(0), W, S_FX, 0, 0),
    ROW(0xae, 0xff, MODRM | MEMORY, P_NONE, G(1), R, S_FX, 0, 0),
    ROW(0xae, 0xff, MODRM | MEMORY | VEX, P_NONE, G(2), R, 4, 0, 0),
    ROW(0xae, 0xff, MODRM | MEMORY | VEX, P_NONE, G(3), W, 4, 0, 0),
    ROW(0xae, 0xff, MODRM | REGS, P_NONE, G(5) | G(6) | G(7), 0, 0, 0, 0), /* fences */
    ROW(0xae, 0xff, MODRM | MEMORY, P_BOTH, G(7), R, 1, 0, 0),             /* clflush */
    ROW(0xae, 0xff, MODRM | MEMORY, P_66, G(6), R, 1, 0, 0),
    OPERAND(0xaf, 0xff, R, S_V, 0),
    OPERAND(0xb0, 0xff, RW, 1, 0), /* cmpxchg */
    OPERAND(0xb1, 0xff, RW, S_V, 0),
    ROW(0xb3, 0xff, MODRM, P_ANY, 0, RW, S_V, 0, X86_BITS),
    OPERAND(0xb6, 0xff, R, 1, 0), /* movzx */
    OPERAND(0xb7, 0xff, R, 2, 0),
    SSE(0xb8, 0xff, P_F3, R, S_V, 0), /* popcnt */
    GROUP(0xba, 0, G(4), R, S_V, 1),
    GROUP(0xba, 0, G(5) | G(6) | G(7), RW, S_V, 1),
    ROW(0xbb, 0xff, MODRM, P_ANY, 0, RW, S_V, 0, X86_BITS),
    OPERAND(0xbc, 0xfe, R, S_V, 0),
    OPERAND(0xbe, 0xff, R, 1, 0), /* movsx */
    OPERAND(0xbf, 0xff, R, 2, 0),
    OPERAND(0xc0, 0xff, RW, 1, 0), /* xadd */
    OPERAND(0xc1, 0xff, RW, S_V, 0),
    AVX(0xc2, 0xff, P_BOTH, R, S_X, 1),
    AVX(0xc2, 0xff, P_F3, R, 4, 1),
    AVX(0xc2, 0xff, P_F2, R, 8, 1),
    ROW(0xc3, 0xff, MODRM | MEMORY, P_NONE, 0, W, S_Y, 0, 0), /* movnti */
    SSE(0xc4, 0xff, P_NONE, R, 2, 1),
    AVX(0xc4, 0xff, P_66, R, 2, 1),
    ROW(0xc5, 0xff, MODRM | REGS, P_NONE, 0, 0, 0, 1, 0),
    ROW(0xc5, 0xff, MODRM | REGS | VEX, P_66, 0, 0, 0, 1, 0),
    AVX(0xc6, 0xff, P_BOTH, R, S_X, 1),
    ROW(0xc7, 0xff, MODRM | MEMORY, P_ANY, G(1), RW, S_TWO, 0, 0), /* cmpxchg8b, -16b */
    PLAIN(0xc8, 0xf8, 0, 0, 0),                                    /* bswap */
    /* vectors of numbers; those by which others are shifted have 16 bytes */
    AVX(0xd0, 0xff, P_66 | P_F2, R, S_X, 0),
    AVX(0xd1, 0xff, P_66, R, 16, 0),
    AVX(0xd2, 0xfe, P_66, R, 16, 0),
    AVX(0xe1, 0xff, P_66, R, 16, 0),
    AVX(0xe2, 0xff, P_66, R, 16, 0),
    AVX(0xf1, 0xff, P_66, R, 16, 0),
    AVX(0xf2, 0xfe, P_66, R, 16, 0),
    AVX(0xd6, 0xff, P_66, W, 8, 0),
    ROW(0xd6, 0xff, MODRM | REGS, P_F3 | P_F2, 0, 0, 0, 0, 0),
    ROW(0xd7, 0xff, MODRM | REGS, P_NONE, 0, 0, 0, 0, 0),
    ROW(0xd7, 0xff, MODRM | REGS | VEX, P_66, 0, 0, 0, 0, 0),
    AVX(0xe6, 0xff, P_F3, R, S_HALF, 0),
    AVX(0xe6, 0xff, P_66 | P_F2, R, S_X, 0),
    ROW(0xe7, 0xff, MODRM | MEMORY, P_NONE, 0, W, 8, 0, 0),
    ROW(0xe7, 0xff, MODRM | MEMORY | VEX, P_66, 0, W, S_X, 0, 0),
    ROW(0xf0, 0xff, MODRM | MEMORY | VEX, P_F2, 0, R, S_X, 0, 0),
    SSE(0xd1, 0xff, P_NONE, R, 8, 0),
    SSE(0xd2, 0xfe, P_NONE, R, 8, 0),
    SSE(0xd4, 0xfe, P_NONE, R, 8, 0),
    SSE(0xd8, 0xf8, P_NONE, R, 8, 0),
    SSE(0xe0, 0xfc, P_NONE, R, 8, 0),
    SSE(0xe4, 0xfe, P_NONE, R, 8, 0),
    SSE(0xe8, 0xf8, P_NONE, R, 8, 0),
    SSE(0xf1, 0xff, P_NONE, R, 8, 0),
    SSE(0xf2, 0xfe, P_NONE, R, 8, 0),
    SSE(0xf4, 0xfe, P_NONE, R, 8, 0),
    SSE(0xf6, 0xff, P_NONE, R, 8, 0),
    SSE(0xf8, 0xfc, P_NONE, R, 8, 0),
    SSE(0xfc, 0xfe, P_NONE, R, 8, 0),
    SSE(0xfe, 0xff, P_NONE, R, 8, 0),
    AVX(0xd4, 0xfe, P_66, R, S_X, 0),
    AVX(0xd8, 0xf8, P_66, R, S_X, 0),
    AVX(0xe0, 0xff, P_66, R, S_X, 0),
    AVX(0xe3, 0xff, P_66, R, S_X, 0),
    AVX(0xe4, 0xfe, P_66, R, S_X, 0),
    AVX(0xe8, 0xf8, P_66, R, S_X, 0),
    AVX(0xf4, 0xfe, P_66, R, S_X, 0),
    AVX(0xf6, 0xff, P_66, R, S_X, 0),
    AVX(0xf8, 0xfc, P_66, R, S_X, 0),
    AVX(0xfc, 0xfe, P_66, R, S_X, 0),
    AVX(0xfe, 0xff, P_66, R, S_X, 0),
};

static const struct x86_row two_38[] = {
    SSE(0x00, 0xf8, P_NONE, R, 8, 0),
    SSE(0x08, 0xfc, P_NONE, R, 8, 0),
    AVX(0x00, 0xf8, P_66, R, S_X, 0),
    AVX(0x08, 0xfc, P_66, R, S_X, 0),
    SSE(0x10, 0xff, P_66, R, 16, 0),
    SSE(0x14, 0xfe, P_66, R, 16, 0),
    AVX(0x17, 0xff, P_66, R, S_X, 0),
    VEX_ONLY(0x18, 0xff, P_66, R, 4, 0), /* broadcasts */
    VEX_ONLY(0x19, 0xff, P_66, R, 8, 0),
    VEX_ONLY(0x58, 0xff, P_66, R, 4, 0),
    VEX_ONLY(0x59, 0xff, P_66, R, 8, 0),
    VEX_ONLY(0x78, 0xff, P_66, R, 1, 0),
    VEX_ONLY(0x79, 0xff, P_66, R, 2, 0),
    SSE(0x1c, 0xfe, P_NONE, R, 8, 0),
    SSE(0x1e, 0xff, P_NONE, R, 8, 0),
    AVX(0x1c, 0xfe, P_66, R, S_X, 0),
    AVX(0x1e, 0xff, P_66, R, S_X, 0),
    SSE(0x20, 0xef, P_66, R, 8, 0), /* pmovsx, pmovzx */
    SSE(0x21, 0xef, P_66, R, 4, 0),
    SSE(0x22, 0xef, P_66, R, 2, 0),
    SSE(0x23, 0xef, P_66, R, 8, 0),
    SSE(0x24, 0xef, P_66, R, 4, 0),
    SSE(0x25, 0xef, P_66, R, 8, 0),
    AVX(0x28, 0xfe, P_66, R, S_X, 0),
    ROW(0x2a, 0xff, MODRM | MEMORY | VEX, P_66, 0, R, S_X, 0, 0),
    AVX(0x2b, 0xff, P_66, R, S_X, 0),
    AVX(0x37, 0xff, P_66, R, S_X, 0),
    AVX(0x38, 0xf8, P_66, R, S_X, 0),
    AVX(0x40, 0xff, P_66, R, S_X, 0),
    SSE(0x41, 0xff, P_66, R, 16, 0),
    SSE(0xc8, 0xfc, P_NONE, R, 16, 0), /* sha */
    SSE(0xcc, 0xfe, P_NONE, R, 16, 0),
    SSE(0xdb, 0xff, P_66, R, 16, 0), /* aes */
    SSE(0xdc, 0xfc, P_66, R, 16, 0),
    ROW(0xf0, 0xff, MODRM | MEMORY, P_BOTH, 0, R, S_V, 0, 0), /* movbe */
    ROW(0xf1, 0xff, MODRM | MEMORY, P_BOTH, 0, W, S_V, 0, 0),
    SSE(0xf0, 0xff, P_F2, R, 1, 0), /* crc32 */
    SSE(0xf1, 0xff, P_F2, R, S_V, 0),
    SSE(0xf6, 0xff, P_66 | P_F3, R, S_Y, 0),
};

static const struct x86_row two_3a[] = {
    AVX(0x08, 0xfe, P_66, R, S_X, 1), AVX(0x0a, 0xff, P_66, R, 4, 1),
    AVX(0x0b, 0xff, P_66, R, 8, 1),   AVX(0x0c, 0xfc, P_66, R, S_X, 1),
    SSE(0x0f, 0xff, P_NONE, R, 8, 1), AVX(0x14, 0xff, P_66, W, 1, 1), /* pextr */
    AVX(0x15, 0xff, P_66, W, 2, 1),   AVX(0x16, 0xff, P_66, W, S_Y, 1),
    AVX(0x17, 0xff, P_66, W, 4, 1),   AVX(0x20, 0xff, P_66, R, 1, 1), /* pinsr */
    AVX(0x21, 0xff, P_66, R, 4, 1),   AVX(0x22, 0xff, P_66, R, S_Y, 1),
    AVX(0x40, 0xff, P_66, R, S_X, 1), AVX(0x42, 0xff, P_66, R, S_X, 1),
    SSE(0x41, 0xff, P_66, R, 16, 1),  SSE(0x44, 0xff, P_66, R, 16, 1),
    SSE(0x60, 0xfc, P_66, R, 16, 1),  SSE(0xcc, 0xff, P_NONE, R, 16, 1),
    SSE(0xdf, 0xff, P_66, R, 16, 1),
};

#define MAP(rows) \
    { \
        rows, sizeof(rows) / sizeof((rows)[0]) \
    }

const struct x86_rows xmi_x86_rows_0f = MAP(two);
const struct x86_rows xmi_x86_rows_0f38 = MAP(two_38);
const struct x86_rows xmi_x86_rows_0f3a = MAP(two_3a);
