/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One instruction that Xen does not emulate, by the guest's processor: what the core's steps need of Xen
 * (xm/pv-step.h). Ways back into Xen are hooks: the debug exception, a hypercall, a privileged
 * instruction, and whatever else the guest is to see (create_bounce_frame).
 */
#include "priv.h"

#define CODE_MOST 15
#define DR6_STEP 0x4000UL      /* BS */
#define DR6_OTHERS 0x200fUL    /* BD, B0 to B3 */

static struct xm_pv *pv_of(const struct vcpu *v)
{
    return &v->domain->arch.pv.xmem->pv;
}

/* ---- what the core calls; the vCPU is current ---- */

/*
 * The loser of two that want to hold each other returns to its guest, where it is held, and comes again.
 * No lock is held here: vCPUs that are waited for finish what they do in Xen.
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
    /* A system call has put the flags into a register, which the guest looks at. */
    if (!on && was && (regs->entry_vector & TRAP_syscall))
        regs->r11 &= ~(uint64_t)X86_EFLAGS_TF;
    return was;
}

/* ---- the fault that begins it ---- */

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

/* The guest goes back to its instruction either way. */
void xmem_step(struct vcpu *v, const struct cpu_user_regs *regs, const struct xm_pv_todo *why)
{
    struct xm_pv_vcpu *pvv = &xmem_vcpu(v)->pv;
    uint8_t code[CODE_MOST];

    if (!xm_pv_step_never(code, read_code(v, regs->rip, code))) {
        xm_pv_step_begin(pv_of(v), pvv);
        return;
    }
    pvv->armed.step = false;
    xm_pv_not_emulated(pv_of(v), pvv, why);
}

/* ---- the ways back ---- */

bool xmem_pv_debugged(unsigned long *dr6)
{
    struct vcpu *v = current;
    bool stepped = *dr6 & DR6_STEP;

    /* The exception came with interrupts off, on the stack that others use with them on. */
    local_irq_enable();
    if (xm_pv_step_trap(pv_of(v), &xmem_vcpu(v)->pv) || !stepped)
        return true;
    *dr6 &= ~DR6_STEP;
    return *dr6 & DR6_OTHERS;
}

/* Its instruction is done if the vCPU is behind it. */
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
