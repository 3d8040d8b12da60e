/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One vCPU: its registers, its time. There is no hold here. No hypercall of the toolstack pauses
 * one vCPU; on Arm setvcpucontext without VGCF_online takes it off the processor, but then every
 * interrupt for it is thrown away (vgic_inject_irq(), "vcpu offline"): a guest that sleeps until
 * its timer, or waits for another vCPU's interrupt, never wakes. On x86 views do without.
 */
#include "base/base.h"
#include "backend/xen/backend-xen.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define CONTEXT_ROOM 8192u /* larger than any release's vcpu_guest_context */
#define ARM_PC_OFFSET 256u /* flags, padding, x0 to x30, then pc (public/arch-arm.h) */
#define X86_PC_OFFSET 648u /* fpu_ctxt, flags, user_regs up to rip (public/arch-x86/xen.h) */

/*
 * Who sleeps gives its processor to the guest, and credit2 lets a vCPU that was just put on one have it
 * for a millisecond at least: a wake-up in that time preempts nobody and is not thought of again until the
 * guest's slice is over, some 5 ms later (tickle_score(), sched_ratelimit_us). So a look waits with
 * open eyes, for guests that run on another processor meanwhile, or sleeps until a wake-up counts.
 */
#define SPIN_NS 20000
#define SLEEP_NS 1050000
#define SPINS 8u
#define SLEEP_ONLY 15u /* series of looks, after one in which spinning saw nothing */

struct vcpu_info { /* struct xen_domctl_getvcpuinfo (public/domctl.h) */
    uint32_t vcpu;
    uint8_t online, blocked, running, pad;
    uint64_t cpu_time; /* ns */
    uint32_t cpu;
    uint8_t tail[64]; /* nothing up to 4.20 */
};

int xmi_xen_vcpu_ran(void *dom, uint32_t vcpu, uint64_t *ns, bool *idle)
{
    struct xen_dom *d = dom;
    struct vcpu_info info = {0};
    int rc = xen_rc(d, d->api->vcpu_getinfo(d->xch, d->domid, vcpu, &info));
    if (rc)
        return rc;
    *ns = info.cpu_time;
    *idle = info.blocked || !info.online;
    return 0;
}

#define DEBUG_OP_SINGLE_STEP_OFF 0u /* public/domctl.h */

int xmi_xen_vcpu_step_off(void *dom, uint32_t vcpu)
{
    struct xen_dom *d = dom;
    if (!d->api->debug_control)
        return -EOPNOTSUPP;
    return xen_rc(d, d->api->debug_control(d->xch, d->domid, DEBUG_OP_SINGLE_STEP_OFF, vcpu));
}

static void spin(void)
{
    for (int64_t end = xmi_clock_ns() + SPIN_NS; xmi_clock_ns() < end;)
        ;
}

void xmi_xen_end_peek(struct xen_dom *d)
{
    if (d->sleep_only)
        d->sleep_only--;
    else if (d->looks > SPINS)
        d->sleep_only = SLEEP_ONLY;
    d->looks = 0;
}

/* The domain runs meanwhile, or may. */
static void wait_a_moment(struct xen_dom *d)
{
    const struct timespec moment = {.tv_nsec = SLEEP_NS};
    if (d->sleep_only || d->looks >= SPINS)
        nanosleep(&moment, NULL);
    else
        spin();
    if (d->looks <= SPINS)
        d->looks++;
}

int xmi_xen_vcpu_peek(void *dom, uint32_t vcpu, uint64_t *pc)
{
    struct xen_dom *d = dom;
    _Alignas(16) uint8_t context[CONTEXT_ROOM];
    wait_a_moment(d);
    memset(context, 0, sizeof(context));
    int rc = xen_rc(d, d->api->vcpu_getcontext(d->xch, d->domid, vcpu, context));
    if (!rc)
        memcpy(pc, context + (d->conn->arm ? ARM_PC_OFFSET : X86_PC_OFFSET), sizeof(*pc));
    return rc;
}

/* Other registers than Arm's are not offered yet. */
int xmi_xen_vcpu_get(void *dom, uint32_t vcpu, struct backend_vcpu *out)
{
    struct xen_dom *d = dom;
    union xen_context context;
    if (!d->conn->arm)
        return -EOPNOTSUPP;
    xmi_xen_context_clear(&context, d->release->minor);
    int rc = xen_rc(d, d->api->vcpu_getcontext(d->xch, d->domid, vcpu, &context));
    if (!rc && !xmi_xen_context_fits(&context, d->release->minor))
        rc = -EOPNOTSUPP;
    if (rc)
        return rc;
    *out = (struct backend_vcpu){.arch = XMEM_ARCH_ARM};
    xmi_xen_context_get(&context, d->release->minor, &out->u.arm);
    return 0;
}

int xmi_xen_vcpu_set(void *dom, uint32_t vcpu, const struct backend_vcpu *in)
{
    struct xen_dom *d = dom;
    union xen_context context;
    if (!d->conn->arm)
        return -EOPNOTSUPP;
    if (in->arch != XMEM_ARCH_ARM)
        return -EINVAL;
    xmi_xen_context_set(&context, d->release->minor, &in->u.arm);
    return xen_rc(d, d->api->vcpu_setcontext(d->xch, d->domid, vcpu, &context));
}

/* ---- exceptions into an HVM guest ---- */

bool xmi_xen_can_inject(struct xen_dom *d)
{
    if (!d->api->dm_open || !d->api->dm_close || !d->api->dm_inject)
        return false;
    if (!d->dmod)
        d->dmod = d->api->dm_open(xmi_xen_quiet(), 0);
    return d->dmod;
}

void xmi_xen_inject_close(struct xen_dom *d)
{
    if (d->dmod)
        d->api->dm_close(d->dmod);
    d->dmod = NULL;
}

int xmi_xen_vcpu_inject(void *dom, uint32_t vcpu, const struct backend_exception *e)
{
    struct xen_dom *d = dom;
    if (!xmi_xen_can_inject(d))
        return -EOPNOTSUPP;
    return xen_rc(d, d->api->dm_inject(d->dmod, (uint16_t)d->domid, (int)vcpu, e->vector, e->type,
                                       e->error_code, e->insn_len, e->extra));
}
