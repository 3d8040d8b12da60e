/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Exceptions, sleeping, and the operations of a PVH guest. */
#include "../guest.h"
#include "x86-pvh.h"

#define VCPU_MODE_64B 1u /* public/hvm/hvm_vcpu.h */

/* AMD's processors have another instruction (machines/x86-npt). */
#ifndef LAB_HYPERCALL
#define LAB_HYPERCALL "vmcall"
#endif

/* Intel SDM vol. 3: x2APIC registers, and the exception that EPT violations can become. */
#define MSR_APIC_BASE 0x1bu
#define MSR_MTRR_TYPE 0x2ffu
#define MSR_X2APIC_SVR 0x80fu
#define MSR_X2APIC_LVT 0x832u
#define MSR_X2APIC_INIT 0x838u
#define MSR_X2APIC_DIV 0x83eu
#define TIMER_VECTOR 0x40u
#define IDT_ENTRIES (TIMER_VECTOR + 1u)

/* Xen's emulated APIC has a bus cycle of 10 ns (vlapic.h), divided by 16 below: 160 ns a tick. */
#define TIMER_SHORTEST 1600u /* about 0.25 ms */
#define YIELDS_FIRST 64u
#define LONGEST_SHIFT 5u /* about 8 ms */

struct gate {
    uint16_t low;
    uint16_t selector;
    uint16_t type;
    uint16_t middle;
    uint32_t high;
    uint32_t zero;
};

struct idt_pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

/* struct vcpu_hvm_context of public/hvm/hvm_vcpu.h in its 64-bit form. */
struct vcpu_context {
    uint32_t mode;
    uint32_t pad;
    uint64_t rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, rip, rflags;
    uint64_t cr0, cr3, cr4, efer;
    uint64_t rest[8]; /* the union's other form is longer */
};

extern char exception_entries[], timer_entry[], secondary_entry[];
extern void wait_interrupt(void); /* x86-pvh.S */
void guest_ve(uint64_t vcpu);     /* called from there */

static struct gate idt[IDT_ENTRIES];

uint64_t arch_hypercall(uint64_t number, uint64_t arg0, uint64_t arg1, uint64_t arg2, uint64_t arg3)
{
    register uint64_t fourth __asm__("r10") = arg3;

    __asm__ volatile(LAB_HYPERCALL
                     : "+a"(number), "+D"(arg0), "+S"(arg1), "+d"(arg2), "+r"(fourth)
                     :
                     : "rcx", "r8", "r9", "r11", "memory");
    return number;
}

static uint64_t rdmsr(uint32_t msr)
{
    uint32_t low, high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (uint64_t)high << 32 | low;
}

static void wrmsr(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr"
                     :
                     : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
}

static void set_gate(unsigned int vector, uint64_t entry)
{
    idt[vector] = (struct gate){
        .low = (uint16_t)entry,
        .selector = 8,
        .type = 0x8e00, /* present, 64-bit interrupt gate */
        .middle = (uint16_t)(entry >> 16),
        .high = (uint32_t)(entry >> 32),
    };
}

struct lab_mailbox *arch_mailbox(uint64_t vcpu)
{
    return (struct lab_mailbox *)(uintptr_t)LAB_X86_MAILBOX_BASE + vcpu;
}

/* One to one. */
bool arch_virtual(uint64_t *addr)
{
    (void)addr;
    return true;
}

/* The page fault's address, or the error code. */
void arch_fault(struct lab_mailbox *box, uint64_t vcpu, uint64_t detail)
{
    (void)vcpu;
    box->fault_addr = detail;
}

void arch_init(uint64_t vcpu, const void *start)
{
    struct idt_pointer pointer = {sizeof(idt) - 1, (uintptr_t)idt};
    unsigned int i;

    (void)start;
    for (i = 0; i < 32 && vcpu == 0; i++)
        set_gate(i, (uintptr_t)exception_entries + 16u * i);
    if (vcpu == 0)
        set_gate(TIMER_VECTOR, (uintptr_t)timer_entry);
    __asm__ volatile("lidt %0" : : "m"(pointer));
    wrmsr(MSR_MTRR_TYPE, 0x806); /* all memory is write-back */
    wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | 0xc00);
    wrmsr(MSR_X2APIC_SVR, 0x1ff);
    wrmsr(MSR_X2APIC_DIV, 3); /* by 16 */
    wrmsr(MSR_X2APIC_LVT, TIMER_VECTOR);
}

void arch_idle(uint64_t vcpu, uint64_t in_a_row)
{
    uint64_t shift;

    (void)vcpu;
    if (in_a_row < YIELDS_FIRST) {
        arch_hypercall(HYPERVISOR_SCHED_OP, SCHEDOP_YIELD, 0, 0, 0);
        return;
    }
    shift = in_a_row - YIELDS_FIRST;
    wrmsr(MSR_X2APIC_INIT, TIMER_SHORTEST << (shift < LONGEST_SHIFT ? shift : LONGEST_SHIFT));
    wait_interrupt();
    wrmsr(MSR_X2APIC_INIT, 0);
}

