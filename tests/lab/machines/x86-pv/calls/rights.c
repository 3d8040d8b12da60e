/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events and rights: lines 4, 6, 7, 8, 9 and 13 of the checklist. */
#include "../../../guest/arch/x86-pv.h"
#include "pv.h"

#include <errno.h>
#include <inttypes.h>

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
    check(seen && pv_done(p, LAB_PATIENCE_MS), "a write is reported, after %u events", events);
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
    check(pv_done(p, LAB_PATIENCE_MS) && pv_status(p) == LAB_STATUS_FAULT &&
              !pv_event(p, &e, QUIET_MS),
          "a write that the guest's tables forbid: its own fault, no event");
    pv_set(p, mfn, 1, XENMEM_access_n);
    pv_tell(p, LAB_OP_READ, mfn * PV_PAGE, 1);
    check(pv_event(p, &e, LAB_PATIENCE_MS) && e.u.mem_access.gla == va,
          "a read that they allow: an event");
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

/* ---- Writes that Xen does for the guest, and Xen's own accesses: lines 10 and 11 of the checklist ---- */

#define HC_MMU_UPDATE 1u
#define HC_UPDATE_DESCRIPTOR 10u
#define HC_UPDATE_VA 14u
#define HC_MMUEXT 26u
#define DOMID_OF_SELF 0x7ff0u
#define NOT_MAPPED UINT64_C(0xffffffff90000000)
#define FRAME_EVENTS 2000u

struct place {
    uint64_t page; /* what the entry maps */
    uint64_t va;
    uint64_t entry; /* its machine address */
    uint64_t entry_va;
    uint64_t table; /* the frame that holds it */
    uint64_t value;
    uint64_t buffer; /* a page for arguments, and where it is mapped */
    uint64_t buffer_va;
};

/* One way to write around the restriction: stopped, again when nothing changes, done when opened. */
static void caught(struct pv *p, const struct place *w, uint64_t frame, const char *what)
{
    vm_event_request_t e, again;
    uint64_t before = 0, now = 0;

    lab_guest_peek(p->guest, w->entry, &before, sizeof(before));
    check(pv_event(p, &e, LAB_PATIENCE_MS) && e.u.mem_access.gfn == frame &&
              (e.u.mem_access.flags & MEM_ACCESS_RWX) == MEM_ACCESS_W &&
              (e.flags & VM_EVENT_FLAG_VCPU_PAUSED),
          "%s: an event", what);
    check(!pv_done(p, QUIET_MS), "it waits");
    pv_answer(p, &e, 0, NULL);
    check(pv_event(p, &again, LAB_PATIENCE_MS) && again.u.mem_access.gfn == frame, "%s: again",
          what);
    lab_guest_peek(p->guest, w->entry, &now, sizeof(now));
    check(now == before, "nothing was written: %#" PRIx64, now);
    pv_set(p, frame, 1, XENMEM_access_rwx);
    pv_answer(p, &again, 0, NULL);
    check(pv_done(p, LAB_PATIENCE_MS) && pv_status(p) == 0, "done when opened");
    pv_set(p, frame, 1, XENMEM_access_rx);
}

static void find_place(struct pv *p, struct place *w)
{
    w->page = p->first + 6;
    w->buffer = p->first + 7;
    w->va = pv_do(p, LAB_PV_VIRTUAL, w->page * PV_PAGE, 0);
    w->buffer_va = pv_do(p, LAB_PV_VIRTUAL, w->buffer * PV_PAGE, 0);
    w->entry = pv_do(p, LAB_PV_PTE, w->page * PV_PAGE, 0);
    w->value = lab_guest_box(p->guest, 0)->progress;
    w->table = w->entry / PV_PAGE;
    w->entry_va = pv_do(p, LAB_PV_VIRTUAL, w->entry, 0);
}

static void by_mmuext(struct pv *p, const struct place *w, uint64_t cmd, const char *what)
{
    const uint64_t op[3] = {cmd, w->page, w->buffer};

    lab_guest_poke(p->guest, w->buffer * PV_PAGE, op, sizeof(op));
    pv_set(p, w->page, 1, XENMEM_access_rx);
    pv_start_hypercall(p, HC_MMUEXT, w->buffer_va, 1, 0, DOMID_OF_SELF);
    caught(p, w, w->page, what);
    check(lab_guest_box(p->guest, 0)->result == 0, "%s: 0", what);
    pv_set(p, w->page, 1, XENMEM_access_rwx);
}

