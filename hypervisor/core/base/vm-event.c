/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* XEN_DOMCTL_vm_event_op: the ring is turned on, turned off, resumed (common/vm_event.c in Xen). */
#include <xm/base.h>

/* Kept until the domain goes: a listener that still looks at it after a DISABLE harms nobody. */
int xm_ring_make(struct xm_domain *d)
{
    struct xm_ring *r = &d->ring;

    if (r->page != NULL)
        return 0;
    r->mfn = xm_env_frame_alloc(d->env);
    if (!xm_mfn_valid(r->mfn))
        return -XM_ENOMEM;
    r->page = xm_env_frame_map(r->mfn);
    return 0;
}

static int msr_bitmap_get(struct xm_domain *d)
{
    if (!d->ops->intercepts || d->monitor.msr != NULL)
        return 0;
    d->monitor.msr = xm_env_alloc(2 * sizeof(*d->monitor.msr));
    return d->monitor.msr != NULL ? 0 : -XM_ENOMEM;
}

static void ring_reset(struct xm_ring *r)
{
    memset(r->page, 0, sizeof(*r->page));
    r->page->req_event = 1;
    r->page->rsp_event = 1;
    r->req_prod = 0;
    r->rsp_cons = 0;
    r->outstanding = 0;
    r->claimed = 0;
    r->broken = false;
    r->enabled = true;
}

static int enable(struct xm_domain *d, struct xm_domctl_vm_event_op *op)
{
    int rc = msr_bitmap_get(d);

    if (rc != 0)
        return rc;
    if (d->ring.enabled)
        return -XM_EBUSY;
    if (d->ops->may_listen != NULL && !d->ops->may_listen(d))
        return -XM_ENODEV;
    rc = xm_ring_make(d);
    if (rc != 0)
        return rc;
    xm_env_lock(&d->ring_lock);
    ring_reset(&d->ring);
    xm_env_unlock(&d->ring_lock);
    op->u.port = 0;
    return 0;
}

static void monitor_reset(struct xm_domain *d)
{
    if (d->monitor.msr != NULL)
        xm_env_free(d->monitor.msr, 2 * sizeof(*d->monitor.msr));
    memset(&d->monitor, 0, sizeof(d->monitor));
    for (uint32_t i = 0; i < d->vcpus; i++) {
        d->vcpu[i].has_reply = false;
        d->vcpu[i].held.reason = 0;
        d->vcpu[i].next_interrupt = false;
    }
}

/* The vCPUs' event pauses stay, as in Xen: who listens next must answer for them. */
static int disable(struct xm_domain *d)
{
    bool waiters;

    if (!d->ring.enabled)
        return -XM_EINVAL;
    xm_env_lock(&d->ring_lock);
    waiters = d->ring.waiters != 0;
    xm_env_unlock(&d->ring_lock);
    if (waiters)
        return -XM_EBUSY;
    xm_ring_kill(d);
    monitor_reset(d);
    return 0;
}

static int monitor_mode(struct xm_domain *d, struct xm_domctl_vm_event_op *op)
{
    switch (op->op) {
    case XM_VM_EVENT_ENABLE: return enable(d, op);
    case XM_VM_EVENT_DISABLE: return disable(d);
    case XM_VM_EVENT_RESUME: return xm_ring_consume(d);
    default: return -XM_ENOSYS;
    }
}

int xm_hc_vm_event(struct xm_domain *d, struct xm_domctl_vm_event_op *op)
{
    if (op->op == XM_VM_EVENT_GET_VERSION) {
        op->u.version = XM_EV_INTERFACE_VERSION;
        return 0;
    }
    /* Paging and sharing rings are not built in. */
    return op->mode == XM_VM_EVENT_MODE_MONITOR ? monitor_mode(d, op) : -XM_ENOSYS;
}

static int access_required(struct xm_domain *d, bool required)
{
    xm_p2m_lock(d);
    d->access_required = required;
    xm_p2m_unlock(d);
    return 0;
}

int xm_hc_domctl(struct xm_domain *d, struct xm_domctl *op)
{
    if (op->interface_version != xm_domctl_version(d->xen_minor))
        return -XM_EACCES;
    switch (op->cmd) {
    case XM_DOMCTL_VM_EVENT_OP: return xm_hc_vm_event(d, &op->u.vm_event_op);
    case XM_DOMCTL_MONITOR_OP: return xm_hc_monitor(d, &op->u.monitor_op);
    case XM_DOMCTL_SET_ACCESS_REQUIRED:
        return access_required(d, op->u.access_required.access_required != 0);
    default: return -XM_ENOSYS;
    }
}
