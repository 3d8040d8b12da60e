/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A32 and T32: its registers on this processor, and its classes of encodings. */
#include <string.h>
#include <sys/ucontext.h>

#include "proof.h"

/* ---- registers ---- */

void native_put(void *context, const struct arm_regs *in)
{
    mcontext_t *m = &((ucontext_t *)context)->uc_mcontext;
    unsigned long *r = &m->arm_r0;
    for (unsigned i = 0; i < NATIVE_REGS; i++)
        r[i] = (unsigned long)in->x[i];
    m->arm_pc = (unsigned long)in->pc;
    m->arm_cpsr = (m->arm_cpsr & ~(unsigned long)NATIVE_FLAGS) | (in->cpsr & NATIVE_FLAGS);
}

void native_get(const void *context, struct arm_regs *out)
{
    const mcontext_t *m = &((const ucontext_t *)context)->uc_mcontext;
    const unsigned long *r = &m->arm_r0;
    for (unsigned i = 0; i < NATIVE_REGS; i++)
        out->x[i] = r[i];
    out->pc = m->arm_pc;
    out->cpsr = (out->cpsr & ~(uint64_t)NATIVE_FLAGS) | (m->arm_cpsr & NATIVE_FLAGS);
}

void native_copy(void *to, const void *from)
{
    memcpy(&((ucontext_t *)to)->uc_mcontext, &((const ucontext_t *)from)->uc_mcontext,
           sizeof(mcontext_t));
}

void native_skip_trap(void *context)
{
    ((ucontext_t *)context)->uc_mcontext.arm_pc += 4;
}

/* Not every emulator's return from a signal clears the monitor, as the processor's does. */
__attribute__((noinline)) void native_trap(void)
{
    __asm__ volatile(".arch armv7-a\n clrex\n bkpt #0" ::: "memory", "cc");
}

/* ---- the classes of A32 and T32; what none must do, at the end of each ---- */

/* Half of what has a condition is passed over: it is done too, as nothing. */
static const struct row a32[] = {
    {"LDR/STR immediate", "1110010xxxxx nnnn tttt iiiiiiiiiiii", NULL, 6, 30},
    {"LDR/STR immediate, conditional", "0xxx010xxxxx nnnn tttt iiiiiiiiiiii", NULL, 3, 30},
    {"LDR/STR register", "1110011xxxxx nnnn tttt iiiii xx0 mmmm", NULL, 6, 20},
    {"LDR/STR register, LSL", "1110011xxxxx nnnn tttt 000ii 000 mmmm", NULL, 3, 20},
    {"STRH/LDRH immediate", "1110000xx1xx nnnn tttt iiii 1011 iiii", NULL, 4, 30},
    {"STRH/LDRH register", "1110000xx0xx nnnn tttt 0000 1011 mmmm", NULL, 4, 30},
    {"LDRSB, LDRD immediate", "1110000xx1xx nnnn tttt iiii 1101 iiii", NULL, 4, 20},
    {"LDRSB, LDRD register", "1110000xx0xx nnnn tttt 0000 1101 mmmm", NULL, 4, 20},
    {"LDRSH, STRD immediate", "1110000xx1xx nnnn tttt iiii 1111 iiii", NULL, 4, 20},
    {"LDRSH, STRD register", "1110000xx0xx nnnn tttt 0000 1111 mmmm", NULL, 4, 20},
    {"extra loads and stores, conditional", "0xxx000xxxxx nnnn tttt xxxx 1xx1 mmmm", NULL, 2, 20},
    {"LDM/STM", "1110100xx0xx nnnn rrrrrrrrrrrrrrrr", NULL, 8, 30},
    {"LDM/STM conditional", "0xxx100xx0xx nnnn rrrrrrrrrrrrrrrr", NULL, 3, 30},
    {"LDA", "111000011xx1 nnnn tttt 1100 1001 1111", NULL, 3, 20},
    {"STL", "111000011xx0 nnnn 1111 1100 1001 tttt", NULL, 3, 20},
    {"LDREX, LDREXD and others", "111000011xx1 nnnn tttt 111x 1001 1111", NULL, 3, 20},
    {"STREX alone", "111000011xx0 nnnn dddd 111x 1001 tttt", NULL, 2, 10},
    {"LDREX, STREX", "111000011001 nnnn tttt 111x 1001 1111",
     "111000011000 nnnn dddd 111x 1001 tttt", 3, 20},
    {"LDREXD, STREXD", "111000011011 nnnn ttt0 111x 1001 1111",
     "111000011010 nnnn dddd 111x 1001 ttt0", 3, 20},
    {"LDREXB, STREXB", "111000011101 nnnn tttt 111x 1001 1111",
     "111000011100 nnnn dddd 111x 1001 tttt", 2, 20},
    {"LDREXH, STREXH", "111000011111 nnnn tttt 111x 1001 1111",
     "111000011110 nnnn dddd 111x 1001 tttt", 2, 20},
    {"PLD, PLDW, PLI immediate", "11110 10xxx01 nnnn 1111 iiiiiiiiiiii", NULL, 1, 20},
    {"PLD, PLDW, PLI register", "11110 11xxx01 nnnn 1111 iiiii xx0 mmmm", NULL, 1, 20},
    {"data processing immediate", "xxxx001 xxxxx xxxx dddd iiiiiiiiiiii", NULL, 4, 20},
    {"data processing register", "xxxx000 xxxxx xxxx dddd iiiii xx0 mmmm", NULL, 4, 20},
    {"data processing by register", "xxxx000 xxxxx xxxx dddd ssss 0xx1 mmmm", NULL, 4, 10},
    {"MOVW, MOVT", "xxxx00110x00 iiii dddd iiiiiiiiiiii", NULL, 1, 40},
    {"B, BL", "xxxx101x xxxxxxxxxxxxxxxxxxxxxxxx", NULL, 1, 10},
    {"SXTB, REV and others", "1110 01101xxx xxxx dddd xx00 0xx1 mmmm", NULL, 1, 0},
    {"any load or store", "xxxx01xxxxxx nnnn tttt xxxxxxxxxxxx", NULL, 3, 10},
    {"any word", "xxxxxxxxxxxx nnnn tttt xxxxxxxxxxxx", NULL, 4, 1},
    {"VLDR, VLDM and others", "xxxx110xxxxx nnnn tttt 101x xxxxxxxx", NULL, 1, NEVER},
    {"VLD1 and others", "111101000xx0 nnnn tttt xxxxxxxxxxxx", NULL, 1, NEVER},
    {"SVC", "11101111xxxxxxxxxxxxxxxxxxxxxxxx", NULL, 1, NEVER},
    {"RFE, SRS", "1111100xxxxx nnnn xxxxxxxxxxxxxxxx", NULL, 1, NEVER},
    {"MSR, HVC, SMC, BKPT", "111000010xx0 xxxx xxxx xxxx 0111 xxxx", NULL, 1, NEVER},
};

