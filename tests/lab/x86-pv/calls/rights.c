/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events and rights: lines 4, 6, 7, 8, 9 and 13 of the checklist. */
#include <errno.h>
#include <inttypes.h>

#include "../guest/layout.h"
#include "../guest/ops.h"
#include "pv.h"

#define QUIET_MS 60u
#define RET 0xc3u

static const char *const names[] = {"n", "r", "w", "rw", "x", "rx", "wx", "rwx", "rx2rw", "n2rwx"};
/* What goes through without an event: 1 read, 2 write, 4 fetch. */
static const uint8_t allows[] = {0, 1, 2, 3, 4, 5, 6, 7, 7, 0};
static const struct {
    const char *name;
    uint64_t op;
    uint8_t does;
} kinds[] = {
    {"read", LAB_OP_READ, 1},
    {"write", LAB_OP_WRITE, 2},
    {"add to", LAB_OP_RMW, 3},
    {"execute", LAB_OP_EXEC, 4},
};

/* Of an addition processors report the write, emulators the read that comes first. */
static bool event_is(const vm_event_request_t *e, uint64_t mfn, uint8_t does)
{
    uint32_t seen = e->u.mem_access.flags & MEM_ACCESS_RWX;

    return e->reason == VM_EVENT_REASON_MEM_ACCESS && e->u.mem_access.gfn == mfn && seen != 0 &&
           (seen & ~(uint32_t)does) == 0 && e->data.regs.x86.rip != 0;
}

/* One access under these rights. */
static void one(struct pv *p, uint64_t mfn, unsigned int access, unsigned int kind)
{
    bool stops = (kinds[kind].does & ~(unsigned int)allows[access]) != 0;
    bool waits = stops && access != XENMEM_access_n2rwx;
    vm_event_request_t e;
    bool got;

    pv_set(p, mfn, 1, (int)access);
    pv_tell(p, kinds[kind].op, mfn * PV_PAGE, RET);
    got = pv_event(p, &e, stops ? LAB_PATIENCE_MS : QUIET_MS);
    check(got == stops && (!got || (event_is(&e, mfn, kinds[kind].does) &&
                                    !!(e.flags & VM_EVENT_FLAG_VCPU_PAUSED) == waits)),
          "%s a page with %s: %s", kinds[kind].name, names[access],
          stops ? waits ? "an event" : "an event that does not stop" : "no event");
    if (waits)
        check(!pv_done(p, QUIET_MS), "the access has not been done");
    if (got && waits)
        pv_set(p, mfn, 1, XENMEM_access_rwx);
    if (got)
        pv_answer(p, &e, 0, NULL);
    check(pv_done(p, LAB_PATIENCE_MS) && pv_status(p) == 0, "it is done then");
}

void check_rights(struct pv *p)
{
    uint64_t mfn = p->first + 1;
    unsigned int access, kind;

    pv_do(p, LAB_OP_WRITE, mfn * PV_PAGE, RET);
    for (access = 0; access <= XENMEM_access_n2rwx; access++)
        for (kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++) {
            pv_do(p, LAB_OP_WRITE, mfn * PV_PAGE, RET);
            one(p, mfn, access, kind);
            pv_set(p, mfn, 1, XENMEM_access_rwx);
        }
}

/* Lets the guest work while everything is restricted: each frame that it stops at is opened. */
static bool serve(struct pv *p, uint64_t watched, unsigned int *events)
{
    vm_event_request_t e;
    bool seen = false;

    for (*events = 0; *events < 200 && pv_event(p, &e, 500); ++*events) {
        seen = seen || e.u.mem_access.gfn == watched;
        pv_set(p, e.u.mem_access.gfn, 1, XENMEM_access_rwx);
        pv_answer(p, &e, 0, NULL);
    }
    return seen;
}

static void default_for_all(struct pv *p)
{
    uint64_t mfn = p->first + 2;
    unsigned int events;
    bool seen;

    pv_set(p, mfn, 1, XENMEM_access_rw);
    check(pv_set(p, ~0ull, 0, XENMEM_access_rx) == 0, "a default of rx");
    check(pv_get(p, ~0ull) == XENMEM_access_rx && pv_get(p, mfn) == XENMEM_access_rx,
          "holds for all frames, whatever they had: %d", pv_get(p, mfn));
    pv_tell(p, LAB_OP_WRITE, mfn * PV_PAGE, 1);
    seen = serve(p, mfn, &events);
    check(seen && pv_done(p, LAB_PATIENCE_MS), "a write is reported, after %u events",
          events);
    check(pv_set(p, ~0ull, 0, XENMEM_access_rwx) == 0 && pv_get(p, mfn) == XENMEM_access_rwx,
          "a default of rwx opens all");
}

