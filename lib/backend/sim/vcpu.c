/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Registers of the simulated machine's vCPUs, in the seam's words. */
#include "backend/sim/backend-sim-int.h"

#include <errno.h>
#include <string.h>

int xmi_backend_sim_vcpu_ran(void *dom, uint32_t vcpu, uint64_t *ns, bool *idle)
{
    struct sim_dom *d = dom;
    struct sim_vcpu_info info;
    if (xmi_sim_vcpu_info(d->d, vcpu, &info))
        return -ESRCH;
    *ns = info.ran;
    *idle = info.asleep;
    return 0;
}

int xmi_backend_sim_vcpu_get(void *dom, uint32_t vcpu, struct backend_vcpu *out)
{
    struct sim_dom *d = dom;
    struct sim_arm_context c;
    struct arm_regs *r = &out->u.arm;
    int rc = xmi_sim_hc_vcpu_get(d->m, d->domid, vcpu, &c);
    if (rc)
        return rc;
    memset(out, 0, sizeof(*out));
    out->arch = XMEM_ARCH_ARM;
    memcpy(r->x, c.x, sizeof(r->x));
    r->pc = c.pc;
    r->cpsr = c.cpsr;
    r->sp_el0 = c.sp_el0;
    r->sp_el1 = c.sp_el1;
    r->elr_el1 = c.elr_el1;
    r->spsr_el1 = c.spsr_el1;
    r->spsr_fiq = c.spsr_fiq;
    r->spsr_irq = c.spsr_irq;
    r->spsr_und = c.spsr_und;
    r->spsr_abt = c.spsr_abt;
    r->sctlr = c.sctlr;
    r->tcr = c.tcr;
    r->ttbr0 = c.ttbr0;
    r->ttbr1 = c.ttbr1;
    r->online = c.online;
    return 0;
}

int xmi_backend_sim_vcpu_set(void *dom, uint32_t vcpu, const struct backend_vcpu *in)
{
    struct sim_dom *d = dom;
    const struct arm_regs *r = &in->u.arm;
    struct sim_arm_context c = {
        .pc = r->pc,
        .cpsr = r->cpsr,
        .sp_el0 = r->sp_el0,
        .sp_el1 = r->sp_el1,
        .elr_el1 = r->elr_el1,
        .spsr_el1 = r->spsr_el1,
        .spsr_fiq = r->spsr_fiq,
        .spsr_irq = r->spsr_irq,
        .spsr_und = r->spsr_und,
        .spsr_abt = r->spsr_abt,
        .sctlr = r->sctlr,
        .tcr = r->tcr,
        .ttbr0 = r->ttbr0,
        .ttbr1 = r->ttbr1,
        .online = r->online & 1,
    };
    memcpy(c.x, r->x, sizeof(c.x));
    return xmi_sim_hc_vcpu_set(d->m, d->domid, vcpu, &c);
}
