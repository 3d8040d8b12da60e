/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hypercalls, exceptions, sleeping, addresses and the operations of a PV guest. */
#include "../guest.h"
#include "x86-pv.h"

/* Xen public headers: what only PV guests ask for (public/xen.h, memory.h). */
#define HYPERVISOR_SET_TRAP_TABLE 0u
#define HYPERVISOR_MEMORY_OP 12u
#define HYPERVISOR_UPDATE_VA 14u
#define HYPERVISOR_VM_ASSIST 21u
#define XENMEM_DECREASE 1u
#define XENMEM_POPULATE 6u
#define DOMID_SELF 0x7ff0u
#define UVMF_INVLPG 2u
#define UVMF_INVLPG_ALL 6u
#define VMASST_ENABLE 0u
#define VMASST_WRITABLE_TABLES 2u
#define FLAT_CS 0xe033u
#define FLAT_SS 0xe02bu
#define VGCF_IN_KERNEL 4u

#define PAGE 4096ull
#define PTE_FRAME 0x000ffffffffff000ull
#define PTE_PRESENT 1u
#define PTE_FLAGS 0x67u                            /* present, writable, user, accessed, dirty */
#define M2P ((const uint64_t *)0xffff800000000000) /* MACH2PHYS_VIRT_START */
#define SHORTEST_NS 250000u
#define YIELDS_FIRST 64u
#define LONGEST_SHIFT 5u /* 8 ms */

/* public/xen.h: the fields of struct start_info that are used here. */
struct start_info {
    char magic[32];
    uint64_t pages;
    uint64_t shared_info; /* machine address */
    uint32_t flags, pad0;
    uint64_t store_mfn;
    uint32_t store_port, pad1;
    uint64_t console_mfn;
    uint32_t console_port, pad2;
    uint64_t tables; /* virtual address of the L4 */
    uint64_t table_frames;
};

/* public/xen.h: struct vcpu_info with its struct vcpu_time_info. */
struct vcpu_info {
    volatile uint8_t pending, mask, pad[6];
    volatile uint64_t selector;
    volatile uint64_t cr2;
    uint64_t pad2;
    volatile uint32_t version;
    uint32_t pad3;
    volatile uint64_t tsc, system_time;
    volatile uint32_t multiplier;
    volatile int8_t shift;
    volatile uint8_t flags, pad4[2];
};

struct trap_info {
    uint8_t vector, flags;
    uint16_t selector;
    uint32_t pad;
    uint64_t address;
};

/* public/arch-x86/xen.h and xen-x86_64.h: struct vcpu_guest_context. */
struct vcpu_context {
    uint8_t fpu[512];
    uint64_t flags;
    struct {
        uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
        uint32_t error, entry;
        uint64_t rip, cs, rflags, rsp, ss, es, ds, fs, gs;
    } regs;
    struct trap_info traps[256];
    uint64_t ldt_base, ldt_entries;
    uint64_t gdt_frames[16], gdt_entries;
    uint64_t kernel_ss, kernel_sp;
    uint64_t ctrlreg[8], debugreg[8];
    uint64_t event_entry, failsafe_entry, syscall_entry;
    uint64_t vm_assist;
    uint64_t fs_base, gs_base_kernel, gs_base_user;
};

struct poll {
    uint64_t ports;
    uint32_t count, pad;
    uint64_t timeout;
};

extern char exception_entries[], secondary_entry[], stacks[];

static const struct start_info *start;

uint64_t arch_hypercall(uint64_t number, uint64_t arg0, uint64_t arg1, uint64_t arg2, uint64_t arg3)
{
    register uint64_t fourth __asm__("r10") = arg3;

    __asm__ volatile("syscall"
                     : "+a"(number), "+D"(arg0), "+S"(arg1), "+d"(arg2), "+r"(fourth)
                     :
                     : "rcx", "r11", "r8", "r9", "memory");
    return number;
}

static void *page_of(uint64_t pfn)
{
    return (void *)(uintptr_t)(LAB_PV_BASE + pfn * PAGE);
}

static struct vcpu_info *info_of(uint64_t vcpu)
{
    return (struct vcpu_info *)page_of(LAB_PV_SHARED_PFN) + vcpu;
}

static void set_traps(void)
{
    static struct trap_info traps[33];
    unsigned int i;

    for (i = 0; i < 32; i++)
        traps[i] = (struct trap_info){
            .vector = (uint8_t)i,
            .flags = i == 3 ? 3 : 0, /* int3 may be raised by the guest itself */
            .selector = FLAT_CS,
            .address = (uintptr_t)exception_entries + 16u * i,
        };
    arch_hypercall(HYPERVISOR_SET_TRAP_TABLE, (uintptr_t)traps, 0, 0, 0);
}

