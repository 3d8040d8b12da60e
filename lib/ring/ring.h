/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The listener's side of a vm_event ring: arithmetic on one page, nothing else. The page is
 * shared with the hypervisor and may be with the guest: what is read from it is copied once
 * and checked before it is used.
 *
 * Requests and answers share the slots, each counted by an index of its own that runs
 * freely: answer number i goes where request number i was. A request therefore keeps its
 * slot, registers and all, until answer i is built, whosever answer that is.
 *
 * Layouts: Xen's public/vm_event.h and public/io/ring.h, interfaces 3 (Xen 4.11) to 7 (4.15).
 */
#ifndef XMEM_RING_H
#define XMEM_RING_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xmem.h>

#define RING_VERSION_MIN 3u
#define RING_VERSION_MAX 7u
#define RING_SLOTS_MAX 8u
#define RING_DATA_OFFSET 56u /* of registers or emulation data in an event */
#define RING_DATA_MAX 344u

#define RING_FLAG_VCPU_PAUSED (1u << 0)
#define RING_FLAG_FOREIGN (1u << 1)
#define RING_FLAG_EMULATE (1u << 2)
#define RING_FLAG_EMULATE_NOWRITE (1u << 3)
#define RING_FLAG_TOGGLE_SINGLESTEP (1u << 4)
#define RING_FLAG_SET_EMUL_READ_DATA (1u << 5)
#define RING_FLAG_DENY (1u << 6)
#define RING_FLAG_ALTERNATE_P2M (1u << 7)
#define RING_FLAG_SET_REGISTERS (1u << 8)
#define RING_FLAG_SET_EMUL_INSN_DATA (1u << 9)
#define RING_FLAG_FAST_SINGLESTEP (1u << 11)
#define RING_FLAG_NESTED_P2M (1u << 12)
#define RING_FLAG_STEP (1u << 30) /* hypervisor/core: the hypervisor carries the instruction over */

/* The part of an event before its registers, the same in every interface; u by reason. */
struct ring_head {
    uint32_t version, flags, reason, vcpu;
    uint16_t view, pad[3];
    union {
        uint64_t word[4];
        uint32_t half[8];
        uint16_t quarter[16];
        uint8_t byte[32];
    } u;
};
_Static_assert(sizeof(struct ring_head) == RING_DATA_OFFSET, "vm_event_st up to its data");

struct ring {
    uint8_t *page;
    uint32_t version, arch;
    uint32_t event_size, slots;
    uint32_t vcpus;    /* of the domain; higher ids are garbage */
    uint32_t pc_at;    /* of the program counter in an event */
    uint32_t req_cons; /* requests taken */
    uint32_t rsp_pvt;  /* answers built */
    uint32_t rsp_pub;  /* of them, published */
    bool was_full;     /* a vCPU may have queued for a slot */
};

/* Bytes of an event, and of its registers, in an interface; 0: unknown. */
uint32_t xmi_ring_event_size(uint32_t version);
uint32_t xmi_ring_data_size(uint32_t version);

/* Initialises the page as the consumer has to, and r. -EOPNOTSUPP unknown interface. */
int xmi_ring_init(struct ring *r, void *page, uint32_t version, uint32_t arch, uint32_t vcpus);
/* Goes on with a page that another listener left: its answers count as far as it published them. */
int xmi_ring_adopt(struct ring *r, void *page, uint32_t version, uint32_t arch, uint32_t vcpus);
/* What is read of every request, once. */
struct ring_request {
    uint32_t version, flags, reason, vcpu;
    uint16_t view;
    uint32_t index; /* its number */
};
/* The head of a request whose slot is its own, with the fields of q as they were taken. */
void xmi_ring_copy(const struct ring *r, const struct ring_request *q, struct ring_head *head);
/* Is a request of this vCPU waiting? Takes nothing; garbage counts as none. */
bool xmi_ring_waiting(const struct ring *r, uint32_t vcpu);

/* Where request, or answer, number index lies. */
static inline uint8_t *ring_slot(const struct ring *r, uint32_t index)
{
    return r->page + 64 + (index & (r->slots - 1)) * r->event_size;
}
/* Number of the answer that is built next: the request of that number loses its slot. */
static inline uint32_t ring_answer_index(const struct ring *r)
{
    return r->rsp_pvt;
}
/* Builds an answer in its slot; data of `bytes` (at most the interface's) behind it, or none. */
void xmi_ring_answer(struct ring *r, const struct ring_head *head, const void *data, size_t bytes);
/* Shows the hypervisor what was built. False: nothing new. */
bool xmi_ring_publish(struct ring *r);

/* ---- what is done for every event: in line ---- */

#define RING_REASON_LAST XMEM_EVENT_IO

static inline uint32_t ring_produced(const struct ring *r)
{
    return __atomic_load_n((const uint32_t *)(const void *)r->page, __ATOMIC_ACQUIRE);
}

/* Is any request waiting (or garbage)? */
static inline bool ring_any(const struct ring *r)
{
    return ring_produced(r) != r->req_cons;
}

