/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <xm/core.h>

int xm_pv_enable(struct xm_domain *d)
{
    int rc;

    if (d->kind != XM_KIND_X86_PV)
        return -XM_EOPNOTSUPP;
    rc = xm_ring_make(d);
    if (rc != 0)
        return rc;
    xm_p2m_lock(d);
    xm_pv_turn_on(&d->pv, (enum xm_pv_policy)d->pv.policy, (enum xm_pv_default)d->pv.semantics);
    xm_p2m_unlock(d);
    return 0;
}

int xm_pv_disable(struct xm_domain *d, bool force)
{
    int rc = 0;

    if (d->kind != XM_KIND_X86_PV)
        return -XM_EOPNOTSUPP;
    xm_p2m_lock(d);
    rc = xm_pv_turn_off(&d->pv, !force, d->ring.enabled);
    if (rc == 0)
        xm_p2m_note_flush(d, 0);
    xm_p2m_unlock(d);
    return rc == 0 ? xm_pv_reap(&d->pv) : rc;
}

/* ---- XENMEM_access_op ---- */

int xm_pv_hc_mem_access(struct xm_domain *d, struct xm_mem_access_op *op, uint32_t *start)
{
    struct xm_pv_op mine = {
        .op = op->op,
        .access = op->access,
        .lists = true,
        .nr = op->nr,
        .xen_minor = d->xen_minor,
        .pfn = op->pfn,
        .pfn_list = op->pfn_list,
        .access_list = op->access_list,
    };
    bool flush = false;
    int rc;

    xm_p2m_lock(d);
    rc = xm_pv_op(&d->pv, &mine, start, &flush);
    if (flush)
        xm_p2m_note_flush(d, 0);
    xm_p2m_unlock(d);
    op->access = mine.access;
    return rc;
}

/* ---- accesses ---- */

static void call_lock(void *self)
{
    xm_p2m_lock(self);
}

static void call_unlock(void *self, bool flush)
{
    if (flush)
        xm_p2m_note_flush(self, 0);
    xm_p2m_unlock(self);
}

static bool call_listener(void *self)
{
    const struct xm_domain *d = self;

    return d->ring.enabled;
}

static bool call_required(void *self)
{
    const struct xm_domain *d = self;

    return d->access_required;
}

/* A vCPU that finds no slot sleeps where it may, and leaves no trace: it asks again. */
static int call_tell(void *self, uint32_t vcpu, const struct xm_pv_ask *ask, unsigned how)
{
    const struct xm_access_req req = {
        .vcpu = vcpu,
        .gfn = {ask->mfn},
        .offset = ask->offset,
        .gla_valid = ask->va_valid,
        .gla = ask->va,
        .what = ask->what,
        .kind = ask->va_valid ? XM_ACC_WITH_GLA : XM_ACC_UNKNOWN,
    };
    struct xm_domain *d = self;
    struct xm_vcpu *v = &d->vcpu[vcpu];
    struct xm_ev ev;
    int rc;

    if (!d->ring.enabled)
        return -XM_EOPNOTSUPP;
    xm_access_event_fill(&req, ask->what, &ev);
    if (ask->who == XM_PV_BY_XEN)
        return xm_event_notify(d, v, &ev) ? 0 : -XM_EAGAIN;
    if ((how & XM_PV_TELL_WAIT) != 0)
        rc = xm_event_send(d, v, (how & XM_PV_TELL_STOP) != 0, &ev);
    else
        rc = xm_event_try(d, v, (how & XM_PV_TELL_STOP) != 0, &ev);
    return rc == 0 && v->blocked ? 1 : rc;
}

static bool call_tell_unimplemented(void *self, uint32_t vcpu)
{
    return xm_event_emul_unimplemented(self, vcpu) != XM_GO_ON;
}

static void call_crash(void *self, const char *why)
{
    const struct xm_domain *d = self;

    xm_env_domain_crash(d->env, why);
}

static bool call_hold_others(void *self, uint32_t vcpu)
{
    const struct xm_domain *d = self;

    if (d->pv.step.open)
        return false;
    for (uint32_t i = 0; i < d->vcpus; i++) {
        if (i != vcpu)
            xm_env_vcpu_pause(d->env, i);
    }
    return true;
}

static void call_release_others(void *self, uint32_t vcpu)
{
    const struct xm_domain *d = self;

    for (uint32_t i = 0; i < d->vcpus; i++) {
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

static const struct xm_pv_calls calls = {
    .lock = call_lock,
    .unlock = call_unlock,
    .listener = call_listener,
    .required = call_required,
    .tell = call_tell,
    .tell_unimplemented = call_tell_unimplemented,
    .crash = call_crash,
    .hold_others = call_hold_others,
    .release_others = call_release_others,
    .trap_flag = call_trap_flag,
};

void xm_pv_bind(struct xm_domain *d)
{
    d->pv.calls = &calls;
    d->pv.self = d;
}
