/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From the instruction set to its decoder, and what holds for every instruction. */
#include "arm-int.h"

#define CPSR_IL (1u << 20)
#define SCTLR_M (1u << 0)
#define SCTLR_A (1u << 1)
#define SCTLR_ITD (1u << 7)
#define MODE_USR 0x10u

static enum arm_why decode(enum arm_set set, uint32_t word, struct arm_insn *out)
{
    if (set == ARM_A32)
        return xmi_a32_decode_a32(word, out);
    return out->bytes == 2 ? xmi_t32_decode_narrow(word >> 16, out)
                           : xmi_t32_decode_wide(word, out);
}

enum arm_why xmi_a32_decode(enum arm_set set, uint32_t word, struct arm_insn *out)
{
    out->u.a32.cond = A32_ALWAYS;
    enum arm_why why = decode(set, word, out);
    out->u.a32.touched = (uint16_t)xmi_a32_touched(&out->u.a32);
    return why;
}

static enum arm_why it_sure(const struct arm_insn *in, const struct arm_regs *r)
{
    uint32_t flags = in->u.a32.flags;
    if (!(r->cpsr & ARM_CPSR_IT))
        return ARM_OK;
    if (!a32_in_it(r) || in->set != ARM_T32 || r->sctlr & SCTLR_ITD || flags & A32_ALONE)
        return ARM_UNSURE;
    return flags & A32_LAST && !xmi_a32_last_in_it(r) ? ARM_UNSURE : ARM_OK;
}

/* Whether it may be done at all, whatever its condition says. */
static enum arm_why sure(const struct arm_insn *in, const struct arm_regs *r)
{
    if (r->cpsr & CPSR_IL)
        return ARM_FAULTS;
    if (in->set != arm_set_of(r) || !a32_mode_known(r) || in->u.a32.flags & A32_UNSURE)
        return ARM_UNSURE;
    if (r->pc & (in->set == ARM_T32 ? 1 : 3) || r->pc >> 32)
        return ARM_UNSURE;
    if (in->u.a32.op == A32_IT && r->sctlr & SCTLR_ITD)
        return ARM_UNSURE;
    return it_sure(in, r);
}

/* ---- what it touches ---- */

static bool must_be_aligned(const struct a32_insn *in, const struct arm_regs *r)
{
    bool plain = (in->op == A32_LOAD || in->op == A32_STORE || in->op == A32_TABLE) && !in->order;
    /* With its MMU off all memory is Device. */
    return !plain || r->sctlr & SCTLR_A || !(r->sctlr & SCTLR_M);
}

static uint8_t access_of(const struct arm_insn *in)
{
    switch (in->kind) {
    case ARM_LOAD:
    case ARM_LOAD_EX: return ARM_READS;
    case ARM_ATOMIC: return ARM_READS | ARM_WRITES;
    default: return ARM_WRITES;
    }
}

/* One access; two registers of an aligned pair are one too. */
static bool is_single(const struct a32_insn *in, uint32_t va, uint32_t bytes)
{
    if (in->op == A32_LOAD_MANY || in->op == A32_STORE_MANY)
        return bytes == 4;
    return !(va & (bytes - 1));
}

static enum arm_why touches(const struct arm_insn *in, const struct arm_regs *r,
                            struct arm_touch *out)
{
    const struct a32_insn *a = &in->u.a32;
    uint32_t back, va = xmi_a32_address(a, r, &back), bytes = a->touched;
    if (va & (a->bytes - 1u) && must_be_aligned(a, r))
        return ARM_FAULTS;
    if ((uint32_t)(va + bytes - 1) < va || (a->op == A32_LOAD && a->rd == A32_PC && va & 3))
        return ARM_UNSURE;
    out->va = va;
    out->bytes = bytes;
    out->access = access_of(in);
    out->user = a->flags & A32_USER || (r->cpsr & ARM_CPSR_MODE) == MODE_USR;
    out->single = is_single(a, va, bytes);
    return ARM_OK;
}

enum arm_why xmi_a32_touches(const struct arm_insn *in, const struct arm_regs *r,
                             struct arm_touch *out)
{
    enum arm_why why = sure(in, r);
    if (why || !in->u.a32.touched || !a32_holds(&in->u.a32, r))
        return why;
    return touches(in, r, out);
}

/* ---- doing it ---- */

static enum arm_why do_held(struct a32_doing *d)
{
    if (!d->in->touched)
        return xmi_a32_registers(d);
    if (d->touch->bytes != d->in->touched)
        return ARM_UNSURE;
    if ((d->in->op == A32_LOAD_EX || d->in->op == A32_STORE_EX) && !d->m)
        return ARM_EXCLUSIVE;
    return xmi_a32_memory(d);
}

enum arm_why xmi_a32_do(const struct arm_insn *in, const struct arm_touch *touch,
                        const struct arm_place *at, struct arm_regs *r, struct arm_monitor *m)
{
    struct a32_next next;
    struct a32_doing d = {&in->u.a32, touch, at, r, &next, m};
    enum arm_why why = sure(in, r);
    if (why)
        return why;
    next.pc = (uint32_t)(r->pc + in->bytes);
    next.cpsr = r->cpsr & ~(uint64_t)ARM_CPSR_SS;
    next.set = 0;
    if (r->cpsr & ARM_CPSR_IT)
        next.cpsr = xmi_a32_it_advanced(next.cpsr);
    if (a32_holds(d.in, r))
        why = do_held(&d);
    if (!why)
        xmi_a32_commit(&next, r);
    return why;
}
