/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cortex-R52 (AArch32, PMSAv8-32) on QEMU's board mps3-an536. */
#ifndef BARE_ARCH_H
#define BARE_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARCH_RAM_FIRST 0x20100000u /* behind the image */
#define ARCH_RAM_LAST 0x3fffffffu
#define ARCH_UART 0xe7c00000u
#define ARCH_SH 3u
#define ARCH_ATTR_RAM 0u /* of HMAIR0 */
#define ARCH_ATTR_DEVICE 1u
#define ARCH_RETURN 0xe12fff1eu /* bx lr */
#define ARCH_WINDOW 64u         /* the MPU's granule */
#define ARCH_PAGES_ONLY false
#define ARCH_UNMAPPED 0x40010000u /* in no view */

extern char bare_text[], bare_text_end[], bare_data[], bare_data_end[];

/* As start.S stores them. Guests run in System mode, whose SP and LR are those of User mode. */
struct bare_regs {
    uintptr_t pc, flags, sp, kind;
    uintptr_t r[13], lr;
};

struct bare_cpu;
struct bare_trap;
struct xm_mpu_ops;

/* Of a guest, while one instruction of it is let run. */
#define ARCH_WATCHES 2u
#define ARCH_DEBUG_REGS 8u /* breakpoints, and watchpoints, that are looked at */
struct arch_debug {
    uintptr_t pc;
    uint32_t dscr, double_lock;
    bool locked;
    unsigned breaks, watches; /* that are the step's */
    uint32_t bvr[ARCH_DEBUG_REGS], bcr[ARCH_DEBUG_REGS];
    uint32_t wvr[ARCH_DEBUG_REGS], wcr[ARCH_DEBUG_REGS];
};
extern const struct xm_mpu_ops arch_mpu_ops;
void arch_putc(char c);
unsigned arch_regions(void);
void arch_mpu_on(void);
void arch_regs_start(struct bare_regs *regs, uintptr_t pc, uintptr_t sp);
/* Before a guest is entered: its vectors, and whether an interrupt is pending. */
void arch_guest_in(uintptr_t vbar, bool pending);
void arch_virq(bool pending);
/* An interrupt for another core, and its end there. */
void arch_call_core(unsigned core);
void arch_irq_done(void);
/*
 * One instruction is let run, and no second, in the way that was taken. Loads from these pages are watched. False: it cannot be.
 */
bool arch_step_on(struct arch_debug *dbg, struct bare_regs *regs, const uintptr_t *page,
                  unsigned n);
/* The guest's own debug state. Answers whether the instruction is over. */
bool arch_step_off(struct arch_debug *dbg, struct bare_regs *regs, bool done);
/* The first one that a trial shows to stop: what silicon has, then what an emulator may have at least. */
#define ARCH_STEP_WAYS 2u
#define arch_step_way(way) \
    ((way) == 0 ? "a mismatch breakpoint" : "breakpoints wherever it can lead")
void arch_step_take(unsigned way);
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
static inline bool arch_debug_in_saved(void)
{
    return false;
}

/* enum xm_mpu_set of the instruction that is next. */
#define arch_set(regs) \
    ((((const struct bare_regs *)(regs))->flags >> 5 & 1u) != 0 ? XM_MPU_T32 : XM_MPU_A32)

static inline struct bare_cpu *arch_cpu(void)
{
    struct bare_cpu *cpu;

    __asm__ volatile("mrc p15, 4, %0, c13, c0, 2" : "=r"(cpu)); /* HTPIDR */
    return cpu;
}

static inline uintptr_t *arch_reg(struct bare_regs *regs, unsigned n)
{
    if (n < 13)
        return &regs->r[n];
    return n == 13 ? &regs->sp : &regs->lr;
}

/* Of EL2's code: Hyp mode has User mode's LR. */
static inline uintptr_t *arch_link(struct bare_regs *regs)
{
    return &regs->lr;
}

static inline void arch_code_written(uintptr_t addr, size_t bytes)
{
    (void)addr;
    (void)bytes;
    __asm__ volatile("dsb sy\n mcr p15, 0, %0, c7, c5, 0\n dsb sy\n isb" : : "r"(0) : "memory");
}

/* Time: CNTPCT. */
static inline uint32_t arch_counter(void)
{
    uint32_t low, high;

    __asm__ volatile("isb\n mrrc p15, 0, %0, %1, c14" : "=r"(low), "=r"(high) : : "memory");
    return low;
}

/* ---- one instruction each ---- */

static inline void arch_load(uintptr_t addr)
{
    uint32_t v;

    __asm__ volatile("ldr %0, [%1]" : "=r"(v) : "r"(addr) : "memory");
}

static inline void arch_store(uintptr_t addr, uint32_t v)
{
    __asm__ volatile("str %0, [%1]" : : "r"(v), "r"(addr) : "memory");
}

static inline void arch_store_two(uintptr_t addr, uintptr_t v)
{
    register uintptr_t r2 __asm__("r2") = v;
    register uintptr_t r3 __asm__("r3") = v;

    __asm__ volatile("stm %0, {r2, r3}" : : "r"(addr), "r"(r2), "r"(r3) : "memory");
}

static inline void arch_trap(void)
{
    __asm__ volatile("udf #0" : : : "lr", "memory");
}

static inline void arch_branch(uintptr_t addr)
{
    __asm__ volatile("blx %0" : : "r"(addr) : "lr", "memory");
}

/* ---- at EL1 ---- */

static inline uintptr_t arch_hypercall(uintptr_t number, uintptr_t arg)
{
    register uintptr_t r0 __asm__("r0") = number;
    register uintptr_t r1 __asm__("r1") = arg;

    __asm__ volatile("hvc #2" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static inline void arch_done(uintptr_t answer) __attribute__((noreturn));
static inline void arch_done(uintptr_t answer)
{
    register uintptr_t r0 __asm__("r0") = answer;

    for (;;)
        __asm__ volatile("hvc #1" : : "r"(r0) : "memory");
}

static inline void arch_guest_interrupts(bool on)
{
    if (on)
        __asm__ volatile("cpsie i" : : : "memory");
    else
        __asm__ volatile("cpsid i" : : : "memory");
}

#endif
