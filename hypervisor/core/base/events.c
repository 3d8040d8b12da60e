/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events other than memory accesses, one function per reason (arch/x86/hvm/monitor.c in Xen). */
#include <xm/base.h>

/* hvm_monitor_debug() asks whether single step is monitored before anything else up to 4.19. */
#define MINOR_FAST_STEP_UNWATCHED 20u

/* A slot is claimed. */
static int put(struct xm_domain *d, struct xm_vcpu *v, bool sync, struct xm_ev *ev)
{
    ev->vcpu_id = v->id;
    if (sync) {
        ev->flags |= XM_EV_FLAG_VCPU_PAUSED;
        v->event_pause++;
        v->pending_reason = ev->reason;
        xm_env_vcpu_pause(d->env, v->id);
    }
    if (d->views_active) {
        ev->flags |= XM_EV_FLAG_ALTERNATE_P2M;
        ev->altp2m_idx = v->view;
    }
    xm_env_vcpu_get_regs(d->env, v->id, &ev->data, d->ops->regs_bytes);
    xm_ring_put(d, v, ev);
    return sync ? 1 : 0;
}

int xm_event_send(struct xm_domain *d, struct xm_vcpu *v, bool sync, struct xm_ev *ev)
{
    int rc = xm_ring_claim(d, v);

    if (rc != 0)
        return rc == -XM_EOPNOTSUPP ? 0 : rc;
    return put(d, v, sync, ev);
}

int xm_event_try(struct xm_domain *d, struct xm_vcpu *v, bool sync, struct xm_ev *ev)
{
    return xm_ring_try_claim(d) ? put(d, v, sync, ev) : -XM_EAGAIN;
}

bool xm_event_notify(struct xm_domain *d, struct xm_vcpu *v, struct xm_ev *ev)
{
    if (!xm_ring_try_claim(d)) {
        d->stats.lost++;
        return false;
    }
    ev->vcpu_id = v->id;
    xm_env_vcpu_get_regs(d->env, v->id, &ev->data, d->ops->regs_bytes);
    xm_ring_put(d, NULL, ev);
    return true;
}

static bool watched(const struct xm_domain *d, uint32_t vcpu, enum xm_monitor_event event)
{
    return vcpu < d->vcpus && (d->monitor.enabled & (1u << event)) != 0;
}

/* stopped: what a synchronous event makes of the op. */
static enum xm_go send(struct xm_domain *d, uint32_t vcpu, bool sync, struct xm_ev *ev,
                       enum xm_go stopped)
{
    int rc = xm_event_send(d, &d->vcpu[vcpu], sync, ev);

    if (rc == 1)
        return stopped;
    return rc == -XM_EAGAIN ? XM_GO_WAIT : XM_GO_ON;
}

/* A register write that waits for its answer, so that DENY can stop it. Only with CONTROL_REGISTERS
 * turned on; before that it goes ahead at once and DENY comes too late. */
static enum xm_go send_write(struct xm_domain *d, uint32_t vcpu, bool sync, struct xm_ev *ev,
                             uint32_t index)
{
    bool hold = d->monitor.control_register_values;
    struct xm_held_write *held = &d->vcpu[vcpu].held;
    struct xm_held_write was = *held;
    enum xm_go go;

    /* Before the answer can come, which on another CPU may be at once. */
    if (hold && sync)
        *held = (struct xm_held_write){.reason = ev->reason, .index = index};
    go = send(d, vcpu, sync, ev, hold ? XM_GO_HELD : XM_GO_DONE);
    if (go != XM_GO_HELD)
        *held = was;
    return go;
}

enum xm_go xm_event_ctrlreg(struct xm_domain *d, uint32_t vcpu, uint32_t index, uint64_t old_value,
                            uint64_t new_value)
{
    const struct xm_monitor *m = &d->monitor;
    struct xm_ev ev = {.reason = XM_EV_REASON_WRITE_CTRLREG};
    uint32_t bit = 1u << (index & 31);

    if (vcpu >= d->vcpus || index >= XM_EV_CTRLREGS || (m->cr_enabled & bit) == 0)
        return XM_GO_ON;
    /* The mask hides an unchanged value even when onchangeonly is off. */
    if (((new_value ^ old_value) & ~m->cr_mask[index]) == 0)
        return XM_GO_ON;
    ev.u.ctrlreg.index = index;
    ev.u.ctrlreg.new_value = new_value;
    ev.u.ctrlreg.old_value = old_value;
    return send_write(d, vcpu, (m->cr_sync & bit) != 0, &ev, index);
}

enum xm_go xm_event_msr(struct xm_domain *d, uint32_t vcpu, uint32_t msr, uint64_t old_value,
                        uint64_t new_value)
{
    struct xm_ev ev = {.reason = XM_EV_REASON_MOV_TO_MSR};
    bool onchange;

    if (vcpu >= d->vcpus || !xm_monitor_msr(d, msr, &onchange))
        return XM_GO_ON;
    if (onchange && new_value == old_value)
        return XM_GO_ON;
    ev.u.msr.msr = msr;
    ev.u.msr.new_value = new_value;
    ev.u.msr.old_value = old_value;
    return send_write(d, vcpu, true, &ev, msr);
}

enum xm_go xm_event_cpuid(struct xm_domain *d, uint32_t vcpu, uint32_t insn_length, uint32_t leaf,
                          uint32_t subleaf)
{
    struct xm_ev ev = {.reason = XM_EV_REASON_CPUID};

    if (!watched(d, vcpu, XM_MONITOR_CPUID))
        return XM_GO_ON;
    ev.u.cpuid.insn_length = insn_length;
    ev.u.cpuid.leaf = leaf;
    ev.u.cpuid.subleaf = subleaf;
    return send(d, vcpu, true, &ev, XM_GO_AGAIN);
}

