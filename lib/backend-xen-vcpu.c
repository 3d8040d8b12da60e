/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Holding one vCPU and reading its program counter, on Arm: no hypercall of the toolstack
 * pauses one vCPU there, but setvcpucontext without VGCF_online takes it off the processor and
 * with it puts it back (arch_set_info_guest()). On x86 views and single step do without.
 */
#include "backend-xen.h"

#include <string.h>
#include <time.h>

#define VGCF_ONLINE 1u
#define CONTEXT_ROOM 8192u /* larger than any release's vcpu_guest_context */
#define ARM_PC_OFFSET 256u /* flags, padding, x0 to x30, then pc (public/arch-arm.h) */
#define PEEK_NS 200000

struct context {
    _Alignas(16) uint8_t bytes[CONTEXT_ROOM];
};

static int get(struct xen_dom *d, uint32_t vcpu, struct context *c)
{
    memset(c, 0, sizeof(*c));
    return xen_rc(d, d->api->vcpu_getcontext(d->xch, d->domid, vcpu, c->bytes));
}

/* *was: whether it was on the processor. */
static int set_online(struct xen_dom *d, uint32_t vcpu, bool online, bool *was)
{
    struct context c;
    uint32_t flags;
    int rc = get(d, vcpu, &c);
    if (rc)
        return rc;
    memcpy(&flags, c.bytes, sizeof(flags));
    *was = flags & VGCF_ONLINE;
    if (*was == online)
        return 0;
    flags ^= VGCF_ONLINE;
    memcpy(c.bytes, &flags, sizeof(flags));
    return xen_rc(d, d->api->vcpu_setcontext(d->xch, d->domid, vcpu, c.bytes));
}

/* The registers are written back as they were read: the vCPU must not run between the two. */
static int take_off(struct xen_dom *d, uint32_t vcpu)
{
    bool was = false;
    int rc = xen_rc(d, d->api->pause(d->xch, d->domid));
    if (rc)
        return rc;
    rc = set_online(d, vcpu, false, &was);
    if (!rc)
        d->held[vcpu] = was; /* one that the guest has off stays so afterwards */
    int rc2 = xen_rc(d, d->api->unpause(d->xch, d->domid));
    return rc == -ENODATA ? 0 : rc ? rc : rc2; /* ENODATA: never started */
}

int xen_vcpu_hold(void *dom, uint32_t vcpu, bool hold)
{
    struct xen_dom *d = dom;
    bool was;
    if (!d->conn->arm)
        return -EOPNOTSUPP;
    if (vcpu >= d->vcpus)
        return -EINVAL;
    if (hold == d->held[vcpu])
        return 0;
    if (hold)
        return take_off(d, vcpu);
    int rc = set_online(d, vcpu, true, &was);
    if (!rc)
        d->held[vcpu] = false;
    return rc;
}

int xen_vcpu_peek(void *dom, uint32_t vcpu, uint64_t *pc)
{
    struct xen_dom *d = dom;
    struct context c;
    const struct timespec moment = {.tv_nsec = PEEK_NS};
    if (!d->conn->arm)
        return -EOPNOTSUPP;
    nanosleep(&moment, NULL);
    int rc = get(d, vcpu, &c);
    if (!rc)
        memcpy(pc, c.bytes + ARM_PC_OFFSET, sizeof(*pc));
    return rc;
}