static const struct row t32[] = {
    {"LDR literal, 16", "01001 ttt iiiiiiii", NULL, 2, 40},
    {"LDR/STR register, 16", "0101 xxx mmm nnn ttt", NULL, 4, 30},
    {"LDR/STR immediate, 16", "011 x x iiiii nnn ttt", NULL, 4, 40},
    {"LDRH/STRH immediate, 16", "1000 x iiiii nnn ttt", NULL, 3, 40},
    {"LDR/STR from SP, 16", "1001 x ttt iiiiiiii", NULL, 2, 40},
    {"LDM/STM, 16", "1100 x nnn rrrrrrrr", NULL, 3, 30},
    {"PUSH, POP, 16", "1011 x10x rrrrrrrr", NULL, 3, 30},
    {"LDR/STR immediate", "11111000 1xxx nnnn tttt iiiiiiiiiiii", NULL, 6, 20},
    {"LDRSB/LDRSH immediate", "11111001 10x1 nnnn tttt iiiiiiiiiiii", NULL, 3, 20},
    {"LDR/STR 8 bits, indexed", "1111100x 0xxx nnnn tttt 1xxx iiiiiiii", NULL, 6, 15},
    {"LDR/STR register", "1111100x 0xxx nnnn tttt 000000 ii mmmm", NULL, 5, 15},
    {"LDR literal", "1111100x xxx1 1111 tttt iiiiiiiiiiii", NULL, 2, 15},
    {"LDRD/STRD", "1110100 xx1xx nnnn tttt dddd iiiiiiii", NULL, 6, 15},
    {"LDM", "1110100010x1 nnnn xx0xxxxxxxxxxxxx", NULL, 3, 20},
    {"LDMDB", "1110100100x1 nnnn xx0xxxxxxxxxxxxx", NULL, 3, 20},
    {"STM", "1110100010x0 nnnn 0x0xxxxxxxxxxxxx", NULL, 3, 20},
    {"STMDB", "1110100100x0 nnnn 0x0xxxxxxxxxxxxx", NULL, 3, 20},
    {"LDM/STM, any", "1110100 xx0xx nnnn rrrrrrrrrrrrrrrr", NULL, 2, 2},
    {"LDREX, STREX", "111010000101 nnnn tttt 1111 iiiiiiii", "111010000100 nnnn tttt dddd iiiiiiii",
     2, 0},
    {"LDREX", "111010000101 nnnn tttt 1111 iiiiiiii", NULL, 2, 10},
    {"LDREXB, LDA and others", "111010001101 nnnn tttt dddd xxxx 1111", NULL, 3, 1},
    {"LDREXB and others", "111010001101 nnnn tttt 1111 x1xx 1111", NULL, 3, 15},
    {"LDREXD", "111010001101 nnnn tttt dddd x111 1111", NULL, 2, 10},
    {"LDA", "111010001101 nnnn tttt 1111 10xx 1111", NULL, 2, 15},
    {"STL", "111010001100 nnnn tttt 1111 10xx 1111", NULL, 2, 15},
    {"STREX alone", "111010000100 nnnn tttt dddd iiiiiiii", NULL, 1, 10},
    {"STREXB, STREXH alone", "111010001100 nnnn tttt 1111 x10x dddd", NULL, 1, 10},
    {"LDREXB, STREXB", "111010001101 nnnn tttt 1111 x100 1111",
     "111010001100 nnnn tttt 1111 x100 dddd", 2, 15},
    {"LDREXH, STREXH", "111010001101 nnnn tttt 1111 x101 1111",
     "111010001100 nnnn tttt 1111 x101 dddd", 2, 15},
    {"LDREXD, STREXD", "111010001101 nnnn tttt eeee x111 1111",
     "111010001100 nnnn tttt eeee x111 dddd", 2, 10},
    {"PLD, PLI immediate", "1111100x 10x1 nnnn 1111 iiiiiiiiiiii", NULL, 1, 10},
    {"PLD, PLI register", "1111100x 00x1 nnnn 1111 000000 ii mmmm", NULL, 1, 10},
    {"TBB, TBH", "111010001101 nnnn 1111 0000 000x mmmm", NULL, 1, 0},
    {"shift, add, compare, 16", "00 xxx xxxxxxxxxxx", NULL, 3, 40},
    {"data processing, 16", "010000 xxxx xxx xxx", NULL, 2, 30},
    {"high registers, BX, 16", "010001 xx xxxxxxxx", NULL, 2, 10},
    {"ADR, ADD SP, 16", "1010 x ddd iiiiiiii", NULL, 1, 40},
    {"SXTB, CBZ, REV, IT, hints, 16", "1011 xxxx xxxxxxxx", NULL, 2, 20},
    {"B, 16", "1101 xxxx xxxxxxxx", NULL, 1, 20},
    {"data processing immediate", "11110 x0xxxxx xxxx 0iii dddd iiiiiiii", NULL, 3, 10},
    {"data processing register", "1110101 xxxxx xxxx 0iii dddd iixx mmmm", NULL, 3, 10},
    {"MOVW, MOVT", "11110 x10x100 iiii 0iii dddd iiiiiiii", NULL, 1, 20},
    {"shift, extend, register", "11111010 xxxx xxxx 1111 dddd xxxx mmmm", NULL, 1, 0},
    {"B, BL, BLX", "11110 xxxxxxxxxxx 1xxx xxxxxxxxxxxx", NULL, 1, 10},
    {"any load or store", "111x100xxxxx nnnn tttt xxxxxxxxxxxx", NULL, 3, 5},
    {"any word", "111xxxxxxxxx nnnn tttt xxxxxxxxxxxx", NULL, 3, 1},
    {"any halfword", "xxxxxxxxxxxxxxxx", NULL, 3, 10},
    {"VLDR, VLDM and others", "111x110 xxxxx nnnn tttt 101x xxxxxxxx", NULL, 1, NEVER},
    {"VLD1 and others", "11111001xxx0 nnnn tttt xxxxxxxxxxxx", NULL, 1, NEVER},
    {"SVC, UDF", "1101111x xxxxxxxx", NULL, 1, NEVER},
    {"RFE, SRS", "1110100xx00x nnnn xxxxxxxxxxxxxxxx", NULL, 1, 0},
};

const struct row_set row_sets[] = {
    {"A32", ARM_A32, a32, sizeof(a32) / sizeof(a32[0]), 450000},
    {"T32", ARM_T32, t32, sizeof(t32) / sizeof(t32[0]), 450000},
};
const unsigned n_row_sets = 2;