void check_tables(struct pv *p)
{
    struct place w;
    uint64_t update[4];

    find_place(p, &w);
    check(pv_set(p, w.table, 1, XENMEM_access_rx) == 0, "a page table is rx: %#" PRIx64, w.table);
    pv_tell(p, LAB_OP_WRITE, w.entry_va, w.value & ~UINT64_C(0x40));
    caught(p, &w, w.table, "a write to it that Xen emulates");
    pv_tell(p, LAB_OP_RMW, w.entry_va, 0);
    caught(p, &w, w.table, "an addition to it");
    update[0] = w.entry;
    update[1] = w.value;
    lab_guest_poke(p->guest, w.buffer * PV_PAGE, update, 16);
    pv_start_hypercall(p, HC_MMU_UPDATE, w.buffer_va, 1, 0, DOMID_OF_SELF);
    caught(p, &w, w.table, "mmu_update");
    check(lab_guest_box(p->guest, 0)->result == 0, "mmu_update: 0");
    update[0] = w.page * PV_PAGE; /* the first of two is not restricted */
    update[1] = 0x1234;
    update[2] = w.entry;
    update[3] = w.value;
    lab_guest_poke(p->guest, w.buffer * PV_PAGE, update, 32);
    pv_start_hypercall(p, HC_MMU_UPDATE, w.buffer_va, 2, 0, DOMID_OF_SELF);
    caught(p, &w, w.table, "the second of two");
    check(lab_guest_box(p->guest, 0)->result == 0 &&
              pv_do(p, LAB_OP_READ, w.page * PV_PAGE, 0) == 0x1234,
          "both are done");
    pv_start_hypercall(p, HC_UPDATE_VA, w.va, w.value, 2, 0);
    caught(p, &w, w.table, "update_va_mapping");
    check(lab_guest_box(p->guest, 0)->result == 0, "update_va_mapping: 0");
    pv_set(p, w.table, 1, XENMEM_access_rwx);
    by_mmuext(p, &w, 16, "mmuext's clear");
    by_mmuext(p, &w, 17, "mmuext's copy");
    pv_set(p, w.page, 1, XENMEM_access_rx);
    pv_start_hypercall(p, HC_UPDATE_DESCRIPTOR, w.page * PV_PAGE, 0, 0, 0);
    caught(p, &w, w.page, "update_descriptor");
    pv_set(p, w.page, 1, XENMEM_access_rwx);
    check(pv_do(p, LAB_OP_WRITE, w.va, 1) == 0 && pv_status(p) == 0, "the guest goes on");
}

/* ---- Xen's own ---- */

static void still_restricted(struct pv *p, uint64_t mfn)
{
    vm_event_request_t e;

    pv_tell(p, LAB_OP_WRITE, mfn * PV_PAGE, 1);
    check(pv_event(p, &e, LAB_PATIENCE_MS) && e.u.mem_access.gfn == mfn &&
              (e.flags & VM_EVENT_FLAG_VCPU_PAUSED),
          "the guest's own write is still stopped");
    pv_set(p, mfn, 1, XENMEM_access_rwx);
    pv_answer(p, &e, 0, NULL);
    check(pv_done(p, LAB_PATIENCE_MS), "it is done then");
    pv_set(p, mfn, 1, XENMEM_access_rx);
}

/* Of a fault there the guest cannot be told: it is never denied. */
static void exception_frame(struct pv *p, uint64_t mfn)
{
    vm_event_request_t e;
    uint64_t stack;
    unsigned int i;

    pv_set(p, mfn, 1, XENMEM_access_rx);
    pv_tell(p, LAB_OP_WRITE, mfn * PV_PAGE, 1);
    check(pv_event(p, &e, LAB_PATIENCE_MS) && e.u.mem_access.gfn == mfn,
          "where the guest's stack is");
    pv_set(p, mfn, 1, XENMEM_access_rwx);
    pv_answer(p, &e, 0, NULL);
    pv_done(p, LAB_PATIENCE_MS);
    stack = pv_mfn(p, (e.data.regs.x86.rsp - LAB_PV_BASE) / PV_PAGE);
    check(stack != 0 && pv_set(p, stack, 1, XENMEM_access_rx) == 0, "its stack is rx: %#" PRIx64,
          stack);
    pv_tell(p, LAB_OP_WRITE, NOT_MAPPED, 1);
    for (i = 0; i < FRAME_EVENTS && !pv_done(p, 0); i++)
        if (pv_event(p, &e, 20))
            pv_answer(p, &e, VM_EVENT_FLAG_EMULATE, NULL);
    check(i < FRAME_EVENTS && pv_status(p) == LAB_STATUS_FAULT,
          "deny: a fault still reaches the guest, and its handler works, by EMULATE");
    pv_set(p, stack, 1, XENMEM_access_rwx);
    while (pv_event(p, &e, QUIET_MS))
        pv_answer(p, &e, 0, NULL);
    pv_do(p, LAB_OP_NOP, 0, 0);
}

void check_own(struct pv *p)
{
    uint64_t mfn = p->first + 9;
    vm_event_request_t e;

    pv_do(p, LAB_OP_WRITE, mfn * PV_PAGE, 0);
    pv_set(p, mfn, 1, XENMEM_access_rx);
    check(pv_do(p, LAB_OP_XEN_VERSION, mfn * PV_PAGE, 1) == 0 && !pv_event(p, &e, QUIET_MS),
          "ignore: Xen writes its answer into a page with rx, no event");
    still_restricted(p, mfn);
    pv_shadow(p, XEN_DOMCTL_SHADOW_OP_ENABLE, PV_MODE | PV_OWN_NOTIFY);
    check(pv_do(p, LAB_OP_XEN_VERSION, mfn * PV_PAGE, 1) == 0 && pv_event(p, &e, LAB_PATIENCE_MS) &&
              e.u.mem_access.gfn == mfn && !(e.flags & VM_EVENT_FLAG_VCPU_PAUSED),
          "notify: it writes, with an event that stops nobody");
    pv_answer(p, &e, 0, NULL);
    still_restricted(p, mfn);
    pv_shadow(p, XEN_DOMCTL_SHADOW_OP_ENABLE, PV_MODE | PV_OWN_DENY);
    check((int64_t)pv_do(p, LAB_OP_XEN_VERSION, mfn * PV_PAGE, 1) == -EFAULT &&
              !pv_event(p, &e, QUIET_MS),
          "deny: EFAULT");
    still_restricted(p, mfn);
    exception_frame(p, mfn);
    pv_shadow(p, XEN_DOMCTL_SHADOW_OP_ENABLE, PV_MODE);
    pv_set(p, mfn, 1, XENMEM_access_rwx);
}
