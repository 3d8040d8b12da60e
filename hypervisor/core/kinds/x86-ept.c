/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guests on Intel's EPT: views, single steps. */
#include <xm/altp2m.h>
#include <xm/kinds.h>
#include <xm/second-stage.h>

#include "x86.h"

static void step(struct xm_domain *d, struct xm_vcpu *v, const struct xm_ev *rsp)
{
    if ((rsp->flags & XM_EV_FLAG_TOGGLE_SINGLESTEP) != 0) {
        v->single_step = !v->single_step;
        return;
    }
    if ((rsp->flags & XM_EV_FLAG_FAST_SINGLESTEP) == 0 ||
        rsp->u.fast_singlestep.p2midx >= d->max_views)
        return;
    v->single_step = true;
    v->fast_step = true;
    v->fast_view = rsp->u.fast_singlestep.p2midx;
}

static void answer(struct xm_domain *d, struct xm_vcpu *v, const struct xm_ev *rsp)
{
    xm_hvm_emulate(d, v, rsp);
    step(d, v, rsp);
    if ((rsp->flags & XM_EV_FLAG_ALTERNATE_P2M) != 0 && d->views_active)
        (void)xm_vcpu_switch_view(d, v->id, rsp->altp2m_idx);
    xm_hvm_answer(d, v, rsp);
}

static uint32_t monitor_caps(const struct xm_domain *d)
{
    return xm_hvm_monitor_caps(d) | 1u << XM_MONITOR_SINGLESTEP;
}

const struct xm_kind_ops xm_kind_x86_ept = {
    .kind = XM_KIND_X86_EPT,
    .table = &xm_second_stage,
    .views = &xm_altp2m,
    .refused = XM_HVM_REFUSED,
    .regs_bytes = sizeof(struct xm_ev_regs_x86),
    .write_reads =
        true, /* SDM on EPT violations: the processor's choice; Xen (ept_handle_violation): always */
    .set_multi = true,
    .intercepts = true,
    .monitor_caps = monitor_caps,
    .answer = answer,
};
