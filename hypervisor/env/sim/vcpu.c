/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vCPUs, their TLBs and the event channel, as the core reaches them. */
#include "sim-int.h"

static struct sim_vcpu *vcpu(struct xm_env_dom *d, uint32_t id)
{
    struct sim_domain *s = sim_from_env(d);

    if (id >= s->cfg.vcpus)
        xm_env_panic("no such vCPU");
    return &s->vcpu[id];
}

void xm_env_tlb_flush(struct xm_env_dom *d, unsigned view)
{
    xmi_sim_tlb_flush(sim_from_env(d), view);
}

void xm_env_vcpu_pause(struct xm_env_dom *d, uint32_t id)
{
    vcpu(d, id)->pauses++;
}

void xm_env_vcpu_unpause(struct xm_env_dom *d, uint32_t id)
{
    struct sim_vcpu *v = vcpu(d, id);

    if (v->pauses == 0)
        xm_env_panic("a vCPU is unpaused more often than it was paused");
    v->pauses--;
}

void xm_env_vcpu_wait(struct xm_env_dom *d, uint32_t id)
{
    vcpu(d, id)->waiting = true;
}

void xm_env_vcpu_wake(struct xm_env_dom *d, uint32_t id)
{
    struct sim_vcpu *v = vcpu(d, id);

    v->waiting = false;
    v->woken = sim_vcpu_runs(v) + 1;
}

void xm_env_vcpu_get_regs(struct xm_env_dom *d, uint32_t id, void *regs, size_t bytes)
{
    xmi_sim_vcpu_regs_read(vcpu(d, id), regs, bytes);
}

void xm_env_vcpu_set_regs(struct xm_env_dom *d, uint32_t id, const void *regs, size_t bytes)
{
    xmi_sim_vcpu_regs_write(vcpu(d, id), regs, bytes);
}

/* The core holds its locks here: the domain dies when it has returned (sim_leave). */
void xm_env_domain_crash(struct xm_env_dom *d, const char *why)
{
    xm_env_log("domain %u crashed: %s", sim_from_env(d)->cfg.domid, why);
    sim_from_env(d)->doomed = true;
}

void xm_env_notify(struct xm_env_dom *d)
{
    xmi_sim_evtchn_raise(&sim_from_env(d)->evtchn);
}
