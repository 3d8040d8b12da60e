/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One A64 instruction: what it touches, and that it is done as a whole or not at all. */
#include "arm-int.h"

#define SCTLR_M (1u << 0)
#define SCTLR_A (1u << 1)
#define SCTLR_SA (1u << 3)
#define SCTLR_SA0 (1u << 4)
#define SCTLR_DZE (1u << 14)
#define SCTLR_UCI (1u << 26)
#define SCTLR_TCF0 (3ull << 38)
#define SCTLR_TCF (3ull << 40)
#define CPSR_IL (1u << 20)
#define CPSR_UAO (1u << 23)
#define SP_ALIGN 15u

static bool in_el0(const struct arm_regs *r)
{
    return (r->cpsr & 0xcu) == 0;
}

/* ---- what it touches ---- */

static enum arm_why base_of(const struct a64_insn *a, const struct arm_regs *r, uint64_t *base)
{
    const uint64_t *sp = xmi_a64_sp((struct arm_regs *)(uintptr_t)r);
    if (!sp)
        return ARM_UNSURE;
    if (a->flags & A64_LITERAL) {
        *base = r->pc;
    } else if (a->rn != A64_ZR) {
        *base = r->x[a->rn];
    } else {
        *base = *sp;
        if ((*sp & SP_ALIGN) && (r->sctlr & (in_el0(r) ? SCTLR_SA0 : SCTLR_SA)))
            return ARM_FAULTS;
    }
    return ARM_OK;
}

static uint64_t offset_of(const struct a64_insn *a, const struct arm_regs *r)
{
    if (a->flags & A64_BY_REG)
        return xmi_a64_extended(a64_x(r, a->rm), a->ext, a->shift);
    return a->flags & A64_POST ? 0 : (uint64_t)a->imm;
}

/* With the stage 1 off all memory is Device, where nothing may be unaligned. */
static enum arm_why check_alignment(const struct a64_insn *a, const struct arm_regs *r,
                                    const struct arm_touch *t)
{
    uint32_t unit = a->flags & A64_ALIGNED ? t->bytes : 1u << a->size;
    bool strict = (a->flags & A64_ALIGNED) || (r->sctlr & SCTLR_A) || !(r->sctlr & SCTLR_M);
    return strict && (t->va & (unit - 1)) ? ARM_FAULTS : ARM_OK;
}

/* By the guest's own choice a bad tag is a fault, and no tag can be seen from here. */
static bool checks_tags(const struct arm_regs *r)
{
    return r->sctlr & (SCTLR_TCF0 | SCTLR_TCF);
}

static enum arm_why touches_block(const struct a64_insn *a, const struct arm_regs *r,
                                  struct arm_touch *t)
{
    uint32_t bytes = xmi_arm_place_zero_bytes();
    if (in_el0(r) && !(r->sctlr & SCTLR_DZE))
        return ARM_FAULTS;
    if (!(r->sctlr & SCTLR_M))
        return ARM_FAULTS;
    if (!bytes)
        return ARM_UNSURE;
    t->va = a64_x(r, a->rd) & ~(uint64_t)(bytes - 1);
    t->bytes = bytes;
    return ARM_OK;
}

static enum arm_why touches_line(const struct a64_insn *a, const struct arm_regs *r,
                                 struct arm_touch *t)
{
    if (in_el0(r) && (!(r->sctlr & SCTLR_UCI) || a->sub == A64_DC_PRIVILEGED))
        return ARM_FAULTS;
    if (!xmi_arm_place_clean_can())
        return ARM_UNSURE;
    t->va = a64_x(r, a->rd);
    t->bytes = 1;
    return ARM_OK;
}

static enum arm_why touches_memory(const struct a64_insn *a, const struct arm_regs *r,
                                   struct arm_touch *t)
{
    enum arm_why why = base_of(a, r, &t->va);
    if (why)
        return why;
    t->va += offset_of(a, r);
    t->bytes = (uint32_t)a->count << a->size;
    why = check_alignment(a, r, t);
    if (why)
        return why;
    t->single = !(t->va & (t->bytes - 1)) && (a->count == 1 || (a->flags & A64_ALIGNED));
    return t->va + (t->bytes - 1) < t->va ? ARM_UNSURE : ARM_OK;
}

static uint8_t access_of(unsigned kind)
{
    switch (kind) {
    case ARM_LOAD:
    case ARM_LOAD_EX: return ARM_READS;
    case ARM_STORE:
    case ARM_STORE_EX:
    case ARM_ZERO: return ARM_WRITES;
    case ARM_ATOMIC:
    case ARM_CACHE: return ARM_READS | ARM_WRITES; /* asked as one, told as the other */
    default: return 0;
    }
}