static inline uint64_t ring_read_once(const uint8_t *p)
{
    return *(const volatile uint64_t *)(const void *)p;
}

/* Why the request is refused. */
const char *xmi_ring_garbage(const struct ring *r, uint32_t prod, const struct ring_request *q);

/*
 * Takes the next request and copies its first fields; the rest is decoded from its slot
 * (ring_decode()) or copied (xmi_ring_copy()). 1: there was one, 0: none, -EPROTO: garbage, *why
 * (may be NULL) says what, nothing is taken.
 */
static inline int ring_take(struct ring *r, struct ring_request *q, const char **why)
{
    uint32_t prod = ring_produced(r);
    if (prod == r->req_cons)
        return 0;
    const uint8_t *p = ring_slot(r, r->req_cons);
    uint64_t a = ring_read_once(p), b = ring_read_once(p + 8), c = ring_read_once(p + 16);
    q->version = (uint32_t)a;
    q->flags = (uint32_t)(a >> 32);
    q->reason = (uint32_t)b;
    q->vcpu = (uint32_t)(b >> 32);
    q->view = (uint16_t)c;
    q->index = r->req_cons;
    /* The hypervisor never has more than the slots on the way. */
    if (prod - r->req_cons > r->slots || prod - r->rsp_pub > r->slots || q->version != r->version ||
        q->vcpu >= r->vcpus || q->reason > RING_REASON_LAST) {
        if (why)
            *why = xmi_ring_garbage(r, prod, q);
        return -EPROTO;
    }
    r->req_cons++;
    return 1;
}

/* Builds the answer to q in its own slot, which is the next answer's: only flags are new. */
static inline void ring_answer_in_place(struct ring *r, const struct ring_request *q,
                                        uint32_t flags)
{
    uint64_t *p = (uint64_t *)(void *)ring_slot(r, r->rsp_pvt);
    p[0] = (uint64_t)flags << 32 | q->version;
    p[1] = (uint64_t)q->vcpu << 32 | q->reason; /* whatever has become of it in the page */
    r->rsp_pvt++;
}

/* The part of ring_decode() for everything but memory accesses. */
void xmi_ring_decode_rest(const struct ring *r, const struct ring_request *q,
                          struct xmem_event *ev);

/* Fills the public event from a request in its slot, each field read once; seq is not touched. */
static inline void ring_decode(const struct ring *r, const struct ring_request *q,
                               struct xmem_event *ev)
{
    const uint8_t *u = ring_slot(r, q->index) + offsetof(struct ring_head, u);
    uint32_t f = q->flags;
    ev->reason = q->reason;
    ev->flags = (f & (RING_FLAG_VCPU_PAUSED | RING_FLAG_FOREIGN)) |
                (f & RING_FLAG_NESTED_P2M ? XMEM_EVENT_NESTED : 0);
    ev->vcpu = q->vcpu;
    ev->view = f & RING_FLAG_ALTERNATE_P2M ? q->view : 0;
    ev->reserved = 0;
    ev->stepped = ev->passes = 0;
    if (q->reason != XMEM_EVENT_MEM_ACCESS) {
        xmi_ring_decode_rest(r, q, ev);
        return;
    }
    ev->u.mem.gfn = ring_read_once(u);
    ev->u.mem.offset = ring_read_once(u + 8) & 0xfffu;
    ev->u.mem.gla = ring_read_once(u + 16);
    ev->u.mem.access = (uint32_t)ring_read_once(u + 24) & 0x3fu;
    ev->u.mem.reserved = 0;
    ev->u.raw[4] = ev->u.raw[5] = 0;
}

static inline uint64_t ring_pc(const struct ring *r, const struct ring_request *q)
{
    return ring_read_once(ring_slot(r, q->index) + r->pc_at);
}

/* Where the program counter stands in the registers. */
uint32_t xmi_ring_regs_pc(uint32_t version, uint32_t arch);
/* Of x86 registers in private memory, without the rest: rip and cr3. */
void xmi_ring_regs_where(const struct ring *r, const uint8_t *data, uint64_t *rip, uint64_t *cr3);
/*
 * Of x86: what an instruction's addresses depend on beside the general registers, which stand in
 * front in all interfaces. Attributes are as a descriptor has them (type, S, DPL, P, AVL, L, D/B, G).
 */
struct ring_addressing {
    uint64_t rflags, rip, cr0, cr3, cr4, efer, fs_base, gs_base;
    uint32_t cs_base, ss_base, ds_base, es_base;
    uint16_t cs, ss;
};
/* False: this interface has no segments. */
bool xmi_ring_regs_addressing(const struct ring *r, const uint8_t *data,
                              struct ring_addressing *out);
/* Registers: data is the interface's, in private memory. */
void xmi_ring_regs_decode(const struct ring *r, const uint8_t *data, struct xmem_regs *out);
/* Writes what out holds over data. */
void xmi_ring_regs_encode(const struct ring *r, const struct xmem_regs *regs, uint8_t *data);

#endif
