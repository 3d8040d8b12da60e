/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One vCPU: its program counter. There is no hold here. No hypercall of the toolstack pauses
 * one vCPU; on Arm setvcpucontext without VGCF_online takes it off the processor, but then every
 * interrupt for it is thrown away (vgic_inject_irq(), "vcpu offline"): a guest that sleeps until
 * its timer, or waits for another vCPU's interrupt, never wakes. On x86 views do without.
 */
#include "backend-xen.h"

#include <string.h>
#include <time.h>

#define CONTEXT_ROOM 8192u /* larger than any release's vcpu_guest_context */
#define ARM_PC_OFFSET 256u /* flags, padding, x0 to x30, then pc (public/arch-arm.h) */
#define PEEK_NS 20000

int xen_vcpu_peek(void *dom, uint32_t vcpu, uint64_t *pc)
{
    struct xen_dom *d = dom;
    _Alignas(16) uint8_t context[CONTEXT_ROOM];
    const struct timespec moment = {.tv_nsec = PEEK_NS};
    if (!d->conn->arm)
        return -EOPNOTSUPP;
    nanosleep(&moment, NULL);
    memset(context, 0, sizeof(context));
    int rc = xen_rc(d, d->api->vcpu_getcontext(d->xch, d->domid, vcpu, context));
    if (!rc)
        memcpy(pc, context + ARM_PC_OFFSET, sizeof(*pc));
    return rc;
}
