/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frames that are tables: of pages, of descriptors, of grants. */
#include "ways.h"

#include <errno.h>
#include <string.h>

#define GRANT_MAP 0u
#define GRANT_SETUP 2u
#define GRANT_COPY 5u
#define MAP_HOST 2u /* GNTMAP_host_map */
#define MAP_PTE 16u /* GNTMAP_contains_pte */
#define PERMIT 1u   /* GTF_permit_access */
#define REF 9u      /* the first eight are reserved */
#define GRANTS 23u  /* the test page at whose address the grant table is mapped */
#define ENTRIES 512u
#define PTE_A_D 0x60u
#define PTE_KERNEL 0x63u /* as PTE_RW, but for the processor's user bit: Xen adds what it needs */
#define DATA_SEGMENT UINT64_C(0x00cff2000000ffff) /* never loaded so far */

static uint64_t target(const struct check *c)
{
    return c->first + TARGET;
}

static uint64_t va_of(struct check *c, unsigned int i)
{
    return check_virtual(c, check_page(c, i));
}

static int64_t mmuext_now(struct check *c, uint64_t op, uint64_t gfn)
{
    return ways_mmuext(c, op, gfn, 0) ? INT64_MIN : ways_result(c);
}

/* What is to become a table has no writable mapping. Its contents then. */
static int read_only(struct check *c, const uint64_t entries[ENTRIES])
{
    if (check_update_va(c, va_of(c, TARGET), check_page(c, TARGET) | PTE_RO))
        return -1;
    return lab_guest_poke(c->guest, check_page(c, TARGET), entries, PAGE);
}

/* ---- descriptors ---- */

static int prepare_gdt(struct check *c)
{
    const uint64_t entries[ENTRIES] = {0, DATA_SEGMENT & ~(UINT64_C(3) << 45)};

    return read_only(c, entries);
}

static int start_gdt(struct check *c)
{
    uint64_t va = ways_words(c, (uint64_t[]){target(c)}, 1);

    return ways_hypercall(c, HC_SET_GDT, va, ENTRIES, 0, 0);
}

/* mov $0x0b, %eax; mov %eax, %fs; xor %eax, %eax; mov %eax, %fs; ret */
static int prepare_segment(struct check *c)
{
    static const uint8_t code[] = {0xb8, 0x0b, 0x00, 0x00, 0x00, 0x8e,
                                   0xe0, 0x31, 0xc0, 0x8e, 0xe0, 0xc3};
    const uint64_t entries[ENTRIES] = {0, DATA_SEGMENT};
    int rc = read_only(c, entries);

    if (!rc)
        rc = ways_code(c, code, sizeof(code));
    if (!rc)
        rc = start_gdt(c);
    return rc ? rc : (int)ways_result(c);
}

static int start_segment(struct check *c)
{
    return check_start(c, 0, LAB_OP_EXEC, check_page(c, CODE), 0);
}

/* ---- pages ---- */

static int prepare_pin(struct check *c)
{
    const uint64_t entries[ENTRIES] = {check_page(c, OTHER) | PTE_KERNEL};

    return read_only(c, entries);
}

static int start_pin(struct check *c)
{
    return ways_mmuext(c, MMUEXT_PIN_L1, target(c), 0);
}

/* It takes the place of the L1 table that maps the slot, whose page was never used. */
static int prepare_walk(struct check *c)
{
    uint64_t va = va_of(c, SLOT), l2 = check_entry(c, va, 2), entries[ENTRIES], words;

    if (!l2 || check_update_va(c, va_of(c, TARGET), check_page(c, TARGET) | PTE_RO) ||
        lab_guest_peek(c->guest, check_entry(c, va, 1) & ~(uint64_t)(PAGE - 1), entries, PAGE))
        return -1;
    entries[va >> 12 & (ENTRIES - 1)] &= ~(uint64_t)PTE_A_D;
    if (lab_guest_poke(c->guest, check_page(c, TARGET), entries, PAGE))
        return -1;
    words = ways_words(c, (uint64_t[]){l2, check_page(c, TARGET) | PTE_RW}, 2);
    return (int)check_hypercall(c, HC_MMU_UPDATE, (uint64_t[4]){words, 1, 0, SELF});
}

static int start_walk(struct check *c)
{
    return check_start(c, 0, LAB_OP_WRITE, va_of(c, SLOT), 1);
}

/* ---- grants ---- */

