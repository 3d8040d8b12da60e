/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hypercalls of our own, where libxenctrl has no call: their numbers, buffers that they may read, and
 * Xen's head of a domctl. All of it is the same from Xen 4.11 on.
 */
#ifndef XMEM_XEN_HYPERCALL_H
#define XMEM_XEN_HYPERCALL_H

#include "backend/xen/backend-xen.h"

#define HYPERCALL_MEMORY_OP 12u /* public/xen.h */
#define HYPERCALL_MULTICALL 13u
#define HYPERCALL_XEN_VERSION 17u
#define HYPERCALL_DOMCTL 36u

#define MEMORY_MAXIMUM_RAM_PAGE 2u /* public/memory.h */
#define MEMORY_ACCESS_OP 21u
#define MEMORY_ACQUIRE_RESOURCE 28u

#define DOMCTL_GETDOMAININFO 5u /* public/domctl.h */
#define DOMCTL_SHADOW_OP 10u
#define DOMCTL_VM_EVENT_OP 56u
#define DOMCTL_MONITOR_OP 77u

/* A handle that makes hypercalls, and a buffer of it that they may read and write. */
struct xen_buffer {
    void *xcall, *at;
};

/* Zeroed. -EIO: no device; -ENOMEM. */
int xmi_xen_buffer_open(const struct xen_api *api, struct xen_buffer *b, size_t bytes);
void xmi_xen_buffer_close(const struct xen_api *api, struct xen_buffer *b);
/* What the hypervisor answers; -1 and errno. */
int xmi_xen_hypercall(const struct xen_api *api, void *xcall, unsigned op, uint64_t a, uint64_t b);

/*
 * A domctl, arg being the first bytes (128 at most) of its union, in and out. -EACCES: the hypervisor
 * takes no version of the interface that is known, or its security policy refuses.
 */
int xmi_xen_domctl(struct xen_dom *d, uint32_t cmd, void *arg, size_t bytes);

#endif
