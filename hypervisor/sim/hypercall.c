/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hypercalls: the domain is looked up, the call is counted, a failure on order comes
 * first; a long one is continued until it is done, as the hypercall stub does in Xen.
 */
#include "sim-int.h"

typedef int (*call_fn)(struct sim_domain *d, void *op);

static int call(struct sim_machine *m, uint32_t domid, int kind, call_fn fn, void *op)
{
    struct sim_domain *d = xmi_sim_domain_find(m, domid);

    if (d == NULL)
        return -XM_ESRCH;
    xmi_sim_enter(d);
    d->hypercalls++;
    d->change++; /* whatever it does, TLB entries are compared anew */
    int rc = d->dying ? -XM_ESRCH : xmi_sim_inject_take(d, kind);
    if (rc == 0)
        rc = fn(d, op);
    xmi_sim_leave(d);
    return rc;
}

/* ---- XENMEM_access_op ---- */

/* A page of code is nobody's to restrict. */
static bool asks_for_code(struct sim_domain *d, const struct xm_mem_access_op *op)
{
    return op->op == XM_MEM_ACCESS_GET && xmi_sim_arm_code_page(d, op->pfn) != NULL &&
           !xm_mfn_valid(xm_p2m_get(&d->core, 0, xm_gfn(op->pfn)).mfn);
}

static int do_mem_access(struct sim_domain *d, void *p)
{
    struct xm_mem_access_op *op = p;
    uint32_t start = 0;
    int rc;

    if (asks_for_code(d, op))
        return xm_rights_to_wire(d->core.xen_minor, XM_ACCESS_RWX, &op->access);
    do {
        rc = xm_hc_mem_access(&d->core, p, &start);
    } while (rc == XM_CONTINUE);
    return rc;
}

int xmi_sim_hc_mem_access(struct sim_machine *m, struct xm_mem_access_op *op)
{
    int kind = XM_HC_ANY;

    if (m == NULL || op == NULL)
        return -XM_EFAULT;
    if (op->op == XM_MEM_ACCESS_SET)
        kind = XM_HC_ACCESS_SET;
    else if (op->op == XM_MEM_ACCESS_GET)
        kind = XM_HC_ACCESS_GET;
    else if (op->op == XM_MEM_ACCESS_SET_MULTI)
        kind = XM_HC_ACCESS_SET_MULTI;
    return call(m, op->domid, kind, do_mem_access, op);
}

int xmi_sim_hc_multicall(struct sim_machine *m, struct sim_multicall *v, uint32_t n)
{
    if (m == NULL || v == NULL)
        return -XM_EFAULT;
    if (n == 0)
        return 0;
    struct sim_domain *d = xmi_sim_domain_find(m, v[0].op.domid);
    for (uint32_t i = 0; i < n; i++)
        v[i].result = xmi_sim_hc_mem_access(m, &v[i].op);
    if (d == NULL)
        return 0;
    xmi_sim_enter(d);
    d->hypercalls -= n - 1;
    xmi_sim_leave(d);
    return 0;
}

/* ---- domctl ---- */

static int unhold(uint32_t *count)
{
    if (*count == 0)
        return -XM_EINVAL;
    --*count;
    return 0;
}

/* Holds by a tool are the machine's business, not the core's. */
static int do_hold(struct sim_domain *d, const struct xm_domctl *op)
{
    uint32_t vcpu = op->u.vcpu.vcpu;

    if (op->interface_version != xm_domctl_version(d->core.xen_minor))
        return -XM_EACCES;
    if (op->cmd == XM_DOMCTL_PAUSE) {
        d->pauses++;
        return 0;
    }
    if (op->cmd == XM_DOMCTL_UNPAUSE)
        return unhold(&d->pauses);
    if (!d->cfg.holds)
        return -XM_EOPNOTSUPP;
    if (vcpu >= d->cfg.vcpus)
        return -XM_EINVAL;
    if (op->cmd == XM_DOMCTL_GDBSX_UNPAUSE_VCPU)
        return unhold(&d->vcpu[vcpu].holds);
    d->vcpu[vcpu].holds++;
    return 0;
}

