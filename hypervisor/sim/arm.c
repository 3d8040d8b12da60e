/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An Arm vCPU's registers and code. The machine runs ops; a tool reads instructions. So the op under
 * way is written down as one, when somebody may look: not before, as most ops are over sooner.
 */
#include <string.h>

#include "sim-int.h"

#define SLOTS_BYTES (XM_PAGE_SIZE - A64_BYTES) /* the last word is the branch to the first */
#define SCTLR_BOOT UINT64_C(0x30d00800)        /* what reads as one: MMU, caches, checks are off */
#define PSR_32 0x10u
#define PSR_EL 0x0cu
#define PSR_M0 0x03u

static const struct xm_ev_regs_arm boot = {
    .ttbr0 = UINT64_C(0x41a10000),
    .ttbr1 = UINT64_C(0x41a20000),
    .ttbcr = UINT64_C(0x400032b5593519),
    .cpsr = 0x600003c5,
};

static uint64_t code_base(const struct sim_vcpu *v)
{
    return (SIM_CODE_GFN + v->id) << XM_PAGE_SHIFT;
}

int xmi_sim_arm_init(struct sim_domain *d)
{
    return sim_is_arm(d) ? xmi_sim_arena_init(&d->code, d->cfg.vcpus, 0, 1) : 0;
}

void xmi_sim_arm_vcpu_init(struct sim_vcpu *v)
{
    struct sim_arm *a = &v->arm;

    v->regs.arm = boot;
    v->pc = code_base(v);
    a->sctlr = SCTLR_BOOT;
    a->sp_el1 = UINT64_C(0x41b00000) + ((uint64_t)v->id << 14);
    for (unsigned i = 0; i < 31; i++)
        a->x[i] = (uint64_t)v->id << 32 | i;
    a->x[A64_OLD] = 0;
    a->code = (uint32_t *)(void *)(v->dom->code.base + ((size_t)v->id << XM_PAGE_SHIFT));
    a->code[SLOTS_BYTES / A64_BYTES] = xmi_sim_a64_branch(-(int32_t)SLOTS_BYTES);
}

void *xmi_sim_arm_code_page(struct sim_domain *d, uint64_t gfn)
{
    if (!sim_is_arm(d) || gfn - SIM_CODE_GFN >= d->cfg.vcpus)
        return NULL;
    return d->vcpu[gfn - SIM_CODE_GFN].arm.code;
}

/* The branch at the end has run. A pc elsewhere, where a tool put it, goes straight on. */
static uint64_t in_page(const struct sim_vcpu *v, uint64_t pc)
{
    return pc == code_base(v) + SLOTS_BYTES ? code_base(v) : pc;
}

uint64_t xmi_sim_arm_pc_after(const struct sim_vcpu *v, uint64_t pc, uint64_t n)
{
    uint64_t at = pc - code_base(v), to = at + n * A64_BYTES;

    if (at >= SLOTS_BYTES || to < SLOTS_BYTES)
        return in_page(v, pc + n * A64_BYTES);
    return code_base(v) + to % SLOTS_BYTES;
}

static unsigned words_of(const struct sim_op *op)
{
    uint8_t step[A64_MOST];

    return op->code == SIM_OP_EXCL ? xmi_sim_a64_excl(op, step) : 1;
}

void xmi_sim_arm_begin(struct sim_vcpu *v, const struct sim_op *op)
{
    uint64_t pc = in_page(v, v->pc), at;

    if (op->code == SIM_OP_EXCL && (op->flags & SIM_OP_F_FETCH) != 0)
        pc = op->fetch;
    at = pc - code_base(v);
    /* One that is longer than what is left begins at the first word. */
    if (at < SLOTS_BYTES && at + words_of(op) * A64_BYTES > SLOTS_BYTES)
        pc = code_base(v);
    if (pc != v->pc)
        v->arm.shown = false;
    v->pc = v->arm.begin = pc;
    v->arm.set = false;
}

