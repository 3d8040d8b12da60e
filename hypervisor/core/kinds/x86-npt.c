/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What steps by the processor need of this core's own domains. */
#include <xm/core.h>

static bool call_hold_others(void *self, uint32_t vcpu)
{
    struct xm_domain *d = self;
    uint32_t i;

    if (d->hap_held)
        return false;
    d->hap_held = true;
    for (i = 0; i < d->vcpus; i++) {
        if (i != vcpu)
            xm_env_vcpu_pause(d->env, i);
    }
    return true;
}

static void call_release_others(void *self, uint32_t vcpu)
{
    struct xm_domain *d = self;
    uint32_t i;

    d->hap_held = false;
    for (i = 0; i < d->vcpus; i++) {
        if (i != vcpu)
            xm_env_vcpu_unpause(d->env, i);
    }
}

static bool call_trap_flag(void *self, uint32_t vcpu, bool on)
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

/* Entries are the rights themselves here; what is beside them is asked for at each access. */
static void call_renew(void *self, uint32_t vcpu, uint64_t gfn)
{
    struct xm_domain *d = self;

    (void)vcpu;
    (void)gfn;
    xm_p2m_lock(d);
    xm_p2m_note_flush(d, 0);
    xm_p2m_unlock(d);
}

static const struct xm_hap_calls calls = {
    .hold_others = call_hold_others,
    .release_others = call_release_others,
    .trap_flag = call_trap_flag,
    .renew = call_renew,
};

void xm_hap_bind(struct xm_domain *d, struct xm_vcpu *v)
{
    v->hap_trap.calls = &calls;
    v->hap_trap.self = d;
    v->hap_trap.vcpu = v->id;
}
