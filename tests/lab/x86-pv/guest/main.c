/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The small PV guest: carries out the memory accesses that dom0 commands. */
#include "arch.h"
#include "layout.h"

static struct lab_mailbox *mailbox_of(uint64_t vcpu)
{
    return (struct lab_mailbox *)(uintptr_t)(LAB_PV_BASE + LAB_PV_MAILBOX_PFN * 4096ull) + vcpu;
}

static void barrier(void)
{
    __asm__ volatile("mfence" ::: "memory");
}

static void store(uint64_t addr, uint64_t size, uint64_t value)
{
    void *at = (void *)(uintptr_t)addr;

    if (size == 1)
        *(volatile uint8_t *)at = (uint8_t)value;
    else if (size == 2)
        *(volatile uint16_t *)at = (uint16_t)value;
    else if (size == 4)
        *(volatile uint32_t *)at = (uint32_t)value;
    else
        *(volatile uint64_t *)at = value;
}

static uint64_t load(uint64_t addr, uint64_t size)
{
    const void *at = (const void *)(uintptr_t)addr;

    if (size == 1)
        return *(const volatile uint8_t *)at;
    if (size == 2)
        return *(const volatile uint16_t *)at;
    if (size == 4)
        return *(const volatile uint32_t *)at;
    return *(const volatile uint64_t *)at;
}

static void stream(struct lab_mailbox *box, uint64_t size)
{
    uint64_t addr = arch_virtual(box->addr), value = box->value, seq = box->seq, n = 0;

    box->progress = 0;
    while (box->seq == seq) {
        store(addr, size, value + n);
        box->progress = ++n;
    }
}

/* Of eight bytes that lie on both sides of the boundary behind addr's page. */
static uint64_t crossing(uint64_t addr)
{
    return (addr | 0xfff) - 3;
}

static void work(uint64_t turns)
{
    for (; turns; turns--)
        __asm__ volatile("");
}

/* One access of a counted operation; returns what it adds to the result. */
static uint64_t access(const struct lab_mailbox *box, uint64_t addr, uint64_t size, uint64_t value)
{
    switch (box->op) {
    case LAB_OP_READ:
        return load(addr, size);
    case LAB_OP_RMW:
        arch_add(addr, size, value);
        return 0;
    case LAB_OP_EXEC:
        ((void (*)(uint64_t, uint64_t))(uintptr_t)addr)(value, arch_virtual(box->extra));
        return 0;
    case LAB_OP_WRITE_CROSSING:
        store(crossing(addr), 8, value);
        return 0;
    case LAB_OP_READ_CROSSING:
        return load(crossing(addr), 8);
    default:
        store(addr, size, value);
        return 0;
    }
}

static uint64_t accesses(struct lab_mailbox *box, uint64_t size)
{
    uint64_t op = box->op, addr = box->addr, stride = box->stride, value = box->value;
    uint64_t i, count = box->count, sum = 0, turns = op == LAB_OP_EXEC ? 0 : box->extra;

    for (i = 0; i < count; i++) {
        uint64_t at = arch_virtual(addr + (op == LAB_OP_ALTERNATE ? i & 1 : i) * stride);

        if (!at) {
            box->status = LAB_STATUS_BAD;
            break;
        }
        sum += access(box, at, size, op == LAB_OP_RMW ? value : value + i);
        box->progress = i + 1;
        work(turns);
    }
    return sum;
}

static uint64_t carry_out(struct lab_mailbox *box)
{
    uint64_t size = box->size ? box->size : 8;

    box->status = LAB_STATUS_OK;
    switch (box->op) {
    case LAB_OP_NOP:
        return 0;
    case LAB_OP_WRITE:
    case LAB_OP_READ:
    case LAB_OP_RMW:
    case LAB_OP_EXEC:
    case LAB_OP_ALTERNATE:
    case LAB_OP_STREAM:
    case LAB_OP_WRITE_CROSSING:
    case LAB_OP_READ_CROSSING:
        if (size > 8 || (size & (size - 1)))
            break;
        if (box->op != LAB_OP_STREAM)
            return accesses(box, size);
        if (!arch_virtual(box->addr))
            break;
        stream(box, size);
        return 0;
    default:
        return arch_op(box);
    }
    box->status = LAB_STATUS_BAD;
    return 0;
}

static void serve(uint64_t vcpu, uint64_t last)
{
    struct lab_mailbox *box = mailbox_of(vcpu);
    uint64_t idle = 0;

    for (;;) {
        if (box->seq == last) {
            arch_idle(vcpu, idle++);
            continue;
        }
        idle = 0;
        last = box->seq;
        barrier();
        box->result = carry_out(box);
        barrier();
        box->done = last;
    }
}

void guest_main(uint64_t vcpu, const void *start_info)
{
    arch_init(vcpu, start_info);
    mailbox_of(vcpu)->alive = LAB_ALIVE + vcpu;
    serve(vcpu, 0);
}

/* fault_addr is CR2 for a page fault, whose error code goes into `result`. */
void guest_fault(uint64_t vcpu, uint64_t kind, uint64_t error, uint64_t pc)
{
    struct lab_mailbox *box = mailbox_of(vcpu);
    uint64_t seq = box->seq;

    box->fault_kind = kind;
    box->fault_addr = kind == 14 ? arch_fault_address(vcpu) : error;
    box->fault_pc = pc;
    box->result = error;
    box->status = LAB_STATUS_FAULT;
    barrier();
    box->done = seq;
    serve(vcpu, seq);
}
