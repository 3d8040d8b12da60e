/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a domain on Xen can do, by kind, release and what the hypervisor says of itself. */
#include "base/base.h"
#include "backend/xen/backend-xen.h"

#define BIT(r) XMEM_RIGHTS_BIT(r)
#define EVENT_SIZES 5u
#define CAP_STEP \
    (1u << 30) /* beside XEN_DOMCTL_MONITOR_EVENT_*: hypervisor/core's XM_MONITOR_CAP_STEP */

/*
 * XEN_DOMCTL_MONITOR_EVENT_* (public/domctl.h), by number, to our reasons. Xen names the next
 * interrupt among them, but only an answer asks for it: arch_monitor_domctl_event() knows none.
 */
static const uint8_t reason_of[] = {
    XMEM_EVENT_CTRLREG,
    XMEM_EVENT_MSR,
    XMEM_EVENT_SINGLESTEP,
    XMEM_EVENT_BREAKPOINT,
    XMEM_EVENT_GUEST_REQUEST,
    XMEM_EVENT_DEBUG,
    XMEM_EVENT_CPUID,
    XMEM_EVENT_PRIVILEGED_CALL,
    0,
    XMEM_EVENT_DESCRIPTOR,
    XMEM_EVENT_EMUL_UNIMPLEMENTED,
    0,
    XMEM_EVENT_VMEXIT,
    XMEM_EVENT_IO,
};

/* Where the hypervisor has none they are few; where it refuses, that is no smaller capability. */
static int monitors_of(struct xen_dom *d, struct xmem_caps *c)
{
    uint32_t bits = 0;
    uint64_t out = UINT64_C(1) << XMEM_EVENT_MEM_ACCESS;
    int rc = xen_rc(d, d->api->monitor_capabilities(d->xch, d->domid, &bits));
    if (rc && rc != -EOPNOTSUPP && rc != -ENOSYS && rc != -EINVAL)
        return rc;
    for (unsigned i = 0; i < sizeof(reason_of); i++)
        if (bits & (1u << i) && reason_of[i])
            out |= UINT64_C(1) << reason_of[i];
    if (!d->api->monitor_vmexit)
        out &= ~(UINT64_C(1) << XMEM_EVENT_VMEXIT);
    if (!d->api->monitor_io)
        out &= ~(UINT64_C(1) << XMEM_EVENT_IO);
    c->monitors = out;
    c->step_means = bits & CAP_STEP ? XMEM_STEP_HYPERVISOR : 0;
    return 0;
}

/* w and wx are a misconfiguration in EPT and cannot be written in AMD's tables either. */
static uint32_t x86_rights(const struct xen_dom *d)
{
    uint32_t r = BIT(XMEM_DEFAULT) | BIT(XMEM_N) | BIT(XMEM_R) | BIT(XMEM_RW) | BIT(XMEM_RX) |
                 BIT(XMEM_RWX) | BIT(XMEM_RX2RW) | BIT(XMEM_N2RWX);
    if (d->kind == XMEM_KIND_X86_EPT)
        r |= BIT(XMEM_X);
    if (d->kind == XMEM_KIND_X86_EPT && d->release->access_r_pw >= 0)
        r |= BIT(XMEM_R_PW);
    return r;
}

static uint32_t arm_rights(void)
{
    return BIT(XMEM_DEFAULT) | BIT(XMEM_N) | BIT(XMEM_R) | BIT(XMEM_W) | BIT(XMEM_RW) |
           BIT(XMEM_X) | BIT(XMEM_RX) | BIT(XMEM_WX) | BIT(XMEM_RWX) | BIT(XMEM_RX2RW) |
           BIT(XMEM_N2RWX);
}