struct lab_mailbox *arch_mailbox(uint64_t vcpu)
{
    return (struct lab_mailbox *)page_of(LAB_PV_MAILBOX_PFN) + vcpu;
}

void arch_init(uint64_t vcpu, const void *start_info)
{
    if (vcpu == 0) {
        start = start_info;
        arch_hypercall(HYPERVISOR_UPDATE_VA, (uintptr_t)page_of(LAB_PV_SHARED_PFN),
                       start->shared_info | PTE_FLAGS, UVMF_INVLPG, 0);
        /* A plain write to a page-table page is carried out by Xen instead of being a fault. */
        arch_hypercall(HYPERVISOR_VM_ASSIST, VMASST_ENABLE, VMASST_WRITABLE_TABLES, 0, 0);
    }
    set_traps();
}

/* ---- sleeping ---- */

static uint64_t rdtsc(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

/* Xen's system time (public/xen.h, struct vcpu_time_info). */
static uint64_t system_time(uint64_t vcpu)
{
    const struct vcpu_info *info = info_of(vcpu);
    uint64_t delta, time;
    uint32_t version;

    do {
        version = info->version & ~1u;
        delta = rdtsc() - info->tsc;
        delta = info->shift < 0 ? delta >> -info->shift : delta << info->shift;
        time = info->system_time + (uint64_t)(((unsigned __int128)delta * info->multiplier) >> 32);
    } while (version != info->version);
    return time;
}

void arch_idle(uint64_t vcpu, uint64_t in_a_row)
{
    struct poll poll = {0};
    uint64_t shift;

    if (in_a_row < YIELDS_FIRST) {
        arch_hypercall(HYPERVISOR_SCHED_OP, SCHEDOP_YIELD, 0, 0, 0);
        return;
    }
    shift = in_a_row - YIELDS_FIRST;
    shift = shift < LONGEST_SHIFT ? shift : LONGEST_SHIFT;
    poll.timeout = system_time(vcpu) + ((uint64_t)SHORTEST_NS << shift);
    arch_hypercall(HYPERVISOR_SCHED_OP, SCHEDOP_POLL, (uintptr_t)&poll, 0, 0);
}

/* ---- addresses ---- */

/* Machine addresses; those in the upper half are the guest's own already. */
bool arch_virtual(uint64_t *addr)
{
    uint64_t pfn;

    if (*addr >> 47)
        return true;
    pfn = M2P[*addr / PAGE];
    /* The page tables are the last that the builder has mapped. */
    *addr = pfn < (start->tables - LAB_PV_BASE) / PAGE + start->table_frames
                ? (uintptr_t)page_of(pfn) + *addr % PAGE
                : 0;
    return *addr;
}

static uint64_t virtual_of(uint64_t addr)
{
    arch_virtual(&addr);
    return addr;
}

/* The detail is the error code; with a page fault the address is Xen's to tell. */
void arch_fault(struct lab_mailbox *box, uint64_t vcpu, uint64_t detail)
{
    box->fault_addr = box->fault_kind == 14 ? info_of(vcpu)->cr2 : detail;
    box->result = detail;
}

/*
 * The machine address of the L1 entry that maps a virtual address, and the entry. The builder has
 * mapped its page tables, read-only, where their page numbers say. 0: nothing maps it.
 */
static uint64_t find_pte(uint64_t addr, uint64_t *entry)
{
    uint64_t level, at = 0, table = start->tables;

    for (level = 4; level > 0; level--) {
        uint64_t index = addr >> (12 + 9 * (level - 1)) & 511;

        *entry = ((const volatile uint64_t *)(uintptr_t)table)[index];
        if (level == 1)
            return at + index * 8;
        if (!(*entry & PTE_PRESENT))
            break;
        at = *entry & PTE_FRAME;
        table = (uintptr_t)page_of(M2P[at / PAGE]);
    }
    return 0;
}

/* ---- operations ---- */

/* Xen takes machine addresses for CR3: that of the L4 is in whatever maps it. */
static uint64_t machine_of(uint64_t virtual)
{
    uint64_t entry;

    return find_pte(virtual, &entry) ? entry & PTE_FRAME : 0;
}

/* The machine frame that a page is in; 0: none. */
static uint64_t frame_of(const void *page)
{
    return machine_of((uintptr_t)page) / PAGE;
}

uint64_t arch_cpu_on(uint64_t vcpu)
{
    static struct vcpu_context context;
    uint64_t rc;

    context.flags = VGCF_IN_KERNEL; /* not online: VCPUOP_up would not wake it */
    context.regs.rip = (uintptr_t)secondary_entry;
    context.regs.rdi = vcpu;
    context.regs.rsp = (uintptr_t)stacks + (vcpu + 1) * LAB_STACK_SIZE - 16;
    context.regs.cs = FLAT_CS;
    context.regs.ss = context.regs.ds = context.regs.es = FLAT_SS;
    context.kernel_ss = FLAT_SS;
    context.kernel_sp = context.regs.rsp;
    context.ctrlreg[0] = 0x80050033; /* PG, AM, WP, NE, ET, MP, PE */
    context.ctrlreg[3] = machine_of(start->tables);
    rc = arch_hypercall(HYPERVISOR_VCPU_OP, VCPUOP_INITIALISE, vcpu, (uintptr_t)&context, 0);
    return rc ? rc : arch_hypercall(HYPERVISOR_VCPU_OP, VCPUOP_UP, vcpu, 0, 0);
}

static uint64_t shutdown(uint64_t value)
{
    uint32_t reason = (uint32_t)value;

    return arch_hypercall(HYPERVISOR_SCHED_OP, SCHEDOP_SHUTDOWN, (uintptr_t)&reason, 0, 0);
}

/* The same one, `extra` times for who measures. */
static uint64_t hypercalls(const struct lab_mailbox *box)
{
    uint64_t turns = box->extra, rc;

    do
        rc = arch_hypercall(box->value, box->addr, box->stride, box->count, box->size);
    while (turns > 1 && --turns);
    return rc;
}

/* ---- frames that leave and come again, as a balloon driver does it, for as long as dom0 likes ---- */

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

static void map_frame(const void *page, uint64_t mfn)
{
    arch_hypercall(HYPERVISOR_UPDATE_VA, (uintptr_t)page, mfn ? mfn * 4096 | PTE_FLAGS : 0,
                   UVMF_INVLPG_ALL, 0);
}

/* Every word of it, so that a byte of somebody else's is seen. */
static uint64_t wrong(volatile uint64_t *page, uint64_t value)
{
    uint64_t i, bad = 0;

    for (i = 0; i < (PAGE / 8); i += 8)
        page[i] = value + i;
    for (i = 0; i < (PAGE / 8); i += 8)
        bad += page[i] != value + i;
    return bad != 0;
}

/* False: Xen kept the frame, which is mapped again. */
static int renew(uint64_t pfn)
{
    void *page = page_of(pfn);
    uint64_t mfn = frame_of(page), extent = mfn;

    map_frame(page, 0);
    if (exchange(XENMEM_DECREASE, &extent) != 1) {
        map_frame(page, mfn);
        return 0;
    }
    do
        extent = pfn;
    while (exchange(XENMEM_POPULATE, &extent) != 1);
    map_frame(page, extent);
    return 1;
}

static uint64_t balloon(struct lab_mailbox *box)
{
    uint64_t first = box->addr, count = box->count, seq = box->seq, bad = 0, i, n = 0;
    volatile uint64_t *frames = (uint64_t *)page_of(box->stride) + box->extra;

    box->progress = box->fault_pc = 0;
    for (i = 0; i < count; i++)
        frames[i] = frame_of(page_of(first + i));
    for (i = 0; box->seq == seq; i = (i + 1) % count) {
        uint64_t pfn = first + i;

        bad += wrong(page_of(pfn), box->value + n);
        if (renew(pfn))
            box->progress = ++n;
        else
            box->fault_pc++;
        frames[i] = frame_of(page_of(pfn));
        bad += wrong(page_of(pfn), ~n);
    }
    return bad;
}

uint64_t arch_op(struct lab_mailbox *box)
{
    uint64_t entry = 0, result;

    switch (box->op) {
    case LAB_PV_PTE:
        result = find_pte(virtual_of(box->addr), &entry);
        box->progress = entry;
        return result;
    case LAB_PV_VIRTUAL: return virtual_of(box->addr);
    case LAB_PV_HYPERCALL: return hypercalls(box);
    case LAB_PV_SHUTDOWN: return shutdown(box->value);
    case LAB_PV_BALLOON: return balloon(box);
    default: box->status = LAB_STATUS_BAD; return 0;
    }
}
