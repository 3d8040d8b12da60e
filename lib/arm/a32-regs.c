/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The registers as an AArch32 mode sees them, conditions and IT state. */
#include "arm-int.h"

enum mode {
    MODE_USR = 0x10,
    MODE_FIQ = 0x11,
    MODE_IRQ = 0x12,
    MODE_SVC = 0x13,
    MODE_ABT = 0x17,
    MODE_UND = 0x1b,
    MODE_SYS = 0x1f,
};

/* Of sp and lr: lr lies below its sp, but for those of USR and FIQ. */
static unsigned banked(unsigned mode, unsigned n)
{
    unsigned down = n - A32_SP;
    switch (mode) {
    case MODE_IRQ: return 17 - down;
    case MODE_SVC: return 19 - down;
    case MODE_ABT: return 21 - down;
    case MODE_UND: return 23 - down;
    default: return n;
    }
}

static unsigned slot(const struct arm_regs *r, unsigned n)
{
    unsigned mode = r->cpsr & ARM_CPSR_MODE;
    if (mode == MODE_FIQ && n >= 8)
        return n + 16;
    return n < A32_SP ? n : banked(mode, n);
}

uint32_t xmi_a32_get(const struct arm_regs *r, unsigned n)
{
    if (n == A32_PC)
        return (uint32_t)r->pc + (r->cpsr & ARM_CPSR_T ? 4 : 8);
    return (uint32_t)r->x[slot(r, n)];
}

void xmi_a32_commit(const struct a32_next *next, struct arm_regs *r)
{
    for (unsigned left = next->set; left; left &= left - 1) {
        unsigned n = (unsigned)__builtin_ctz(left);
        r->x[slot(r, n)] = next->value[n];
    }
    r->pc = next->pc;
    r->cpsr = next->cpsr;
}

/* ---- IT ---- */

static uint32_t it_state(uint64_t cpsr)
{
    return (uint32_t)((cpsr >> 8 & 0xfc) | (cpsr >> 25 & 3));
}

uint64_t xmi_a32_with_it(uint64_t cpsr, uint32_t it)
{
    cpsr &= ~(uint64_t)ARM_CPSR_IT;
    return cpsr | (uint64_t)(it & 0xfc) << 8 | (uint64_t)(it & 3) << 25;
}

bool xmi_a32_last_in_it(const struct arm_regs *r)
{
    return (it_state(r->cpsr) & 0xf) == 8;
}

uint64_t xmi_a32_it_advanced(uint64_t cpsr)
{
    uint32_t it = it_state(cpsr);
    return xmi_a32_with_it(cpsr, it & 7 ? (it & 0xe0) | (it << 1 & 0x1f) : 0);
}

/* ---- conditions ---- */

static bool condition(uint32_t cond, uint64_t cpsr)
{
    bool n = cpsr & A32_N, z = cpsr & A32_Z, c = cpsr & A32_C, v = cpsr & A32_V, is;
    switch (cond >> 1) {
    case 0: is = z; break;
    case 1: is = c; break;
    case 2: is = n; break;
    case 3: is = v; break;
    case 4: is = c && !z; break;
    case 5: is = n == v; break;
    case 6: is = n == v && !z; break;
    default: return true;
    }
    return is != (cond & 1);
}

bool xmi_a32_condition(const struct a32_insn *in, const struct arm_regs *r)
{
    return condition(a32_in_it(r) ? it_state(r->cpsr) >> 4 : in->cond, r->cpsr);
}

/* ---- pc ---- */

enum arm_why xmi_a32_branch_exchange(struct a32_next *next, uint32_t to)
{
    if ((to & 3) == 2)
        return ARM_UNSURE;
    next->pc = to & ~1u;
    next->cpsr &= ~(uint64_t)ARM_CPSR_T;
    if (to & 1)
        next->cpsr |= ARM_CPSR_T;
    return ARM_OK;
}

enum arm_why xmi_a32_branch(struct a32_next *next, uint32_t to)
{
    next->pc = to & (next->cpsr & ARM_CPSR_T ? ~1u : ~3u);
    return ARM_OK;
}
