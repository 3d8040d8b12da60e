/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * PV domains on a hypervisor that has mem_access for them (hypervisor/xen). The ring is a frame of the
 * hypervisor's own, handed out as a resource; shadow page tables are turned on with it,
 * and off when nothing is restricted any more. A hypervisor without it knows no such
 * resource: that is asked first, and then nothing else of a PV domain.
 */
#include "backend/xen/backend-xen.h"

#include <string.h>
#include <sys/mman.h>

/* xen/include/public/xmem.h of a tree with the extension. */
#define RESOURCE_RING 0x786du
#define MODE_MEM_ACCESS (1u << 8)
#define MODE_IF_IDLE (1u << 12)

#define SHADOW_OFF 0u
#define SHADOW_ENABLE 32u
#define SHADOW_GET_ALLOCATION 30u
#define SHADOW_SET_ALLOCATION 31u
#define VM_EVENT_ENABLE 0u
#define VM_EVENT_RESUME 2u
#define VM_EVENT_MONITOR 2u
#define PAGES_PER_MB 256u

struct acquire { /* struct xen_mem_acquire_resource */
    uint16_t domid, type;
    uint32_t id, nr_frames, pad;
    uint64_t frame, frame_list;
};
_Static_assert(sizeof(struct acquire) == 32, "struct xen_mem_acquire_resource");

static int domctl(struct xen_dom *d, uint32_t cmd, uint32_t arg[3])
{
    return xmi_xen_domctl(d, cmd, arg, 3 * sizeof(*arg));
}

bool xmi_xen_pv_possible(struct xen_dom *d)
{
    struct xen_buffer b;
    if (d->kind != XMEM_KIND_X86_PV || !d->api->foreign_map_resource ||
        xmi_xen_buffer_open(d->api, &b, sizeof(struct acquire)))
        return false;
    struct acquire *op = b.at;
    op->domid = (uint16_t)d->domid;
    op->type = RESOURCE_RING;
    /* No list of frames: only how many there are is asked for. -EINVAL: no such resource. */
    bool yes = !xen_rc(d, xmi_xen_hypercall(d->api, b.xcall, HYPERCALL_MEMORY_OP,
                                            MEMORY_ACQUIRE_RESOURCE, (uintptr_t)op)) &&
               op->nr_frames == 1;
    xmi_xen_buffer_close(d->api, &b);
    return yes;
}

uint64_t xmi_xen_pv_highest(struct xen_dom *d)
{
    void *xcall = d->api->call_open(xmi_xen_quiet(), 0);
    int highest = 0;
    if (!xcall)
        return 0;
    d->hypercalls++;
    highest = xmi_xen_hypercall(d->api, xcall, HYPERCALL_MEMORY_OP, MEMORY_MAXIMUM_RAM_PAGE, 0);
    d->api->call_close(xcall);
    return highest > 0 ? (uint64_t)highest - 1 : 0; /* Xen answers how many there are */
}

/* What libxl gives a guest on shadow tables: 1 MiB a vCPU and 8 KiB for each of its MiB. */
static int shadow_memory(struct xen_dom *d)
{
    uint32_t arg[3] = {SHADOW_GET_ALLOCATION, 0, 0};
    struct xen_domain_info info;
    uint64_t wanted;
    int rc = xmi_xen_dom_look(d->xch, d->api, d->domid, &info);
    if (!rc)
        rc = domctl(d, DOMCTL_SHADOW_OP, arg);
    if (rc)
        return rc;
    wanted = info.max_vcpu_id + 1u + info.tot_pages / PAGES_PER_MB / 128 + 1;
    if (arg[2] >= wanted)
        return 0;
    arg[0] = SHADOW_SET_ALLOCATION;
    arg[2] = (uint32_t)wanted;
    return domctl(d, DOMCTL_SHADOW_OP, arg);
}

/* Both directions; a mode that is on already is turned on again without harm. */
static int set_mode(struct xen_dom *d, bool on)
{
    uint32_t mode = MODE_MEM_ACCESS | (on ? 0 : MODE_IF_IDLE);
    uint32_t arg[3] = {on ? SHADOW_ENABLE : SHADOW_OFF, mode, 0};
    int rc = on ? shadow_memory(d) : 0;
    return rc ? rc : domctl(d, DOMCTL_SHADOW_OP, arg);
}

static int ring_map(struct xen_dom *d)
{
    void *page = NULL;
    d->hypercalls++;
    d->resource = d->api->foreign_map_resource(d->fmem, d->domid, RESOURCE_RING, 0, 0, 1, &page,
                                               PROT_READ | PROT_WRITE, 0);
    if (!d->resource)
        return errno ? -errno : -EIO;
    d->ring = page;
    return 0;
}

int xmi_xen_pv_enable(struct xen_dom *d, uint32_t *remote)
{
    uint32_t arg[3] = {VM_EVENT_ENABLE, VM_EVENT_MONITOR, 0};
    int rc = set_mode(d, true);
    if (!rc)
        rc = ring_map(d);
    if (!rc)
        rc = domctl(d, DOMCTL_VM_EVENT_OP, arg);
    if (rc) {
        xmi_xen_pv_unmap(d);
        if (rc != -EBUSY)
            set_mode(d, false);
        return rc;
    }
    *remote = arg[2];
    return 0;
}

/* A resource can be mapped again, so the ring of a listener that is gone can be answered. */
int xmi_xen_pv_attach(struct xen_dom *d)
{
    return d->kind == XMEM_KIND_X86_PV ? ring_map(d) : -EOPNOTSUPP;
}

/* Its event channel went with it: this makes the hypervisor look at the ring. */
int xmi_xen_pv_resume(struct xen_dom *d)
{
    uint32_t arg[3] = {VM_EVENT_RESUME, VM_EVENT_MONITOR, 0};
    return domctl(d, DOMCTL_VM_EVENT_OP, arg);
}

void xmi_xen_pv_unmap(struct xen_dom *d)
{
    if (d->resource)
        d->api->foreign_unmap_resource(d->fmem, d->resource);
    d->resource = NULL;
    d->ring = NULL;
}

/*
 * The guest runs on its own page tables again, unless something stays restricted: as with other
 * kinds, rights outlive the ring (XMEM_RESTORE_KEEP).
 */
int xmi_xen_pv_turn_off(struct xen_dom *d)
{
    int rc = set_mode(d, false);
    return rc == -EBUSY ? 0 : rc;
}
