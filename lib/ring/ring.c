/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/base.h"
#include "ring/ring.h"

#include <errno.h>
#include <string.h>

/* public/io/ring.h: indexes, then padding up to byte 64, then the slots. */
#define OFF_REQ_PROD 0u
#define OFF_REQ_EVENT 4u
#define OFF_RSP_PROD 8u
#define OFF_RSP_EVENT 12u
#define OFF_SLOTS 64u

/* What another party may change at any time is read once. */
#define COMPILER_BARRIER() __asm__ volatile("" ::: "memory")

uint32_t xmi_ring_event_size(uint32_t version)
{
    static const uint32_t sizes[] = {312, 376, 384, 384, 400};
    if (version < RING_VERSION_MIN || version > RING_VERSION_MAX)
        return 0;
    return sizes[version - RING_VERSION_MIN];
}

uint32_t xmi_ring_data_size(uint32_t version)
{
    uint32_t size = xmi_ring_event_size(version);
    return size ? size - RING_DATA_OFFSET : 0;
}

static uint32_t *index_at(const struct ring *r, uint32_t offset)
{
    return (uint32_t *)(void *)(r->page + offset);
}

static uint32_t slots_of(uint32_t event_size)
{
    uint32_t n = (PAGE_BYTES - OFF_SLOTS) / event_size, slots = 1;
    while (slots * 2 <= n)
        slots *= 2;
    return slots;
}

static int describe(struct ring *r, void *page, uint32_t version, uint32_t arch, uint32_t vcpus)
{
    uint32_t size = xmi_ring_event_size(version);
    if (!size || slots_of(size) > RING_SLOTS_MAX)
        return -EOPNOTSUPP;
    *r = (struct ring){.page = page,
                       .version = version,
                       .arch = arch,
                       .event_size = size,
                       .slots = slots_of(size),
                       .vcpus = vcpus,
                       .pc_at = RING_DATA_OFFSET + xmi_ring_regs_pc(version, arch)};
    return 0;
}

int xmi_ring_init(struct ring *r, void *page, uint32_t version, uint32_t arch, uint32_t vcpus)
{
    int rc = describe(r, page, version, arch, vcpus);
    if (rc)
        return rc;
    memset(page, 0, OFF_SLOTS);
    *index_at(r, OFF_REQ_EVENT) = 1;
    __atomic_store_n(index_at(r, OFF_RSP_EVENT), 1, __ATOMIC_SEQ_CST);
    return 0;
}

int xmi_ring_adopt(struct ring *r, void *page, uint32_t version, uint32_t arch, uint32_t vcpus)
{
    int rc = describe(r, page, version, arch, vcpus);
    if (rc)
        return rc;
    r->rsp_pub = __atomic_load_n(index_at(r, OFF_RSP_PROD), __ATOMIC_ACQUIRE);
    r->rsp_pvt = r->req_cons = r->rsp_pub;
    return 0;
}

static const char *wrong_with(const struct ring *r, const struct ring_request *q)
{
    if (q->version != r->version)
        return "an event of another interface version";
    if (q->vcpu >= r->vcpus)
        return "an event of a vCPU that the domain does not have";
    return "an event of an unknown reason";
}

const char *xmi_ring_garbage(const struct ring *r, uint32_t prod, const struct ring_request *q)
{
    return prod - r->req_cons > r->slots || prod - r->rsp_pub > r->slots
               ? "a producer's index beyond the slots"
               : wrong_with(r, q);
}

void xmi_ring_copy(const struct ring *r, const struct ring_request *q, struct ring_head *head)
{
    memcpy(head, ring_slot(r, q->index), sizeof(*head));
    COMPILER_BARRIER();
    head->version = q->version;
    head->flags = q->flags;
    head->reason = q->reason;
    head->vcpu = q->vcpu;
    head->view = q->view;
}

bool xmi_ring_waiting(const struct ring *r, uint32_t vcpu)
{
    uint32_t n = ring_produced(r) - r->req_cons;
    for (uint32_t i = 0; n <= r->slots && i < n; i++)
        if (ring_read_once(ring_slot(r, r->req_cons + i) + 8) >> 32 == vcpu)
            return true;
    return false;
}

void xmi_ring_answer(struct ring *r, const struct ring_head *head, const void *data, size_t bytes)
{
    uint8_t *slot = ring_slot(r, r->rsp_pvt);
    memcpy(slot, head, sizeof(*head));
    if (data)
        memcpy(slot + RING_DATA_OFFSET, data, bytes);
    r->rsp_pvt++;
}

