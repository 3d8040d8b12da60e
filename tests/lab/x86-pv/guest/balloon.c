/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frames that leave the guest and come again, as a balloon driver does it, for as long as dom0 likes. */
#include "arch.h"
#include "layout.h"
#include "ops.h"

/* Xen public headers: memory.h, xen.h. */
#define HYPERVISOR_MEMORY_OP  12u
#define HYPERVISOR_UPDATE_VA  14u
#define XENMEM_DECREASE       1u
#define XENMEM_POPULATE       6u
#define DOMID_SELF            0x7ff0u
#define UVMF_INVLPG_ALL       6u
#define WORDS                 512u
#define PTE_FLAGS             0x67u /* present, writable, user, accessed, dirty */

/* public/memory.h: struct xen_memory_reservation. */
struct reservation {
    uint64_t extents; /* frames to be given; page numbers to be filled, which become frames */
    uint64_t count;
    uint32_t order, flags;
    uint16_t domid, pad[3];
};

static uint64_t exchange(uint64_t op, uint64_t *extent)
{
    struct reservation r = {.extents = (uintptr_t)extent, .count = 1, .domid = DOMID_SELF};

    return arch_hypercall(HYPERVISOR_MEMORY_OP, op, (uintptr_t)&r, 0, 0);
}

static void map(const void *page, uint64_t mfn)
{
    arch_hypercall(HYPERVISOR_UPDATE_VA, (uintptr_t)page, mfn ? mfn * 4096 | PTE_FLAGS : 0,
                   UVMF_INVLPG_ALL, 0);
}

/* Every word of it, so that a byte of somebody else's is seen. */
static uint64_t wrong(volatile uint64_t *page, uint64_t value)
{
    uint64_t i, bad = 0;

    for (i = 0; i < WORDS; i += 8)
        page[i] = value + i;
    for (i = 0; i < WORDS; i += 8)
        bad += page[i] != value + i;
    return bad != 0;
}

/* False: Xen kept the frame, which is mapped again. */
static int renew(uint64_t pfn)
{
    void *page = arch_page(pfn);
    uint64_t mfn = arch_frame(page), extent = mfn;

    map(page, 0);
    if (exchange(XENMEM_DECREASE, &extent) != 1) {
        map(page, mfn);
        return 0;
    }
    do
        extent = pfn;
    while (exchange(XENMEM_POPULATE, &extent) != 1);
    map(page, extent);
    return 1;
}

uint64_t balloon(struct lab_mailbox *box)
{
    uint64_t first = box->addr, count = box->count, seq = box->seq, bad = 0, i, n = 0;
    volatile uint64_t *frames = (uint64_t *)arch_page(box->stride) + box->extra;

    box->progress = box->fault_pc = 0;
    for (i = 0; i < count; i++)
        frames[i] = arch_frame(arch_page(first + i));
    for (i = 0; box->seq == seq; i = (i + 1) % count) {
        uint64_t pfn = first + i;

        bad += wrong(arch_page(pfn), box->value + n);
        if (renew(pfn))
            box->progress = ++n;
        else
            box->fault_pc++;
        frames[i] = arch_frame(arch_page(pfn));
        bad += wrong(arch_page(pfn), ~n);
    }
    return bad;
}
