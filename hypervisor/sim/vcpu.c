/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "sim-int.h"

/* Where a 64-bit Linux kernel's text begins, so that an event looks like one of a real guest. */
#define X86_PC UINT64_C(0xffffffff81000000)

#define MSR_SYSENTER_CS 0x174u
#define MSR_SYSENTER_ESP 0x175u
#define MSR_SYSENTER_EIP 0x176u
#define MSR_EFER 0xc0000080u
#define MSR_STAR 0xc0000081u
#define MSR_LSTAR 0xc0000082u
#define MSR_FS_BASE 0xc0000100u
#define MSR_GS_BASE 0xc0000101u
#define MSR_SHADOW_GS 0xc0000102u

static const struct xm_ev_regs_x86 x86_boot = {
    .rsp = UINT64_C(0xffffffff82a03e00),
    .rbp = UINT64_C(0xffffffff82a03e40),
    .rflags = 0x246,
    .dr6 = 0xffff0ff0,
    .dr7 = 0x400,
    .cr0 = 0x80050033,
    .cr3 = 0x2a10000,
    .cr4 = 0x3506f0,
    .sysenter_cs = 0x10,
    .msr_efer = 0xd01,
    .msr_star = UINT64_C(0x23001000000000),
    .msr_lstar = UINT64_C(0xffffffff81e00080),
    .gdtr_base = UINT64_C(0xfffffe0000001000),
    .gdtr_limit = 0x7f,
    .cs = {.limit = 0xfffff, .ar = 0xa9b},
    .ss = {.limit = 0xfffff, .ar = 0xc93},
    .ds = {.limit = 0xfffff, .ar = 0xc93},
    .es = {.limit = 0xfffff, .ar = 0xc93},
    .fs = {.limit = 0xfffff, .ar = 0xc93},
    .gs = {.limit = 0xfffff, .ar = 0xc93},
    .cs_sel = 0x10,
    .ss_sel = 0x18,
};

static bool is_arm(const struct sim_vcpu *v)
{
    return sim_is_arm(v->dom);
}

int xmi_sim_vcpu_init(struct sim_domain *d, uint32_t id)
{
    struct sim_vcpu *v = &d->vcpu[id];

    v->dom = d;
    v->id = id;
    v->xcr0 = 7;
    if (is_arm(v)) {
        xmi_sim_arm_vcpu_init(v);
    } else {
        v->regs.x86 = x86_boot;
        v->regs.x86.gs_base = UINT64_C(0xffff888000000000) + ((uint64_t)id << 16);
        v->regs.x86.rsp -= (uint64_t)id << 14;
        v->pc = X86_PC + ((uint64_t)id << 20);
        if (d->cfg.kind != SIM_X86_PV)
            v->regs.x86.cr3 = xmi_sim_x86_cr3(v);
    }
    if (d->cfg.kind == SIM_X86_PV) {
        v->pv_tlb_mfn = calloc(TLB_ENTRIES, sizeof(*v->pv_tlb_mfn));
        if (v->pv_tlb_mfn == NULL)
            return -XM_ENOMEM;
    }
    return xmi_sim_tlb_init(&v->tlb);
}

void xmi_sim_vcpu_destroy(struct sim_vcpu *v)
{
    free(v->prog.ops);
    free(v->pv_tlb_mfn);
    xmi_sim_tlb_destroy(&v->tlb);
}

void xmi_sim_vcpu_regs_read(struct sim_vcpu *v, void *regs, size_t bytes)
{
    struct xm_ev_regs_x86 x86;
    struct xm_ev_regs_arm arm;

    if (is_arm(v)) {
        xmi_sim_arm_show(v);
        arm = v->regs.arm;
        arm.pc = v->pc;
        memcpy(regs, &arm, bytes < sizeof(arm) ? bytes : sizeof(arm));
    } else {
        x86 = v->regs.x86;
        xmi_sim_x86_show(v, &x86);
        x86.rip = v->pc;
        if (v->dom->cfg.kind == SIM_X86_PV)
            x86.cr3 = v->pv_root << XM_PAGE_SHIFT;
        memcpy(regs, &x86, bytes < sizeof(x86) ? bytes : sizeof(x86));
    }
}

void xmi_sim_vcpu_set_pc(struct sim_vcpu *v, uint64_t pc)
{
    if (v->in_op)
        v->moved = is_arm(v) ? xmi_sim_arm_leaves(v, pc) : v->moved || pc != v->pc;
    else if (pc != v->pc)
        v->arm.shown = false;
    v->pc = pc;
}

/* Arm takes the pc alone (vm_event_set_registers in xen/arch/arm/vm_event.c). */
void xmi_sim_vcpu_regs_write(struct sim_vcpu *v, const void *regs, size_t bytes)
{
    if (is_arm(v)) {
        struct xm_ev_regs_arm arm;

        if (bytes < sizeof(arm))
            return;
        memcpy(&arm, regs, sizeof(arm));
        xmi_sim_vcpu_set_pc(v, arm.pc);
    } else {
        if (bytes < sizeof(v->regs.x86))
            return;
        memcpy(&v->regs.x86, regs, sizeof(v->regs.x86));
        xmi_sim_vcpu_set_pc(v, v->regs.x86.rip);
    }
}

void xmi_sim_vcpu_set_result(struct sim_vcpu *v, uint64_t value)
{
    v->result = value;
    if (!is_arm(v))
        v->regs.x86.rax = value;
}

