/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <xm/steps.h>

#include "x86.h"

void xm_x86_regs_set(struct xm_domain *d, struct xm_vcpu *v, const struct xm_ev *rsp)
{
    struct xm_ev_regs_x86 regs;

    if ((rsp->flags & XM_EV_FLAG_SET_REGISTERS) == 0)
        return;
    xm_env_vcpu_get_regs(d->env, v->id, &regs, sizeof(regs));
    memcpy(&regs.rax, &rsp->data.x86.rax, offsetof(struct xm_ev_regs_x86, rflags));
    regs.rflags = rsp->data.x86.rflags;
    regs.rip = rsp->data.x86.rip;
    xm_env_vcpu_set_regs(d->env, v->id, &regs, sizeof(regs));
}

bool xm_x86_trap_flag(void *self, uint32_t vcpu, bool on)
{
    const struct xm_domain *d = self;
    struct xm_ev_regs_x86 regs;
    bool was;

    xm_env_vcpu_get_regs(d->env, vcpu, &regs, sizeof(regs));
    was = (regs.rflags & XM_X86_TF) != 0;
    regs.rflags = on ? regs.rflags | XM_X86_TF : regs.rflags & ~XM_X86_TF;
    xm_env_vcpu_set_regs(d->env, vcpu, &regs, sizeof(regs));
    return was;
}

void xm_x86_pause_others(const struct xm_domain *d, uint32_t vcpu)
{
    for (uint32_t i = 0; i < d->vcpus; i++) {
        if (i != vcpu)
            xm_env_vcpu_pause(d->env, i);
    }
}

void xm_x86_unpause_others(const struct xm_domain *d, uint32_t vcpu)
{
    for (uint32_t i = 0; i < d->vcpus; i++) {
        if (i != vcpu)
            xm_env_vcpu_unpause(d->env, i);
    }
}