static void x86_caps(struct xen_dom *d, struct xmem_caps *c)
{
    c->rights = x86_rights(d);
    c->step_means |= XMEM_STEP_EMULATE | XMEM_STEP_RELAX;
    if (c->monitors & (UINT64_C(1) << XMEM_EVENT_SINGLESTEP))
        c->step_means |= XMEM_STEP_SINGLE | (d->views ? XMEM_STEP_VIEW : 0);
    c->max_views = d->views ? d->release->max_views : 1;
    c->view_rights = d->views ? c->rights : 0;
    c->replies = 1u << XMEM_REPLY_DENY | 1u << XMEM_REPLY_EMULATE |
                 1u << XMEM_REPLY_EMULATE_NOWRITE;
    if (xmi_xen_can_inject(d))
        c->replies |= 1u << XMEM_REPLY_REINJECT;
    c->reply_flags = XMEM_REPLY_SET_REGS | XMEM_REPLY_SET_READ_DATA | XMEM_REPLY_SET_INSN_DATA |
                     (c->step_means & XMEM_STEP_SINGLE ? XMEM_REPLY_TOGGLE_STEP : 0) |
                     (d->views ? XMEM_REPLY_SET_VIEW | XMEM_REPLY_FAST_STEP : 0);
    c->flags |= XMEM_CAP_SET_MANY;
    if (d->views && d->api->altp2m_get_suppress_ve)
        c->flags |= XMEM_CAP_SUPPRESS_VE;
    if (d->views && d->api->altp2m_visibility)
        c->flags |= XMEM_CAP_VISIBILITY;
    if (d->views)
        c->flags |= XMEM_CAP_SWITCH_VCPU;
}

/* Emulated by the library, with registers that are there in every release (vcpu.c). */
static void arm_caps(struct xmem_caps *c)
{
    c->rights = arm_rights();
    c->step_means |= XMEM_STEP_EMULATE | XMEM_STEP_RELAX;
    c->max_views = 1;
    c->reply_flags = XMEM_REPLY_SET_REGS;
}

/*
 * Every frame's rights are in the hypervisor's own table: it has all of them. EMULATE steps over an access where
 * what cannot be emulated is told; an older hypervisor reports it again, like an access that was never done.
 */
static void pv_caps(const struct xen_dom *d, struct xmem_caps *c)
{
    c->rights = arm_rights() | (d->release->access_r_pw >= 0 ? BIT(XMEM_R_PW) : 0);
    c->step_means |= XMEM_STEP_RELAX;
    if (c->monitors & (UINT64_C(1) << XMEM_EVENT_EMUL_UNIMPLEMENTED))
        c->step_means |= XMEM_STEP_EMULATE;
    c->max_views = 1;
    c->replies = 1u << XMEM_REPLY_EMULATE;
    c->reply_flags = XMEM_REPLY_SET_REGS;
    /* Pages cannot be added: their numbers are the machine's. */
    c->flags = XMEM_CAP_MEM_ACCESS | XMEM_CAP_SET_MANY | XMEM_CAP_DEFAULT_ALL;
}

static uint32_t slots_of(uint32_t version)
{
    static const uint16_t sizes[EVENT_SIZES] = {312, 376, 384, 384, 400}; /* interface 3 to 7 */
    uint32_t room = PAGE_BYTES - 64, slots = 1;
    if (version < 3 || version > 7)
        return 0;
    while (slots * 2 * sizes[version - 3] <= room)
        slots *= 2;
    return slots;
}

int xmi_xen_domain_caps(void *dom, struct xmem_caps *out)
{
    struct xen_dom *d = dom;
    struct xmem_domain_info info = XMEM_INIT(info);
    int rc = xmi_xen_domain_info_get(d, &info);
    if (rc)
        return rc;
    out->max_views = 1;
    out->granule = PAGE_BYTES;
    out->highest_gfn = info.highest_gfn;
    out->interface_version = d->release->interface_version;
    out->ring_slots = slots_of(out->interface_version);
    out->replies = 0;
    int active = xmi_xen_ring_active(d);
    if (active < 0)
        return active == -EOPNOTSUPP ? 0 : active; /* no mem_access here: the rest stays zero */
    out->flags = XMEM_CAP_MEM_ACCESS | XMEM_CAP_ADD_PAGE;
    rc = monitors_of(d, out);
    if (rc)
        return rc;
    if (d->conn->arm)
        arm_caps(out);
    else if (d->kind == XMEM_KIND_X86_PV)
        pv_caps(d, out);
    else
        x86_caps(d, out);
    out->replies |= 1u << XMEM_REPLY_RESUME | (out->step_means ? 1u << XMEM_REPLY_STEP_OVER : 0);
    return 0;
}
