/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines 6 to 10 of the checklist: how accesses meet the rights. */
#include "check.h"

#include <errno.h>

#define RET 0xc3u

/* ---- 6 ---- */

static void line_6(struct check *c)
{
    uint64_t page = check_page(c, 10), gfn = c->first + 10, alias;

    IS(c, check_listen(c, 0), 0);
    alias = check_virtual(c, check_page(c, 11));
    IS(c, check_update_va(c, alias, page | PTE_RW), 0);
    IS(c, check_run(c, 0, LAB_OP_WRITE, page, 1), 0);
    IS(c, check_run(c, 1, LAB_OP_WRITE, alias, 2), 0);
    IS(c, check_set(c, gfn, 1, XENMEM_access_r), 0);
    IS(c, check_caught(c, 0, LAB_OP_WRITE, page, gfn, MEM_ACCESS_W), 0);
    IS(c, check_set(c, gfn, 1, XENMEM_access_r), 0);
    IS(c, check_caught(c, 1, LAB_OP_WRITE, alias, gfn, MEM_ACCESS_W), 0);
    /* A vCPU that has the page in its TLB and keeps writing is stopped as well. */
    IS(c, check_start(c, 1, LAB_OP_STREAM, page, 3), 0);
    OK(c, !check_done(c, 1, 30));
    IS(c, check_set(c, gfn, 1, XENMEM_access_r), 0);
    {
        vm_event_request_t event;

        IS(c, check_event(c, LAB_PATIENCE_MS, &event), 0);
        OK(c, event.vcpu_id == 1 && event.u.mem_access.gfn == gfn);
        IS(c, check_set(c, gfn, 1, XENMEM_access_rwx), 0);
        check_reply(c, &event, 0);
    }
    lab_guest_stop(c->guest, 1);
    OK(c, check_done(c, 1, LAB_PATIENCE_MS) && check_quiet(c));
    /* The guest's own tables were not touched. */
    OK(c, check_entry_is(c, check_pte(c, alias), page | PTE_RW));
}

/* ---- 7 ---- */

static void line_7_transitions(struct check *c, uint64_t page, uint64_t gfn)
{
    vm_event_request_t event;

    IS(c, check_set(c, gfn, 1, XENMEM_access_rx2rw), 0);
    IS(c, check_run(c, 0, LAB_OP_EXEC, page, 0), 0);
    IS(c, check_run(c, 0, LAB_OP_WRITE, page + 8, 4), 0);
    OK(c, check_quiet(c));
    IS(c, check_get(c, gfn), XENMEM_access_rw);
    IS(c, check_caught(c, 0, LAB_OP_EXEC, page, gfn, MEM_ACCESS_X), 0);
    IS(c, check_set(c, gfn, 1, XENMEM_access_n2rwx), 0);
    IS(c, check_run(c, 0, LAB_OP_READ, page, 0), 0);
    IS(c, check_event(c, LAB_PATIENCE_MS, &event), 0);
    OK(c, event.u.mem_access.gfn == gfn && !(event.flags & VM_EVENT_FLAG_VCPU_PAUSED));
    check_reply(c, &event, 0);
    IS(c, check_get(c, gfn), XENMEM_access_rwx);
}

static void line_7(struct check *c)
{
    uint64_t page = check_page(c, 10), gfn = c->first + 10, va;

    IS(c, check_listen(c, 0), 0);
    va = check_virtual(c, page);
    IS(c, check_poke(c, page, RET), 0);
    IS(c, check_set(c, gfn, 1, XENMEM_access_rw), 0);
    IS(c, check_run(c, 0, LAB_OP_READ, page, 0), 0);
    IS(c, check_run(c, 0, LAB_OP_WRITE, page + 16, 0), 0);
    IS(c, check_caught(c, 0, LAB_OP_EXEC, page, gfn, MEM_ACCESS_X), 0);
    line_7_transitions(c, page, gfn);
    /* The guest's own table denies the write: its page fault, and no event. */
    IS(c, check_update_va(c, va, page | PTE_RO), 0);
    IS(c, check_set(c, gfn, 1, XENMEM_access_r), 0);
    IS(c, check_run(c, 0, LAB_OP_WRITE, va, 1), LAB_STATUS_FAULT);
    IS(c, lab_guest_box(c->guest, 0)->fault_kind, 14);
    OK(c, lab_guest_box(c->guest, 0)->fault_addr == va && check_quiet(c));
    IS(c, check_set(c, gfn, 1, XENMEM_access_n), 0);
    IS(c, check_run(c, 0, LAB_OP_WRITE, va, 1), LAB_STATUS_FAULT);
    OK(c, check_quiet(c));
    IS(c, check_caught(c, 0, LAB_OP_READ, va, gfn, MEM_ACCESS_R), 0);
}

/* ---- 8 ---- */

