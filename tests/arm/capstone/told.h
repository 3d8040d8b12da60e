/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Differences that are right. */
#define NOT_KNOWN "of Armv8.1 and later, which capstone does not know"
#define NOT_ONES "bits that should be ones are not: the guest may find out what that does"
#define TOLD_LDTR 0x38000800u
static struct told told[] = {
    {ARM_A64, 0x3f200c00, 0x38200000, 0, "LDADD, SWP, LDAPR, ...: " NOT_KNOWN, 0},
    {ARM_A64, 0x3fa07c00, 0x08a07c00, 0, "CAS: " NOT_KNOWN, 0},
    {ARM_A64, 0xbfa07c00, 0x08207c00, 0, "CASP: " NOT_KNOWN, 0},
    {ARM_A64, 0x3fa0fc00, 0x08807c00, 0, "LDLAR, STLLR: " NOT_KNOWN, 0},
    {ARM_A64, 0x3f200c00, 0x19000000, 0, "LDAPUR, STLUR: " NOT_KNOWN, 0},
    {ARM_A64, 0x3fe00000, 0x08400000, 0x001f7c00, "LDXR: " NOT_ONES, 0},
    {ARM_A64, 0x3fe00000, 0x08600000, 0x001f0000, "LDXP: " NOT_ONES, 0},
    {ARM_A64, 0x3fe00000, 0x08000000, 0x00007c00, "STXR: " NOT_ONES, 0},
    {ARM_A64, 0x3fa00000, 0x08800000, 0x001f7c00, "LDAR, STLR: " NOT_ONES, 0},
    {ARM_A32, 0x0e400000, 0x08400000, 0, "LDM, STM of another mode's registers: not decoded", 0},
    {ARM_A64, 0x3f200c00, TOLD_LDTR, 0,
     "LDTR into its base: it writes nothing back, capstone minds", 0},
    {ARM_A32, 0x0fb000f0, 0x01000090, 0, "SWP: gone in Armv8, which capstone is asked for", 0},
    {ARM_T32, 0xfff0ffe0, 0xe8d0f000, 0, "TBB, TBH: a load here, a branch there", 0},
    {0, 0, 0, 0, NULL, 0},
};
