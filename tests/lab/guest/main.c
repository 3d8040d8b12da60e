/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The laboratories' small guest: carries out the memory accesses that dom0 commands. */
#include "guest.h"

void guest_store(uint64_t addr, uint64_t size, uint64_t value)
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

uint64_t guest_load(uint64_t addr, uint64_t size)
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

static uint64_t bad(struct lab_mailbox *box)
{
    box->status = LAB_STATUS_BAD;
    return 0;
}

static uint64_t stream(struct lab_mailbox *box, uint64_t size)
{
    uint64_t addr = box->addr, value = box->value, seq = box->seq, n = 0;

    if (!arch_virtual(&addr))
        return bad(box);
    box->progress = 0;
    while (box->seq == seq) {
        guest_store(addr, size, value + n);
        box->progress = ++n;
    }
    return 0;
}

static void work(uint64_t turns)
{
    for (; turns; turns--)
        __asm__ volatile("");
}

static void call(const struct lab_mailbox *box, uint64_t addr, uint64_t value)
{
    uint64_t second = box->extra;

    arch_virtual(&second);
    arch_call(addr, value, second);
}

/* One access of a counted operation, the i-th; returns what it adds to the result. */
static uint64_t access(const struct lab_mailbox *box, uint64_t addr, uint64_t size, uint64_t value,
                       uint64_t i, uint64_t *guess)
{
    switch (box->op) {
    case LAB_OP_READ: return guest_load(addr, size);
    case LAB_OP_RMW: arch_add(addr, size, value); return 0;
    case LAB_OP_EXEC: call(box, addr, value); return 0;
    case LAB_OP_WRITE_CROSSING: arch_store_crossing(addr, value + i); return 0;
    case LAB_OP_READ_CROSSING: return arch_load_crossing(addr);
    case LAB_OP_WRITE:
    case LAB_OP_ALTERNATE: guest_store(addr, size, value + i); return 0;
    default: return arch_access(box->op, addr, size, value, guess);
    }
}

uint64_t guest_accesses(struct lab_mailbox *box, uint64_t size)
{
    uint64_t op = box->op, addr = box->addr, stride = box->stride, value = box->value;
    uint64_t i, count = box->count, sum = 0, guess = 0, turns = op == LAB_OP_EXEC ? 0 : box->extra;

    for (i = 0; i < count; i++) {
        uint64_t at = addr + (op == LAB_OP_ALTERNATE ? i & 1 : i) * stride;

        if (!arch_virtual(&at)) {
            box->status = LAB_STATUS_BAD;
            break;
        }
        sum += access(box, at, size, value, i, &guess);
        box->progress = i + 1;
        work(turns);
    }
    return sum;
}

static uint64_t xen_version(const struct lab_mailbox *box)
{
    uint64_t buffer = box->addr;

    arch_virtual(&buffer);
    return arch_hypercall(HYPERVISOR_XEN_VERSION, box->value, buffer, 0, 0);
}

static uint64_t carry_out(struct lab_mailbox *box)
{
    uint64_t size = box->size ? box->size : 8;

    box->status = LAB_STATUS_OK;
    switch (box->op) {
    case LAB_OP_NOP: return 0;
    case LAB_OP_WRITE:
    case LAB_OP_READ:
    case LAB_OP_RMW:
    case LAB_OP_EXEC:
    case LAB_OP_ALTERNATE:
    case LAB_OP_STREAM:
    case LAB_OP_WRITE_CROSSING:
    case LAB_OP_READ_CROSSING:
        if (size > 8 || (size & (size - 1)))
            return bad(box);
        return box->op == LAB_OP_STREAM ? stream(box, size) : guest_accesses(box, size);
    case LAB_OP_CPU_ON: return arch_cpu_on(box->value);
    case LAB_OP_GUEST_REQUEST:
        return arch_hypercall(HYPERVISOR_HVM_OP, HVMOP_GUEST_REQUEST, 0, 0, 0);
    case LAB_OP_XEN_VERSION: return xen_version(box);
    case LAB_OP_PRIV_CALL: return arch_priv_call();
    default: return arch_op(box);
    }
}

static void serve(uint64_t vcpu, uint64_t last)
{
    struct lab_mailbox *box = arch_mailbox(vcpu);
    uint64_t idle = 0;

    for (;;) {
        if (box->seq == last) {
            arch_idle(vcpu, idle++);
            continue;
        }
        idle = 0;
        last = box->seq;
        arch_barrier();
        box->result = carry_out(box);
        arch_barrier();
        box->done = last;
    }
}

void guest_main(uint64_t vcpu, const void *start)
{
    arch_init(vcpu, start);
    arch_mailbox(vcpu)->alive = LAB_ALIVE + vcpu;
    serve(vcpu, 0);
}

void guest_fault(uint64_t vcpu, uint64_t kind, uint64_t detail, uint64_t pc)
{
    struct lab_mailbox *box = arch_mailbox(vcpu);
    uint64_t seq = box->seq;

    box->fault_kind = kind;
    box->fault_pc = pc;
    arch_fault(box, vcpu, detail);
    box->status = LAB_STATUS_FAULT;
    arch_barrier();
    box->done = seq;
    serve(vcpu, seq);
}
