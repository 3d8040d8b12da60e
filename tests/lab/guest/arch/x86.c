/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The x86 processor's part that PVH and PV guests have in common. */
#include "../guest.h"

void arch_barrier(void)
{
    __asm__ volatile("mfence" ::: "memory");
}

void arch_add(uint64_t addr, uint64_t size, uint64_t value)
{
    if (size == 1)
        __asm__ volatile("addb %b1, (%0)" : : "r"(addr), "q"(value) : "memory", "cc");
    else if (size == 2)
        __asm__ volatile("addw %w1, (%0)" : : "r"(addr), "r"(value) : "memory", "cc");
    else if (size == 4)
        __asm__ volatile("addl %k1, (%0)" : : "r"(addr), "r"(value) : "memory", "cc");
    else
        __asm__ volatile("addq %1, (%0)" : : "r"(addr), "r"(value) : "memory", "cc");
}

void arch_call(uint64_t addr, uint64_t first, uint64_t second)
{
    ((void (*)(uint64_t, uint64_t))(uintptr_t)addr)(first, second);
}

/* Four bytes on each side. */
static uint64_t crossing(uint64_t addr)
{
    return (addr | 0xfff) - 3;
}

void arch_store_crossing(uint64_t addr, uint64_t value)
{
    guest_store(crossing(addr), 8, value);
}

uint64_t arch_load_crossing(uint64_t addr)
{
    return guest_load(crossing(addr), 8);
}

/* No counted operation is x86's own. */
uint64_t arch_access(uint64_t op, uint64_t addr, uint64_t size, uint64_t value, uint64_t *guess)
{
    (void)op;
    (void)addr;
    (void)size;
    (void)value;
    (void)guess;
    return 0;
}

uint64_t arch_priv_call(void)
{
    __asm__ volatile("int3");
    return 0;
}