enum arm_why xmi_a64_touches(const struct arm_insn *in, const struct arm_regs *r,
                             struct arm_touch *out)
{
    const struct a64_insn *a = &in->u.a64;
    uint8_t access = access_of(in->kind);
    if (!access)
        return ARM_OK;
    if ((a->flags & A64_UNSURE) || checks_tags(r) || !xmi_a64_sp((struct arm_regs *)(uintptr_t)r))
        return ARM_UNSURE;
    out->access = access;
    out->user = in_el0(r) || ((a->flags & A64_UNPRIV) && !(r->cpsr & CPSR_UAO));
    if (in->kind == ARM_ZERO)
        return touches_block(a, r, out);
    return in->kind == ARM_CACHE ? touches_line(a, r, out) : touches_memory(a, r, out);
}

/* ---- doing it ---- */

typedef enum arm_why (*doer)(struct a64_run *run);

static const doer doers[A64_OPS] = {
    [A64_NONE] = xmi_a64_do_nothing,
    [A64_LOAD] = xmi_a64_do_load,
    [A64_STORE] = xmi_a64_do_store,
    [A64_LOAD_EX] = xmi_a64_do_load_ex,
    [A64_STORE_EX] = xmi_a64_do_store_ex,
    [A64_CLREX] = xmi_a64_do_clrex,
    [A64_RMW] = xmi_a64_do_rmw,
    [A64_SWAP_IF] = xmi_a64_do_swap_if,
    [A64_PREFETCH] = xmi_a64_do_nothing,
    [A64_ZVA] = xmi_a64_do_zva,
    [A64_DC] = xmi_a64_do_dc,
    [A64_ADD_IMM] = xmi_a64_do_add_imm,
    [A64_ADD_SHIFTED] = xmi_a64_do_add_shifted,
    [A64_ADD_EXTENDED] = xmi_a64_do_add_extended,
    [A64_ADD_CARRY] = xmi_a64_do_add_carry,
    [A64_COMPARE_IF] = xmi_a64_do_compare_if,
    [A64_SELECT] = xmi_a64_do_select,
    [A64_LOGIC_IMM] = xmi_a64_do_logic_imm,
    [A64_LOGIC] = xmi_a64_do_logic,
    [A64_MOVE] = xmi_a64_do_move,
    [A64_MOVE_KEEP] = xmi_a64_do_move_keep,
    [A64_ADR] = xmi_a64_do_adr,
    [A64_BITFIELD] = xmi_a64_do_bitfield,
    [A64_EXTRACT] = xmi_a64_do_extract,
    [A64_SHIFT] = xmi_a64_do_shift,
    [A64_ONE_SOURCE] = xmi_a64_do_one_source,
    [A64_MULTIPLY] = xmi_a64_do_multiply,
    [A64_MULTIPLY_LONG] = xmi_a64_do_multiply_long,
    [A64_MULTIPLY_HIGH] = xmi_a64_do_multiply_high,
    [A64_DIVIDE] = xmi_a64_do_divide,
    [A64_BTI] = xmi_a64_do_bti,
    [A64_FENCE] = xmi_a64_do_fence,
    [A64_BRANCH] = xmi_a64_do_branch,
    [A64_BRANCH_IF] = xmi_a64_do_branch_if,
    [A64_BRANCH_ZERO] = xmi_a64_do_branch_zero,
    [A64_BRANCH_BIT] = xmi_a64_do_branch_bit,
    [A64_BRANCH_REG] = xmi_a64_do_branch_reg,
};

/*
 * After BR and BLR, in pages that are guarded, only BTI may follow; which are is not known. An
 * access that was stopped was fetched, and so was where it may be.
 */
static bool may_be_here(const struct arm_insn *in, const struct arm_regs *r)
{
    if (r->cpsr & CPSR_IL)
        return false;
    return !(r->cpsr & ARM_CPSR_BTYPE) || in->kind != ARM_NOTHING || in->u.a64.op == A64_BTI;
}

static void write_back(const struct a64_insn *a, struct arm_regs *r)
{
    if (a->rn == A64_ZR)
        *xmi_a64_sp(r) += (uint64_t)a->imm;
    else
        r->x[a->rn] += (uint64_t)a->imm;
}

enum arm_why xmi_a64_do(const struct arm_insn *in, const struct arm_touch *touch,
                        const struct arm_place *at, struct arm_regs *r, struct arm_monitor *m)
{
    const struct a64_insn *a = &in->u.a64;
    struct a64_run run = {in, a, touch, at, r, m, r->pc + 4, 0, arm_big_endian(r)};
    if ((a->flags & A64_UNSURE) || !xmi_a64_sp(r))
        return ARM_UNSURE;
    if (!may_be_here(in, r))
        return ARM_UNSURE;
    enum arm_why why = doers[a->op](&run);
    if (why)
        return why;
    if (a->flags & A64_WRITE_BACK)
        write_back(a, r);
    r->pc = run.next;
    r->cpsr = (r->cpsr & ~(uint64_t)(ARM_CPSR_SS | ARM_CPSR_BTYPE)) | run.btype;
    return ARM_OK;
}