/* Line 7: what the guest's own tables forbid is the guest's own fault. */
static void guests_own_fault(struct pv *p)
{
    uint64_t mfn = p->first + 3, va = pv_do(p, LAB_PV_VIRTUAL, mfn * PV_PAGE, 0);
    vm_event_request_t e;

    pv_hypercall(p, 14, va, mfn * PV_PAGE | 0x65, 2, 0); /* update_va_mapping: read-only */
    pv_set(p, mfn, 1, XENMEM_access_rx);
    pv_tell(p, LAB_OP_WRITE, mfn * PV_PAGE, 1);
    check(pv_done(p, LAB_PATIENCE_MS) && pv_status(p) == LAB_STATUS_FAULT && !pv_event(p, &e, QUIET_MS),
          "a write that the guest's tables forbid: its own fault, no event");
    pv_set(p, mfn, 1, XENMEM_access_n);
    pv_tell(p, LAB_OP_READ, mfn * PV_PAGE, 1);
    check(pv_event(p, &e, LAB_PATIENCE_MS) && e.u.mem_access.gla == va, "a read that they allow: an event");
    pv_set(p, mfn, 1, XENMEM_access_rwx);
    pv_answer(p, &e, 0, NULL);
    check(pv_done(p, LAB_PATIENCE_MS), "it is done then");
    pv_hypercall(p, 14, va, mfn * PV_PAGE | 0x67, 2, 0);
}

/* Line 8: a write that is stopped sets no dirty bit. */
static void no_trace(struct pv *p)
{
    uint64_t mfn = p->first + 4, va = pv_do(p, LAB_PV_VIRTUAL, mfn * PV_PAGE, 0), at;
    vm_event_request_t e;
    uint64_t entry = 0;

    at = pv_do(p, LAB_PV_PTE, mfn * PV_PAGE, 0);
    pv_hypercall(p, 14, va, mfn * PV_PAGE | 0x27, 2, 0); /* accessed, not dirty */
    pv_set(p, mfn, 1, XENMEM_access_rx);
    pv_tell(p, LAB_OP_WRITE, mfn * PV_PAGE, 1);
    check(pv_event(p, &e, LAB_PATIENCE_MS) && e.u.mem_access.gfn == mfn, "a write to a clean page");
    lab_guest_peek(p->guest, at, &entry, sizeof(entry));
    check(!(entry & 0x40), "leaves its dirty bit alone when it is stopped: %#" PRIx64, entry);
    pv_set(p, mfn, 1, XENMEM_access_rwx);
    pv_answer(p, &e, 0, NULL);
    check(pv_done(p, LAB_PATIENCE_MS), "it is done then");
    lab_guest_peek(p->guest, at, &entry, sizeof(entry));
    check(entry & 0x40, "and sets it when it is done: %#" PRIx64, entry);
}

void check_transitions(struct pv *p)
{
    uint64_t mfn = p->first + 5;
    vm_event_request_t e;

    pv_set(p, mfn, 1, XENMEM_access_rx2rw);
    pv_do(p, LAB_OP_WRITE, mfn * PV_PAGE, 1);
    check(pv_get(p, mfn) == XENMEM_access_rw && !pv_event(p, &e, QUIET_MS),
          "a write turns rx2rw into rw, silently: %d", pv_get(p, mfn));
    pv_set(p, mfn, 1, XENMEM_access_n2rwx);
    pv_do(p, LAB_OP_READ, mfn * PV_PAGE, 1);
    check(pv_get(p, mfn) == XENMEM_access_rwx && pv_event(p, &e, LAB_PATIENCE_MS) &&
              !(e.flags & VM_EVENT_FLAG_VCPU_PAUSED),
          "a read turns n2rwx into rwx, with an event that stops nobody: %d", pv_get(p, mfn));
    pv_answer(p, &e, 0, NULL);
    pv_set(p, mfn, 1, XENMEM_access_r);
    pv_disable(p);
    pv_tell(p, LAB_OP_WRITE, mfn * PV_PAGE, 9);
    check(pv_done(p, LAB_PATIENCE_MS) && pv_status(p) == 0, "nobody listens: the page is opened");
    check(pv_enable(p) == 0 && pv_get(p, mfn) == XENMEM_access_rwx, "a listener comes again");
    default_for_all(p);
    guests_own_fault(p);
    no_trace(p);
}
