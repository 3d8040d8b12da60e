/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What answers ask of a guest on nested page tables, and what can be told of it (arch/x86/vm_event.c in Xen). */
#include <xm/base.h>
#include <xm/rights.h>

#include "x86.h"

#define BIT(n) (1u << (n))
#define MINOR_WITH_VMEXIT 17u
#define MINOR_WITH_IO 18u

uint32_t xm_hvm_monitor_caps(const struct xm_domain *d)
{
    uint32_t caps = BIT(XM_MONITOR_GUEST_REQUEST) | BIT(XM_MONITOR_SOFTWARE_BREAKPOINT) |
                    BIT(XM_MONITOR_MOV_TO_MSR) | BIT(XM_MONITOR_INTERRUPT) | BIT(XM_MONITOR_CPUID) |
                    BIT(XM_MONITOR_DEBUG_EXCEPTION) | BIT(XM_MONITOR_WRITE_CTRLREG) |
                    BIT(XM_MONITOR_EMUL_UNIMPLEMENTED) | BIT(XM_MONITOR_DESC_ACCESS) |
                    BIT(XM_MONITOR_INGUEST_PAGEFAULT);

    if (d->xen_minor >= MINOR_WITH_VMEXIT)
        caps |= BIT(XM_MONITOR_VMEXIT);
    if (d->xen_minor >= MINOR_WITH_IO)
        caps |= BIT(XM_MONITOR_IO);
    return caps;
}

/* Emulated only where the rights that stopped it are still in the way: the listener may have
 * lifted them meanwhile (p2m_mem_access_emulate_check). */
static bool still_violates(struct xm_domain *d, struct xm_vcpu *v, const struct xm_ev *rsp)
{
    struct xm_access_res now;

    if (!xm_access_lookup(d, v->id, xm_gfn(rsp->u.mem_access.gfn), &now))
        return true;
    return xm_rights_violated((enum xm_access)now.access, rsp->u.mem_access.flags & 7u, false);
}

static void reply_set(struct xm_vcpu *v, const struct xm_ev *rsp, uint32_t flags)
{
    v->reply.flags = flags & XM_HVM_EMULATE;
    v->reply.reason = rsp->reason;
    v->reply.deny = false;
    if ((flags & XM_EV_FLAG_SET_EMUL_INSN_DATA) != 0) {
        v->reply.data.insn = rsp->data.insn;
    } else if ((flags & XM_EV_FLAG_SET_EMUL_READ_DATA) != 0) {
        v->reply.data.read = rsp->data.read;
        if (v->reply.data.read.size > sizeof(v->reply.data.read.data))
            v->reply.data.read.size = sizeof(v->reply.data.read.data);
    }
    v->has_reply = true;
}

void xm_hvm_emulate(struct xm_domain *d, struct xm_vcpu *v, const struct xm_ev *rsp)
{
    uint32_t flags = rsp->flags;

    v->has_reply = false;
    if ((flags & XM_EV_FLAG_EMULATE) == 0)
        return;
    switch (rsp->reason) {
    case XM_EV_REASON_MEM_ACCESS:
        if (still_violates(d, v, rsp))
            reply_set(v, rsp, flags & ~XM_EV_FLAG_SET_EMUL_INSN_DATA);
        break;
    case XM_EV_REASON_SOFTWARE_BREAKPOINT:
        if ((flags & XM_EV_FLAG_SET_EMUL_INSN_DATA) != 0)
            reply_set(v, rsp, flags & ~XM_EV_FLAG_SET_EMUL_READ_DATA);
        break;
    case XM_EV_REASON_DESCRIPTOR_ACCESS:
        reply_set(v, rsp, flags & ~XM_EV_FLAG_SET_EMUL_INSN_DATA);
        break;
    default: break;
    }
}

static void deny(struct xm_vcpu *v, const struct xm_ev *rsp)
{
    if ((rsp->flags & XM_EV_FLAG_DENY) == 0 || v->held.reason == 0 || v->held.reason != rsp->reason)
        return;
    /* The index comes from the answer: one that does not echo the union denies nothing. */
    if (rsp->reason == XM_EV_REASON_WRITE_CTRLREG && rsp->u.ctrlreg.index != v->held.index)
        return;
    v->reply.flags = 0;
    v->reply.reason = rsp->reason;
    v->reply.deny = true;
    v->has_reply = true;
}

void xm_hvm_answer(struct xm_domain *d, struct xm_vcpu *v, const struct xm_ev *rsp)
{
    deny(v, rsp);
    if ((rsp->flags & XM_EV_FLAG_GET_NEXT_INTERRUPT) != 0)
        v->next_interrupt = true;
    xm_x86_regs_set(d, v, rsp);
}