static void line_8(struct check *c)
{
    uint64_t page = check_page(c, 40), gfn = c->first + 40;
    vm_event_request_t event;
    unsigned int i;

    IS(c, check_listen(c, 0), 0);
    IS(c, check_log_dirty(c, true), 0);
    IS(c, check_set(c, gfn, 1, XENMEM_access_r), 0);
    IS(c, check_start(c, 0, LAB_OP_WRITE, page, 1), 0);
    IS(c, check_event(c, LAB_PATIENCE_MS, &event), 0);
    IS(c, check_dirty(c, LAB_PV_SCRATCH_PFN + 40), 0);
    IS(c, check_set(c, gfn, 1, XENMEM_access_rwx), 0);
    IS(c, check_dirty(c, LAB_PV_SCRATCH_PFN + 40), 0);
    check_reply(c, &event, 0);
    OK(c, check_done(c, 0, LAB_PATIENCE_MS));
    IS(c, check_dirty(c, LAB_PV_SCRATCH_PFN + 40), 1);
    IS(c, check_log_dirty(c, false), 0);
    /* Entries that are made ahead, for neighbours of a page that faults, are restricted too. */
    IS(c, check_set(c, gfn + 1, 16, XENMEM_access_n), 0);
    IS(c, check_run(c, 0, LAB_OP_READ, page, 0), 0);
    for (i = 1; i <= 16; i++)
        IS(c, check_caught(c, 0, LAB_OP_READ, page + i * PAGE, gfn + i, MEM_ACCESS_R), 0);
}

/* ---- 9 ---- */

static void inexpressible(struct check *c, xenmem_access_t access, bool w, bool x)
{
    static const uint64_t ops[] = {LAB_OP_READ, LAB_OP_WRITE, LAB_OP_EXEC};
    const bool allowed[] = {false, w, x};
    uint64_t page = check_page(c, 10), gfn = c->first + 10;
    unsigned int i;

    for (i = 0; i < 3; i++) {
        IS(c, check_poke(c, page, RET), 0);
        IS(c, check_set(c, gfn, 1, access), 0);
        IS(c, check_get(c, gfn), access);
        if (!allowed[i]) {
            IS(c, check_caught(c, 0, ops[i], page + (i == 1 ? 8 : 0), gfn, 1u << i), 0);
            continue;
        }
        IS(c, check_run(c, 0, ops[i], page + (i == 1 ? 8 : 0), 0x77), 0);
        OK(c, check_quiet(c));
        IS(c, check_get(c, gfn), access);
        OK(c, i != 1 || check_peek(c, page + 8) == 0x77);
    }
}

static void line_9(struct check *c)
{
    IS(c, check_listen(c, 0), 0);
    inexpressible(c, XENMEM_access_w, true, false);
    inexpressible(c, XENMEM_access_wx, true, true);
    inexpressible(c, XENMEM_access_x, false, true);
}

/* ---- 10 ---- */

static void line_10(struct check *c)
{
    uint64_t page = check_page(c, 10), va, pte, buffer = check_page(c, 20), entry = page | PTE_RW;

    IS(c, check_listen(c, 0), 0);
    va = check_virtual(c, check_page(c, 11));
    pte = check_pte(c, va);
    OK(c, va && pte);
    /* By the page fault on a read-only table (ptwr). */
    IS(c, check_set(c, pte / PAGE, 1, XENMEM_access_r), 0);
    IS(c, check_start(c, 0, LAB_OP_WRITE, check_virtual(c, pte), entry), 0);
    IS(c, check_stopped(c, 0, pte / PAGE, MEM_ACCESS_W), 0);
    OK(c, check_entry_is(c, pte, entry));
    /* By hypercall; it goes on where it was. */
    entry = check_page(c, 11) | PTE_RW;
    IS(c, check_poke(c, buffer, pte), 0);
    IS(c, check_poke(c, buffer + 8, entry), 0);
    IS(c, check_set(c, pte / PAGE, 1, XENMEM_access_r), 0);
    IS(c,
       check_start_hypercall(c, HC_MMU_UPDATE, (uint64_t[4]){check_virtual(c, buffer), 1, 0, SELF}),
       0);
    IS(c, check_stopped(c, 0, pte / PAGE, MEM_ACCESS_W), 0);
    IS(c, lab_guest_box(c->guest, 0)->result, 0);
    OK(c, check_entry_is(c, pte, entry));
    IS(c, check_set(c, pte / PAGE, 1, XENMEM_access_r), 0);
    IS(c, check_start_hypercall(c, HC_UPDATE_VA, (uint64_t[4]){va, page | PTE_RW, INVLPG, 0}), 0);
    IS(c, check_stopped(c, 0, pte / PAGE, MEM_ACCESS_W), 0);
    OK(c, check_entry_is(c, pte, page | PTE_RW));
    OK(c, check_quiet(c));
}

const struct check_line check_paths[] = {
    {"6 one frame: all its mappings go, and what TLBs hold of them", line_6},
    {"7 the fault path: fetches, rx2rw, n2rwx, the guest's own page fault", line_7},
    {"8 rights meet log-dirty and what is made ahead; a denied write marks nothing", line_8},
    {"9 w, wx and x, which no entry can express", line_9},
    {"10 page-table writes by fault and by hypercall", line_10},
    {NULL, NULL},
};