/* Single step is switched from outside where the processor has a trap flag for its monitor. */
static int do_debug(struct sim_domain *d, const struct xm_domctl *op)
{
    uint32_t vcpu = op->u.debug_op.vcpu;

    if (op->interface_version != xm_domctl_version(d->core.xen_minor))
        return -XM_EACCES;
    if (vcpu >= d->cfg.vcpus || op->u.debug_op.op != XM_DEBUG_OP_SINGLE_STEP_OFF)
        return -XM_EINVAL;
    if (d->cfg.kind != SIM_X86_EPT)
        return -XM_EOPNOTSUPP;
    d->core.vcpu[vcpu].single_step = d->core.vcpu[vcpu].fast_step = false;
    return 0;
}

static bool was_woken(const struct sim_vcpu *v)
{
    return v->woken == sim_vcpu_runs(v) + 1;
}

/* Where the hypervisor is ours it does not let a ring end that a woken vCPU has still to look at. */
static bool ring_is_looked_at(const struct sim_domain *d)
{
    bool any = false;

    for (uint32_t i = 0; i < d->cfg.vcpus && d->cfg.kind == SIM_X86_PV; i++)
        any = any || was_woken(&d->vcpu[i]);
    return any;
}

/*
 * A vCPU that is woken from the queue for a slot looks at the ring when it runs: who ends the ring lets
 * it run first. The MPU's have no queue.
 */
static void lose_woken(struct sim_domain *d)
{
    if (d->cfg.kind == SIM_ARMV8R_MPU)
        return;
    for (uint32_t i = 0; i < d->cfg.vcpus; i++)
        if (was_woken(&d->vcpu[i]))
            d->vcpu[i].waiting = true;
}

static int do_vm_event(struct sim_domain *d, struct xm_domctl *op)
{
    const struct xm_domctl_vm_event_op *ev = &op->u.vm_event_op;
    uint32_t outstanding = xm_ring_outstanding(&d->core);
    int rc = -XM_EBUSY;

    if (ev->op != XM_VM_EVENT_DISABLE || !ring_is_looked_at(d))
        rc = xm_hc_domctl(&d->core, op);
    if (rc != 0 || ev->mode != XM_VM_EVENT_MODE_MONITOR)
        return rc;
    if (ev->op == XM_VM_EVENT_ENABLE) {
        d->evtchn.bound = true;
        op->u.vm_event_op.u.port = 1;
    } else if (ev->op == XM_VM_EVENT_DISABLE) {
        d->leaked_slots += outstanding; /* nobody can answer these any more */
        d->evtchn.bound = false;
        d->evtchn.pending = d->evtchn.soon = false;
        xmi_sim_notes_forget(d);
        lose_woken(d);
    }
    return 0;
}

static int do_domctl(struct sim_domain *d, void *p)
{
    struct xm_domctl *op = p;

    switch (op->cmd) {
    case XM_DOMCTL_PAUSE:
    case XM_DOMCTL_UNPAUSE:
    case XM_DOMCTL_GDBSX_PAUSE_VCPU:
    case XM_DOMCTL_GDBSX_UNPAUSE_VCPU: return do_hold(d, op);
    case XM_DOMCTL_DEBUG_OP: return do_debug(d, op);
    case XM_DOMCTL_VM_EVENT_OP: return do_vm_event(d, op);
    case XM_DOMCTL_SHADOW_OP: return xmi_sim_pv_shadow_op(d, op);
    default: return xm_hc_domctl(&d->core, op);
    }
}

static int domctl_kind(uint32_t cmd)
{
    switch (cmd) {
    case XM_DOMCTL_VM_EVENT_OP: return XM_HC_VM_EVENT;
    case XM_DOMCTL_MONITOR_OP: return XM_HC_MONITOR;
    case XM_DOMCTL_SET_ACCESS_REQUIRED: return XM_HC_ACCESS_REQUIRED;
    case XM_DOMCTL_PAUSE: return XM_HC_PAUSE;
    case XM_DOMCTL_UNPAUSE: return XM_HC_UNPAUSE;
    case XM_DOMCTL_GDBSX_PAUSE_VCPU: return XM_HC_VCPU_PAUSE;
    case XM_DOMCTL_GDBSX_UNPAUSE_VCPU: return XM_HC_VCPU_UNPAUSE;
    default: return XM_HC_DOMCTL_OTHER;
    }
}

