/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What shadow L1 entries may carry, and what becomes of an access that they do not allow. */
#include <xm/pv.h>

uint8_t xm_pv_entry_bits(enum xm_access a)
{
    uint8_t bits = xm_rights_bits(a);

    /* A present entry can always be read: without r there is none. */
    return (bits & XM_DO_R) != 0 ? bits : 0;
}

/* What goes beyond the rights can be read, too, as any entry. */
static uint8_t entry_bits_with(enum xm_access a, uint8_t more)
{
    return more != 0 ? xm_rights_bits(a) | more | XM_DO_R : xm_pv_entry_bits(a);
}

uint64_t xm_pv_entry_flags_with(struct xm_pv *pv, uint64_t mfn, uint8_t more, uint64_t flags,
                                unsigned limits)
{
    uint8_t bits;

    if ((flags & XM_PTE_P) == 0)
        return flags;
    if (limits != 0)
        flags &= ~XM_PTE_RW;
    if (!pv->on)
        return flags;
    bits = entry_bits_with(xm_pv_rights(pv, mfn), more);
    if ((bits & XM_DO_R) == 0)
        flags &= ~XM_PTE_P;
    if ((bits & XM_DO_W) == 0)
        flags &= ~XM_PTE_RW;
    if ((bits & XM_DO_X) == 0)
        flags |= XM_PTE_NX;
    return flags;
}

uint64_t xm_pv_entry_flags(struct xm_pv *pv, uint64_t mfn, uint64_t flags, unsigned limits)
{
    return xm_pv_entry_flags_with(pv, mfn, 0, flags, limits);
}

/* A write's fault does not say whether its instruction reads as well. */
uint8_t xm_pv_what(uint32_t error_code)
{
    if ((error_code & XM_PFEC_I) != 0)
        return XM_DO_X;
    return (error_code & XM_PFEC_W) != 0 ? XM_DO_W : XM_DO_R;
}

/* Nobody listens: a violation by whomever ends the restriction, or the domain. */
static enum xm_pv_verdict alone(const struct xm_pv *pv, const struct xm_pv_ask *ask,
                                enum xm_access *to)
{
    *to = XM_ACCESS_RWX;
    if (!ask->required)
        return XM_PV_RELAX;
    return ask->who == XM_PV_BY_XEN && pv->policy == XM_PV_OWN_DENY ? XM_PV_EFAULT : XM_PV_CRASH;
}

static enum xm_pv_verdict by_xen(const struct xm_pv *pv, enum xm_access now, enum xm_access *to)
{
    *to = now == XM_ACCESS_N2RWX ? XM_ACCESS_RWX : now;
    /* n2rwx lets everything through, with an event. */
    if (pv->policy == XM_PV_OWN_DENY && now != XM_ACCESS_N2RWX)
        return XM_PV_EFAULT;
    return XM_PV_NOTIFY;
}

static enum xm_pv_verdict violation(const struct xm_pv *pv, const struct xm_pv_ask *ask,
                                    enum xm_access now, enum xm_access *to)
{
    if (now == XM_ACCESS_RX2RW && (ask->what & XM_DO_W) != 0) {
        *to = XM_ACCESS_RW;
        return XM_PV_RELAX;
    }
    if (!ask->listener)
        return alone(pv, ask, to);
    if (ask->who == XM_PV_BY_XEN)
        return by_xen(pv, now, to);
    if (now != XM_ACCESS_N2RWX)
        return XM_PV_EVENT;
    *to = XM_ACCESS_RWX;
    return XM_PV_EVENT_RELAX;
}

enum xm_pv_verdict xm_pv_decide(struct xm_pv *pv, const struct xm_pv_ask *ask, enum xm_access *to)
{
    enum xm_access now;

    if (!ask->guest_allows)
        return XM_PV_GUEST_FAULT;
    if (!pv->on || !ask->ours)
        return XM_PV_PASS;
    if (ask->who == XM_PV_BY_XEN && pv->policy == XM_PV_OWN_IGNORE)
        return XM_PV_PASS;
    now = xm_pv_rights(pv, ask->mfn);
    *to = now;
    if (xm_rights_violated(now, ask->what, false))
        return violation(pv, ask, now, to);
    return (ask->what & ~xm_pv_entry_bits(now)) == 0 ? XM_PV_PASS : XM_PV_PASS_ONCE;
}
