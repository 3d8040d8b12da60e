/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The arm64 laboratory guest: carries out the memory accesses that dom0 commands. */
#include "guest.h"

/* Xen public headers: hypercall numbers and sub-operations (public/xen.h, public/hvm/hvm_op.h). */
#define HYPERVISOR_XEN_VERSION 17u
#define HYPERVISOR_HVM_OP      34u
#define HVMOP_GUEST_REQUEST    24u

/* Arm PSCI, DEN 0022: CPU_ON in its 64-bit form. */
#define PSCI_CPU_ON 0xc4000003u

/* GICv3, IHI 0069; the places are Xen's for guests (public/arch-arm.h). */
#define GICD_CTLR        0x03001000u
#define GICR_BASE        0x03020000u
#define GICR_STRIDE      0x20000u
#define GICR_WAKER       0x14u
#define GICR_SGI         0x10000u
#define GICR_IGROUPR0    (GICR_SGI + 0x80u)
#define GICR_ISENABLER0  (GICR_SGI + 0x100u)
#define GICR_IPRIORITYR6 (GICR_SGI + 0x418u)

void guest_main(uint64_t vcpu);
void guest_fault(uint64_t vcpu, uint64_t kind, uint64_t addr, uint64_t pc);
extern char secondary_entry[];

static struct lab_mailbox *mailbox_of(uint64_t vcpu)
{
    return (struct lab_mailbox *)(uintptr_t)LAB_MAILBOX_BASE + vcpu;
}

static void barrier(void)
{
    __asm__ volatile("dsb sy" ::: "memory");
}

static void mmio_write(uint64_t addr, uint32_t value)
{
    *(volatile uint32_t *)(uintptr_t)addr = value;
}

static uint64_t hypercall(uint64_t number, uint64_t arg0, uint64_t arg1)
{
    register uint64_t x16 __asm__("x16") = number;
    register uint64_t x0 __asm__("x0") = arg0;
    register uint64_t x1 __asm__("x1") = arg1;

    __asm__ volatile("hvc #0xea1" : "+r"(x0), "+r"(x1), "+r"(x16) : : "x2", "x3", "x4", "memory");
    return x0;
}

static uint64_t cpu_on(uint64_t vcpu)
{
    register uint64_t x0 __asm__("x0") = PSCI_CPU_ON;
    register uint64_t x1 __asm__("x1") = (vcpu & 0xf) | (vcpu >> 4) << 8;
    register uint64_t x2 __asm__("x2") = (uintptr_t)secondary_entry;
    register uint64_t x3 __asm__("x3") = vcpu;

    __asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : : "x4", "x5", "x6", "x7",
                     "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory");
    return x0;
}

static uint64_t priv_call(void)
{
    register uint64_t x0 __asm__("x0") = 0x12345678; /* no function of the calling convention */

    __asm__ volatile("smc #0" : "+r"(x0) : : "x1", "x2", "x3", "memory");
    return x0;
}

/* The timer interrupt is what ends idle()'s wait; it is never taken, only acknowledged. */
static void timer_init(uint64_t vcpu)
{
    uint64_t gicr = GICR_BASE + vcpu * GICR_STRIDE;

    mmio_write(GICD_CTLR, 0x12);
    mmio_write(gicr + GICR_WAKER, 0);
    mmio_write(gicr + GICR_IGROUPR0, ~0u);
    mmio_write(gicr + GICR_IPRIORITYR6, 0);
    mmio_write(gicr + GICR_ISENABLER0, 1u << TIMER_PPI);
    __asm__ volatile("msr s3_0_c4_c6_0, %0\n" /* ICC_PMR_EL1 */
                     "msr s3_0_c12_c12_7, %1\n" /* ICC_IGRPEN1_EL1 */
                     "isb" : : "r"(0xffull), "r"(1ull));
}

/* Sleep half a millisecond, so that the one emulated processor is left to dom0. */
static void idle(void)
{
    uint64_t hz, irq;

    __asm__ volatile("mrs %0, cntfrq_el0" : "=r"(hz));
    __asm__ volatile("msr cntv_tval_el0, %0\n"
                     "msr cntv_ctl_el0, %1\n"
                     "isb\n"
                     "wfi\n"
                     "msr cntv_ctl_el0, %2\n"
                     "isb" : : "r"(hz / 2000), "r"(1ull), "r"(0ull));
    __asm__ volatile("mrs %0, s3_0_c12_c12_0" : "=r"(irq)); /* ICC_IAR1_EL1 */
    if ((irq & 0xffffff) < 1020)
        __asm__ volatile("msr s3_0_c12_c12_1, %0\nisb" : : "r"(irq)); /* ICC_EOIR1_EL1 */
}

static void store(uint64_t addr, uint64_t size, uint64_t value)
{
    switch (size) {
    case 1:
        *(volatile uint8_t *)(uintptr_t)addr = (uint8_t)value;
        break;
    case 2:
        *(volatile uint16_t *)(uintptr_t)addr = (uint16_t)value;
        break;
    case 4:
        *(volatile uint32_t *)(uintptr_t)addr = (uint32_t)value;
        break;
    default:
        *(volatile uint64_t *)(uintptr_t)addr = value;
    }
}

static uint64_t load(uint64_t addr, uint64_t size)
{
    switch (size) {
    case 1:
        return *(volatile uint8_t *)(uintptr_t)addr;
    case 2:
        return *(volatile uint16_t *)(uintptr_t)addr;
    case 4:
        return *(volatile uint32_t *)(uintptr_t)addr;
    default:
        return *(volatile uint64_t *)(uintptr_t)addr;
    }
}

