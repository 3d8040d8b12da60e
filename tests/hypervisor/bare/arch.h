/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* As much of an architecture as a file of env/bare needs to be tested on the host. */
#ifndef BARE_ARCH_H
#define BARE_ARCH_H

#include <stdbool.h>
#include <stdint.h>

#define ARCH_SH 0u
#define ARCH_ATTR_RAM 0u
#define ARCH_WATCHES 2u
#define ARCH_STEP_WAYS 3u

struct bare_regs {
    uintptr_t pc;
    int set; /* enum xm_mpu_set */
};
struct arch_debug {
    uintptr_t pc;
};
struct bare_cpu;

struct bare_cpu *arch_cpu(void);
void arch_virq(bool pending);
void arch_call_core(unsigned core);
bool arch_step_on(struct arch_debug *dbg, struct bare_regs *regs, const uintptr_t *page,
                  unsigned n);
bool arch_step_off(struct arch_debug *dbg, struct bare_regs *regs, bool done);
void arch_step_take(unsigned way);
#define arch_step_way(way) ((way) == 0 ? "first" : (way) == 1 ? "second" : "third")
#define arch_set(regs) ((enum xm_mpu_set)((const struct bare_regs *)(regs))->set)

#endif