bool xmi_sim_arm_leaves(struct sim_vcpu *v, uint64_t pc)
{
    struct sim_op op;

    xmi_sim_program_peek(&v->prog, &op);
    return pc - v->arm.begin >= words_of(&op) * A64_BYTES;
}

static void write_code(struct sim_vcpu *v, const uint32_t *word, unsigned n)
{
    uint64_t at = v->arm.begin - code_base(v);

    if (at >= SLOTS_BYTES || (at & (A64_BYTES - 1)) != 0)
        return;
    for (unsigned i = 0; i < n; i++)
        v->arm.code[at / A64_BYTES + i] = word[i];
}

void xmi_sim_arm_show(struct sim_vcpu *v)
{
    uint32_t word[A64_MOST];
    struct sim_op op;

    if (v->arm.shown)
        return;
    v->arm.shown = true;
    v->arm.x[A64_OLD] = v->result;
    if (program_over(&v->prog))
        return;
    xmi_sim_program_peek(&v->prog, &op);
    if (!v->in_op)
        xmi_sim_arm_begin(v, &op);
    v->arm.shown = true;
    write_code(v, word, xmi_sim_a64_encode(&op, word));
    v->arm.x[A64_ADDR] = op.addr;
    v->arm.x[A64_NEW] = op.value;
    v->arm.x[A64_FROM] = op.to;
    v->arm.x[A64_MORE] = 0;
}

/* ---- vcpucontext ---- */

void xmi_sim_arm_get(struct sim_vcpu *v, struct sim_arm_context *out)
{
    const struct sim_arm *a = &v->arm;

    xmi_sim_arm_show(v);
    memset(out, 0, sizeof(*out));
    memcpy(out->x, a->x, sizeof(out->x));
    out->pc = v->pc;
    out->cpsr = v->regs.arm.cpsr;
    out->sp_el0 = a->sp_el0;
    out->sp_el1 = a->sp_el1;
    out->elr_el1 = a->elr_el1;
    out->spsr_el1 = a->spsr_el1;
    out->spsr_fiq = a->spsr_fiq;
    out->spsr_irq = a->spsr_irq;
    out->spsr_und = a->spsr_und;
    out->spsr_abt = a->spsr_abt;
    out->sctlr = a->sctlr;
    out->tcr = v->regs.arm.ttbcr;
    out->ttbr0 = v->regs.arm.ttbr0;
    out->ttbr1 = v->regs.arm.ttbr1;
    out->online = !a->down;
}

/* is_guest_pv64_psr() of Xen's xen/arch/arm/domain.c: EL1h, EL1t, EL0t. */
static bool taken(uint64_t psr)
{
    uint64_t m = psr & (PSR_32 | PSR_EL | PSR_M0);

    return m == 0 || m == 4 || m == 5;
}

int xmi_sim_arm_set(struct sim_vcpu *v, const struct sim_arm_context *in)
{
    struct sim_arm *a = &v->arm;

    if (!taken(in->cpsr) || (in->spsr_el1 != 0 && !taken(in->spsr_el1)))
        return -XM_EINVAL;
    xmi_sim_arm_show(v);
    memcpy(a->x, in->x, sizeof(a->x));
    xmi_sim_vcpu_set_pc(v, in->pc);
    v->regs.arm.cpsr = in->cpsr;
    a->sp_el0 = in->sp_el0;
    a->sp_el1 = in->sp_el1;
    a->elr_el1 = in->elr_el1;
    a->spsr_el1 = in->spsr_el1;
    a->spsr_fiq = in->spsr_fiq;
    a->spsr_irq = in->spsr_irq;
    a->spsr_und = in->spsr_und;
    a->spsr_abt = in->spsr_abt;
    a->sctlr = in->sctlr;
    v->regs.arm.ttbcr = in->tcr;
    v->regs.arm.ttbr0 = in->ttbr0;
    v->regs.arm.ttbr1 = in->ttbr1;
    a->down = !in->online;
    a->set = true;
    return 0;
}
