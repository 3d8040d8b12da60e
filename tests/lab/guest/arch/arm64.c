/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sleeping, the MMU, and what accesses and operations are on arm64. */
#include "../guest.h"
#include "arm64.h"

/* Arm PSCI, DEN 0022: CPU_ON in its 64-bit form. */
#define PSCI_CPU_ON 0xc4000003u

/* GICv3, IHI 0069; the places are Xen's for guests (public/arch-arm.h). */
#define GICD_CTLR 0x03001000u
#define GICR_BASE 0x03020000u
#define GICR_STRIDE 0x20000u
#define GICR_WAKER 0x14u
#define GICR_SGI 0x10000u
#define GICR_IGROUPR0 (GICR_SGI + 0x80u)
#define GICR_ISENABLER0 (GICR_SGI + 0x100u)
#define GICR_IPRIORITYR6 (GICR_SGI + 0x418u)

extern char secondary_entry[];

struct lab_mailbox *arch_mailbox(uint64_t vcpu)
{
    return (struct lab_mailbox *)(uintptr_t)LAB_ARM64_MAILBOX_BASE + vcpu;
}

void arch_barrier(void)
{
    __asm__ volatile("dsb sy" ::: "memory");
}

/* One to one, with the MMU off and on. */
bool arch_virtual(uint64_t *addr)
{
    (void)addr;
    return true;
}

void arch_fault(struct lab_mailbox *box, uint64_t vcpu, uint64_t detail)
{
    (void)vcpu;
    box->fault_addr = detail;
}

static void mmio_write(uint64_t addr, uint32_t value)
{
    *(volatile uint32_t *)(uintptr_t)addr = value;
}

uint64_t arch_hypercall(uint64_t number, uint64_t arg0, uint64_t arg1, uint64_t arg2, uint64_t arg3)
{
    register uint64_t x16 __asm__("x16") = number;
    register uint64_t x0 __asm__("x0") = arg0;
    register uint64_t x1 __asm__("x1") = arg1;
    register uint64_t x2 __asm__("x2") = arg2;
    register uint64_t x3 __asm__("x3") = arg3;

    __asm__ volatile("hvc #0xea1"
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x16)
                     :
                     : "x4", "memory");
    return x0;
}

uint64_t arch_cpu_on(uint64_t vcpu)
{
    register uint64_t x0 __asm__("x0") = PSCI_CPU_ON;
    register uint64_t x1 __asm__("x1") = (vcpu & 0xf) | (vcpu >> 4) << 8;
    register uint64_t x2 __asm__("x2") = (uintptr_t)secondary_entry;
    register uint64_t x3 __asm__("x3") = vcpu;

    __asm__ volatile("hvc #0"
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
                     :
                     : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
                       "x16", "x17", "memory");
    return x0;
}

uint64_t arch_priv_call(void)
{
    register uint64_t x0 __asm__("x0") = 0x12345678; /* no function of the calling convention */

    __asm__ volatile("smc #0" : "+r"(x0) : : "x1", "x2", "x3", "memory");
    return x0;
}

/* The timer interrupt is what ends arch_idle()'s wait; it is never taken, only acknowledged. */
void arch_init(uint64_t vcpu, const void *start)
{
    uint64_t gicr = GICR_BASE + vcpu * GICR_STRIDE;

    (void)start;
    mmio_write(GICD_CTLR, 0x12);
    mmio_write(gicr + GICR_WAKER, 0);
    mmio_write(gicr + GICR_IGROUPR0, ~0u);
    mmio_write(gicr + GICR_IPRIORITYR6, 0);
    mmio_write(gicr + GICR_ISENABLER0, 1u << TIMER_PPI);
    __asm__ volatile("msr s3_0_c4_c6_0, %0\n"   /* ICC_PMR_EL1 */
                     "msr s3_0_c12_c12_7, %1\n" /* ICC_IGRPEN1_EL1 */
                     "isb"
                     :
                     : "r"(0xffull), "r"(1ull));
}

/* Sleep half a millisecond, so that the one emulated processor is left to dom0. */
void arch_idle(uint64_t vcpu, uint64_t in_a_row)
{
    uint64_t hz, irq;

    (void)vcpu;
    (void)in_a_row;
    __asm__ volatile("mrs %0, cntfrq_el0" : "=r"(hz));
    __asm__ volatile("msr cntv_tval_el0, %0\n"
                     "msr cntv_ctl_el0, %1\n"
                     "isb\n"
                     "wfi\n"
                     "msr cntv_ctl_el0, %2\n"
                     "isb"
                     :
                     : "r"(hz / 2000), "r"(1ull), "r"(0ull));
    __asm__ volatile("mrs %0, s3_0_c12_c12_0" : "=r"(irq)); /* ICC_IAR1_EL1 */
    if ((irq & 0xffffff) < 1020)
        __asm__ volatile("msr s3_0_c12_c12_1, %0\nisb" : : "r"(irq)); /* ICC_EOIR1_EL1 */
}

