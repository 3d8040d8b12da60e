/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A64: its registers on this processor, and its classes of encodings. */
#include <string.h>
#include <sys/ucontext.h>

#include "proof.h"

/* ---- registers ---- */

void native_put(void *context, const struct arm_regs *in)
{
    mcontext_t *m = &((ucontext_t *)context)->uc_mcontext;
    memcpy(m->regs, in->x, sizeof(in->x));
    m->sp = in->sp_el0;
    m->pc = in->pc;
    m->pstate = (m->pstate & ~(unsigned long long)NATIVE_FLAGS) | (in->cpsr & NATIVE_FLAGS);
}

void native_get(const void *context, struct arm_regs *out)
{
    const mcontext_t *m = &((const ucontext_t *)context)->uc_mcontext;
    memcpy(out->x, m->regs, sizeof(out->x));
    out->sp_el0 = m->sp;
    out->pc = m->pc;
    out->cpsr = (out->cpsr & ~(uint64_t)NATIVE_FLAGS) | (m->pstate & NATIVE_FLAGS);
}

void native_copy(void *to, const void *from)
{
    mcontext_t *t = &((ucontext_t *)to)->uc_mcontext;
    const mcontext_t *f = &((const ucontext_t *)from)->uc_mcontext;
    memcpy(t->regs, f->regs, sizeof(t->regs));
    t->sp = f->sp;
    t->pc = f->pc;
    t->pstate = f->pstate;
}

void native_skip_trap(void *context)
{
    ((ucontext_t *)context)->uc_mcontext.pc += 4;
}

__attribute__((noinline)) void native_trap(void)
{
    __asm__ volatile("brk #1" ::: "memory", "cc");
}

/* ---- the classes of A64; those with a V bit, and what none must do, at the end ---- */