/* The guest grants one of its frames to itself. */
static int grant(struct check *c, uint64_t gfn)
{
    uint64_t buffer = check_page(c, BUFFER), va = va_of(c, BUFFER), table = va_of(c, GRANTS);

    ways_words(c, (uint64_t[]){SELF | UINT64_C(1) << 32, 0, va + 64}, 3);
    if (check_hypercall(c, HC_GRANT_TABLE, (uint64_t[4]){GRANT_SETUP, va, 1, 0}) ||
        check_update_va(c, table, check_peek(c, buffer + 64) * PAGE | PTE_RW))
        return -1;
    return check_run(c, 0, LAB_OP_WRITE, table + REF * 8,
                     PERMIT | (uint64_t)c->domid << 16 | gfn << 32);
}

static int map_grant(struct check *c, uint64_t where, uint64_t flags)
{
    uint64_t va = ways_words(c, (uint64_t[]){where, flags | (uint64_t)REF << 32, c->domid, 0}, 4);

    return ways_hypercall(c, HC_GRANT_TABLE, GRANT_MAP, va, 1, 0);
}

/* Was it mapped? The status is a field of what was asked. */
static int mapped(struct check *c)
{
    return ways_result(c) ? -1 : (int)(check_peek(c, check_page(c, BUFFER) + 16) >> 16 & 0xffff);
}

static int prepare_granted(struct check *c)
{
    int rc = grant(c, target(c));

    if (!rc)
        rc = map_grant(c, va_of(c, SLOT), MAP_HOST);
    return rc ? rc : mapped(c);
}

static int start_granted(struct check *c)
{
    return check_start(c, 0, LAB_OP_WRITE, va_of(c, SLOT), 0xabcd);
}

/* struct gnttab_copy: 64 bytes, the destination by grant (GNTCOPY_dest_gref). */
static int prepare_copy(struct check *c)
{
    return grant(c, target(c));
}

static int start_copy(struct check *c)
{
    uint64_t va = ways_words(c, (uint64_t[]){c->first + OTHER, SELF, REF, c->domid, 64 | 2 << 16},
                             5);

    return ways_hypercall(c, HC_GRANT_TABLE, GRANT_COPY, va, 1, 0);
}

static int prepare_into_table(struct check *c)
{
    const uint64_t entries[ENTRIES] = {0};
    int rc = read_only(c, entries);

    if (!rc)
        rc = (int)mmuext_now(c, MMUEXT_PIN_L1, target(c));
    return rc ? rc : grant(c, c->first + OTHER);
}

static int start_into_table(struct check *c)
{
    return map_grant(c, check_page(c, TARGET) + 64, MAP_HOST | MAP_PTE);
}

const struct way ways_tables[] = {
    {"a store by a grant of its own", BY_GUEST, MEM_ACCESS_W, .prepare = prepare_granted,
     .start = start_granted},
    {"grant copy by a grant of its own", BY_GUEST, MEM_ACCESS_W, .prepare = prepare_copy,
     .start = start_copy},
    {"a grant mapped into a table", NOT_SEEN, 0, .once = true, .changes = true,
     .prepare = prepare_into_table, .start = start_into_table},
    {"validation as a page table", NOT_SEEN, 0, .once = true, .changes = true,
     .prepare = prepare_pin, .start = start_pin},
    {"accessed and dirty bits of a page table", NOT_SEEN, 0, .once = true, .changes = true,
     .prepare = prepare_walk, .start = start_walk},
    {"validation as a descriptor table", NOT_SEEN, 0, .once = true, .changes = true,
     .prepare = prepare_gdt, .start = start_gdt},
    {"accessed bits of descriptors", NOT_SEEN, 0, .once = true, .changes = true,
     .prepare = prepare_segment, .start = start_segment},
    {NULL},
};

/* ---- Frames that Xen writes by number: what holds once it does, and tables walked for the emulator ---- */

#define VCPUOP_INFO 10u
#define EVTCHN_SEND 4u
#define EVTCHN_BIND_IPI 7u
#define EVTCHN_INIT_CONTROL 11u
#define EVTCHN_EXPAND_ARRAY 12u
#define PTE_FRESH 0x07u /* present, writable, user: never used */
#define INFO_AT 0x100u
#define CR2 16u /* in struct vcpu_info */

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
#define LOAD_RET UINT64_C(0xc3078b48)
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