int xmi_sim_hc_domctl(struct sim_machine *m, struct xm_domctl *op)
{
    if (m == NULL || op == NULL)
        return -XM_EFAULT;
    return call(m, op->domain, domctl_kind(op->cmd), do_domctl, op);
}

/* ---- HVMOP_altp2m ---- */

static int do_altp2m(struct sim_domain *d, void *op)
{
    int rc;

    do {
        rc = xm_hc_altp2m(&d->core, op);
    } while (rc == XM_CONTINUE);
    if (rc == 0)
        xmi_sim_views_changed(d, op);
    return rc;
}

static int altp2m_kind(uint32_t cmd)
{
    switch (cmd) {
    case XM_ALTP2M_GET_DOMAIN_STATE:
    case XM_ALTP2M_SET_DOMAIN_STATE: return XM_HC_ALTP2M_STATE;
    case XM_ALTP2M_CREATE_P2M: return XM_HC_ALTP2M_CREATE;
    case XM_ALTP2M_DESTROY_P2M: return XM_HC_ALTP2M_DESTROY;
    case XM_ALTP2M_SWITCH_P2M: return XM_HC_ALTP2M_SWITCH;
    case XM_ALTP2M_SET_MEM_ACCESS: return XM_HC_ALTP2M_SET;
    case XM_ALTP2M_SET_MEM_ACCESS_MULTI: return XM_HC_ALTP2M_SET_MULTI;
    case XM_ALTP2M_GET_MEM_ACCESS: return XM_HC_ALTP2M_GET;
    case XM_ALTP2M_CHANGE_GFN: return XM_HC_ALTP2M_CHANGE_GFN;
    default: return XM_HC_ALTP2M_OTHER;
    }
}

int xmi_sim_hc_altp2m(struct sim_machine *m, struct xm_altp2m_op *op)
{
    if (m == NULL || op == NULL)
        return -XM_EFAULT;
    return call(m, op->domain, altp2m_kind(op->cmd), do_altp2m, op);
}

/* ---- vcpucontext ---- */

struct vcpu_call {
    uint32_t vcpu;
    struct sim_arm_context *get;
    const struct sim_arm_context *set;
};

static int do_vcpu(struct sim_domain *d, void *op)
{
    const struct vcpu_call *c = op;

    if (!sim_is_arm(d))
        return -XM_EOPNOTSUPP;
    if (c->vcpu >= d->cfg.vcpus)
        return -XM_EINVAL;
    if (c->set != NULL)
        return xmi_sim_arm_set(&d->vcpu[c->vcpu], c->set);
    xmi_sim_arm_get(&d->vcpu[c->vcpu], c->get);
    return 0;
}

int xmi_sim_hc_vcpu_get(struct sim_machine *m, uint32_t domid, uint32_t vcpu,
                        struct sim_arm_context *out)
{
    struct vcpu_call c = {.vcpu = vcpu, .get = out};

    if (m == NULL || out == NULL)
        return -XM_EFAULT;
    return call(m, domid, XM_HC_VCPU_GET, do_vcpu, &c);
}

int xmi_sim_hc_vcpu_set(struct sim_machine *m, uint32_t domid, uint32_t vcpu,
                        const struct sim_arm_context *in)
{
    struct vcpu_call c = {.vcpu = vcpu, .set = in};

    if (m == NULL || in == NULL)
        return -XM_EFAULT;
    return call(m, domid, XM_HC_VCPU_SET, do_vcpu, &c);
}

uint64_t xmi_sim_hypercall_count(struct sim_domain *d)
{
    xmi_sim_enter(d);
    uint64_t n = d->hypercalls;
    xmi_sim_leave(d);
    return n;
}