static const struct row rows[] = {
    {"LDR/STR unsigned offset", "xx111001xx iiiiiiiiiiii nnnnn ttttt", NULL, 6, 50},
    {"LDUR/STUR", "xx111000xx0 iiiiiiiii 00 nnnnn ttttt", NULL, 4, 50},
    {"LDR/STR post-index", "xx111000xx0 iiiiiiiii 01 nnnnn ttttt", NULL, 5, 50},
    {"LDTR/STTR", "xx111000xx0 iiiiiiiii 10 nnnnn ttttt", NULL, 3, 50},
    {"LDR/STR pre-index", "xx111000xx0 iiiiiiiii 11 nnnnn ttttt", NULL, 5, 50},
    {"LDR/STR register", "xx111000xx1 mmmmm x1xx 10 nnnnn ttttt", NULL, 6, 40},
    {"LDR/STR register, any extend", "xx111000xx1 mmmmm xxxx 10 nnnnn ttttt", NULL, 1, 20},
    {"LDR literal, near", "xx011000 11111iiiiiiiiiiiiii ttttt", NULL, 3, 50},
    {"LDR literal", "xx011000 iiiiiiiiiiiiiiiiiii ttttt", NULL, 1, 1},
    {"LDNP/STNP", "x01010000x iiiiiii ddddd nnnnn ttttt", NULL, 3, 60},
    {"LDP/STP post-index", "x01010001x iiiiiii ddddd nnnnn ttttt", NULL, 4, 60},
    {"LDP/STP", "x01010010x iiiiiii ddddd nnnnn ttttt", NULL, 4, 60},
    {"LDP/STP pre-index", "x01010011x iiiiiii ddddd nnnnn ttttt", NULL, 4, 60},
    {"LDPSW", "0110100xx1 iiiiiii ddddd nnnnn ttttt", NULL, 3, 40},
    {"LDAPUR/STLUR", "xx011001xx0 iiiiiiiii 00 nnnnn ttttt", NULL, 3, 20},
    {"LDAR/STLR", "xx0010001x0 11111 1 11111 nnnnn ttttt", NULL, 3, 50},
    {"LDLAR/STLLR", "xx0010001x0 11111 0 11111 nnnnn ttttt", NULL, 2, 50},
    {"LDAPR", "xx111000101 11111 110000 nnnnn ttttt", NULL, 2, 50},
    {"LDXR/LDAXR", "xx001000010 11111 x 11111 nnnnn ttttt", NULL, 2, 50},
    {"LDXP/LDAXP", "1x001000011 11111 x ddddd nnnnn ttttt", NULL, 2, 50},
    {"STXR/STLXR alone", "xx001000000 sssss x 11111 nnnnn ttttt", NULL, 2, 40},
    {"STXP/STLXP alone", "1x001000001 sssss x ddddd nnnnn ttttt", NULL, 2, 40},
    {"LDXR, STXR", "xx001000010 11111 x 11111 nnnnn ttttt", "xx001000000 sssss x 11111 nnnnn ttttt",
     4, 30},
    {"LDXP, STXP", "1x001000011 11111 x ddddd nnnnn ttttt", "1x001000001 sssss x ddddd nnnnn ttttt",
     4, 30},
    {"LDXR, CLREX", "xx001000010 11111 x 11111 nnnnn ttttt", "11010101000000110011 xxxx 010 11111",
     1, 0},
    {"CAS", "xx0010001x1 sssss x 11111 nnnnn ttttt", NULL, 4, 50},
    {"CASP", "0x0010000x1 ssss0 x 11111 nnnnn tttt0", NULL, 4, 40},
    {"LDADD and others", "xx111000xx1 sssss 0xxx00 nnnnn ttttt", NULL, 6, 50},
    {"SWP", "xx111000xx1 sssss 100000 nnnnn ttttt", NULL, 3, 50},
    {"PRFM", "1111100110 iiiiiiiiiiii nnnnn ttttt", NULL, 1, 50},
    {"PRFUM", "11111000100 iiiiiiiii 00 nnnnn ttttt", NULL, 1, 50},
    {"PRFM register", "11111000101 mmmmm x1xx 10 nnnnn ttttt", NULL, 1, 20},
    {"PRFM literal", "11011000 iiiiiiiiiiiiiiiiiii ttttt", NULL, 1, 50},
    {"DC ZVA", "11010101000 01011 0111 0100 001 nnnnn", NULL, 1, 50},
    {"DC CVAC, CVAU, CIVAC, IC IVAU", "11010101000 01011 0111 xxxx 001 nnnnn", NULL, 1, 5},
    {"ADD/SUB immediate", "xxx100010x iiiiiiiiiiii nnnnn ddddd", NULL, 2, 60},
    {"AND, ORR, EOR immediate", "xxx100100x iiiiiiiiiiii xxxxx ddddd", NULL, 2, 20},
    {"MOVZ, MOVN, MOVK", "xxx100101xx iiiiiiiiiiiiiiii ddddd", NULL, 2, 40},
    {"SBFM, BFM, UBFM", "xxx100110x iiiiiiiiiiii xxxxx ddddd", NULL, 2, 15},
    {"EXTR", "x00100111x0 xxxxx xxxxxx xxxxx ddddd", NULL, 1, 20},
    {"ADR, ADRP", "xxx10000 xxxxxxxxxxxxxxxxxxx ddddd", NULL, 1, 60},
    {"AND, ORR, EOR register", "xxx01010xxx xxxxx xxxxxx xxxxx ddddd", NULL, 2, 40},
    {"ADD/SUB register", "xxx01011xx0 xxxxx xxxxxx xxxxx ddddd", NULL, 2, 40},
    {"ADD/SUB extended", "xxx01011001 xxxxx xxx0xx xxxxx ddddd", NULL, 2, 40},
    {"ADC, SBC", "xxx11010000 xxxxx 000000 xxxxx ddddd", NULL, 1, 60},
    {"CCMN, CCMP", "xx111010010 xxxxx xxxxx0 xxxxx 0xxxx", NULL, 1, 60},
    {"CSEL and others", "xx011010100 xxxxx xxxxxx xxxxx ddddd", NULL, 2, 20},
    {"UDIV, LSLV and others", "x0011010110 xxxxx 00xxxx xxxxx ddddd", NULL, 2, 20},
    {"REV, CLZ and others", "x1011010110 00000 000xxx xxxxx ddddd", NULL, 2, 30},
    {"MADD, MSUB", "x0011011000 xxxxx xxxxxx xxxxx ddddd", NULL, 1, 60},
    {"SMADDL and others", "10011011xxx xxxxx xxxxxx xxxxx ddddd", NULL, 1, 20},
    {"B, BL", "x00101 xxxxxxxxxxxxxxxxxxxxxxxxxx", NULL, 1, 60},
    {"B.cond", "01010100 xxxxxxxxxxxxxxxxxxx 0 xxxx", NULL, 1, 60},
    {"CBZ, CBNZ", "x011010x xxxxxxxxxxxxxxxxxxx xxxxx", NULL, 1, 60},
    {"TBZ, TBNZ", "x011011x xxxxxxxxxxxxxxxxxxx xxxxx", NULL, 1, 60},
    {"BR, BLR, RET", "1101011000x 11111 000000 xxxxx 00000", NULL, 1, 20},
    {"hints", "11010101000000110010 0000 xxx 11111", NULL, 1, 10},
    {"CLREX, DMB, DSB, ISB", "11010101000000110011 xxxx 1xx 11111", NULL, 1, 20},
    {"any load or store", "xxxx1x0xxxx xxxxx xxxxxx nnnnn ttttt", NULL, 4, 1},
    {"any word", "xxxxxxxxxxx xxxxx xxxxxx nnnnn xxxxx", NULL, 4, 1},
    {"vector LDR/STR", "xx11110xxxx xxxxx xxxxxx nnnnn ttttt", NULL, 1, NEVER},
    {"vector LDP/STP", "xx10110xxxx xxxxx xxxxxx nnnnn ttttt", NULL, 1, NEVER},
    {"vector LD1 and others", "0x00110xxxx xxxxx xxxxxx nnnnn ttttt", NULL, 1, NEVER},
    {"SVC, HVC, SMC, BRK, HLT", "11010100xxx xxxxxxxxxxxxxxxx xxxxx", NULL, 1, NEVER},
};

const struct row_set row_sets[] = {
    {"A64", ARM_A64, rows, sizeof(rows) / sizeof(rows[0]), 850000},
};
const unsigned n_row_sets = 1;