void arch_add(uint64_t addr, uint64_t size, uint64_t value)
{
    guest_store(addr, size, guest_load(addr, size) + value);
}

void arch_call(uint64_t addr, uint64_t first, uint64_t second)
{
    /* Pages are filled from dom0, so nothing else has told this vCPU's instruction cache. */
    __asm__ volatile("ic iallu\ndsb sy\nisb" ::: "memory");
    ((void (*)(uint64_t, uint64_t))(uintptr_t)addr)(first, second);
}

/* With the MMU off an access must be aligned: a pair of registers is, and lies on both sides. */
static uint64_t last_pair(uint64_t addr)
{
    return (addr | 0xfff) - 7;
}

void arch_store_crossing(uint64_t addr, uint64_t value)
{
    __asm__ volatile("stp %1, %2, [%0]"
                     :
                     : "r"(last_pair(addr)), "r"(value << 32), "r"(value >> 32)
                     : "memory");
}

uint64_t arch_load_crossing(uint64_t addr)
{
    uint64_t low, high;

    __asm__ volatile("ldp %0, %1, [%2]"
                     : "=&r"(low), "=&r"(high)
                     : "r"(last_pair(addr))
                     : "memory");
    return low >> 32 | high << 32;
}

/* ---- the MMU: blocks of 1 GiB of a 32-bit space, devices below, memory twice above ---- */

#define GIB 0x40000000ull

/* Block descriptors, DDI 0487 D8.3: valid, access flag, inner shareable, index into MAIR. */
#define BLOCK 1ull
#define USED (1ull << 10)
#define SHARED (3ull << 8)
#define DEVICE (0ull << 2)
#define MEMORY (1ull << 2)
#define NO_FETCH (3ull << 53)

#define MAIR 0xff00ull /* 0: Device-nGnRnE, 1: normal, write-back */
/* T0SZ 32, walks write-back and inner shareable, 4 KiB, nothing by TTBR1, 40 bits of physical address. */
#define TCR (32ull | 1ull << 8 | 1ull << 10 | 3ull << 12 | 1ull << 23 | 2ull << 32)
#define SCTLR_ON (1ull | 1ull << 2 | 1ull << 12) /* M, C, I */

static const uint64_t table[512] __attribute__((aligned(4096))) = {
    BLOCK | USED | DEVICE | NO_FETCH, GIB | BLOCK | USED | SHARED | MEMORY,
    GIB | BLOCK | USED | SHARED | MEMORY | NO_FETCH, /* LAB_ARM64_ALIAS above it */
};

static void translate(uint64_t on)
{
    uint64_t sctlr;

    __asm__ volatile("mrs %0, sctlr_el1" : "=r"(sctlr));
    sctlr = on ? sctlr | SCTLR_ON : sctlr & ~SCTLR_ON;
    __asm__ volatile("msr mair_el1, %0\n"
                     "msr tcr_el1, %1\n"
                     "msr ttbr0_el1, %2\n"
                     "dsb sy\n"
                     "isb\n"
                     "tlbi vmalle1\n"
                     "ic iallu\n"
                     "dsb sy\n"
                     "isb\n"
                     "msr sctlr_el1, %3\n"
                     "isb"
                     :
                     : "r"(MAIR), "r"(TCR), "r"((uintptr_t)table), "r"(sctlr)
                     : "memory");
}

uint64_t arch_op(struct lab_mailbox *box)
{
    uint64_t isar0, size = box->size ? box->size : 8;

    __asm__ volatile("mrs %0, id_aa64isar0_el1" : "=r"(isar0));
    switch (box->op) {
    case LAB_ARM64_FEATURES: return isar0;
    case LAB_ARM64_TRANSLATE: translate(box->value); return 0;
    case LAB_ARM64_CONTEXT: return context_rounds(box);
    case LAB_ARM64_TIMER: return timer_rounds(box);
    case LAB_ARM64_ATOMIC:
    case LAB_ARM64_SWAP:
        if (!LAB_ARM64_ATOMICS(isar0))
            break;
        return guest_accesses(box, size);
    default:
        if (box->op < LAB_ARM64_FIRST || box->op >= LAB_ARM64_COUNTED)
            break;
        return guest_accesses(box, size);
    }
    box->status = LAB_STATUS_BAD;
    return 0;
}