uint64_t *xmi_sim_vcpu_ctrlreg(struct sim_vcpu *v, uint32_t index)
{
    if (is_arm(v))
        return index == 0 ? &v->regs.arm.ttbr0 : &v->regs.arm.ttbr1;
    switch (index) {
    case XM_EV_CR0: return &v->regs.x86.cr0;
    case XM_EV_CR3: return &v->regs.x86.cr3;
    case XM_EV_CR4: return &v->regs.x86.cr4;
    default: return &v->xcr0;
    }
}

uint64_t *xmi_sim_vcpu_msr(struct sim_vcpu *v, uint32_t msr)
{
    struct xm_ev_regs_x86 *r = &v->regs.x86;

    if (is_arm(v))
        return NULL;
    switch (msr) {
    case MSR_SYSENTER_CS: return &r->sysenter_cs;
    case MSR_SYSENTER_ESP: return &r->sysenter_esp;
    case MSR_SYSENTER_EIP: return &r->sysenter_eip;
    case MSR_EFER: return &r->msr_efer;
    case MSR_STAR: return &r->msr_star;
    case MSR_LSTAR: return &r->msr_lstar;
    case MSR_FS_BASE: return &r->fs_base;
    case MSR_GS_BASE: return &r->gs_base;
    case MSR_SHADOW_GS: return &r->shadow_gs;
    default: return NULL;
    }
}

bool xmi_sim_vcpu_can_run(const struct sim_vcpu *v)
{
    return v->pauses == 0 && v->holds == 0 && !v->waiting && !v->halted && !v->arm.down &&
           (!program_over(&v->prog) || v->step_due || v->exception.pending);
}

bool xmi_sim_vcpu_will_run(const struct sim_vcpu *v)
{
    bool wakes = v->halted && v->wake_at != SIM_NEVER;

    return xmi_sim_vcpu_can_run(v) ||
           (wakes && v->pauses == 0 && v->holds == 0 && !v->waiting && !v->arm.down);
}

uint32_t xmi_sim_vcpu_pauses(const struct sim_vcpu *v)
{
    const struct xm_pv_step *s = v->pv != NULL ? &xm_pv_of(&v->dom->core)->step : NULL;

    return v->pauses - (s != NULL && s->open && s->vcpu != v->id ? 1u : 0u);
}

static enum sim_vcpu_state state_of(const struct sim_vcpu *v)
{
    if (v->waiting)
        return SIM_VCPU_WAITING;
    if (xmi_sim_vcpu_pauses(v) != 0 || v->holds != 0 || v->dom->pauses != 0)
        return SIM_VCPU_PAUSED;
    if (v->halted)
        return SIM_VCPU_HALTED;
    return program_over(&v->prog) || v->dom->dying ? SIM_VCPU_IDLE : SIM_VCPU_RUNNABLE;
}

/* As XEN_DOMCTL_getvcpuinfo says it: a vCPU that is paused, with an event or with its domain, is not blocked. */
static bool sleeps(const struct sim_vcpu *v)
{
    bool over = program_over(&v->prog) && !v->step_due && !v->exception.pending;

    return v->halted || v->arm.down || (over && !v->waiting && xmi_sim_vcpu_pauses(v) == 0);
}

int xmi_sim_vcpu_info(struct sim_domain *d, uint32_t vcpu, struct sim_vcpu_info *out)
{
    if (d == NULL || out == NULL || vcpu >= d->cfg.vcpus)
        return -XM_EINVAL;
    xmi_sim_enter(d);
    const struct sim_vcpu *v = &d->vcpu[vcpu];
    out->state = state_of(v);
    out->asleep = sleeps(v);
    out->view = v->core->view;
    out->done = v->done;
    out->ran = sim_vcpu_runs(v);
    out->pc = v->pc;
    out->result = v->result;
    out->single_step = v->core->single_step;
    out->traps = v->traps;
    out->breakpoints = v->breakpoints;
    out->debugs = v->debugs;
    xmi_sim_leave(d);
    return 0;
}

/* ---- vCPUs that sleep until an interrupt comes ---- */

void xmi_sim_halt(struct sim_vcpu *v, uint64_t ticks)
{
    v->halted = true;
    v->wake_at = ticks != 0 ? v->dom->clock + ticks : SIM_NEVER;
    v->dom->halted_n++;
}

void xmi_sim_halt_end(struct sim_vcpu *v)
{
    if (!v->halted)
        return;
    if (v->arm.down) { /* vgic_inject_irq() of Xen drops it */
        v->wake_at = SIM_NEVER;
        return;
    }
    v->halted = false;
    v->dom->halted_n--;
}

static uint64_t next_timer(const struct sim_domain *d)
{
    uint64_t next = SIM_NEVER;

    for (uint32_t i = 0; i < d->cfg.vcpus; i++) {
        if (d->vcpu[i].halted && d->vcpu[i].wake_at < next)
            next = d->vcpu[i].wake_at;
    }
    return next;
}

void xmi_sim_halt_timers(struct sim_domain *d, bool idle)
{
    uint64_t next = next_timer(d);

    if (idle && next != SIM_NEVER && next > d->clock)
        d->clock = next;
    for (uint32_t i = 0; i < d->cfg.vcpus && next <= d->clock; i++) {
        if (d->vcpu[i].wake_at <= d->clock)
            xmi_sim_halt_end(&d->vcpu[i]);
    }
}

int xmi_sim_vcpu_wake(struct sim_domain *d, uint32_t vcpu)
{
    if (d == NULL || vcpu >= d->cfg.vcpus)
        return -XM_EINVAL;
    xmi_sim_enter(d);
    xmi_sim_halt_end(&d->vcpu[vcpu]);
    xmi_sim_leave(d);
    return 0;
}
