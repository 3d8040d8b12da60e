/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Steps over one instruction that Xen does not emulate, by the trap flag: what the core needs of Xen for
 * it (xm/pv.h). Hooks call this file on each way back into Xen: the debug exception, a hypercall, a
 * privileged instruction, and any event for the guest (create_bounce_frame).
 */
#include "priv.h"

#define CODE_MOST 15
#define DR6_STEP 0x4000UL   /* BS */
#define DR6_OTHERS 0x200fUL /* BD, B0 to B3 */

static struct xm_pv *pv_of(const struct vcpu *v)
{
    return &v->domain->arch.pv.xmem->pv;
}

/* ---- called by the core; the vCPU is current ---- */

/*
 * Of two vCPUs that pause each other, the loser returns towards its guest, is paused there, and tries
 * again. No lock is held here, so the vCPUs that are waited for can finish their work in Xen.
 */
bool cf_check xmem_hold_others(void *self, uint32_t vcpu)
{
    struct vcpu *v = current;

    v->arch.pv.xmem_first = true;
    if (domain_pause_except_self(self) != 0)
        return false;
    v->arch.pv.xmem_stepping = true;
    return true;
}

void cf_check xmem_release_others(void *self, uint32_t vcpu)
{
    current->arch.pv.xmem_stepping = false;
    domain_unpause_except_self(self);
}

bool cf_check xmem_trap_flag(void *self, uint32_t vcpu, bool on)
{
    struct cpu_user_regs *regs = guest_cpu_user_regs();
    bool was = regs->eflags & X86_EFLAGS_TF;

    regs->eflags = (regs->eflags & ~X86_EFLAGS_TF) | (on ? X86_EFLAGS_TF : 0);
    /* SYSCALL saved the flags in r11, which the guest can read. */
    if (!on && was && (regs->entry_vector & TRAP_syscall))
        regs->r11 &= ~(uint64_t)X86_EFLAGS_TF;
    return was;
}

/* ---- the fault that begins a step ---- */

static unsigned int read_code(struct vcpu *v, unsigned long va, uint8_t *code)
{
    unsigned int n = 0;

    while (n < CODE_MOST) {
        unsigned int offset = (va + n) & ~PAGE_MASK;
        unsigned int bytes = min_t(unsigned int, CODE_MOST - n, PAGE_SIZE - offset);
        struct xmem_walk w;
        const uint8_t *p;

        xmem_walk(v, va + n, PFEC_insn_fetch, &w);
        if (!w.allowed || !mfn_valid(_mfn(w.mfn)))
            break;
        p = map_domain_page(_mfn(w.mfn));
        memcpy(code + n, p + offset, bytes);
        unmap_domain_page(p);
        n += bytes;
    }
    return n;
}

/* Either way the guest returns to its instruction. */
void xmem_step(struct vcpu *v, const struct cpu_user_regs *regs, const struct xm_pv_todo *why)
{
    uint8_t code[CODE_MOST];

    xm_pv_step_or_tell(pv_of(v), &xmem_vcpu(v)->pv, why, code, read_code(v, regs->rip, code));
}

/* ---- the ways back into Xen ---- */

bool xmem_pv_debugged(unsigned long *dr6)
{
    struct vcpu *v = current;
    bool stepped = *dr6 & DR6_STEP;

    /* #DB arrives with interrupts off, but on the normal stack: the work below needs them on. */
    local_irq_enable();
    if (xm_pv_step_trap(pv_of(v), &xmem_vcpu(v)->pv) || !stepped)
        return true;
    *dr6 &= ~DR6_STEP;
    return *dr6 & DR6_OTHERS;
}

/* The instruction is complete if rip has moved past it. */
void xmem_pv_bounce(void)
{
    struct vcpu *v = current;
    struct xm_pv_vcpu *pvv = &xmem_vcpu(v)->pv;

    xm_pv_step_close(pv_of(v), pvv, guest_cpu_user_regs()->rip != pvv->armed.ip);
}

void xmem_pv_left(void)
{
    struct vcpu *v = current;

    xm_pv_step_close(pv_of(v), &xmem_vcpu(v)->pv, true);
}