static void call(uint64_t addr, uint64_t first, uint64_t second)
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

static void store_crossing(uint64_t addr, uint64_t value)
{
    __asm__ volatile("stp %1, %2, [%0]" : : "r"(last_pair(addr)), "r"(value << 32), "r"(value >> 32)
                     : "memory");
}

static uint64_t load_crossing(uint64_t addr)
{
    uint64_t low, high;

    __asm__ volatile("ldp %0, %1, [%2]" : "=&r"(low), "=&r"(high) : "r"(last_pair(addr)) : "memory");
    return low >> 32 | high << 32;
}

static void work(uint64_t turns)
{
    for (; turns; turns--)
        __asm__ volatile("");
}

static void stream(struct lab_mailbox *box, uint64_t addr, uint64_t size, uint64_t value)
{
    uint64_t seq = box->seq, n = 0;

    box->progress = 0;
    while (box->seq == seq) {
        store(addr, size, value + n);
        box->progress = ++n;
    }
}

/* One access of a counted operation; returns what it adds to the result. */
static uint64_t access(const struct lab_mailbox *box, uint64_t addr, uint64_t size, uint64_t value,
                       uint64_t i, uint64_t *guess)
{
    if (box->op >= LAB_ARM64_FIRST)
        return step_access(box->op, addr, size, value, guess);
    switch (box->op) {
    case LAB_OP_READ:
        return load(addr, size);
    case LAB_OP_RMW:
        store(addr, size, load(addr, size) + value);
        return 0;
    case LAB_OP_EXEC:
        call(addr, value, box->extra);
        return 0;
    case LAB_OP_WRITE_CROSSING:
        store_crossing(addr, value + i);
        return 0;
    case LAB_OP_READ_CROSSING:
        return load_crossing(addr);
    default:
        store(addr, size, value + i);
        return 0;
    }
}

static uint64_t accesses(struct lab_mailbox *box, uint64_t op, uint64_t size)
{
    uint64_t addr = box->addr, stride = box->stride, count = box->count, value = box->value;
    uint64_t i, sum = 0, guess = 0, turns = op == LAB_OP_EXEC ? 0 : box->extra;

    for (i = 0; i < count; i++) {
        uint64_t n = op == LAB_OP_ALTERNATE ? i & 1 : i;

        sum += access(box, addr + n * stride, size, value, i, &guess);
        box->progress = i + 1;
        work(turns);
    }
    return sum;
}

/* What only this guest knows. */
static uint64_t carry_out_own(struct lab_mailbox *box, uint64_t size)
{
    uint64_t isar0;

    __asm__ volatile("mrs %0, id_aa64isar0_el1" : "=r"(isar0));
    switch (box->op) {
    case LAB_ARM64_FEATURES:
        return isar0;
    case LAB_ARM64_TRANSLATE:
        translate(box->value);
        return 0;
    case LAB_ARM64_CONTEXT:
        return context_rounds(box);
    case LAB_ARM64_TIMER:
        return timer_rounds(box);
    case LAB_ARM64_ATOMIC:
    case LAB_ARM64_SWAP:
        if (!LAB_ARM64_ATOMICS(isar0))
            break;
        return accesses(box, box->op, size);
    default:
        if (box->op >= LAB_ARM64_COUNTED)
            break;
        return accesses(box, box->op, size);
    }
    box->status = LAB_STATUS_BAD;
    return 0;
}

static uint64_t carry_out(struct lab_mailbox *box)
{
    uint64_t op = box->op, size = box->size ? box->size : 8;

    box->status = LAB_STATUS_OK;
    if (op >= LAB_ARM64_FIRST)
        return carry_out_own(box, size);
    switch (op) {
    case LAB_OP_NOP:
        return 0;
    case LAB_OP_WRITE:
    case LAB_OP_READ:
    case LAB_OP_RMW:
    case LAB_OP_EXEC:
    case LAB_OP_ALTERNATE:
    case LAB_OP_WRITE_CROSSING:
    case LAB_OP_READ_CROSSING:
        return accesses(box, op, size);
    case LAB_OP_STREAM:
        stream(box, box->addr, size, box->value);
        return 0;
    case LAB_OP_CPU_ON:
        return cpu_on(box->value);
    case LAB_OP_GUEST_REQUEST:
        return hypercall(HYPERVISOR_HVM_OP, HVMOP_GUEST_REQUEST, 0);
    case LAB_OP_XEN_VERSION:
        return hypercall(HYPERVISOR_XEN_VERSION, box->value, box->addr);
    case LAB_OP_PRIV_CALL:
        return priv_call();
    default:
        box->status = LAB_STATUS_BAD;
        return 0;
    }
}

static void serve(uint64_t vcpu, uint64_t last)
{
    struct lab_mailbox *box = mailbox_of(vcpu);

    for (;;) {
        if (box->seq == last) {
            idle();
            continue;
        }
        last = box->seq;
        barrier();
        box->result = carry_out(box);
        barrier();
        box->done = last;
    }
}

void guest_main(uint64_t vcpu)
{
    timer_init(vcpu);
    mailbox_of(vcpu)->alive = LAB_ALIVE + vcpu;
    serve(vcpu, 0);
}

void guest_fault(uint64_t vcpu, uint64_t kind, uint64_t addr, uint64_t pc)
{
    struct lab_mailbox *box = mailbox_of(vcpu);
    uint64_t seq = box->seq;

    box->fault_kind = kind;
    box->fault_addr = addr;
    box->fault_pc = pc;
    box->status = LAB_STATUS_FAULT;
    barrier();
    box->done = seq;
    serve(vcpu, seq);
}
