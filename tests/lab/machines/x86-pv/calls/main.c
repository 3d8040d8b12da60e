/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ring, the mode, what is refused (lines 1, 2, 3, 5, 12 and 13 of the checklist). */
#include "../../../guest/arch/x86-pv.h"
#include "pv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <xencall.h>

#define HYPERCALL_UPDATE_VA 14u
#define PTE_FLAGS 0x67u
#define BATCH 1024u /* pages that are asked for at once, until one comes back */
#define BATCHES 400u

/* The ring's frame, as XENMEM_acquire_resource tells it. */
static uint64_t ring_mfn(struct pv *p)
{
    xencall_handle *calls = xencall_open(NULL, 0);
    struct {
        struct xen_mem_acquire_resource r;
        xen_pfn_t frame;
    } *b = xencall_alloc_buffer(calls, sizeof(*b));
    uint64_t mfn = 0;

    memset(b, 0, sizeof(*b));
    b->r.domid = (domid_t)p->domid;
    b->r.type = PV_RESOURCE;
    b->r.nr_frames = 1;
    set_xen_guest_handle_raw(b->r.frame_list, &b->frame);
    if (xencall2(calls, __HYPERVISOR_memory_op, XENMEM_acquire_resource, (uintptr_t)b) == 0)
        mfn = b->frame;
    xencall_free_buffer(calls, b);
    xencall_close(calls);
    return mfn;
}

static void ring_is_xens(struct pv *p)
{
    uint64_t mfn = ring_mfn(p), va = pv_do(p, LAB_PV_VIRTUAL, p->first * PV_PAGE, 0);
    int64_t rc = (int64_t)pv_hypercall(p, HYPERCALL_UPDATE_VA, va, mfn * PV_PAGE | PTE_FLAGS,
                                       UVMF_INVLPG, 0);

    check(mfn != 0, "the ring's frame is known to dom0: %#" PRIx64, mfn);
    check(rc < 0, "the guest cannot map it writable: %" PRId64, rc);
    rc = (int64_t)pv_hypercall(p, HYPERCALL_UPDATE_VA, va, mfn * PV_PAGE | (PTE_FLAGS & ~2u),
                               UVMF_INVLPG, 0);
    check(rc < 0, "nor read-only: %" PRId64, rc);
    check(pv_get(p, mfn) == -ESRCH, "it is not the guest's frame: %d", pv_get(p, mfn));
}

static void refusals(struct pv *p)
{
    uint64_t last = p->first + p->count - 1;
    uint64_t gfns[2] = {p->first, 1};
    uint8_t rights[2] = {XENMEM_access_r, XENMEM_access_r};

    check(pv_set(p, p->first, 0, XENMEM_access_r) == -EINVAL, "no frames: EINVAL");
    check(pv_set(p, ~1ull, 16, XENMEM_access_r) == -EINVAL, "a range that wraps: EINVAL");
    check(pv_set(p, UINT64_C(1) << 38, 1, XENMEM_access_r) == -EINVAL, "beyond the end: EINVAL");
    check(pv_set(p, p->first, 1, 13) == -EINVAL, "no such rights: EINVAL");
    check(pv_get(p, UINT64_C(1) << 38) == -EINVAL, "asked beyond the end: EINVAL");
    check(pv_set(p, ~0ull, 7, XENMEM_access_rwx) == 0, "the default takes any number of frames");
    check(pv_set(p, 1, 1, XENMEM_access_r) == -ESRCH, "somebody else's frame: ESRCH");
    check(pv_set(p, last, 0x10000, XENMEM_access_r) < 0 && pv_get(p, last) == XENMEM_access_rwx,
          "a range that ends in others' frames changes nothing: %d", pv_get(p, last));
    check(xc_set_mem_access_multi(pv_xc, p->domid, rights, gfns, 2) < 0 && errno == ESRCH &&
              pv_get(p, p->first) == XENMEM_access_rwx,
          "nor does a list with one");
    gfns[1] = p->first + 1;
    check(xc_set_mem_access_multi(pv_xc, p->domid, rights, gfns, 2) == 0 &&
              pv_get(p, p->first + 1) == XENMEM_access_r,
          "a list of the domain's own is set");
    check(pv_set(p, p->first, (uint32_t)p->count, XENMEM_access_rwx) == 0,
          "all %" PRIu64 " frames at once", p->count);
}

static void apart_from_log_dirty(struct pv *p)
{
    check(pv_shadow(p, XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY, 0) == 0, "log-dirty beside it: on");
    check(pv_shadow(p, XEN_DOMCTL_SHADOW_OP_OFF, 0) == 0 && pv_get(p, p->first) >= 0,
          "and off: mem_access stays");
    pv_shadow(p, XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY, 0);
    check(pv_shadow(p, XEN_DOMCTL_SHADOW_OP_OFF, PV_MODE) == -EBUSY && pv_get(p, p->first) >= 0,
          "mem_access stays on while somebody listens");
    check(pv_disable(p) == 0 && pv_shadow(p, XEN_DOMCTL_SHADOW_OP_OFF, PV_MODE) == 0 &&
              pv_get(p, p->first) == -EOPNOTSUPP,
          "mem_access off");
    check(pv_shadow(p, XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY, 0) == -EINVAL,
          "log-dirty has stayed on");
    check(pv_shadow(p, XEN_DOMCTL_SHADOW_OP_OFF, 0) == 0, "off");
    check(pv_shadow(p, XEN_DOMCTL_SHADOW_OP_ENABLE, PV_MODE) == 0 && pv_enable(p) == 0,
          "mem_access on again");
}

