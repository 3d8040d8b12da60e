/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mem_access on the host view. */
#include "probe.h"

#include <inttypes.h>

struct one {
    const char *name;
    xenmem_access_t access;
    uint64_t op;
    uint64_t gfn;
    uint32_t flags; /* p2m_mem_access_check(): a write counts as read and write on EPT */
};

static const struct one table[] = {
    {"write on r", XENMEM_access_r, LAB_OP_WRITE, GFN, MEM_ACCESS_R | MEM_ACCESS_W},
    {"write on rx", XENMEM_access_rx, LAB_OP_WRITE, GFN, MEM_ACCESS_R | MEM_ACCESS_W},
    {"write on x", XENMEM_access_x, LAB_OP_WRITE, GFN, MEM_ACCESS_R | MEM_ACCESS_W},
    {"read on n", XENMEM_access_n, LAB_OP_READ, GFN, MEM_ACCESS_R},
    {"read on x", XENMEM_access_x, LAB_OP_READ, GFN, MEM_ACCESS_R},
    {"rmw on n", XENMEM_access_n, LAB_OP_RMW, GFN, MEM_ACCESS_R | MEM_ACCESS_W},
    {"rmw on r", XENMEM_access_r, LAB_OP_RMW, GFN, MEM_ACCESS_R | MEM_ACCESS_W},
    {"exec on rw", XENMEM_access_rw, LAB_OP_EXEC, CODE_GFN, MEM_ACCESS_X},
    {"exec on n", XENMEM_access_n, LAB_OP_EXEC, CODE_GFN, MEM_ACCESS_X},
    {"exec on r", XENMEM_access_r, LAB_OP_EXEC, CODE_GFN, MEM_ACCESS_X},
};

/* One restricted page, one access: the event, its contents, and the guest going on. */
static void one_access(struct probe *p, const struct one *t)
{
    uint64_t addr = t->gfn * PAGE + (t->op == LAB_OP_EXEC ? 0 : OFFSET);
    vm_event_request_t event;
    bool came;

    check(p, set(p, t->access, t->gfn, 1) == 0, "%s: page restricted", t->name);
    send(p, 0, t->op, addr, 0x55aa, 1);
    came = next_event(p, &event);
    check(p,
          came && event.reason == VM_EVENT_REASON_MEM_ACCESS && event.vcpu_id == 0 &&
              event.version == VM_EVENT_INTERFACE_VERSION && event.u.mem_access.gfn == t->gfn &&
              event.u.mem_access.offset == addr % PAGE,
          "%s: event", t->name);
    if (!came)
        return;
    check(p, (event.u.mem_access.flags & 7u) == t->flags, "%s: flags 0x%x, expected 0x%x", t->name,
          event.u.mem_access.flags, t->flags);
    check(p, (event.u.mem_access.flags & MEM_ACCESS_GLA_VALID) && event.u.mem_access.gla == addr,
          "%s: linear address 0x%" PRIx64, t->name, event.u.mem_access.gla);
    check(p, !lab_guest_done(p->guest, 0), "%s: the vCPU waits", t->name);
    check(p, set(p, XENMEM_access_rwx, t->gfn, 1) == 0, "%s: rights given back", t->name);
    answer(p, &event, 0);
    check(p, finished(p, 0, NULL), "%s: the vCPU goes on", t->name);
}

/* The write is carried out by Xen, and the page stays restricted. */
static void emulated(struct probe *p)
{
    vm_event_request_t event;
    uint64_t value = 0;
    int i;

    set(p, XENMEM_access_r, GFN, 1);
    for (i = 0; i < 2; i++) {
        send(p, 0, LAB_OP_WRITE, GFN * PAGE + OFFSET, 0x77u + (unsigned int)i, 1);
        if (next_event(p, &event))
            answer(p, &event, VM_EVENT_FLAG_EMULATE);
        check(p, finished(p, 0, NULL), "EMULATE: write %d", i + 1);
    }
    lab_guest_peek(p->guest, GFN * PAGE + OFFSET, &value, sizeof(value));
    check(p, value == 0x78, "EMULATE: arrived in memory");
    set(p, XENMEM_access_rwx, GFN, 1);
}

/* A plain w or wx entry would be an EPT misconfiguration, which ends the domain. */
static void special_rights(struct probe *p)
{
    vm_event_request_t event;
    xenmem_access_t access = XENMEM_access_rwx;
    bool came;

    check(p, set(p, XENMEM_access_n2rwx, GFN, 1) == 0, "n2rwx: set");
    send(p, 0, LAB_OP_WRITE, GFN * PAGE, 1, 1);
    came = next_event(p, &event);
    check(p, came && !(event.flags & VM_EVENT_FLAG_VCPU_PAUSED), "n2rwx: event, vCPU not paused");
    if (came)
        answer(p, &event, 0);
    check(p, finished(p, 0, NULL), "n2rwx: the vCPU went on by itself");
    check(p, set(p, XENMEM_access_rx2rw, CODE_GFN, 1) == 0, "rx2rw: set");
    send(p, 0, LAB_OP_WRITE, CODE_GFN * PAGE + OFFSET, 1, 1);
    check(p, finished(p, 0, NULL), "rx2rw: write without an event");
    xc_get_mem_access(p->xc, p->domid, CODE_GFN, &access);
    check(p, access == XENMEM_access_rw, "rx2rw: rw afterwards (%d)", (int)access);
    set(p, XENMEM_access_rwx, CODE_GFN, 1);
}

void host_view(struct probe *p)
{
    vm_event_request_t event;
    unsigned int i;
    bool came;

    for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        one_access(p, &table[i]);
    emulated(p);
    special_rights(p);
    set(p, XENMEM_access_rx, GFN, 1);
    send(p, 1, LAB_OP_WRITE, GFN * PAGE + 8, 1, 1);
    came = next_event(p, &event);
    check(p, came && event.vcpu_id == 1, "vCPU 1: event");
    set(p, XENMEM_access_rwx, GFN, 1);
    if (came)
        answer(p, &event, 0);
    check(p, finished(p, 1, NULL), "vCPU 1: goes on");
}
