/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frames that Xen writes by number: what holds once it does, and tables walked for the emulator. */
#include "ways.h"

#include <errno.h>

#define VCPUOP_INFO 10u
#define EVTCHN_SEND 4u
#define EVTCHN_BIND_IPI 7u
#define EVTCHN_INIT_CONTROL 11u
#define EVTCHN_EXPAND_ARRAY 12u
#define PTE_FRESH 0x07u /* present, writable, user: never used */
#define PTE_A_D   0x60u
#define INFO_AT   0x100u
#define CR2       16u /* in struct vcpu_info */

static uint64_t va_of(struct check *c, unsigned int i)
{
    return check_virtual(c, check_page(c, i));
}

static int64_t evtchn(struct check *c, uint64_t op, uint64_t first, uint64_t second)
{
    uint64_t va = ways_words(c, (uint64_t[]){first, second, 0}, 3);

    return check_hypercall(c, HC_EVTCHN, (uint64_t[4]){op, va, 0, 0});
}

/* What the old vcpu_info holds, of the guest's choice, comes with it. */
static void info_by_answer(struct check *c)
{
    uint64_t page = check_page(c, TARGET), gfn = c->first + TARGET, va;
    uint64_t shared = LAB_PV_BASE + LAB_PV_SHARED_PFN * PAGE;
    vm_event_request_t e;

    IS(c, check_listen(c, MODE_OWN_DENY), 0);
    IS(c, check_poke(c, page + INFO_AT + CR2, 0x1111), 0);
    IS(c, check_run(c, 0, LAB_OP_WRITE, shared + CR2, UINT64_C(0xfeedfacecafef00d)), 0);
    IS(c, check_set(c, gfn, 1, XENMEM_access_r), 0);
    va = ways_words(c, (uint64_t[]){gfn, INFO_AT}, 2);
    IS(c, ways_hypercall(c, HC_VCPU, VCPUOP_INFO, 0, va, 0), 0);
    IS(c, check_event(c, LAB_PATIENCE_MS, &e), 0);
    OK(c, e.u.mem_access.gfn == gfn && e.u.mem_access.offset == INFO_AT && !check_done(c, 0, 0));
    OK(c, check_peek(c, page + INFO_AT + CR2) == 0x1111);
    check_reply(c, &e, VM_EVENT_FLAG_EMULATE); /* let through, the rights stay */
    IS(c, ways_result(c), 0);
    IS(c, check_get(c, gfn), XENMEM_access_r);
    OK(c, check_peek(c, page + INFO_AT + CR2) == UINT64_C(0xfeedfacecafef00d));
    IS(c, check_caught(c, 0, LAB_OP_WRITE, page, gfn, MEM_ACCESS_W), 0);
}

/* Said in the table: what Xen has already goes on being written, whatever the rights. */
static void array_of_before(struct check *c)
{
    uint64_t page = check_page(c, TARGET), gfn = c->first + TARGET, port;

    IS(c, check_listen(c, MODE_OWN_DENY), 0);
    IS(c, evtchn(c, EVTCHN_INIT_CONTROL, c->first + OTHER, 0), 0);
    IS(c, evtchn(c, EVTCHN_EXPAND_ARRAY, gfn, 0), 0);
    IS(c, evtchn(c, EVTCHN_BIND_IPI, 0, 0), 0);
    port = check_peek(c, check_page(c, BUFFER)) >> 32;
    OK(c, port && port < PAGE / 4);
    IS(c, check_poke(c, page + (port * 4 & ~7u), 0), 0);
    IS(c, check_set(c, gfn, 1, XENMEM_access_r), 0);
    IS(c, evtchn(c, EVTCHN_SEND, port, 0), 0);
    OK(c, check_peek(c, page + (port * 4 & ~7u)) != 0 && check_quiet(c));
    IS(c, check_caught(c, 0, LAB_OP_WRITE, page + 8, gfn, MEM_ACCESS_W), 0);
}