/* Gives the domain all memory that there is until it has this frame again; takes the rest back. */
static bool comes_back(struct pv *p, xen_pfn_t mfn)
{
    static xen_pfn_t frames[BATCHES][BATCH];
    unsigned int i, n, found = 0;

    xc_domain_setmaxmem(pv_xc, p->domid, UINT64_C(4) << 20);
    for (n = 0; n < BATCHES && !found; n++) {
        for (i = 0; i < BATCH; i++)
            frames[n][i] = 8;
        if (xc_domain_populate_physmap_exact(pv_xc, p->domid, BATCH, 0, 0, frames[n]))
            break;
        for (i = 0; i < BATCH && !found; i++)
            if (frames[n][i] == mfn) {
                found = n + 1;
                frames[n][i] = frames[n][BATCH - 1];
            }
    }
    while (n-- > 0)
        xc_domain_decrease_reservation_exact(pv_xc, p->domid, n + 1 == found ? BATCH - 1 : BATCH, 0,
                                             frames[n]);
    return found;
}

/* A frame that goes and comes back. */
static void owner_changes(struct pv *p)
{
    uint64_t va = pv_do(p, LAB_PV_VIRTUAL, (p->first + 8) * PV_PAGE, 0);
    xen_pfn_t mfn = p->first + 8;

    check(pv_set(p, mfn, 1, XENMEM_access_r) == 0, "a frame that will leave is restricted");
    pv_hypercall(p, HYPERCALL_UPDATE_VA, va, 0, UVMF_INVLPG, 0);
    check(xc_domain_decrease_reservation_exact(pv_xc, p->domid, 1, 0, &mfn) == 0, "it leaves");
    check(pv_get(p, mfn) == -ESRCH, "its rights are nobody's: %d", pv_get(p, mfn));
    check(comes_back(p, mfn), "it comes back");
    check(pv_get(p, mfn) == XENMEM_access_rwx, "at the default: %d", pv_get(p, mfn));
}

void check_control(struct pv *p)
{
    uint32_t caps = 0;

    check(pv_enable(p) == -EOPNOTSUPP, "a ring without the mode is refused; Xen lives");
    check(xc_monitor_get_capabilities(pv_xc, p->domid, &caps) == 0 && caps != 0,
          "what could be monitored is told before");
    check(pv_get(p, p->first) == -EOPNOTSUPP, "no rights without the mode: %d",
          pv_get(p, p->first));
    check(pv_shadow(p, XEN_DOMCTL_SHADOW_OP_ENABLE, PV_MODE | 1u << 20) == -EINVAL,
          "a mode with unknown bits: EINVAL");
    check(pv_shadow(p, XEN_DOMCTL_SHADOW_OP_ENABLE, PV_MODE) == 0, "the mode");
    check(pv_shadow(p, XEN_DOMCTL_SHADOW_OP_ENABLE_TEST, 0) == -EINVAL, "implies shadow tables");
    check(pv_enable(p) == -ENODEV, "the monitor without a ring: ENODEV");
    check(pv_get(p, p->first) == -ENODEV, "rights without a ring: ENODEV");
    check(pv_map_ring(p) == 0, "dom0 maps the ring as a resource");
    check(pv_enable(p) == 0, "the monitor");
    check(pv_get(p, ~0ull) == XENMEM_access_rwx, "the default is rwx: %d", pv_get(p, ~0ull));
    ring_is_xens(p);
    refusals(p);
    owner_changes(p);
    apart_from_log_dirty(p);
    check(pv_do(p, LAB_OP_WRITE, p->first * PV_PAGE, 5) == 0 && pv_status(p) == 0,
          "the guest goes on");
}

/* ---- What hypervisor/xen adds to Xen, call by call, on a real one. Prints TAP; exit: 0 all good, 1 not ---- */

static const struct {
    const char *name;
    void (*run)(struct pv *p);
} groups[] = {
    {"control", check_control}, {"rights", check_rights}, {"transitions", check_transitions},
    {"tables", check_tables},   {"own", check_own},       {"answers", check_answers},
    {"domains", check_domains},
};

/* All groups on one domain, or those that are named; "control" must be the first. */
int main(int argc, char **argv)
{
    struct pv p;
    unsigned int i;
    int j;

    if (pv_create(&p, 1)) {
        fprintf(stderr, "no domain\n");
        return 1;
    }
    if (argc > 1 && strcmp(argv[1], "control") && pv_start(&p, 0))
        check(false, "mem_access starts");
    for (i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        for (j = 1; j < argc && strcmp(argv[j], groups[i].name); j++)
            continue;
        if (argc > 1 && j == argc)
            continue;
        printf("# %s\n", groups[i].name);
        groups[i].run(&p);
    }
    pv_destroy(&p);
    printf("# %u checks, %u failed\n1..%u\n", checks, failures, checks);
    return failures != 0;
}
