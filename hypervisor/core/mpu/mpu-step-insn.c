/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Instructions that cannot be let run by themselves. */
#include <xm/mpu.h>

#define PC 15u

static unsigned field(uint32_t word, unsigned low, unsigned bits)
{
    return word >> low & ((1u << bits) - 1u);
}

/* ---- exclusives ---- */

enum exclusive { NO_EXCLUSIVE, LOAD_EXCLUSIVE, STORE_EXCLUSIVE };

static enum exclusive which(uint32_t word, unsigned load_bit)
{
    return field(word, load_bit, 1) != 0 ? LOAD_EXCLUSIVE : STORE_EXCLUSIVE;
}

/* With order or without. Compare-and-swap of pairs lies among those of A64. */
static enum exclusive exclusive(enum xm_mpu_set set, uint32_t w)
{
    switch (set) {
    case XM_MPU_A64:
        if ((w & 0x3f800000u) != 0x08000000u || (w & 0x80200000u) == 0x00200000u)
            return NO_EXCLUSIVE;
        return which(w, 22);
    case XM_MPU_A32:
        if (field(w, 28, 4) == 15 || (w & 0x0f8002f0u) != 0x01800290u)
            return NO_EXCLUSIVE;
        return which(w, 20);
    default:
        if ((w & 0xffe00000u) != 0xe8400000u && (w & 0xffe00040u) != 0xe8c00040u)
            return NO_EXCLUSIVE;
        return which(w, 20);
    }
}

static bool between(enum xm_mpu_set set, const uint32_t *word, unsigned n)
{
    for (unsigned i = 1; i < n && i <= XM_MPU_STEP_BEFORE; i++) {
        enum exclusive e = exclusive(set, word[n - 1 - i]);

        if (e != NO_EXCLUSIVE)
            return e == LOAD_EXCLUSIVE;
    }
    return false;
}

/* ---- back to itself ---- */

/* Loads, data processing and what else has a register for its result. */
static bool a32_writes_pc(uint32_t w)
{
    switch (field(w, 25, 3)) {
    case 0: /* registers: bx and blx, multiplies and the extra loads write no pc */
        if ((w & 0x0fffffc0u) == 0x012fff00u || (w & 0x0fffffffu) == 0x0160006eu) /* and eret */
            return true;
        return (w & 0x90u) != 0x90u && field(w, 23, 2) != 2 && field(w, 12, 4) == PC;
    case 1: return field(w, 23, 2) != 2 && field(w, 12, 4) == PC;
    case 2: return field(w, 20, 1) != 0 && field(w, 12, 4) == PC;
    case 3: return field(w, 4, 1) == 0 && field(w, 20, 1) != 0 && field(w, 12, 4) == PC;
    case 4: return field(w, 20, 1) != 0 && field(w, 15, 1) != 0;
    default: return false;
    }
}

static bool a32_back(uint32_t w)
{
    if ((w & 0x0effffffu) == 0x0afffffeu) /* b, bl, blx to itself */
        return true;
    if (field(w, 28, 4) == 15)
        return (w & 0xfe500000u) == 0xf8100000u; /* rfe */
    return a32_writes_pc(w);
}

static bool t16_back(unsigned h)
{
    return h == 0xe7feu || /* b to itself */
           ((h & 0xf000u) == 0xd000u && (h & 0xffu) == 0xfeu && (h & 0xe00u) != 0xe00u) ||
           (h & 0xff00u) == 0x4700u || /* bx, blx */
           (h & 0xfd87u) == 0x4487u || /* add, mov pc */
           (h & 0xff00u) == 0xbd00u;   /* pop {pc} */
}

static bool t32_back(uint32_t w)
{
    if (w >> 16 < 0xe800u)
        return t16_back(w >> 16);
    if ((w & 0xfe508000u) == 0xe8108000u) /* ldm with pc, rfe */
        return true;
    if ((w & 0xfff0ffe0u) == 0xe8d0f000u) /* tbb, tbh */
        return true;
    if ((w & 0xfe50f000u) == 0xf850f000u) /* ldr pc */
        return true;
    if (w == 0xf7fffffeu || w == 0xf7ffbffeu || w == 0xf7ffeffeu) /* bl, b.w, blx to itself */
        return true;
    if ((w & 0xfc3fffffu) == 0xf43faffeu) /* the same with a condition */
        return true;
    return (w & 0xffe0d000u) == 0xf3c08000u; /* subs pc, eret, bxj */
}

/* System registers with op0 2; coprocessor 14. */
static bool debug(enum xm_mpu_set set, uint32_t w)
{
    switch (set) {
    case XM_MPU_A64: return (w & 0xffd80000u) == 0xd5100000u;
    case XM_MPU_A32: return (w & 0x0f000f00u) == 0x0e000e00u || (w & 0x0e000f00u) == 0x0c000e00u;
    default: return (w & 0xef000f00u) == 0xee000e00u || (w & 0xee000f00u) == 0xec000e00u;
    }
}

/* WFI, WFE, and A64's two with a timeout. */
static bool waits(enum xm_mpu_set set, uint32_t w)
{
    switch (set) {
    case XM_MPU_A64: return (w & 0xffffffdfu) == 0xd503205fu || (w & 0xffffffc0u) == 0xd5031000u;
    case XM_MPU_A32: return field(w, 28, 4) != 15 && (w & 0x0ffffffeu) == 0x0320f002u;
    default: return (w & 0xffef0000u) == 0xbf200000u || (w & 0xfffffffeu) == 0xf3af8002u;
    }
}

enum xm_mpu_insn xm_mpu_step_insn(enum xm_mpu_set set, const uint32_t *word, unsigned n)
{
    uint32_t w = word[n - 1];

    if (exclusive(set, w) != NO_EXCLUSIVE || between(set, word, n))
        return XM_MPU_INSN_EXCLUSIVE;
    if ((set == XM_MPU_A32 && a32_back(w)) || (set == XM_MPU_T32 && t32_back(w)))
        return XM_MPU_INSN_BACK;
    if (waits(set, w))
        return XM_MPU_INSN_WAIT;
    return debug(set, w) ? XM_MPU_INSN_DEBUG : XM_MPU_INSN_PLAIN;
}