static void vmfunc(uint32_t view)
{
    __asm__ volatile(".byte 0x0f, 0x01, 0xd4" : : "a"(0), "c"(view) : "memory"); /* vmfunc */
}

/* SDM vol. 3, 26.5.7.2: reason, busy word, qualification, linear, physical address, EPTP index. */
void guest_ve(uint64_t vcpu)
{
    volatile uint64_t *info = (volatile uint64_t *)(uintptr_t)LAB_X86_VE_INFO_BASE;
    struct lab_ve_log *log = (struct lab_ve_log *)(uintptr_t)LAB_X86_VE_LOG_BASE + vcpu;

    log->reason = (uint32_t)info[0];
    log->gla = info[2];
    log->gpa = info[3];
    log->view = (uint16_t)info[4];
    log->count++;
    vmfunc(0);
    info[0] = (uint32_t)info[0]; /* the busy word: the next one may come */
}

uint64_t arch_cpu_on(uint64_t vcpu)
{
    static struct vcpu_context context;
    uint64_t rc;

    context = (struct vcpu_context){.mode = VCPU_MODE_64B, .rflags = 2, .efer = 0x500};
    context.rip = (uintptr_t)secondary_entry;
    context.rdi = vcpu;
    /* A place for its first pushes: the top of the starter's mailbox page is nobody's. */
    context.rsp = LAB_X86_MAILBOX_BASE + 2 * 4096;
    __asm__ volatile("mov %%cr0, %0" : "=r"(context.cr0));
    __asm__ volatile("mov %%cr3, %0" : "=r"(context.cr3));
    __asm__ volatile("mov %%cr4, %0" : "=r"(context.cr4));
    rc = arch_hypercall(HYPERVISOR_VCPU_OP, VCPUOP_INITIALISE, vcpu, (uintptr_t)&context, 0);
    return rc ? rc : arch_hypercall(HYPERVISOR_VCPU_OP, VCPUOP_UP, vcpu, 0, 0);
}

static uint64_t cpuid(uint64_t leaf, uint64_t subleaf, uint64_t addr)
{
    uint32_t a = (uint32_t)leaf, b, c = (uint32_t)subleaf, d;
    volatile uint32_t *out = (volatile uint32_t *)(uintptr_t)addr;

    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    if (addr) {
        out[0] = a;
        out[1] = b;
        out[2] = c;
        out[3] = d;
    }
    return (uint64_t)b << 32 | a;
}

static uint64_t toggle_cr3(uint64_t bits)
{
    uint64_t value;

    __asm__ volatile("mov %%cr3, %0" : "=r"(value));
    __asm__ volatile("mov %0, %%cr3" : : "r"(value ^ bits) : "memory");
    return value ^ bits;
}

static uint64_t toggle_cr4(uint64_t bits)
{
    uint64_t value;

    __asm__ volatile("mov %%cr4, %0" : "=r"(value));
    __asm__ volatile("mov %0, %%cr4" : : "r"(value ^ bits) : "memory");
    return value ^ bits;
}

static uint64_t load_cr3(uint64_t page)
{
    uint64_t old, i;

    __asm__ volatile("mov %%cr3, %0" : "=r"(old));
    for (i = 0; i < 512; i++)
        ((volatile uint64_t *)(uintptr_t)page)[i] = ((uint64_t *)(uintptr_t)(old & ~0xfffull))[i];
    __asm__ volatile("mov %0, %%cr3" : : "r"(page) : "memory");
    return old;
}

static uint64_t shutdown(uint64_t value)
{
    uint32_t reason = (uint32_t)value;

    return arch_hypercall(HYPERVISOR_SCHED_OP, SCHEDOP_SHUTDOWN, (uintptr_t)&reason, 0, 0);
}

uint64_t arch_op(struct lab_mailbox *box)
{
    switch (box->op) {
    case LAB_X86_CPUID: return cpuid(box->value, box->count, box->addr);
    case LAB_X86_RDMSR: return rdmsr((uint32_t)box->value);
    case LAB_X86_WRMSR: wrmsr((uint32_t)box->addr, box->value); return 0;
    case LAB_X86_TOGGLE_CR3: return toggle_cr3(box->value);
    case LAB_X86_TOGGLE_CR4: return toggle_cr4(box->value);
    case LAB_X86_INT3: return arch_priv_call();
    case LAB_X86_VMFUNC: vmfunc((uint32_t)box->value); return 0;
    case LAB_X86_SHUTDOWN: return shutdown(box->value);
    case LAB_X86_LOAD_CR3: return load_cr3(box->value);
    default: box->status = LAB_STATUS_BAD; return 0;
    }
}