/* ---- the emulator's view of the guest's tables ---- */

static void emulated_store(struct check *c, uint64_t va, uint64_t gfn, uint64_t value)
{
    vm_event_request_t e;

    IS(c, check_set(c, gfn, 1, XENMEM_access_n), 0);
    IS(c, check_start(c, 0, LAB_OP_WRITE, va, value), 0);
    IS(c, check_event(c, LAB_PATIENCE_MS, &e), 0);
    OK(c, e.u.mem_access.gfn == gfn && (e.u.mem_access.flags & MEM_ACCESS_W));
    check_reply(c, &e, VM_EVENT_FLAG_EMULATE);
    OK(c, check_done(c, 0, LAB_PATIENCE_MS) && check_quiet(c));
    IS(c, lab_guest_box(c->guest, 0)->status, LAB_STATUS_OK);
    IS(c, check_peek(c, gfn * PAGE), value);
    IS(c, check_set(c, gfn, 1, XENMEM_access_rwx), 0);
}

/* A remap by another vCPU is known to the emulator at once. */
static void remapped(struct check *c)
{
    uint64_t va, a = c->first + TARGET, b = c->first + OTHER, pte;

    IS(c, check_listen(c, 0), 0);
    va = va_of(c, SLOT);
    pte = check_pte(c, va);
    OK(c, va && pte);
    IS(c, check_update_va(c, va, a * PAGE | PTE_FRESH), 0);
    emulated_store(c, va, a, 1);
    OK(c, (check_peek(c, pte) & PTE_A_D) == PTE_A_D);
    IS(c, ways_remap(c, va, b * PAGE | PTE_FRESH), 0);
    emulated_store(c, va, b, 2);
    OK(c, (check_peek(c, pte) & PTE_A_D) == PTE_A_D);
    IS(c, check_peek(c, a * PAGE), 1);
    IS(c, ways_remap(c, va, a * PAGE | PTE_FRESH), 0);
    emulated_store(c, va, a, 3);
    IS(c, check_peek(c, b * PAGE), 2);
}

/* mov (%rdi), %rax; ret, or mov %rdi, (%rdi); ret, in a page that only emulation can execute */
#define LOAD_RET  UINT64_C(0xc3078b48)
#define STORE_RET UINT64_C(0xc33f8948)

static void own_fault(struct check *c, uint64_t code, uint64_t va, uint64_t error)
{
    struct lab_mailbox *box = lab_guest_box(c->guest, 0);

    IS(c, check_poke(c, check_page(c, CODE), code), 0);
    IS(c, check_set(c, c->first + CODE, 1, XENMEM_access_x), 0);
    IS(c, check_run(c, 0, LAB_OP_EXEC, check_page(c, CODE), va), LAB_STATUS_FAULT);
    OK(c, box->fault_kind == 14 && box->fault_addr == va);
    IS(c, box->result, error);
    IS(c, check_set(c, c->first + CODE, 1, XENMEM_access_rwx), 0);
}

/* What the guest's tables forbid is its own fault, with the code that a processor gives. */
static void faults_as_a_processor(struct check *c)
{
    uint64_t va, page = check_page(c, SLOT);

    IS(c, check_listen(c, 0), 0);
    va = va_of(c, SLOT);
    IS(c, check_update_va(c, va, 0), 0);
    own_fault(c, LOAD_RET, va, 0);
    own_fault(c, STORE_RET, va, 2);
    IS(c, check_update_va(c, va, page | PTE_RO), 0);
    own_fault(c, STORE_RET, va, 3);
    OK(c, check_quiet(c));
}

const struct check_line ways_areas[] = {
    {"vcpu_info: told before it is written, and let through by the answer EMULATE", info_by_answer},
    {"rights set on what Xen writes already hold for the guest alone", array_of_before},
    {"emulation goes where the guest's tables say after a remap, and marks them", remapped},
    {"emulation gives the guest the page faults of a processor", faults_as_a_processor},
    {NULL, NULL},
};
