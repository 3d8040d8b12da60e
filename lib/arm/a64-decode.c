/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A64 at its top, and system instructions. */
#include "arm-int.h"

#define SVE_MEMORY 0x80000000u /* of that group: its loads and stores */

#define HINT_MASK 0xfffff01fu
#define HINT 0xd503201fu
#define BARRIER 0xd503301fu
#define SYS_MASK 0xfff80000u
#define SYS 0xd5080000u
#define SYS_OP(op1, crm, op2) ((op1) << 16 | 7u << 12 | (crm) << 8 | (op2) << 5)
#define SYS_OP_MASK SYS_OP(7u, 15u, 7u) | 0xf000u

/* Those that do nothing for one vCPU. SEV wakes others, and some change registers by a key. */
static enum arm_why hint(uint32_t word, struct arm_insn *out)
{
    switch (a64_bits(word, 5, 7)) {
    case 0: /* NOP */
    case 1: /* YIELD */
    case 2: /* WFE: the way back to the guest sets its event */
    case 3: /* WFI: may end for any reason */
    case 5: /* SEVL */
    case 6: /* DGH */
    case 20: /* CSDB */ return ARM_OK;
    case 32: /* BTI, and for what it is a target */
    case 34:
    case 36:
    case 38:
        out->u.a64.op = A64_BTI;
        out->u.a64.sub = (uint8_t)a64_bits(word, 6, 2);
        return ARM_OK;
    default: return ARM_UNKNOWN;
    }
}

/* DSB waits for what its own processor was told to do to caches and TLBs: not from here. */
static enum arm_why barrier(uint32_t word, struct arm_insn *out)
{
    switch (a64_bits(word, 5, 3)) {
    case 2:
        out->kind = ARM_CLEAR_EX;
        out->u.a64.op = A64_CLREX;
        return ARM_OK;
    case 5: out->u.a64.op = A64_FENCE; return ARM_OK;
    case 6: return ARM_OK; /* the way back to the guest is one */
    default: return ARM_UNKNOWN;
    }
}

static enum arm_why by_address(struct arm_insn *out, enum arm_kind kind, enum a64_op op,
                               unsigned flags)
{
    out->kind = (uint8_t)kind;
    out->u.a64.op = (uint8_t)op;
    out->u.a64.rd = (uint8_t)a64_bits(out->word, 0, 5);
    out->u.a64.flags = (uint16_t)flags;
    return ARM_OK;
}

static enum arm_why maintenance(uint32_t word, struct arm_insn *out)
{
    switch (word & (SYS_OP_MASK)) {
    case SYS_OP(3u, 4u, 1u): return by_address(out, ARM_ZERO, A64_ZVA, 0);
    case SYS_OP(3u, 10u, 1u): /* CVAC */
    case SYS_OP(3u, 11u, 1u): /* CVAU */
    case SYS_OP(3u, 14u, 1u): /* CIVAC */ return by_address(out, ARM_CACHE, A64_DC, 0);
    case SYS_OP(0u, 6u, 1u): /* IVAC: under a hypervisor it cleans too */
        out->u.a64.sub = A64_DC_PRIVILEGED;
        return by_address(out, ARM_CACHE, A64_DC, 0);
    case SYS_OP(3u, 5u, 1u): /* IC IVAU: by its own address, not by another of the same page */
    case SYS_OP(3u, 12u, 1u): /* CVAP */ return by_address(out, ARM_CACHE, A64_DC, A64_UNSURE);
    default: return ARM_UNKNOWN;
    }
}

static enum arm_why branches_and_system(uint32_t word, struct arm_insn *out)
{
    if ((word & HINT_MASK) == HINT)
        return hint(word, out);
    if ((word & HINT_MASK) == BARRIER)
        return barrier(word, out);
    if ((word & SYS_MASK) == SYS)
        return maintenance(word, out);
    return xmi_a64_decode_branch(word, out);
}

/* As the architecture's table has it: bits 28:25. */
enum arm_why xmi_a64_decode(uint32_t word, struct arm_insn *out)
{
    switch (a64_bits(word, 25, 4)) {
    case 2: return word & SVE_MEMORY ? ARM_VECTOR : ARM_UNKNOWN;
    case 4:
    case 6:
    case 12:
    case 14: return xmi_a64_decode_memory(word, out);
    case 8:
    case 9: return xmi_a64_decode_immediate(word, out);
    case 10:
    case 11: return branches_and_system(word, out);
    case 5:
    case 13: return xmi_a64_decode_register(word, out);
    default: return ARM_UNKNOWN;
    }
}
