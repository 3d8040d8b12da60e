/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* AArch64 on QEMU's machine virt: an EL2 whose MPU registers trap, and are emulated by shim.c. */
#ifndef BARE_ARCH_H
#define BARE_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARCH_RAM_FIRST UINT64_C(0x40200000)
#define ARCH_RAM_LAST UINT64_C(0x407fffff)
#define ARCH_UART UINT64_C(0x09000000)
#define ARCH_SH 3u
#define ARCH_ATTR_RAM 0u /* of MAIR_EL2 */
#define ARCH_ATTR_DEVICE 1u
#define ARCH_RETURN 0xd65f03c0u
#define ARCH_WINDOW 4096u                  /* the shim knows pages */
#define ARCH_PAGES_ONLY true               /* and there is one core */
#define ARCH_UNMAPPED UINT64_C(0x40810000) /* in no view */

extern char bare_text[], bare_text_end[], bare_data[], bare_data_end[];

/* As start.S stores them. Guests run at EL1h. */
struct bare_regs {
    uintptr_t pc, flags, sp, kind;
    uintptr_t x[31], pad;
};

struct bare_cpu;
struct bare_trap;
struct xm_mpu_ops;

/* Of a guest, while one instruction of it is let run. */
#define ARCH_WATCHES 2u
#define ARCH_DEBUG_REGS 16u
struct arch_debug {
    uint64_t mdscr, lock, double_lock, ss, pc;
    unsigned watches; /* that are the step's; with them: */
    uint64_t wvr[ARCH_WATCHES], wcr[ARCH_DEBUG_REGS], bcr[ARCH_DEBUG_REGS];
};

extern const struct xm_mpu_ops arch_mpu_ops;
void arch_putc(char c);
unsigned arch_regions(void);
void arch_mpu_on(void);
void arch_regs_start(struct bare_regs *regs, uintptr_t pc, uintptr_t sp);
void arch_guest_in(uintptr_t vbar, bool pending);
void arch_virq(bool pending);
void arch_call_core(unsigned core);
void arch_irq_done(void);
/*
 * One instruction is let run, and no second: software step. Loads from these pages are watched.
 * False: this processor cannot.
 */
bool arch_step_on(struct arch_debug *dbg, struct bare_regs *regs, const uintptr_t *page,
                  unsigned n);
/* The guest's own debug state, as it is behind the instruction, or before it. Answers whether it is over. */
bool arch_step_off(struct arch_debug *dbg, struct bare_regs *regs, bool done);
#define ARCH_STEP_WAYS 1u
#define arch_step_way(way) ((void)(way), "software step")
static inline void arch_step_take(unsigned way)
{
    (void)way;
}
/* To EL1, where it would have gone. */
void arch_debug_hand_on(struct bare_regs *regs, const struct bare_trap *t);
/* ---- what a guest has there, for tests ---- */

/* Different values in its debug registers, nothing of them on; a sum of what is there. */
void arch_debug_fill(void);
uint64_t arch_debug_sum(void);
/* As if it stepped itself; what it is told then. False: not on this architecture. */
bool arch_debug_own_step(struct bare_regs *regs, bool on);
bool arch_debug_told_step(uintptr_t syndrome);
/* As if it watched stores there. MASKED: it has its own debug exceptions off. */
enum arch_own { ARCH_OWN_NONE, ARCH_OWN_MASKED, ARCH_OWN_ON };
void arch_debug_own_watch(struct bare_regs *regs, uintptr_t addr, enum arch_own own);
bool arch_debug_told_watch(uintptr_t syndrome);
/* Does what an exception at EL1 saved have anything of a step in it? */
bool arch_debug_in_saved(void);

/* enum xm_mpu_set of the instruction that is next. */
#define arch_set(regs) ((void)(regs), XM_MPU_A64)

static inline struct bare_cpu *arch_cpu(void)
{
    struct bare_cpu *cpu;

    __asm__ volatile("mrs %0, tpidr_el2" : "=r"(cpu));
    return cpu;
}

static inline uintptr_t *arch_reg(struct bare_regs *regs, unsigned n)
{
    return &regs->x[n < 31 ? n : 30];
}

static inline uintptr_t *arch_link(struct bare_regs *regs)
{
    return &regs->x[30];
}

static inline void arch_code_written(uintptr_t addr, size_t bytes)
{
    (void)addr;
    (void)bytes;
    __asm__ volatile("dsb sy\n ic iallu\n dsb sy\n isb" : : : "memory");
}

/* Time. */
static inline uint32_t arch_counter(void)
{
    uint64_t v;

    __asm__ volatile("isb\n mrs %0, cntpct_el0" : "=r"(v) : : "memory");
    return (uint32_t)v;
}

static inline void arch_load(uintptr_t addr)
{
    uint32_t v;

    __asm__ volatile("ldr %w0, [%1]" : "=r"(v) : "r"(addr) : "memory");
}

static inline void arch_store(uintptr_t addr, uint32_t v)
{
    __asm__ volatile("str %w0, [%1]" : : "r"(v), "r"(addr) : "memory");
}

static inline void arch_store_two(uintptr_t addr, uintptr_t v)
{
    __asm__ volatile("stp %w0, %w0, [%1]" : : "r"(v), "r"(addr) : "memory");
}

static inline void arch_trap(void)
{
    __asm__ volatile(".inst 0" : : : "x30", "memory"); /* udf */
}

static inline void arch_branch(uintptr_t addr)
{
    __asm__ volatile("blr %0" : : "r"(addr) : "x30", "memory");
}

static inline uintptr_t arch_hypercall(uintptr_t number, uintptr_t arg)
{
    register uintptr_t x0 __asm__("x0") = number;
    register uintptr_t x1 __asm__("x1") = arg;

    __asm__ volatile("hvc #2" : "+r"(x0) : "r"(x1) : "memory");
    return x0;
}

static inline void arch_done(uintptr_t answer) __attribute__((noreturn));
static inline void arch_done(uintptr_t answer)
{
    register uintptr_t x0 __asm__("x0") = answer;

    for (;;)
        __asm__ volatile("hvc #1" : : "r"(x0) : "memory");
}

static inline void arch_guest_interrupts(bool on)
{
    if (on)
        __asm__ volatile("msr daifclr, #2" : : : "memory");
    else
        __asm__ volatile("msr daifset, #2" : : : "memory");
}

#endif
