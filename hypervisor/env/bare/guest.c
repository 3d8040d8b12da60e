/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a guest does at EL1. It is told one thing at a time, and says when it is done. Position-
 * independent, without data of its own and without calls out of this file.
 */
#include "bare.h"

void guest_main(uintptr_t op, uintptr_t a, uintptr_t b) __attribute__((noreturn));
void guest_upcall(void);

static struct guest_data *data(void)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);

    return (struct guest_data *)((here | (XM_PAGE_SIZE - 1)) + 1 - GUEST_DATA_BYTES);
}

static uint64_t take(uintptr_t addr)
{
    return __atomic_exchange_n((uint64_t *)addr, 0, __ATOMIC_SEQ_CST);
}

/* A virtual interrupt: as a guest of Xen does it, the flag first, then the selector, then bits. */
void guest_upcall(void)
{
    struct guest_data *g = data();

    arch_hypercall(BARE_HC_ACK, 0);
    g->upcalls++;
    if (g->info == 0 || g->shared == 0)
        return;
    *(volatile uint8_t *)(g->info + XM_VCPU_UPCALL_PENDING) = 0;
    if (take(g->info + XM_VCPU_PENDING_SEL) == 0)
        return;
    for (unsigned word = 0; word < BARE_PORT_WORDS; word++)
        g->got |= take(g->shared + XM_SHARED_PENDING + 8 * word);
}

static uintptr_t hypercall(uintptr_t number, uintptr_t arg)
{
    struct guest_data *g = data();
    uintptr_t answer = arch_hypercall(number, arg);

    if (answer == 0 && number == BARE_HC_SHARED_INFO)
        g->shared = arg;
    if (answer == 0 && number == BARE_HC_VCPU_INFO)
        g->info = arg;
    return answer;
}

/* Interrupts on, `turns` looks; answers what came in. */
static uintptr_t listen(uintptr_t turns)
{
    struct guest_data *g = data();

    arch_guest_interrupts(true);
    while (turns-- != 0 && *(volatile uint64_t *)&g->got == 0) {
    }
    arch_guest_interrupts(false);
    return (uintptr_t)take((uintptr_t)&g->got);
}

static uintptr_t stores(uintptr_t addr, uintptr_t n, bool interrupts)
{
    if (interrupts)
        arch_guest_interrupts(true);
    for (uintptr_t i = 1; i <= n; i++)
        *(volatile uint32_t *)addr = (uint32_t)i;
    if (interrupts)
        arch_guest_interrupts(false);
    return n;
}

static void hammer(uintptr_t addr)
{
    uint32_t n = 0;

    for (;;)
        *(volatile uint32_t *)addr = ++n;
}

void guest_main(uintptr_t op, uintptr_t a, uintptr_t b)
{
    uintptr_t answer = 0;

    if (op == BARE_OP_READ)
        answer = *(volatile uint32_t *)a;
    else if (op == BARE_OP_WRITE)
        *(volatile uint32_t *)a = (uint32_t)b;
    else if (op == BARE_OP_EXEC)
        arch_branch(a);
    else if (op == BARE_OP_HYPERCALL)
        answer = hypercall(a, b);
    else if (op == BARE_OP_HAMMER)
        hammer(a);
    else if (op == BARE_OP_LISTEN)
        answer = listen(a);
    else if (op == BARE_OP_STORES || op == BARE_OP_STORES_LISTEN)
        answer = stores(a, b, op == BARE_OP_STORES_LISTEN);
    else if (op == BARE_OP_TWO)
        arch_store_two(a, b);
    else if (op == BARE_OP_TRAP)
        arch_trap();
    arch_done(answer);
}