enum xm_go xm_event_breakpoint(struct xm_domain *d, uint32_t vcpu, const struct xm_ev_debug *b)
{
    struct xm_ev ev = {.reason = XM_EV_REASON_SOFTWARE_BREAKPOINT, .u.breakpoint = *b};

    if (!watched(d, vcpu, XM_MONITOR_SOFTWARE_BREAKPOINT))
        return XM_GO_ON;
    return send(d, vcpu, true, &ev, XM_GO_AGAIN);
}

/* A trap comes behind its instruction; the guest gets it only if the listener injects it. */
enum xm_go xm_event_debug(struct xm_domain *d, uint32_t vcpu, const struct xm_ev_debug *b)
{
    struct xm_ev ev = {.reason = XM_EV_REASON_DEBUG_EXCEPTION, .u.debug = *b};

    if (!watched(d, vcpu, XM_MONITOR_DEBUG_EXCEPTION))
        return XM_GO_ON;
    return send(d, vcpu, d->monitor.debug_sync, &ev, XM_GO_DONE);
}

enum xm_go xm_event_descriptor(struct xm_domain *d, uint32_t vcpu,
                               const struct xm_ev_desc_access *a)
{
    struct xm_ev ev = {.reason = XM_EV_REASON_DESCRIPTOR_ACCESS, .u.desc = *a};

    if (!watched(d, vcpu, XM_MONITOR_DESC_ACCESS))
        return XM_GO_ON;
    return send(d, vcpu, true, &ev, XM_GO_AGAIN);
}

enum xm_go xm_event_guest_request(struct xm_domain *d, uint32_t vcpu, bool userspace)
{
    struct xm_ev ev = {.reason = XM_EV_REASON_GUEST_REQUEST};

    if (!watched(d, vcpu, XM_MONITOR_GUEST_REQUEST) ||
        (userspace && !d->monitor.guest_request_userspace))
        return XM_GO_ON;
    return send(d, vcpu, d->monitor.guest_request_sync, &ev, XM_GO_DONE);
}

enum xm_go xm_event_privileged_call(struct xm_domain *d, uint32_t vcpu)
{
    struct xm_ev ev = {.reason = XM_EV_REASON_PRIVILEGED_CALL};

    if (!watched(d, vcpu, XM_MONITOR_PRIVILEGED_CALL))
        return XM_GO_ON;
    return send(d, vcpu, true, &ev, XM_GO_AGAIN);
}

enum xm_go xm_event_io(struct xm_domain *d, uint32_t vcpu, const struct xm_ev_io *io)
{
    struct xm_ev ev = {.reason = XM_EV_REASON_IO_INSTRUCTION, .u.io = *io};

    if (!watched(d, vcpu, XM_MONITOR_IO))
        return XM_GO_ON;
    return send(d, vcpu, true, &ev, XM_GO_AGAIN);
}

enum xm_go xm_event_vmexit(struct xm_domain *d, uint32_t vcpu, uint64_t reason,
                           uint64_t qualification)
{
    struct xm_ev ev = {.reason = XM_EV_REASON_VMEXIT};

    if (!watched(d, vcpu, XM_MONITOR_VMEXIT))
        return XM_GO_ON;
    ev.u.vmexit.reason = reason;
    ev.u.vmexit.qualification = qualification;
    return send(d, vcpu, d->monitor.vmexit_sync, &ev, XM_GO_AGAIN);
}

enum xm_go xm_event_interrupt(struct xm_domain *d, uint32_t vcpu, const struct xm_ev_interrupt *i)
{
    struct xm_ev ev = {.reason = XM_EV_REASON_INTERRUPT, .u.interrupt = *i};
    struct xm_vcpu *v = xm_vcpu_get(d, vcpu);
    enum xm_go go;

    if (v == NULL || !v->next_interrupt)
        return XM_GO_ON;
    go = send(d, vcpu, true, &ev, XM_GO_DONE);
    if (go != XM_GO_WAIT)
        v->next_interrupt = false;
    return go;
}

enum xm_go xm_event_emul_unimplemented(struct xm_domain *d, uint32_t vcpu)
{
    struct xm_ev ev = {.reason = XM_EV_REASON_EMUL_UNIMPLEMENTED};

    if (!watched(d, vcpu, XM_MONITOR_EMUL_UNIMPLEMENTED))
        return XM_GO_ON;
    return send(d, vcpu, true, &ev, XM_GO_AGAIN);
}

enum xm_go xm_event_singlestep(struct xm_domain *d, uint32_t vcpu, uint64_t gfn)
{
    struct xm_ev ev = {.reason = XM_EV_REASON_SINGLESTEP, .u.singlestep.gfn = gfn};
    struct xm_vcpu *v = xm_vcpu_get(d, vcpu);
    bool on = watched(d, vcpu, XM_MONITOR_SINGLESTEP);

    if (v == NULL || !v->single_step)
        return XM_GO_ON;
    if (!v->fast_step)
        return on ? send(d, vcpu, true, &ev, XM_GO_DONE) : XM_GO_ON;
    if (!on && d->xen_minor < MINOR_FAST_STEP_UNWATCHED)
        return XM_GO_ON;
    if (d->views_active)
        (void)xm_vcpu_switch_view(d, vcpu, v->fast_view);
    v->single_step = false;
    v->fast_step = false;
    v->fast_view = 0;
    return XM_GO_ON;
}
