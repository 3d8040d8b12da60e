/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vCPUs that sleep until an interrupt comes. */
#include "sim-int.h"

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