bool xmi_ring_publish(struct ring *r)
{
    if (r->rsp_pub == r->rsp_pvt)
        return false;
    /* While it is full nothing is added: who looks before each answer misses no such time. */
    if (__atomic_load_n(index_at(r, OFF_REQ_PROD), __ATOMIC_RELAXED) - r->rsp_pub >= r->slots)
        r->was_full = true;
    r->rsp_pub = r->rsp_pvt;
    *index_at(r, OFF_REQ_EVENT) = r->req_cons + 1;
    __atomic_store_n(index_at(r, OFF_RSP_PROD), r->rsp_pvt, __ATOMIC_RELEASE);
    return true;
}

/* ---- decoding; offsets in u are of the structs of vm_event.h ---- */

static void decode_debug(const struct ring *r, const struct ring_head *h, struct xmem_event *ev)
{
    /* pending_dbg came with interface 6 and moved the others. */
    unsigned at = r->version >= 6 ? 16 : 8;
    ev->u.debug.gfn = h->u.word[0];
    ev->u.debug.pending_dbg = r->version >= 6 ? h->u.word[1] : 0;
    ev->u.debug.insn_length = h->u.half[at / 4];
    ev->u.debug.type = h->u.byte[at + 4];
}

static void decode_msr(const struct ring *r, const struct ring_head *h, struct xmem_event *ev)
{
    ev->u.msr.msr = h->u.word[0];
    ev->u.msr.new_value = h->u.word[1];
    ev->u.msr.old_value = r->version >= 4 ? h->u.word[2] : 0;
}

static void decode_descriptor(const struct ring_head *h, struct xmem_event *ev)
{
    ev->u.descriptor.instr_info = h->u.half[0];
    ev->u.descriptor.exit_qualification = h->u.word[1];
    ev->u.descriptor.which = h->u.byte[16];
    ev->u.descriptor.is_write = h->u.byte[17];
}

static void decode_interrupt(const struct ring_head *h, struct xmem_event *ev)
{
    ev->u.interrupt.vector = h->u.half[0];
    ev->u.interrupt.type = h->u.half[1];
    ev->u.interrupt.error_code = h->u.half[2];
    ev->u.interrupt.cr2 = h->u.word[2];
}

static void decode_io(const struct ring_head *h, struct xmem_event *ev)
{
    ev->u.io.bytes = h->u.half[0];
    ev->u.io.port = h->u.quarter[2];
    ev->u.io.is_in = h->u.byte[6];
    ev->u.io.is_str = h->u.byte[7];
}

static void decode_rest(const struct ring *r, const struct ring_head *h, struct xmem_event *ev)
{
    switch (h->reason) {
    case XMEM_EVENT_CTRLREG:
        ev->u.ctrlreg.index = h->u.half[0];
        ev->u.ctrlreg.new_value = h->u.word[1];
        ev->u.ctrlreg.old_value = h->u.word[2];
        break;
    case XMEM_EVENT_MSR: decode_msr(r, h, ev); break;
    case XMEM_EVENT_BREAKPOINT:
    case XMEM_EVENT_DEBUG: decode_debug(r, h, ev); break;
    case XMEM_EVENT_SINGLESTEP: ev->u.singlestep.gfn = h->u.word[0]; break;
    case XMEM_EVENT_CPUID:
        ev->u.cpuid.insn_length = h->u.half[0];
        ev->u.cpuid.leaf = h->u.half[1];
        ev->u.cpuid.subleaf = h->u.half[2];
        break;
    case XMEM_EVENT_DESCRIPTOR: decode_descriptor(h, ev); break;
    case XMEM_EVENT_INTERRUPT: decode_interrupt(h, ev); break;
    case XMEM_EVENT_VMEXIT:
        ev->u.vmexit.reason = h->u.word[0];
        ev->u.vmexit.qualification = h->u.word[1];
        break;
    case XMEM_EVENT_IO: decode_io(h, ev); break;
    case XMEM_EVENT_MEM_PAGING:
    case XMEM_EVENT_MEM_SHARING:
        ev->u.page.gfn = h->u.word[0];
        ev->u.page.p2mt = h->u.half[2];
        ev->u.page.flags = h->reason == XMEM_EVENT_MEM_PAGING ? h->u.half[3] : 0;
        break;
    default: break;
    }
}

void xmi_ring_decode_rest(const struct ring *r, const struct ring_request *q, struct xmem_event *ev)
{
    struct ring_head head;
    xmi_ring_copy(r, q, &head);
    memset(&ev->u, 0, sizeof(ev->u));
    decode_rest(r, &head, ev);
}
