/* SPDX-License-Identifier: GPL-2.0-only */
/* What a toolstack needs beside the interfaces that Xen has. */
#ifndef XEN_PUBLIC_XMEM_H
#define XEN_PUBLIC_XMEM_H

/*
 * XENMEM_acquire_resource: the monitor ring of a PV domain, id 0, one frame. It is made when it is
 * asked for, is Xen's own, and the guest cannot map it. A query (no frame list) that answers one frame
 * says that PV domains can have mem_access; a hypervisor without it answers -EINVAL.
 */
#define XENMEM_resource_xmem_ring 0x786d

/*
 * Bits of a shadow operation's mode for a PV domain.
 * XEN_DOMCTL_SHADOW_OP_ENABLE with XMEM_SHADOW_MEM_ACCESS: mem_access is on from now on, and shadow mode
 * with it; the other bits replace those of an earlier call.
 * XEN_DOMCTL_SHADOW_OP_OFF with it: off, all rights are forgotten; log-dirty mode stays as it is.
 */
#define XMEM_SHADOW_MEM_ACCESS (1U << 8)
/* Xen's own accesses to restricted frames: neither bit: go on; an event as well; -EFAULT. */
#define XMEM_SHADOW_OWN_NOTIFY (1U << 9)
#define XMEM_SHADOW_OWN_DENY (1U << 10)
/* A new default is for frames that come later (as for HVM), not for all. */
#define XMEM_SHADOW_DEFAULT_LATER (1U << 11)
/* Of OFF alone: -EBUSY if anything is restricted, and nothing is turned off. */
#define XMEM_SHADOW_IF_IDLE (1U << 12)

/*
 * An answer's flag: Xen carries the told instruction over, by its emulator or by the vCPU itself while the
 * domain's others are held. Only the told access is let through; another restricted frame is an event of
 * its own. XEN_DOMCTL_MONITOR_OP_GET_CAPABILITIES has a bit beside the events where it works.
 */
#define XMEM_EVENT_FLAG_STEP (1U << 30)
#define XMEM_MONITOR_CAP_STEP (1U << 30)

#endif
