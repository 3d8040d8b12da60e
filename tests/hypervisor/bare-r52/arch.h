/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* As much of env/bare/r52/arch.h as its debug.c needs on the host. */
#ifndef BARE_ARCH_H
#define BARE_ARCH_H

#include <stdbool.h>
#include <stdint.h>

#define ARCH_SH 3u
#define ARCH_ATTR_RAM 0u
#define ARCH_WATCHES 2u
#define ARCH_DEBUG_REGS 8u

struct bare_regs {
    uintptr_t pc, flags;
};
struct bare_trap;
struct arch_debug {
    uintptr_t pc;
    uint32_t dscr, double_lock;
    bool locked;
    unsigned breaks, watches;
    uint32_t bvr[ARCH_DEBUG_REGS], bcr[ARCH_DEBUG_REGS];
    uint32_t wvr[ARCH_DEBUG_REGS], wcr[ARCH_DEBUG_REGS];
};
enum arch_own { ARCH_OWN_NONE, ARCH_OWN_MASKED, ARCH_OWN_ON };
struct bare_cpu;

struct bare_cpu *arch_cpu(void);
void arch_step_take(unsigned way);
bool arch_step_on(struct arch_debug *dbg, struct bare_regs *regs, const uintptr_t *page,
                  unsigned n);
bool arch_step_off(struct arch_debug *dbg, struct bare_regs *regs, bool done);
void arch_debug_hand_on(struct bare_regs *regs, const struct bare_trap *t);
void arch_debug_fill(void);
uint64_t arch_debug_sum(void);
bool arch_debug_own_step(struct bare_regs *regs, bool on);
bool arch_debug_told_step(uintptr_t syndrome);
void arch_debug_own_watch(struct bare_regs *regs, uintptr_t addr, enum arch_own own);
bool arch_debug_told_watch(uintptr_t syndrome);
#define arch_set(regs) \
    ((((const struct bare_regs *)(regs))->flags >> 5 & 1u) != 0 ? XM_MPU_T32 : XM_MPU_A32)

#endif
