/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "arm.h"

void xm_arm_regs_set(struct xm_domain *d, struct xm_vcpu *v, const struct xm_ev *rsp)
{
    struct xm_ev_regs_arm regs;

    if ((rsp->flags & XM_EV_FLAG_SET_REGISTERS) == 0)
        return;
    xm_env_vcpu_get_regs(d->env, v->id, &regs, sizeof(regs));
    regs.pc = rsp->data.arm.pc;
    xm_env_vcpu_set_regs(d->env, v->id, &regs, sizeof(regs));
}

uint32_t xm_arm_monitor_caps(const struct xm_domain *d)
{
    (void)d;
    return 1u << XM_MONITOR_GUEST_REQUEST | 1u << XM_MONITOR_PRIVILEGED_CALL;
}
