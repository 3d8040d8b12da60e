/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* XEN_DOMCTL_monitor_op: what is watched (common/monitor.c, arch/x86/monitor.c in Xen). */
#include <xm/base.h>

#define BIT(n) (1u << (n))

uint32_t xm_monitor_caps(const struct xm_domain *d)
{
    return d->ops->monitor_caps(d);
}

static void bit8_set(uint8_t *set, unsigned bit, bool on)
{
    *set = (uint8_t)(on ? *set | BIT(bit) : *set & ~BIT(bit));
}

static int set_ctrlreg(struct xm_monitor *m, const struct xm_domctl_monitor_op *op, bool on)
{
    unsigned i = op->u.mov_to_cr.index;

    if (i >= XM_EV_CTRLREGS || op->u.mov_to_cr.pad1 != 0 || op->u.mov_to_cr.pad2 != 0)
        return -XM_EINVAL;
    if (((m->cr_enabled & BIT(i)) != 0) == on)
        return -XM_EEXIST;
    bit8_set(&m->cr_sync, i, op->u.mov_to_cr.sync != 0);
    bit8_set(&m->cr_onchange, i, op->u.mov_to_cr.onchangeonly != 0);
    m->cr_mask[i] = on ? op->u.mov_to_cr.bitmask : 0;
    bit8_set(&m->cr_enabled, i, on);
    return 0;
}

/* The three ranges that have interception bitmaps. False: not one of them. */
static bool msr_place(uint32_t msr, unsigned *range, unsigned *bit)
{
    static const uint32_t base[3] = {0, 0x40000000u, 0xc0000000u};

    for (unsigned i = 0; i < 3; i++) {
        if (msr - base[i] < 0x2000u) {
            *range = i;
            *bit = msr - base[i];
            return true;
        }
    }
    return false;
}

bool xm_monitor_msr(const struct xm_domain *d, uint32_t msr, bool *onchange)
{
    unsigned range, bit;
    uint64_t mask;

    if (d->monitor.msr == NULL || !msr_place(msr, &range, &bit))
        return false;
    mask = UINT64_C(1) << (bit % 64);
    *onchange = (d->monitor.msr[1][range][bit / 64] & mask) != 0;
    return (d->monitor.msr[0][range][bit / 64] & mask) != 0;
}

static int set_msr(struct xm_domain *d, const struct xm_domctl_monitor_op *op, bool on)
{
    unsigned range, bit;
    uint64_t mask, *word;
    bool onchange;

    if (xm_monitor_msr(d, op->u.mov_to_msr.msr, &onchange) == on)
        return -XM_EEXIST;
    if (d->monitor.msr == NULL)
        return -XM_ENXIO;
    if (!msr_place(op->u.mov_to_msr.msr, &range, &bit))
        return -XM_EINVAL;
    mask = UINT64_C(1) << (bit % 64);
    word = &d->monitor.msr[0][range][bit / 64];
    *word = on ? *word | mask : *word & ~mask;
    if (!on)
        return 0;
    word = &d->monitor.msr[1][range][bit / 64];
    *word = op->u.mov_to_msr.onchangeonly != 0 ? *word | mask : *word & ~mask;
    return 0;
}

static void set_options(struct xm_monitor *m, const struct xm_domctl_monitor_op *op, bool on)
{
    switch (op->event) {
    case XM_MONITOR_GUEST_REQUEST:
        m->guest_request_sync = op->u.guest_request.sync != 0;
        m->guest_request_userspace = op->u.guest_request.allow_userspace != 0;
        break;
    case XM_MONITOR_DEBUG_EXCEPTION: m->debug_sync = on && op->u.debug_exception.sync != 0; break;
    case XM_MONITOR_VMEXIT: m->vmexit_sync = op->u.vmexit.sync != 0; break;
    case XM_MONITOR_INGUEST_PAGEFAULT:
        m->inguest_pagefault_disabled = on; /* "enable" disables them */
        break;
    default: break;
    }
}

static int set_plain(struct xm_monitor *m, const struct xm_domctl_monitor_op *op, bool on)
{
    if (((m->enabled & BIT(op->event)) != 0) == on)
        return -XM_EEXIST;
    set_options(m, op, on);
    m->enabled = on ? m->enabled | BIT(op->event) : m->enabled & ~BIT(op->event);
    return 0;
}

static int toggle(struct xm_domain *d, const struct xm_domctl_monitor_op *op, bool on)
{
    if (op->event > 31)
        return -XM_EINVAL;
    if ((xm_monitor_caps(d) & ~XM_MONITOR_CAP_STEP & BIT(op->event)) == 0)
        return -XM_EOPNOTSUPP;
    switch (op->event) {
    case XM_MONITOR_WRITE_CTRLREG: return set_ctrlreg(&d->monitor, op, on);
    case XM_MONITOR_MOV_TO_MSR: return set_msr(d, op, on);
    case XM_MONITOR_INTERRUPT:
        return -XM_EOPNOTSUPP; /* a capability that answers set, not a switch */
    default: return set_plain(&d->monitor, op, on);
    }
}

static int other(struct xm_domain *d, const struct xm_domctl_monitor_op *op)
{
    if (!d->ops->intercepts)
        return -XM_EOPNOTSUPP;
    switch (op->op) {
    case XM_MONITOR_EMULATE_EACH_REP:
        if (!d->ring.enabled)
            return -XM_EINVAL;
        d->monitor.emulate_each_rep = op->event != 0;
        return 0;
    case XM_MONITOR_CONTROL_REGISTERS: d->monitor.control_register_values = true; return 0;
    default: return -XM_EOPNOTSUPP;
    }
}

int xm_hc_monitor(struct xm_domain *d, struct xm_domctl_monitor_op *op)
{
    int rc;

    xm_env_lock(&d->ring_lock);
    switch (op->op) {
    case XM_MONITOR_ENABLE:
    case XM_MONITOR_DISABLE: rc = toggle(d, op, op->op == XM_MONITOR_ENABLE); break;
    case XM_MONITOR_GET_CAPABILITIES:
        op->event = xm_monitor_caps(d);
        rc = 0;
        break;
    default: rc = other(d, op); break;
    }
    xm_env_unlock(&d->ring_lock);
    return rc;
}
