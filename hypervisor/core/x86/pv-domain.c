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
    xm_pv_on(&d->pv);
    xm_p2m_unlock(d);
    return 0;
}

int xm_pv_disable(struct xm_domain *d, bool force)
{
    int rc = 0;

    if (d->kind != XM_KIND_X86_PV)
        return -XM_EOPNOTSUPP;
    xm_p2m_lock(d);
    if (!d->pv.on)
        goto out;
    if (d->ring.enabled || (!force && !xm_pv_idle(&d->pv))) {
        rc = -XM_EBUSY;
        goto out;
    }
    xm_pv_off(&d->pv);
    xm_p2m_note_flush(d, 0);
out:
    xm_p2m_unlock(d);
    return rc;
}

/* ---- XENMEM_access_op ---- */

static int op_set(struct xm_domain *d, const struct xm_mem_access_op *op, uint32_t *start,
                  bool *flush)
{
    enum xm_access a;

    if (!xm_rights_from_wire(d->xen_minor, op->access, &a))
        return -XM_EINVAL;
    if (op->pfn != XM_GFN_NONE)
        return xm_pv_set(&d->pv, op->pfn, op->nr, start, a, flush);
    if (a != XM_ACCESS_DEFAULT)
        xm_pv_set_default(&d->pv, a, flush);
    return 0;
}

static int op_get(struct xm_domain *d, struct xm_mem_access_op *op, uint32_t start)
{
    enum xm_access a = (enum xm_access)d->pv.default_access;
    int rc = start != 0 ? -XM_ENOSYS : 0;

    if (rc == 0 && op->pfn != XM_GFN_NONE)
        rc = xm_pv_get(&d->pv, op->pfn, &a);
    return rc != 0 ? rc : xm_rights_to_wire(d->xen_minor, a, &op->access);
}

static int op_locked(struct xm_domain *d, struct xm_mem_access_op *op, uint32_t *start, bool *flush)
{
    if (!d->pv.on)
        return -XM_EOPNOTSUPP;
    switch (op->op) {
    case XM_MEM_ACCESS_SET: return op_set(d, op, start, flush);
    case XM_MEM_ACCESS_GET: return op_get(d, op, *start);
    case XM_MEM_ACCESS_SET_MULTI:
        return xm_pv_set_list(&d->pv, op->pfn_list, op->access_list, op->nr, start, d->xen_minor,
                              flush);
    default: return -XM_ENOSYS;
    }
}

int xm_pv_hc_mem_access(struct xm_domain *d, struct xm_mem_access_op *op, uint32_t *start)
{
    bool flush = false;
    int rc;

    xm_p2m_lock(d);
    rc = op_locked(d, op, start, &flush);
    if (flush)
        xm_p2m_note_flush(d, 0);
    xm_p2m_unlock(d);
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
